//! Children that misbehave in every known way, and proof that none of them is left.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use tempfile::TempDir;

use super::interrupt::SecondInt;
use super::server::serve_where;
use super::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

struct Place {
    folder: TempDir,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            stdout: folder.path().join("stdout"),
            stderr: folder.path().join("stderr"),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    fn script(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755))
            .expect("made executable");
    }

    fn shell(&self, script: &str, timeout: Duration, interrupt: &Interrupt) -> Finished {
        let arguments = ["-c".into(), script.into()];
        let environment = [("PATH".into(), "/usr/bin:/bin".into())];
        let invocation = self.invocation("sh", &arguments, &environment, timeout);
        run(&invocation, interrupt).expect("it can be run")
    }

    fn invocation<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [OsString],
        environment: &'a [(OsString, OsString)],
        timeout: Duration,
    ) -> Invocation<'a> {
        Invocation {
            program: OsStr::new(program),
            arguments,
            directory: self.folder.path(),
            environment,
            stdout: &self.stdout,
            stderr: &self.stderr,
            appends: false,
            timeout: Some(timeout),
            grace: SHORT,
            largest_file: 1 << 30,
            fence: None,
        }
    }

    /// What a script has left goes with it when it takes longer than it may.
    #[track_caller]
    fn assert_dead_at_the_deadline(&self, script: &str, file: &str) {
        let script = format!("{script}; sleep 1000");
        let finished = self.shell(&script, Duration::from_secs(1), &never());
        assert_eq!(finished.end, End::TimedOut);
        self.assert_dead(file);
    }

    /// Waits until the process whose id is in the file is gone, or a zombie that has not been reaped yet.
    fn assert_dead(&self, file: &str) {
        let pid = self.read(file);
        let stat = format!("/proc/{}/stat", pid.trim());
        for _ in 0..500 {
            match fs::read_to_string(&stat) {
                Err(_) => return,
                Ok(text) if text.contains(") Z") || text.contains(") X") => return,
                Ok(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("process {pid} lives");
    }
}

/// Set for the process that is a guard of these tests, to the kernel that it takes itself to be on.
pub(super) const GUARD: &str = "RERUNOFF_TEST_GUARD";

/// A kernel that does not tell the end of each child.
const OLD: &str = "old";

thread_local! {
    /// The kernel that guards of this thread take themselves to be on.
    pub(super) static KERNEL: Cell<&'static str> = const { Cell::new("this") };
}

/// Not a test of its own: what is started as the guard here, see `guard::command`.
#[test]
fn guard_of_these_tests() {
    if let Some(kernel) = std::env::var_os(GUARD) {
        let socket = std::io::stdin().as_fd().try_clone_to_owned();
        let socket = socket.expect("a socket");
        let served = match kernel == OLD {
            true => serve_where(false, socket),
            false => serve(socket),
        };
        served.expect("served");
    }
}

#[test]
fn on_an_old_kernel_ends_are_told_as_well() {
    KERNEL.set(OLD);
    let (place, mut guard) = (Place::new(), Guard::default());
    let fence = Fence::default();
    for fence in [None, Some(&fence), Some(&fence), None] {
        let arguments = ["-c".into(), "sleep 0.05; echo $PPID; exit 3".into()];
        let invocation = Invocation {
            fence,
            ..place.invocation("/bin/sh", &arguments, &[], LONG)
        };
        let ended = guard.run(&invocation, &never()).expect("runs");
        assert_eq!(ended.end, End::Exited(3));
    }
    place.assert_dead_at_the_deadline(DAEMONISE, "daemon");
}

fn run(invocation: &Invocation<'_>, interrupt: &Interrupt) -> Result<Finished, ProcessError> {
    Guard::default().run(invocation, interrupt)
}

fn never() -> Interrupt {
    Interrupt::new().expect("an interrupt")
}

#[test]
fn exit_codes_signals_and_output() {
    let place = Place::new();
    let ended = |script| place.shell(script, LONG, &never());
    assert_eq!(ended("echo out; echo err >&2").end, End::Exited(0));
    assert_eq!(place.read("stdout"), "out\n");
    assert_eq!(place.read("stderr"), "err\n");
    assert_eq!(ended("exit 7").end, End::Exited(7));
    assert_eq!(
        place.read("stdout"),
        "",
        "the file of the run before is emptied"
    );
    assert_eq!(ended("kill -SEGV $$").end, End::Signalled(11));
    assert_eq!(
        ended("cat; pwd > where").end,
        End::Exited(0),
        "standard input is empty"
    );
    let here = place.folder.path().canonicalize().expect("there");
    assert_eq!(Path::new(place.read("where").trim()), here);
}

#[test]
fn both_outputs_may_share_a_file() {
    let place = Place::new();
    let arguments = ["-c".into(), "echo one; echo two >&2; echo three".into()];
    let both = place.path("both");
    let invocation = Invocation {
        stdout: &both,
        stderr: &both,
        ..place.invocation("/bin/sh", &arguments, &[], LONG)
    };
    run(&invocation, &never()).expect("runs");
    assert_eq!(place.read("both"), "one\ntwo\nthree\n");
}

#[test]
fn what_is_printed_can_be_added_to_a_file_but_to_nothing_else() {
    let place = Place::new();
    let arguments = ["-c".into(), "echo one; echo two >&2".into()];
    let first = place.invocation("/bin/sh", &arguments, &[], LONG);
    run(&first, &never()).expect("runs");
    let further = Invocation {
        appends: true,
        ..first
    };
    run(&further, &never()).expect("runs");
    assert_eq!(place.read("stdout"), "one\none\n");
    assert_eq!(place.read("stderr"), "two\ntwo\n");
    // What the first left in their place is neither followed nor waited for.
    fs::write(place.path("elsewhere"), "").expect("written");
    fs::remove_file(place.path("stdout")).expect("removed");
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path("stdout")).expect("linked");
    let refused = run(&further, &never()).expect_err("a link");
    assert!(matches!(refused, ProcessError::Printed { .. }), "{refused}");
    assert_eq!(place.read("elsewhere"), "");
    fs::remove_file(place.path("stdout")).expect("removed");
    let pipe = std::process::Command::new("mkfifo")
        .arg(place.path("stdout"))
        .status();
    assert!(pipe.is_ok_and(|made| made.success()));
    let refused = run(&further, &never()).expect_err("a pipe");
    assert!(matches!(refused, ProcessError::Printed { .. }), "{refused}");
}

#[test]
fn the_environment_is_what_was_listed() {
    let place = Place::new();
    let environment = [
        ("PATH".into(), "/usr/bin:/bin".into()),
        ("A".into(), "1 2".into()),
    ];
    let invocation = place.invocation("env", &[], &environment, LONG);
    run(&invocation, &never()).expect("runs");
    let mut lines: Vec<_> = place.read("stdout").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["A=1 2", "PATH=/usr/bin:/bin"]);
}

