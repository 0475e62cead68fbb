//! What a variable holds, whatever the format of its file.
//!
//! HDF5 and classic netCDF differ in how numbers, texts and attributes are fetched, and in nothing else that the layouts and
//! conventions should know of.

use std::ffi::CStr;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use hdf5::{Dataset, H5Type, Hyperslab, SliceOrIndex};
use ndarray::{Array2, ArrayD, s};

use crate::inputs::classic::Classic;
use crate::inputs::conventions::attributes;
use crate::inputs::conventions::decoding::Decoding;
use crate::inputs::conventions::texts::TextMarks;
use crate::inputs::conventions::{ATTRIBUTES, Conventions};
use crate::inputs::hdf::chunks::Chunks;
use crate::inputs::hdf::types;
use crate::inputs::number::{Attribute, Number, Stored};

/// A variable's attributes and values.
#[derive(Clone, Debug)]
pub(crate) enum VariableContent {
    /// A dataset of HDF5 or netCDF-4.
    Hdf5(Dataset),
    /// A variable of classic netCDF.
    Classic(Classic),
}

impl VariableContent {
    /// A text attribute, `None` if there is none, if it is empty or if it holds no text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Hdf5(dataset) => attributes::text(dataset, name),
            Self::Classic(classic) => match classic.attribute(name) {
                Some(Attribute::Texts(texts)) => texts.first().filter(|t| !t.is_empty()).cloned(),
                _ => None,
            },
        }
    }

    /// Those of the named attributes that there are.
    fn those<'a>(&self, names: &[&'a CStr]) -> Result<Vec<(&'a str, Attribute)>> {
        match self {
            Self::Hdf5(dataset) => Ok(attributes::those(dataset, names)?),
            Self::Classic(classic) => {
                let found = |name: &&'a CStr| {
                    let name = name.to_str().ok()?;
                    Some((name, classic.attribute(name)?.clone()))
                };
                Ok(names.iter().filter_map(found).collect())
            }
        }
    }

    /// How its numbers, stored in this type, become values.
    ///
    /// An error names the attribute that makes no sense.
    pub(crate) fn decoding(&self, stored: Stored) -> Result<Decoding> {
        let conventions = Conventions {
            stored,
            attributes: &self.those(&ATTRIBUTES)?,
            never_written: match self {
                Self::Hdf5(dataset) => attributes::never_written(dataset, stored)?,
                Self::Classic(classic) => classic.never_written(),
            },
        };
        conventions.decoding()
    }

    /// What stands for a missing text.
    pub(crate) fn text_marks(&self) -> Result<TextMarks> {
        let found = self.those(&[c"_FillValue", c"missing_value"])?;
        Ok(TextMarks::new(found.into_iter().map(|(_, found)| found)))
    }

    /// The attribute `calendar` of a time coordinate; an error if it is no text.
    pub(crate) fn calendar(&self) -> Result<Option<String>> {
        match self.those(&[c"calendar"])?.pop() {
            None => Ok(None),
            Some((_, Attribute::Texts(texts))) => Ok(texts.into_iter().next()),
            Some((name, found)) => {
                bail!(
                    "the attribute `{name}` is {found}, but should be a text such as \"standard\""
                )
            }
        }
    }

    /// All floating point numbers.
    pub(crate) fn numbers(&self) -> Result<Vec<f64>> {
        match self {
            Self::Hdf5(dataset) => Ok(types::numbers(dataset)?),
            Self::Classic(classic) => {
                let numbers = classic.numbers()?.into_iter();
                Ok(numbers.map(Number::as_f64).collect())
            }
        }
    }

    /// All whole numbers.
    pub(crate) fn whole(&self) -> Result<Vec<i128>> {
        match self {
            Self::Hdf5(dataset) => Ok(types::whole(dataset)?),
            Self::Classic(classic) => {
                let numbers = classic.numbers()?.into_iter().map(Number::as_whole);
                let whole: Option<_> = numbers.collect();
                whole.context("it does not hold whole numbers")
            }
        }
    }

    /// All texts, where each is one element.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        match self {
            Self::Hdf5(dataset) => Ok(types::texts(dataset)?),
            Self::Classic(classic) => {
                let characters = classic.characters()?;
                Ok(characters.chunks_exact(1).map(types::text).collect())
            }
        }
    }

    /// All single characters.
    pub(crate) fn characters(&self) -> Result<Vec<u8>> {
        match self {
            Self::Hdf5(dataset) => Ok(types::characters(dataset)?),
            Self::Classic(classic) => classic.characters(),
        }
    }

    /// The extent along each dimension.
    pub(crate) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Hdf5(dataset) => dataset.shape(),
            Self::Classic(classic) => classic.dims.iter().map(|(_, length)| *length).collect(),
        }
    }

    /// The shape of its chunks, if it is stored in such.
    pub(crate) fn chunk(&self) -> Option<Vec<usize>> {
        match self {
            Self::Hdf5(dataset) => dataset.chunk(),
            Self::Classic(_) => None,
        }
    }

    /// The dataset and how its chunks are stored, where they can be read without the library.
    pub(crate) fn plain_chunks(&self) -> Option<(Dataset, Chunks)> {
        match self {
            Self::Hdf5(dataset) => Some((dataset.clone(), Chunks::of(dataset)?)),
            Self::Classic(_) => None,
        }
    }

    /// Whether a stored NaN stands for a missing number: one of the attributes says so, or it is what was never written.
    pub(crate) fn marks_nan(&self, stored: Stored) -> Result<bool> {
        let attributes = self.those(&[c"_FillValue", c"missing_value"])?;
        let marks = attributes.iter().filter_map(|(_, found)| found.numbers());
        let mut marks = marks.flat_map(|(_, numbers)| numbers);
        let never_written = match self {
            Self::Hdf5(dataset) => attributes::never_written(dataset, stored)?,
            Self::Classic(_) => None,
        };
        Ok(marks.any(|mark| mark.as_f64().is_nan())
            || never_written.is_some_and(|number| number.as_f64().is_nan()))
    }

    /// The stored numbers in a block of an array of any number of dimensions, in the order of the file.
    pub(crate) fn block(&self, places: &[Range<usize>], stored: Stored) -> Result<Block> {
        match (self, stored) {
            (Self::Classic(classic), _) => {
                let numbers = classic.block(places)?.into_iter();
                Ok(match stored.fits_f64() {
                    true => Block::Real(numbers.map(Number::as_f64).collect()),
                    false => Block::Whole(numbers.filter_map(Number::as_whole).collect()),
                })
            }
            (Self::Hdf5(dataset), Stored::Whole { signed, bytes: 8 }) => {
                Ok(Block::Whole(match signed {
                    true => block::<i64>(dataset, places)?
                        .into_iter()
                        .map(i128::from)
                        .collect(),
                    false => block::<u64>(dataset, places)?
                        .into_iter()
                        .map(i128::from)
                        .collect(),
                }))
            }
            (Self::Hdf5(dataset), _) => Ok(Block::Real(block::<f64>(dataset, places)?)),
        }
    }

    /// A piece of an array of two dimensions: the stored numbers where 64-bit floating point holds each of their type, else
    /// what `value` makes of a number in a place.
    pub(crate) fn piece(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        stored: Stored,
        value: &dyn Fn(i128, (usize, usize)) -> Result<f64>,
    ) -> Result<Array2<f64>> {
        match (self, stored) {
            (Self::Classic(classic), _) => {
                classic.piece(rows, columns, |number, place| match number {
                    Number::Whole(whole) if !stored.fits_f64() => value(whole, place),
                    number => Ok(number.as_f64()),
                })
            }
            (Self::Hdf5(dataset), Stored::Whole { signed, bytes: 8 }) => match signed {
                true => whole_piece::<i64>(dataset, rows, columns, value),
                false => whole_piece::<u64>(dataset, rows, columns, value),
            },
            (Self::Hdf5(dataset), _) => Ok(dataset.read_slice(s![rows, columns])?),
        }
    }
}

