//! The header of a classic netCDF file: what its dimensions, attributes and variables are, and where the numbers lie.
//!
//! Source: "The NetCDF Classic Format Specification" and the ones of the 64-bit offset and 64-bit data formats (CDF-1,
//! CDF-2, CDF-5) in the NetCDF User's Guide, whose names for the parts are used here. Counts are checked against the length
//! of the file, so that a damaged one can neither fill the memory nor cause a panic. It knows nothing of catchments and
//! HDF5.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use crate::inputs::hdf::types;
use crate::inputs::number::{Attribute, Number, Stored};

/// The external types of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Single characters.
    Char,
    /// Numbers, most significant byte first.
    Number(Stored),
}

impl Type {
    fn of(tag: u32) -> Result<Self> {
        let whole = |signed, bytes| Self::Number(Stored::Whole { signed, bytes });
        let real = |bytes| Self::Number(Stored::Real { bytes });
        Ok(match tag {
            1 => whole(true, 1),
            2 => Self::Char,
            3 => whole(true, 2),
            4 => whole(true, 4),
            5 => real(4),
            6 => real(8),
            7 => whole(false, 1),
            8 => whole(false, 2),
            9 => whole(false, 4),
            10 => whole(true, 8),
            11 => whole(false, 8),
            _ => bail!("there is no type {tag}"),
        })
    }

    /// Size of one value in bytes.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Char => 1,
            Self::Number(stored) => stored.bytes(),
        }
    }
}

/// A number of one of these types from its bytes, most significant first.
pub(super) fn number(stored: Stored, bytes: &[u8]) -> Number {
    let bits = (bytes.iter()).fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
    match stored {
        Stored::Real { bytes: 4 } => Number::Real(f64::from(f32::from_bits(bits as u32))),
        Stored::Real { .. } => Number::Real(f64::from_bits(bits)),
        Stored::Whole { signed: false, .. } => Number::Whole(bits.into()),
        Stored::Whole { bytes, .. } => {
            let unused = 64 - 8 * bytes.clamp(1, 8) as u32;
            Number::Whole((((bits << unused) as i64) >> unused).into())
        }
    }
}

/// A variable as the header describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its name.
    pub name: String,
    /// Its dimensions, by their place among all.
    pub dims: Vec<usize>,
    /// Its attributes, in the file's order.
    pub attributes: Vec<(String, Attribute)>,
    /// The type of its values.
    pub ty: Type,
    /// Where its first value is in the file.
    pub begin: u64,
}

/// All that a header says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// The number of records; `None` where the writer of the file did not know.
    pub records: Option<u64>,
    /// Names and lengths; a length of 0 is that of the record dimension, which there is at most once.
    pub dims: Vec<(String, u64)>,
    /// The variables.
    pub variables: Vec<Entry>,
}

/// Whether a file that begins like this is a classic one.
pub(super) fn is_classic(magic: &[u8]) -> bool {
    magic.starts_with(b"CDF")
}

impl Header {
    /// Reads the header of a file of this size. An error says what is wrong with it.
    pub(super) fn read(file: impl Read, size: u64) -> Result<Self> {
        let mut parts = Parts {
            file,
            left: size,
            wide_counts: false,
            wide_offsets: false,
        };
        let magic = parts.array::<4>()?;
        ensure!(is_classic(&magic), "it does not begin with CDF");
        (parts.wide_counts, parts.wide_offsets) = match magic[3] {
            1 => (false, false),
            2 => (false, true),
            5 => (true, true),
            version => bail!("the version of the format is {version}, known are 1, 2 and 5"),
        };
        let records = parts.count()?;
        let unknown = if parts.wide_counts {
            u64::MAX
        } else {
            u32::MAX.into()
        };
        let dims = parts.list(10, |parts| Ok((parts.name()?, parts.count()?)))?;
        let endless = dims.iter().filter(|(_, length)| *length == 0).count();
        ensure!(endless <= 1, "there is more than one record dimension");
        parts.attributes()?;
        let variables = parts.list(11, |parts| parts.variable(&dims))?;
        Ok(Self {
            records: (records != unknown).then_some(records),
            dims,
            variables,
        })
    }
}

/// The parts of a header, one after the other.
struct Parts<R> {
    file: R,
    left: u64,
    wide_counts: bool,
    wide_offsets: bool,
}

