//! `rerunoff export`: a catchment's columns with time stamps, for a quick look or a plot.
//!
//! A table has the variables over the same axes; which of several, `--axis` says. With `--summary` it is one of the catchments.

mod document;
mod plot;
mod summary;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

pub(super) use self::document::Columns;
use self::plot::Curves;
pub(super) use self::summary::Summaries;
use self::summary::SummaryTable;
use super::exit::{Exit, Usage};
use super::named_snapshot::{Named, named, planned};
use super::open::ProjectPlace;
use super::options::jobs::cores;
use super::options::plot::PlotOption;
use super::options::scenario::ScenarioOption;
use super::options::sets::SetOptions;
use super::terminal::{print, print_document, say};
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::data::value::push_number;
use crate::product::SnapshotResults;
use crate::product::file::{AxisGroup, ProductContent};
use crate::product::numbers::At;
use crate::project::Project;
use crate::project::product_spec::{IdType, VariableAxes};
use crate::store::Store;
use crate::system::whole_file;
use crate::text::shell;
use crate::text::wording::first_few;

const TROUBLE: &str = "can't write the columns";

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments; with --summary all, if none is named
    #[arg(value_name = "ID", required_unless_present = "summary")]
    catchments: Vec<String>,
    /// A row a catchment: its status, every summary, and the parameters that the product has
    #[arg(long, conflicts_with = "axis")]
    summary: bool,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Commas and quotes; without it tabs and a first line that begins with #, as gnuplot likes it
    #[arg(long)]
    csv: bool,
    /// With --summary --csv: write the table to this file, and what its columns are to one beside it that ends in .csvt, so that QGIS
    /// and GDAL know numbers from texts; `-` is standard output
    #[arg(
        short,
        long,
        value_name = "FILE",
        requires = "summary",
        requires = "csv",
        conflicts_with = "plot"
    )]
    output: Option<PathBuf>,
    /// The variables over this axis, `time` or another of the product; `time,layer` over both, `none` those without, one row a
    /// catchment [default: `time`, or else the first there is]
    #[arg(long, value_name = "NAME")]
    axis: Option<String>,
    /// As of this tag [default: as the last run left them]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["set", "samples"])]
    at: Option<String>,
    #[command(flatten)]
    sets: SetOptions,
    #[command(flatten)]
    plot: PlotOption,
    /// One JSON document instead of a table
    #[arg(long, conflicts_with = "csv")]
    json: bool,
}

impl Arguments {
    /// The catchments that are named.
    fn ids(&self) -> BTreeSet<CatchmentId> {
        self.catchments.iter().map(CatchmentId::new).collect()
    }
}

pub(super) fn export(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open_with(&arguments.sets.overrides()?)?;
    let study = &opened.study;
    let store =
        (opened.store_to_read()?).context("nothing has been run yet; `rerunoff run` first")?;
    let named = match arguments.sets.are_none() {
        true => named(&store, arguments.at.as_deref(), 0)?,
        // A number may be one of sums over others.
        false if arguments.summary => planned(&opened, &store, &BTreeSet::new())?,
        false => planned(&opened, &store, &arguments.ids())?,
    };
    let chosen = arguments.scenarios.of(study)?;
    let projects: Vec<&Project> = chosen.iter().map(|&at| &study.scenarios[at]).collect();
    if arguments.summary {
        return summaries(&projects, &store, &named, &arguments);
    }
    let mut list = Vec::new();
    let mut left_out = BTreeSet::new();
    for project in projects {
        let name = &project.scenario.name;
        if let Some(snapshot) = named.snapshot.scenario_snapshot(name) {
            let results = SnapshotResults::open(project, &store, snapshot);
            let results = results.context(named.shown.clone())?;
            left_out.extend(results.left_out.iter().cloned());
            list.push((name, results));
        }
    }
    if !left_out.is_empty() {
        let (of, names) = (&named.shown, first_few(&Vec::from_iter(left_out)));
        say(&format!(
            "{of}: left out, as it is newer than these results: {names}"
        ));
    }
    let mut table = Table::new(study.is_named(), arguments.csv);
    let (mut columns, mut curves) = (None, None);
    let mut has_header = false;
    for id in &arguments.catchments {
        let mut is_known = false;
        // A catchment's curves, all of which have the axes of one another.
        let (mut drawn, mut together) = (None, Vec::new());
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
                    named.shown,
                    shell::word(id)
                )
            })?;
            let groups = results.product.axis_groups();
            let group = chosen_of(&groups, arguments.axis.as_deref())?;
            if !has_header {
                // All that have results have the same variables.
                let product = &results.product;
                table.write_header(product, group)?;
                columns = (arguments.json).then(|| Columns::new(&named.title, product, group));
                let width = arguments.plot.columns();
                let drawn = width.map(|width| Curves::new(&named.shown, group, width));
                curves = drawn.transpose()?;
                if arguments.axis.is_none() {
                    say_others(&groups, group);
                }
                has_header = true;
            }
            match (&mut columns, &curves) {
                (Some(columns), _) => {
                    columns.add(scenario, &CatchmentId::new(id), group, &variables)
                }
                (None, Some(_)) => {
                    drawn.get_or_insert(results);
                    together.push((*scenario, variables));
                }
                (None, None) => table.write_catchment(scenario, id, group, &variables)?,
            }
        }
        if let (Some(curves), Some(results)) = (&mut curves, drawn) {
            let groups = results.product.axis_groups();
            let group = chosen_of(&groups, arguments.axis.as_deref())?;
            curves.add(&CatchmentId::new(id), &results.product, group, &together);
        }
        if !is_known {
            return Err(Usage(format!("{}: there is no catchment {id:?}", named.shown)).into());
        }
    }
    match (&columns, &curves) {
        (Some(columns), _) => print_document(columns)?,
        (None, Some(curves)) => curves.print()?,
        (None, None) => table.print()?,
    }
    Ok(Exit::Fine)
}

