//! `rerunoff init`: a project to start from.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::exit::Exit;
use crate::example::{self, Example};
use crate::project::PROJECT_FILE;

#[derive(Args)]
pub(super) struct Arguments {
    /// The folder to write into, made if it is not there [default: the project's folder]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A runnable example with synthetic forcing instead of a skeleton
    #[arg(long)]
    example: bool,
    /// How many catchments the example has
    #[arg(long, value_name = "N", default_value_t = 100, requires = "example")]
    catchments: usize,
    /// How many hourly time steps it has
    #[arg(long, value_name = "N", default_value_t = 8760, requires = "example")]
    steps: usize,
    /// What its forcing is drawn from: the same number gives the same forcing
    #[arg(long, value_name = "N", default_value_t = 1, requires = "example")]
    seed: u64,
}

pub(super) fn init(root: &Path, arguments: Arguments) -> Result<Exit> {
    let folder = arguments.folder.unwrap_or_else(|| root.to_owned());
    if arguments.example {
        let Arguments {
            catchments,
            steps,
            seed,
            ..
        } = arguments;
        Example {
            catchments,
            steps,
            seed,
        }
        .write(&folder)?;
    } else {
        example::starter(&folder)?;
    }
    let mut out = stdout();
    let place = if folder == Path::new(".") {
        String::new()
    } else {
        format!(" -C {}", folder.display())
    };
    if arguments.example {
        writeln!(
            out,
            "an example is in {}; next: `rerunoff{place} run`",
            folder.display()
        )
        .ok();
    } else {
        let written = folder.join(PROJECT_FILE);
        writeln!(
            out,
            "wrote {} and templates; next: edit them, then `rerunoff{place} check`",
            written.display()
        )
        .ok();
    }
    Ok(Exit::Fine)
}
