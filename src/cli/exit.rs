//! How the program ends: the exit codes that a Makefile sees, and the error of a request that can't be met.

use std::process::ExitCode;

/// How the program ended, as a Makefile sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All catchments are fresh, or what was asked for is done.
    Fine,
    /// Some catchments failed or could not be run.
    Failures,
    /// The command line or the project file is wrong.
    Usage,
    /// Somebody is at work on the project, and one of the two needs it alone or its cluster has a head already.
    Locked,
    /// The input or the store can't be read or written.
    Unreadable,
    /// More would be run than `--max-rerun` allows.
    Refused,
    /// Tasks on a cluster have yet to bring some results: `--detach` did not wait for them.
    UnderWay,
    /// It was interrupted.
    Interrupted,
}

impl Exit {
    /// All there are, by their numbers.
    pub(super) const ALL: [Self; 8] = [
        Self::Fine,
        Self::Failures,
        Self::Usage,
        Self::Locked,
        Self::Unreadable,
        Self::Refused,
        Self::UnderWay,
        Self::Interrupted,
    ];

    /// What it means and what to do, for who looks it up.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Fine => "nothing that was asked for failed",
            Self::Failures => {
                "some catchments failed: `rerunoff status` names them, `rerunoff log ID` tells more"
            }
            Self::Usage => {
                "the command line or the project file is wrong: the message has the place"
            }
            Self::Locked => {
                "somebody is at work on the project, and one of the two needs it alone, or its cluster has a head already: \
                 `--wait` waits"
            }
            Self::Unreadable => {
                "the input, the store or the product can't be read or written: the message has the path"
            }
            Self::Refused => {
                "more would be run than `--max-rerun` allows: `rerunoff status` tells why"
            }
            Self::UnderWay => {
                "some catchments are under way on a cluster: `rerunoff run` collects what is done"
            }
            Self::Interrupted => "it was interrupted: what was done until then stays",
        }
    }

    /// The number that the program ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failures => 1,
            Self::Usage => 2,
            Self::Locked => 3,
            Self::Unreadable => 4,
            Self::Refused => 5,
            Self::UnderWay => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A request that can't be met as given.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);
