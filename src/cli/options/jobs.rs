//! How many simulators may run at once, out of `-j N`, `make -j` and the machine.

use std::num::NonZeroUsize;
use std::thread;

use crate::cli::terminal::say;
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::slots::Slots;

/// What the user says, else what make says, else the number of cores. With `warn`, a line says if make's jobs are out of reach.
pub(crate) fn slots(jobs: Option<NonZeroUsize>, flags: &MakeFlags, warn: bool) -> Slots {
    if let Some(jobs) = jobs {
        return Slots::fixed(jobs.get());
    }
    let cores = cores(None);
    Slots::of_make(flags, cores).unwrap_or_else(|_| {
        if warn {
            say(&format!(
                "make's jobs can't be shared, so {cores} simulators run at once: begin the recipe line with a `+`, or give -j N"
            ));
        }
        Slots::fixed(cores)
    })
}

/// What the user says, else the number of cores: for predictions, which take no jobs from make.
pub(crate) fn cores(jobs: Option<NonZeroUsize>) -> usize {
    jobs.or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
}
