//! `rerunoff export`: a catchment's columns with time stamps, for a quick look or a plot.

use anyhow::{Context, Result};
use clap::Args;

use super::exit::{Exit, Usage};
use super::named_snapshot::named;
use super::open::ProjectPlace;
use super::options::scenario::ScenarioOption;
use super::terminal::print;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::data::time_axis::TimeAxis;
use crate::data::value::push_number;
use crate::product::SnapshotResults;
use crate::text::shell;

const TROUBLE: &str = "can't write the columns";

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

pub(super) fn export(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let study = &opened.study;
    let store =
        (opened.store_to_read()?).context("nothing has been run yet; `rerunoff run` first")?;
    let named = named(&store, arguments.at.as_deref(), 0)?;
    let chosen = arguments.scenarios.of(study)?;
    let mut list = Vec::new();
    for project in chosen.iter().map(|&at| &study.scenarios[at]) {
        let name = &project.scenario.name;
        if let Some(snapshot) = named.snapshot.scenario_snapshot(name) {
            let results = SnapshotResults::open(project, &store, snapshot);
            list.push((name, results.context(named.title.clone())?));
        }
    }
    let mut table = Table::new(study.is_named(), arguments.csv);
    table.write_header(list.first().map(|(_, results)| results))?;
    for id in &arguments.catchments {
        let mut is_known = false;
        for (scenario, results) in &list {
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
            table.write_catchment(scenario, id, &results.product.time, &variables)?;
        }
        if !is_known {
            return Err(Usage(format!("{}: there is no catchment {id:?}", named.title)).into());
        }
    }
    table.print()?;
    Ok(Exit::Fine)
}

/// The table to be printed, whole only when all of it is there.
struct Table {
    writer: csv::Writer<Vec<u8>>,
    /// Whether the first column has scenarios.
    is_named: bool,
    csv: bool,
}

impl Table {
    fn new(is_named: bool, csv: bool) -> Self {
        let separator = if csv { b',' } else { b'\t' };
        let mut builder = csv::WriterBuilder::new();
        Self {
            writer: builder.delimiter(separator).from_writer(Vec::new()),
            is_named,
            csv,
        }
    }

    /// The names of the columns; the variables are those of these results, which all have the same.
    fn write_header(&mut self, results: Option<&SnapshotResults>) -> Result<()> {
        let variables = results
            .into_iter()
            .flat_map(|found| &found.product.spec.variables);
        let scenario = self.is_named.then_some("scenario");
        let names = scenario.into_iter().chain(["catchment", "time"]);
        let mut header: Vec<String> = names.map(str::to_owned).collect();
        header.extend(variables.map(|variable| variable.name.clone()));
        if !self.csv {
            header[0].insert(0, '#');
        }
        self.writer.write_record(&header).context(TROUBLE)
    }

    /// A row for each time step.
    fn write_catchment(
        &mut self,
        scenario: &ScenarioName,
        id: &str,
        time: &TimeAxis,
        variables: &[Vec<f64>],
    ) -> Result<()> {
        for step in 0..time.len() {
            let mut record = vec![id.to_owned(), time.date_time(step).to_string()];
            if self.is_named {
                record.insert(0, scenario.to_string());
            }
            for values in variables {
                let mut text = Vec::new();
                push_number(&mut text, values[step]);
                record.push(String::from_utf8_lossy(&text).into_owned());
            }
            self.writer.write_record(&record).context(TROUBLE)?;
        }
        Ok(())
    }

    fn print(self) -> Result<()> {
        print(&self.writer.into_inner().context(TROUBLE)?)
    }
}
