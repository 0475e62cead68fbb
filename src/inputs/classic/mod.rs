//! Classic netCDF files (CDF-1, CDF-2, CDF-5), as CDO and many models write them.
//!
//! [`header`] says what there is; here the numbers are read. Variables without the record dimension lie by themselves, row
//! after row; those with it are interleaved, record after record, so a piece of one is read row by row. Nothing is kept in
//! memory but the header. What the numbers mean is decided for all formats in [`conventions`](crate::inputs::conventions).

mod header;

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use ndarray::Array2;

pub(super) use self::header::Type;
use self::header::{Entry, Header, number};
use crate::inputs::number::{Attribute, Number, Stored};
use crate::system::regular;

/// Whether a file is one of classic netCDF rather than HDF5; an empty one is an error.
pub(super) fn is_classic(path: &Path) -> Result<bool> {
    let about = || format!("{}: the input file can't be read", path.display());
    let mut magic = Vec::new();
    let file = regular::open(path).with_context(about)?;
    file.take(4).read_to_end(&mut magic).with_context(about)?;
    if magic.is_empty() {
        bail!("{}: the file is empty", path.display());
    }
    Ok(header::is_classic(&magic))
}

/// A variable of a classic file.
#[derive(Clone, Debug)]
pub(super) struct Classic {
    file: Arc<File>,
    attributes: Vec<(String, Attribute)>,
    /// The type of its values.
    pub ty: Type,
    /// The name and length of each dimension.
    pub dims: Vec<(String, usize)>,
    begin: u64,
    /// Bytes from the first value of a row to that of the next; a row is all but the first dimension.
    stride: u64,
}

/// Opens a file and finds its variables, by name.
///
/// An error names the file: its header can't be understood, or it is shorter than its variables are.
pub(super) fn variables(path: &Path) -> Result<Vec<(String, Classic)>> {
    let file = regular::open(path)?;
    let size = file.metadata()?.len();
    let header = Header::read(BufReader::new(&file), size).with_context(|| {
        format!(
            "{}: the header of this classic netCDF file can't be read",
            path.display()
        )
    })?;
    let file = Arc::new(file);
    let layout = VariableLayout::of(&header, size);
    let variable = |entry: &Entry| {
        let found = layout.variable(entry, &file);
        let found = found.filter(|found| found.end().is_some_and(|end| end <= size));
        let found = found.with_context(|| {
            format!(
                "{}: the file is cut off: it has {size} bytes, and the variable `{}` goes on behind them",
                path.display(),
                entry.name
            )
        })?;
        Ok((entry.name.clone(), found))
    };
    header.variables.iter().map(variable).collect()
}

/// How records lie in a file.
struct VariableLayout<'a> {
    header: &'a Header,
    records: u64,
    /// Bytes from one record to the next.
    stride: u64,
}

impl<'a> VariableLayout<'a> {
    fn of(header: &'a Header, size: u64) -> Self {
        let mut layout = Self {
            header,
            records: 0,
            stride: 0,
        };
        let in_records: Vec<&Entry> = (header.variables.iter())
            .filter(|entry| layout.is_in_records(entry))
            .collect();
        layout.stride = match in_records.as_slice() {
            // A single variable is not padded.
            [only] => layout.row(only).unwrap_or(u64::MAX),
            all => all.iter().fold(0, |sum: u64, entry| {
                let row = layout.row(entry).unwrap_or(u64::MAX);
                sum.saturating_add(row.checked_next_multiple_of(4).unwrap_or(u64::MAX))
            }),
        };
        layout.records = header.records.unwrap_or_else(|| {
            let begin = in_records.iter().map(|entry| entry.begin).min();
            let all = size.saturating_sub(begin.unwrap_or(size));
            all.checked_div(layout.stride).unwrap_or(0)
        });
        layout
    }

    fn is_in_records(&self, entry: &Entry) -> bool {
        let first = entry.dims.first();
        first.is_some_and(|&dim| self.header.dims[dim].1 == 0)
    }

    /// The bytes of a variable in one record, or in one row of its first dimension.
    fn row(&self, entry: &Entry) -> Option<u64> {
        let mut others = entry
            .dims
            .iter()
            .skip(1)
            .map(|&dim| self.header.dims[dim].1);
        others.try_fold(entry.ty.bytes() as u64, u64::checked_mul)
    }

    fn variable(&self, entry: &Entry, file: &Arc<File>) -> Option<Classic> {
        let is_in_records = self.is_in_records(entry);
        let dim = |&dim: &usize| {
            let (name, length) = &self.header.dims[dim];
            let length = if *length == 0 { self.records } else { *length };
            Some((name.clone(), usize::try_from(length).ok()?))
        };
        let row = self.row(entry)?;
        Some(Classic {
            file: file.clone(),
            attributes: entry.attributes.clone(),
            ty: entry.ty,
            dims: entry.dims.iter().map(dim).collect::<Option<_>>()?,
            begin: entry.begin,
            stride: if is_in_records { self.stride } else { row },
        })
    }
}

