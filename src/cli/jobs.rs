//! How many simulators may be at work at once, out of `-j N`, `make -j` and the machine.

use std::num::NonZeroUsize;
use std::thread;

use super::say;
use crate::makeflags::MakeFlags;
use crate::slots::Slots;

/// As many as the user says, else as make says, else as there are cores. Make's jobs being out of reach is told if `tell`.
pub(super) fn slots(jobs: Option<NonZeroUsize>, flags: &MakeFlags, tell: bool) -> Slots {
    if let Some(jobs) = jobs {
        return Slots::fixed(jobs.get());
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Slots::of_make(flags, cores).unwrap_or_else(|_| {
        if tell {
            say(&format!(
                "make's jobs can't be shared, so {cores} simulators run at once: begin the recipe line with a `+`, or give -j N"
            ));
        }
        Slots::fixed(cores)
    })
}
