//! How many simulators may be at work at once, out of `-j N`, `make -j` and the machine.

use std::num::NonZeroUsize;
use std::thread;

use crate::cli::terminal::say;
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::slots::Slots;

/// As many as the user says, else as make says, else as there are cores. Make's jobs being out of reach is told if `tell`.
pub(crate) fn slots(jobs: Option<NonZeroUsize>, flags: &MakeFlags, tell: bool) -> Slots {
    if let Some(jobs) = jobs {
        return Slots::fixed(jobs.get());
    }
    let cores = cores(None);
    Slots::of_make(flags, cores).unwrap_or_else(|_| {
        if tell {
            say(&format!(
                "make's jobs can't be shared, so {cores} simulators run at once: begin the recipe line with a `+`, or give -j N"
            ));
        }
        Slots::fixed(cores)
    })
}

/// As many as the user says, else as there are cores: for predictions, which ask nobody for a share.
pub(crate) fn cores(jobs: Option<NonZeroUsize>) -> usize {
    jobs.or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
}
