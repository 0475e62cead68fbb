//! Tasks of a cluster, one by one, as a batch system would start them: each order once, whatever becomes of a node, its disks, its
//! clock, or the project.
//!
//! The batch system is one that takes everything and starts nothing; the tests start the tasks.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Project, Run, id, precipitation, rerunoff};

/// A batch system that never gets round to anything.
const CLUSTER: &str = r#"
[cluster]
engine = "command"
cores = 2
submit = "echo 41 {tasks} {script}"
job = '^(\d+)'
index = "INDEX"
alive = "echo 41"
cancel = "true {jobs}"
"#;

/// A package of a project, and where its tasks keep what they need meanwhile.
struct Submitted<'a> {
    project: &'a Project,
    package: PathBuf,
    scratch: PathBuf,
}

impl<'a> Submitted<'a> {
    /// Everything that is to be run in a project.
    #[track_caller]
    fn of(project: &'a Project) -> Self {
        let text = fs::read_to_string(project.path("rerunoff.toml")).expect("the project file");
        project.write_toml(&format!("{text}{CLUSTER}"));
        let run = project.rerunoff(&["run", "--detach"]);
        let packages = fs::read_dir(project.path("cache/cluster")).expect("packages");
        let mut packages = packages.map(|entry| entry.expect("an entry").path());
        let package = packages.find(|path| path.join("manifest").exists());
        let scratch = project.path("scratch");
        fs::create_dir_all(&scratch).expect("made");
        Self {
            project,
            package: package.unwrap_or_else(|| panic!("no package: {}", run.stderr)),
            scratch,
        }
    }

    /// The number of batches.
    fn batches(&self) -> usize {
        let batches = fs::read_dir(self.package.join("batches"));
        batches.expect("batches").count()
    }