#[test]
fn a_relative_program_starts_in_the_directory_and_keeps_its_name() {
    let place = Place::new();
    place.script("server", "#!/bin/sh\necho \"$1\"\n");
    let arguments = ["RUN".into()];
    let invocation = place.invocation("./server", &arguments, &[], LONG);
    assert_eq!(
        run(&invocation, &never()).expect("runs").end,
        End::Exited(0)
    );
    assert_eq!(place.read("stdout"), "RUN\n");
    let arguments = ["-c".into(), "echo \"$0\"; cat /proc/$$/cmdline".into()];
    let invocation = place.invocation("sh", &arguments, &[], LONG);
    run(&invocation, &never()).expect("runs");
    assert!(place.read("stdout").starts_with("sh\nsh\0-c\0"));
}

#[test]
fn cost_is_measured() {
    let place = Place::new();
    let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let cost = place.shell(busy, LONG, &never()).cost;
    assert!(cost.user > 0.0 && cost.wall >= cost.user / 2.0);
    assert!(cost.peak_bytes > 100_000);
}

#[test]
fn a_deadline_ends_the_group_even_if_it_ignores_term() {
    let place = Place::new();
    let script = "trap '' TERM; (trap '' TERM; sleep 1000 & echo $! > grandchild; wait) & \
                  echo $! > child; while :; do sleep 1000; done";
    let finished = place.shell(script, Duration::from_secs(1), &never());
    assert_eq!(finished.end, End::TimedOut);
    assert!(finished.cost.wall >= 1.0);
    place.assert_dead("child");
    place.assert_dead("grandchild");
}

#[test]
fn a_child_may_tidy_up_in_its_grace() {
    let place = Place::new();
    let arguments = [
        "-c".into(),
        "trap 'echo tidy > tidied; exit 0' TERM; while :; do sleep 0.05; done".into(),
    ];
    let environment = [("PATH".into(), "/usr/bin:/bin".into())];
    let invocation = Invocation {
        grace: LONG,
        ..place.invocation("sh", &arguments, &environment, Duration::from_secs(1))
    };
    let finished = run(&invocation, &never()).expect("runs");
    assert_eq!(finished.end, End::TimedOut);
    assert_eq!(place.read("tidied"), "tidy\n");
}

