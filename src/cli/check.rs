//! `rerunoff check`: everything that can be validated without running a simulator.

use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::exit::{Exit, Usage};
use super::open::OpenProject;
use crate::cli::options::only::find;
use crate::cli::options::scenario::unknown;
use crate::data::scenario::ScenarioName;
use crate::language::template::Template;
use crate::plan::loaded::LoadedScenario;
use crate::plan::recipe::names::Names;
use crate::product;
use crate::project::Content;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchment to render [default: the first]
    #[arg(value_name = "ID")]
    catchment: Option<String>,
    /// Write its files into this folder, to look at
    #[arg(long, value_name = "DIR")]
    render: Option<PathBuf>,
    /// The scenario to render it in [default: the first]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
}

pub(super) fn check(root: &Path, arguments: Arguments) -> Result<Exit> {
    let opened = OpenProject::at(root)?;
    let study = &opened.study;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    loaded_study.list.iter().try_for_each(product::check)?;
    let names: Vec<&ScenarioName> = study.names().collect();
    let place = match &arguments.scenario {
        None => 0,
        Some(wanted) => (names.iter().position(|name| name.as_str() == wanted))
            .ok_or_else(|| Usage(format!("--scenario: {}", unknown(wanted, &names))))?,
    };
    let loaded = &loaded_study.list[place];
    let project = loaded.project;
    let catchments = loaded.basin.catchments();
    let at = match &arguments.catchment {
        Some(id) => find(&loaded.basin, id)?,
        None => 0,
    };
    let Some(catchment) = catchments.get(at) else {
        bail!("the input has no catchments")
    };
    let files = render(loaded, at).with_context(|| format!("catchment {}", catchment.id))?;
    let mut out = stdout().lock();
    let time = loaded.basin.time();
    writeln!(
        out,
        "{} catchments, {} time steps from {} to {}",
        catchments.len(),
        time.len(),
        time.date_time(0),
        time.date_time(time.len() - 1)
    )
    .ok();
    if study.is_named() {
        writeln!(
            out,
            "{} scenarios; what follows is about {}",
            names.len(),
            names[place]
        )
        .ok();
    }
    let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    writeln!(
        out,
        "series: {}",
        names(
            &mut loaded
                .basin
                .columns
                .iter()
                .map(|column| column.name.as_str())
        )
    )
    .ok();
    writeln!(
        out,
        "parameters: {}",
        names(&mut loaded.basin.parameter_names().into_iter())
    )
    .ok();
    writeln!(
        out,
        "product: {}",
        names(&mut project.product.variables.iter().map(|v| v.name.as_str()))
    )
    .ok();
    if project.simulator.timeout.is_none() {
        writeln!(
            out,
            "note: without simulator.timeout, a simulator that hangs is waited for for ever"
        )
        .ok();
    }
    for note in notes(loaded) {
        writeln!(out, "note: {note}").ok();
    }
    for (name, content) in &files {
        match &arguments.render {
            Some(folder) => {
                let path = folder.join(name);
                let context = || format!("can't write {}", path.display());
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent).with_context(context)?;
                }
                fs::write(&path, content).with_context(context)?;
                writeln!(out, "wrote {}", path.display()).ok();
            }
            None => drop(
                writeln!(
                    out,
                    "{name} of catchment {}: {} bytes",
                    catchment.id,
                    content.len()
                )
                .ok(),
            ),
        }
    }
    writeln!(
        out,
        "all is well with catchment {}; `rerunoff status` looks at all of them, `rerunoff run` runs them",
        catchment.id
    )
    .ok();
    Ok(Exit::Fine)
}

/// What may be meant otherwise in the templates: names in comments, and documents that nothing says to be XML.
fn notes(loaded: &LoadedScenario<'_>) -> Vec<String> {
    let names = Names::of(&loaded.basin);
    let mut notes = Vec::new();
    for input in &loaded.project.simulator.inputs {
        let Content::Template { path, template } = &input.content else {
            continue;
        };
        let path = path.display();
        for found in template.unfilled() {
            if names.has_parameter(&found.name) {
                notes.push(format!(
                    "{path}:{}:{}: {{{}}} stands in a comment, where nothing is filled in",
                    found.line, found.column, found.name
                ));
            }
        }
        if template.is_plain() && Template::xml(template.source()).is_ok() {
            notes.push(format!(
                "{path} is plain text, but could be XML; `xml = true` beside `file` has its values escaped"
            ));
        }
    }
    notes
}

/// The files that one catchment's simulator would get, by name.
fn render(loaded: &LoadedScenario<'_>, at: usize) -> Result<Vec<(String, Vec<u8>)>> {
    let rendered = loaded.recipe.render(&loaded.basin, at)?;
    let series = loaded.series(at)?;
    let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    let mut files = Vec::new();
    for (i, input) in loaded.project.simulator.inputs.iter().enumerate() {
        let mut content = rendered.files[i].clone().unwrap_or_default();
        if let Content::Series(_) = input.content {
            loaded
                .recipe
                .write_table(i, &rendered, &slices, &mut content)?;
        }
        files.push((input.name.clone(), content));
    }
    Ok(files)
}
