//! What a catchment brings along itself: the support files and the deck whose paths have `{id}` or parameters in them.
//!
//! They belong to the catchment's part of the key. One that is missing is a problem of this catchment alone, and one that changes makes
//! this one stale. They are looked at each time that a catchment is rendered, and read only when they look otherwise than before.

use std::path::{Path, PathBuf};

use super::{Recipe, Rendered};
use crate::data::digest::Digest;
use crate::plan::basin::CatchmentValues;
use crate::plan::deck::{Deck, LeftOut, Listing};
use crate::plan::key::{KeyPart, Sink};
use crate::plan::problem::Problem;
use crate::plan::support::{self, SupportFile};
use crate::plan::watch::Watch;
use crate::project::own_path::{self, OwnPath};
use crate::project::{DeckPlace, DeckSpec, OwnSupport, Support, plain_name, plain_path};

/// What one catchment brings along.
#[derive(Default)]
pub struct Own {
    /// What is linked into its work directory.
    pub(crate) links: Vec<Support>,
    /// The files behind these links, as they were when their digests were taken.
    pub(crate) watch: Watch,
    /// Its deck, if it has one of its own.
    pub(crate) deck: Option<Deck>,
    /// Every file or folder named, by the path that the project means, and where it is.
    pub(crate) named: Vec<(PathBuf, PathBuf)>,
    parts: Vec<(KeyPart, Digest)>,
}

impl Own {
    /// Its parts of the key.
    pub(super) fn walk(&self, sink: &mut dyn Sink) {
        for (part, digest) in &self.parts {
            sink.digest(part.clone(), digest);
        }
    }

    /// The files behind these parts.
    pub fn files(&self) -> impl Iterator<Item = &SupportFile> {
        let deck = self.deck.iter().flat_map(|deck| &deck.files);
        self.watch.files().chain(deck.map(|copied| &copied.file))
    }
}

