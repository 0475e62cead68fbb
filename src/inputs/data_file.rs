//! One file of NetCDF or HDF5 that another program wrote, opened to take some of its variables: by name, with their axes, their
//! times, and their values as its attributes mean them.
//!
//! For the outputs of simulators, which may be anything: a damaged file, another program's, none at all. So nothing is read before
//! its size is known, no link is followed, and what has its values in other files is refused; each fault is told. All the same the
//! HDF5 library may crash over a damaged file, or never come to an end: who reads files of any origin does so in a process of its
//! own. Which variable is wanted and what its axes should be is the caller's business.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail};
use hdf5::{Group, LinkType, LocationType};
use serde::{Deserialize, Serialize};

use crate::data::time_axis::TimeAxis;
use crate::inputs::conventions::decoding::DecodedValues;
use crate::inputs::hdf;
use crate::inputs::layouts::arrays;
use crate::inputs::layouts::identify::likely_times;
use crate::inputs::links::sources;
use crate::inputs::number::rounded;
use crate::inputs::variables::content::{Block, VariableContent};
use crate::inputs::variables::{self, Dim, FileVariable};

/// A variable or a piece of one of more values than these is not read: it would be no catchment's.
const MOST_VALUES: usize = 1 << 25;

/// How many places along an axis an error names.
const SHOWN: usize = 3;

/// An open file.
pub(crate) struct DataFile {
    variables: Vec<FileVariable>,
}

/// Why a file does not give what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum DataFault {
    /// It can't be read, or something in it can't.
    #[error("{0}")]
    Unreadable(String),
    /// There is no variable of this name.
    #[error("there is no variable `{name}`; there are {}", listed(there))]
    NoVariable {
        /// The name.
        name: String,
        /// The variables there are.
        there: Vec<String>,
    },
    /// A coordinate has no such value.
    #[error("`{name}` is nowhere {wanted}{}", nearest(near))]
    NoPlace {
        /// The coordinate.
        name: String,
        /// The value.
        wanted: String,
        /// Some of its values, the nearest of numbers.
        near: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

fn nearest(near: &[String]) -> String {
    match near.is_empty() {
        true => String::new(),
        false => format!("; it is {}, …", near.join(", ")),
    }
}

/// Values as they were read, NaN where one is missing.
#[derive(Debug)]
pub(crate) struct DataValues {
    /// The values, in the file's order.
    pub values: Vec<f64>,
    /// The first that is missing by what the file says.
    pub missing: Option<usize>,
    /// The first that is NaN though the file does not say that NaN stands for a missing one.
    pub stray: Option<usize>,
}

impl DataFile {
    /// Opens the file at `path` for variables of these names, which may begin with the groups that they are in: `/routing/q`.
    pub(crate) fn open(path: &Path, wanted: &[String]) -> Result<Self, DataFault> {
        let variables = open(path, wanted).map_err(|error| {
            // Where it is differs from run to run, and is no part of what is wrong.
            let text = format!("{error:#}");
            DataFault::Unreadable(text.replace(&format!("{}: ", path.display()), ""))
        })?;
        Ok(Self { variables })
    }

    /// The names of the variables that hold numbers and are no coordinates.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = &str> {
        let numbers = self.variables.iter();
        let numbers = numbers.filter(|variable| variable.kind.is_number() && !variable.coordinate);
        numbers.map(|variable| variable.name.as_str())
    }

    /// The variable of this name.
    pub(crate) fn variable(&self, name: &str) -> Result<DataVariable<'_>, DataFault> {
        let path = name.strip_prefix('/').unwrap_or(name);
        let mut variables = self.variables.iter();
        match variables.find(|variable| variable.name == path) {
            Some(variable) => Ok(DataVariable {
                file: self,
                variable,
            }),
            None => Err(DataFault::NoVariable {
                name: name.to_owned(),
                there: self.variables.iter().map(|it| it.name.clone()).collect(),
            }),
        }
    }
}

fn open(path: &Path, wanted: &[String]) -> anyhow::Result<Vec<FileVariable>> {
    if let Some(variables) = variables::of_plain_format(path)? {
        return Ok(variables);
    }
    let file = hdf::open(path)?;
    let mut names = Vec::new();
    members(&file, "", &mut names)?;
    let mut groups: Vec<&str> = Vec::new();
    for name in wanted {
        let name = name.strip_prefix('/').unwrap_or(name);
        for (at, _) in name.match_indices('/') {
            let group = &name[..at];
            // A link that leads there is none of these names.
            if !groups.contains(&group)
                && names.iter().any(|name| name == group)
                && matches!(file.loc_type_by_name(group), Ok(LocationType::Group))
            {
                groups.push(group);
                members(&file.group(group)?, &format!("{group}/"), &mut names)?;
            }
        }
    }
    variables::of_hdf5(&file, path, &names)
}

