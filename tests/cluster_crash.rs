//! The head killed at each step of its journal and at any moment: its tasks go on, the next head goes on from what the journal and the
//! files tell, no simulator is started twice, and the product is the undisturbed one.
//!
//! `RERUNOFF_KILLS` says how often the loop kills (100), `RERUNOFF_SEED` replays it by the seed that it printed.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::common::cluster::each;
use crate::common::random::{RandomNumbers, draw};
use crate::common::{Project, id};

const CATCHMENTS: usize = 6;

/// So many projects are at it side by side.
const SIDE_BY_SIDE: u64 = 4;

/// More steps than a journal has in these tests.
const STEPS: u64 = 9;

/// The two states between which a project is changed, so that all is stale.
const STATES: [&str; 2] = ["k = 0.012", "k = 0.013"];

/// A project whose head is killed, and the products that it makes when it is not.
struct Victim {
    project: Project,
    state: usize,
    products: [Vec<u8>; 2],
}

/// When a head is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as the journal has been written to so often.
    Step(u64),
    /// After so long.
    After(Duration),
}

impl Victim {
    fn new(project: Project) -> Self {
        fs::create_dir(project.path("cache")).expect("made");
        let first = project.local_product();
        project.edit(STATES[0], STATES[1]);
        let second = project.local_product();
        assert!(first != second);
        Self {
            project,
            state: 1,
            products: [first, second],
        }
    }

    /// Makes all stale.
    fn change(&mut self) {
        let Self { project, state, .. } = self;
        project.edit(STATES[*state], STATES[1 - *state]);
        *state = 1 - *state;
        fs::remove_dir_all(project.path("cache")).expect("removed");
        project.calls();
    }

    /// A head, killed; whether it was still there then.
    fn kill(&self, arguments: &[&str], moment: Moment) -> bool {
        let mut command = self.project.command(arguments);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut head = command.spawn().expect("the binary");
        match moment {
            Moment::Step(step) => self.wait_for_step(&mut head, step),
            Moment::After(time) => sleep(time),
        }
        let was_there = head.try_wait().expect("its state").is_none();
        head.kill().ok();
        head.wait().expect("its end");
        was_there
    }

    /// Waits until the journal has grown so often, or the head has ended.
    fn wait_for_step(&self, head: &mut Child, step: u64) {
        let mut lengths = BTreeSet::new();
        while head.try_wait().expect("its state").is_none() {
            for package in self.project.packages() {
                let journal = fs::metadata(package.join("journal"));
                lengths.extend(journal.map(|journal| journal.len()));
            }
            if lengths.len() as u64 > step {
                return;
            }
            sleep(Duration::from_millis(1));
        }
    }

    /// A last run is not killed. Whatever happened before, each simulator was started once and nothing is left behind.
    #[track_caller]
    fn finish(&self, told: &str) {
        let project = &self.project;
        let run = project.rerunoff(&["run"]);
        assert_eq!(run.code, 0, "{told}: {}", run.stderr);
        let fresh = format!("{CATCHMENTS} fresh, ");
        assert!(run.stdout.starts_with(&fresh), "{told}: {}", run.stdout);
        assert_eq!(
            project.calls(),
            each(CATCHMENTS, 1),
            "{told}: {}",
            run.stderr
        );
        let is_same = project.read("output.h5") == self.products[self.state];
        assert!(is_same, "{told}: not the same bytes");
        project.wait_for_tasks();
        project.expect_no_package();
        let run = project.rerunoff(&["run"]).expect(0);
        let nothing = format!("{CATCHMENTS} fresh, 0 run");
        assert!(run.stdout.starts_with(&nothing), "{told}: {}", run.stdout);
        let log = project.rerunoff(&["log", &id(0)]).expect(0);
        assert!(!log.stdout.contains("failed"), "{told}: {}", log.stdout);
    }
}

/// One whose tasks this machine runs, and one that has them run by a batch system.
fn victims() -> [Victim; 2] {
    let projects = [
        Project::with_tasks(CATCHMENTS, ""),
        Project::with_batch_system(CATCHMENTS),
    ];
    projects.map(Victim::new)
}

#[test]
fn killed_at_each_step_of_its_journal() {
    for mut victim in victims() {
        for step in 0..STEPS {
            victim.change();
            let was_there = victim.kill(&["run"], Moment::Step(step));
            victim.finish(&format!("step {step}, {was_there}"));
        }
    }
}

#[test]
fn killed_at_random_moments() {
    let (seed, kills) = draw("RERUNOFF_KILLS", 100);
    let left = AtomicU64::new(kills);
    let take = || {
        let one_less = |left: u64| left.checked_sub(1);
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
    };
    scope(|scope| {
        for lane in 0..SIDE_BY_SIDE.min(kills) {
            let take = &take;
            scope.spawn(move || {
                let mut random = RandomNumbers(seed.wrapping_add(lane));
                let [one, other] = victims();
                let mut victim = if lane % 2 == 0 { one } else { other };
                victim.change();
                let clock = Instant::now();
                victim.finish("undisturbed");
                let whole = clock.elapsed().as_micros() as u64;
                let mut round = 0;
                while take().is_ok() {
                    round += 1;
                    victim.change();
                    let told = format!("round {round} of lane {lane}, RERUNOFF_SEED={seed}");
                    let mut moments = Vec::new();
                    for _ in 0..=random.below(3) {
                        let moment = match random.below(2) {
                            0 => Moment::Step(random.below(STEPS)),
                            _ => Moment::After(Duration::from_micros(random.below(whole))),
                        };
                        let arguments = [&["run"][..], &["run", "--detach"]];
                        let arguments = arguments[random.below(2) as usize];
                        victim.kill(arguments, moment);
                        moments.push((moment, arguments.len()));
                        sleep(Duration::from_millis(random.below(300)));
                    }
                    victim.finish(&format!("{told}, {moments:?}"));
                }
            });
        }
    });
}
