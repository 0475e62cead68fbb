//! Orders carried out by real simulators: scripts that run short of memory or time, or are ended with their job.

mod scenarios;

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::*;
use crate::data::digest::Digest;
use crate::example::Example;
use crate::execute::timings::Timings;
use crate::execute::trial::{Obstacle, TrialOutcome};
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::project::{Study, WorkIn};
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;

const PROJECT: &str = r#"
[input]
file = "input.h5"
[[parameters.table]]
file = "modes.csv"
id = "id"
[simulator]
command = ["./simulator.sh"]
support = ["simulator.sh"]
writes = ["."]
[[simulator.input]]
file = "mode.txt"
template = "mode.txt"
[[simulator.input]]
file = "input.txt"
header = "t\tQ"
row = "{step_days}\t{discharge}"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "Q"
[product]
file = "output.h5"
[product.variables]
q = { units = "m3 s-1" }
"#;

/// It runs in a work directory, and knows the test's folder as `$here`.
const SIMULATOR: &str = r#"
read -r id mode < mode.txt
echo "+ $id" >> "$here/log"
count() { (cd "$here"; flock 9; read -r name number < group/memory.events
    echo "$name $((number + 1))" 1<> group/memory.events) 9> "$here/lock"; }
want() { sleep 0.1; count; echo "- $id" >> "$here/log"; kill -9 $$; }
case $mode in
    ok) cp input.txt out.txt ;;
    eat) cp input.txt out.txt; echo eaten > input.txt; chmod 0 input.txt; mv input.txt eaten.txt ;;
    want) want ;;
    want-once) [ -e "$here/$id" ] || { touch "$here/$id"; want; }; cp input.txt out.txt ;;
    other) count; cp input.txt out.txt ;;
    killed) kill -9 $$ ;;
    hang) sleep 1000 ;;
    catch) trap 'exit 3' TERM INT USR1; trap '' XCPU; touch "$here/catching"; while :; do sleep 0.01; done ;;
    spoil) cp input.txt out.txt; echo >> "$here/simulator.sh" ;;
esac
echo "- $id" >> "$here/log"
"#;

/// A project whose catchments' simulators behave as these words say.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(modes: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let example = Example {
            catchments: modes.len(),
            steps: 24,
            seed: 1,
        };
        example.write_inputs(folder.path()).expect("an input");
        let place = Self { folder };
        place.write("rerunoff.toml", PROJECT);
        place.write("mode.txt", "{id} {mode}\n");
        let rows = modes.iter().zip(70_001..);
        let rows: String = rows.map(|(mode, id)| format!("{id},{mode}\n")).collect();
        place.write("modes.csv", &format!("id,mode\n{rows}"));
        let here = place.path("").display().to_string();
        place.write(
            "simulator.sh",
            &format!("#!/bin/sh\nhere={here}\n{SIMULATOR}"),
        );
        fs::set_permissions(place.path("simulator.sh"), Permissions::from_mode(0o755))
            .expect("made executable");
        fs::create_dir(place.path("group")).expect("made");
        place.write("group/memory.events", "oom_kill 0\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect(name);
    }

    /// The starts (`+`) and ends (`-`) of simulators so far.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn run(
        &self,
        jobs: usize,
        change: &dyn Fn(&mut Order),
        allotment: Option<Allotment>,
    ) -> Vec<Trial> {
        let interrupt = Interrupt::new().expect("an interrupt");
        let mut trials = Vec::new();
        let mut take = |trial| trials.push(trial);
        carry_out(
            self.folder.path(),
            jobs,
            change,
            allotment,
            &interrupt,
            &mut take,
        );
        trials
    }
}

