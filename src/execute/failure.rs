//! Why a run gave no result. A failure is data: it is stored, counted and reported, and stops nothing.

use std::fmt;
use std::time::Duration;

use crate::execute::output::OutputError;
use crate::execute::output::netcdf::NetcdfError;
use crate::execute::trial::Obstacle;
use crate::inputs::BadInput;
use crate::plan::problem::Problem;
use crate::plan::support::SupportFile;
use crate::store::Failed;
use crate::system::file_limit::FileLimit;
use crate::system::machine;

/// The code of [`Failure::TimedOut`].
pub(crate) const TIMED_OUT: &str = "timeout";

/// Why a run gave no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The simulator could not be started.
    Start(String),
    /// The process that guards it could not be started or was ended, so that nothing is known of its end.
    Guard(String),
    /// It failed twice while the kernel ended processes for want of memory; this is how the second time.
    Memory(Box<Failure>),
    /// It ended with a code that is not accepted.
    Exit(i32),
    /// It was ended by a signal.
    Signal(i32),
    /// It went well, but a command that is run after it did not.
    After {
        /// The command, as it was started.
        command: String,
        /// A file of the project that it names and that is not in the work directory.
        hint: Option<String>,
        /// How that failed.
        failure: Box<Failure>,
    },
    /// How it failed, and the last line that it had printed.
    Saying {
        /// How.
        failure: Box<Failure>,
        /// The line.
        line: String,
    },
    /// It ran longer than it may.
    TimedOut(Duration),
    /// A file of its own reached the largest size that it may have.
    FileSize {
        /// The file; `None` if it refused to grow at all.
        file: Option<String>,
        /// The size.
        limit: FileLimit,
    },
    /// It printed a phrase that only failing runs print.
    Said {
        /// What was looked for.
        phrase: String,
        /// The line it was in.
        line: String,
    },
    /// A file that a good run leaves is missing or lacks the required text.
    Requirement {
        /// The file.
        file: String,
        /// The text.
        phrase: String,
    },
    /// The output file is not there or can't be read.
    NoOutput(String),
    /// An output is not what it should be.
    Output {
        /// Its file, if there are several.
        file: Option<String>,
        /// What is wrong.
        error: OutputError,
    },
    /// A value is outside of the limits of its column.
    OutOfRange {
        /// The column.
        column: String,
        /// Where in the column, as [`VariableAxes::place`](crate::project::product_spec::VariableAxes::place) says it.
        place: String,
        /// The value.
        value: f64,
    },
    /// Its input files or its command can't be made.
    Problem(Problem),
    /// Its input is not what it was when the run was planned.
    InputChanged,
    /// This support file changed during the run.
    SupportChanged(SupportFile),
    /// What is read under this name where it is changed during the run.
    ReadChanged(String),
    /// This file of the deck changed before it was copied.
    DeckChanged(SupportFile),
    /// This file, which the catchment has for itself, changed during the run.
    OwnChanged(SupportFile),
    /// It asked for something outside of its fence.
    Trespass {
        /// What it was and what allows it: a sentence about "it".
        told: String,
        /// How the run failed, where it did.
        failure: Option<Box<Failure>>,
    },
    /// Its files could not be written.
    WorkDirectory(String),
    /// Its result is to be of a processor of this class, and this machine's is another.
    OtherProcessor(String),
}

