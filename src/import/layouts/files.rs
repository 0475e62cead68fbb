//! One file for each catchment, its id a part of the file's name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::data::catchment::CatchmentId;
use crate::import::layouts::reading::Reading;
use crate::import::layouts::staged::StagedSeries;
use crate::import::stamps::{Steps, differ};
use crate::import::text::Text;
use crate::import::text::fault::RowFault;
use crate::import::text::rows::{ColumnNames, RowReader};
use crate::inputs::natural_order;
use crate::project::import_spec::{SourceLayout, TextFormat};
use crate::system::parallel::ordered;

/// The files found, in the natural order of their catchments.
pub(crate) struct Files {
    files: BTreeMap<CatchmentId, PathBuf>,
    ids: Vec<CatchmentId>,
}

/// Where the files are: the folder, and what stands before and behind the id in their names.
pub(crate) struct Pattern<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Before the id.
    pub prefix: &'a str,
    /// Behind it.
    pub suffix: &'a str,
}

impl<'a> Pattern<'a> {
    /// That of a layout of files of one catchment each.
    pub(crate) fn of(layout: &'a SourceLayout) -> Option<Self> {
        match layout {
            SourceLayout::Files {
                folder,
                prefix,
                suffix,
                ..
            } => Some(Self {
                folder,
                prefix,
                suffix,
            }),
            SourceLayout::Wide { .. } | SourceLayout::Long { .. } => None,
        }
    }

    /// All files of this pattern.
    pub(crate) fn files(&self) -> Result<Files> {
        let about = || format!("{}: the folder can't be read", self.folder.display());
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(self.folder).with_context(about)? {
            let entry = entry.with_context(about)?;
            let name = entry.file_name();
            let id = (name.to_str())
                .and_then(|name| name.strip_prefix(self.prefix)?.strip_suffix(self.suffix))
                .filter(|id| !id.is_empty());
            if let Some(id) = id {
                let id = CatchmentId::of_cell(id);
                if let Some(other) = files.insert(id.clone(), entry.path()) {
                    bail!(
                        "{} and {} are both of catchment {id}; remove one",
                        other.display(),
                        entry.path().display()
                    );
                }
            }
        }
        if files.is_empty() {
            bail!(
                "{}: there is no file {}{{id}}{}",
                self.folder.display(),
                self.prefix,
                self.suffix
            );
        }
        let mut ids: Vec<CatchmentId> = files.keys().cloned().collect();
        ids.sort_by(|a, b| natural_order(a.as_str(), b.as_str()));
        Ok(Files { files, ids })
    }
}

impl Files {
    /// The catchments that have a file.
    pub(crate) fn ids(&self) -> &[CatchmentId] {
        &self.ids
    }

    /// The catchments with their files.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&CatchmentId, &PathBuf)> {
        self.ids.iter().map(|id| (id, &self.files[id]))
    }

    /// The files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.values()
    }

    /// Reads the files of these catchments; all must have the same time steps.
    pub(crate) fn read(
        &self,
        names: &ColumnNames<'_>,
        format: &TextFormat,
        catchments: &[CatchmentId],
        reading: &mut Reading<'_>,
    ) -> Result<(Vec<i64>, StagedSeries)> {
        let mut staged = StagedSeries::new(reading.folder)?;
        let mut common: Option<(PathBuf, Vec<i64>)> = None;
        let paths = catchments.iter().map(|id| Ok(self.files[id].clone()));
        ordered(
            reading.threads,
            paths,
            &|path: PathBuf| read_file(path, names, format),
            &mut |one: CatchmentFile| {
                (reading.tick)(one.size);
                match &common {
                    None => common = Some((one.path, one.stamps)),
                    Some((first, stamps)) => {
                        if let Some((at, message)) = differ(&one.stamps, stamps) {
                            let line = one.lines.get(at).or(one.lines.last()).copied();
                            let message = format!("{message} in {}", first.display());
                            return Err(RowFault::new(&one.path, line.unwrap_or(1), message).into());
                        }
                    }
                }
                staged.push(&one.values)
            },
        )?;
        Ok((common.map(|(_, stamps)| stamps).unwrap_or_default(), staged))
    }
}

/// What is in one file.
struct CatchmentFile {
    path: PathBuf,
    size: usize,
    lines: Vec<u64>,
    stamps: Vec<i64>,
    values: Vec<f64>,
}

fn read_file(path: PathBuf, names: &ColumnNames<'_>, format: &TextFormat) -> Result<CatchmentFile> {
    let mut text = Text::open(&path)?;
    let reader = RowReader::new(&path, &mut text, names, format)?;
    let mut steps = Steps::default();
    let (mut size, mut lines, mut values) = (0, Vec::new(), Vec::new());
    for block in text.blocks() {
        let block = block?;
        size += block.bytes.len();
        for (number, line) in block.lines() {
            let row = reader.row(number, line)?;
            (steps.push(row.stamp)).map_err(|message| RowFault::new(&path, number, message))?;
            lines.push(number);
            values.push(row.value);
        }
    }
    if values.is_empty() {
        bail!("{}: the file has no rows", path.display());
    }
    Ok(CatchmentFile {
        path,
        size,
        lines,
        stamps: steps.into_stamps(),
        values,
    })
}
