//! How stored numbers become values: signs, what stands for a missing one, and packing.
//!
//! One [`Decoding`] of a variable serves for all that is read of it, be it series, parameters, ids or times. What attributes
//! say of it is read in [`conventions`](crate::inputs::conventions). It knows nothing of files and their formats.
//!
//! Numbers go through it as `f64` where that holds each number of their type exactly, and else as whole numbers: nothing is
//! rounded on the way, and what can't be represented without rounding is an error.

/// How the stored numbers of a variable become values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decoding {
    /// Whether whole numbers have another sign than their type.
    pub sign: Sign,
    /// What stands for a missing whole number.
    pub whole: MissingMarks<i128>,
    /// What stands for a missing number that is held as floating point.
    pub real: MissingMarks<f64>,
    /// How numbers are packed, if they are.
    pub packing: Option<Packing>,
    /// The relative precision of the values' type, such as 2^-52; 0 if they are whole.
    pub precision: f64,
}

/// Whether whole numbers of a type are of the other kind, with a sign or without, than the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// They are what their type says.
    AsStored,
    /// Those below zero are larger by this, how many numbers the type has.
    Unsigned(i128),
    /// Those in the upper half are smaller by this, how many numbers the type has.
    Signed(i128),
}

impl Sign {
    /// The number meant by a stored one.
    pub(crate) fn apply(self, stored: i128) -> i128 {
        match self {
            Self::Unsigned(span) if stored < 0 => stored + span,
            Self::Signed(span) if stored >= span / 2 => stored - span,
            _ => stored,
        }
    }
}

/// Which stored numbers, in their proper sign, stand for a missing one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MissingMarks<T> {
    /// These.
    pub missing: Vec<T>,
    /// All below this, if there is a limit.
    pub lowest: Option<T>,
    /// All above this, if there is a limit.
    pub highest: Option<T>,
}

impl<T> Default for MissingMarks<T> {
    fn default() -> Self {
        Self {
            missing: Vec::new(),
            lowest: None,
            highest: None,
        }
    }
}

impl<T: Copy + PartialOrd> MissingMarks<T> {
    fn is_missing(&self, stored: T) -> bool {
        self.missing.contains(&stored)
            || self.lowest.is_some_and(|lowest| stored < lowest)
            || self.highest.is_some_and(|highest| stored > highest)
    }

    /// The same marks for numbers of another type.
    pub(crate) fn map<U>(&self, convert: impl Fn(T) -> U) -> MissingMarks<U> {
        MissingMarks {
            missing: self.missing.iter().copied().map(&convert).collect(),
            lowest: self.lowest.map(&convert),
            highest: self.highest.map(&convert),
        }
    }
}

/// A value is the stored number times a scale plus an offset.
///
/// It is computed with 64 bits whatever the attributes' type. CF lets values have that type, so that with 32 bits each would
/// be rounded once more; like this, it is nearer to what the attributes say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Packing {
    /// The scale, not 0.
    pub scale: f64,
    /// The offset.
    pub offset: f64,
}

impl Packing {
    fn apply(self, stored: f64) -> f64 {
        stored * self.scale + self.offset
    }
}

/// The values of a variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DecodedValues {
    /// Whole numbers, exact: stored as such, and not packed. `None` where one is missing.
    Whole(Vec<Option<i128>>),
    /// All others, NaN where one is missing.
    Real(Vec<f64>),
}

/// A number that 64-bit floating point would round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can't be held by the 64-bit floating point that is computed with: it would be rounded"
)]
pub(crate) struct Inexact(pub i128);

impl Decoding {
    /// The value of a stored number of a type that [fits](crate::inputs::number::Stored::fits_f64), NaN if it is missing.
    pub(crate) fn apply(&self, stored: f64) -> f64 {
        let stored = match self.sign {
            Sign::Unsigned(span) if stored < 0.0 => stored + span as f64,
            Sign::Signed(span) if stored >= (span / 2) as f64 => stored - span as f64,
            _ => stored,
        };
        if self.real.is_missing(stored) {
            return f64::NAN;
        }
        match self.packing {
            Some(packing) => packing.apply(stored),
            None => stored,
        }
    }

    /// The same for many numbers, in their place.
    pub(crate) fn apply_all(&self, numbers: &mut [f64]) {
        let MissingMarks {
            missing,
            lowest: None,
            highest: None,
        } = &self.real
        else {
            return self.apply_each(numbers);
        };
        if self.packing.is_some() || self.sign != Sign::AsStored {
            return self.apply_each(numbers);
        }
        // One pass for each mark: the compiler makes vector code of it.
        for mark in missing {
            for number in numbers.iter_mut() {
                *number = if *number == *mark { f64::NAN } else { *number };
            }
        }
    }

    fn apply_each(&self, numbers: &mut [f64]) {
        for number in numbers {
            *number = self.apply(*number);
        }
    }

    /// The whole number that is meant by a stored one, still packed if it is; `None` if it is missing.
    pub(crate) fn whole(&self, stored: i128) -> Option<i128> {
        Some(self.sign.apply(stored)).filter(|whole| !self.whole.is_missing(*whole))
    }

    /// The values of stored whole numbers; of packed ones, an error if floating point would round one before it is unpacked.
    pub(crate) fn values(&self, stored: Vec<i128>) -> Result<DecodedValues, Inexact> {
        if self.packing.is_some() {
            let values = stored.into_iter().map(|stored| self.value(stored));
            return values.collect::<Result<_, _>>().map(DecodedValues::Real);
        }
        let values = stored.into_iter().map(|stored| self.whole(stored));
        Ok(DecodedValues::Whole(values.collect()))
    }

    /// The value of a stored whole number of any size, NaN if it is missing.
    pub(crate) fn value(&self, stored: i128) -> Result<f64, Inexact> {
        let Some(whole) = self.whole(stored) else {
            return Ok(f64::NAN);
        };
        let number = whole as f64;
        if number as i128 != whole {
            return Err(Inexact(whole));
        }
        Ok(self.packing.map_or(number, |packing| packing.apply(number)))
    }
}
