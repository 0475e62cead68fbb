//! A run by way of a real cluster, to be held against one on this machine: the same product, byte for byte, and as many starts of
//! simulators as were due.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Project, Run, id};

/// Catchments of the project, and scenarios of each.
pub(crate) const CATCHMENTS: usize = 200;
const SCENARIOS: [&str; 3] = ["0.01", "0.02", "0.03"];
/// All that is to be run.
pub(crate) const RUNS: usize = CATCHMENTS * SCENARIOS.len();

/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// A project of three scenarios whose simulator says at each start what it is started for.
pub(crate) struct Walk {
    pub project: Project,
}

impl Walk {
    /// One whose simulators each wait so many seconds, with these lines of `[cluster]`.
    pub(crate) fn new(seconds: f64, cluster: &str) -> Self {
        let project = Project::new(CATCHMENTS);
        let script = String::from_utf8(project.read("simulator.sh")).expect("text");
        // It waits for as long as a file says, so that what is run is the same without it.
        let says_more = script.replacen(
            "echo \"$(value id)\" >> \"$(value log)\"",
            "log=$(value log)\necho \"$(value id) $(value k)\" >> \"$log\"\nif [ -e \"$log.pace\" ]; then sleep \"$(cat \"$log.pace\")\"; fi",
            1,
        );
        assert_ne!(script, says_more);
        project.write("simulator.sh", &says_more);
        project.write("calls.pace", &seconds.to_string());
        let scenarios =
            (SCENARIOS.iter()).map(|k| format!("[scenario.k{}.parameters]\nk = {k}\n", &k[2..]));
        let scenarios = scenarios.collect::<String>();
        project.write_toml(&format!(
            "{}\n{scenarios}\n[cluster]\n{cluster}\n",
            project.toml()
        ));
        Self { project }
    }

    /// How often each run was begun, by catchment and `k`.
    pub(crate) fn starts(&self) -> BTreeMap<String, usize> {
        let text = fs::read_to_string(self.project.path("calls")).unwrap_or_default();
        let mut starts = BTreeMap::new();
        for line in text.lines() {
            *starts.entry(line.to_owned()).or_default() += 1;
        }
        starts
    }

    /// How often any was begun.
    pub(crate) fn count(&self) -> usize {
        self.starts().values().sum()
    }

    /// How many have results.
    pub(crate) fn fresh(&self) -> usize {
        let count = "SELECT COUNT(*) FROM result";
        let count = self
            .project
            .store()
            .query_row(count, [], |row| row.get::<_, i64>(0));
        count.map_or(0, |count| count as usize)
    }

    /// Waits until this holds.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, holds: impl Fn() -> bool) {
        let since = Instant::now();
        while !holds() {
            if since.elapsed() > PATIENCE {
                let said = fs::read_to_string(self.project.path("head.err")).unwrap_or_default();
                panic!("{what}: never; the head said: {said}");
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// Starts a head, which is ended with the test if not before.
    pub(crate) fn head(&self, mut command: Command) -> Waiting {
        let (out, err) = (self.project.path("head.out"), self.project.path("head.err"));
        command.stdout(File::create(&out).expect("a file"));
        command.stderr(File::create(&err).expect("a file"));
        let child = command.spawn().expect("the binary");
        Waiting { child, out, err }
    }

    /// All that was due was run, each at least once and nothing else, and the product is that of a run on this machine.
    #[track_caller]
    pub(crate) fn is_complete(&self) {
        let due = (0..CATCHMENTS).flat_map(|at| SCENARIOS.map(|k| format!("{} {k}", id(at))));
        let due: Vec<String> = due.collect();
        assert!(self.starts().keys().eq(&due), "{:?}", self.starts());
        let same = self.project.read("output.h5") == self.product_of_a_run_here();
        assert!(same, "the product is not that of a run on this machine");
        assert!(
            packages(self.project.root()).is_empty(),
            "a package is left"
        );
    }

    /// The product of a run on this machine that knows nothing of any result. Nothing else is different afterwards.
    #[track_caller]
    fn product_of_a_run_here(&self) -> Vec<u8> {
        let kept = ["cache", "output.h5", "calls", "calls.pace"];
        let aside = |name: &str| self.project.path(&format!("{name}.aside"));
        for name in kept {
            fs::rename(self.project.path(name), aside(name)).expect(name);
        }
        self.project.rerunoff(&["run", "-q", "--local"]).expect(0);
        let product = self.project.read("output.h5");
        fs::remove_dir_all(self.project.path("cache")).expect("removed");
        for name in kept {
            fs::rename(aside(name), self.project.path(name)).expect(name);
        }
        product
    }

    /// The same, each exactly once.
    #[track_caller]
    pub(crate) fn each_once(&self) {
        self.is_complete();
        let twice: Vec<_> = self.starts().into_iter().filter(|(_, n)| *n > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

/// The folders of a project's packages.
pub(crate) fn packages(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join("cache/cluster"));
    let entries = entries.into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path());
    folders
        .filter(|path| path.join("manifest").exists())
        .collect()
}

/// A run that waits for its tasks.
pub(crate) struct Waiting {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Waiting {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("sent");
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.err).expect("a file")
    }

    /// Its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Run {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "it goes on: {}", self.said());
            sleep(Duration::from_millis(50));
        };
        Run {
            code: status.code().unwrap_or(-1),
            stdout: fs::read_to_string(&self.out).expect("a file"),
            stderr: self.said(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A folder of commands that stand before those of the same names: each does `before`, in which `$real` is the real one and `$name` its name,
/// and then becomes it.
pub(crate) fn in_front(folder: &Path, names: &[&str], before: &str) -> String {
    fs::create_dir_all(folder).expect("a folder");
    let path = std::env::var("PATH").expect("a PATH");
    for name in names {
        let mut places = path.split(':').map(|place| Path::new(place).join(name));
        let real = places.find(|place| place.exists()).expect(name);
        let script = format!(
            "#!/bin/bash\nname={name} real={}\n{before}\nexec \"$real\" \"$@\"\n",
            real.display()
        );
        fs::write(folder.join(name), script).expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.join(name), mode).expect("permissions");
    }
    format!("{}:{path}", folder.display())
}
