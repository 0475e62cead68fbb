//! The command line: what can be asked for, what is printed, and which exit code answers.
//!
//! Each verb has a file of its own; what several verbs need lies beside them. Every verb opens its project through [`open`]. What
//! goes wrong is an error with the reason in it: [`fault`] finds the exit code for it and prints it. No verb computes anything: it
//! asks the wings below. Only `main.rs` uses this wing.

mod assemble;
mod cancel;
mod check;
mod check_cluster;
mod diff;
mod doctor;
mod document;
mod evaluate;
mod exit;
mod export;
mod fault;
mod gc;
mod generate;
mod help;
mod hint;
mod import;
mod import_report;
mod init;
mod log;
mod log_document;
mod named_snapshot;
mod new_folder;
mod open;
mod options;
mod pager;
mod pictures;
mod refusal;
mod report;
mod repro;
mod run;
mod schemas;
mod status;
mod tag;
mod terminal;
mod tried_document;
mod trying;
mod turn;
mod verify;
mod wanted;
mod why;
mod work;

use std::os::fd::AsFd;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use self::exit::Exit;
pub use self::fault::{print_error, print_unparsed};
use self::open::ProjectPlace;
use crate::execute::local::netcdf_reader;
use crate::system::allocator;
use crate::system::file_limit;
use crate::system::process::{self, tasks};

/// Reruns a simulator over thousands of river catchments, and only over those whose inputs changed.
#[derive(Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true)]
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
    /// Whether one JSON document is to be printed instead of text.
    #[arg(skip)]
    pub json: bool,
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
    /// Print summaries and objectives with other values of parameters, running what they need
    Evaluate(evaluate::Arguments),
    /// Write one file to look at in a browser: runs, failures, a map, curves
    Report(report::Arguments),
    /// Print catchments' columns with time stamps
    Export(export::Arguments),
    /// Remove results that nothing needs any more
    Gc(gc::Arguments),
    /// Check the project file, templates and inputs, and render one catchment
    Check(check::Arguments),
    /// Run one catchment, storing nothing, and propose what to take from its outputs
    Try(trying::Arguments),
    /// Bring the product up to date from the results there are, without running anything
    Assemble(assemble::Arguments),
    /// End what is under way on a cluster; what was published is kept
    Cancel(cancel::Arguments),
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
    /// Print what a verb does, or a page of the documentation
    Help(help::Arguments),
    /// Write shell completions, man pages or the schemas of what `--json` prints, for packagers
    #[command(hide = true)]
    Generate(generate::Arguments),
    /// Carry out a task of a batch system, as the scripts do that `run` submits
    #[command(hide = true)]
    Work(work::Arguments),
    #[command(name = process::GUARD_VERB, hide = true)]
    Guard,
    #[command(name = tasks::VERB, hide = true)]
    KeepTasks,
    #[command(name = netcdf_reader::VERB, hide = true)]
    ReadNetcdf { request: PathBuf },
}

impl Cli {
    /// Understands the words of the command line.
    ///
    /// # Errors
    /// What is wrong with them, or the help or version that they ask for.
    pub fn parse_words() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let understood = command.try_get_matches_from_mut(std::env::args_os());
        // Only who asks for help, or needs it, pays for the examples in it.
        let matches = understood.or_else(|error| match error.kind() {
            ErrorKind::DisplayVersion => Err(error),
            _ => help::described().try_get_matches(),
        })?;
        let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let verb = matches
            .subcommand()
            .map(|(_, verb)| verb.try_get_one("json"));
        let json = matches!(verb, Some(Ok(Some(true))));
        Ok(Self { json, ..cli })
    }
}

/// Does what the command line asks for.
pub fn main(cli: Cli) -> Result<Exit> {
    allocator::share();
    file_limit::heed().context("can't take a signal")?;
    obey(cli).map_err(file_limit::explain)
}

fn obey(cli: Cli) -> Result<Exit> {
    let directory = cli.directory;
    let place = || ProjectPlace::find(&directory);
    match cli.verb {
        Verb::Run(arguments) => run::run(&place()?, arguments),
        Verb::Import(arguments) => import::import(&place()?, arguments),
        Verb::Status(arguments) => status::status(&place()?, arguments),
        Verb::Why(arguments) => why::why(&place()?, arguments),
        Verb::Tag(arguments) => tag::tag(&place()?, arguments),
        Verb::Tags(arguments) => tag::tags(&place()?, arguments),
        Verb::Runs(arguments) => tag::runs(&place()?, arguments),
        Verb::Diff(arguments) => diff::diff(&place()?, arguments),
        Verb::Evaluate(arguments) => evaluate::evaluate(&place()?, arguments),
        Verb::Report(arguments) => report::report(&place()?, arguments),
        Verb::Export(arguments) => export::export(&place()?, arguments),
        Verb::Gc(arguments) => gc::gc(&place()?, arguments),
        Verb::Check(arguments) => check::check(&place()?, arguments),
        Verb::Try(arguments) => trying::try_one(&place()?, arguments),
        Verb::Assemble(arguments) => assemble::assemble(&place()?, arguments),
        Verb::Cancel(arguments) => cancel::cancel(&place()?, &arguments),
        Verb::Log(arguments) => log::log(&place()?, arguments),
        Verb::Repro(arguments) => repro::repro(&place()?, arguments),
        Verb::Verify(arguments) => verify::verify(&place()?, arguments),
        Verb::Doctor(arguments) => doctor::doctor(&place()?, arguments),
        Verb::Init(arguments) => init::init(&directory, arguments),
        Verb::Help(arguments) => help::help(&arguments),
        Verb::Generate(arguments) => generate::generate(&arguments),
        Verb::Work(arguments) => work::work(arguments),
        Verb::Guard => guard(),
        Verb::KeepTasks => {
            tasks::keep()?;
            Ok(Exit::Fine)
        }
        Verb::ReadNetcdf { request } => {
            netcdf_reader::serve(&request)?;
            Ok(Exit::Fine)
        }
    }
}

/// The process that watches over a worker's simulators, which rerunoff starts itself as.
fn guard() -> Result<Exit> {
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    process::serve(socket)?;
    Ok(Exit::Fine)
}
