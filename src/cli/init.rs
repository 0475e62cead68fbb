//! `rerunoff init`: a project to start from.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::Exit;
use super::terminal::print_document;
use crate::example::{self, Example};
use crate::project::PROJECT_FILE;
use crate::text::shell;

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
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// The folder of the new project.
    folder: String,
    /// Its project file.
    project_file: String,
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
    let written = folder.join(PROJECT_FILE);
    if arguments.json {
        print_document(&Document {
            folder: folder.display().to_string(),
            project_file: written.display().to_string(),
        })?;
        return Ok(Exit::Fine);
    }
    let mut out = stdout();
    let place = if folder == Path::new(".") {
        String::new()
    } else {
        format!(" -C {}", shell::word(&folder))
    };
    if arguments.example {
        writeln!(
            out,
            "an example is in {}; next: `rerunoff{place} run`",
            folder.display()
        )
        .ok();
    } else {
        writeln!(
            out,
            "wrote {} and templates; next: edit them, then `rerunoff{place} check`",
            written.display()
        )
        .ok();
    }
    Ok(Exit::Fine)
}
