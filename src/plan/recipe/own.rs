//! What a catchment brings along itself: the support files, the deck and the templates whose paths have `{id}` or parameters in them.
//!
//! They belong to the catchment's part of the key. One that is missing is a problem of this catchment alone, and one that changes makes
//! this one stale. They are looked at each time that a catchment is rendered, and read only when they look otherwise than before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Recipe, Rendered};
use crate::data::digest::Digest;
use crate::language::template::Template;
use crate::plan::basin::{CatchmentValues, OWN_NAMES};
use crate::plan::deck::{Deck, LeftOut, Listing};
use crate::plan::key::{KeyPart, Sink};
use crate::plan::problem::Problem;
use crate::plan::support::{self, SupportFile};
use crate::plan::watch::Watch;
use crate::project::own_path::{self, OwnPath};
use crate::project::{
    Content, DeckPlace, DeckSpec, OwnSupport, OwnTemplate, Support, plain_name, plain_path,
};

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
    templates: Vec<FoundTemplate>,
    /// The names that they use.
    names: BTreeSet<String>,
}

/// A template of a catchment's own.
struct FoundTemplate {
    /// The simulator input that it makes.
    input: usize,
    path: PathBuf,
    template: Template,
}

/// The texts of larger templates are not kept for `why`: there is one for each catchment.
const LARGEST_TEXT: usize = 100_000;

impl Own {
    /// Its template for a simulator input.
    pub(super) fn template(&self, input: usize) -> Option<&Template> {
        let found = self.templates.iter().find(|found| found.input == input);
        found.map(|found| &found.template)
    }

    /// The names that its templates use.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The parameters among them that are not among these.
    pub(super) fn parameters<'a>(
        &'a self,
        others: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = &'a String> {
        let further = self.names.difference(others);
        further.filter(|name| !OWN_NAMES.contains(&name.as_str()))
    }

    /// The texts of its templates, so that a later run can say what changed.
    pub(super) fn template_texts(&self) -> impl Iterator<Item = Vec<u8>> {
        let texts = self.templates.iter().map(|found| found.template.source());
        let texts = texts.filter(|text| text.len() <= LARGEST_TEXT);
        texts.map(|text| text.as_bytes().to_vec())
    }

    /// What its templates make of these values, by simulator input.
    pub(super) fn render_templates(
        &self,
        values: &CatchmentValues,
    ) -> Result<Vec<(usize, Vec<u8>)>, Problem> {
        let render = |found: &FoundTemplate| {
            let mut bytes = Vec::new();
            let rendered = found.template.render(values, &mut bytes);
            rendered.map_err(|error| {
                Problem::Rendering(format!("{}: {error}", found.path.display()))
            })?;
            Ok((found.input, bytes))
        };
        self.templates.iter().map(render).collect()
    }

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
        !simulator.own_support.is_empty() || self.own_deck().is_some() || self.has_own_templates()
    }

    /// Whether catchments have templates of their own.
    pub(crate) fn has_own_templates(&self) -> bool {
        let mut inputs = self.project.simulator.inputs.iter();
        inputs.any(|input| matches!(input.content, Content::OwnTemplate(_)))
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
        for (at, input) in simulator.inputs.iter().enumerate() {
            if let Content::OwnTemplate(template) = &input.content {
                self.add_template(at, template, values, &mut own)?;
            }
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
                let field = match path.field.split('.').nth(1).unwrap_or_default() {
                    "input" => "`template` under [[simulator.input]]".to_owned(),
                    field => format!("`{field}` under [simulator]"),
                };
                Err(Problem::OwnFile(format!(
                    "there is no {}, which {field} names by {:?}",
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

    fn add_template(
        &self,
        input: usize,
        stated: &OwnTemplate,
        values: &CatchmentValues,
        own: &mut Own,
    ) -> Result<(), Problem> {
        let path = self.place(&stated.file, values, own)?;
        // Before it is read: any change from then on shows.
        self.files.note(&path);
        let template = self.project.own_template(stated, &path);
        let template = template.map_err(|error| Problem::OwnFile(error.to_string()))?;
        let fault = |line, column, message: String| {
            Problem::OwnFile(format!("{}:{line}:{column}: {message}", path.display()))
        };
        if let Some(block) = template.rows().next() {
            let (line, column) = block.position();
            let rule = "a block for each time step has its place in a template that all catchments share; `row` under [[simulator.input]] writes a table of its own";
            return Err(fault(line, column, rule.to_owned()));
        }
        let used = self.known.used_by(&template);
        own.names
            .extend(used.map_err(|(line, column, message)| fault(line, column, message))?);
        own.templates.push(FoundTemplate {
            input,
            path,
            template,
        });
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
