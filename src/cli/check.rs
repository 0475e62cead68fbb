//! `rerunoff check`: everything that can be validated without running a simulator.

use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::check_cluster;
use super::document::CatchmentOf;
use super::exit::Exit;
use super::fault::print_interrupted;
use super::open::ProjectPlace;
use super::refusal::CannotRun;
use super::terminal::{print_document, say};
use super::tried_document::TriedOf;
use super::trying::{INTERRUPTED, check_document, check_run};
use crate::cli::options::only::find;
use crate::cli::options::place::{Place, PlaceOptions};
use crate::cli::options::scenario::place_of;
use crate::cli::options::sets::SetOptions;
use crate::data::catchment::CatchmentId;
use crate::data::size::Size;
use crate::data::time_axis::TimeAxis;
use crate::execute::local::boundary;
use crate::language::template::Template;
use crate::plan::Unit;
use crate::plan::loaded::LoadedScenario;
use crate::plan::recipe::Rendered;
use crate::plan::recipe::names::Names;
use crate::product;
use crate::project::{Content, DeckPlace, Study, missing_files};
use crate::system::machine;

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
    #[command(flatten)]
    sets: SetOptions,
    /// Run it, storing nothing, and tell whether it gives a good result; `rerunoff try` tells more
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    place: PlaceOptions,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What the project file, the templates and the input give, for one catchment.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    #[serde(flatten)]
    of: CatchmentOf,
    /// How many catchments the scenario has.
    catchments: usize,
    /// How many time steps; 0 where there are none.
    steps: usize,
    /// How many scenarios the project has; `null` where it has none.
    scenarios: Option<usize>,
    /// The names of the series.
    series: Vec<String>,
    /// The names of the parameters.
    parameters: Vec<String>,
    /// The names of the product's variables.
    variables: Vec<String>,
    /// The class of this machine's processor.
    processor: String,
    /// What holds simulators to what the project states, in words.
    fence: String,
    /// The deck and the files that the catchment has for itself, in words.
    brought: Vec<String>,
    /// What is allowed and probably not meant, in words.
    notes: Vec<String>,
    /// The files that its simulator gets.
    files: Vec<FileOf>,
    /// How the settings of the cluster were understood and what its engine says to them, in words; none where runs stay here.
    cluster: Vec<String>,
    /// How a run of it went, with `--run`; else `null`.
    run: Option<TriedOf>,
}

/// A file that a simulator gets.
#[derive(Serialize, JsonSchema)]
struct FileOf {
    /// Its path in the work directory.
    name: String,
    /// Its size.
    bytes: usize,
    /// Where it was written, with `--render`; else `null`.
    written: Option<String>,
}

pub(super) fn check(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let overrides = arguments.sets.overrides()?;
    let opened = place.open_with(&overrides).inspect_err(|first| {
        // The first is told by whoever asked; here are the others.
        for other in missing_files(&place.root) {
            if other.place != first.place {
                say(&format!("error: {other}"));
            }
        }
    })?;
    let study = &opened.study;
    let run_at = arguments.place.place(study)?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    loaded_study.list.iter().try_for_each(product::check)?;
    let scenario = place_of(study, arguments.scenario.as_deref())?;
    let loaded = &loaded_study.list[scenario];
    let at = match &arguments.catchment {
        Some(id) => find(&loaded.basin, id)?,
        None => 0,
    };
    let Some(catchment) = loaded.basin.catchments().get(at) else {
        bail!("the input has no catchments")
    };
    let id = &catchment.id;
    if let Some(bad) = CannotRun::for_own_files(loaded) {
        return Err(bad.into());
    }
    let context = || format!("catchment {id}");
    let rendered = (loaded.recipe.render(&loaded.basin, at)).with_context(context)?;
    let files = render(loaded, at, &rendered).with_context(context)?;
    let unit = Unit {
        scenario,
        catchment: at,
    };
    if arguments.json {
        let mut document = Document::new(study, loaded, at, &rendered);
        for (name, content) in files {
            document.files.push(FileOf {
                written: match &arguments.render {
                    Some(folder) => Some(write(&folder.join(&name), &content)?),
                    None => None,
                },
                bytes: content.len(),
                name,
            });
        }
        if let Place::Cluster(spec) = &run_at {
            document.cluster = check_cluster::understood(spec);
            let answer = check_cluster::answer(spec, &study.common().root)?;
            document.cluster.extend(answer);
        }
        if arguments.run {
            document.run = check_document(&loaded_study, unit)?;
            if document.run.is_none() {
                return print_interrupted(INTERRUPTED, true);
            }
        }
        print_document(&document)?;
        return Ok(match document.run {
            Some(run) if !run.is_good() => Exit::Failures,
            _ => Exit::Fine,
        });
    }
    let mut out = stdout().lock();
    print_overview(study, loaded, &mut out).ok();
    for line in brought(loaded, id, &rendered) {
        writeln!(out, "{line}").ok();
    }
    for note in notes(loaded) {
        writeln!(out, "note: {note}").ok();
    }
    match &arguments.render {
        Some(folder) => {
            for (name, content) in &files {
                let path = write(&folder.join(name), content)?;
                writeln!(out, "wrote {path}").ok();
            }
        }
        None => {
            for (name, content) in &files {
                let bytes = content.len();
                writeln!(out, "{name} of catchment {id}: {bytes} bytes").ok();
            }
        }
    }
    if let Place::Cluster(spec) = &run_at {
        for line in check_cluster::understood(spec) {
            writeln!(out, "cluster: {line}").ok();
        }
        for line in check_cluster::answer(spec, &study.common().root)? {
            writeln!(out, "cluster: {line}").ok();
        }
    }
    if arguments.run {
        return check_run(&loaded_study, unit, &mut out);
    }
    writeln!(
        out,
        "all is well with catchment {id}; `rerunoff status` looks at all of them, `rerunoff run` runs them"
    )
    .ok();
    Ok(Exit::Fine)
}

