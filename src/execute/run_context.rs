//! What everything that belongs to one run of rerunoff shares, wherever its orders are carried out.

use std::fs::File;

use crate::execute::timings::Timings;
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;

/// What one run of rerunoff has once.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The simulators at work at once.
    pub slots: &'a Slots,
    /// What each guard keeps open until the last of its simulators is gone: the locked file whose lock has to last that long.
    /// That of the project's lock where the project is run; in a task, which does not hold that lock, its own scratch folder.
    pub keeper: &'a File,
    /// The wish to stop.
    pub interrupt: &'a Interrupt,
    /// Where the time goes.
    pub timings: &'a Timings,
}
