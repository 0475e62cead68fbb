//! The `rerunoff` command: parse, call, tell what went wrong, exit.

use std::process::ExitCode;

use rerunoff::cli::{Cli, main as run, print_error, print_unparsed};

fn main() -> ExitCode {
    let cli = match Cli::parse_words() {
        Ok(cli) => cli,
        Err(error) => return print_unparsed(error).into(),
    };
    let json = cli.json;
    run(cli)
        .unwrap_or_else(|error| print_error(&error, json))
        .into()
}
