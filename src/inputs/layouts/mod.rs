//! The two layouts of input files: arrays of time and catchment, and a group for each catchment.
//!
//! [`InputFile`] is what both have in common; how the series are read is not, see [`read`](crate::inputs::read).

pub(super) mod arrays;
pub(super) mod groups;
pub(super) mod identify;

use std::path::Path;

use anyhow::{anyhow, bail};
use hdf5::{File, Group};

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::inputs::catalog::{BadInput, SeriesColumn};
use crate::inputs::conventions::attributes;
use crate::inputs::links::Links;
use crate::inputs::links::linked::Linked;
use crate::inputs::variables::{self, FileVariable};
use crate::inputs::{InputSpec, hdf};
use arrays::ArrayFile;
use groups::{GroupFile, GroupMembers};

/// One opened file.
#[derive(Debug)]
pub(super) enum InputFile {
    /// A group for each catchment.
    Groups(GroupFile),
    /// Arrays of time and catchment.
    Arrays(ArrayFile),
}

impl InputFile {
    /// Its path.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Groups(groups) => &groups.path,
            Self::Arrays(arrays) => &arrays.path,
        }
    }

    /// The further files that this one reads.
    pub(super) fn linked(&self) -> Linked {
        match self {
            Self::Groups(groups) => groups.linked(),
            Self::Arrays(arrays) => arrays.linked.clone(),
        }
    }

    /// The catchments, in its own order.
    pub(super) fn ids(&self) -> Vec<CatchmentId> {
        match self {
            Self::Groups(groups) => groups
                .entries
                .iter()
                .map(|entry| entry.id.clone())
                .collect(),
            Self::Arrays(arrays) => arrays.ids.clone(),
        }
    }

    /// The time axis, if this file has series.
    pub(super) fn time(&self) -> Option<&TimeAxis> {
        match self {
            Self::Groups(groups) => groups.time.as_ref().filter(|_| !groups.columns.is_empty()),
            Self::Arrays(arrays) => arrays.time.as_ref(),
        }
    }

    /// The series that it has.
    pub(super) fn columns(&self) -> Vec<SeriesColumn> {
        match self {
            Self::Groups(groups) => groups.columns.clone(),
            Self::Arrays(arrays) => arrays.columns.iter().map(|(c, _)| c.clone()).collect(),
        }
    }

    /// Takes the parameters, each with the values of all catchments in this file's order.
    pub(super) fn take_parameters(&mut self) -> Vec<(String, Vec<Option<Value>>)> {
        match self {
            Self::Groups(groups) => std::mem::take(&mut groups.parameters)
                .into_columns()
                .collect(),
            Self::Arrays(arrays) => std::mem::take(&mut arrays.parameters),
        }
    }

    /// Takes what is wrong with a catchment of this file.
    pub(super) fn take_problem(&mut self, position: usize) -> Option<BadInput> {
        match self {
            Self::Groups(groups) => groups.entries[position].problem.take(),
            Self::Arrays(_) => None,
        }
    }
}

/// Opens every file. One whose ids are not obvious is tried again once it is known what the others call theirs.
pub(super) fn open_all(spec: &InputSpec) -> anyhow::Result<Vec<InputFile>> {
    let mut sources: Vec<Option<InputFile>> = Vec::with_capacity(spec.files.len());
    let mut hints = Vec::new();
    let mut unclear = Vec::new();
    for (at, path) in spec.files.iter().enumerate() {
        if spec.files[..at].contains(path) {
            bail!("{}: the file is listed twice", path.display());
        }
        match open(path, spec, &hints) {
            Ok(source) => {
                if let InputFile::Arrays(arrays) = &source {
                    hints.push(arrays.id_variable.clone());
                }
                sources.push(Some(source));
            }
            Err(error) => {
                unclear.push((at, error));
                sources.push(None);
            }
        }
    }
    for (at, error) in unclear {
        if hints.is_empty() {
            return Err(error);
        }
        sources[at] = Some(open(&spec.files[at], spec, &hints)?);
    }
    Ok(sources.into_iter().flatten().collect())
}

fn open(path: &Path, spec: &InputSpec, hints: &[String]) -> anyhow::Result<InputFile> {
    if let Some(variables) = variables::of_plain_format(path)? {
        let arrays = ArrayFile::new(path, spec, &variables, hints, &mut |_| Ok(()))?;
        return Ok(InputFile::Arrays(arrays));
    }
    let file = hdf::open(path)?;
    let mut links = Links::new(&file, path);
    let names = links.members()?;
    if let Some(members) = GroupMembers::find(&file, &names, spec) {
        let groups = GroupFile::new(path, file, spec, &members, links)?;
        return Ok(InputFile::Groups(groups));
    }
    let variables = variables::of_hdf5(&file, path, &names)?;
    (variables.iter()).try_for_each(|variable| links.check_shape(variable))?;
    let check = &mut |variable: &FileVariable| links.check(variable);
    let arrays = ArrayFile::new(path, spec, &variables, hints, check)
        .map_err(|error| of_pandas(path, &file, &names).unwrap_or(error))?;
    Ok(InputFile::Arrays(ArrayFile {
        linked: links.linked().clone(),
        ..arrays
    }))
}

/// The error for a file in which nothing was found because pandas wrote its frames in its own format.
fn of_pandas(path: &Path, file: &File, names: &[String]) -> Option<anyhow::Error> {
    let is_frame = |group: &Group| attributes::text(group, "pandas_type").is_some();
    let found = names.iter().find(|name| {
        file.group(name).is_ok_and(|group| {
            is_frame(&group) || (group.groups()).is_ok_and(|below| below.iter().any(is_frame))
        })
    })?;
    Some(anyhow!(
        "{}: `{found}` is a frame as pandas' `to_hdf` writes it, which only pandas reads; with the times as its index and \
         a column for each catchment write it as `df.rename_axis(index=\"time\", \
         columns=\"catchment\").stack().rename(\"NAME\").to_xarray().to_netcdf(\"{}\")`, or as a text table for `[import]`",
        path.display(),
        path.with_extension("nc")
            .file_name()
            .unwrap_or_default()
            .display()
    ))
}