#[test]
fn what_a_leader_leaves_behind_is_killed() {
    let place = Place::new();
    let script =
        "sleep 1000 & echo $! > left; (trap '' HUP TERM; sleep 1000) & echo $! > stubborn; exit 3";
    let finished = place.shell(script, LONG, &never());
    assert_eq!(finished.end, End::Exited(3));
    place.assert_dead("left");
    place.assert_dead("stubborn");
}

/// Forks twice and leads a session of its own, as daemons do; the number of the daemon goes to `daemon`.
pub(super) const DAEMONISE: &str = "(setsid sh -c 'trap \"\" HUP TERM; (echo $(exec sh -c \"echo \\$PPID\") > daemon; \
    sleep 1000; :) & sleep 0.1' &); while [ ! -s daemon ]; do sleep 0.01; done; sleep 0.2";

#[test]
fn a_daemon_ends_with_what_started_it() {
    let place = Place::new();
    let finished = place.shell(&format!("{DAEMONISE}; exit 4"), LONG, &never());
    assert_eq!(finished.end, End::Exited(4));
    place.assert_dead("daemon");
    place.assert_dead_at_the_deadline(&format!("rm daemon; {DAEMONISE}"), "daemon");
}

#[test]
fn a_guard_serves_many_runs_and_is_replaced_when_it_is_lost() {
    let place = Place::new();
    let mut guard = Guard::default();
    let mut parent_of = |script: &str| {
        let arguments = ["-c".into(), script.into()];
        let invocation = place.invocation("/bin/sh", &arguments, &[], LONG);
        let ended = guard.run(&invocation, &never());
        (ended, place.read("stdout"))
    };
    let (ended, first) = parent_of("echo $PPID");
    assert_eq!(ended.expect("runs").end, End::Exited(0));
    assert_eq!(parent_of("echo $PPID").1, first, "the same guard");
    // Not at once: until the guard has recorded the group, it is unknown what to end.
    let (ended, _) = parent_of("echo $$ > child; sleep 0.3; kill -9 $PPID; exec sleep 1000");
    assert!(matches!(ended, Err(ProcessError::Guard { .. })));
    place.assert_dead("child");
    let (ended, another) = parent_of("echo $PPID");
    assert_eq!(ended.expect("runs").end, End::Exited(0));
    assert_ne!(another, first);
}

#[test]
fn a_guard_outlives_the_signals_of_batch_systems_and_its_children_do_not() {
    let place = Place::new();
    let signals = "INT TERM HUP USR1 USR2 XCPU";
    let all = place.shell(
        &format!("for signal in {signals}; do kill -$signal $PPID; done; exit 7"),
        LONG,
        &never(),
    );
    assert_eq!(all.end, End::Exited(7), "the guard tells how it ended");
    for signal in [libc::SIGTERM, libc::SIGUSR1, libc::SIGXCPU] {
        let killed = place.shell(&format!("kill -{signal} $$"), LONG, &never());
        assert_eq!(killed.end, End::Signalled(signal), "as by default");
    }
}

#[test]
fn endless_output_is_cut_by_the_deadline() {
    let place = Place::new();
    let finished = place.shell("head -c 50000000 /dev/zero", LONG, &never());
    assert_eq!(finished.end, End::Exited(0));
    let printed = fs::metadata(place.path("stdout")).expect("there");
    assert_eq!(printed.len(), 50_000_000);
}

#[test]
fn an_interrupt_wakes_every_worker() {
    let interrupt = never();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let place = Place::new();
                    let finished = place.shell(
                        "trap '' TERM; sleep 1000 & echo $! > child; wait; wait",
                        LONG,
                        &interrupt,
                    );
                    if place.path("child").exists() {
                        place.assert_dead("child");
                    }
                    finished.end
                })
            })
            .collect();
        std::thread::sleep(SHORT);
        interrupt.trigger();
        for worker in workers {
            assert_eq!(worker.join().expect("no panic"), End::Interrupted);
        }
    });
    let place = Place::new();
    assert_eq!(
        place.shell("echo > ran", LONG, &interrupt).end,
        End::Interrupted
    );
    assert!(
        !place.path("ran").exists(),
        "nothing starts after an interrupt"
    );
}

