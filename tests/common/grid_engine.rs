//! A real Grid Engine on this machine, as long as it is held.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::slurm::script;

/// Grid Engine with one node; see `tests/cluster/gridengine.sh`.
pub(crate) struct GridEngine {
    folder: PathBuf,
    /// What has to be set for its commands.
    variables: Vec<(String, String)>,
    held: Option<TempDir>,
}

impl GridEngine {
    /// A new one.
    #[track_caller]
    pub(crate) fn up(slots: usize) -> Self {
        let held = tempfile::tempdir().expect("a folder");
        let folder = held.path().to_owned();
        let mut engine = Self {
            folder,
            variables: Vec::new(),
            held: Some(held),
        };
        let printed = script("gridengine.sh", "up", &engine.folder, &[&slots.to_string()]);
        let pairs = printed.lines().filter_map(|line| line.split_once('='));
        engine.variables = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        engine
    }

    /// One that another process holds: that in whose environment this one runs.
    pub(crate) fn around() -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("SGE_ROOT")?);
        Some(Self {
            folder: root.parent()?.to_owned(),
            variables: Vec::new(),
            held: None,
        })
    }

    /// A command that finds it.
    pub(crate) fn user(&self, mut command: Command) -> Command {
        command.envs(self.variables.iter().cloned());
        command
    }

    /// The master stands still.
    pub(crate) fn stop_master(&self) {
        script("gridengine.sh", "stop-master", &self.folder, &[]);
    }

    /// The master goes on.
    pub(crate) fn continue_master(&self) {
        script("gridengine.sh", "continue-master", &self.folder, &[]);
    }
}

impl Drop for GridEngine {
    fn drop(&mut self) {
        // Also after a test that failed, in which a second panic would be the end of all.
        if self.held.is_some() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/gridengine.sh");
            let mut down = Command::new(script);
            down.arg("down").arg(&self.folder).status().ok();
        }
    }
}