impl Classic {
    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, attribute)| attribute)
    }

    fn rows(&self) -> usize {
        self.dims.first().map_or(1, |(_, length)| *length)
    }

    /// Values in one row.
    fn width(&self) -> usize {
        self.dims.iter().skip(1).map(|(_, length)| length).product()
    }

    /// The byte behind its last value.
    fn end(&self) -> Option<u64> {
        let Some(last) = self.rows().checked_sub(1) else {
            return Some(0);
        };
        let row = (self.width() as u64).checked_mul(self.ty.bytes() as u64)?;
        let last = self.stride.checked_mul(last as u64)?;
        self.begin.checked_add(last)?.checked_add(row)
    }

    /// The bytes of these rows, of each the values in these places.
    fn bytes(&self, rows: Range<usize>, places: Range<usize>) -> Result<Vec<u8>> {
        let each = self.ty.bytes();
        let length = places.len() * each;
        let mut bytes = vec![0; rows.len() * length];
        let begin = self.begin + (places.start * each) as u64;
        let offset = |row: usize| begin + row as u64 * self.stride;
        if length as u64 == self.stride {
            self.file.read_exact_at(&mut bytes, offset(rows.start))?;
        } else if length > 0 {
            for (row, bytes) in rows.zip(bytes.chunks_exact_mut(length)) {
                self.file.read_exact_at(bytes, offset(row))?;
            }
        }
        Ok(bytes)
    }

    fn all(&self) -> Result<Vec<u8>> {
        self.bytes(0..self.rows(), 0..self.width())
    }

    fn stored(&self) -> Result<Stored> {
        match self.ty {
            Type::Number(stored) => Ok(stored),
            Type::Char => anyhow::bail!("it holds characters, no numbers"),
        }
    }

    /// All its characters.
    pub(super) fn characters(&self) -> Result<Vec<u8>> {
        ensure!(self.ty == Type::Char, "it does not hold text");
        self.all()
    }

    /// All its numbers.
    pub(super) fn numbers(&self) -> Result<Vec<Number>> {
        let stored = self.stored()?;
        let bytes = self.all()?;
        let numbers = bytes.chunks_exact(stored.bytes());
        Ok(numbers.map(|bytes| number(stored, bytes)).collect())
    }

    /// A piece of an array of two dimensions, of each number what `value` makes of it.
    pub(super) fn piece(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        value: impl Fn(Number, (usize, usize)) -> Result<f64>,
    ) -> Result<Array2<f64>> {
        let stored = self.stored()?;
        let (top, left, width) = (rows.start, columns.start, columns.len());
        let shape = (rows.len(), width);
        let bytes = self.bytes(rows, columns)?;
        let numbers = bytes.chunks_exact(stored.bytes()).enumerate();
        let values = numbers.map(|(at, bytes)| {
            let place = (top + at / width, left + at % width);
            value(number(stored, bytes), place)
        });
        Ok(Array2::from_shape_vec(
            shape,
            values.collect::<Result<_>>()?,
        )?)
    }

    /// The numbers in a block, of any number of dimensions.
    pub(super) fn block(&self, places: &[Range<usize>]) -> Result<Vec<Number>> {
        let stored = self.stored()?;
        let mut numbers = Vec::new();
        let rows = places.first().cloned().unwrap_or(0..1);
        let within = places.get(1..).unwrap_or_default();
        for row in rows {
            let bytes = self.bytes(row..row + 1, 0..self.width())?;
            let at = |place: usize| {
                let start = place * stored.bytes();
                bytes
                    .get(start..start + stored.bytes())
                    .map(|bytes| number(stored, bytes))
            };
            let mut starts = vec![0];
            for (axis, places) in within.iter().enumerate() {
                let length = self.dims[axis + 1].1;
                starts = (starts.iter())
                    .flat_map(|start| places.clone().map(move |place| start * length + place))
                    .collect();
            }
            for start in starts {
                numbers.push(at(start).context("there is no such place")?);
            }
        }
        Ok(numbers)
    }

    /// What netCDF puts where no number of this type was ever written (`NC_FILL_…` in its C library); bytes have none.
    pub(super) fn never_written(&self) -> Option<Number> {
        let Type::Number(stored) = self.ty else {
            return None;
        };
        Some(match stored {
            Stored::Real { bytes: 4 } => Number::Real(f64::from(9.969_21e36_f32)),
            Stored::Real { .. } => Number::Real(9.969_209_968_386_869e36),
            Stored::Whole { bytes: 1, .. } => return None,
            Stored::Whole { signed, bytes } => Number::Whole(match (signed, bytes) {
                (true, 2) => -32767,
                (true, 4) => -2_147_483_647,
                (true, _) => -9_223_372_036_854_775_806,
                (false, 2) => 65535,
                (false, 4) => 4_294_967_295,
                (false, _) => 18_446_744_073_709_551_614,
            }),
        })
    }
}
