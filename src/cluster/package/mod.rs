//! A package: a folder with all that its tasks read, as it was when the orders were made, so that the project may change meanwhile.
//!
//! This file knows where things lie in the folder, [`manifest`] what every task has to know, `freeze` makes and removes it: with `tree`
//! for support folders and `copies` for what packages share.

mod copies;
pub(crate) mod freeze;
pub mod manifest;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result};

use crate::cluster::ids::{ArrayNumber, AttemptId, BatchNumber, Epoch, PackageId};
use crate::cluster::package::manifest::Manifest;
use crate::cluster::shared_folder;
use crate::data::scenario::ScenarioName;
use crate::project::{FrozenProject, Study};
use crate::system::filesystem;

/// What a package's folder has for a manifest: one, none, or one that can't be used.
pub type Found = Result<Option<Manifest>>;

/// A package's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    folder: PathBuf,
}

impl Package {
    /// The package in this folder, which need not be there yet.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What every task has to know.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("manifest")
    }

    /// What the head did and saw.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The folder into which tasks publish segments.
    pub fn incoming(&self) -> PathBuf {
        self.folder.join("in")
    }

    /// The folder in which tasks claim batches.
    pub fn claims(&self) -> PathBuf {
        self.folder.join("claims")
    }

    /// The folder of the batches.
    pub fn batches(&self) -> PathBuf {
        self.folder.join("batches")
    }

    /// The orders of a task.
    pub fn batch(&self, batch: BatchNumber) -> PathBuf {
        self.batches().join(batch.to_string())
    }

    /// The folder of the job scripts.
    pub fn scripts(&self) -> PathBuf {
        self.folder.join("scripts")
    }

    /// The script of one try at submitting an array.
    pub fn script(&self, array: ArrayNumber, epoch: Epoch) -> PathBuf {
        self.scripts().join(format!("{array}.{epoch}"))
    }

    /// The folder of what scripts and tasks print.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What the script and the task of an array's element print; `index` counts from 0.
    pub fn log(&self, array: ArrayNumber, epoch: Epoch, index: u32) -> PathBuf {
        self.logs().join(format!("{array}.{epoch}-{index}"))
    }

    /// The folder with what attempts leave of failed runs.
    pub fn evidence(&self) -> PathBuf {
        self.folder.join("failed")
    }

    /// Where an attempt at a batch leaves the work directories of failed runs.
    pub fn failed(&self, batch: BatchNumber, attempt: &AttemptId) -> PathBuf {
        self.evidence().join(format!("{batch}.{attempt}"))
    }

    /// The rerunoff that tasks start.
    pub fn binary(&self) -> PathBuf {
        self.folder.join("rerunoff")
    }

    /// There if the user wants no more of it.
    pub fn cancelled(&self) -> PathBuf {
        self.folder.join("cancelled")
    }
    /// The folder of the frozen files.
    pub fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// The folder with the link to an input, counted from 0.
    pub fn input(&self, number: usize) -> PathBuf {
        self.folder.join(format!("input-{number}"))
    }

    /// Whether what a listing of its folder lacks is not there: on a local disk, or where nothing has changed for an hour.
    ///
    /// # Errors
    /// If its folder can't be looked at.
    pub fn is_seen_as_it_is(&self) -> Result<bool> {
        let context = || format!("can't look at {}", self.folder.display());
        if filesystem::network(&self.folder)
            .with_context(context)?
            .is_none()
        {
            return Ok(true);
        }
        let changed = fs::metadata(&self.folder).and_then(|found| found.modified());
        let age = changed.with_context(context)?.elapsed().unwrap_or_default();
        Ok(age > Duration::from_secs(3600))
    }

    /// The package and its manifest.
    ///
    /// # Errors
    /// With the path, if there is none, or it is damaged or another version's.
    pub fn open(folder: &Path) -> Result<(Self, Manifest)> {
        let package = Self::at(folder.to_owned());
        let manifest = Manifest::read(&package.manifest())?;
        Ok((package, manifest))
    }

    /// Every package in the folder of all, by id: its manifest, or why that can't be used. What has none, so that nothing was submitted
    /// of it or nothing is left to be done with it, has `None`.
    ///
    /// # Errors
    /// If the folder can't be listed; that it is not there is none.
    pub fn open_all(packages: &Path) -> Result<BTreeMap<PackageId, (Self, Found)>> {
        let names = match shared_folder::names(packages) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            names => names.with_context(|| format!("can't list {}", packages.display()))?,
        };
        let open = |name: String| {
            let id = PackageId::parse(&name)?;
            let package = Self::at(packages.join(name));
            // It is written last and removed first.
            let manifest = match shared_folder::shows(&package.manifest()) {
                Ok(true) => Manifest::read(&package.manifest()).map(Some),
                Ok(false) => Ok(None),
                Err(error) => Err(error),
            };
            Some((id, (package, manifest)))
        };
        Ok(names.into_iter().filter_map(open).collect())
    }

    /// The scenarios that are wanted of the frozen study.
    ///
    /// # Errors
    /// If its files can't be read.
    pub fn study(
        &self,
        manifest: &Manifest,
        is_wanted: &dyn Fn(&ScenarioName) -> bool,
    ) -> Result<Study> {
        let files = manifest.files.iter();
        let files = files
            .map(|(original, frozen)| (original.clone(), self.folder.join(frozen)))
            .collect();
        let files = Arc::new(files);
        let frozen = FrozenProject {
            root: &manifest.root,
            text: &manifest.text,
            files: &files,
            passed: &manifest.passed,
            overrides: &manifest.overrides,
        };
        let study = Study::load_frozen(frozen, is_wanted);
        study.with_context(|| format!("can't open what is frozen in {}", self.folder.display()))
    }

    /// A path in the package's folder from there on, so that it holds wherever the folder is mounted.
    fn inner(&self, path: &Path) -> Result<PathBuf> {
        let inner = path.strip_prefix(&self.folder);
        Ok(inner
            .with_context(|| format!("{} is in no package", path.display()))?
            .to_owned())
    }
}
