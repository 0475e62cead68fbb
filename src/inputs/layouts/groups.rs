//! The layout that PyTables programs write: a group for each catchment, with a table of series and one of parameters.
//!
//! A catchment's group is `PREFIX` and its id; in it the series table has one column for each series, and the parameter
//! table has rows of `name` and `value`. The time steps are at the root, as nanoseconds since 1970. What is wrong with one
//! catchment's group is that catchment's fault and does not stop others. Only the parameters are read when the file is
//! opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use hdf5::{Dataset, File, LocationType};

use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::inputs::InputSpec;
use crate::inputs::catalog::{BadInput, Series, SeriesColumn, natural_order};
use crate::inputs::conventions::attributes::{TableAttributes, Usual};
use crate::inputs::conventions::decoding::{DecodedValues, Inexact};
use crate::inputs::hdf::types::{self, ElementKind, Field, FieldValues};
use crate::inputs::layouts::arrays;
use crate::inputs::layouts::identify;
use crate::inputs::links::Links;
use crate::inputs::links::linked::Linked;
use crate::inputs::variables;

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

/// What is at the root of such a file.
pub struct GroupMembers {
    /// The catchments' groups.
    groups: Vec<String>,
    /// All else, and what is stated as the time.
    others: Vec<String>,
}

impl GroupMembers {
    /// Sorts the names at the root of a file; `None` if it has another layout.
    pub fn find(file: &File, names: &[String], spec: &InputSpec) -> Option<Self> {
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
    pub fn new(
        path: &Path,
        file: File,
        spec: &InputSpec,
        members: &GroupMembers,
        mut links: Links,
    ) -> anyhow::Result<Self> {
        let variables = variables::input_index(&file, path, &members.others)?;
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

/// Sets the problem of the catchments that lack a table. One that no catchment has is missing from none: other files may
/// provide what it would hold.
fn set_missing(entries: &mut [GroupEntry], without: &[usize], problem: &BadInput) {
    if without.len() < entries.len() {
        for &at in without {
            entries[at].problem = Some(problem.clone());
        }
    }
}

/// Looks at the tables of one group after the other.
struct GroupReader<'a> {
    path: &'a Path,
    file: &'a File,
    spec: &'a InputSpec,
    links: &'a mut Links,
    /// The series that the first series table has, once there was one.
    columns: Option<Vec<SeriesColumn>>,
    usual_series: Usual,
    usual_parameters: Option<Usual>,
}

impl GroupReader<'_> {
    /// The catchments and their parameters.
    fn entries(&mut self, groups: &[String]) -> anyhow::Result<(Vec<GroupEntry>, Parameters)> {
        let spec = self.spec;
        let mut entries = Vec::with_capacity(groups.len());
        let mut parameters = Parameters::default();
        let (mut without_series, mut without_parameters) = (Vec::new(), Vec::new());
        for (at, group) in groups.iter().enumerate() {
            let mut entry = GroupEntry {
                id: CatchmentId::new(group.strip_prefix(&spec.group_prefix).unwrap_or(group)),
                problem: None,
            };
            if !self.has_series(group)? {
                without_series.push(at);
            }
            match self.parameters(group)? {
                Some(Ok(own)) => {
                    for (name, value) in own {
                        parameters.set(&name, at, value);
                    }
                }
                Some(Err(problem)) => {
                    let table = spec.parameter_table.clone();
                    entry.problem = Some(BadInput::BadParameters { table, problem });
                }
                None => without_parameters.push(at),
            }
            entries.push(entry);
        }
        let table = spec.parameter_table.clone();
        set_missing(
            &mut entries,
            &without_parameters,
            &BadInput::NoParameters { table },
        );
        let table = spec.series_table.clone();
        set_missing(
            &mut entries,
            &without_series,
            &BadInput::NoSeriesTable { table },
        );
        Ok((entries, parameters))
    }

    /// Whether a group has a series table. The first such table decides which columns there are.
    fn has_series(&mut self, group: &str) -> anyhow::Result<bool> {
        let name = &self.spec.series_table;
        if !self.links.table(group, name)? {
            return Ok(false);
        }
        if self.columns.is_none() && is_table(self.file, group, name) {
            let (fields, usual) = open(self.file, group, name)
                .and_then(|table| Ok((types::fields(&table)?, Usual::of(&table)?)))
                .with_context(|| self.about(group, name))?;
            self.usual_series = usual;
            let numbers = fields.into_iter().filter(|field| field.kind.is_number());
            let of_field = |field: Field| SeriesColumn {
                name: field.name,
                units: None,
            };
            self.columns = Some(numbers.map(of_field).collect())
                .filter(|columns: &Vec<_>| !columns.is_empty());
        }
        Ok(true)
    }

    /// A group's parameters, `None` without a table of them; the inner error says what is wrong with that one.
    fn parameters(&mut self, group: &str) -> anyhow::Result<Option<ParametersRead>> {
        let name = &self.spec.parameter_table;
        if !self.links.table(group, name)? || !is_table(self.file, group, name) {
            return Ok(None);
        }
        let table = open(self.file, group, name).with_context(|| self.about(group, name))?;
        self.links.values(&format!("{group}/{name}"), &table)?;
        let usual = match self.usual_parameters {
            Some(usual) => usual,
            None => {
                let usual = Usual::of(&table).with_context(|| self.about(group, name))?;
                *self.usual_parameters.insert(usual)
            }
        };
        let read = read_parameters(&table, usual).with_context(|| self.about(group, name))?;
        Ok(Some(read))
    }

    fn about(&self, group: &str, table: &str) -> String {
        format!(
            "{}: the table `{group}/{table}` can't be read",
            self.path.display()
        )
    }
}

/// Parameters by name, or in words why a table is none of them.
type ParametersRead = Result<BTreeMap<String, Value>, String>;

fn open(file: &File, group: &str, table: &str) -> hdf5::Result<Dataset> {
    file.dataset(&format!("{group}/{table}"))
}

/// Reads rows of `name` and `value`; the inner error says in words why the table is none of these.
fn read_parameters(table: &Dataset, usual: Usual) -> anyhow::Result<ParametersRead> {
    let fields = types::fields(table)?;
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
    let read = types::columns(table, &[name, value])?;
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