    /// The task with this index, ready to be started by a job, for the n-th time.
    fn task(&self, index: usize, job: &str, restart: usize) -> Command {
        let (index, restart) = (index.to_string(), restart.to_string());
        let mut command = rerunoff(self.project.root(), &["work"]);
        command
            .arg(&self.package)
            .args(["--array", "0", "--epoch", "0", "--first", "0"]);
        command.args(["--job", job, "--index", &index, "--restart", &restart]);
        command.arg("--scratch").arg(&self.scratch);
        for variable in ["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "NSLOTS"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a task to its end.
    fn work(&self, index: usize) -> Run {
        self.task(index, "41", 0)
            .output()
            .expect("the binary")
            .into()
    }

    /// Runs all tasks, each of which must have done everything.
    #[track_caller]
    fn work_all(&self) {
        for index in 0..self.batches() {
            self.work(index).expect(0).says("ended: done");
        }
    }

    /// Takes in what was published; nothing may be left to be run.
    #[track_caller]
    fn collect(&self) -> Run {
        let run = self.project.rerunoff(&["run", "--detach"]);
        assert!(!self.package.exists(), "{}", run.stderr);
        run
    }

    /// Whether the tasks have left nothing on the node.
    fn is_tidy(&self) -> bool {
        let left = fs::read_dir(&self.scratch).expect("the folder").count();
        left == 0 && self.project.alive().is_empty()
    }
}

fn all(catchments: usize) -> Vec<String> {
    (0..catchments).map(id).collect()
}

#[test]
fn each_order_is_run_once_and_gives_what_it_gives_here() {
    let project = Project::new(12);
    project.set(&[(3, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let here = project.read("output.h5");
    project.calls();
    fs::remove_dir_all(project.path("cache")).expect("removed");
    fs::remove_file(project.path("output.h5")).expect("removed");
    let submitted = Submitted::of(&project);
    submitted.work_all();
    assert_eq!(project.calls(), all(12));
    // A task that is started again finds that all is done.
    let again: Run = submitted.task(0, "41", 1).output().expect("it").into();
    again.expect(0).says("ended: done");
    assert_eq!(project.calls(), [""; 0]);
    assert!(submitted.is_tidy());
    submitted.collect().expect(1);
    assert!(project.read("output.h5") == here, "not the same bytes");
    assert!(
        project
            .path("cache/failed")
            .join(id(3))
            .join("out.txt")
            .exists()
    );
}

#[test]
fn a_batch_has_one_job_and_one_epoch() {
    let project = Project::new(3);
    let submitted = Submitted::of(&project);
    let claims = submitted.package.join("claims");
    let void = r#"{"void":{"job":"","host":"login1","at":0}}"#;
    fs::write(claims.join("0.0"), format!("{void}\n")).expect("written");
    submitted
        .work(0)
        .expect(0)
        .says("nothing is done: batch 0 was taken back");
    assert_eq!(project.calls(), [""; 0]);
    fs::remove_file(claims.join("0.0")).expect("removed");
    submitted.work_all();
    let other: Run = submitted.task(0, "42", 0).output().expect("it").into();
    other
        .expect(0)
        .says("nothing is done: job 41 has batch 0 already");
    assert_eq!(project.calls(), all(3));
    submitted.collect().expect(0);
    submitted.work(0).expect(0).says("its package is gone");
}

#[test]
fn a_task_that_is_ended_publishes_what_it_has_and_the_next_goes_on() {
    let project = Project::new(10);
    let slow: Vec<(usize, &str)> = (0..10).map(|at| (at, "slow")).collect();
    project.set(&slow);
    let submitted = Submitted::of(&project);
    let calls = || {
        let calls = fs::read_to_string(project.path("calls"));
        calls.map_or(0, |calls| calls.lines().count())
    };
    let mut ended = Vec::new();
    for index in 0..submitted.batches() {
        let before = calls();
        let mut task = submitted.task(index, "41", 0);
        let mut task = task.stderr(Stdio::piped()).spawn().expect("the binary");
        // Two at once: with the third call, one of them has ended.
        while calls() < before + 3 && task.try_wait().expect("a look").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        kill_process(Pid::from_child(&task), Signal::TERM).ok();
        let run: Run = task.wait_with_output().expect("ended").into();
        ended.push(run.expect(0));
    }
    assert!(
        ended
            .iter()
            .any(|run| run.stderr.contains("ended: cancelled"))
    );
    assert!(submitted.is_tidy());
    for index in 0..submitted.batches() {
        let again: Run = submitted.task(index, "41", 1).output().expect("it").into();
        again.expect(0).says("ended: done");
    }
    let mut calls = project.calls();
    let starts = calls.len();
    calls.dedup();
    assert_eq!(calls, all(10));
    // What was at work when a task ended is run again, and nothing else.
    assert!(starts <= 10 + 2 * submitted.batches(), "{starts}");
    submitted.collect().expect(0);
}

#[test]
fn two_attempts_at_once_do_no_harm() {
    let project = Project::new(6);
    let slow: Vec<(usize, &str)> = (0..6).map(|at| (at, "slow")).collect();
    project.set(&slow);
    let submitted = Submitted::of(&project);
    let tasks = (0..submitted.batches()).flat_map(|index| [(index, 0), (index, 1)]);
    let tasks: Vec<_> = tasks
        .map(|(index, restart)| {
            let mut task = submitted.task(index, "41", restart);
            task.stderr(Stdio::piped()).spawn().expect("the binary")
        })
        .collect();
    for task in tasks {
        let run: Run = task.wait_with_output().expect("ended").into();
        run.expect(0).says("ended: done");
    }
    let mut calls = project.calls();
    calls.dedup();
    assert_eq!(calls, all(6));
    assert!(submitted.is_tidy());
    submitted.collect().expect(0);
}

#[test]
fn what_is_frozen_is_what_is_run() {
    let project = Project::new(4);
    let submitted = Submitted::of(&project);
    project.write("simulator.sh", "#!/bin/sh\nexit 9\n");
    project.write("templates/param.txt", "nothing\n");
    project.set(&[(0, "exit"), (1, "exit")]);
    // In its place, as an import does it.
    project.write_input(&|catchment, step| precipitation(catchment, step) + 1.0);
    submitted.work_all();
    assert_eq!(project.calls(), all(4));
}

#[test]
fn an_input_that_is_changed_in_place_is_told_and_nothing_is_run() {
    let project = Project::new(3);
    let submitted = Submitted::of(&project);
    let same = fs::metadata(project.path("input.h5")).expect("there").ino();
    let other = Project::new(3);
    other.write_input(&|catchment, step| precipitation(catchment, step) + 1.0);
    fs::write(project.path("input.h5"), other.read("input.h5")).expect("written");
    assert_eq!(
        fs::metadata(project.path("input.h5")).expect("there").ino(),
        same
    );
    for index in 0..submitted.batches() {
        let run = submitted.work(index).expect(0);
        run.says("failed: its input changed during the run");
    }
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn another_program_on_a_node_is_told_with_both_machines() {
    let project = Project::new(3);
    let program = project.path("elsewhere.sh");
    fs::copy(project.path("simulator.sh"), &program).expect("copied");
    project.edit(
        "\"./simulator.sh\"",
        &format!("{:?}", program.display().to_string()),
    );
    let submitted = Submitted::of(&project);
    fs::write(&program, "#!/bin/sh\nexit 9\n").expect("written");
    let run = submitted.work(0);
    assert_ne!(run.code, 0);
    run.says(&format!("{} on ", program.display()));
    run.says("is not the one on");
    fs::remove_file(&program).expect("removed");
    let gone: Run = submitted.task(0, "41", 1).output().expect("it").into();
    gone.says("can't read the program");
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn what_a_killed_attempt_has_left_goes_with_the_next() {
    let project = Project::new(3);
    project.set(&[(0, "hang"), (1, "hang"), (2, "hang")]);
    let submitted = Submitted::of(&project);
    let mut task = submitted.task(0, "41", 0);
    let mut task = task.stderr(Stdio::null()).spawn().expect("the binary");
    project.wait_for("calls");
    task.kill().expect("killed");
    task.wait().expect("ended");
    project.expect_all_gone();
    assert_eq!(fs::read_dir(&submitted.scratch).expect("it").count(), 1);
    fs::remove_file(project.path("calls")).expect("removed");
    let mut next = submitted.task(0, "41", 1);
    let mut next = next.stderr(Stdio::null()).spawn().expect("the binary");
    project.wait_for("calls");
    assert_eq!(fs::read_dir(&submitted.scratch).expect("it").count(), 1);
    kill_process(Pid::from_child(&next), Signal::TERM).expect("signalled");
    assert!(next.wait().expect("ended").success());
    assert!(submitted.is_tidy());
}

#[test]
fn evidence_of_many_failures_is_bounded() {
    let project = Project::new(25);
    let failing: Vec<(usize, &str)> = (0..25).map(|at| (at, "exit")).collect();
    project.set(&failing);
    let submitted = Submitted::of(&project);
    submitted.work_all();
    let mut kept = 0;
    for attempt in fs::read_dir(submitted.package.join("failed")).expect("listed") {
        let attempt = attempt.expect("an entry").path();
        let count = fs::read_dir(attempt).expect("listed").count();
        assert!(count <= 20);
        kept += count;
    }
    assert!(kept >= 20);
    assert!(submitted.is_tidy());
}

/// Runs a script as root of a namespace, where it may mount; `None` if the user has these tests left out.
fn as_root(folder: &Path, script: &str, task: &Command) -> Option<String> {
    if std::env::var_os("RERUNOFF_NO_NAMESPACES").is_some() {
        eprintln!("left out, as RERUNOFF_NO_NAMESPACES asks for");
        return None;
    }
    let arguments: Vec<_> = task.get_args().collect();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(format!(
            "set -eu\nwork() {{ code=0; \"$@\" || code=$?; echo \"code: $code\" >&2; }}\n{script}"
        ))
        .arg("sh")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("unshare, of util-linux");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        output.status.success(),
        "{told}\nAre user namespaces forbidden here? RERUNOFF_NO_NAMESPACES=1 leaves this test out."
    );
    Some(told)
}

#[test]
fn a_full_disk_on_a_node_is_the_nodes_trouble() {
    let project = Project::new(4);
    project.write_toml(&format!("{}\n[cache]\nwork = \"disk\"\n", project.toml()));
    let submitted = Submitted::of(&project);
    let script = "
        mount -t tmpfs -o size=100k none scratch
        head -c 90000 /dev/zero > scratch/ballast
        shift; work \"$@\"
        ls -A scratch";
    let task = submitted.task(0, "41", 0);
    let Some(told) = as_root(project.root(), script, &task) else {
        return;
    };
    assert!(told.contains("No space left on device"), "{told}");
    assert!(
        told.contains("ended: ") && told.contains("scratch"),
        "{told}"
    );
    assert!(told.contains("code: 4"), "{told}");
    let again: Run = submitted.task(0, "41", 1).output().expect("it").into();
    again.expect(0).says("ended: done");
    submitted.work_all();
    submitted.collect().expect(0);
}

#[test]
fn a_full_shared_disk_is_waited_for_and_then_told() {
    let project = Project::new(2);
    let submitted = Submitted::of(&project);
    let incoming = submitted.package.join("in");
    let incoming = incoming
        .strip_prefix(project.root())
        .expect("below")
        .display();
    let script = format!(
        "
        mount -t tmpfs -o size=64k none {incoming}
        head -c 64000 /dev/zero > {incoming}/.ballast
        shift; work \"$@\"
        ls {incoming}"
    );
    let task = submitted.task(0, "41", 0);
    let Some(told) = as_root(project.root(), &script, &task) else {
        return;
    };
    assert!(told.contains("trying again"), "{told}");
    assert!(told.contains("/in/0.41-0-0-"), "{told}");
    assert!(told.contains("No space left on device"), "{told}");
    assert!(told.contains("code: 4"), "{told}");
}

#[test]
fn what_tasks_leave_is_for_this_user_alone() {
    let project = Project::new(2);
    let submitted = Submitted::of(&project);
    submitted.work_all();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o077;
    for entry in fs::read_dir(submitted.package.join("in")).expect("segments") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0);
    }
    assert_eq!(mode(&submitted.package), 0);
}
