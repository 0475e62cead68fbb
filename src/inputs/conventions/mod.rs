//! What the attributes of a variable say about its numbers.
//!
//! Sources: the CF conventions 1.11, sections 2.5.1 (missing data) and 8.1 (packed data), and the attribute conventions of
//! the NetCDF User Guide. A [`Decoding`] is made of the variable's type and its attributes alone, whatever the file's format.
//!
//! All that tells what is missing refers to the stored numbers, before they are unpacked. An attribute that makes no sense
//! is an error: with a guess, gaps would be taken for numbers, or numbers for gaps.
//!
//! The User Guide also has generic applications take everything beyond the fill value for missing. No common reader does,
//! and where -9999 is a mark -10000 may well be a number; so here a fill value is that one number.

pub(crate) mod attributes;
pub(crate) mod decoding;
pub(crate) mod reference_date;
pub(crate) mod texts;
pub(crate) mod time;

use std::ffi::CStr;

use anyhow::{Context, anyhow, bail};

use crate::inputs::conventions::decoding::{Decoding, MissingMarks, Packing, Sign};
use crate::inputs::number::{Attribute, Number, Stored, rounded};

/// The attributes that count: a reader has to hand over those of them that a variable has.
pub(super) const ATTRIBUTES: [&CStr; 8] = [
    c"_FillValue",
    c"missing_value",
    c"valid_min",
    c"valid_max",
    c"valid_range",
    c"scale_factor",
    c"add_offset",
    c"_Unsigned",
];

/// What netCDF puts where no floating point number was ever written (NC_FILL_DOUBLE, NC_FILL_FLOAT).
const NEVER_WRITTEN: f64 = 9.969_209_968_386_869e36;

/// A variable's type and those of its attributes that count.
#[derive(Debug)]
pub(super) struct Conventions<'a> {
    /// The type in which its numbers are stored.
    pub stored: Stored,
    /// The attributes: of [`ATTRIBUTES`], those that are there.
    pub attributes: &'a [(&'a str, Attribute)],
    /// The number that the file holds where none was ever written, if it is known; it counts where there is no `_FillValue`,
    /// but not for bytes, of which each is a number.
    pub never_written: Option<Number>,
}

/// The numbers of an attribute, and their type if they are not written as text.
struct Found {
    stored: Option<Stored>,
    numbers: Vec<Number>,
}

/// A number beyond which none is valid.
struct Limit {
    attribute: &'static str,
    stored: Option<Stored>,
    number: Number,
    is_lowest: bool,
}