#[test]
fn a_signal_triggers() {
    let interrupt = never();
    interrupt
        .install_for(&[signal_hook::consts::SIGUSR2], SecondInt::Exits)
        .expect("installed");
    assert!(!interrupt.is_triggered());
    signal_hook::low_level::raise(signal_hook::consts::SIGUSR2).expect("raised");
    assert!(interrupt.wait(LONG), "woken");
    assert!(interrupt.is_triggered());
    assert!(!never().wait(Duration::from_millis(1)));
}

#[test]
fn each_way_of_not_starting_has_its_error() {
    let place = Place::new();
    let error = |program: &str| {
        run(&place.invocation(program, &[], &[], LONG), &never()).expect_err("it cannot start")
    };
    assert!(matches!(
        error("no-such-program"),
        ProcessError::NoProgram(_)
    ));
    assert!(matches!(error(""), ProcessError::NoProgram(_)));
    assert!(
        matches!(error("./missing"), ProcessError::NoProgram(path) if path == place.path("missing"))
    );

    fs::write(place.path("plain"), "#!/bin/sh\n").expect("written");
    assert!(matches!(error("./plain"), ProcessError::NotExecutable(_)));
    place.script("nothing", "\x01\x02 no program");
    assert!(matches!(error("./nothing"), ProcessError::NotExecutable(_)));
    place.script("orphan", "#!/no/such/interpreter\n");
    assert!(matches!(error("./orphan"), ProcessError::NoInterpreter(_)));
    assert!(matches!(error("/tmp"), ProcessError::NotExecutable(_)));

    let gone = place.path("gone");
    let invocation = Invocation {
        directory: &gone,
        ..place.invocation("/bin/sh", &[], &[], LONG)
    };
    let error = run(&invocation, &never()).expect_err("no folder");
    assert!(matches!(error, ProcessError::NoDirectory(path) if path == gone));

    let unwritable = place.path("gone/stdout");
    let invocation = Invocation {
        stdout: &unwritable,
        ..place.invocation("/bin/sh", &[], &[], LONG)
    };
    let error = run(&invocation, &never()).expect_err("no folder");
    assert!(matches!(error, ProcessError::Printed { path, .. } if path == unwritable));

    let nul = ["a\0b".into()];
    let error =
        run(&place.invocation("/bin/sh", &nul, &[], LONG), &never()).expect_err("no such argument");
    assert!(matches!(error, ProcessError::Start { .. }));
}

#[test]
fn a_program_that_is_still_being_written_is_waited_for() {
    let place = Place::new();
    fs::copy("/bin/true", place.path("true")).expect("copied");
    let mut writer = fs::File::options()
        .append(true)
        .open(place.path("true"))
        .expect("opens");
    let finished = std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(SHORT);
            writer.flush().expect("flushed");
        });
        run(&place.invocation("./true", &[], &[], LONG), &never())
    });
    assert_eq!(finished.expect("it runs in the end").end, End::Exited(0));
}

const HELPER: &str = "RERUNOFF_TEST_SECOND_INTERRUPT";

/// Not a test of its own: the process that `a_second_interrupt_exits_at_once` starts and interrupts twice.
#[test]
fn helper_that_is_interrupted_twice() {
    let Some(folder) = std::env::var_os(HELPER) else {
        return;
    };
    let place = Place::new();
    let interrupt = never();
    interrupt.install().expect("installed");
    let arguments = [
        "-c".into(),
        "trap '' TERM; echo $$ > \"$F/child\"; while :; do sleep 1000; done".into(),
    ];
    let environment = [
        ("PATH".into(), "/usr/bin:/bin".into()),
        ("F".into(), folder),
    ];
    // The grace is cut to a second after an interrupt, so this child would live that long after the first one.
    run(
        &place.invocation("sh", &arguments, &environment, LONG),
        &interrupt,
    )
    .expect("runs");
    std::thread::sleep(LONG);
}

