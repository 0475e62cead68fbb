//! The keeper: the process that starts a script's runs, ends those whose time is up, and all when it is told to.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setsid, waitid};
use rustix::stdio::dup2_stdout;
use signal_hook::consts::SIGTERM;
use signal_hook::low_level;

use super::marked::id;
use super::{AT_ONCE, CALLED, GRACE, INDEX, JOB, NAME, SCRIPT, SECONDS, TASKS, login};
use crate::system::process::ended::Ended;
use crate::system::process::timespec;

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

/// The keeper's process; see [`VERB`](super::VERB).
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
            let child = Command::new(&interpreter)
                .arg(&script)
                .env_clear()
                .envs(login())
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
