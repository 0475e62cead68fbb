//! A script that is run so many times, so many at once, apart from whoever asked for it.
//!
//! A process of its own, the keeper, leads a session of its own, so that neither a terminal's signals nor its end reach it, and
//! outlives the process that started it. It starts the script's runs, each as the leader of a process group, ends those whose time is up,
//! and ends all when it is told to by TERM. Nothing is written anywhere: whoever wants to know what is still there looks into
//! `/proc`, where each process has its marks in its environment, and the keeper, as its name, how many runs it has begun.
//! So what is told is what is there, a process's number is never mistaken for an earlier one's, and a keeper that was killed is seen to be gone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, setsid, waitid,
};
use rustix::stdio::dup2_stdout;
use signal_hook::consts::SIGTERM;
use signal_hook::low_level;

use super::ended::Ended;
use super::server::keep_from_children;
use super::{this_program, timespec};

/// The hidden verb that makes rerunoff a keeper. What it is to do is in its environment.
pub(crate) const VERB: &str = "keep-tasks";

/// How long a run has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(10);

/// The marks: what all processes of a job have, what its runs have, what its keeper has.
const NAME: &str = "RERUNOFF_NAME";
const JOB: &str = "RERUNOFF_JOB";
const INDEX: &str = "RERUNOFF_INDEX";
const TASKS: &str = "RERUNOFF_TASKS";
const SCRIPT: &str = "RERUNOFF_SCRIPT";
const AT_ONCE: &str = "RERUNOFF_AT_ONCE";
const SECONDS: &str = "RERUNOFF_SECONDS";

/// What a keeper is called, before the number of runs that it has begun.
const CALLED: &str = "tasks ";

/// What is handed on of the environment: what a login would make anew.
const LOGIN: [&str; 5] = ["HOME", "USER", "LOGNAME", "PATH", "SHELL"];

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tasks<'a> {
    /// The job's name: no other has the same.
    pub name: &'a str,
    /// The script, whose first line names its interpreter.
    pub script: &'a Path,
    /// How many times.
    pub tasks: u32,
    /// How many of them at once.
    pub at_once: u32,
    /// How long one may take.
    pub seconds: u64,
}

/// What is there of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its id.
    pub job: String,
    /// The runs that are under way, by index, with their processes.
    pub running: BTreeMap<u32, Vec<Pid>>,
    /// The indices of those that are yet to begin.
    pub waiting: std::ops::Range<u32>,
    /// Its keeper.
    keeper: Option<Pid>,
}

impl Tasks<'_> {
    /// Starts a keeper for it. The job's id, which is known to be right when this returns.
    pub(crate) fn start(&self) -> io::Result<String> {
        // It outlives this process, whose files it must not keep open: HDF5's have locks.
        keep_from_children()?;
        let login = LOGIN
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut keeper = this_program(VERB, "system::process::tasks::tests::keeper_of_these_tests")
            .env_clear()
            .envs(login)
            .env(NAME, self.name)
            .env(SCRIPT, self.script)
            .env(TASKS, self.tasks.to_string())
            .env(AT_ONCE, self.at_once.to_string())
            .env(SECONDS, self.seconds.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut job = None;
        if let Some(stdout) = keeper.stdout.take() {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            job = { lines }.find_map(|line| Some(line.strip_prefix(CALLED)?.to_owned()));
        }
        // Reaped when it ends, if this process is still there.
        thread::spawn(move || keeper.wait());
        job.ok_or_else(|| io::Error::other("the process that was to start tasks has ended"))
    }
}

