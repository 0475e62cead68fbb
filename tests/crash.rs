//! Killed at any moment, a run continues: nothing finished is computed again, and the product is the undisturbed one.
//!
//! `RERUNOFF_KILLS` says how often the loop kills (50), `RERUNOFF_SEED` replays a loop by the seed that it printed.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::Project;
use crate::common::random::{RandomNumbers, draw};

const CATCHMENTS: usize = 40;

/// Starts a run and sends it a signal as soon as the simulator has been called so often.
fn signalled(project: &Project, calls: usize, signal: Signal) -> i32 {
    let mut run = project.command(&["run", "-j", "2"]).spawn().expect("a run");
    let log = project.path("calls");
    while fs::read_to_string(&log).unwrap_or_default().lines().count() < calls {
        if run.try_wait().expect("its state").is_some() {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    kill_process(Pid::from_child(&run), signal).ok();
    run.wait().expect("its end").code().unwrap_or(-1)
}

fn clean(project: &Project) {
    fs::remove_dir_all(project.path("cache")).ok();
    fs::remove_file(project.path("output.h5")).ok();
    project.calls();
}

#[test]
fn killed_and_resumed_equals_undisturbed() {
    let project = Project::new(CATCHMENTS);
    project.rerunoff(&["run"]).expect(0);
    let undisturbed = project.read("output.h5");
    for calls in [0, 1, 7, 20, CATCHMENTS] {
        clean(&project);
        signalled(&project, calls, Signal::KILL);
        let again = project.rerunoff(&["run"]).expect(0);
        assert!(
            again.stdout.starts_with(&format!("{CATCHMENTS} fresh")),
            "{}",
            again.stdout
        );
        assert!(
            project.read("output.h5") == undisturbed,
            "killed after {calls} calls"
        );
        assert!(!project.path("output.h5.part").exists() && project.is_tidy());
        project.rerunoff(&["run"]).expect(0);
    }
}

#[test]
fn an_interrupted_run_keeps_what_is_done_and_goes_on() {
    let project = Project::new(CATCHMENTS);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        project.calls();
        if project.path("cache").exists() {
            clean(&project);
        }
        assert_eq!(signalled(&project, 10, signal), 130);
        let done = project.calls().len();
        assert!(
            !project.path("output.h5").exists(),
            "the product is not touched"
        );
        project.rerunoff(&["run"]).expect(0);
        let rest = project.calls().len();
        // At most the two under way at the signal are run a second time.
        assert!(
            (CATCHMENTS..=CATCHMENTS + 2).contains(&(done + rest)),
            "{done} and {rest}"
        );
    }
}

/// The names in a folder, sorted; without SQLite's companions of the store, which a reader leaves for the next writer.
fn names(project: &Project, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(project.path(folder))
        .expect("a folder")
        .flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().display().to_string())
        .filter(|name| !["store.sqlite-wal", "store.sqlite-shm"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

#[test]
fn killed_at_random_moments() {
    let (seed, kills) = draw("RERUNOFF_KILLS", 50);
    let mut random = RandomNumbers(seed);

    let count = 12;
    let project = Project::new(count);
    // Two states, each with its undisturbed product.
    let states = ["k = 0.012", "k = 0.013"];
    let clock = Instant::now();
    project.rerunoff(&["run", "-j", "2"]).expect(0);
    let whole = clock.elapsed();
    let mut products = vec![project.read("output.h5")];
    project.edit(states[0], states[1]);
    project.rerunoff(&["run", "-j", "2"]).expect(0);
    products.push(project.read("output.h5"));
    assert!(products[0] != products[1]);
    let tidy = (names(&project, "."), names(&project, "cache"));
    let mut state = 1;
    let (mut killed, mut round) = (0, 0);
    while killed < kills {
        round += 1;
        match random.below(4) {
            0 => {
                clean(&project);
            }
            1 => {
                project.edit(states[state], states[1 - state]);
                state = 1 - state;
            }
            2 => {
                // Not the file that was written, so the next run makes one beside it.
                let product = project.read("output.h5");
                fs::write(project.path("output.h5"), product).expect("written");
            }
            _ => {
                project.edit(states[state], states[1 - state]);
                state = 1 - state;
                clean(&project);
            }
        }
        for _ in 0..=random.below(3) {
            let mut run = project
                .command(&["run", "-j", "2"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a run");
            let most = whole.as_micros() as u64 * 5 / 4;
            sleep(Duration::from_micros(random.below(most)));
            kill_process(Pid::from_child(&run), Signal::KILL).ok();
            run.wait().expect("its end");
            killed += 1;
        }
        let told = format!("round {round} of RERUNOFF_SEED={seed}");
        project.expect_all_gone();
        let fresh = project.status(&[0])["fresh"].as_u64().expect("a number") as usize;
        project.calls();
        project.rerunoff(&["run", "-j", "2"]).expect(0);
        assert_eq!(
            project.calls().len(),
            count - fresh,
            "{told}: what was kept is not run again"
        );
        assert!(project.read("output.h5") == products[state], "{told}");
        let (root, cache) = (names(&project, "."), names(&project, "cache"));
        assert_eq!((root, cache), tidy, "{told}: nothing stays behind");
        assert_eq!(project.alive(), [""; 0], "{told}");
    }
}
