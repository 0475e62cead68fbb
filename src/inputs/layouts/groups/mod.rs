//! The layout that PyTables programs write: a group for each catchment, with a table of series and one of parameters.
//!
//! A catchment's group is `PREFIX` and its id; in it the series table has one column for each series, and the parameter
//! table has rows of `name` and `value`. The time steps are at the root, as nanoseconds since 1970. What is wrong with one
//! catchment's group is that catchment's fault and does not stop others. Only the parameters are read when the file is
//! opened.

mod reader;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use hdf5::{Dataset, File, LocationType};

use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::time_axis::TimeAxis;
use crate::inputs::InputSpec;
use crate::inputs::catalog::{BadInput, Series, SeriesColumn, natural_order};
use crate::inputs::conventions::attributes::{TableAttributes, Usual};
use crate::inputs::conventions::decoding::Inexact;
use crate::inputs::hdf::types::{self, ElementKind, FieldValues};
use crate::inputs::layouts::arrays;
use crate::inputs::layouts::identify;
use crate::inputs::links::Links;
use crate::inputs::links::linked::Linked;
use crate::inputs::variables;
use reader::GroupReader;

/// One catchment's group.
#[derive(Debug)]
pub(crate) struct GroupEntry {
    /// The id: the group's name without the prefix.
    pub id: CatchmentId,
    /// What is wrong with the group, if anything.
    pub problem: Option<BadInput>,
}

/// A file of groups, opened; only the series' values are still to be read.
#[derive(Debug)]
pub(crate) struct GroupFile {
    /// The file.
    pub path: PathBuf,
    /// The catchments in the natural order of their ids.
    pub entries: Vec<GroupEntry>,
    /// Their parameters, in the same order, without those whose value is missing.
    pub parameters: Parameters,
    /// The time axis, if the file has one.
    pub time: Option<TimeAxis>,
    /// The series, as the first catchment that has a series table has them.
    pub columns: Vec<SeriesColumn>,
    file: File,
    /// More of what it points to may be found when series are read.
    links: Mutex<Links>,
    prefix: String,
    series_table: String,
    usual_series: Usual,
}

/// What is at the root of such a file.
pub(crate) struct GroupMembers {
    /// The catchments' groups.
    groups: Vec<String>,
    /// All else, and what is stated as the time.
    others: Vec<String>,
}

impl GroupMembers {
    /// Sorts the names at the root of a file; `None` if it has another layout.
    pub(crate) fn find(file: &File, names: &[String], spec: &InputSpec) -> Option<Self> {
        let is_of_catchment = |name: &&String| name.starts_with(&spec.group_prefix);
        let mut groups: Vec<String> = (names.iter())
            .filter(is_of_catchment)
            .filter(|name| matches!(file.loc_type_by_name(name), Ok(LocationType::Group)))
            .cloned()
            .collect();
        let has_tables = |name: &String| {
            [&spec.series_table, &spec.parameter_table]
                .iter()
                .any(|table| is_table(file, name, table))
        };
        if !groups.iter().any(has_tables) {
            return None;
        }
        groups.sort_by(|a, b| natural_order(a, b));
        let others = (names.iter())
            .filter(|name| !is_of_catchment(name) || Some(name.as_str()) == spec.time.as_deref());
        Some(Self {
            groups,
            others: others.cloned().collect(),
        })
    }
}

fn is_table(file: &File, group: &str, table: &str) -> bool {
    matches!(
        file.loc_type_by_name(&format!("{group}/{table}")),
        Ok(LocationType::Dataset)
    )
}

impl GroupFile {
    /// Reads the parameters of all groups, and what there is of time and columns.
    pub(crate) fn new(
        path: &Path,
        file: File,
        spec: &InputSpec,
        members: &GroupMembers,
        mut links: Links,
    ) -> anyhow::Result<Self> {
        let variables = variables::of_hdf5(&file, path, &members.others)?;
        let time = (identify::find_time(path, spec, &variables)?)
            .map(|variable| {
                links.check(variable)?;
                arrays::read_time(path, variable, true)
            })
            .transpose()?;
        let mut reader = GroupReader {
            path,
            file: &file,
            spec,
            links: &mut links,
            columns: None,
            usual_series: Usual::default(),
            usual_parameters: None,
        };
        let (entries, parameters) = reader.entries(&members.groups)?;
        let (columns, usual_series) = (reader.columns, reader.usual_series);
        if columns.is_some() && time.is_none() {
            bail!(
                "{}: there is no `time_steps` at the root of the file; if the time steps have another name, say it \
                 with `time = \"…\"`",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
            parameters,
            time,
            columns: columns.unwrap_or_default(),
            file,
            links: Mutex::new(links),
            prefix: spec.group_prefix.clone(),
            series_table: spec.series_table.clone(),
            usual_series,
        })
    }

    /// The further files that it reads, as far as that is known before all series have been read.
    pub(crate) fn linked(&self) -> Linked {
        self.links().linked().clone()
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads columns (indices into `columns`) of one catchment (index into `entries`), `steps` values each.
    ///
    /// The outer error is a damaged file, the inner one a fault of this catchment. Values may be NaN or infinite.
    pub(crate) fn read(
        &self,
        entry: usize,
        columns: &[usize],
        steps: usize,
    ) -> anyhow::Result<Series> {
        let group = format!("{}{}", self.prefix, self.entries[entry].id.as_str());
        let about = || {
            let (path, table) = (self.path.display(), &self.series_table);
            format!("{path}: the series table `{group}/{table}` can't be read")
        };
        if !is_table(&self.file, &group, &self.series_table) {
            let table = self.series_table.clone();
            return Ok(Err(BadInput::NoSeriesTable { table }));
        }
        let table = open(&self.file, &group, &self.series_table).with_context(about)?;
        self.links()
            .values(&format!("{group}/{}", self.series_table), &table)?;
        let fields = types::fields(&table).with_context(about)?;
        let mut wanted = Vec::with_capacity(columns.len());
        for &column in columns {
            let column = &self.columns[column].name;
            let found = fields
                .iter()
                .find(|f| f.name == *column && f.kind.is_number());
            let Some(field) = found else {
                let column = column.clone();
                return Ok(Err(BadInput::NoColumn { column }));
            };
            wanted.push(field);
        }
        let found = table.size();
        if found != steps {
            let column = wanted
                .first()
                .map_or_else(String::new, |field| field.name.clone());
            return Ok(Err(BadInput::Length {
                column,
                found,
                expected: steps,
            }));
        }
        let read = types::columns(&table, &wanted).with_context(about)?;
        let attributes = TableAttributes::of(&table, self.usual_series).with_context(about)?;
        let mut series = Vec::with_capacity(wanted.len());
        for (field, column) in wanted.into_iter().zip(read) {
            let about = || format!("{}, column `{}`", about(), field.name);
            let ElementKind::Number(stored) = field.kind else {
                continue;
            };
            let decoding = attributes.decoding(stored).with_context(about)?;
            series.push(match column {
                FieldValues::Numbers(mut numbers) => {
                    decoding.apply_all(&mut numbers);
                    numbers
                }
                FieldValues::Whole(whole) => (whole.into_iter())
                    .map(|whole| decoding.value(whole))
                    .collect::<Result<_, Inexact>>()
                    .with_context(about)?,
                FieldValues::Texts(_) => continue,
            });
        }
        Ok(Ok(series))
    }
}

fn open(file: &File, group: &str, table: &str) -> hdf5::Result<Dataset> {
    file.dataset(&format!("{group}/{table}"))
}
