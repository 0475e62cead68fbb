//! A package: a folder with all that its tasks read, as it was when the orders were made, so that the project may change meanwhile.
//!
//! This file knows where things lie in the folder, [`manifest`] what every task has to know.

pub mod manifest;

use std::path::{Path, PathBuf};

use crate::cluster::ids::{ArrayNumber, AttemptId, BatchNumber, Epoch};

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
}
