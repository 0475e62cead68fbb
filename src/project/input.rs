//! `[input]`: where the catchments, their series and the time steps come from.
//!
//! All of it is optional: catchments may be those of input files, a list, the files of a folder, or the rows of the first table
//! of parameters. Where several would do, the plainer one counts, or it is an error that says so. Nothing is opened here.

use std::collections::BTreeSet;

use super::build::ProjectBuilder;
use super::error::ProjectError;
use super::import_spec::ImportSpec;
use super::{Selection, raw};
use crate::data::catchment::CatchmentId;
use crate::inputs::{CatchmentFolder, CatchmentSource, InputSpec};
use crate::system::regular;

const FIELD: &str = "input.catchments";

impl ProjectBuilder<'_> {
    /// Where the input is; `tables` are the project's own tables of parameters.
    pub(super) fn input(
        &self,
        raw: &raw::Input,
        tables: &[raw::AttributeTable],
        import: Option<&ImportSpec>,
    ) -> Result<InputSpec, ProjectError> {
        let named: Vec<&str> = match &raw.file {
            Some(raw::OneOrMore::One(file)) => vec![file],
            Some(raw::OneOrMore::More(files)) => files.iter().map(String::as_str).collect(),
            None => Vec::new(),
        };
        let names =
            |import: &ImportSpec| named.iter().any(|file| self.root.join(file) == import.file);
        if let Some(import) = import.filter(|import| !named.is_empty() && !names(import)) {
            return Err(self.source.error(
                "import.file",
                format!(
                    "{} is written, but `file` under [input] does not name it",
                    import.file.display()
                ),
            ));
        }
        // What an import will write need not be there yet.
        let find = |field: &str, file: &str| match import {
            Some(import) if import.file == self.root.join(file) => {
                Ok(self.places.of(import.file.clone()))
            }
            _ => self.existing_file(field, file),
        };
        let files = match (&raw.file, import) {
            (Some(raw::OneOrMore::One(file)), _) => vec![find("input.file", file)?],
            (Some(raw::OneOrMore::More(files)), _) if files.is_empty() => {
                return Err(self.source.error(
                    "input.file",
                    "is empty; name at least one HDF5 or NetCDF file, or leave it out",
                ));
            }
            (Some(raw::OneOrMore::More(files)), _) => (files.iter().enumerate())
                .map(|(i, file)| find(&format!("input.file.{i}"), file))
                .collect::<Result<_, _>>()?,
            (None, Some(import)) => vec![self.places.of(import.file.clone())],
            (None, None) => Vec::new(),
        };
        let catchments = match (files.is_empty(), &raw.catchments) {
            (true, catchments) => self.without_file(raw, catchments.as_ref(), tables)?,
            (false, Some(raw::Catchments::Folder(_))) => {
                let rule = "the catchments are those of `file` already; leave one of the two out";
                return Err(self.source.error(FIELD, rule));
            }
            (false, _) => CatchmentSource::Files,
        };
        let (time, stated_time) = match &raw.time {
            None => (None, None),
            Some(raw::InputTime::Name(name)) => (Some(name.clone()), None),
            Some(raw::InputTime::Stated(stated)) => {
                (None, Some(self.stated_time("input.time", stated)?))
            }
        };
        let mut spec = InputSpec {
            catchments,
            stated_time,
            id: raw.id.clone(),
            time,
            ..InputSpec::of_files(files)
        };
        for (name, stated) in [
            (&mut spec.group_prefix, &raw.group_prefix),
            (&mut spec.series_table, &raw.series_table),
            (&mut spec.parameter_table, &raw.parameter_table),
        ] {
            if let Some(stated) = stated {
                name.clone_from(stated);
            }
        }
        Ok(spec)
    }

    /// Where the catchments come from without an input file.
    fn without_file(
        &self,
        raw: &raw::Input,
        catchments: Option<&raw::Catchments>,
        tables: &[raw::AttributeTable],
    ) -> Result<CatchmentSource, ProjectError> {
        let name = match &raw.time {
            Some(raw::InputTime::Name(name)) => Some(name),
            Some(raw::InputTime::Stated(_)) | None => None,
        };
        for (field, stated) in [
            ("id", raw.id.as_ref()),
            ("time", name),
            ("group_prefix", raw.group_prefix.as_ref()),
            ("series_table", raw.series_table.as_ref()),
            ("parameter_table", raw.parameter_table.as_ref()),
        ] {
            if stated.is_some() {
                let rule = "is a name in `file`, and there is no `file` under [input]";
                return Err(self.source.error(&format!("input.{field}"), rule));
            }
        }
        match (catchments, tables.first()) {
            (Some(raw::Catchments::List(ids)), _) => Ok(CatchmentSource::List(self.listed(ids)?)),
            (Some(raw::Catchments::Folder(folder)), _) => self.folder(&folder.folder),
            (Some(raw::Catchments::Formula(_)) | None, Some(first)) => {
                let mut first = self.tables("parameters.table", vec![first.clone()])?;
                Ok(CatchmentSource::Table(first.remove(0)))
            }
            (Some(raw::Catchments::Formula(_)), None) => Err(self.source.error(
                FIELD,
                "is a formula, which chooses among catchments, and there are none: they are those of `file`, or else the rows of \
                 a [[parameters.table]]. Ids are listed in brackets: catchments = [\"basin\"]",
            )),
            (None, None) => Err(self.source.error(
                "input",
                "there are no catchments; list them (`catchments = [\"basin\"]` under [input]), name the files or folders that \
                 they have (`catchments = { folder = \"decks/{id}\" }`) or the `file` with their series or parameters, or \
                 add a [[parameters.table]] with a row for each; `rerunoff init` shows them",
            )),
        }
    }

    /// The catchments that have a file or folder each; the list of them, where the project is frozen.
    fn folder(&self, pattern: &str) -> Result<CatchmentSource, ProjectError> {
        let error = |message: String| self.source.error(&format!("{FIELD}.folder"), message);
        let folder = CatchmentFolder::new(self.root, pattern).map_err(error)?;
        if !self.places.are_frozen() {
            return Ok(CatchmentSource::Folder(folder));
        }
        let list = self.places.of(folder.list_of_its_catchments(self.root));
        let text = regular::read_to_string(&list);
        let text = text.map_err(|fault| error(format!("{}: {fault}", list.display())))?;
        let ids: Result<Vec<CatchmentId>, _> = serde_json::from_str(&text);
        let ids = ids.map_err(|fault| error(format!("{}: {fault}", list.display())))?;
        Ok(CatchmentSource::List(ids))
    }

    /// Ids that are listed, each once.
    fn listed(&self, ids: &[String]) -> Result<Vec<CatchmentId>, ProjectError> {
        if ids.is_empty() {
            return Err(self.source.error(FIELD, "names no catchment"));
        }
        let mut seen = BTreeSet::new();
        match ids.iter().find(|id| !seen.insert(*id)) {
            None => Ok(ids.iter().map(CatchmentId::new).collect()),
            Some(id) => Err(self.source.error(FIELD, format!("names {id:?} twice"))),
        }
    }

    /// Which of the catchments are chosen; `None` if all are.
    pub(super) fn selection(
        &self,
        raw: raw::Catchments,
    ) -> Result<Option<Selection>, ProjectError> {
        Ok(match raw {
            raw::Catchments::Formula(text) => Some(Selection::Formula(self.formula(FIELD, &text)?)),
            raw::Catchments::List(ids) if ids.is_empty() => {
                return Err(self.source.error(FIELD, "names no catchment"));
            }
            raw::Catchments::List(ids) => {
                Some(Selection::List(ids.iter().map(CatchmentId::new).collect()))
            }
            raw::Catchments::Folder(_) => None,
        })
    }
}
