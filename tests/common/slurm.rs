//! A real Slurm cluster on this machine, as long as it is held.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::undisturbed;

/// What the script beside the tests does with a cluster in this folder; what it printed.
#[track_caller]
pub(super) fn script(name: &str, verb: &str, folder: &Path, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster");
    let output = undisturbed(script.join(name))
        .arg(verb)
        .arg(folder)
        .args(arguments)
        .env("CLUSTER_HOLDER", std::process::id().to_string())
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {verb}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A cluster of nodes `node1`, `node2`, …; see `tests/cluster/slurm.sh`.
pub(crate) struct Slurm {
    folder: PathBuf,
    /// `None` for who only uses it.
    held: Option<TempDir>,
}

impl Slurm {
    /// A new one, with all its nodes idle.
    #[track_caller]
    pub(crate) fn up(nodes: usize, cpus: usize) -> Self {
        Self::with(nodes, cpus, "")
    }

    /// The same with more lines in its configuration.
    #[track_caller]
    pub(crate) fn with(nodes: usize, cpus: usize, lines: &str) -> Self {
        let held = tempfile::tempdir().expect("a folder");
        let slurm = Self {
            folder: held.path().to_owned(),
            held: Some(held),
        };
        slurm.order("up", &[&nodes.to_string(), &cpus.to_string(), lines]);
        slurm
    }

    /// One that another process holds: that in whose environment this one runs.
    pub(crate) fn around() -> Option<Self> {
        let conf = PathBuf::from(std::env::var_os("SLURM_CONF")?);
        Some(Self {
            folder: conf.parent()?.to_owned(),
            held: None,
        })
    }

    /// A command that finds the cluster.
    pub(crate) fn user(&self, mut command: Command) -> Command {
        command.env("SLURM_CONF", self.conf());
        command
    }

    /// What one of its commands printed, which must have gone well.
    #[track_caller]
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.user(Command::new(program));
        let output = command.args(arguments).output().expect(program);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a command prints that sees what a node sees.
    #[track_caller]
    pub(crate) fn on_node(&self, node: usize, command: &[&str]) -> String {
        let node = node.to_string();
        let arguments = [&[node.as_str()], command].concat();
        script("slurm.sh", "on-node", &self.folder, &arguments)
    }

    /// The file by which its commands find it.
    pub(crate) fn conf(&self) -> PathBuf {
        self.folder.join("slurm.conf")
    }

    /// The small disk that each node has for itself.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }

    /// As if the power of a node went.
    pub(crate) fn kill_node(&self, node: usize) {
        self.order("kill-node", &[&node.to_string()]);
    }

    /// A node that was killed is there again.
    pub(crate) fn start_node(&self, node: usize) {
        self.order("start-node", &[&node.to_string()]);
    }

    /// All on a node stands still.
    pub(crate) fn freeze_node(&self, node: usize) {
        self.order("freeze-node", &[&node.to_string()]);
    }

    /// All on a node goes on.
    pub(crate) fn thaw_node(&self, node: usize) {
        self.order("thaw-node", &[&node.to_string()]);
    }

    /// The controller stands still.
    pub(crate) fn stop_controller(&self) {
        self.order("stop-controller", &[]);
    }

    /// The controller goes on.
    pub(crate) fn continue_controller(&self) {
        self.order("continue-controller", &[]);
    }

    /// The controller is killed, and with it whatever it had not written down.
    pub(crate) fn kill_controller(&self) {
        self.order("kill-controller", &[]);
    }

    /// A controller that was killed is there again.
    pub(crate) fn start_controller(&self) {
        self.order("start-controller", &[]);
    }

    #[track_caller]
    fn order(&self, verb: &str, arguments: &[&str]) {
        script("slurm.sh", verb, &self.folder, arguments);
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // Also after a test that failed, in which a second panic would be the end of all.
        if self.held.is_some() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/slurm.sh");
            let mut down = Command::new(script);
            down.arg("down").arg(&self.folder).status().ok();
        }
    }
}
