//! The tables of each catchment's group, looked at when the file is opened: which series there are, and all parameters.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use hdf5::{Dataset, File};

use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::value::Value;
use crate::inputs::InputSpec;
use crate::inputs::catalog::{BadInput, SeriesColumn};
use crate::inputs::conventions::attributes::{TableAttributes, Usual};
use crate::inputs::conventions::decoding::DecodedValues;
use crate::inputs::hdf::types::{self, ElementKind, Field, FieldValues};
use crate::inputs::layouts::arrays;
use crate::inputs::layouts::groups::{GroupEntry, is_table, open};
use crate::inputs::links::Links;

/// Looks at the tables of one group after the other.
pub(super) struct GroupReader<'a> {
    pub path: &'a Path,
    pub file: &'a File,
    pub spec: &'a InputSpec,
    pub links: &'a mut Links,
    /// The series that the first series table has, once there was one.
    pub columns: Option<Vec<SeriesColumn>>,
    pub usual_series: Usual,
    pub usual_parameters: Option<Usual>,
}

impl GroupReader<'_> {
    /// The catchments and their parameters.
    pub(super) fn entries(
        &mut self,
        groups: &[String],
    ) -> anyhow::Result<(Vec<GroupEntry>, Parameters)> {
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

/// Sets the problem of the catchments that lack a table. One that no catchment has is missing from none: other files may
/// provide what it would hold.
fn set_missing(entries: &mut [GroupEntry], without: &[usize], problem: &BadInput) {
    if without.len() < entries.len() {
        for &at in without {
            entries[at].problem = Some(problem.clone());
        }
    }
}

/// Parameters by name, or in words why a table is none of them.
type ParametersRead = Result<BTreeMap<String, Value>, String>;

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
