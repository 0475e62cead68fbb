//! A command that is asked something: started, given a time limit, and heard out.
//!
//! For programs of the system that answer in a moment or hang for hours, such as those of a batch system. Unlike simulators they get
//! the environment that rerunoff was started with, since their settings are there, and they need no guard: what they do is done in the
//! time that they have. The rules:
//!
//! - At the limit the command's whole process group is killed, while its leader is not reaped, so that nothing else can be hit.
//! - Both streams are read as they come, so that none fills up, and no more of them than [`MOST`]: a cut answer would be a false one,
//!   so beyond that the command is ended and there is no answer.
//! - The end of the command is the end of its answer, even if something that it left behind holds the streams open.
//! - Its standard input is empty, and it speaks English (`LC_ALL=C`), since its messages are read by rerunoff.
//! - Nothing is polled: one `poll(2)` waits for both streams, the command's end and the deadline.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::child::reason;
use super::ended::Ended;
use super::server::keep_from_children;
use super::{End, ProcessError, find_program, timespec};

/// How much a command may print on one stream: a list of a million tasks has room in it.
const MOST: usize = 256 << 20;

/// How much of what a command printed is quoted in a message.
const QUOTED: usize = 600;

/// What is asked of which program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The program: a path, from `directory`, or a name that rerunoff's own `PATH` finds.
    pub program: &'a OsStr,
    /// The arguments after it.
    pub arguments: &'a [OsString],
    /// Its working directory.
    pub directory: &'a Path,
    /// Variables whose names begin with one of these are kept from it: settings for people that would change what it prints.
    pub without: &'a [&'a str],
    /// How long it may take.
    pub limit: Duration,
}

/// What a command answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// How it ended; never [`End::Interrupted`].
    pub end: End,
    /// What it printed. Bytes that are not UTF-8 come out as �.
    pub stdout: String,
    /// What it complained of, likewise.
    pub stderr: String,
}

impl Answer {
    /// Whether it ended by itself and without an error.
    pub(crate) fn is_good(&self) -> bool {
        self.end == End::Exited(0)
    }

    /// What it has to say for itself, for a message, in one line.
    pub(crate) fn said(&self) -> String {
        let text = match (self.stderr.trim(), self.stdout.trim()) {
            ("", "") => "it printed nothing",
            ("", printed) => printed,
            (complaint, _) => complaint,
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.collect::<Vec<_>>().join("; ");
        match line.char_indices().nth(QUOTED) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line,
        }
    }
}

impl Call<'_> {
    /// Runs the command to its end or its limit.
    pub(crate) fn ask(&self) -> Result<Answer, ProcessError> {
        let mut running = Running::start(self)?;
        let end = running.attend(Instant::now() + self.limit);
        let end = end.map_err(|source| self.failed(source))?;
        let [stdout, stderr] = [&running.stdout.read, &running.stderr.read]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Answer {
            end,
            stdout,
            stderr,
        })
    }

    fn failed(&self, source: io::Error) -> ProcessError {
        ProcessError::Start {
            program: self.program.into(),
            source,
        }
    }

    /// This process's environment, less what is kept from the command, and with messages in English.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let kept_back = |name: &OsStr| {
            let name = name.as_encoded_bytes();
            let mut prefixes = self.without.iter();
            prefixes.any(|prefix| name.starts_with(prefix.as_bytes()))
        };
        std::env::vars_os()
            .filter(|(name, _)| !kept_back(name))
            .chain([("LC_ALL".into(), "C".into())])
            .collect()
    }
}

/// One stream of a command, and what came of it.
struct Stream<S> {
    /// `None` at its end.
    source: Option<S>,
    read: Vec<u8>,
}

impl<S: Read + AsFd> Stream<S> {
    fn new(source: Option<S>) -> io::Result<Self> {
        if let Some(source) = &source {
            ioctl_fionbio(source, true)?;
        }
        Ok(Self {
            source,
            read: Vec::new(),
        })
    }

