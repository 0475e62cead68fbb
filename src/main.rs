//! The `rerunoff` command: parse, call, tell what went wrong, exit.

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::Parser;
use rerunoff::cli::{Cli, exit_code, main as run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // With standard error gone there is nobody to tell; the exit code still does.
            writeln!(stderr(), "error: {error:#}").ok();
            exit_code(&error).into()
        }
    }
}