/// Says how to come by the variables that are not in this group.
fn say_others(groups: &[AxisGroup<'_>], group: &AxisGroup<'_>) {
    let others = groups.iter().filter(|other| other.axes != group.axes);
    let others: Vec<String> = others.map(|other| name_of(other.axes)).collect();
    if !others.is_empty() {
        let others = others.join("`, `--axis ");
        say(&format!(
            "other variables are in tables of their own: `--axis {others}`"
        ));
    }
}

/// Prints a row for each catchment.
fn summaries(
    projects: &[&Project],
    store: &Store,
    named: &Named,
    arguments: &Arguments,
) -> Result<Exit> {
    let ids = arguments.ids();
    let has = |id: &CatchmentId| {
        let names = projects.iter().map(|project| &project.scenario.name);
        let mut snapshots = names.filter_map(|name| named.snapshot.scenario_snapshot(name));
        snapshots.any(|snapshot| snapshot.rows.iter().any(|row| row.id == *id))
    };
    if let Some(id) = ids.iter().find(|id| !has(id)) {
        let message = format!("{}: there is no catchment {:?}", named.shown, id.as_str());
        return Err(Usage(message).into());
    }
    let at = if ids.is_empty() {
        At::All
    } else {
        At::These(ids)
    };
    let mut table = SummaryTable::default();
    for project in projects {
        if let Some(snapshot) = named.snapshot.scenario_snapshot(&project.scenario.name) {
            let added = table.add(project, store, snapshot, &at, cores(None));
            added.with_context(|| named.shown.clone())?;
        }
    }
    match (arguments.json, arguments.plot.columns()) {
        (true, _) => print_document(&table.document(&named.title))?,
        (false, Some(columns)) => table.draw(&named.shown, columns)?,
        (false, None) => match arguments.output.as_ref().filter(|file| *file != "-") {
            None => print(&table.text(arguments.csv)?)?,
            Some(file) => {
                let ids_are_numbers =
                    (projects.iter()).all(|project| project.product.ids != Some(IdType::Text));
                let types = (file.with_extension("csvt"), table.types(ids_are_numbers));
                for (path, bytes) in [(file.clone(), table.text(true)?), types] {
                    whole_file::write(&path, &bytes)
                        .with_context(|| format!("can't write {}", path.display()))?;
                }
            }
        },
    }
    Ok(Exit::Fine)
}

/// What `--axis` calls the variables over these axes.
fn name_of(axes: &VariableAxes) -> String {
    match axes.is_none() {
        true => "none".to_owned(),
        false => axes.names().collect::<Vec<_>>().join(","),
    }
}

/// The variables that are asked for; without a name the first ones.
fn chosen_of<'g, 'p>(groups: &'g [AxisGroup<'p>], name: Option<&str>) -> Result<&'g AxisGroup<'p>> {
    let Some(name) = name else {
        return groups.first().context("the product has no variables");
    };
    let mut all = groups.iter();
    let found = all.find(|group| name_of(group.axes) == name);
    found.ok_or_else(|| {
        let names: Vec<String> = groups.iter().map(|group| name_of(group.axes)).collect();
        let message = format!(
            "no variables go over {name:?} alone; there are {}",
            names.join(" and ")
        );
        Usage(message).into()
    })
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

    /// The names of the columns.
    fn write_header(&mut self, product: &ProductContent, group: &AxisGroup<'_>) -> Result<()> {
        let scenario = self.is_named.then_some("scenario");
        let names = scenario.into_iter().chain(["catchment"]);
        let names = names.chain(group.axes.names());
        let mut header: Vec<String> = names.map(str::to_owned).collect();
        let variables = group.variables.iter();
        header.extend(variables.map(|&variable| product.spec.variables[variable].name.clone()));
        if !self.csv {
            header[0].insert(0, '#');
        }
        self.writer.write_record(&header).context(TROUBLE)
    }

    /// A row for each time step and each place along a further dimension.
    fn write_catchment(
        &mut self,
        scenario: &ScenarioName,
        id: &str,
        group: &AxisGroup<'_>,
        variables: &[Vec<f64>],
    ) -> Result<()> {
        for row in 0..group.rows() {
            let mut record = vec![id.to_owned()];
            record.extend(group.labels(row).into_iter().flatten());
            if self.is_named {
                record.insert(0, scenario.to_string());
            }
            for values in group.variables.iter().map(|&variable| &variables[variable]) {
                let mut text = Vec::new();
                push_number(&mut text, values[row]);
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
