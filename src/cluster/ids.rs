//! The names of what passes between head and nodes: packages, batches, arrays, epochs, attempts, segments.
//!
//! Each is a type of its own, and whatever is read back from a file or a file's name is checked to be what is written here. So each
//! is a plain component of a path, and none leads out of its folder, whoever made it up.

use std::fmt;
use std::str::FromStr;

use rustix::rand::{GetRandomFlags, getrandom};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The digits of a package's id: 96 random bits.
const PACKAGE_DIGITS: usize = 24;
/// The random digits that an attempt's id ends with.
const ATTEMPT_DIGITS: usize = 8;
/// How much of a job's id an attempt's id has; engines give ten digits, seldom more.
const LONGEST_JOB: usize = 64;
/// More than any attempt's id that is made here.
const LONGEST_ATTEMPT: usize = 128;

/// What is not one of the ids it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}")]
pub struct NotAnId {
    what: &'static str,
    text: String,
}

impl NotAnId {
    fn new(what: &'static str, text: &str) -> Self {
        let text = text.chars().take(200).collect();
        Self { what, text }
    }
}

/// The id of a package: 24 hexadecimal digits, and the name of its folder.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub struct PackageId(String);

impl PackageId {
    /// A new one, that no other package has had.
    pub fn random() -> Self {
        Self(random_digits(PACKAGE_DIGITS))
    }

    /// The id that a folder's name is; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == PACKAGE_DIGITS && text.bytes().all(is_digit);
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PackageId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        Self::parse(&text).ok_or_else(|| NotAnId::new("package's id", &text))
    }
}

impl From<PackageId> for String {
    fn from(id: PackageId) -> Self {
        id.0
    }
}

/// The place of a batch in its package, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchNumber(pub u32);

/// The place of an array in its package, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArrayNumber(pub u32);

/// Which try at submitting an array it is, from 0. What belongs to an earlier one and appears late finds its claims void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u32);

/// Decimal, and from decimal as it is written: no sign, no leading zeros.
macro_rules! numbered {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let number = number(text).ok_or_else(|| NotAnId::new($what, text))?;
                Ok(Self(number))
            }
        }
    };
}

numbered!(BatchNumber, "batch's number");
numbered!(ArrayNumber, "array's number");
numbered!(Epoch, "epoch");

/// One start of a task: `<job>-<index>-<restart>-<8 hexadecimal digits>`. A task that is started once more is another attempt, and
/// so is a second copy of it, should an engine ever start two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptId(String);

impl AttemptId {
    /// A new one, for this start of a job's task. What is no letter or digit of the job's id becomes `_`.
    pub fn new(job: &str, index: u32, restart: u32) -> Self {
        let job: String = job.chars().map(plain).take(LONGEST_JOB).collect();
        let random = random_digits(ATTEMPT_DIGITS);
        Self(format!("{job}-{index}-{restart}-{random}"))
    }

    /// The id as text: letters, digits, `_` and `-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AttemptId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let fault = || NotAnId::new("attempt's id", text);
        let mut parts = text.rsplitn(4, '-');
        let (random, restart, index) = (parts.next(), parts.next(), parts.next());
        let job = parts.next().ok_or_else(fault)?;
        let is_random =
            |digits: &str| digits.len() == ATTEMPT_DIGITS && digits.bytes().all(is_digit);
        let is_plain = text.len() <= LONGEST_ATTEMPT && job.chars().all(|c| plain(c) == c);
        let numbers = [index, restart].map(|part| part.and_then(number));
        if !is_plain || numbers.contains(&None) || !random.is_some_and(is_random) {
            return Err(fault());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for AttemptId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> Self {
        id.0
    }
}

/// The name of a segment's file: `<batch>.<attempt>.<sequence>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// The batch whose orders its trials answer.
    pub batch: BatchNumber,
    /// Who published it.
    pub attempt: AttemptId,
    /// Which of the attempt's segments it is, from 0.
    pub sequence: u32,
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.batch, self.attempt, self.sequence)
    }
}

impl FromStr for SegmentName {
    type Err = NotAnId;

    /// Temporary names, which begin with a dot, and foreign ones are none.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let fault = || NotAnId::new("segment's name", text);
        let (batch, rest) = text.split_once('.').ok_or_else(fault)?;
        let (attempt, sequence) = rest.split_once('.').ok_or_else(fault)?;
        Ok(Self {
            batch: batch.parse().map_err(|_| fault())?,
            attempt: attempt.parse().map_err(|_| fault())?,
            sequence: number(sequence).ok_or_else(fault)?,
        })
    }
}

