//! What could be taken from the files that a run left, as tables for the project file that have been tried on them.

use std::path::Path;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::Ran;
use super::words::lines;
use crate::cli::tried_document::failure;
use crate::execute::proposal::{self, Known};
use crate::execute::trying::{Change, Left};
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;

/// Of so many files something is proposed.
const MOST_SHOWN: usize = 5;

/// What could be taken from a file.
#[derive(Serialize, JsonSchema)]
pub(super) struct Proposal {
    /// Its path below the work directory.
    file: String,
    /// Tables for the project file.
    toml: String,
    /// What they give, a line a column, in words.
    gives: Vec<String>,
    /// Why they give nothing as they stand; `null` if they do.
    fault: Option<String>,
}

/// Outputs that could be stated, and what they give.
pub(super) struct Proposed {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) read: Result<Vec<String>, String>,
}

impl Proposed {
    /// The same for machines.
    pub(super) fn document(self) -> Proposal {
        let (gives, fault) = match self.read {
            Ok(lines) => (lines, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Proposal {
            file: self.file,
            toml: self.text,
            gives,
            fault,
        }
    }
}

impl Ran<'_> {
    /// What could be taken from what looks like tables. Outputs that are read well need no proposal.
    pub(super) fn proposed(&self) -> Result<Vec<Proposed>> {
        let mut found = Vec::new();
        let Some(folder) = &self.tried.folder else {
            return Ok(found);
        };
        let is_good = failure(self.tried).is_none();
        let rendered = self
            .loaded
            .recipe
            .render(&self.loaded.basin, self.unit.catchment)?;
        let stated = self.loaded.project.simulator.columns.iter();
        let mut taken: Vec<String> = match is_good {
            true => stated.map(|column| column.name.clone()).collect(),
            false => Vec::new(),
        };
        for Left { name, change, .. } in &self.tried.left {
            let is_read = is_good
                && rendered
                    .outputs
                    .iter()
                    .any(|output| output == Path::new(name));
            if *change == Change::Removed || is_read || found.len() == MOST_SHOWN {
                continue;
            }
            let known = Known {
                id: self.loaded.basin.id(self.unit.catchment).as_str(),
                steps: self.loaded.basin.time().map(|time| time.len()),
                taken: &taken,
            };
            let proposals = proposal::of_file(name, &folder.join(name), &known);
            let Some(best) = self.best(name, proposals, folder) else {
                continue;
            };
            taken.extend(proposal::names(&best.text));
            found.push(best);
        }
        Ok(found)
    }

    /// The first of the proposals that reads the file, or the first of all; `None` if there are none.
    fn best(&self, file: &str, proposals: Vec<String>, folder: &Path) -> Option<Proposed> {
        let mut first = None;
        for text in proposals {
            let proposed = Proposed {
                file: file.to_owned(),
                read: self.read(&text, folder),
                text,
            };
            if proposed.read.is_ok() {
                return Some(proposed);
            }
            first.get_or_insert(proposed);
        }
        first
    }

    /// What outputs like these give of this run.
    fn read(&self, outputs: &str, folder: &Path) -> Result<Vec<String>, String> {
        let text = |error: anyhow::Error| format!("{error:#}");
        let overrides = &self.opened.study.overrides;
        let study = Study::load_to_try(&self.place.root, overrides, outputs);
        let study = study.map_err(|fault| fault.message)?;
        let store = self
            .opened
            .store_to_read()
            .map_err(|error| text(error.into()))?;
        let loaded_study =
            LoadedStudy::without_series(&study, store.as_ref(), false).map_err(text)?;
        let loaded = &loaded_study.list[self.unit.scenario];
        lines(loaded, self.unit.catchment, folder)
    }
}
