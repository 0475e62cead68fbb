//! The command line: what can be asked for, and which exit code answers.
//!
//! Each verb has a file of its own. What goes wrong is an error with the reason in it; [`fault`] finds the code for it, and tells it.

mod assemble;
mod check;
mod diff;
mod doctor;
mod export;
mod fault;
mod gc;
mod generate;
mod import;
mod init;
mod log;
mod options;
mod repro;
mod run;
mod status;
mod tag;
mod verify;
mod why;

use std::io::{ErrorKind, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

pub use self::fault::{tell, tell_unparsed};
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::store::Store;
use crate::system::allocator;
use crate::system::file_limit;
use crate::system::process;
use crate::system::progress::Progress;

/// Reruns a simulator over thousands of river catchments, and only over those whose inputs changed.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// The project's folder, with its rerunoff.toml
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = ".",
        global = true
    )]
    directory: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run what is stale, then bring the product up to date
    Run(run::Arguments),
    /// Make the input file from the tables that [import] names, if they changed
    Import(import::Arguments),
    /// Tell what is fresh, stale and why, without running anything
    Status(status::Arguments),
    /// Tell why a catchment is fresh or stale: every part of its key, then and now
    Why(why::Arguments),
    /// Give the present state of all catchments a name to come back to
    Tag(tag::Arguments),
    /// List the tags
    Tags(tag::ListArguments),
    /// List what the last runs did
    Runs(tag::ListArguments),
    /// Tell what changed in the results between two tags, or since the run before
    Diff(diff::Arguments),
    /// Print catchments' columns with time stamps
    Export(export::Arguments),
    /// Remove results that nothing needs any more
    Gc(gc::Arguments),
    /// Check the project file, templates and inputs, and render one catchment
    Check(check::Arguments),
    /// Bring the product up to date from the results there are, without running anything
    Assemble(assemble::Arguments),
    /// Tell how the last runs of one catchment went
    Log(log::Arguments),
    /// Rebuild the work directory of one catchment, and print the command to run it by hand
    Repro(repro::Arguments),
    /// Run some fresh catchments again and compare with what is stored, changing nothing
    Verify(verify::Arguments),
    /// Check all that is stored, and drop what is damaged so that it is run again
    Doctor(doctor::Arguments),
    /// Write a commented project file to start from, or a runnable example
    Init(init::Arguments),
    /// Write shell completions or man pages, for packagers
    #[command(hide = true)]
    Generate(generate::Arguments),
    #[command(name = process::GUARD_VERB, hide = true)]
    Guard,
}

/// How the program ended, as a Makefile sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All catchments are fresh, or what was asked for is done.
    Fine,
    /// Some catchments failed or could not be run.
    Failures,
    /// The command line or the project file is wrong.
    Usage,
    /// Another run holds the lock.
    Locked,
    /// The input or the store can't be read or written.
    Unreadable,
    /// More would be run than `--max-rerun` allows.
    Refused,
    /// It was interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the program ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failures => 1,
            Self::Usage => 2,
            Self::Locked => 3,
            Self::Unreadable => 4,
            Self::Refused => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Cli {
    /// Whether one JSON document is to be printed in place of text.
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::Run(arguments) => arguments.json,
            Verb::Status(arguments) => arguments.json,
            Verb::Tags(arguments) | Verb::Runs(arguments) => arguments.json,
            Verb::Diff(arguments) => arguments.json,
            _ => false,
        }
    }
}

/// A request that can't be met as it was put.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Does what the command line asks for.
pub fn main(cli: Cli) -> Result<Exit> {
    allocator::share();
    file_limit::heed().context("can't take a signal")?;
    obey(cli).map_err(file_limit::explain)
}

fn obey(cli: Cli) -> Result<Exit> {
    let root = cli.directory;
    match cli.verb {
        Verb::Run(arguments) => run::run(&find(&root)?, arguments),
        Verb::Import(arguments) => import::import(&find(&root)?, arguments),
        Verb::Status(arguments) => status::status(&find(&root)?, arguments),
        Verb::Why(arguments) => why::why(&find(&root)?, arguments),
        Verb::Tag(arguments) => tag::tag(&find(&root)?, arguments),
        Verb::Tags(arguments) => tag::tags(&find(&root)?, arguments),
        Verb::Runs(arguments) => tag::runs(&find(&root)?, arguments),
        Verb::Diff(arguments) => diff::diff(&find(&root)?, arguments),
        Verb::Export(arguments) => export::export(&find(&root)?, arguments),
        Verb::Gc(arguments) => gc::gc(&find(&root)?, arguments),
        Verb::Check(arguments) => check::check(&find(&root)?, arguments),
        Verb::Assemble(arguments) => assemble::assemble(&find(&root)?, arguments),
        Verb::Log(arguments) => log::log(&find(&root)?, arguments),
        Verb::Repro(arguments) => repro::repro(&find(&root)?, arguments),
        Verb::Verify(arguments) => verify::verify(&find(&root)?, arguments),
        Verb::Doctor(arguments) => doctor::doctor(&find(&root)?, arguments),
        Verb::Init(arguments) => init::init(&root, arguments),
        Verb::Generate(arguments) => generate::generate(&arguments),
        Verb::Guard => guard(),
    }
}

/// What rerunoff starts itself as to watch over a worker's simulators.
fn guard() -> Result<Exit> {
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    process::serve(socket)?;
    Ok(Exit::Fine)
}

/// Prints a table; a reader that has seen enough (`| head`) is no fault.
fn print(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("can't write to standard output")
        }
        _ => Ok(()),
    }
}

/// Tells people on standard error; that it is closed is no reason to stop.
fn say(line: &str) {
    writeln!(stderr(), "{line}").ok();
}

/// Looks at all scenarios of a study.
fn open<'p>(
    study: &'p Study,
    store: Option<&Store>,
    rehash: bool,
    quiet: bool,
) -> Result<LoadedStudy<'p>> {
    let mut progress: Option<Progress> = None;
    LoadedStudy::open(study, store, rehash, &mut |done, total| {
        progress
            .get_or_insert_with(|| Progress::new("reading", total, quiet))
            .set(done);
    })
}

fn find(root: &Path) -> Result<PathBuf> {
    std::path::absolute(root).with_context(|| format!("can't find {}", root.display()))
}
