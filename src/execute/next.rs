//! The answer of who takes trials in, after each.

/// What the taker of trials wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next trial, whenever it comes.
    Wait,
    /// The next trial, or to be called without one after a second.
    WaitASecond,
    /// Nothing new to be started; what is under way is still handed in.
    Stop,
}
