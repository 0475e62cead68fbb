//! What everything that belongs to one run of rerunoff shares, wherever its orders are carried out.

use crate::execute::timings::Timings;
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;

/// What one run of rerunoff has once.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The simulators at work at once.
    pub slots: &'a Slots,
    /// The wish to stop.
    pub interrupt: &'a Interrupt,
    /// Where the time goes.
    pub timings: &'a Timings,
}