/// Carries out an order for each catchment of the project in this folder in each scenario, by so many workers.
fn carry_out(
    folder: &Path,
    jobs: usize,
    change: &dyn Fn(&mut Order),
    allotment: Option<Allotment>,
    interrupt: &Interrupt,
    take: &mut dyn FnMut(Trial),
) {
    let study = Study::load(folder).expect("a project");
    let loaded = LoadedStudy::open(&study, None, false, &mut |_, _| {}).expect("loaded");
    let of = |scenario: &LoadedScenario<'_>, catchment| {
        let series = scenario.series_digests(catchment);
        let mut order = Order {
            scenario: scenario.project.scenario.name.clone(),
            catchment: scenario.basin.id(catchment).clone(),
            key: scenario.key(catchment, series).expect("a key"),
            time_limit: None,
            last_wall: None,
            keeps_series: false,
        };
        change(&mut order);
        order
    };
    let orders = loaded.list.iter().flat_map(|scenario| {
        (0..scenario.basin.catchments().len()).map(move |catchment| of(scenario, catchment))
    });
    let orders: Vec<Order> = orders.collect();
    let scratch = tempfile::tempdir().expect("a folder");
    let name = format!(
        "test-{}-{}",
        std::process::id(),
        scratch.path().file_name().expect("a name").display()
    );
    let disk = scratch.path().join("work");
    let context = RunContext {
        slots: &Slots::fixed(jobs),
        interrupt,
        timings: &Timings::default(),
    };
    let failed_runs = FailedRuns::new(scratch.path().join("failed"));
    let keeper = File::open(scratch.path()).expect("opens");
    let work_folders = WorkFolders::of_task(WorkIn::Auto, disk, &name, &keeper);
    let work_folders = work_folders.expect("work folders");
    let mut executor = LocalExecutor::new(&loaded.list, context, work_folders, &failed_runs)
        .with_memory_group(MemoryGroup::at(&folder.join("group")));
    if let Some(allotment) = allotment {
        executor = executor.with_allotment(allotment);
    }
    let taken = executor.run(&orders, &mut |trial| {
        trial.into_iter().for_each(&mut *take);
        Next::Wait
    });
    taken.expect("carried out");
}

fn unchanged(_: &mut Order) {}

/// What became of each catchment, by the last digit of its id: `ok`, or the code of its failure.
fn outcomes(trials: &[Trial]) -> Vec<(char, String)> {
    let outcome = |trial: &Trial| match &trial.outcome {
        TrialOutcome::Good(_) => "ok".to_owned(),
        TrialOutcome::Failed(failed) => failed.code.clone(),
        TrialOutcome::Obstacle(obstacle, _) => format!("{obstacle:?}"),
    };
    let digit = |trial: &Trial| trial.catchment.as_str().chars().last().expect("an id");
    let mut all: Vec<_> = (trials.iter())
        .map(|trial| (digit(trial), outcome(trial)))
        .collect();
    all.sort();
    all
}

