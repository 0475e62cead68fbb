//! From the project file as written to a checked project, a table at a time.
//!
//! Everything that the project file and the files it names can tell is checked here; every error has the field's line.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::error::SourceText;
use super::places::Places;
use super::{CacheLimits, Parameter, Project, ProjectError, Scenario, raw};
use crate::data::size::Size;
use crate::data::value::Value;
use crate::inputs::InputSpec;
use crate::inputs::tables::TableSpec;
use crate::language::formula::Expr;
use crate::language::template::Template;
use crate::netcdf::HIGHEST_LEVEL;
use crate::project::import_spec::ImportSpec;
use crate::project::objective_spec::ObservationSource;
use crate::system::regular;
use crate::text::wording::{self, Quotes};

/// What all scenarios have in common.
#[derive(Clone)]
pub(super) struct Shared {
    /// Where the catchments and their series are.
    pub input: InputSpec,
    /// What the input file is made of, where rerunoff makes it.
    pub import: Option<ImportSpec>,
    /// What was measured.
    pub observations: Vec<Arc<ObservationSource>>,
}

/// Turns the raw project into a checked one, a table at a time.
pub(super) struct ProjectBuilder<'a> {
    pub root: &'a Path,
    pub source: SourceText<'a>,
    pub places: Places<'a>,
}

impl ProjectBuilder<'_> {
    /// What all scenarios have in common, from the project before any of them changes it.
    pub(super) fn shared(&self, raw: &raw::Project) -> Result<Shared, ProjectError> {
        let one = match &raw.input.file {
            Some(raw::OneOrMore::One(file)) => Some(file.as_str()),
            _ => None,
        };
        let import = (raw.import.clone())
            .map(|import| self.import(import, one))
            .transpose()?;
        Ok(Shared {
            input: self.input(&raw.input, &raw.parameters.table, import.as_ref())?,
            // What is frozen has been imported.
            import: import.filter(|_| !self.places.are_frozen()),
            observations: self.observations(&raw.observations)?,
        })
    }

    /// The project of this text, as a scenario has it.
    pub(super) fn project(
        &self,
        raw: raw::Project,
        shared: Shared,
        file: &Path,
        text: &str,
    ) -> Result<Project, ProjectError> {
        let on_bad_input = raw.input.on_bad_input;
        let selection = match raw.input.catchments {
            Some(catchments) => self.selection(catchments)?,
            None => None,
        };
        let mut series = BTreeMap::new();
        for (name, text) in &raw.series {
            series.insert(name.clone(), self.formula(&format!("series.{name}"), text)?);
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in raw.parameters.values {
            let parameter = self.parameter(&format!("parameters.{name}"), value)?;
            parameters.insert(name, parameter);
        }
        let tables = self.tables("parameters.table", raw.parameters.table)?;
        let simulator = self.simulator(raw.simulator)?;
        let mut product = self.product(raw.product, &simulator)?;
        self.add_objectives(
            raw.objective,
            &raw.observations,
            &shared.observations,
            &mut product,
        )?;
        Ok(Project {
            root: self.root.to_owned(),
            file: file.to_owned(),
            text: text.into(),
            moved: self.source.moved().clone(),
            scenario: Scenario::default(),
            title: raw.title,
            input: shared.input,
            import: shared.import,
            on_bad_input,
            selection,
            series,
            parameters,
            tables,
            simulator: simulator.into(),
            product,
            observations: shared.observations,
            own_places: self.places.own(),
            work: raw.cache.work,
            cache_limits: self.cache_limits(raw.cache)?,
        })
    }

    /// A level of deflate, as it is stated for an import or a product.
    pub(super) fn compression(&self, field: &str, level: u8) -> Result<u8, ProjectError> {
        if level > HIGHEST_LEVEL {
            let rule = format!("must be from 0 (none) to {HIGHEST_LEVEL} (smallest, slow)");
            return Err(self.source.error(field, rule));
        }
        Ok(level)
    }

    /// An error about an unknown name, with the nearest known one.
    pub(super) fn unknown<'n>(
        &self,
        field: &str,
        message: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> ProjectError {
        let hint = wording::hint(name, known, Quotes::Double).unwrap_or_default();
        self.source.error(field, format!("{message}{hint}"))
    }

    fn cache_limits(&self, raw: raw::Cache) -> Result<CacheLimits, ProjectError> {
        let max_size = raw.max_size.map(|text| text.parse::<Size>()).transpose();
        Ok(CacheLimits {
            keep_series: raw.keep_series.unwrap_or(true),
            keep_outputs: raw.keep_outputs.unwrap_or(false),
            keep_runs: raw.keep_runs.unwrap_or(10),
            max_size: max_size.map_err(|fault| self.source.error("cache.max_size", fault))?,
        })
    }

    fn parameter(&self, field: &str, value: toml::Value) -> Result<Parameter, ProjectError> {
        Ok(match value {
            toml::Value::String(text) if text.trim_start().starts_with('=') => {
                Parameter::Formula(self.formula(field, &text)?)
            }
            toml::Value::Array(values) => {
                let elements = values.into_iter().enumerate();
                let elements = elements.map(|(i, value)| {
                    let field = format!("{field}.{i}");
                    match value {
                        toml::Value::String(text) if text.trim_start().starts_with('=') => {
                            let rule = "is a formula; the elements of a list are numbers and texts";
                            Err(self.source.error(&field, rule))
                        }
                        value => self.value(&field, value),
                    }
                });
                Parameter::Constant(Value::List(elements.collect::<Result<_, _>>()?))
            }
            other => Parameter::Constant(self.value(field, other)?),
        })
    }

    pub(super) fn value(&self, field: &str, value: toml::Value) -> Result<Value, ProjectError> {
        self::value(&self.source, field, value)
    }

    /// A formula: `"= a * b"`; the equals sign is optional where only a formula can stand.
    pub(super) fn formula(&self, field: &str, text: &str) -> Result<Expr, ProjectError> {
        let formula = text.trim_start();
        let formula = formula.strip_prefix('=').unwrap_or(formula);
        Expr::parse(formula).map_err(|error| {
            self.source
                .error(field, format!("in the formula {formula:?}, {error}"))
        })
    }

    pub(super) fn template(&self, field: &str, text: &str) -> Result<Template, ProjectError> {
        let template = Template::text(text).map_err(|error| self.source.error(field, error))?;
        match template.rows_are_misplaced() {
            None => Ok(template),
            Some(error) => Err(self.source.error(field, error)),
        }
    }

    pub(super) fn duration(&self, field: &str, text: &str) -> Result<Duration, ProjectError> {
        duration(text).map_err(|fault| self.source.error(field, fault))
    }

    /// A path of a file that is there.
    pub(super) fn existing_file(&self, field: &str, path: &str) -> Result<PathBuf, ProjectError> {
        let path = self.existing(field, path)?;
        if self.places.are_frozen() {
            return Ok(path);
        }
        let found = fs::metadata(&path).and_then(|found| regular::require(found.file_type()));
        match found {
            Ok(()) => Ok(path),
            Err(error) => {
                let message = format!("{} {error}", path.display());
                Err(self.source.error(field, message))
            }
        }
    }

    /// Tables that are there, from the list in this field.
    pub(super) fn tables(
        &self,
        field: &str,
        list: Vec<raw::AttributeTable>,
    ) -> Result<Vec<TableSpec>, ProjectError> {
        let tables = list.into_iter().enumerate().map(|(i, table)| {
            Ok(TableSpec {
                path: self.existing_file(&format!("{field}.{i}.file"), &table.file)?,
                id: table.id,
                decimal: table.decimal,
            })
        });
        tables.collect()
    }

    /// Whether there is something at this path as it is written.
    pub(super) fn is_there(&self, path: &str) -> bool {
        let path = self.root.join(path);
        match self.places {
            Places::AsNamed => path.exists(),
            Places::Frozen(frozen) => frozen.files.contains_key(&path),
        }
    }

    /// A path of a file or folder that is there. What is frozen was there, and is not looked for.
    pub(super) fn existing(&self, field: &str, path: &str) -> Result<PathBuf, ProjectError> {
        let path = self.places.of(self.root.join(path));
        if self.places.are_frozen() {
            return Ok(path);
        }
        match fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(self
                .source
                .error(field, format!("there is no file {}", path.display()))),
            Err(error) => Err(self
                .source
                .error(field, format!("{}: {error}", path.display()))),
        }
    }
}

