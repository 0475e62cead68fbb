//! `rerunoff repro`: one catchment's work directory as its simulator gets it, and the command to run it by hand.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::CatchmentOf;
use super::exit::Exit;
use super::new_folder::new_folder;
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::cli::options::only::find;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::options::sets::SetOptions;
use crate::execute::local::forcing::Forcing;
use crate::execute::local::job::prepare_directory;
use crate::execute::local::work_directory::{PRINTED_FILES, WorkDirectory};
use crate::plan::environment;
use crate::text::shell;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchment
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    catchment: String,
    /// A new or empty folder for its files
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    scenarios: ScenarioOption,
    #[command(flatten)]
    sets: SetOptions,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// A catchment's work directory, and how to run it by hand.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    #[serde(flatten)]
    of: CatchmentOf,
    /// The folder with its files.
    folder: String,
    /// What is known of its last run, in words.
    history: String,
    /// All environment variables that its simulator gets.
    environment: BTreeMap<String, String>,
    /// The simulator's command, then those that are run after it, each with its arguments.
    commands: Vec<Vec<String>>,
    /// The lines for a shell that run it.
    script: String,
}

pub(super) fn repro(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open_with(&arguments.sets.overrides()?)?;
    let at = arguments.scenarios.only(&opened.study)?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    let loaded = &loaded_study.list[at];
    let at = find(&loaded.basin, &arguments.catchment)?;
    let id = loaded.basin.id(at);
    let folder = new_folder(&arguments.folder)?;
    let context = || format!("catchment {id}");
    let forcing = Forcing::new(loaded.series(at).with_context(context)?);
    let rendered = (loaded.recipe.render(&loaded.basin, at)).with_context(context)?;
    let work = WorkDirectory::at(folder.clone());
    prepare_directory(&loaded.recipe, loaded.project, &rendered, &forcing, &work)
        .map_err(|failure| anyhow::anyhow!("{failure}"))
        .with_context(context)?;

    let key = loaded.recipe.key(&rendered, forcing.digests());
    let scenario = &loaded.project.scenario.name;
    let last = store.map(|store| store.last(scenario)).transpose()?;
    let last = last.and_then(|mut last| last.remove(id));
    let history = match last {
        None => "it was never run".to_owned(),
        Some(last) if last.key != key.0 => "its inputs are not those of its last run".to_owned(),
        Some(last) => match last.failure {
            None => "it went well when it was last run with these inputs".to_owned(),
            Some(failure) => format!(
                "when it was last run with these inputs it failed: {}",
                failure.reason.replace(char::is_control, " ")
            ),
        },
    };
    let variables = environment::of(&folder, &rendered.environment);
    let mut line = format!("cd {} && env -i", shell::word(&folder));
    for (name, value) in &variables {
        let mut pair = OsString::from(name);
        pair.push("=");
        pair.push(value);
        line.push_str(&format!(" {}", shell::word(&pair)));
    }
    let [printed, errors] = PRINTED_FILES;
    let command = shell::line(&rendered.command);
    let mut lines = format!("{line} {command} < /dev/null > {printed} 2> {errors}");
    for command in &rendered.after {
        let command = shell::line(command);
        lines.push_str(&format!(
            "\n{line} {command} < /dev/null >> {printed} 2>> {errors}"
        ));
    }
    if arguments.json {
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let environment = variables.iter();
        let commands = [rendered.command].into_iter().chain(rendered.after);
        print_document(&Document {
            of: CatchmentOf::new(scenario, id),
            folder: folder.display().to_string(),
            history,
            environment: environment
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            commands: commands.collect(),
            script: lines,
        })?;
        return Ok(Exit::Fine);
    }
    let name = loaded.label(at).replace(char::is_control, " ");
    writeln!(stdout(), "# catchment {name}: {history}\n{lines}").ok();
    Ok(Exit::Fine)
}