#[track_caller]
fn expect(trials: &[Trial], expected: &[(char, &str)]) {
    let found = outcomes(trials);
    let found: Vec<(char, &str)> = (found.iter())
        .map(|(id, outcome)| (*id, outcome.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn series_come_along_where_the_order_says_so() {
    let place = Place::new(&["ok", "ok"]);
    let second = |order: &mut Order| order.keeps_series = order.catchment.as_str().ends_with('2');
    let trials = place.run(1, &second, None);
    expect(&trials, &[('1', "ok"), ('2', "ok")]);
    let series: Vec<usize> = trials.iter().map(|trial| trial.series.len()).collect();
    assert_eq!(series, [0, 1]);
}

#[test]
fn what_wants_memory_is_done_again_in_the_end_by_half_as_many() {
    let modes = ["want-once", "want-once", "want", "want-once", "other", "ok"];
    let place = Place::new(&modes);
    let trials = place.run(4, &unchanged, None);
    let expected = [
        ('1', "ok"),
        ('2', "ok"),
        ('3', "memory"),
        ('4', "ok"),
        ('5', "ok"),
        ('6', "ok"),
    ];
    expect(&trials, &expected);
    let log = place.log();
    assert_eq!(log.len(), 20, "each once, and four once more: {log:?}");
    let (first, second) = log.split_at(12);
    let begun = |id: &&str| first.contains(&format!("+ {id}"));
    let all = ["70001", "70002", "70003", "70004", "70005", "70006"];
    assert!(
        all.iter().all(begun),
        "nothing again before the end: {log:?}"
    );
    let mut at_work = 0;
    for line in second {
        at_work += if line.starts_with('+') { 1 } else { -1 };
        assert!(at_work <= 2, "{log:?}");
    }
    let reason = trials.iter().find_map(|trial| match &trial.outcome {
        TrialOutcome::Failed(failed) if failed.code == "memory" => Some(failed.reason.clone()),
        _ => None,
    });
    let reason = reason.expect("one failed for want of memory");
    assert!(reason.contains("ran out of memory"), "{reason}");
    let one = trials.iter().find(|trial| trial.attempts.len() > 1);
    assert_eq!(one, None, "what was done again was no attempt");
}

#[test]
fn no_order_begins_that_would_not_end_in_time() {
    let place = Place::new(&["ok", "ok", "ok"]);
    let in_a_minute = Allotment {
        deadline: Instant::now().checked_add(Duration::from_secs(60)),
        mean_wall: 50.0,
    };
    let walls = |order: &mut Order| match order.catchment.as_str().chars().last() {
        Some('1') => order.last_wall = Some(0.1),
        Some('2') => order.last_wall = Some(41.0),
        _ => {}
    };
    expect(&place.run(1, &walls, Some(in_a_minute)), &[('1', "ok")]);
    assert_eq!(place.log(), ["+ 70001", "- 70001"]);
    let over = Allotment {
        deadline: Some(Instant::now()),
        ..in_a_minute
    };
    expect(&place.run(1, &walls, Some(over)), &[]);
}

#[test]
fn what_is_at_work_at_the_deadline_gives_no_trial() {
    let place = Place::new(&["hang", "ok"]);
    let soon = Allotment {
        deadline: Instant::now().checked_add(Duration::from_secs(2)),
        mean_wall: 0.01,
    };
    expect(&place.run(2, &unchanged, Some(soon)), &[('2', "ok")]);
}

#[test]
fn a_support_file_that_changes_is_an_obstacle_by_name() {
    let place = Place::new(&["spoil"]);
    let trials = place.run(1, &unchanged, None);
    expect(&trials, &[('1', "Support")]);
    assert!(matches!(
        trials[0].outcome,
        TrialOutcome::Obstacle(Obstacle::Support, _)
    ));
}

/// Set for the process that is a job of these tests, to its project's folder.
const JOB: &str = "RERUNOFF_TEST_JOB";

/// Not a test of its own: the process that [`the_end_of_a_job_is_nobodys_failure`] ends, with all that it starts. It writes down
/// its trials.
#[test]
fn job_of_these_tests() {
    let Some(folder) = std::env::var_os(JOB) else {
        return;
    };
    let interrupt = Interrupt::installed_in_job().expect("installed");
    let endless = Allotment {
        deadline: None,
        mean_wall: 1.0,
    };
    let folder = Path::new(&folder);
    let mut file = File::create(folder.join("trials")).expect("made");
    let mut take = |trial: Trial| {
        for (id, outcome) in outcomes(&[trial]) {
            writeln!(file, "{id} {outcome}").expect("written");
        }
    };
    carry_out(folder, 4, &unchanged, Some(endless), &interrupt, &mut take);
}

fn start_job(place: &Place) -> Child {
    // The tests may run in the background, where INT is ignored.
    Command::new("/usr/bin/env")
        .arg("--default-signal")
        .arg(std::env::current_exe().expect("known"))
        .args(["--exact", "execute::local::tests::job_of_these_tests"])
        .env(JOB, place.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("started")
}

/// The processes that this one has started, and those that they have.
fn descendants(of: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("a list").flatten();
    let parents: Vec<(i32, i32)> = processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let (number, rest) = (stat.split(' ').next()?, &stat[stat.rfind(')')? + 1..]);
            let parent = rest.split_whitespace().nth(1)?;
            Some((number.parse().ok()?, parent.parse().ok()?))
        })
        .collect();
    let mut found = vec![of.as_raw_pid()];
    let mut at = 0;
    while at < found.len() {
        let children = parents.iter().filter(|(_, parent)| *parent == found[at]);
        found.extend(children.map(|(number, _)| *number).collect::<Vec<_>>());
        at += 1;
    }
    found
        .into_iter()
        .skip(1)
        .filter_map(Pid::from_raw)
        .collect()
}

#[test]
fn the_end_of_a_job_is_nobodys_failure() {
    let ends = [
        (Signal::TERM, Signal::TERM),
        (Signal::INT, Signal::INT),
        (Signal::USR1, Signal::USR1),
        (Signal::XCPU, Signal::XCPU),
        (Signal::KILL, Signal::TERM),
    ];
    for (to_children, to_rerunoff) in ends {
        let place = Place::new(&["ok", "killed", "hang", "catch", "hang"]);
        let mut job = start_job(&place);
        let wait_for = |is_there: &dyn Fn() -> bool| {
            let mut looks = std::iter::repeat_with(|| sleep(Duration::from_millis(10))).take(2000);
            assert!(looks.any(|()| is_there()), "{:?}", place.log());
        };
        wait_for(&|| {
            place
                .log()
                .iter()
                .filter(|line| line.starts_with('+'))
                .count()
                == 5
        });
        wait_for(&|| place.path("catching").exists());
        // One that is killed alone has failed, and is told only when no end of the job has come with it.
        wait_for(&|| fs::read_to_string(place.path("trials")).is_ok_and(|text| text.contains('2')));
        let rerunoff = Pid::from_child(&job);
        // The worst order: what it guards is gone before it hears.
        for process in descendants(rerunoff) {
            kill_process(process, to_children).ok();
        }
        sleep(Duration::from_millis(50));
        kill_process(rerunoff, to_rerunoff).expect("sent");
        assert!(job.wait().expect("its end").success(), "{to_children:?}");
        let trials = fs::read_to_string(place.path("trials")).expect("trials");
        let mut trials: Vec<&str> = trials.lines().collect();
        trials.sort();
        assert_eq!(trials, ["1 ok", "2 signal"], "{to_children:?}");
    }
}

#[test]
fn long_runs_begin_first_and_the_rest_keeps_its_order() {
    let walls = [1.0, 1.0, 30.0, 1.0, 1.0, 40.0, 1.0];
    let orders: Vec<Order> = (0..8)
        .map(|at| Order {
            scenario: ScenarioName::UNNAMED,
            catchment: CatchmentId::new(at.to_string()),
            key: Key(Digest::of(&[at as u8])),
            time_limit: None,
            last_wall: walls.get(at).copied(),
            keeps_series: false,
        })
        .collect();
    let (ordered, long) = longest_first(&orders);
    let order: Vec<&str> = (ordered.iter())
        .map(|order| order.catchment.as_str())
        .collect();
    let expected = ["5", "2", "0", "1", "3", "4", "6", "7"];
    assert_eq!((order.as_slice(), long), (&expected[..], 2));
}

#[test]
fn other_news_does_not_make_a_second_longer() {
    let waited = || {
        let (news, trials) = sync_channel(2);
        let (end, ended) = sync_channel::<()>(0);
        let (mut end, mut calls) = (Some(end), Vec::new());
        thread::scope(|scope| {
            scope.spawn(move || {
                news.send(None).expect("heard");
                sleep(Duration::from_millis(900));
                news.send(None).expect("heard");
                ended.recv().ok();
            });
            let mut taker = |_| {
                calls.push(Instant::now());
                end.take_if(|_| calls.len() == 2);
                Next::WaitASecond
            };
            hand_in(&trials, &mut taker, &AtomicBool::new(false));
        });
        calls[1] - calls[0]
    };
    // A machine with other work to do may wake nobody for a while.
    assert!((0..3).any(|_| waited() < Duration::from_millis(1500)));
}
