//! The attributes of HDF5 objects, and how the numbers of a dataset become values by what its file says of it.
//!
//! Here what HDF5 has is put into words that know nothing of HDF5; what they mean is the business of
//! [`conventions`](super::conventions).

use anyhow::bail;
use hdf5::plist::dataset_create::FillValue;
use hdf5::{Dataset, Location};

use super::conventions::{ATTRIBUTES, Conventions};
use super::decoding::Decoding;
use super::number::{Attribute, Number, Stored};
use super::raw::{self, Kind};
use super::texts::TextMarks;

/// How the numbers of a dataset, stored in this type, become values.
///
/// An error names the attribute that makes no sense.
pub fn decoding(dataset: &Dataset, stored: Stored) -> anyhow::Result<Decoding> {
    let conventions = Conventions {
        stored,
        attributes: &those(dataset, &ATTRIBUTES)?,
        never_written: never_written(dataset, stored)?,
    };
    conventions.decoding()
}

/// How the numbers in the columns of a table become values, by the type in which each is stored.
///
/// What the attributes of a table say holds for all its columns of numbers.
pub fn of_columns(
    table: &Dataset,
) -> anyhow::Result<impl Fn(Stored) -> anyhow::Result<Decoding> + use<>> {
    let attributes = those(table, &ATTRIBUTES)?;
    Ok(move |stored| {
        let conventions = Conventions {
            stored,
            attributes: &attributes,
            never_written: None,
        };
        conventions.decoding()
    })
}

/// What stands for a missing text in a dataset.
pub fn text_marks(dataset: &Dataset) -> hdf5::Result<TextMarks> {
    let found = those(dataset, &["_FillValue", "missing_value"])?;
    Ok(TextMarks::new(found.into_iter().map(|(_, found)| found)))
}

/// Those of the named attributes that there are.
fn those<'a>(of: &Location, names: &[&'a str]) -> hdf5::Result<Vec<(&'a str, Attribute)>> {
    let there = of.attr_names()?;
    let names = names.iter().filter(|name| there.iter().any(|n| n == *name));
    names.map(|name| Ok((*name, read(of, name)?))).collect()
}

fn read(of: &Location, name: &str) -> hdf5::Result<Attribute> {
    let attribute = of.attr(name)?;
    Ok(match raw::kind(&attribute)? {
        Kind::Number(stored) if stored.is_whole() => {
            let numbers = raw::whole(&attribute)?.into_iter().map(Number::Whole);
            Attribute::Numbers(stored, numbers.collect())
        }
        Kind::Number(stored) => {
            let numbers = raw::numbers(&attribute)?.into_iter().map(Number::Real);
            Attribute::Numbers(stored, numbers.collect())
        }
        kind if kind.is_text() => Attribute::Texts(raw::texts(&attribute)?),
        _ => Attribute::Other,
    })
}

/// A text attribute; `None` if there is none, if it is empty or if it holds no text.
pub fn text(of: &Location, name: &str) -> Option<String> {
    let attribute = of.attr(name).ok()?;
    let text = raw::texts(&attribute).ok()?.into_iter().next()?;
    (!text.is_empty()).then_some(text)
}

/// The attribute `calendar` of a time coordinate; an error if it is no text.
pub fn calendar(of: &Location) -> anyhow::Result<Option<String>> {
    match those(of, &["calendar"])?.pop() {
        None => Ok(None),
        Some((_, Attribute::Texts(texts))) => Ok(texts.into_iter().next()),
        Some((name, found)) => {
            bail!("the attribute `{name}` is {found}, but should be a text such as \"standard\"")
        }
    }
}

/// What the file holds of numbers that were never written, where whoever made it said so; netCDF does.
///
/// Zero does not count: it is what HDF5 puts there of itself, and what many libraries state without thinking of gaps.
fn never_written(dataset: &Dataset, stored: Stored) -> hdf5::Result<Option<Number>> {
    let made = dataset.dcpl()?;
    if made.get_fill_value_defined()? != FillValue::UserDefined {
        return Ok(None);
    }
    let fill = match stored {
        Stored::Whole { signed: true, .. } => {
            (made.get_fill_value_as::<i64>()?).map(|fill| Number::Whole(fill.into()))
        }
        Stored::Whole { signed: false, .. } => {
            (made.get_fill_value_as::<u64>()?).map(|fill| Number::Whole(fill.into()))
        }
        Stored::Real { .. } => made.get_fill_value_as::<f64>()?.map(Number::Real),
    };
    Ok(fill.filter(|fill| fill.as_f64() != 0.0))
}
