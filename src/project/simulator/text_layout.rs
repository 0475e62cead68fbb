//! How the text of an output is laid out and what its rows are, as far as `[simulator.output]` states it, checked.
//!
//! What can be meant in two ways is refused here, before anything is run.

use std::collections::BTreeMap;

use super::super::build::ProjectBuilder;
use super::super::raw::output::{
    Column, ColumnCharacters, ColumnName, ConditionValue, Dimension, OneOrMoreColumns,
    OutputTime as RawTime, Which as RawWhich, WhichWord,
};
use super::super::raw::{self, StatedTime};
use super::super::{Output, OutputColumn, ProjectError};
use crate::data::value::Value;
use crate::inputs::tables::Decimal;
use crate::language::time_format::TimeFormat;
use crate::project::output_format::{
    CellPlace, Characters, ColumnPlace, Condition, Dates, DimensionPlaces, DimensionSpec,
    OutputFormat, OutputTime, RowAxes, Separator, Which,
};

impl ProjectBuilder<'_> {
    /// How the text of the output in this field is laid out.
    pub(super) fn text_layout(
        &self,
        field: &str,
        raw: raw::Output,
    ) -> Result<OutputFormat, ProjectError> {
        let fault =
            |name: &str, rule: &str| Err(self.source.error(&format!("{field}.{name}"), rule));
        if !raw.index.is_empty() {
            return fault("index", "goes with NetCDF, and this output is text");
        }
        let separator = match raw.separator.as_deref() {
            None => None,
            Some("\t" | "tab") => Some(Separator::Tab),
            Some("," | "comma") => Some(Separator::Comma),
            Some(";" | "semicolon") => Some(Separator::Semicolon),
            Some(" " | "space" | "whitespace") => Some(Separator::Whitespace),
            Some(_) => {
                let rule = "must be one of \"tab\", \"comma\", \"semicolon\", \"whitespace\"";
                return fault("separator", rule);
            }
        };
        let decimal_comma = raw.decimal == Some(Decimal::Comma);
        if decimal_comma && separator == Some(Separator::Comma) {
            return fault(
                "decimal",
                "a comma can't be the decimal point and stand between cells, too",
            );
        }
        if raw.comments.iter().any(|comment| comment.trim().is_empty()) {
            return fault(
                "comments",
                "holds an empty text, with which every line begins",
            );
        }
        for (name, text) in [("until", &raw.until), ("blocks", &raw.blocks)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return fault(
                    name,
                    "is empty; write how that line begins, or what stands in it",
                );
            }
        }
        let headless = raw.header == Some(false);
        let dates = self.dates(field, raw.time.as_ref(), headless)?;
        let conditions = self.conditions(field, raw.conditions, headless)?;
        let blocks = raw
            .blocks
            .map(|text| self.template(&format!("{field}.blocks"), &text));
        Ok(OutputFormat {
            separator,
            missing: raw.missing,
            skip_rows: raw.skip_rows,
            skip_lines: raw.skip_lines,
            headless,
            comments: (raw.comments.iter())
                .map(|text| text.trim_start().to_owned())
                .collect(),
            decimal_comma,
            skip_last: raw.skip_last,
            until: raw.until,
            conditions,
            blocks: blocks.transpose()?,
            dates,
            netcdf: None,
        })
    }

    /// What a row must have in columns, or a place at coordinates.
    pub(super) fn conditions(
        &self,
        field: &str,
        raw: BTreeMap<String, ConditionValue>,
        headless: bool,
    ) -> Result<Vec<Condition>, ProjectError> {
        let mut conditions = Vec::new();
        for (column, value) in raw {
            let field = format!("{field}.where.{column}");
            let text = match value {
                ConditionValue::Text(text) => text,
                ConditionValue::Integer(integer) => Value::Integer(integer).to_string(),
                ConditionValue::Number(number) => Value::Number(number).to_string(),
            };
            self.named(&field, &column, headless)?;
            let text = self.template(&field, &text)?;
            conditions.push(Condition { column, text });
        }
        Ok(conditions)
    }

    /// Over what the rows of the output in this field go.
    pub(super) fn row_axes(
        &self,
        field: &str,
        raw: &raw::Output,
        is_netcdf: bool,
    ) -> Result<RowAxes, ProjectError> {
        let time_field = format!("{field}.time");
        let time = match &raw.time {
            None => OutputTime::Steps,
            Some(RawTime::Word(word)) => match word.as_str() {
                "none" => OutputTime::None,
                "input" => OutputTime::Steps,
                "steps" if is_netcdf => OutputTime::Steps,
                _ => {
                    let rule = "must be \"none\", \"input\" (as without it), `{ columns = [\"date\"] }` or \
                                `{ start = \"1998-01-01\", step = \"1 month\", steps = 24, name = \"month\" }`";
                    return Err(self.source.error(&time_field, rule));
                }
            },
            Some(RawTime::Stated(stated)) => {
                let time = StatedTime {
                    start: stated.start.clone(),
                    step: stated.step.clone(),
                    steps: stated.steps,
                    end: stated.end.clone(),
                };
                OutputTime::Stated {
                    name: stated.name.clone(),
                    axis: self.stated_time(&time_field, &time)?,
                }
            }
            Some(RawTime::Read(read)) => match (&read.name, read.of.as_deref()) {
                (Some(name), None) => OutputTime::Read { name: name.clone() },
                (None, None | Some("input")) => OutputTime::Steps,
                (_, Some(_)) => {
                    let rule = "can only be \"input\", and then there is no `name`: the times are those of the input";
                    return Err(self.source.error(&format!("{time_field}.of"), rule));
                }
            },
        };
        let headless = raw.header == Some(false);
        let dimension = raw.dimension.as_ref();
        let dimension = dimension.map(|dimension| self.dimension(field, dimension, headless));
        Ok(RowAxes {
            time,
            dimension: dimension.transpose()?,
        })
    }

    fn dates(
        &self,
        field: &str,
        time: Option<&RawTime>,
        headless: bool,
    ) -> Result<Option<Dates>, ProjectError> {
        let Some(RawTime::Read(read)) = time else {
            return Ok(None);
        };
        let field = format!("{field}.time");
        let columns = match &read.columns {
            Some(OneOrMoreColumns::More(columns)) => columns.as_slice(),
            Some(OneOrMoreColumns::One(column)) => std::slice::from_ref(column),
            None => &[],
        };
        let columns_field = format!("{field}.columns");
        let columns = columns
            .iter()
            .map(|column| self.column_name(&columns_field, column, headless));
        let columns: Vec<String> = columns.collect::<Result<_, _>>()?;
        let format_field = format!("{field}.format");
        if columns.is_empty() {
            let rule = "names no column; leave `time` out if rows tell no time";
            return Err(self.source.error(&columns_field, rule));
        }
        match &read.format {
            Some(format) => {
                TimeFormat::new(format).map_err(|fault| self.source.error(&format_field, fault))?;
            }
            None if columns.len() > 2 => {
                let rule = "is missing: the cells, with a blank between them, are no time after ISO 8601; write \
                            \"%Y %m %d\" for year, month and day";
                return Err(self.source.error(&format_field, rule));
            }
            None => {}
        }
        Ok(Some(Dates {
            columns,
            format: read.format.clone(),
        }))
    }

    fn dimension(
        &self,
        field: &str,
        raw: &Dimension,
        headless: bool,
    ) -> Result<DimensionSpec, ProjectError> {
        let field = format!("{field}.dimension");
        let fault =
            |name: &str, rule: &str| Err(self.source.error(&format!("{field}.{name}"), rule));
        let places = match (&raw.values, raw.count, &raw.column) {
            (Some(values), None, None) => {
                let values_field = format!("{field}.values");
                let value = |value: &toml::Value| self.value(&values_field, value.clone());
                let values: Vec<Value> = values.iter().map(value).collect::<Result<_, _>>()?;
                let texts = values
                    .iter()
                    .filter(|value| matches!(value, Value::Text(_)))
                    .count();
                if values.is_empty() || (texts > 0 && texts < values.len()) {
                    return fault("values", "must be numbers or texts, at least one");
                }
                let twice = |(at, value): (usize, &Value)| {
                    values[..at]
                        .iter()
                        .any(|other| other.to_string() == value.to_string())
                };
                if values.iter().enumerate().any(twice) {
                    return fault("values", "has a value twice");
                }
                DimensionPlaces::Stated(values)
            }
            (None, Some(0), None) => return fault("count", "must be at least 1"),
            (None, Some(count), None) => DimensionPlaces::Count(count),
            (None, None, Some(column)) => {
                let field = format!("{field}.column");
                DimensionPlaces::Read(self.column_name(&field, column, headless)?)
            }
            _ => {
                let rule = "needs one of `values` (a list), `count` (numbered from 1) and `column` (read from the output)";
                return Err(self.source.error(&field, rule));
            }
        };
        Ok(DimensionSpec {
            name: raw.name.clone(),
            places,
        })
    }

    /// Whether a column that the project names can be one.
    fn named(&self, field: &str, name: &str, headless: bool) -> Result<(), ProjectError> {
        match CellPlace::named(name, headless) {
            Ok(_) => Ok(()),
            Err(rule) => Err(self.source.error(field, rule)),
        }
    }

    /// A column as [`CellPlace::named`] reads it.
    fn column_name(
        &self,
        field: &str,
        raw: &ColumnName,
        headless: bool,
    ) -> Result<String, ProjectError> {
        let name = match raw {
            ColumnName::Text(text) => text.clone(),
            _ if !headless => {
                let rule = "names no header, which the table has unless `header = false` says that there is none";
                return Err(self.source.error(field, rule));
            }
            ColumnName::Number(number) => number.to_string(),
            ColumnName::Characters(ColumnCharacters {
                characters: [from, to],
                ..
            }) => format!("{from}-{to}"),
        };
        self.named(field, &name, headless)?;
        Ok(name)
    }

    /// Where the wanted column in this field is, with its header or the text before its number.
    pub(super) fn column(
        &self,
        field: &str,
        raw: Column,
        headless: bool,
    ) -> Result<(ColumnPlace, String), ProjectError> {
        let fault = |rule: &str| Err(self.source.error(field, rule));
        Ok(match raw {
            Column::Header(_) if headless => {
                return fault(
                    "names a header, but `header = false` says that there is none; write the column's number from 1, or \
                     `{ characters = [12, 20] }`",
                );
            }
            Column::Header(header) => (ColumnPlace::Header, header),
            Column::Number(0) => return fault("counts columns from 1"),
            Column::Number(number) => (ColumnPlace::Number(number), String::new()),
            Column::Characters(raw) => {
                let [from, to] = raw.characters;
                if from == 0 || to < from {
                    return fault("needs the first and the last character, counted from 1");
                }
                let touches = raw.touches;
                let characters = Characters { from, to, touches };
                (ColumnPlace::Characters(characters), String::new())
            }
            Column::Text(raw) if raw.text.trim().is_empty() => {
                return fault("has an empty text; write what stands before the number");
            }
            Column::Text(raw) => {
                let which = match raw.which {
                    None => Which::Only,
                    Some(RawWhich::Number(0)) => return fault("counts texts from 1"),
                    Some(RawWhich::Number(number)) => Which::At(number),
                    Some(RawWhich::Word(WhichWord::First)) => Which::At(1),
                    Some(RawWhich::Word(WhichWord::Last)) => Which::Last,
                    Some(RawWhich::Word(WhichWord::All)) => Which::All,
                };
                (ColumnPlace::Text(which), raw.text)
            }
        })
    }

    /// Whether an output of which rows are chosen or read has columns that are cells of rows.
    pub(super) fn check_rows<'c>(
        &self,
        output: &Output,
        mut columns: impl Iterator<Item = &'c OutputColumn>,
    ) -> Result<(), ProjectError> {
        if !columns.all(|column| matches!(column.place, ColumnPlace::Text(_))) {
            return Ok(());
        }
        let dimension = output.axes.dimension.as_ref();
        let is_read = |spec: &DimensionSpec| matches!(spec.places, DimensionPlaces::Read(_));
        let part = match &output.format {
            format if !format.conditions.is_empty() => "where",
            format if format.dates.is_some() => "time.columns",
            _ if dimension.is_some_and(is_read) => "dimension.column",
            _ => return Ok(()),
        };
        let rule =
            "is about rows, but all columns of this output are numbers behind a text, in no row";
        Err(self.source.error(&format!("{}.{part}", output.field), rule))
    }
}