impl Conventions<'_> {
    /// How the numbers become values; an error says which attribute makes no sense, and why.
    pub(super) fn decoding(&self) -> anyhow::Result<Decoding> {
        if let Stored::Real { bytes: 9.. } = self.stored {
            bail!(
                "it holds {}, and 64 are computed with: store it with 64 bits",
                self.stored
            );
        }
        let sign = self.sign()?;
        let (packing, precision) = match self.packing()? {
            Some((packing, bytes)) => (Some(packing), precision(bytes)),
            None if self.stored.is_whole() => (None, 0.0),
            None => (None, precision(self.stored.bytes())),
        };
        let packed = packing.is_some();
        let (whole, real) = if self.stored.is_whole() {
            let whole = self.whole_marks(sign, packed)?;
            let real = whole.map(|mark| mark as f64);
            (whole, real)
        } else {
            (MissingMarks::default(), self.real_marks(packed)?)
        };
        Ok(Decoding {
            sign,
            whole,
            real,
            packing,
            precision,
        })
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        let mut attributes = self.attributes.iter();
        attributes.find_map(|(found, attribute)| (*found == name).then_some(attribute))
    }

    /// That an attribute is not as it should be.
    fn senseless(&self, name: &str, expected: &str) -> anyhow::Error {
        let found = self
            .attribute(name)
            .map_or_else(String::new, ToString::to_string);
        anyhow!(
            "the attribute `{name}` is {found}, but should be {expected}; correct it, or remove it if it says nothing"
        )
    }

    /// The numbers of an attribute; `None` if it is not there or empty.
    fn numbers(&self, name: &str, expected: &str) -> anyhow::Result<Option<Found>> {
        let Some(attribute) = self.attribute(name) else {
            return Ok(None);
        };
        let found = attribute.numbers();
        let (stored, numbers) = found.with_context(|| self.senseless(name, expected))?;
        Ok((!numbers.is_empty()).then_some(Found { stored, numbers }))
    }

    /// The one number of an attribute, and its type if it is not written as text.
    fn one(&self, name: &str, expected: &str) -> anyhow::Result<Option<(Option<Stored>, Number)>> {
        match self.numbers(name, expected)? {
            None => Ok(None),
            Some(found) => match found.numbers.as_slice() {
                [number] => Ok(Some((found.stored, *number))),
                _ => Err(self.senseless(name, expected)),
            },
        }
    }

    /// What `_Unsigned` says of the type.
    fn sign(&self) -> anyhow::Result<Sign> {
        const NAME: &str = "_Unsigned";
        let text = match self.attribute(NAME) {
            None if self.are_unsigned_bytes()? => return Ok(Sign::Unsigned(256)),
            None => return Ok(Sign::AsStored),
            Some(Attribute::Texts(texts)) => texts.join(" "),
            Some(_) => String::new(),
        };
        let unsigned = match text.trim().to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(self.senseless(NAME, "\"true\" or \"false\"")),
        };
        match self.stored {
            Stored::Whole { signed, bytes } => Ok(match (unsigned, signed) {
                (true, true) => Sign::Unsigned(1 << (8 * bytes)),
                (false, false) => Sign::Signed(1 << (8 * bytes)),
                _ => Sign::AsStored,
            }),
            Stored::Real { .. } if unsigned => {
                Err(self.senseless(NAME, "absent: these are floating point numbers"))
            }
            Stored::Real { .. } => Ok(Sign::AsStored),
        }
    }

    /// Whether signed bytes are said to go beyond 127 by the limits of what is valid, which is how files of netCDF's classic
    /// model say that they have no sign (CF 2.2).
    fn are_unsigned_bytes(&self) -> anyhow::Result<bool> {
        const SIGNED_BYTE: Stored = Stored::Whole {
            signed: true,
            bytes: 1,
        };
        if self.stored != SIGNED_BYTE {
            return Ok(false);
        }
        let limits = self.limits()?;
        let mut ends = limits
            .iter()
            .map(|limit| (limit.is_lowest, limit.number.as_f64()));
        let is_beyond = ends
            .clone()
            .any(|(is_lowest, n)| !is_lowest && n > 127.0 && n <= 255.0);
        Ok(is_beyond && !ends.any(|(is_lowest, number)| is_lowest && number < 0.0))
    }

    /// The packing, and the size of the values' type: that of the less precise of both attributes.
    fn packing(&self) -> anyhow::Result<Option<(Packing, usize)>> {
        let factor = "one finite number other than 0";
        let summand = "one finite number";
        let scale = self.one("scale_factor", factor)?;
        let offset = self.one("add_offset", summand)?;
        let (scale_type, scale) = scale.map_or((None, 1.0), |(of, n)| (of, n.as_f64()));
        let (offset_type, offset) = offset.map_or((None, 0.0), |(of, n)| (of, n.as_f64()));
        if !scale.is_finite() || scale == 0.0 {
            return Err(self.senseless("scale_factor", factor));
        }
        if !offset.is_finite() {
            return Err(self.senseless("add_offset", summand));
        }
        let bytes = [scale_type, offset_type].into_iter().flatten();
        let bytes = bytes.filter(|stored| !stored.is_whole()).map(Stored::bytes);
        let bytes = bytes.min().unwrap_or(8);
        let packing = Packing { scale, offset };
        Ok((scale != 1.0 || offset != 0.0).then_some((packing, bytes)))
    }

    /// All numbers that stand for a missing one, by the attribute that says so.
    fn marks(&self) -> anyhow::Result<Vec<(&'static str, Found)>> {
        const FILL: &str = "_FillValue";
        const MISSING: &str = "missing_value";
        let mut marks = Vec::new();
        match self.one(FILL, "one number")? {
            Some((stored, number)) => marks.push((
                FILL,
                Found {
                    stored,
                    numbers: vec![number],
                },
            )),
            None => {
                let never_written = self.never_written.filter(|_| self.stored.bytes() > 1);
                let numbers = never_written.into_iter().collect();
                let stored = Some(self.stored);
                marks.push((FILL, Found { stored, numbers }));
                if !self.stored.is_whole() {
                    let numbers = vec![Number::Real(NEVER_WRITTEN)];
                    marks.push((FILL, Found { stored, numbers }));
                }
            }
        }
        if let Some(found) = self.numbers(MISSING, "a number or several")? {
            marks.push((MISSING, found));
        }
        Ok(marks)
    }

    fn whole_marks(&self, sign: Sign, packed: bool) -> anyhow::Result<MissingMarks<i128>> {
        let Stored::Whole { signed, bytes } = self.stored else {
            return Ok(MissingMarks::default());
        };
        let meant = Stored::Whole {
            signed: signed == (sign == Sign::AsStored),
            bytes,
        };
        let (least, largest) = meant.limits();
        let holds = |of: Stored, number: i128| {
            let (least, largest) = of.limits();
            (least..=largest).contains(&number)
        };
        // Where the sign is not that of the type, marks may be written in either.
        let in_sign = |mark: i128| match holds(meant, mark) {
            true => Some(mark),
            false => holds(self.stored, mark).then(|| sign.apply(mark)),
        };
        let mut missing = Vec::new();
        let has_fill = self.attribute("_FillValue").is_some();
        for (name, found) in self.marks()? {
            let is_real = found.stored.is_some_and(|stored| !stored.is_whole());
            for number in found.numbers {
                if number.as_f64().is_nan() {
                    // No whole number is: it marks none, and is common in files that were packed.
                    continue;
                }
                match number.as_whole().and_then(in_sign) {
                    Some(mark) => missing.push(mark),
                    // What is left of the unpacked variable, whose gaps the fill value marks now.
                    None if is_real && has_fill && name == "missing_value" => {}
                    None => {
                        let expected = format!(
                            "a whole number from {least} to {largest}, as the variable's are"
                        );
                        return Err(self.senseless(name, &expected));
                    }
                }
            }
        }
        self.with_limits(missing, &|limit| {
            let same_size = |stored: Stored| stored.is_whole() && stored.bytes() == bytes;
            Ok(match limit.number {
                Number::Whole(whole) if limit.stored.is_some_and(same_size) => {
                    in_sign(whole).unwrap_or(whole)
                }
                Number::Whole(whole) => whole,
                Number::Real(_) if packed => return Err(self.ambiguous(limit.attribute)),
                Number::Real(real) if limit.is_lowest => real.ceil() as i128,
                Number::Real(real) => real.floor() as i128,
            })
        })
    }

    fn real_marks(&self, packed: bool) -> anyhow::Result<MissingMarks<f64>> {
        let bytes = self.stored.bytes();
        // A mark of a longer type is meant as it is when it is stored.
        let as_stored = |stored: Option<Stored>, number: Number| match stored {
            Some(Stored::Real { bytes: own }) if own <= bytes => number.as_f64(),
            _ => rounded(number.as_f64(), bytes),
        };
        let mut missing = Vec::new();
        for (_, found) in self.marks()? {
            let numbers = found
                .numbers
                .iter()
                .map(|number| as_stored(found.stored, *number));
            missing.extend(numbers.filter(|mark| !mark.is_nan()));
        }
        self.with_limits(missing, &|limit| {
            if packed && limit.stored != Some(self.stored) {
                return Err(self.ambiguous(limit.attribute));
            }
            Ok(as_stored(limit.stored, limit.number))
        })
    }

    /// That limits of packed numbers could be meant either way.
    fn ambiguous(&self, name: &str) -> anyhow::Error {
        let found = self
            .attribute(name)
            .map_or_else(String::new, ToString::to_string);
        anyhow!(
            "the attribute `{name}` is {found} and of another type than the packed numbers: it may mean these, as the \
             conventions have it, or the unpacked values; give it the type of the packed numbers ({})",
            self.stored
        )
    }

    /// All limits that the attributes set.
    fn limits(&self) -> anyhow::Result<Vec<Limit>> {
        const RANGE: &str = "valid_range";
        const PAIR: &str = "two numbers, the lowest and the highest";
        const ONE: &str = "one number";
        let mut limits = Vec::new();
        if let Some(found) = self.numbers(RANGE, PAIR)? {
            let &[lowest, highest] = found.numbers.as_slice() else {
                return Err(self.senseless(RANGE, PAIR));
            };
            for (number, is_lowest) in [(lowest, true), (highest, false)] {
                limits.push(Limit {
                    attribute: RANGE,
                    stored: found.stored,
                    number,
                    is_lowest,
                });
            }
        }
        for (attribute, is_lowest) in [("valid_min", true), ("valid_max", false)] {
            if let Some((stored, number)) = self.one(attribute, ONE)? {
                limits.push(Limit {
                    attribute,
                    stored,
                    number,
                    is_lowest,
                });
            }
        }
        let senseless = limits.iter().find(|limit| limit.number.as_f64().is_nan());
        match senseless.map(|limit| limit.attribute) {
            Some(RANGE) => Err(self.senseless(RANGE, PAIR)),
            Some(other) => Err(self.senseless(other, ONE)),
            None => Ok(limits),
        }
    }

    /// Marks with the limits that the attributes set, each converted to the type of the marks.
    fn with_limits<T: Copy + PartialOrd>(
        &self,
        missing: Vec<T>,
        convert: &dyn Fn(&Limit) -> anyhow::Result<T>,
    ) -> anyhow::Result<MissingMarks<T>> {
        let (mut lowest, mut highest) = (None, None);
        for limit in self.limits()? {
            let own = convert(&limit)?;
            let end = if limit.is_lowest {
                &mut lowest
            } else {
                &mut highest
            };
            if end.is_some_and(|end| end != own) {
                let expected = "the same as in `valid_range`, which is there as well";
                return Err(self.senseless(limit.attribute, expected));
            }
            *end = Some(own);
        }
        if let (Some(lowest), Some(highest)) = (lowest, highest)
            && lowest > highest
        {
            bail!(
                "no number is valid: the lowest that is, by `valid_range` or `valid_min`, is above the highest"
            );
        }
        Ok(MissingMarks {
            missing,
            lowest,
            highest,
        })
    }
}

/// The relative precision of floating point numbers of so many bytes.
fn precision(bytes: usize) -> f64 {
    match bytes {
        8.. => f64::EPSILON,
        4.. => f64::from(f32::EPSILON),
        _ => 2.0_f64.powi(-10),
    }
}