/// Adds the paths of what a group has itself; what links lead to it has not.
fn members(group: &Group, prefix: &str, names: &mut Vec<String>) -> anyhow::Result<()> {
    let visit = |name: &str, info: hdf5::LinkInfo| {
        if info.link_type == LinkType::Hard {
            names.push(format!("{prefix}{name}"));
        }
        Ok(())
    };
    (group.iter_visit_default(visit))
        .with_context(|| format!("the group `/{prefix}` can't be listed"))
}

/// A variable of an open file.
#[derive(Clone, Copy)]
pub(crate) struct DataVariable<'f> {
    file: &'f DataFile,
    variable: &'f FileVariable,
}

impl<'f> DataVariable<'f> {
    /// Its axes.
    pub(crate) fn axes(&self) -> &'f [Dim] {
        &self.variable.dims
    }

    /// The axis of this name, which may be without the groups that it is in.
    pub(crate) fn axis(&self, name: &str) -> Option<usize> {
        let is_it = |dim: &Dim| {
            dim.name.as_deref().is_some_and(|full| {
                full == name || full.rsplit_once('/').is_some_and(|(_, own)| own == name)
            })
        };
        self.axes().iter().position(is_it)
    }

    /// The axis along which a variable of one dimension runs, if it is one of this variable's.
    fn along(&self, other: &FileVariable) -> Option<usize> {
        let dim = other.dims.first()?;
        self.axes()
            .iter()
            .position(|axis| axis.agrees(dim) && axis.length == dim.length)
    }

    /// Its time steps and the axis along which they are; `None` without a time coordinate.
    pub(crate) fn time(&self) -> Result<Option<(usize, TimeAxis)>, DataFault> {
        let along = self
            .file
            .variables
            .iter()
            .filter(|it| self.along(it).is_some());
        let found = match likely_times(along).as_slice() {
            [] => return Ok(None),
            [one] => *one,
            [one, other, ..] => {
                return Err(DataFault::Unreadable(format!(
                    "both `{}` and `{}` could be the time of `{}`",
                    one.name, other.name, self.variable.name
                )));
            }
        };
        let axis = self.along(found).unwrap_or(0);
        let steps = self
            .readable(found, found.dims[0].length)
            .and_then(|()| arrays::read_time(Path::new(""), found, false));
        match steps {
            Ok(steps) => Ok(Some((axis, steps))),
            Err(error) => Err(DataFault::Unreadable(
                format!("{error:#}").trim_start_matches(": ").to_owned(),
            )),
        }
    }

    /// Where along which axis the coordinate of this name has this value: a text, or a number that is exactly this one. `None` if
    /// it does not run along an axis of this variable.
    pub(crate) fn place(
        &self,
        coordinate: &str,
        value: &str,
    ) -> Result<Option<(usize, usize)>, DataFault> {
        let found = self.file.variable(coordinate)?.variable;
        let name = &found.name;
        let unreadable = |error: anyhow::Error| {
            DataFault::Unreadable(format!("`{name}` can't be read: {error:#}"))
        };
        let Some(axis) = self.along(found) else {
            return Ok(None);
        };
        let lengths = found.dims.iter().map(|dim| dim.length);
        self.readable(found, product(lengths)).map_err(unreadable)?;
        let (matches, near) = match found.is_text_list() {
            true => {
                let texts = found.read_texts().map_err(unreadable)?;
                let is_it = |text: &Option<String>| text.as_deref() == Some(value.trim());
                let near = texts.iter().flatten().take(SHOWN).cloned().collect();
                (positions(&texts, is_it), near)
            }
            false if found.dims.len() > 1 => {
                return Err(unreadable(anyhow::anyhow!(
                    "it has {} dimensions; choose places along them by `index`",
                    found.dims.len()
                )));
            }
            false => {
                let (numbers, _) = found.read_numbers().map_err(unreadable)?;
                let Ok(wanted) = value.trim().parse::<f64>() else {
                    return Err(unreadable(anyhow::anyhow!(
                        "it holds numbers, and {value:?} is none"
                    )));
                };
                let numbers: Vec<f64> = as_numbers(numbers);
                let bytes = found.stored().map_err(unreadable)?.bytes();
                // 52.1 is meant where 52.1 was written in 32 bits.
                let is_it =
                    |number: &f64| *number == wanted || bytes == 4 && *number == rounded(wanted, 4);
                let matches = positions(&numbers, is_it);
                (matches, near_to(wanted, numbers))
            }
        };
        match matches.as_slice() {
            [index] => Ok(Some((axis, *index))),
            [] => Err(DataFault::NoPlace {
                name: name.clone(),
                wanted: value.to_owned(),
                near,
            }),
            several => Err(DataFault::Unreadable(format!(
                "`{name}` is {value} at {} places; choose one by `index`",
                several.len()
            ))),
        }
    }

    /// The axis along which the coordinate of this name runs, and its numbers.
    pub(crate) fn coordinate(&self, name: &str) -> Result<(usize, Vec<f64>), DataFault> {
        let found = self.file.variable(name)?.variable;
        let unreadable = |error: anyhow::Error| {
            DataFault::Unreadable(format!("`{name}` can't be read: {error:#}"))
        };
        let (Some(axis), [dim]) = (self.along(found), found.dims.as_slice()) else {
            return Err(unreadable(anyhow::anyhow!(
                "it does not run along an axis of `{}`",
                self.variable.name
            )));
        };
        self.readable(found, dim.length).map_err(unreadable)?;
        let (numbers, _) = found.read_numbers().map_err(unreadable)?;
        Ok((axis, as_numbers(numbers)))
    }

    /// Its values in these places along each of its axes.
    pub(crate) fn read(&self, places: &[Range<usize>]) -> Result<DataValues, DataFault> {
        let read = || -> anyhow::Result<DataValues> {
            self.readable(self.variable, product(places.iter().map(Range::len)))?;
            let stored = self.variable.stored()?;
            let content = &self.variable.content;
            let decoding = content.decoding(stored)?;
            match content.block(places, stored)? {
                Block::Whole(whole) => {
                    let values = whole.into_iter().map(|number| decoding.value(number));
                    let values: Vec<f64> = values.collect::<Result<_, _>>()?;
                    Ok(DataValues {
                        missing: values.iter().position(|value| value.is_nan()),
                        stray: None,
                        values,
                    })
                }
                Block::Real(mut values) => {
                    let strays = match content.marks_nan(stored)? {
                        true => Vec::new(),
                        false => positions(&values, |value| value.is_nan()),
                    };
                    decoding.apply_all(&mut values);
                    let is_missing =
                        |at: &usize| values[*at].is_nan() && strays.binary_search(at).is_err();
                    Ok(DataValues {
                        missing: (0..values.len()).find(is_missing),
                        stray: strays.first().copied(),
                        values,
                    })
                }
            }
        };
        read().map_err(|error| {
            DataFault::Unreadable(format!("`{}` can't be read: {error:#}", self.variable.name))
        })
    }

    /// Makes sure that so many values of a variable may be read, and are in this file.
    fn readable(&self, variable: &FileVariable, values: usize) -> anyhow::Result<()> {
        if values > MOST_VALUES {
            bail!("it has {values} values; more than {MOST_VALUES} are refused");
        }
        match &variable.content {
            VariableContent::Hdf5(dataset) => sources::own_values(dataset),
            VariableContent::Classic(_) => Ok(()),
        }
    }
}

/// The number of values of so many along each axis.
fn product(mut lengths: impl Iterator<Item = usize>) -> usize {
    let product = lengths.try_fold(1_usize, usize::checked_mul);
    product.unwrap_or(usize::MAX)
}

fn positions<T>(items: &[T], is_it: impl Fn(&T) -> bool) -> Vec<usize> {
    (0..items.len()).filter(|&at| is_it(&items[at])).collect()
}

fn as_numbers(values: DecodedValues) -> Vec<f64> {
    match values {
        DecodedValues::Whole(whole) => (whole.into_iter())
            .map(|whole| whole.map_or(f64::NAN, |whole| whole as f64))
            .collect(),
        DecodedValues::Real(real) => real,
    }
}

/// Those of the numbers that are nearest to one.
fn near_to(wanted: f64, mut numbers: Vec<f64>) -> Vec<String> {
    numbers.retain(|number| number.is_finite());
    numbers.sort_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs()));
    numbers.iter().take(SHOWN).map(f64::to_string).collect()
}