/// Numbers as they are stored.
#[derive(Debug)]
pub(crate) enum Block {
    /// Whole numbers of a type that 64-bit floating point would round.
    Whole(Vec<i128>),
    /// All others.
    Real(Vec<f64>),
}

fn block<T: H5Type>(dataset: &Dataset, places: &[Range<usize>]) -> Result<Vec<T>> {
    if places.is_empty() {
        return Ok(dataset.read_raw()?);
    }
    let places: Vec<SliceOrIndex> = places.iter().cloned().map(SliceOrIndex::from).collect();
    let values: ArrayD<T> = dataset.read_slice(Hyperslab::from(places))?;
    Ok(values.into_raw_vec_and_offset().0)
}

fn whole_piece<T: H5Type + Into<i128> + Copy>(
    dataset: &Dataset,
    rows: Range<usize>,
    columns: Range<usize>,
    value: &dyn Fn(i128, (usize, usize)) -> Result<f64>,
) -> Result<Array2<f64>> {
    let (top, left) = (rows.start, columns.start);
    let stored: Array2<T> = dataset.read_slice(s![rows, columns])?;
    let mut values = Array2::zeros(stored.dim());
    for (place, number) in stored.indexed_iter() {
        values[place] = value((*number).into(), (top + place.0, left + place.1))?;
    }
    Ok(values)
}
