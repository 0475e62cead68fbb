//! What is shown of a run of which nothing is stored: how it ended, what it left, what could be taken from that.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::proposed::Proposed;
use super::words::{cost, values};
use super::{Document, Ran};
use crate::cli::tried_document::{LeftFile, TriedOf, failure};
use crate::data::size::Size;
use crate::execute::trying::{Change, Left};
use crate::project::ProjectError;
use crate::system::regular;

/// So many files are named.
const MOST_FILES: usize = 40;

/// So many lines of a file are shown, and so many characters of each.
const MOST_LINES: usize = 6;
const LONGEST_LINE: usize = 110;

/// What is shown of a run, as it is put together.
pub(super) struct Shown<'a> {
    pub(super) ran: Ran<'a>,
    pub(super) out: Vec<u8>,
}

impl Shown<'_> {
    /// All of it for machines.
    pub(super) fn document(&self, fault: Option<&ProjectError>) -> Result<Document> {
        let catchment = self.ran.unit.catchment;
        let left = self.ran.tried.left.iter();
        let proposals = self.ran.proposed()?.into_iter();
        Ok(Document {
            tried: TriedOf::new(self.ran.loaded, catchment, self.ran.tried, fault.is_none()),
            fault: fault.map(ToString::to_string),
            left: left
                .map(|left| LeftFile {
                    name: left.name.clone(),
                    change: left.change,
                    bytes: left.size,
                })
                .collect(),
            proposals: proposals.map(Proposed::document).collect(),
            kept: None,
        })
    }

    /// How it ended, what it printed and, if outputs are stated, what was read.
    pub(super) fn outcome(&mut self, outputs_are_stated: bool) -> Result<()> {
        let label = self.ran.loaded.label(self.ran.unit.catchment);
        let (tried, cost) = (self.ran.tried, cost(self.ran.tried));
        let failure = failure(tried);
        match failure {
            None => writeln!(self.out, "catchment {label} ended well{cost}")?,
            Some(reason) => writeln!(self.out, "catchment {label} failed{cost}:\n  {reason}")?,
        }
        let printed = tried
            .trial
            .attempts
            .last()
            .map_or("", |attempt| attempt.tail.trim());
        let lines: Vec<&str> = printed.lines().collect();
        match lines.len() {
            0 => writeln!(self.out, "it printed nothing")?,
            count => {
                writeln!(self.out, "the end of what it printed:")?;
                for line in &lines[count.saturating_sub(2 * MOST_LINES)..] {
                    writeln!(self.out, "  | {}", shortened(line))?;
                }
            }
        }
        if failure.is_none() && outputs_are_stated {
            writeln!(self.out, "what is taken from it, as the project file says:")?;
            for line in values(self.ran.loaded, self.ran.unit.catchment, tried) {
                writeln!(self.out, "  {line}")?;
            }
        }
        Ok(())
    }

    /// The files that it left.
    pub(super) fn files(&mut self) -> Result<()> {
        let left = &self.ran.tried.left;
        if left.is_empty() {
            writeln!(self.out, "it left no file, and changed none")?;
            return Ok(());
        }
        writeln!(self.out, "what it left:")?;
        for Left { name, change, size } in left.iter().take(MOST_FILES) {
            let name: String = name.chars().filter(|c| !c.is_control()).collect();
            let (word, size) = match change {
                Change::New => ("new", Size(*size).to_string()),
                Change::Changed => ("changed", Size(*size).to_string()),
                Change::Removed => ("removed", String::new()),
            };
            writeln!(self.out, "  {word:<8} {size:>9}  {name}")?;
        }
        if left.len() > MOST_FILES {
            writeln!(
                self.out,
                "  and {} more; `--keep DIR` keeps all",
                left.len() - MOST_FILES
            )?;
        }
        Ok(())
    }

    /// The heads of what looks like tables, and what could be taken from them.
    pub(super) fn proposals(&mut self) -> Result<()> {
        let Some(folder) = &self.ran.tried.folder else {
            return Ok(());
        };
        let found = self.ran.proposed()?;
        for Proposed { file, .. } in &found {
            self.head(file, &folder.join(file))?;
        }
        if found.is_empty() {
            if self.ran.loaded.project.simulator.outputs.is_empty() {
                writeln!(
                    self.out,
                    "nothing that it left looks like a table; `after = [\"python3\", \"extract.py\"]` under [simulator] runs a script of your own \
                     that makes one, and docs/simulators.md tells what else is read"
                )?;
            }
            return Ok(());
        }
        writeln!(
            self.out,
            "\nproposed for rerunoff.toml; keep what you need, and give it names of your own:"
        )?;
        for Proposed { text, read, .. } in found {
            writeln!(self.out)?;
            match read {
                Ok(columns) => {
                    for line in columns {
                        writeln!(self.out, "# {line}")?;
                    }
                }
                Err(reason) => writeln!(self.out, "# not read as it stands: {reason}")?,
            }
            write!(self.out, "{text}")?;
        }
        Ok(())
    }

    /// The first lines of a text.
    fn head(&mut self, name: &str, path: &Path) -> Result<()> {
        let bytes = regular::head(path, 4096).unwrap_or_default();
        if bytes.contains(&0) {
            return Ok(());
        }
        writeln!(self.out, "the head of {name}:")?;
        for line in String::from_utf8_lossy(&bytes).lines().take(MOST_LINES) {
            writeln!(self.out, "  | {}", shortened(line))?;
        }
        Ok(())
    }
}

/// A line for a terminal.
fn shortened(line: &str) -> String {
    let line = line.replace('\t', "  ");
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
    match plain.char_indices().nth(LONGEST_LINE) {
        None => plain,
        Some((at, _)) => format!("{}…", &plain[..at]),
    }
}