/// A duration that is not zero, as people write it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{text:?} is no duration; write \"90s\", \"3m\" or \"1h 30m\""))
}

/// A number or a text.
pub(super) fn value(
    source: &SourceText<'_>,
    field: &str,
    value: toml::Value,
) -> Result<Value, ProjectError> {
    match value {
        toml::Value::String(text) => Ok(Value::Text(text)),
        toml::Value::Integer(integer) => Ok(Value::Integer(integer)),
        toml::Value::Float(number) if number.is_finite() => Ok(Value::Number(number)),
        other => Err(source.error(
            field,
            format!("must be a finite number or text, not {}", other.type_str()),
        )),
    }
}

/// Where a file that is written really is or will be; see [`regular::place`].
pub(super) fn place(
    source: &SourceText<'_>,
    field: &str,
    path: &Path,
) -> Result<PathBuf, ProjectError> {
    regular::place(path)
        .map_err(|error| source.error(field, format!("{}: {error}", path.display())))
}

/// Whether both paths lead to the same file that is there.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A relative path that stays below where it starts: no root, no `..`, no NUL, not empty.
pub fn plain_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays && path.file_name().is_some() && !text.contains('\0') {
        Ok(path)
    } else {
        Err(format!("{text:?} must be a path below the work directory"))
    }
}

/// A path below the work directory in the form in which two that mean the same are the same.
pub fn plain_name(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}
