//! Eight callers at once on one project, of which some are killed: the others are refused nothing, run nothing twice, and are right.
//!
//! `RERUNOFF_ROUNDS` says how often (2), `RERUNOFF_SEED` replays from the seed that a round printed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::random::{RandomNumbers, draw};
use crate::common::{Project, Run};

const CATCHMENTS: usize = 10;
const CALLERS: usize = 8;
const SETS: [&str; 4] = ["0.012", "0.02", "0.03", "0.04"];

/// A call of the simulator: for which catchment and set, and by which process of rerunoff.
struct Call {
    key: String,
    caller: u32,
}

/// A project whose simulator also logs its set and whose child it is: the parent of the guard that started it.
fn project() -> Project {
    let project = Project::new(CATCHMENTS);
    let simulator = String::from_utf8(project.read("simulator.sh")).expect("a script");
    let line = "echo \"$(value id)\" >> \"$(value log)\"\n";
    assert!(simulator.contains(line));
    let logs_more = "parent() { sed -n 's/^PPid:[[:space:]]*//p' \"/proc/$1/status\"; }\n\
         echo \"$(value id) $(value k) $(parent \"$(parent $$)\")\" >> \"$(value log)\"\n";
    project.write("simulator.sh", &simulator.replace(line, logs_more));
    let toml = String::from_utf8(project.read("rerunoff.toml")).expect("text");
    let summary = "[product.summary]\nc_mean = { of = \"concentration\", statistic = \"mean\" }\n";
    project.write_toml(&format!("{toml}{summary}"));
    project.write("all.csv", &format!("k\n{}\n", SETS.join("\n")));
    project
}

fn calls(project: &Project) -> Vec<Call> {
    let parsed = |line: String| {
        let (key, caller) = line.rsplit_once(' ').expect("three words");
        // 0 if its rerunoff and guard were gone when it looked, and another process if its rerunoff was.
        let caller = caller.parse().unwrap_or(0);
        Call {
            key: key.to_owned(),
            caller,
        }
    };
    project.calls().into_iter().map(parsed).collect()
}

/// What one of the callers asks for.
fn wish(random: &mut RandomNumbers, number: usize) -> Vec<String> {
    let set = SETS[random.below(SETS.len() as u64) as usize];
    let mut words = match random.below(5) {
        0 => "run".to_owned(),
        1 => format!("run --no-assemble --set k={set}"),
        2 => format!("run --set k={set} --as trial-{number}"),
        3 => format!("evaluate --set k={set}"),
        _ => "evaluate --samples all.csv".to_owned(),
    };
    if random.below(2) == 0 {
        words.push_str(" -j 2");
    }
    words.split(' ').map(str::to_owned).collect()
}

/// Starts the callers, one soon after the other.
fn begin(project: &Project, random: &mut RandomNumbers) -> Vec<(Vec<String>, Child)> {
    let start = |number| {
        let wish = wish(random, number);
        let words: Vec<&str> = wish.iter().map(String::as_str).collect();
        let mut command = project.command(&words);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn().expect("a caller");
        sleep(Duration::from_millis(random.below(20)));
        (wish, child)
    };
    (0..CALLERS).map(start).collect()
}

#[test]
fn whoever_is_killed_costs_the_others_nothing() {
    let (first_seed, rounds) = draw("RERUNOFF_ROUNDS", 2);
    let project = project();
    let clock = Instant::now();
    project.rerunoff(&["run"]).expect(0);
    let whole = clock.elapsed();
    let product = project.read("output.h5");
    let numbers = (project.rerunoff(&["evaluate", "--samples", "all.csv"])).expect(0);
    for seed in first_seed..first_seed + rounds {
        fs::remove_dir_all(project.path("cache")).expect("removed");
        fs::remove_file(project.path("output.h5")).expect("removed");
        project.calls();
        round(&project, seed, whole);
        // In the end it is as if nobody had been killed.
        let told = format!("RERUNOFF_SEED={seed}");
        let again = (project.rerunoff(&["evaluate", "--samples", "all.csv"])).expect(0);
        assert_eq!(again.stdout, numbers.stdout, "{told}");
        project.rerunoff(&["run"]).expect(0);
        assert!(project.read("output.h5") == product, "{told}");
        assert!(project.is_tidy(), "{told}: nothing stays behind");
        let doctor = project.rerunoff(&["doctor"]).expect(0);
        assert!(
            doctor.stdout.contains(", 0 damaged"),
            "{told}: {}",
            doctor.stdout
        );
    }
}

/// Eight callers from an empty cache, up to four of which are killed at any moment.
fn round(project: &Project, seed: u64, whole: Duration) {
    let told = format!("RERUNOFF_SEED={seed}");
    let mut random = RandomNumbers(seed);
    let callers = begin(project, &mut random);
    let numbers: HashSet<u32> = callers.iter().map(|(_, caller)| caller.id()).collect();
    for _ in 0..random.below(5) {
        sleep(Duration::from_micros(
            random.below(whole.as_micros() as u64),
        ));
        let (_, victim) = &callers[random.below(CALLERS as u64) as usize];
        kill_process(Pid::from_child(victim), Signal::KILL).ok();
    }
    let mut survivors = HashSet::new();
    for (wish, caller) in callers {
        let number = caller.id();
        let run: Run = caller.wait_with_output().expect("its end").into();
        // By a signal there is no code.
        if run.code != -1 {
            assert_eq!(
                run.code, 0,
                "{told}: {wish:?}: {}{}",
                run.stdout, run.stderr
            );
            survivors.insert(number);
        }
    }
    project.expect_all_gone();

    let (mut all, mut done) = (HashMap::new(), HashSet::new());
    for call in calls(project) {
        if survivors.contains(&call.caller) {
            done.insert(call.key.clone());
        }
        let by: &mut Vec<u32> = all.entry(call.key).or_default();
        by.push(call.caller);
    }
    for (key, by) in &all {
        let of_survivors = by.iter().filter(|caller| survivors.contains(caller));
        assert!(
            of_survivors.count() <= 1,
            "{told}: {key} by {by:?} of {survivors:?}"
        );
        // Nobody runs anything twice; who was gone already may be any of those that were killed.
        let known = || by.iter().filter(|caller| numbers.contains(caller));
        let different: HashSet<&u32> = known().collect();
        assert_eq!(different.len(), known().count(), "{told}: {key} by {by:?}");
    }
    // What a survivor ran is there.
    project
        .rerunoff(&["evaluate", "--samples", "all.csv"])
        .expect(0);
    for call in calls(project) {
        assert!(!done.contains(&call.key), "{told}: {} again", call.key);
    }
}