/// What there is of the jobs of these names, by name. One that is not there is not in the answer.
pub(crate) fn kept(names: &[&str]) -> io::Result<BTreeMap<String, Kept>> {
    let mut found: BTreeMap<String, Kept> = BTreeMap::new();
    let is_wanted = |name: &str| names.contains(&name);
    // Keepers first: what they begin meanwhile is then met as a run or still counted as waiting, and nothing is overlooked.
    for process in processes()?
        .iter()
        .filter(|process| process.index.is_none() && is_wanted(&process.name))
    {
        let Some(tasks) = process.tasks else {
            continue;
        };
        // One that ends meanwhile has begun all it ever will, or leaves orphans, which are met below.
        let (Some(comm), Some(job)) = (shown(process.pid, "comm")?, id(process.pid)?) else {
            continue;
        };
        let comm = String::from_utf8_lossy(&comm);
        let begun = comm
            .strip_prefix(CALLED)
            .and_then(|begun| begun.trim().parse().ok());
        let Some(begun) = begun else {
            continue;
        };
        let kept = found.entry(process.name.clone()).or_default();
        kept.job = job;
        kept.waiting = begun..tasks;
        kept.keeper = Some(process.pid);
    }
    for process in processes()? {
        let (Some(index), Some(job)) = (process.index, process.job) else {
            continue;
        };
        if is_wanted(&process.name) {
            let kept = found.entry(process.name).or_default();
            kept.job = job;
            kept.running.entry(index).or_default().push(process.pid);
        }
    }
    Ok(found)
}

/// Has the jobs of these names ended. Their keepers see to it, and where there is none any more, this waits until nothing is left.
pub(crate) fn end(names: &[&str]) -> io::Result<()> {
    let orphans = || -> io::Result<Vec<Pid>> {
        let kept = kept(names)?.into_values();
        let orphans = kept.filter(|kept| kept.keeper.is_none());
        Ok(orphans
            .flat_map(|kept| kept.running.into_values().flatten())
            .collect())
    };
    for keeper in kept(names)?.values().filter_map(|kept| kept.keeper) {
        kill_process(keeper, Signal::TERM).ok();
    }
    for process in orphans()? {
        kill_process(process, Signal::TERM).ok();
        kill_process(process, Signal::CONT).ok();
    }
    let killing = Instant::now() + GRACE;
    loop {
        let left = orphans()?;
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= killing {
            for process in left {
                kill_process(process, Signal::KILL).ok();
            }
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A process with the marks of a job.
struct Marked {
    pid: Pid,
    name: String,
    job: Option<String>,
    index: Option<u32>,
    tasks: Option<u32>,
}

/// All processes with marks that may be looked at: this user's.
fn processes() -> io::Result<Vec<Marked>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        let Some(environment) = shown(pid, "environ")? else {
            continue;
        };
        let value = |name: &str| {
            let mut variables = environment.split(|byte| *byte == 0);
            let value = variables
                .find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        if let Some(name) = value(NAME) {
            found.push(Marked {
                pid,
                name,
                job: value(JOB),
                index: value(INDEX).and_then(|index| index.parse().ok()),
                tasks: value(TASKS).and_then(|tasks| tasks.parse().ok()),
            });
        }
    }
    Ok(found)
}

/// What `/proc` shows of a process in this file. Nothing of one that is another user's, or that has ended, even while it was looked at.
fn shown(pid: Pid, file: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(format!("/proc/{}/{file}", pid.as_raw_pid())) {
        Ok(shown) => Ok(Some(shown)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM) => Ok(None),
            _ => Err(error),
        },
    }
}

/// A keeper's number and when it started, which no other process ever has together until the machine starts anew. Nothing for one
/// that has ended.
fn id(pid: Pid) -> io::Result<Option<String>> {
    let stat = shown(pid, "stat")?;
    Ok(stat.map(|stat| {
        let stat = String::from_utf8_lossy(&stat);
        // The second field may hold anything, so it is skipped from its end; the start is the 22nd.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let start = fields.split_whitespace().nth(19).unwrap_or_default();
        format!("{}-{start}", pid.as_raw_pid())
    }))
}

/// A run that is not reaped yet.
struct Run {
    child: Child,
    /// When its time is up, or, once it was told to end, when it is killed.
    until: Instant,
    was_told: bool,
}

impl Run {
    fn signal(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).ok();
    }

    fn tell_to_end(&mut self) {
        if !self.was_told {
            self.signal(Signal::TERM);
            // A stopped process would not see the TERM.
            self.signal(Signal::CONT);
            self.was_told = true;
            self.until = Instant::now() + GRACE;
        }
    }

    /// Reaps it if it has ended, with what is left of its group.
    fn has_ended(&mut self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(Pid::from_child(&self.child)), look)?.is_none() {
            return Ok(false);
        }
        self.signal(Signal::KILL);
        self.child.wait()?;
        Ok(true)
    }
}

