//! How many simulators may run at once, out of `-j N`, `make -j` and the machine.

use std::num::NonZeroUsize;
use std::thread;

use crate::cli::terminal::say;
use crate::store::cache_folder::Cache;
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::slots::Slots;

/// What the user says, else what make says, else the cores, shared with all that run the project of this cache folder. With `warn`, a
/// line says if make's jobs are out of reach.
pub(crate) fn slots(
    jobs: Option<NonZeroUsize>,
    flags: &MakeFlags,
    cache: &Cache,
    warn: bool,
) -> Slots {
    let (file, all_cores) = (cache.cores(), cores(None));
    if let Some(jobs) = jobs {
        return Slots::insisting(jobs.get(), &file, all_cores);
    }
    Slots::shared(flags, &file, all_cores).unwrap_or_else(|_| {
        if warn {
            say(&format!(
                "make's jobs can't be shared, so {all_cores} simulators run at once: begin the recipe line with a `+`, or give -j N"
            ));
        }
        Slots::of_cores(&file, all_cores)
    })
}

/// What the user says, else the number of cores: for predictions, which take no jobs from make.
pub(crate) fn cores(jobs: Option<NonZeroUsize>) -> usize {
    jobs.or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
}
