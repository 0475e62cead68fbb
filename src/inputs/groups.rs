//! The layout that PyTables programs write: a group for each catchment, with a table of series and one of parameters.
//!
//! A catchment's group is `PREFIX` and its id; in it the series table has one column for each series, and the parameter
//! table has rows of `name` and `value`. The time steps are at the root, as nanoseconds since 1970. What is wrong with one
//! catchment's group is that catchment's fault and stops no other. Only the parameters are read when the file is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use hdf5::{Dataset, File, LocationType};

use super::InputSpec;
use super::arrays;
use super::catalog::{BadInput, Series, SeriesColumn, natural_order};
use super::identify;
use super::links::Links;
use super::variables;
use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::inputs::conventions::attributes::{TableAttributes, Usual};
use crate::inputs::conventions::decoding::{DecodedValues, Inexact};
use crate::inputs::hdf5_types::{self, ElementKind, Field, FieldValues};
use crate::inputs::links::linked::Linked;

/// One catchment's group.
#[derive(Debug)]
pub struct GroupEntry {
    /// The id: the group's name without the prefix.
    pub id: CatchmentId,
    /// What is wrong with the group, if anything.
    pub problem: Option<BadInput>,
}

/// A file of groups, opened; only the series' values are still to be read.
#[derive(Debug)]
pub struct GroupFile {
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

/// The names of the groups that belong to catchments; none if the file has another layout.
pub fn catchment_groups(file: &File, names: &[String], spec: &InputSpec) -> Vec<String> {
    let groups: Vec<String> = (names.iter())
        .filter(|name| name.starts_with(&spec.group_prefix))
        .filter(|name| matches!(file.loc_type_by_name(name), Ok(LocationType::Group)))
        .cloned()
        .collect();
    let has_tables = |name: &String| {
        [&spec.series_table, &spec.parameter_table]
            .iter()
            .any(|table| is_table(file, name, table))
    };
    if groups.iter().any(has_tables) {
        groups
    } else {
        Vec::new()
    }
}

fn is_table(file: &File, group: &str, table: &str) -> bool {
    matches!(
        file.loc_type_by_name(&format!("{group}/{table}")),
        Ok(LocationType::Dataset)
    )
}

impl GroupFile {
    /// Reads the parameters of all `groups`, and what there is of time and columns.
    pub fn new(
        path: &Path,
        file: File,
        spec: &InputSpec,
        names: &[String],
        mut groups: Vec<String>,
        mut links: Links,
    ) -> anyhow::Result<Self> {
        groups.sort_by(|a, b| natural_order(a, b));
        let root = |name: &str| {
            !name.starts_with(&spec.group_prefix) || Some(name) == spec.time.as_deref()
        };
        let variables = variables::input_index(&file, path, names, &root)?;
        let time = match identify::find_time(path, spec, &variables)? {
            Some(variable) => {
                links.check(variable)?;
                Some(arrays::read_time(path, variable, true)?)
            }
            None => None,
        };
        let mut columns: Option<Vec<SeriesColumn>> = None;
        let mut entries = Vec::with_capacity(groups.len());
        let mut parameters = Parameters::default();
        let (mut usual_series, mut usual_parameters) = (Usual::default(), None);
        let (mut without_series, mut without_parameters) = (Vec::new(), Vec::new());
        for (at, group) in groups.iter().enumerate() {
            let about = |table: &str| {
                format!(
                    "{}: the table `{group}/{table}` can't be read",
                    path.display()
                )
            };
            if !links.table(group, &spec.series_table)? {
                without_series.push(at);
            } else if columns.is_none() && is_table(&file, group, &spec.series_table) {
                let (fields, usual) = open(&file, group, &spec.series_table)
                    .and_then(|table| Ok((hdf5_types::fields(&table)?, Usual::of(&table)?)))
                    .with_context(|| about(&spec.series_table))?;
                usual_series = usual;
                let numbers = fields.into_iter().filter(|field| field.kind.is_number());
                let of_field = |field: Field| SeriesColumn {
                    name: field.name,
                    units: None,
                };
                columns = Some(numbers.map(of_field).collect()).filter(|c: &Vec<_>| !c.is_empty());
            }
            let mut entry = GroupEntry {
                id: CatchmentId::new(group.strip_prefix(&spec.group_prefix).unwrap_or(group)),
                problem: None,
            };
            if links.table(group, &spec.parameter_table)?
                && is_table(&file, group, &spec.parameter_table)
            {
                let table = open(&file, group, &spec.parameter_table)
                    .with_context(|| about(&spec.parameter_table))?;
                links.values(&format!("{group}/{}", spec.parameter_table), &table)?;
                let about = || about(&spec.parameter_table);
                let usual = match usual_parameters {
                    Some(usual) => usual,
                    None => *usual_parameters.insert(Usual::of(&table).with_context(about)?),
                };
                match read_parameters(&table, usual).with_context(about)? {
                    Ok(own) => {
                        for (name, value) in own {
                            parameters.set(&name, at, value);
                        }
                    }
                    Err(problem) => {
                        let table = spec.parameter_table.clone();
                        entry.problem = Some(BadInput::BadParameters { table, problem });
                    }
                }
            } else {
                without_parameters.push(at);
            }
            entries.push(entry);
        }
        // A table that no catchment has is not missing from any: other files may provide what it would hold.
        if without_parameters.len() < entries.len() {
            for at in without_parameters {
                let table = spec.parameter_table.clone();
                entries[at].problem = Some(BadInput::NoParameters { table });
            }
        }
        if without_series.len() < entries.len() {
            for at in without_series {
                let table = spec.series_table.clone();
                entries[at].problem = Some(BadInput::NoSeriesTable { table });
            }
        }
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
    pub fn linked(&self) -> Linked {
        self.links().linked().clone()
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads columns (indices into `columns`) of one catchment (index into `entries`), `steps` values each.
    ///
    /// The outer error is a damaged file, the inner one a fault of this catchment. Values may be NaN or infinite.
    pub fn read(&self, entry: usize, columns: &[usize], steps: usize) -> anyhow::Result<Series> {
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
        let fields = hdf5_types::fields(&table).with_context(about)?;
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
        let read = hdf5_types::columns(&table, &wanted).with_context(about)?;
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

/// Reads rows of `name` and `value`; the inner error says in words why the table is none of these.
fn read_parameters(
    table: &Dataset,
    usual: Usual,
) -> anyhow::Result<Result<BTreeMap<String, Value>, String>> {
    let fields = hdf5_types::fields(table)?;
    let field = |name: &str| fields.iter().find(|field| field.name == name);
    let (Some(name), Some(value)) = (field("name"), field("value")) else {
        return Ok(Err("it needs the columns `name` and `value`".to_owned()));
    };
    let is_free = |field: &Field| field.kind == ElementKind::FreeText;
    if is_free(name) || is_free(value) {
        return Ok(Err(
            "it holds text of any length; write text of a fixed length there, such as \"S20\" in h5py".to_owned(),
        ));
    }
    let fits =
        |field: &Field| field.kind.is_number() || matches!(field.kind, ElementKind::FixedText(_));
    if !fits(name) || !fits(value) {
        return Ok(Err(
            "`name` must be text and `value` text or numbers".to_owned()
        ));
    }
    let read = hdf5_types::columns(table, &[name, value])?;
    let mut read = read.into_iter();
    let (Some(FieldValues::Texts(names)), Some(values)) = (read.next(), read.next()) else {
        return Ok(Err("`name` must be text".to_owned()));
    };
    let attributes = TableAttributes::of(table, usual)?;
    let values: Vec<Option<Value>> = match (values, value.kind) {
        (FieldValues::Texts(texts), _) => {
            let marks = attributes.text_marks();
            let texts = texts.into_iter();
            texts
                .map(|text| (!marks.name(&text)).then_some(Value::Text(text)))
                .collect()
        }
        (FieldValues::Whole(whole), ElementKind::Number(stored)) => {
            arrays::parameter_values(attributes.decoding(stored)?.values(whole)?)
        }
        (FieldValues::Numbers(mut numbers), ElementKind::Number(stored)) => {
            attributes.decoding(stored)?.apply_all(&mut numbers);
            arrays::parameter_values(DecodedValues::Real(numbers))
        }
        _ => return Ok(Err("`value` must be text or numbers".to_owned())),
    };
    let mut parameters = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for (name, value) in names.into_iter().zip(values) {
        if !seen.insert(name.clone()) {
            return Ok(Err(format!("the parameter `{name}` is there twice")));
        }
        if let Some(value) = value {
            parameters.insert(name, value);
        }
    }
    Ok(Ok(parameters))
}
