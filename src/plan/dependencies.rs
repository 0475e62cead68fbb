//! Every file and folder that a run's outcome depends on, by name.
//!
//! They are found as their readers find them: support folders are walked, programs are looked for on the `PATH`. Their content is
//! not read here; the comparison of stamps and the rule for make both start from this list.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use crate::import::{observations, sources};
use crate::inputs::{CatchmentSource, Linked, tables};
use crate::plan::deck;
use crate::plan::environment;
use crate::plan::reads;
use crate::plan::support;
use crate::project::{Content, Simulator, Study};
use crate::system::stamp::Stamp;

/// What a run depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dependencies {
    /// Files and support folders that are there, each once.
    pub present: Vec<PathBuf>,
    /// Files that would count if they existed: programs earlier on the `PATH`, files that state a table's code page.
    pub absent: Vec<PathBuf>,
    /// All that are present: there may be too many to look each up among the others.
    known: HashSet<PathBuf>,
}

impl Dependencies {
    /// The dependencies of a study: project file, templates, tables, input and what it is imported from, support files, the program.
    pub(crate) fn of(study: &Study) -> Result<Self> {
        let project = study.common();
        let mut own = BTreeSet::new();
        for project in &study.scenarios {
            let inputs = project.simulator.inputs.iter();
            own.extend(inputs.filter_map(|input| match &input.content {
                Content::Template { path, .. } => Some(path),
                Content::OwnTemplate(_) | Content::Series(_) => None,
            }));
            own.extend(project.tables.iter().map(|table| &table.path));
        }
        own.extend(study.samples.iter().map(|(path, _)| path));
        let mut found = Self::default();
        found.add(project.file.clone());
        for path in own {
            found.add(path.clone());
            tables::beside(path)
                .into_iter()
                .for_each(|path| found.look_for(path));
        }
        for file in &project.input.files {
            found.add(file.clone());
        }
        if let CatchmentSource::Folder(folder) = &project.input.catchments {
            let listing = folder.list()?;
            found.add_all(listing.folders);
            found.absent.extend(listing.absent);
        }
        for folder in &project.simulator.support_folders {
            found.add(folder.clone());
        }
        let (files, folders) = support::walked(&project.simulator)?;
        found.add_all(files.into_iter().map(|file| file.path).chain(folders));
        let (files, folders) = reads::walked(&project.simulator.fence.reads)?;
        found.add_all(files.into_iter().map(|file| file.path).chain(folders));
        // Scenarios may replace other files of the same deck.
        let simulators = study.scenarios.iter().map(|project| &project.simulator);
        let mut last: Option<&Arc<Simulator>> = None;
        for simulator in simulators {
            if last.is_none_or(|last| !Arc::ptr_eq(last, simulator))
                && let Some(deck) = deck::listing(simulator)?
            {
                let files = deck.files.into_iter().map(|file| file.path);
                found.add_all(files.chain(deck.walked));
            }
            last = Some(simulator);
        }
        for (field, program) in project.simulator.programs() {
            let program = program.source();
            if !program.contains('/') {
                let path = environment::find_program(project, field, program)?;
                let passed_over = environment::search_path(project)
                    .into_iter()
                    .map(|folder| folder.join(program))
                    .take_while(|candidate| *candidate != path);
                for candidate in passed_over {
                    // One that exists but can't be run may become executable.
                    found.look_for(candidate);
                }
                found.add(path);
            } else if program.starts_with('/') {
                found.add(program.into());
            }
        }
        if let Some(import) = &project.import {
            found.add_all(sources(import)?);
            for path in import.sources().flat_map(tables::beside) {
                found.look_for(path);
            }
        }
        for source in project
            .observations
            .iter()
            .flat_map(|source| source.sources())
        {
            found.add(source.to_owned());
            (tables::beside(source).into_iter()).for_each(|path| found.look_for(path));
        }
        for path in observations::files(&project.observations)? {
            found.add(path);
        }
        Ok(found)
    }

    /// Adds the files that the input's files point to, which are known only once those are read. There may be one per catchment.
    pub(crate) fn with(mut self, linked: &Linked) -> Self {
        self.add_all(linked.paths().map(Path::to_owned));
        self
    }

    /// Adds the files and folders that catchments have for themselves, which are known only once they are planned.
    pub(crate) fn with_own(mut self, own: Vec<(PathBuf, Stamp)>) -> Self {
        self.add_all(own.into_iter().map(|(path, _)| path));
        self
    }

    /// Adds a file that is there, once.
    pub(crate) fn add(&mut self, path: PathBuf) {
        if self.known.insert(path.clone()) {
            self.present.push(path);
        }
    }

    /// The same with several.
    fn add_all(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        paths.into_iter().for_each(|path| self.add(path));
    }

    /// Adds a file that counts if it is there.
    fn look_for(&mut self, path: PathBuf) {
        match path.exists() {
            true => self.add(path),
            false => self.absent.push(path),
        }
    }
}
