//! The `rerunoff` command: parse, call, tell what went wrong, exit.

use std::process::ExitCode;

use clap::Parser;
use rerunoff::cli::{Cli, main as run, tell, tell_unparsed};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return tell_unparsed(&error).into(),
    };
    let json = cli.wants_json();
    run(cli).unwrap_or_else(|error| tell(&error, json)).into()
}