impl Document {
    /// Without files, cluster and run.
    fn new(study: &Study, loaded: &LoadedScenario<'_>, at: usize, rendered: &Rendered) -> Self {
        let LoadedScenario { basin, project, .. } = loaded;
        let id = basin.id(at);
        let series = basin.columns.iter().map(|column| column.name.clone());
        let parameters = basin.parameter_names().into_iter();
        let variables = project.product.variables.iter();
        Self {
            of: CatchmentOf::new(&project.scenario.name, id),
            catchments: basin.catchments().len(),
            steps: basin.steps(),
            scenarios: study.is_named().then(|| study.names().count()),
            series: series.collect(),
            parameters: parameters.map(|name| name.to_string()).collect(),
            variables: variables.map(|variable| variable.name.clone()).collect(),
            processor: machine::this().class.clone(),
            fence: boundary::described(project),
            brought: brought(loaded, id, rendered),
            notes: notes(loaded),
            files: Vec::new(),
            cluster: Vec::new(),
            run: None,
        }
    }
}

/// How many catchments, time steps and scenarios there are, and the names of series, parameters and variables.
fn print_overview(
    study: &Study,
    loaded: &LoadedScenario<'_>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let LoadedScenario { basin, project, .. } = loaded;
    let steps = basin
        .time()
        .map_or("no time steps".to_owned(), TimeAxis::to_string);
    let count = basin.catchments().len();
    let plural = if count == 1 { "" } else { "s" };
    writeln!(out, "{count} catchment{plural}, {steps}")?;
    if study.is_named() {
        let (count, name) = (study.names().count(), &project.scenario.name);
        writeln!(out, "{count} scenarios; what follows is about {name}")?;
    }
    if let Some(asked) = project.simulator.same_processor.as_ref() {
        let (asked, here) = (asked.class(), &machine::this().class);
        writeln!(out, "processor: {here}")?;
        if asked != here {
            writeln!(
                out,
                "note: results are to be of {asked} (`same_processor`), so this machine runs none"
            )?;
        }
    }
    writeln!(out, "{}", boundary::described(project))?;
    let series = basin.columns.iter().map(|column| column.name.as_str());
    let variables = project.product.variables.iter();
    let variables = variables.map(|variable| variable.name.as_str());
    for (what, names) in [
        ("series", Vec::from_iter(series)),
        ("parameters", Vec::from_iter(basin.parameter_names())),
        ("product", Vec::from_iter(variables)),
    ] {
        writeln!(out, "{what}: {}", names.join(", "))?;
    }
    Ok(())
}

/// The deck, and the files that a catchment has for itself.
fn brought(loaded: &LoadedScenario<'_>, id: &CatchmentId, rendered: &Rendered) -> Vec<String> {
    let project = loaded.project;
    let shown = |path: &Path| {
        let path = path.strip_prefix(&project.root).unwrap_or(path);
        path.display().to_string()
    };
    let mut lines = Vec::new();
    if let Some(spec) = &project.simulator.deck {
        let deck = rendered.deck(&loaded.recipe);
        let (files, size) = (deck.files.len(), Size(deck.bytes()));
        let whose = match &spec.place {
            DeckPlace::Common(path) => format!("deck: {}", shown(path)),
            DeckPlace::Own(path) => format!("deck of catchment {id}: {}", path.template.source()),
        };
        lines.push(format!(
            "{whose}, {files} files of {size}, copied into each work directory"
        ));
    }
    let links = rendered.own.links.iter();
    lines.extend(links.map(|link| {
        let place = shown(&link.path);
        format!("{} of catchment {id}: {place}", link.name)
    }));
    lines
}

/// Writes a file, makes its folder where it is missing, and says where it is.
fn write(path: &Path, content: &[u8]) -> Result<String> {
    let context = || format!("can't write {}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(context)?;
    }
    fs::write(path, content).with_context(context)?;
    Ok(path.display().to_string())
}

/// What is allowed and probably not meant: no time limit, names in comments of templates, XML that is not declared as such.
fn notes(loaded: &LoadedScenario<'_>) -> Vec<String> {
    let names = Names::of(&loaded.basin);
    let mut notes = Vec::new();
    if loaded.project.simulator.timeout.is_none() {
        let hangs = "a simulator that hangs is waited for for ever";
        notes.push(format!("without simulator.timeout, {hangs}"));
    }
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
fn render(
    loaded: &LoadedScenario<'_>,
    at: usize,
    rendered: &Rendered,
) -> Result<Vec<(String, Vec<u8>)>> {
    let series = loaded.series(at)?;
    let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    let mut files = Vec::new();
    for (i, input) in loaded.project.simulator.inputs.iter().enumerate() {
        let mut content = rendered.files[i].clone().unwrap_or_default();
        if rendered.files[i].is_none() {
            loaded
                .recipe
                .write_table(i, rendered, &slices, &mut content)?;
        }
        files.push((input.name.clone(), content));
    }
    Ok(files)
}
