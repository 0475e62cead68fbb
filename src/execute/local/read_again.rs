//! A job whose simulator need not be started: what it left is kept, and only something else is taken of it.
//!
//! The key is computed as for any other job, and what is taken goes through the same checks. Nothing is tried twice, and no
//! attempt is put down: none was made.

use crate::execute::failure::Failure;
use crate::execute::local::job::{JobContext, NoTrial, Prepared, outcome};
use crate::execute::local::shelf::Unpacked;
use crate::execute::local::work_directory::{Layout, WorkDirectory};
use crate::execute::trial::Trial;
use crate::plan::deck::Deck;
use crate::store::Outputs;
use crate::system::process::Guard;

impl JobContext<'_> {
    /// Takes of what is kept what the project wants now.
    pub(super) fn read_again(
        &self,
        mut trial: Trial,
        prepared: &Prepared,
        kept: &Unpacked,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<Trial, NoTrial> {
        trial.outputs = Outputs::ReadAgain(kept.raw.0);
        let mut work = work.in_use(0);
        let result = loop {
            let result =
                laid_out(kept, work).and_then(|()| self.columns(kept.code, prepared, work, guard));
            if let Err(failure) = &result
                && let Ok(Some(on_disk)) =
                    work.instead(matches!(failure, Failure::WorkDirectory(_)))
            {
                work = on_disk;
                continue;
            }
            break result;
        };
        if result.as_ref().is_err_and(Failure::is_interrupted) {
            return Err(NoTrial::Ended);
        }
        trial.outcome = outcome(result);
        // A work directory that can't be kept is no reason to say anything else of the catchment.
        self.keep(&trial, work).ok();
        Ok(trial)
    }
}

/// Makes a work directory that holds what is kept and nothing else: no link through which anything else could be written.
fn laid_out(kept: &Unpacked, work: &WorkDirectory) -> Result<(), Failure> {
    let nothing = Layout {
        links: Vec::new(),
        deck: &Deck::default(),
        directories: &[],
        left: Vec::new(),
    };
    (work.prepare(&nothing))
        .and_then(|()| kept.write(work))
        .map_err(|error| Failure::WorkDirectory(format!("{error:#}")))
}
