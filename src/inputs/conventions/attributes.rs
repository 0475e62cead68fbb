//! The attributes of HDF5 objects.
//!
//! They are turned into types that do not depend on HDF5; [`conventions`](crate::inputs::conventions) interprets them.

use std::ffi::CStr;

use hdf5::plist::dataset_create::FillValue;
use hdf5::{Dataset, Location};

use crate::inputs::conventions::decoding::Decoding;
use crate::inputs::conventions::texts::TextMarks;
use crate::inputs::conventions::{ATTRIBUTES, Conventions};
use crate::inputs::hdf::types::{self, ElementKind};
use crate::inputs::number::{Attribute, Number, Stored};

/// What the attributes of a table say of all its columns of numbers, and of all its columns of text.
#[derive(Debug)]
pub(crate) struct TableAttributes(Vec<(&'static str, Attribute)>);

impl TableAttributes {
    /// The attributes of a table that count.
    pub(crate) fn of(table: &Dataset, usual: Usual) -> hdf5::Result<Self> {
        let is_usual = match usual.0 {
            Some(usual) => table.loc_info()?.num_attrs == usual,
            None => false,
        };
        match is_usual {
            true => Ok(Self(Vec::new())),
            false => those(table, &ATTRIBUTES).map(Self),
        }
    }

    /// How the numbers in a column become values, by the type in which they are stored.
    pub(crate) fn decoding(&self, stored: Stored) -> anyhow::Result<Decoding> {
        let conventions = Conventions {
            stored,
            attributes: &self.0,
            never_written: None,
        };
        conventions.decoding()
    }

    /// What stands for a missing text.
    pub(crate) fn text_marks(&self) -> TextMarks {
        let marks = |(name, _): &&(&str, Attribute)| ["_FillValue", "missing_value"].contains(name);
        let found = self.0.iter().filter(marks);
        TextMarks::new(found.map(|(_, attribute)| attribute.clone()))
    }
}

/// How many attributes a table has that has none but those of PyTables itself; unknown if there are others.
///
/// One table as this library opens it takes a few microseconds, and to look for attributes in it a hundred. Of thousands of
/// tables, those with as many as one with none but PyTables' own need no look: whatever anybody adds is one more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usual(Option<usize>);

impl Usual {
    /// Looks at one of the tables.
    pub(crate) fn of(table: &Dataset) -> hdf5::Result<Self> {
        const OWN: [&str; 5] = ["CLASS", "FLAVOR", "NROWS", "TITLE", "VERSION"];
        let names = table.attr_names()?;
        let is_own = |name: &String| OWN.contains(&name.as_str()) || name.starts_with("FIELD_");
        Ok(Self(names.iter().all(is_own).then_some(names.len())))
    }
}

/// Those of the named attributes that there are.
pub(crate) fn those<'a>(
    of: &Location,
    names: &[&'a CStr],
) -> hdf5::Result<Vec<(&'a str, Attribute)>> {
    let there = names.iter().filter(|name| types::has_attribute(of, name));
    let names = there.filter_map(|name| name.to_str().ok());
    names.map(|name| Ok((name, read(of, name)?))).collect()
}

fn read(of: &Location, name: &str) -> hdf5::Result<Attribute> {
    let attribute = of.attr(name)?;
    Ok(match types::kind(&attribute)? {
        ElementKind::Number(stored) if stored.is_whole() => {
            let numbers = types::whole(&attribute)?.into_iter().map(Number::Whole);
            Attribute::Numbers(stored, numbers.collect())
        }
        ElementKind::Number(stored) => {
            let numbers = types::numbers(&attribute)?.into_iter().map(Number::Real);
            Attribute::Numbers(stored, numbers.collect())
        }
        kind if kind.is_text() => Attribute::Texts(types::texts(&attribute)?),
        _ => Attribute::Other,
    })
}

/// A text attribute; `None` if there is none, if it is empty or if it holds no text.
pub(crate) fn text(of: &Location, name: &str) -> Option<String> {
    let attribute = of.attr(name).ok()?;
    let text = types::texts(&attribute).ok()?.into_iter().next()?;
    (!text.is_empty()).then_some(text)
}

/// What the file holds for numbers that were never written, where its writer stated that; netCDF does.
///
/// Zero does not count: it is what HDF5 puts there of itself, and what many libraries state without thinking of gaps.
pub(crate) fn never_written(dataset: &Dataset, stored: Stored) -> hdf5::Result<Option<Number>> {
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