impl Recipe<'_> {
    /// Whether catchments bring anything along.
    pub(crate) fn has_own_files(&self) -> bool {
        let simulator = &self.project.simulator;
        !simulator.own_support.is_empty() || self.own_deck().is_some()
    }

    /// The deck, if each catchment has one of its own.
    fn own_deck(&self) -> Option<(&DeckSpec, &OwnPath)> {
        let deck = self.project.simulator.deck.as_ref()?;
        match &deck.place {
            DeckPlace::Own(path) => Some((deck, path)),
            DeckPlace::Common(_) => None,
        }
    }

    /// What the catchment of these values brings along; `rendered` has its outputs already.
    pub(super) fn own(
        &self,
        values: &CatchmentValues,
        outputs: &[PathBuf],
        require: &[(PathBuf, String)],
    ) -> Result<Own, Problem> {
        let mut own = Own::default();
        if !self.has_own_files() {
            return Ok(own);
        }
        let simulator = &self.project.simulator;
        if let Some((spec, path)) = self.own_deck() {
            let place = self.place(path, values, &mut own)?;
            let required = require.iter().map(|(file, _)| file);
            let left = outputs.iter().chain(required).map(PathBuf::as_path);
            let left_out = LeftOut::new(simulator, &spec.exclude, left);
            let trouble = |error: anyhow::Error| Problem::OwnFile(format!("{error:#}"));
            let listing = Listing::of(&place, &left_out).map_err(trouble)?;
            listing.walked.iter().for_each(|path| self.files.note(path));
            let deck = Deck::digested(listing, &self.files).map_err(trouble)?;
            let files = deck.files.iter();
            files.for_each(|copied| self.files.note_as(&copied.file.path, &copied.stamp));
            own.parts.extend(deck.parts());
            own.deck = Some(deck);
        }
        for support in &simulator.own_support {
            self.add_support(support, values, &mut own)?;
        }
        self.check_places(&own, outputs)?;
        self.check_programs(&own)?;
        Ok(own)
    }

    /// Where the file or folder is that a catchment has at this path.
    fn place(
        &self,
        path: &OwnPath,
        values: &CatchmentValues,
        own: &mut Own,
    ) -> Result<PathBuf, Problem> {
        let named = path.of(self.project, values).map_err(Problem::OwnFile)?;
        let place = self.project.own_place(named.clone());
        own.named.push((named.clone(), place.clone()));
        match place.try_exists() {
            Ok(true) => Ok(place),
            Ok(false) => {
                let shown = named.strip_prefix(&self.project.root).unwrap_or(&named);
                let field = path.field.split('.').nth(1).unwrap_or_default();
                Err(Problem::OwnFile(format!(
                    "there is no {}, which `{field}` under [simulator] names by {:?}",
                    shown.display(),
                    path.template.source()
                )))
            }
            Err(error) => Err(Problem::OwnFile(format!("{}: {error}", named.display()))),
        }
    }

    fn add_support(
        &self,
        support: &OwnSupport,
        values: &CatchmentValues,
        own: &mut Own,
    ) -> Result<(), Problem> {
        let path = self.place(&support.file, values, own)?;
        let (named, _) = own.named.last().cloned().unwrap_or_default();
        let name = match &support.name {
            Some(name) => {
                let name = own_path::rendered(name, values).map_err(Problem::OwnFile)?;
                plain_name(&plain_path(&name).map_err(Problem::OwnFile)?)
            }
            None => named
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
        };
        let trouble = |error: anyhow::Error| Problem::OwnFile(format!("{error:#}"));
        let mut found = (Vec::new(), Vec::new());
        support::walk(
            &path,
            &name,
            &self.project.simulator.support_exclude,
            &mut found,
        )
        .map_err(trouble)?;
        let (files, folders) = found;
        folders.iter().for_each(|path| self.files.note(path));
        for file in files {
            let (content, stamp) = self.files.get(&file.path).map_err(trouble)?;
            self.files.note_as(&file.path, &stamp);
            let digest = file.digest(&content);
            own.parts.push((file.part(), digest));
            own.watch.add(&file, digest, stamp);
        }
        own.links.push(Support { name, path });
        Ok(())
    }

    /// What is linked has a place of its own: whatever is written there would be written to the user's own file.
    fn check_places(&self, own: &Own, outputs: &[PathBuf]) -> Result<(), Problem> {
        let simulator = &self.project.simulator;
        let inputs = simulator.inputs.iter().map(|input| Path::new(&input.name));
        let written = (inputs.chain(outputs.iter().map(PathBuf::as_path)))
            .chain(simulator.directories.iter().map(PathBuf::as_path))
            .map(plain_name);
        let written: Vec<String> = written.collect();
        for (at, link) in own.links.iter().enumerate() {
            let name = Path::new(&link.name);
            let others = simulator.support.iter().chain(&own.links[..at]);
            let others = others.map(|other| Path::new(&other.name));
            for other in others {
                if other.starts_with(name) || name.starts_with(other) {
                    return Err(Problem::OwnFile(format!(
                        "the support files {} and {} are in one place in the work directory; `{{ file = \"…\", as = \"…\" }}` gives one another name",
                        name.display(),
                        other.display()
                    )));
                }
            }
            if let Some(path) = written
                .iter()
                .find(|path| Path::new(path).starts_with(name))
            {
                return Err(Problem::OwnFile(format!(
                    "{path} is in the place of the support file {:?}, a link to your own; `{{ file = \"…\", as = \"…\" }}` gives it another name",
                    link.name
                )));
            }
        }
        let deck = own.deck.as_ref().unwrap_or(&self.deck);
        let links = simulator.support.iter().chain(&own.links);
        match deck.clash(links.map(|link| link.name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Problem::OwnFile(format!(
                "{name} is in the deck as well as in `support`; take it out of one of them (`deck_exclude = [{name:?}]` leaves it out of the deck)"
            ))),
        }
    }

    /// The programs that nothing common brings along are there.
    fn check_programs(&self, own: &Own) -> Result<(), Problem> {
        for name in &self.own_programs {
            let wanted = plain_name(Path::new(name));
            let fault = match own.files().find(|file| file.name == wanted) {
                Some(file) if file.executable => continue,
                Some(file) => format!(
                    "{} is not executable; `chmod +x` makes it so",
                    file.path.display()
                ),
                None => format!("no support file and no file of the deck is the program {name}"),
            };
            return Err(Problem::OwnFile(fault));
        }
        Ok(())
    }
}

impl Rendered {
    /// The deck of this catchment, empty where there is none.
    pub fn deck<'a>(&'a self, recipe: &'a Recipe<'_>) -> &'a Deck {
        self.own.deck.as_ref().unwrap_or(&recipe.deck)
    }
}
