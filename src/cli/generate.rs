//! `rerunoff generate`: shell completions and man pages, made of the same description as `--help`; the schemas of `--json`.
//!
//! Hidden, as users get them by `make install`; ripgrep and fd do it likewise.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use super::exit::Exit;
use super::help;
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
    let mut command = help::described();
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

/// What a help ends with as a section of a page: its first line is the heading, and the others stay as they are.
fn section(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let (heading, text) = text.split_once('\n').unwrap_or((&text, ""));
    let heading = heading.trim_end_matches(':').to_uppercase();
    format!(".SH {heading}\n.nf\n{text}\n.fi\n")
}

/// The page of a command, then those of its verbs: `rerunoff-run.1`.
fn man(command: &Command, name: &str, folder: &Path) -> std::io::Result<()> {
    let mut page = Vec::new();
    let verb = Man::new(command.clone());
    let verb = verb.title(name.to_uppercase()).section(SECTION);
    verb.render_title(&mut page)?;
    verb.render_name_section(&mut page)?;
    verb.render_synopsis_section(&mut page)?;
    verb.render_description_section(&mut page)?;
    verb.render_options_section(&mut page)?;
    if command.has_subcommands() {
        verb.render_subcommands_section(&mut page)?;
    }
    if let Some(end) = command.get_after_help() {
        write!(page, "{}", section(&end.to_string()))?;
    }
    if command.get_version().is_some() {
        verb.render_version_section(&mut page)?;
    }
    File::create(folder.join(format!("{name}.{SECTION}")))?.write_all(&page)?;
    let verbs = command.get_subcommands();
    for verb in verbs.filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        man(verb, &format!("{name}-{}", verb.get_name()), folder)?;
    }
    Ok(())
}
