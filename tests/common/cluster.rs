//! Projects whose tasks are processes of this machine: by the engine for that, or by a batch system of a few lines that each test can
//! make lie, forget and fall silent.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Project, Run, id};

/// Tasks of one core, and no patience.
pub(crate) const LOCAL: &str = "
[cluster]
engine = \"local\"
cores = 1
task = \"10s\"
ask_every = \"1s\"
";

/// The same by the batch system of a few lines.
const FAKE: &str = r#"
[cluster]
engine = "command"
cores = 1
task = "10s"
ask_every = "1s"
submit = "./batch.sh submit {name} {tasks} {script}"
job = '^(\d+)'
index = "INDEX"
alive = "./batch.sh alive"
cancel = "./batch.sh cancel {jobs}"
"#;

/// Three scenarios, one of which has results in common with another.
pub(crate) const SCENARIOS: &str = "
[scenario.low]
[scenario.middle.parameters]
k = 0.02
[scenario.high.parameters]
k = 0.03
";

impl Project {
    /// A project that runs its tasks on this machine.
    pub(crate) fn with_tasks(catchments: usize, more: &str) -> Self {
        let project = Self::new(catchments);
        project.write_toml(&format!("{}{more}{LOCAL}", project.toml()));
        project
    }

    /// A project with a batch system that does what files in `batch` say: `forgets`, `unclear`, `silent`, `lost.<job>`.
    pub(crate) fn with_batch_system(catchments: usize) -> Self {
        let project = Self::new(catchments);
        project.write_toml(&format!("{}{FAKE}", project.toml()));
        project.write("batch.sh", include_str!("batch.sh"));
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.path("batch.sh"), executable).expect("permissions");
        fs::create_dir(project.path("batch")).expect("a folder");
        project
    }

    /// Lets all catchments wait until [`Self::go`].
    pub(crate) fn hold(&self, catchments: usize) {
        fs::remove_file(self.path("calls.go")).ok();
        let held: Vec<(usize, &str)> = (0..catchments).map(|at| (at, "held")).collect();
        self.set(&held);
    }

    pub(crate) fn go(&self) {
        self.write("calls.go", "");
    }

    /// How many times a simulator was started so far.
    pub(crate) fn starts(&self) -> usize {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().count()
    }

    /// Waits for so many starts.
    #[track_caller]
    pub(crate) fn wait_for_starts(&self, count: usize) {
        self.wait_until("simulators start", || self.starts() >= count);
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..6000 {
            if is_so() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("in vain: {what}");
    }

    /// The packages that are there.
    pub(crate) fn packages(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cache/cluster"));
        let paths = entries.into_iter().flatten().flatten().map(|e| e.path());
        paths.filter(|path| path.join("in").exists()).collect()
    }

    /// The only package.
    #[track_caller]
    pub(crate) fn package(&self) -> PathBuf {
        let packages = self.packages();
        assert_eq!(packages.len(), 1, "{packages:?}");
        packages.into_iter().next().expect("one")
    }

    /// The processes of tasks, by the package's program that they run.
    pub(crate) fn tasks(&self) -> Vec<Pid> {
        let verb = format!("{}/cache/cluster/", self.canonical().display());
        let processes = fs::read_dir("/proc").expect("a list").flatten();
        let tasks = processes.filter_map(|process| {
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let is_one = line.starts_with(&verb) && line.contains("\0work\0");
            let pid = process.file_name().to_str()?.parse().ok()?;
            Pid::from_raw(pid).filter(|_| is_one)
        });
        tasks.collect()
    }

    fn canonical(&self) -> PathBuf {
        self.root().canonicalize().expect("the project's folder")
    }

    /// Waits until no task is there any more.
    #[track_caller]
    pub(crate) fn wait_for_tasks(&self) {
        self.wait_until("tasks end", || self.tasks().is_empty());
    }

    /// A run in the background, with what it says.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary")
    }

    /// The product of a run on this machine alone of the project as it is, with nothing kept of earlier ones.
    #[track_caller]
    pub(crate) fn local_product(&self) -> Vec<u8> {
        fs::remove_file(self.path("output.h5")).ok();
        fs::remove_dir_all(self.path("cache")).expect("removed");
        self.rerunoff(&["run", "--local"]).expect(0);
        self.calls();
        self.read("output.h5")
    }

    /// The product must be that of one machine.
    #[track_caller]
    pub(crate) fn expect_local_product(&self) {
        let product = self.read("output.h5");
        assert!(self.local_product() == product, "not the same bytes");
    }

    /// Whether nothing is left of packages, claims and evidence.
    #[track_caller]
    pub(crate) fn expect_no_package(&self) {
        let names = |folder: &str| {
            let entries = fs::read_dir(self.path(folder)).into_iter().flatten();
            let names = entries
                .flatten()
                .map(|e| e.file_name().display().to_string());
            names.collect::<Vec<_>>()
        };
        let left = names("cache/cluster");
        assert!(left.iter().all(|name| name == "files"), "{left:?}");
        assert_eq!(names("cache/cluster/files"), [""; 0]);
        let marks = "SELECT count(*) FROM memo WHERE kind LIKE 'segments of %'";
        let marks = self
            .store()
            .query_row(marks, [], |row| row.get::<_, i64>(0));
        assert_eq!(marks.expect("a count"), 0);
    }
}

/// Sends it a signal.
pub(crate) fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).expect("sent");
}

/// Waits for its end.
pub(crate) fn ended(process: Child) -> Run {
    process.wait_with_output().expect("its end").into()
}

/// The calls of a simulator that runs each of so many catchments so often.
pub(crate) fn each(catchments: usize, times: usize) -> Vec<String> {
    (0..catchments).flat_map(|at| vec![id(at); times]).collect()
}
