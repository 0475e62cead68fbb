//! `rerunoff generate`: shell completions and man pages, made of the same description as `--help`; the schemas of `--json`.
//!
//! Hidden, as users get them by `make install`; ripgrep and fd do it likewise.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use super::exit::Exit;
use super::schemas;

/// The commands' part of the manual.
const SECTION: &str = "1";

#[derive(Args)]
pub(super) struct Arguments {
    /// What to write
    kind: Kind,
    /// The folder to write into, made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A man page for the command and one for each verb
    Man,
    /// `rerunoff.bash`, `_rerunoff` (zsh) and `rerunoff.fish`
    Completions,
    /// A JSON schema for each verb with `--json`: `docs/schemas`
    Schemas,
}

pub(super) fn generate(arguments: &Arguments) -> Result<Exit> {
    let folder = &arguments.folder;
    let context = || format!("can't write into {}", folder.display());
    fs::create_dir_all(folder).with_context(context)?;
    let mut command = Cli::command();
    match arguments.kind {
        Kind::Man => {
            // Only then do the verbs know the options of the whole command.
            command.build();
            man(&command, "rerunoff", folder).with_context(context)?;
        }
        Kind::Schemas => schemas::write(folder).with_context(context)?,
        Kind::Completions => {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                clap_complete::generate_to(shell, &mut command, "rerunoff", folder)
                    .with_context(context)?;
            }
        }
    }
    Ok(Exit::Fine)
}

/// The page of a command, then those of its verbs: `rerunoff-run.1`.
fn man(command: &Command, name: &str, folder: &Path) -> std::io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .section(SECTION)
        .render(&mut page)?;
    File::create(folder.join(format!("{name}.{SECTION}")))?.write_all(&page)?;
    let verbs = command.get_subcommands();
    for verb in verbs.filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        man(verb, &format!("{name}-{}", verb.get_name()), folder)?;
    }
    Ok(())
}