impl<R: Read> Parts<R> {
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        ensure!(length <= self.left, "it is cut off");
        self.left -= length;
        let mut bytes = vec![0; usize::try_from(length)?];
        self.file.read_exact(&mut bytes).context("it is cut off")?;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes(N as u64)?;
        Ok(bytes.try_into().unwrap_or([0; N]))
    }

    fn tag(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn word(&mut self, wide: bool) -> Result<u64> {
        match wide {
            true => self.array().map(u64::from_be_bytes),
            false => Ok(self.tag()?.into()),
        }
    }

    fn count(&mut self) -> Result<u64> {
        self.word(self.wide_counts)
    }

    /// Bytes that are followed by so many that their number is a multiple of four.
    fn padded(&mut self, length: u64) -> Result<Vec<u8>> {
        let bytes = self.bytes(length)?;
        self.bytes(length.wrapping_neg() % 4)?;
        Ok(bytes)
    }

    fn name(&mut self) -> Result<String> {
        let length = self.count()?;
        let name = self.padded(length)?;
        String::from_utf8(name).context("a name is no UTF-8")
    }

    /// A list with this tag, or none.
    fn list<T>(
        &mut self,
        expected: u32,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let (tag, count) = (self.tag()?, self.count()?);
        ensure!(
            tag == expected || (tag, count) == (0, 0),
            "there is a list of the kind {tag} where one of the kind {expected} should be"
        );
        // Each element takes some bytes, so a count that is too large ends with the file.
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }

    fn attributes(&mut self) -> Result<Vec<(String, Attribute)>> {
        self.list(12, |parts| {
            let name = parts.name()?;
            let ty = Type::of(parts.tag()?)?;
            let count = parts.count()?;
            let length = count.checked_mul(ty.bytes() as u64);
            let bytes = parts.padded(length.context("it is cut off")?)?;
            let attribute = match ty {
                Type::Char if bytes.is_empty() => Attribute::Texts(Vec::new()),
                Type::Char => Attribute::Texts(vec![types::text(&bytes)]),
                Type::Number(stored) => {
                    let numbers = bytes.chunks_exact(stored.bytes());
                    let numbers = numbers.map(|bytes| number(stored, bytes));
                    Attribute::Numbers(stored, numbers.collect())
                }
            };
            Ok((name, attribute))
        })
    }

    fn variable(&mut self, dims: &[(String, u64)]) -> Result<Entry> {
        let name = self.name()?;
        let rank = self.count()?;
        let mut own = Vec::new();
        for place in 0..rank {
            let dim = usize::try_from(self.count()?)?;
            let (_, length) = (dims.get(dim))
                .with_context(|| format!("`{name}` has a dimension that there is not, {dim}"))?;
            ensure!(
                place == 0 || *length > 0,
                "`{name}` has the record dimension behind another one"
            );
            own.push(dim);
        }
        let attributes = self.attributes()?;
        let ty = Type::of(self.tag()?)?;
        // The size is too small for large variables; it follows from the shape.
        self.count()?;
        let begin = self.word(self.wide_offsets)?;
        Ok(Entry {
            name,
            dims: own,
            attributes,
            ty,
            begin,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `ncgen -k classic` makes of a dimension `t` of 2 and `short q(t)` with `q:units = "m"`.
    const SMALL: &[u8] = b"CDF\x01\0\0\0\0\0\0\0\x0a\0\0\0\x01\0\0\0\x01t\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0\
        \0\0\0\x0b\0\0\0\x01\0\0\0\x01q\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x0c\0\0\0\x01\0\0\0\x05units\0\0\0\0\0\0\x02\
        \0\0\0\x01m\0\0\0\0\0\0\x03\0\0\0\x04\0\0\0\x70\0\x01\xff\xff";

    #[test]
    fn a_header_is_understood() {
        let header = Header::read(SMALL, SMALL.len() as u64).expect("a header");
        assert_eq!(header.dims, [("t".to_owned(), 2)]);
        assert_eq!(header.records, Some(0));
        let units = Attribute::Texts(vec!["m".to_owned()]);
        let short = Type::Number(Stored::Whole {
            signed: true,
            bytes: 2,
        });
        let variable = Entry {
            name: "q".to_owned(),
            dims: vec![0],
            attributes: vec![("units".to_owned(), units)],
            ty: short,
            begin: 0x70,
        };
        assert_eq!(header.variables, [variable]);
    }

    #[test]
    fn numbers_have_their_sign() {
        let whole = |signed, bytes: &[u8]| {
            let bytes_each = bytes.len();
            let stored = Stored::Whole {
                signed,
                bytes: bytes_each,
            };
            number(stored, bytes).as_whole()
        };
        assert_eq!(whole(true, &[0xff]), Some(-1));
        assert_eq!(whole(false, &[0xff]), Some(255));
        assert_eq!(whole(true, &[0x80, 0]), Some(-32768));
        assert_eq!(whole(true, &[0x7f; 8]), Some(0x7f7f_7f7f_7f7f_7f7f));
        assert_eq!(whole(false, &[0xff; 8]), Some(u64::MAX.into()));
        let real = Stored::Real { bytes: 4 };
        assert_eq!(number(real, &[0x3f, 0x80, 0, 0]), Number::Real(1.0));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), version in 1..6_u8) {
            let _ = Header::read(bytes.as_slice(), bytes.len() as u64);
            bytes.splice(..bytes.len().min(4), [b'C', b'D', b'F', version]);
            let _ = Header::read(bytes.as_slice(), bytes.len() as u64);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 4..SMALL.len(), byte in any::<u8>(), end in 0..SMALL.len()) {
            let mut bytes = SMALL.to_vec();
            bytes[at] = byte;
            let _ = Header::read(bytes.as_slice(), bytes.len() as u64);
            bytes.truncate(end);
            let _ = Header::read(bytes.as_slice(), bytes.len() as u64);
        }
    }
}
