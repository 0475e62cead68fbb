//! The options of `rerunoff run`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::cli::options::count::count;
use crate::cli::options::max_rerun::MaxRerun;
use crate::cli::options::place::PlaceOptions;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::options::sets::SetOptions;
use crate::execute::local::failed_runs::FailedRuns;
use crate::plan::depfile;
use crate::store::cache_folder::Cache;
use crate::system::progress::Verbosity;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Simulators at work at once, whatever other callers do [default: the cores available, shared with them]
    #[arg(short, long, value_name = "N", value_parser = count)]
    pub jobs: Option<NonZeroUsize>,
    /// Only these catchments, comma-separated, or @FILE with one id a line
    #[arg(long, value_name = "ID,…|@FILE")]
    pub only: Option<String>,
    #[command(flatten)]
    pub scenarios: ScenarioOption,
    #[command(flatten)]
    pub sets: SetOptions,
    #[command(flatten)]
    pub place: PlaceOptions,
    /// Submit what is stale to the cluster and return (exit code 6 while something is under way)
    #[arg(long, conflicts_with = "local")]
    pub detach: bool,
    /// Run them even if they are fresh
    #[arg(long)]
    pub force: bool,
    /// Tell what would be run and why, and run nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Stop after so many failures; without it, only if all that comes first fails alike
    #[arg(long, value_name = "N", value_parser = count)]
    pub max_failures: Option<NonZeroUsize>,
    /// Refuse to start if more catchments than this would be run (exit code 5)
    #[arg(long, value_name = "N|P%")]
    pub max_rerun: Option<MaxRerun>,
    /// Make the product of a tag again, running nothing
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["only", "scenario", "set", "samples", "force", "dry_run", "max_rerun", "max_failures", "no_assemble", "rehash", "depfile", "local", "on", "detach"]
    )]
    pub at: Option<String>,
    /// Leave the product and the project's own states alone, and keep the outcome as the tag NAME
    #[arg(
        long = "as",
        value_name = "NAME",
        requires = "set",
        conflicts_with_all = ["samples", "at", "depfile", "on", "detach"]
    )]
    pub tag: Option<String>,
    /// Leave the product as it is
    #[arg(long)]
    pub no_assemble: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    pub rehash: bool,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    pub wait: bool,
    /// Tell afterwards where the time went
    #[arg(long, conflicts_with = "dry_run")]
    pub timings: bool,
    /// Print no progress, only failures and the last line
    #[arg(short, long)]
    pub quiet: bool,
    /// Tell why catchments are run, and of each how long it took
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// One JSON document on standard output instead of the last line
    #[arg(long)]
    pub json: bool,
    /// Write a rule for make with all files that the run depends on
    #[arg(long, value_name = "FILE")]
    pub depfile: Option<PathBuf>,
    /// The target of that rule [default: the product, or all of them]
    #[arg(long, value_name = "NAME", requires = "depfile")]
    pub depfile_target: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }

    /// Whether the run is only to bring everything up to date. Every option is named, so that a new one can't be forgotten.
    pub(crate) fn are_plain(&self) -> bool {
        let Self {
            jobs: _,
            only,
            scenarios,
            sets,
            tag,
            force,
            dry_run,
            max_failures: _,
            // Where nothing is to be run, nothing is too much.
            max_rerun: _,
            at,
            no_assemble,
            rehash: _,
            wait: _,
            quiet: _,
            verbose: _,
            json: _,
            depfile: _,
            depfile_target: _,
            timings,
            // Where nothing is to be run, it is run nowhere.
            place: _,
            detach: _,
        } = self;
        let is_about_all =
            only.is_none() && scenarios.are_all() && sets.are_none() && tag.is_none();
        is_about_all && at.is_none() && !force && !dry_run && !no_assemble && !timings
    }

    /// Writes the rule for make, if one is asked for; only then are the dependencies looked for.
    pub(crate) fn write_depfile(
        &self,
        cache: &Cache,
        products: &[&Path],
        dependencies: impl FnOnce() -> Result<Vec<PathBuf>>,
    ) -> Result<()> {
        let Some(file) = &self.depfile else {
            return Ok(());
        };
        let mut dependencies = dependencies()?;
        // The folder changes with every failure, so that make looks again after one that it has not seen.
        dependencies.push(FailedRuns::in_cache(cache.folder()).made()?);
        let here = std::env::current_dir().context("can't tell the current folder")?;
        if let Some(list) = self.only.as_deref().and_then(|only| only.strip_prefix('@')) {
            let list = here.join(list);
            // Make could not look at a pipe.
            if list.is_file() {
                dependencies.push(list);
            }
        }
        dependencies.extend(
            self.sets
                .file()
                .map(|samples| here.join(samples))
                .filter(|it| it.is_file()),
        );
        let stated = self.depfile_target.as_deref();
        let targets = stated.map_or(products.to_vec(), |target| vec![target]);
        depfile::write(file, &targets, &dependencies, &here)
    }
}