/// The keeper's process; see [`VERB`].
pub(crate) fn keep() -> io::Result<()> {
    let text = |name: &str| {
        let value = std::env::var_os(name);
        value.ok_or_else(|| io::Error::other(format!("{name} is not set")))
    };
    let number = |name: &str| {
        let number = text(name)?
            .to_str()
            .and_then(|text| text.parse::<u64>().ok());
        number.ok_or_else(|| io::Error::other(format!("{name} is no number")))
    };
    let (name, script) = (text(NAME)?, PathBuf::from(text(SCRIPT)?));
    let (tasks, at_once) = (number(TASKS)?, number(AT_ONCE)?);
    let time = Duration::from_secs(number(SECONDS)?);
    let interpreter = interpreter(&script)?;
    setsid()?;
    let ended = Ended::new()?;
    let (told, theirs) = UnixStream::pair()?;
    low_level::pipe::register(SIGTERM, theirs)?;
    call_itself(0)?;
    let job = id(rustix::process::getpid())?;
    let job = job.ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "\n{CALLED}{job}")?;
    stdout.flush()?;
    dup2_stdout(fs::File::options().write(true).open("/dev/null")?)?;

    let mut runs: Vec<Run> = Vec::new();
    let (mut begun, mut is_over) = (0, false);
    loop {
        while !is_over && begun < tasks && (runs.len() as u64) < at_once {
            let login = LOGIN
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?)));
            let child = Command::new(&interpreter)
                .arg(&script)
                .env_clear()
                .envs(login)
                .env(NAME, &name)
                .env(JOB, &job)
                .env(INDEX, begun.to_string())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()?;
            begun += 1;
            call_itself(begun)?;
            runs.push(Run {
                child,
                until: Instant::now() + time,
                was_told: false,
            });
        }
        if runs.is_empty() {
            return Ok(());
        }
        let until = runs.iter().map(|run| run.until).min();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut fds = [
            PollFd::new(&ended, PollFlags::IN),
            PollFd::from_borrowed_fd(told.as_fd(), PollFlags::IN),
        ];
        // What was told stays readable: it is looked at once.
        let watched = if is_over { &mut fds[..1] } else { &mut fds[..] };
        match poll(watched, left.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        ended.take_note();
        is_over |= !fds[1].revents().is_empty();
        let mut left = Vec::new();
        for mut run in runs {
            if run.has_ended()? {
                continue;
            }
            match (run.until <= Instant::now(), run.was_told) {
                (true, true) => run.signal(Signal::KILL),
                (true, false) => run.tell_to_end(),
                (false, _) if is_over => run.tell_to_end(),
                (false, _) => {}
            }
            left.push(run);
        }
        runs = left;
    }
}

/// Shows how many runs were begun, as the name of the process.
fn call_itself(begun: u64) -> io::Result<()> {
    fs::write("/proc/self/comm", format!("{CALLED}{begun}"))
}