impl Failure {
    /// One word for the kind of failure.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Start(_) | Self::Guard(_) => "start",
            Self::Memory(_) => "memory",
            Self::Exit(_) => "exit",
            Self::Signal(_) => "signal",
            Self::After { .. } | Self::Saying { .. } => self.bare().code(),
            Self::TimedOut(_) => TIMED_OUT,
            Self::FileSize { .. } => "size",
            Self::Said { .. } => "said",
            Self::Requirement { .. } => "requirement",
            Self::NoOutput(_) | Self::Output { .. } => "output",
            Self::OutOfRange { .. } => "range",
            Self::Problem(_) => "input",
            Self::InputChanged
            | Self::SupportChanged(_)
            | Self::ReadChanged(_)
            | Self::DeckChanged(_)
            | Self::OwnChanged(_) => "changed",
            Self::Trespass { .. } => "fence",
            Self::WorkDirectory(_) => "work",
            Self::OtherProcessor(_) => "processor",
        }
    }

    /// How what failed ended, whether it was the simulator or what is run after it, and whatever it printed.
    pub(crate) fn bare(&self) -> &Self {
        match self {
            Self::After { failure, .. } | Self::Saying { failure, .. } => failure.bare(),
            other => other,
        }
    }

    /// The same with the last line that was printed, where the failure tells little without it.
    pub(crate) fn saying(self, line: impl FnOnce() -> Option<String>) -> Self {
        match self {
            Self::Exit(_) | Self::Signal(_) | Self::NoOutput(_) => match line() {
                Some(line) => Self::Saying {
                    failure: self.into(),
                    line,
                },
                None => self,
            },
            Self::After {
                command,
                hint,
                failure,
            } => Self::After {
                command,
                hint,
                failure: failure.saying(line).into(),
            },
            other => other,
        }
    }

    /// What is stored of it.
    pub(crate) fn failed(&self) -> Failed {
        Failed {
            code: self.code().to_owned(),
            reason: self.to_string(),
        }
    }

    /// Whether another attempt with the same inputs could end otherwise.
    pub(crate) fn is_worth_a_retry(&self) -> bool {
        !matches!(
            self,
            Self::Problem(_)
                | Self::InputChanged
                | Self::SupportChanged(_)
                | Self::ReadChanged(_)
                | Self::DeckChanged(_)
                | Self::OwnChanged(_)
                | Self::Trespass { .. }
                | Self::WorkDirectory(_)
                | Self::OtherProcessor(_)
                | Self::Memory(_)
        )
    }

    /// Whether it only says that all was ended while its output was read.
    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(
            self,
            Self::Output {
                error: OutputError::Netcdf(NetcdfError::Interrupted),
                ..
            }
        )
    }

    /// Whether a simulator ends like this that is ended, or has a part of it ended, for want of memory.
    pub(crate) fn may_be_for_want_of_memory(&self) -> bool {
        match self.bare() {
            Self::Signal(signal) => *signal == libc::SIGKILL,
            Self::Exit(_) | Self::Guard(_) => true,
            _ => false,
        }
    }

    /// Whether a simulator ends like this that is kept from something outside of its fence.
    pub(crate) fn may_be_of_the_fence(&self) -> bool {
        match self {
            Self::Saying { failure, .. } => failure.may_be_of_the_fence(),
            Self::Exit(_)
            | Self::Signal(_)
            | Self::After { .. }
            | Self::Said { .. }
            | Self::Requirement { .. }
            | Self::NoOutput(_)
            | Self::Output { .. }
            | Self::OutOfRange { .. }
            | Self::TimedOut(_) => true,
            _ => false,
        }
    }

    /// What it is if the cause is not this catchment and would stop all others as well.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::SupportChanged(_) | Self::ReadChanged(_) | Self::DeckChanged(_) => {
                Some(Obstacle::Support)
            }
            Self::WorkDirectory(_) => Some(Obstacle::Disk),
            Self::OtherProcessor(_) => Some(Obstacle::Processor),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(why) | Self::Guard(why) => write!(f, "could not be started: {why}"),
            Self::Memory(failure) => write!(
                f,
                "ran out of memory, also with half as many at work: {failure}"
            ),
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::After {
                command,
                hint,
                failure,
            } => {
                write!(f, "`{command}`, run after the simulator: {failure}")?;
                match hint {
                    Some(file) => write!(
                        f,
                        "; {file} is not in the work directory: add it to `support` under [simulator]"
                    ),
                    None => Ok(()),
                }
            }
            Self::Saying { failure, line } => match **failure {
                Self::NoOutput(_) => write!(f, "{failure}; the last line printed is: {line}"),
                _ => write!(f, "{failure}: {line}"),
            },
            Self::TimedOut(limit) => write!(f, "stopped at its timeout of {limit:?}"),
            Self::FileSize { file, limit } => {
                let file = file.as_deref().unwrap_or("a file of its own");
                write!(f, "{file} reached the limit of {limit}")
            }
            Self::Said { phrase, line } if line == phrase => write!(f, "printed {phrase:?}"),
            Self::Said { phrase, line } => write!(f, "printed {phrase:?}: {line}"),
            Self::Requirement { file, phrase } => write!(f, "{file} does not contain {phrase:?}"),
            Self::NoOutput(why) => f.write_str(why),
            Self::Output { file, error } => {
                let file = file
                    .as_ref()
                    .map_or_else(String::new, |file| format!(" {file}"));
                write!(f, "its output{file}: {error}")
            }
            Self::OutOfRange {
                column,
                place,
                value,
            } => {
                write!(
                    f,
                    "{column} is {value}{place}, outside of the stated limits"
                )
            }
            Self::Problem(problem) => problem.fmt(f),
            Self::InputChanged => f.write_str("its input changed during the run; run again"),
            Self::SupportChanged(file) => {
                let path = file.path.display();
                write!(
                    f,
                    "{path} changed during the run: by you, or by the simulator, which then "
                )?;
                if file.is_in_folder() {
                    let pattern = [&file.name];
                    write!(
                        f,
                        "needs it excluded (`support_exclude = {pattern:?}` under [simulator]) or "
                    )?;
                }
                f.write_str(
                    "has to write to its work directory instead; support files are links to your own, `deck` under [simulator] makes copies",
                )
            }
            Self::ReadChanged(name) => write!(
                f,
                "{name}, which `reads` under [simulator] names, changed during the run"
            ),
            Self::DeckChanged(file) | Self::OwnChanged(file) => {
                write!(f, "{} changed during the run", file.path.display())
            }
            Self::Trespass { told, failure } => match failure {
                Some(failure) => write!(f, "{failure}; {told}"),
                None => f.write_str(told),
            },
            Self::WorkDirectory(why) => f.write_str(why),
            Self::OtherProcessor(asked) => write!(
                f,
                "{} can't make results of a processor of the class {asked:?}, which `same_processor` under [simulator] asks for",
                machine::this()
            ),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<BadInput> for Failure {
    fn from(fault: BadInput) -> Self {
        Self::Problem(Problem::Input(fault))
    }
}
