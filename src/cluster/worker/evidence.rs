//! What failed runs leave for people to look at: brought from the node to the package, before their trials are published.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::system::folder;

/// So many work directories are brought to the package; thousands fail for one reason.
const MOST: usize = 20;

/// The work directories of a task's failed runs.
pub(super) struct Evidence {
    /// Where they are on the node.
    on_node: FailedRuns,
    /// Where they go in the package.
    folder: PathBuf,
    brought: Cell<usize>,
}

impl Evidence {
    /// Those that are kept in the folder `on_node`, to be brought to `folder`.
    pub(super) fn new(on_node: PathBuf, folder: PathBuf) -> Self {
        Self {
            on_node: FailedRuns::new(on_node),
            folder,
            brought: Cell::new(0),
        }
    }

    /// Where the executor leaves them.
    pub(super) fn on_node(&self) -> &FailedRuns {
        &self.on_node
    }

    /// Brings that of a trial to the package, if it has any and there are not too many already.
    ///
    /// # Errors
    /// With the path, if it can't be written.
    pub(super) fn bring(&self, trial: &Trial) -> Result<()> {
        let TrialOutcome::Failed(_) = &trial.outcome else {
            return Ok(());
        };
        let (scenario, id) = (&trial.scenario, &trial.catchment);
        let Some(kept) = self.on_node.kept(scenario, id) else {
            return Ok(());
        };
        if self.brought.get() < MOST {
            self.brought.set(self.brought.get() + 1);
            let name = scenario.file_name(id);
            let (temporary, place) = (
                self.folder.join(format!(".{name}")),
                self.folder.join(&name),
            );
            // Its parent is not made: without it, the package is gone.
            let made = match fs::create_dir(&self.folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            };
            let copied = made
                .and_then(|()| folder::copy(&kept, &temporary))
                .and_then(|()| fs::rename(&temporary, &place));
            let copied: io::Result<()> = copied.inspect_err(|_| drop(folder::remove(&temporary)));
            copied.with_context(|| format!("can't keep the work directory {}", place.display()))?;
        }
        self.on_node.release(scenario, id)
    }
}
