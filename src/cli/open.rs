//! The one way in which verbs open a project: the study, then the store to read or to write, then the inputs.
//!
//! Every verb about a project gets a [`ProjectPlace`], so that an option of all verbs has one place too, and takes the steps
//! that it needs. Inputs are loaded nowhere else, so every verb that uses them says when the tables of `[import]` have changed
//! since the input file was made from them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::import_report;
use super::terminal::say;
use super::turn;
use crate::import::{ImportReport, bring_up_to_date, outdated};
use crate::plan::loaded::LoadedStudy;
use crate::project::overrides::Overrides;
use crate::project::{ProjectError, Study};
use crate::store::cache_folder::Cache;
use crate::store::{Store, StoreError};
use crate::system::lock::Lock;
use crate::system::progress::Progress;

/// Which project a verb is about: all that the command line says of it, before anything is read.
pub(super) struct ProjectPlace {
    /// The project's folder, an absolute path.
    pub root: PathBuf,
}

impl ProjectPlace {
    /// The project in this directory.
    pub(super) fn find(directory: &Path) -> Result<Self> {
        let root = std::path::absolute(directory);
        let root = root.with_context(|| format!("can't find {}", directory.display()))?;
        Ok(Self { root })
    }

    /// Reads the project file.
    pub(super) fn open(&self) -> Result<OpenProject, ProjectError> {
        self.open_with(&Overrides::None)
    }

    /// Reads the project file, and puts these values in place of its own.
    pub(super) fn open_with(&self, overrides: &Overrides) -> Result<OpenProject, ProjectError> {
        Study::load_with(&self.root, overrides).map(OpenProject::of)
    }

    /// The same for one look, of which nothing stays but results.
    pub(super) fn open_passing(&self, overrides: &Overrides) -> Result<OpenProject, ProjectError> {
        Study::load_passing(&self.root, overrides).map(OpenProject::of)
    }
}

impl ProjectPlace {
    /// Reads the project file to try a run: what it says of outputs and the product may be missing or wrong, which is the fault that
    /// comes along.
    pub(super) fn open_to_try(
        &self,
        overrides: &Overrides,
    ) -> Result<(OpenProject, Option<ProjectError>), ProjectError> {
        let fault = match self.open_with(overrides) {
            Ok(opened) => return Ok((opened, None)),
            Err(fault) => fault,
        };
        match Study::load_to_try(&self.root, overrides, "") {
            Ok(study) => Ok((OpenProject::of(study), Some(fault))),
            Err(_) => Err(fault),
        }
    }
}

/// A project whose file has been read.
pub(super) struct OpenProject {
    pub study: Study,
    /// Its cache folder, which need not be there yet.
    pub cache: Cache,
}

impl OpenProject {
    /// A study with the cache folder of its project.
    fn of(study: Study) -> Self {
        let cache = Cache::at(study.common().cache());
        Self { study, cache }
    }

    /// Leaves only these of its scenarios, at least one.
    pub(super) fn keep(&mut self, chosen: &[usize]) {
        let mut at = 0..;
        (self.study.scenarios).retain(|_| at.next().is_some_and(|at| chosen.contains(&at)));
    }

    /// The store to read only, even while a run is under way; `None` if there is none yet.
    pub(super) fn store_to_read(&self) -> Result<Option<Store>, StoreError> {
        self.cache.store_to_read()
    }

    /// The project's lock, shared with others who are at work on it, and the store to write; both are made where they are missing.
    pub(super) fn store_to_write(&self, wait: bool) -> Result<(Lock, Store)> {
        let cache = Cache::prepare(self.study.common().cache())?;
        let lock = cache.share(wait)?;
        let store = cache.store()?;
        Ok((lock, store))
    }

    /// The same with the lock for this process alone: nothing that is in the store is in use by anybody else.
    pub(super) fn store_alone(&self, wait: bool) -> Result<(Lock, Store)> {
        let cache = Cache::prepare(self.study.common().cache())?;
        let lock = cache.lock(wait)?;
        let store = cache.store_alone()?;
        Ok((lock, store))
    }

    /// Everything that determines results, with the input file as it is.
    pub(super) fn load(
        &self,
        store: Option<&Store>,
        rehash: bool,
        quiet: bool,
    ) -> Result<LoadedStudy<'_>> {
        self.note_outdated_import(store)?;
        self.read(store, rehash, quiet)
    }

    /// The same without the series' values: enough to check names and to render, not to plan.
    pub(super) fn load_without_series(&self, store: Option<&Store>) -> Result<LoadedStudy<'_>> {
        self.note_outdated_import(store)?;
        LoadedStudy::without_series(&self.study, store, false)
    }

    /// Everything that determines results, with the input file imported again if need be.
    pub(super) fn import_and_load(
        &self,
        store: &mut Store,
        rehash: bool,
        quiet: bool,
    ) -> Result<LoadedStudy<'_>> {
        let project = self.study.common();
        if let Some(report) = self.import(store, rehash, false, quiet)? {
            import_report::list_left_out(project, &report)?;
            if !quiet {
                let summary = import_report::summary(&report);
                say(&format!("imported {summary}: {}", report.reason));
            }
        }
        self.read(Some(store), rehash, quiet)
    }

    /// Imports if need be, or by `force`; after others who are at it.
    pub(super) fn import(
        &self,
        store: &mut Store,
        rehash: bool,
        force: bool,
        quiet: bool,
    ) -> Result<Option<ImportReport>> {
        let project = self.study.common();
        if project.import.is_none() {
            return Ok(None);
        }
        let _turn = turn::to_import(&self.cache)?;
        bring_up_to_date(project, store, rehash, force, quiet)
    }

    fn read(&self, store: Option<&Store>, rehash: bool, quiet: bool) -> Result<LoadedStudy<'_>> {
        let mut progress: Option<Progress> = None;
        LoadedStudy::open(&self.study, store, rehash, &mut |done, total| {
            progress
                .get_or_insert_with(|| Progress::new("reading", total, quiet))
                .set(done);
        })
    }

    /// Prints a note if the input file is older than what it was imported from. A missing file is an error.
    fn note_outdated_import(&self, store: Option<&Store>) -> Result<()> {
        let project = self.study.common();
        let (Some(reason), Some(spec)) = (outdated(project, store)?, &project.import) else {
            return Ok(());
        };
        let file = spec.file.display();
        ensure!(
            spec.file.exists(),
            "{file} is not there yet; `rerunoff import` makes it, and so does `rerunoff run`"
        );
        say(&format!(
            "note: {reason}, so `rerunoff run` will import first; what follows is about {file} as it is"
        ));
        Ok(())
    }
}