/// The name of a submission, by which the engine is asked whether it has it: `rr-<package>.<array>.<epoch>`.
pub fn job_name(package: &PackageId, array: ArrayNumber, epoch: Epoch) -> String {
    format!("rr-{package}.{array}.{epoch}")
}

/// The character itself if it is harmless in a file's name, in a script and in a scheduler's list.
fn plain(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
        c
    } else {
        '_'
    }
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// A number as [`fmt::Display`] writes it, so that no two texts are one number.
fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// So many hexadecimal digits at random.
fn random_digits(count: usize) -> String {
    let mut bytes = [0; PACKAGE_DIGITS / 2];
    let bytes = &mut bytes[..count / 2];
    // The kernel gives fewer than 256 bytes whole, or waits for its pool soon after the machine started.
    while getrandom(&mut *bytes, GetRandomFlags::empty()) != Ok(bytes.len()) {}
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let package = PackageId::random();
        assert_eq!(PackageId::parse(package.as_str()), Some(package.clone()));
        let attempt = AttemptId::new("8123_[4] ../é", 12, 3);
        assert!(
            attempt.as_str().starts_with("8123__4______-12-3-"),
            "{attempt}"
        );
        assert_eq!(attempt.as_str().parse(), Ok(attempt.clone()));
        let name = SegmentName {
            batch: BatchNumber(7),
            attempt,
            sequence: 40,
        };
        assert_eq!(name.to_string().parse(), Ok(name));
        let job = job_name(&package, ArrayNumber(2), Epoch(1));
        assert_eq!(job, format!("rr-{package}.2.1"));
    }

    #[test]
    fn ids_are_not_repeated() {
        let packages: BTreeSet<_> = (0..1000).map(|_| PackageId::random()).collect();
        let attempts: BTreeSet<_> = (0..1000).map(|_| AttemptId::new("1", 0, 0)).collect();
        // Of 32 bits, two of a thousand are the same once in ten thousand times.
        assert!(packages.len() == 1000 && attempts.len() >= 999);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "..",
            "0123456789ABCDEF01234567",
            "0123456789abcdef0123456",
            "é",
        ] {
            assert_eq!(PackageId::parse(text), None, "{text}");
        }
        let good = "8-0-0-0123abcd";
        assert!(good.parse::<AttemptId>().is_ok());
        assert!("a-b-8-0-0-0123abcd".parse::<AttemptId>().is_ok());
        let long = format!("{}-0-0-0123abcd", "1".repeat(200));
        for text in [
            "",
            "8",
            "8-0-0-",
            "8-0-0-0123ABCD",
            "8-+1-0-0123abcd",
            "8-01-0-0123abcd",
            "./8-0-0-0123abcd",
            &long,
        ] {
            assert!(text.parse::<AttemptId>().is_err(), "{text}");
        }
        for name in [
            format!(".1.{good}.0"),
            format!("1.{good}.0.tmp"),
            format!("01.{good}.0"),
            format!("1.{good}."),
            format!("1.{good}.-1"),
            format!("1.{good}.4294967296"),
            format!("{good}.0"),
            "1..0".to_owned(),
        ] {
            assert!(name.parse::<SegmentName>().is_err(), "{name}");
        }
        let error = "../x".parse::<SegmentName>().expect_err("no name");
        assert_eq!(error.to_string(), "\"../x\" is no segment's name");
        let foreign = postcard::to_stdvec("../x").expect("written");
        assert!(postcard::from_bytes::<PackageId>(&foreign).is_err());
        assert!(postcard::from_bytes::<AttemptId>(&foreign).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_for_a_name_is_a_plain_one(text in "[-./0-9a-f_é]{0,40}", job in ".{0,80}", index: u32) {
            if let Ok(name) = text.parse::<SegmentName>() {
                prop_assert_eq!(name.to_string(), text);
            }
            let attempt = AttemptId::new(&job, index, u32::MAX);
            let name = SegmentName { batch: BatchNumber(index), attempt, sequence: index }.to_string();
            prop_assert_eq!(&name.parse::<SegmentName>().map(|name| name.to_string()), &Ok(name.clone()));
            prop_assert!(name.len() < 255 && !name.starts_with('.'));
            let parts: Vec<_> = Path::new(&name).components().collect();
            prop_assert!(matches!(parts[..], [Component::Normal(_)]));
        }
    }
}