#[test]
fn a_second_interrupt_exits_at_once() {
    let place = Place::new();
    // The tests may run in the background, where INT is ignored.
    let mut helper = std::process::Command::new("/usr/bin/env")
        .arg("--default-signal")
        .arg(std::env::current_exe().expect("known"))
        .args([
            "--exact",
            "system::process::tests::helper_that_is_interrupted_twice",
        ])
        .env(HELPER, place.folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("started");
    for _ in 0..500 {
        std::thread::sleep(Duration::from_millis(20));
        if fs::read_to_string(place.path("child")).is_ok_and(|pid| !pid.is_empty()) {
            break;
        }
    }
    let pid = rustix::process::Pid::from_child(&helper);
    // A busy machine may see two that come close to each other as one.
    let mut ended = None;
    for _ in 0..20 {
        if ended.is_none() {
            rustix::process::kill_process(pid, Signal::INT).expect("sent");
            std::thread::sleep(SHORT);
            ended = helper.try_wait().expect("a child");
        }
    }
    let ended = ended.unwrap_or_else(|| helper.wait().expect("ended"));
    assert_eq!(ended.code(), Some(130));
    place.assert_dead("child");
}

/// Prints what a guard costs beside the plain start of a program; asserts nothing, as machines differ.
#[test]
#[ignore = "a measurement: cargo test --release --lib what_a_guard_costs -- --ignored --nocapture"]
fn what_a_guard_costs() {
    const RUNS: u32 = 500;
    const ROUNDS: usize = 9;
    let place = Place::new();
    let invocation = place.invocation("/bin/true", &[], &[], LONG);
    let (mut guard, interrupt) = (Guard::default(), never());
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let (wall, busy) = timed(|| {
            for _ in 0..RUNS {
                bare(&invocation);
            }
        });
        // A guard that has gone counts for what it and its children took.
        let (guarded_wall, guarded_busy) = timed(|| {
            for _ in 0..RUNS {
                guard.run(&invocation, &interrupt).expect("runs");
            }
            guard = Guard::default();
        });
        println!(
            "bare {:.0}/s, guarded {:.0}/s; CPU {:.0} and {:.0} µs a run",
            f64::from(RUNS) / wall,
            f64::from(RUNS) / guarded_wall,
            busy / f64::from(RUNS) * 1e6,
            guarded_busy / f64::from(RUNS) * 1e6,
        );
        ratios[0].push(guarded_wall / wall);
        ratios[1].push(guarded_busy / busy);
    }
    for (name, ratios) in ["wall", "CPU"].into_iter().zip(&mut ratios) {
        ratios.sort_by(f64::total_cmp);
        println!("guarded beside bare, {name}: {:.2}", ratios[ROUNDS / 2]);
    }
}

fn bare(invocation: &Invocation<'_>) {
    use std::os::unix::process::CommandExt;
    let out = fs::File::create(invocation.stdout).expect("made");
    let err = fs::File::create(invocation.stderr).expect("made");
    std::process::Command::new(invocation.program)
        .env_clear()
        .current_dir(invocation.directory)
        .stdin(std::process::Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .status()
        .expect("runs");
}

/// The seconds that pass, and those of processor time of this process and all its children.
fn timed(work: impl FnOnce()) -> (f64, f64) {
    let busy = || -> f64 {
        let stat = fs::read_to_string("/proc/self/stat").expect("there");
        let fields = stat[stat.rfind(')').expect("a name")..].split_whitespace();
        let ticks: f64 = fields.skip(12).take(4).flat_map(str::parse::<f64>).sum();
        ticks / 100.0
    };
    let (clock, before) = (std::time::Instant::now(), busy());
    work();
    (clock.elapsed().as_secs_f64(), busy() - before)
}

#[test]
fn a_child_has_the_standard_descriptors_only() {
    let place = Place::new();
    // As make's jobserver and HDF5's files are: open, and passed on to every child.
    let file = fs::File::create(place.path("open")).expect("made");
    let inherited = rustix::io::dup(&file).expect("doubled");
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).expect("set");
    let ended = place.shell("ls /proc/$$/fd; :", LONG, &never()).end;
    assert_eq!(ended, End::Exited(0));
    assert_eq!(place.read("stdout"), "0\n1\n2\n");
}

#[test]
fn no_file_grows_beyond_its_limit() {
    let place = Place::new();
    let arguments = ["-c".into(), "exec yes".into()];
    let environment = [("PATH".into(), "/usr/bin:/bin".into())];
    let invocation = Invocation {
        largest_file: 1_000_001,
        ..place.invocation("sh", &arguments, &environment, LONG)
    };
    let finished = run(&invocation, &never()).expect("runs");
    assert_eq!(finished.end, End::Signalled(libc::SIGXFSZ));
    let printed = fs::metadata(place.path("stdout")).expect("there");
    assert_eq!(printed.len(), 1_000_001);
}