/// The program that a script's first line names. The script itself may lie where nothing may be started.
fn interpreter(script: &Path) -> io::Result<OsString> {
    let text = fs::read(script)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let named = line.strip_prefix(b"#!").map(<[u8]>::trim_ascii);
    let named = named.filter(|named| !named.is_empty());
    let path = named.ok_or_else(|| io::Error::other("the script names no interpreter"))?;
    Ok(OsString::from_vec(path.to_vec()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// Does nothing in a run of all tests; see [`command`].
    #[test]
    fn keeper_of_these_tests() {
        if std::env::var_os(NAME).is_some() {
            keep().expect("kept to the end");
            std::process::exit(0);
        }
    }

    /// A name that no other job has.
    fn name() -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.expect("after 1970").as_nanos();
        format!("rr-{now}.{}", std::process::id())
    }

    /// Starts a job whose runs do this.
    fn start(folder: &Path, name: &str, lines: &str, seconds: u64) -> String {
        let script = folder.join("script");
        fs::write(
            &script,
            format!("#!/bin/sh\ncd {}\n{lines}\n", folder.display()),
        )
        .expect("a script");
        let tasks = Tasks {
            name,
            script: &script,
            tasks: 5,
            at_once: 2,
            seconds,
        };
        tasks.start().expect("a job")
    }

    /// Waits until this holds of what is there.
    #[track_caller]
    fn wait(name: &str, holds: impl Fn(Option<&Kept>) -> bool) {
        for _ in 0..3000 {
            if holds(kept(&[name]).expect("a list").get(name)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{:?}", kept(&[name]));
    }

    #[test]
    fn so_many_run_at_once_and_each_of_them_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines = "echo $RERUNOFF_INDEX >> begun; while [ ! -e go ]; do sleep 0.05; done; echo $RERUNOFF_INDEX >> ended";
        let job = start(folder.path(), &name, lines, 600);
        // A task is there before the list of those that wait is without it.
        wait(&name, |kept| {
            kept.is_some_and(|kept| kept.running.len() == 2 && kept.waiting == (2..5))
        });
        let here = kept(&[&name])
            .expect("a list")
            .remove(&name)
            .expect("there");
        assert_eq!(here.job, job);
        assert!(here.running.keys().eq(&[0, 1]));
        assert_eq!(kept(&["rr-other"]).expect("a list"), BTreeMap::new());
        fs::write(folder.path().join("go"), "").expect("a file");
        wait(&name, |kept| kept.is_none());
        let ended = fs::read_to_string(folder.path().join("ended")).expect("a text");
        let mut ended: Vec<&str> = ended.lines().collect();
        ended.sort_unstable();
        assert_eq!(ended, ["0", "1", "2", "3", "4"]);
    }

    #[test]
    fn all_end_when_the_job_is_ended_and_hear_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines =
            "trap 'echo told >> told; exit' TERM; echo >> begun; while :; do sleep 0.05; done";
        start(folder.path(), &name, lines, 600);
        let begun = || fs::read_to_string(folder.path().join("begun")).unwrap_or_default();
        wait(&name, |_| begun().lines().count() == 2);
        end(&[&name]).expect("told");
        wait(&name, |kept| kept.is_none());
        let told = fs::read_to_string(folder.path().join("told")).expect("a text");
        assert_eq!((told.lines().count(), begun().lines().count()), (2, 2));
    }

    #[test]
    fn runs_whose_keeper_was_killed_are_still_there_and_can_be_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let job = start(folder.path(), &name, "sleep 1000", 600);
        wait(&name, |kept| {
            kept.is_some_and(|kept| kept.running.len() == 2)
        });
        let keeper = kept(&[&name]).expect("a list")[&name].keeper;
        kill_process(keeper.expect("a keeper"), Signal::KILL).expect("killed");
        wait(&name, |kept| kept.is_some_and(|kept| kept.keeper.is_none()));
        let left = kept(&[&name])
            .expect("a list")
            .remove(&name)
            .expect("there");
        assert_eq!((left.job, left.waiting, left.running.len()), (job, 0..0, 2));
        end(&[&name]).expect("ended");
        assert_eq!(kept(&[&name]).expect("a list"), BTreeMap::new());
    }

    #[test]
    fn of_a_process_that_has_ended_nothing_is_shown() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("started");
        let pid = Pid::from_child(&child);
        let number = format!("{}-", pid.as_raw_pid());
        let is_it = |id: &String| id.starts_with(&number) && *id != number;
        assert!(id(pid).expect("shown").as_ref().is_some_and(is_it));
        child.kill().expect("told");
        child.wait().expect("reaped");
        assert_eq!(id(pid).expect("nothing"), None);
        assert_eq!(shown(pid, "environ").expect("nothing"), None);
    }

    #[test]
    fn a_run_whose_time_is_up_is_told_and_the_next_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines = "trap 'echo told >> told; exit' TERM; while :; do sleep 0.05; done";
        start(folder.path(), &name, lines, 1);
        wait(&name, |kept| kept.is_none());
        let told = fs::read_to_string(folder.path().join("told")).expect("a text");
        assert_eq!(told.lines().count(), 5);
    }

    #[test]
    fn without_a_script_nothing_is_started() {
        let name = name();
        let tasks = Tasks {
            name: &name,
            script: Path::new("/no/such/script"),
            tasks: 1,
            at_once: 1,
            seconds: 1,
        };
        assert!(tasks.start().is_err());
        assert_eq!(kept(&[&name]).expect("a list"), BTreeMap::new());
    }
}
