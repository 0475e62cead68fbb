//! The `[import]` table: which files become the input file, checked.
//!
//! None of these files is opened here; whether their headers have what is named is known when they are imported.

use std::collections::BTreeMap;

use super::ProjectError;
use super::build::{ProjectBuilder, place, same_file};
use super::product_spec::valid_name;
use super::raw::import::{Import, Parameter, RawIds, Series};
use crate::language::formula::Expr;
use crate::language::time_format::TimeFormat;
use crate::project::import_spec::{
    CellSeparator, Ids, ImportSpec, ParameterSpec, SeriesSpec, SourceLayout, TextFormat,
};

impl ProjectBuilder<'_> {
    /// The description of an import; `input` is the one file of `[input]`, where it names one.
    pub(super) fn import(
        &self,
        raw: Import,
        input: Option<&str>,
    ) -> Result<ImportSpec, ProjectError> {
        let Some(file) = raw.file.as_deref().or(input) else {
            return Err(self.source.error(
                "import",
                "needs a `file` to write, where `file` under [input] names more than one",
            ));
        };
        let compression = self.compression("import.compression", raw.compression.unwrap_or(0))?;
        let mut series = Vec::new();
        for (name, one) in raw.series {
            series.push(self.import_series(name, one)?);
        }
        if let Some(time) = &raw.time {
            self.check_time(time, &series)?;
        }
        let tables = self.tables("import.table", raw.table)?;
        if series.is_empty() && tables.is_empty() {
            return Err(self.source.error(
                "import",
                "has nothing to import: add [import.series.NAME] or [[import.table]]",
            ));
        }
        let parameters = self.import_parameters(raw.parameters, &series)?;
        let filter = raw
            .filter
            .as_deref()
            .map(|text| self.formula("import.filter", text));
        let spec = ImportSpec {
            file: self.root.join(file),
            on_missing: raw.on_missing,
            filter: filter.transpose()?,
            time: raw.time,
            compression,
            series,
            tables,
            parameters,
        };
        if self.places.are_frozen() {
            return Ok(spec);
        }
        if let Some(source) = (spec.sources()).find(|source| same_file(source, &spec.file)) {
            let message = format!("the import would overwrite its source {}", source.display());
            return Err(self.source.error("import.file", message));
        }
        place(&self.source, "import.file", &spec.file)?;
        Ok(spec)
    }

    /// The series that states the time steps must be one of them.
    fn check_time(&self, time: &str, series: &[SeriesSpec]) -> Result<(), ProjectError> {
        let names = || series.iter().map(|series| series.name.as_str());
        if names().any(|name| name == time) {
            return Ok(());
        }
        let message = format!("there is no series {time:?} under [import.series]");
        Err(self.unknown("import.time", &message, time, names()))
    }

    /// The parameters, none of which may have the name of a series.
    fn import_parameters(
        &self,
        raw: BTreeMap<String, Parameter>,
        series: &[SeriesSpec],
    ) -> Result<Vec<ParameterSpec>, ProjectError> {
        let parameters = raw.into_iter().map(|(name, parameter)| {
            let field = format!("import.parameters.{name}");
            self.import_name(&field, &name)?;
            if series.iter().any(|series| series.name == name) {
                return Err(self
                    .source
                    .error(&field, "there is a series of this name, too"));
            }
            let (formula, units, long_name) = match parameter {
                Parameter::Formula(formula) => (formula, None, None),
                Parameter::Described {
                    formula,
                    units,
                    long_name,
                } => (formula, units, long_name),
            };
            Ok(ParameterSpec {
                formula: self.formula(&field, &formula)?,
                name,
                units,
                long_name,
            })
        });
        parameters.collect()
    }

    fn import_name(&self, field: &str, name: &str) -> Result<(), ProjectError> {
        if valid_name(name) {
            return Ok(());
        }
        Err(self.source.error(
            field,
            "is no name for a variable: letters, digits and underscores after a letter, and not `time` or `catchment`",
        ))
    }

    fn import_series(&self, name: String, raw: Series) -> Result<SeriesSpec, ProjectError> {
        let field = format!("import.series.{name}");
        self.import_name(&field, &name)?;
        let formula = raw
            .formula
            .as_deref()
            .map(|text| self.value_formula(&field, text));
        let formula = formula.transpose()?;
        let format = self.text_format(&field, &raw)?;
        let wrong =
            |key: &str, message: &str| self.source.error(&format!("{field}.{key}"), message);
        if raw.aggregate.is_some() && raw.fill.is_some() {
            let message =
                "is for series with finer time steps, and `fill` for coarser ones; state one";
            return Err(wrong("aggregate", message));
        }
        Ok(SeriesSpec {
            layout: self.import_layout(&field, &raw)?,
            name,
            units: raw.units,
            long_name: raw.long_name,
            formula,
            fill: raw.fill.unwrap_or_default(),
            aggregate: raw.aggregate,
            format,
        })
    }

    /// How the text of a series' files is written.
    pub(super) fn text_format(
        &self,
        field: &str,
        raw: &Series,
    ) -> Result<TextFormat, ProjectError> {
        let wrong =
            |message: &str| Err(self.source.error(&format!("{field}.time_format"), message));
        if raw.time_columns.is_some() && raw.time_format.is_some() {
            return wrong("has no place here: `time_columns` says how the time is written");
        }
        if let Some(Err(why)) = raw.time_format.as_deref().map(TimeFormat::new) {
            return wrong(&why);
        }
        Ok(TextFormat {
            separator: match raw.separator.as_deref() {
                None => None,
                Some(" ") => Some(CellSeparator::White),
                Some(text)
                    if text.len() == 1 && text.is_ascii() && text != "\"" && text != "\n" =>
                {
                    Some(CellSeparator::Byte(text.as_bytes()[0]))
                }
                Some(_) => {
                    let message =
                        "must be one character: \";\", \",\", \"\\t\", or \" \" for white space";
                    return Err(self.source.error(&format!("{field}.separator"), message));
                }
            },
            decimal_comma: match raw.decimal.as_deref() {
                None | Some(".") => false,
                Some(",") => true,
                Some(_) => {
                    let message = "must be \".\" or \",\"";
                    return Err(self.source.error(&format!("{field}.decimal"), message));
                }
            },
            missing: raw.missing.clone(),
            time_format: raw.time_format.clone(),
            skip_lines: raw.skip_lines,
        })
    }

    /// A formula of nothing but `value`.
    pub(super) fn value_formula(&self, field: &str, text: &str) -> Result<Expr, ProjectError> {
        let field = format!("{field}.formula");
        let formula = self.formula(&field, text)?;
        match formula.names().iter().find(|name| *name != "value") {
            None => Ok(formula),
            Some(name) => Err(self.source.error(
                &field,
                format!("knows nothing but `value`, not `{name}`; formulas of several series belong under [series]"),
            )),
        }
    }

    /// How the values are laid out, by the path and the columns that are named.
    pub(super) fn import_layout(
        &self,
        field: &str,
        raw: &Series,
    ) -> Result<SourceLayout, ProjectError> {
        let wrong =
            |key: &str, message: &str| Err(self.source.error(&format!("{field}.{key}"), message));
        if let Some((before, suffix)) = raw.file.split_once("{id}") {
            let (folder, prefix) = before.rsplit_once('/').unwrap_or((".", before));
            if suffix.contains('/') {
                return wrong(
                    "file",
                    "{id} must stand in the file's name, not in a folder's",
                );
            }
            let Some(value) = raw.value.clone() else {
                return wrong(
                    "file",
                    "with {id} in the path, `value` must name the column with the values",
                );
            };
            if raw.id.is_some() {
                return wrong("id", "has no place here: the id is in the file's name");
            }
            self.wide_only(field, raw)?;
            return Ok(SourceLayout::Files {
                folder: self.existing(&format!("{field}.file"), folder)?,
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
                time: raw.time.clone(),
                value,
            });
        }
        let path = self.existing_file(&format!("{field}.file"), &raw.file)?;
        match (&raw.id, &raw.value) {
            (Some(id), Some(value)) => {
                self.wide_only(field, raw)?;
                Ok(SourceLayout::Long {
                    path,
                    id: id.clone(),
                    time: raw.time.clone(),
                    value: value.clone(),
                })
            }
            (None, None) => {
                if raw.time.is_some() {
                    return wrong(
                        "time",
                        "has no place here: a wide table begins with the time",
                    );
                }
                if raw
                    .time_columns
                    .is_some_and(|columns| !(3..=6).contains(&columns))
                {
                    return wrong(
                        "time_columns",
                        "must be 3 (year, month, day) to 6 (down to the second)",
                    );
                }
                let ids = raw
                    .ids
                    .as_ref()
                    .map(|ids| self.ids(field, ids))
                    .transpose()?;
                Ok(SourceLayout::Wide {
                    path,
                    ids,
                    time_columns: raw.time_columns,
                })
            }
            (Some(_), None) => wrong("id", "a table with one value a row needs `value`, too"),
            (None, Some(_)) => wrong(
                "value",
                "a table with one value a row needs `id`, too, or {id} in the path of its file",
            ),
        }
    }

    fn wide_only(&self, field: &str, raw: &Series) -> Result<(), ProjectError> {
        let given = [
            ("ids", raw.ids.is_some()),
            ("time_columns", raw.time_columns.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((key, _)) => Err(self.source.error(
                &format!("{field}.{key}"),
                "is for tables with a column for each catchment, which have no `value`",
            )),
        }
    }

    fn ids(&self, field: &str, raw: &RawIds) -> Result<Ids, ProjectError> {
        let field = format!("{field}.ids");
        Ok(match raw {
            RawIds::List(ids) => Ids::List(ids.clone()),
            RawIds::Lines(file) => Ids::Lines(self.existing_file(&field, file)?),
            RawIds::Named { file, name } => {
                let path = self.existing_file(&field, file)?;
                let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
                match extension.to_str() {
                    Some("csv" | "txt" | "tsv" | "dbf") => Ids::Column(path, name.clone()),
                    _ => Ids::Variable(path, name.clone()),
                }
            }
        })
    }
}
