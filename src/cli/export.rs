//! `rerunoff export`: a catchment's columns with time stamps, for a quick look or a plot.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use super::exit::{Exit, Usage};
use super::named_snapshot::named;
use super::open::OpenProject;
use super::options::scenario::ScenarioOption;
use super::terminal::print;
use crate::data::catchment::CatchmentId;
use crate::data::value::push_number;
use crate::product::Results;
use crate::text::shell;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments
    #[arg(value_name = "ID", required = true)]
    catchments: Vec<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Commas and quotes; without it tabs and a first line that begins with #, as gnuplot likes it
    #[arg(long)]
    csv: bool,
    /// As of this tag [default: as the last run left them]
    #[arg(long, value_name = "NAME")]
    at: Option<String>,
}

pub(super) fn export(root: &Path, arguments: Arguments) -> Result<Exit> {
    let opened = OpenProject::at(root)?;
    let study = &opened.study;
    let store =
        (opened.store_to_read()?).context("nothing has been run yet; `rerunoff run` first")?;
    let named = named(&store, arguments.at.as_deref(), 0)?;
    let chosen = arguments.scenarios.of(study)?;
    let mut wanted = Vec::new();
    for project in chosen.iter().map(|&at| &study.scenarios[at]) {
        let Some(scenario_snapshot) = named.snapshot.scenario_snapshot(&project.scenario.name)
        else {
            continue;
        };
        let results =
            Results::open(project, &store, scenario_snapshot).context(named.title.clone())?;
        wanted.push((&project.scenario.name, results));
    }
    let names = (wanted.iter().take(1)).flat_map(|(_, results)| &results.product.spec.variables);
    let names = names.map(|variable| variable.name.as_str());
    let scenario = study.is_named().then_some("scenario");
    let header = ["catchment", "time"].into_iter().chain(names);
    let header: Vec<&str> = scenario.into_iter().chain(header).collect();
    let separator = if arguments.csv { b',' } else { b'\t' };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .from_writer(Vec::new());
    let trouble = "can't write the columns";
    match arguments.csv {
        true => writer.write_record(&header).context(trouble)?,
        false => {
            let marked = format!("#{}", header[0]);
            let rest = header[1..].iter().copied();
            let marked = std::iter::once(marked.as_str()).chain(rest);
            writer.write_record(marked).context(trouble)?;
        }
    }
    for id in &arguments.catchments {
        let mut is_known = false;
        for (scenario, results) in &wanted {
            let Some(at) = results.find(&CatchmentId::new(id)) else {
                continue;
            };
            is_known = true;
            let variables = results.variables(&store, at)?;
            let variables = variables.with_context(|| {
                let label = scenario.label(&CatchmentId::new(id));
                format!(
                    "{}: catchment {label} has no result; `rerunoff why {}` tells why",
                    named.title,
                    shell::word(id)
                )
            })?;
            let time = &results.product.time;
            for step in 0..time.len() {
                let mut record = vec![id.clone(), time.date_time(step).to_string()];
                if study.is_named() {
                    record.insert(0, scenario.to_string());
                }
                for values in &variables {
                    let mut text = Vec::new();
                    push_number(&mut text, values[step]);
                    record.push(String::from_utf8_lossy(&text).into_owned());
                }
                writer.write_record(&record).context(trouble)?;
            }
        }
        if !is_known {
            return Err(Usage(format!("{}: there is no catchment {id:?}", named.title)).into());
        }
    }
    print(&writer.into_inner().context(trouble)?)?;
    Ok(Exit::Fine)
}
