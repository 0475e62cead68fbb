//! Runs on a real Slurm of several nodes on this machine, held against a run here: what nodes, tasks, heads and controllers do to
//! each other, and that nothing of it is seen in the product. `make test-slurm`.

mod controller;
mod heads;
mod nodes;
mod tasks;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::slurm::Slurm;
use crate::common::walk::{RUNS, Waiting, Walk, in_front};

/// A cluster and a project that is run on it.
struct OnSlurm {
    slurm: Slurm,
    walk: Walk,
}

impl OnSlurm {
    /// Two nodes of eight processors, where the engine is asked every second; with more lines of `[cluster]`.
    #[track_caller]
    fn new(seconds: f64, cluster: &str) -> Self {
        Self::on(Slurm::up(2, 8), seconds, cluster)
    }

    fn on(slurm: Slurm, seconds: f64, cluster: &str) -> Self {
        let asked = match cluster.contains("ask_every") {
            true => "",
            false => "ask_every = \"1s\"\n",
        };
        let scratch = slurm.scratch();
        let lines = format!(
            "engine = \"slurm\"\nscratch = {:?}\n{asked}{cluster}",
            scratch.display().to_string()
        );
        Self {
            walk: Walk::new(seconds, &lines),
            slurm,
        }
    }

    /// A run of it.
    fn head(&self) -> Waiting {
        self.walk
            .head(self.slurm.user(self.walk.project.command(&["run"])))
    }

    /// The ids of arrays that are there, the last one last.
    fn arrays(&self) -> Vec<String> {
        let listed = self.slurm.ask("squeue", &["-h", "-r", "-o", "%F"]);
        let mut ids: Vec<u64> = listed
            .lines()
            .filter_map(|id| id.trim().parse().ok())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().map(u64::to_string).collect()
    }

    /// Waits until tasks run that were packed by what earlier ones took.
    #[track_caller]
    fn wait_for_the_packed(&self) {
        self.walk.wait("tasks are packed", || {
            let listed = self
                .slurm
                .ask("squeue", &["-h", "-r", "-t", "R", "-o", "%j"]);
            listed.lines().any(|name| name.trim().ends_with(".1.0"))
        });
    }

    /// Waits until some of their results are in the store. How many there are then.
    #[track_caller]
    fn wait_for_results(&self) -> usize {
        self.wait_for_the_packed();
        let before = self.walk.fresh();
        self.walk
            .wait("more results", || self.walk.fresh() > before);
        self.walk.fresh()
    }
}

/// What processes of other machines do, as far as one that looks often sees it.
#[derive(Default)]
struct Seen {
    tasks: BTreeSet<String>,
    stores: BTreeSet<String>,
    environments: Vec<String>,
}

impl Seen {
    /// Looks at all processes that are in namespaces of nodes.
    fn look(&mut self, here: &Path) {
        for process in fs::read_dir("/proc").expect("a list").flatten() {
            let path = process.path();
            let is_elsewhere = fs::read_link(path.join("ns/pid")).is_ok_and(|space| space != here);
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            if !is_elsewhere || name.trim() != "rerunoff" {
                continue;
            }
            let files = fs::read_dir(path.join("fd"))
                .into_iter()
                .flatten()
                .flatten();
            for file in files.filter_map(|file| fs::read_link(file.path()).ok()) {
                let file = file.display().to_string();
                if file.contains("store.sqlite") {
                    self.stores.insert(file);
                }
            }
            if self.tasks.insert(process.file_name().display().to_string()) {
                let variables = fs::read(path.join("environ")).unwrap_or_default();
                self.environments
                    .push(String::from_utf8_lossy(&variables).into_owned());
            }
        }
    }
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn all_is_run_once_by_tasks_that_see_no_store_and_no_environment_and_slurm_is_asked_seldom() {
    let on = OnSlurm::new(0.0, "cores = 2\nask_every = \"3s\"");
    let counted = on.walk.project.path("counted");
    let note = format!("echo \"$name $(date +%s%3N) $*\" >> {}", counted.display());
    let path = in_front(
        &on.walk.project.path("bin"),
        &["squeue", "sbatch", "scancel"],
        &note,
    );
    let mut command = on.slurm.user(on.walk.project.command(&["run"]));
    command
        .env("PATH", path)
        .env("SECRET_OF_THE_SUBMITTER", "sesame");

    let here = fs::read_link("/proc/self/ns/pid").expect("a link");
    let is_over = AtomicBool::new(false);
    let (run, seen) = thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = Seen::default();
            while !is_over.load(Ordering::Relaxed) {
                seen.look(&here);
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        let run = on.walk.head(command).end();
        is_over.store(true, Ordering::Relaxed);
        (run, looking.join().expect("what was seen"))
    });
    let run = run.expect(0);
    on.walk.each_once();
    assert!(
        run.stdout
            .starts_with(&format!("{RUNS} fresh, {RUNS} run, 0 failed")),
        "{}",
        run.stdout
    );
    assert!(seen.tasks.len() > 5, "{:?}", seen.tasks);
    assert!(seen.stores.is_empty(), "{:?}", seen.stores);
    let secret = seen.environments.iter().find(|all| all.contains("sesame"));
    assert_eq!(secret, None);

    let counted = fs::read_to_string(counted).expect("calls");
    let calls = |name: &str| -> Vec<&str> {
        let of = |line: &&str| line.split(' ').next() == Some(name);
        counted.lines().filter(of).collect()
    };
    let names: Vec<&str> = (calls("sbatch").into_iter())
        .filter_map(|call| call.split("--job-name=").nth(1)?.split(' ').next())
        .collect();
    assert_eq!(names.len(), calls("sbatch").len(), "{counted}");
    assert_eq!(
        names.iter().collect::<BTreeSet<_>>().len(),
        names.len(),
        "{counted}"
    );
    assert!(names.len() <= 4, "{counted}");
    let times: Vec<u64> = (calls("squeue").into_iter())
        .filter_map(|call| call.split(' ').nth(1)?.parse().ok())
        .collect();
    let is_seldom = times.windows(2).all(|pair| pair[1] - pair[0] >= 2900);
    assert!(is_seldom && calls("scancel").is_empty(), "{counted}");

    // Nothing is left to do, which no cluster is asked about.
    let again = on
        .walk
        .head(on.slurm.user(on.walk.project.command(&["run"])))
        .end()
        .expect(0);
    assert!(
        again.stdout.contains(&format!("{RUNS} fresh, 0 run")),
        "{}",
        again.stdout
    );

    let verify = ["verify", "--on", "slurm", "--sample", "20"];
    let verified = on
        .walk
        .head(on.slurm.user(on.walk.project.command(&verify)))
        .end()
        .expect(0);
    assert_eq!(
        on.walk.count(),
        RUNS + 20,
        "{}{}",
        verified.stdout,
        verified.stderr
    );
}

/// The signals of those who end a head.
const TYPED: Signal = Signal::INT;