    /// Takes what is there, without waiting.
    fn take(&mut self) -> io::Result<()> {
        let mut block = [0; 1 << 16];
        while let Some(source) = &mut self.source {
            match source.read(&mut block) {
                Ok(0) => self.source = None,
                Ok(_) if self.read.len() > MOST => {
                    return Err(io::Error::other("it prints without end"));
                }
                Ok(length) => self.read.extend(&block[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A command that is not reaped yet.
struct Running {
    child: Child,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    ended: Ended,
}

impl Running {
    fn start(call: &Call<'_>) -> Result<Self, ProcessError> {
        let environment = call.environment();
        let program = find_program(call.program, call.directory, &environment)?;
        // Before the start, so that no end is missed.
        let ended = Ended::new().map_err(|source| call.failed(source))?;
        // What it may leave behind must not keep this process's files open: HDF5's have locks.
        keep_from_children().map_err(|source| call.failed(source))?;
        let started = Command::new(&program)
            .arg0(call.program)
            .args(call.arguments)
            .current_dir(call.directory)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = started.map_err(|source| reason(source, program, call.directory))?;
        let failed = |source| call.failed(source);
        let stdout = Stream::new(child.stdout.take()).map_err(failed)?;
        let stderr = Stream::new(child.stderr.take()).map_err(failed)?;
        Ok(Self {
            child,
            stdout,
            stderr,
            ended,
        })
    }

    /// Reads both streams until the command has ended, or until the deadline and then its end.
    fn attend(&mut self, deadline: Instant) -> io::Result<End> {
        let pid = Pid::from_child(&self.child);
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let mut end = None;
        let read = loop {
            let has_ended = waitid(WaitId::Pid(pid), look)?.is_some();
            // What is read after the end was seen is all that the command itself printed.
            let read = self.stdout.take().and_then(|()| self.stderr.take());
            if has_ended || read.is_err() {
                break read;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                end = Some(End::TimedOut);
                break Ok(());
            }
            self.sleep(left)?;
        };
        if end.is_some() || read.is_err() {
            kill_process_group(pid, Signal::KILL).ok();
        }
        let status = self.child.wait()?;
        read?;
        Ok(end.unwrap_or_else(|| End::by_itself(status)))
    }

    /// Sleeps until there is something to read, a child has ended, or so much time has passed.
    fn sleep(&self, left: Duration) -> io::Result<()> {
        let mut fds = vec![PollFd::new(&self.ended, PollFlags::IN)];
        fds.extend((self.stdout.source.as_ref()).map(|source| PollFd::new(source, PollFlags::IN)));
        fds.extend((self.stderr.source.as_ref()).map(|source| PollFd::new(source, PollFlags::IN)));
        match poll(&mut fds, Some(&timespec(left))) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !fds[0].revents().is_empty() {
            self.ended.take_note();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, limit: Duration) -> Answer {
        let arguments = ["-c".into(), script.into()];
        let call = Call {
            program: OsStr::new("sh"),
            arguments: &arguments,
            directory: Path::new("/"),
            without: &["CARGO_PKG_"],
            limit,
        };
        call.ask().expect("an answer")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn both_streams_and_the_end_are_told() {
        let answer = ask("pwd; echo no >&2; exit 3", LONG);
        let end = End::Exited(3);
        let expected = Answer {
            end,
            stdout: "/\n".into(),
            stderr: "no\n".into(),
        };
        assert_eq!(answer, expected);
        assert_eq!(ask("kill -9 $$", LONG).end, End::Signalled(9));
        assert!(ask(":", LONG).is_good());
    }

    #[test]
    fn much_output_stops_nobody_and_is_whole() {
        let answer = ask("seq 300000; seq 300000 >&2", LONG);
        assert!(answer.is_good());
        assert_eq!(answer.stdout.lines().count(), 300_000);
        assert_eq!(answer.stdout, answer.stderr);
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_group_and_what_it_said_is_kept() {
        let answer = ask("echo 17; sleep 1000 & wait", Duration::from_millis(300));
        assert_eq!((answer.end, answer.stdout.trim()), (End::TimedOut, "17"));
    }

    #[test]
    fn what_a_command_leaves_behind_is_not_waited_for() {
        let answer = ask("sleep 20 & echo $!", LONG);
        assert!(answer.is_good());
        let left: i32 = answer.stdout.trim().parse().expect("a number");
        let left = Pid::from_raw(left).expect("a process");
        rustix::process::kill_process(left, Signal::KILL).expect("it was still there");
    }

    #[test]
    fn it_has_the_environment_less_what_is_kept_back_and_no_input() {
        let script = "echo \"$LC_ALL ${CARGO_PKG_NAME-none} ${CARGO_MANIFEST_DIR+some}\"; cat";
        assert_eq!(ask(script, LONG).stdout, "C none some\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_told_by_name() {
        let call = Call {
            program: OsStr::new("no-such-scheduler"),
            arguments: &["-x y".into()],
            directory: Path::new("/"),
            without: &[],
            limit: LONG,
        };
        let error = call.ask().expect_err("no program");
        assert_eq!(error.to_string(), "no such program: no-such-scheduler");
    }

    #[test]
    fn a_message_quotes_in_one_line_what_was_said() {
        let mut answer = ask("echo a; printf ' b\\n\\n c\\n' >&2", LONG);
        assert_eq!(answer.said(), "b; c");
        answer.stderr = "é".repeat(1000);
        assert_eq!(answer.said().chars().count(), QUOTED + 1);
        assert_eq!(ask(":", LONG).said(), "it printed nothing");
    }
}
