//! The identity of a catchment: text that is carried everywhere and trusted nowhere.
//!
//! Ids come out of other people's files and may hold anything, `../../etc/passwd` included. So an id is a type of its
//! own, and the only way to make a path component of it is [`CatchmentId::file_name`].

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long an escaped id may get as a file name before it is cut and ended with a digest.
const LONGEST_FILE_NAME: usize = 120;

/// The id of a catchment: any text, unique within a project. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CatchmentId(Arc<str>);

impl CatchmentId {
    /// Takes the id as it stands; nothing is trimmed or rejected.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The id in a cell of a table. Programs that take ids for numbers write 70007 as `70007.0`.
    pub fn of_cell(text: &str) -> Self {
        let whole = text.split_once('.').filter(|(whole, zeros)| {
            let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
            digits && zeros.bytes().all(|byte| byte == b'0')
        });
        Self::new(whole.map_or(text, |(whole, _)| whole))
    }

    /// The id as written in the input; for templates and tables, never for paths.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole number that the id is: digits alone, without a zero before them, and no more than programs hold exactly that have
    /// but floating point numbers of 64 bits.
    pub fn number(&self) -> Option<i64> {
        const GREATEST: i64 = 1 << 53;
        let is_plain = self.0.bytes().all(|byte| byte.is_ascii_digit())
            && (!self.0.starts_with('0') || &*self.0 == "0");
        let number = self.0.parse().ok().filter(|_| is_plain);
        number.filter(|&number| number <= GREATEST)
    }

    /// A file name that no other id has; see [`file_name`].
    pub fn file_name(&self) -> String {
        file_name(&self.0)
    }
}

/// A file name that no other text has: letters, digits, `_`, `-` and inner dots stay, all else becomes `%xx`.
///
/// Different texts give different names, none is empty, `.` or `..`, none is longer than 120 bytes.
pub fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => name.push(char::from(byte)),
            b'.' | b'-' if i > 0 => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    if name.is_empty() {
        return "%".to_owned();
    }
    if name.len() > LONGEST_FILE_NAME {
        let digest = blake3::hash(text.as_bytes()).to_hex();
        name.truncate(LONGEST_FILE_NAME - 34);
        name.push_str("%%");
        name.push_str(&digest[..32]);
    }
    name
}

impl fmt::Display for CatchmentId {
    /// The id for messages: control characters escaped, a very long one shortened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in self.0.chars().enumerate() {
            if i == 80 {
                return f.write_str("…");
            }
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CatchmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_whole_numbers_are_numbers() {
        let number = |id: &str| CatchmentId::new(id).number();
        assert_eq!(number("70007"), Some(70007));
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("9007199254740992"), Some(1 << 53));
        for other in [
            "",
            "007",
            "00",
            "+7",
            "-7",
            "7.0",
            " 7",
            "B1",
            "٣",
            "9007199254740993",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn ordinary_ids_stay_readable() {
        assert_eq!(CatchmentId::new("70007").file_name(), "70007");
        assert_eq!(CatchmentId::new("Aare-3.b").file_name(), "Aare-3.b");
    }

    #[test]
    fn hostile_ids_are_harmless() {
        assert_eq!(
            CatchmentId::new("../../etc/x").file_name(),
            "%2e.%2f..%2fetc%2fx"
        );
        assert_eq!(CatchmentId::new("").file_name(), "%");
        assert_eq!(CatchmentId::new("-rf").file_name(), "%2drf");
    }

    proptest! {
        #[test]
        fn a_file_name_is_one_plain_component(id in ".{0,300}") {
            let name = CatchmentId::new(&id).file_name();
            prop_assert!(name.len() <= LONGEST_FILE_NAME);
            let parts: Vec<_> = Path::new(&name).components().collect();
            prop_assert_eq!(parts.len(), 1);
            prop_assert!(matches!(parts[0], Component::Normal(_)));
        }

        #[test]
        fn different_ids_have_different_file_names(a in ".{0,60}", b in ".{0,60}") {
            prop_assume!(a != b);
            prop_assert_ne!(CatchmentId::new(a).file_name(), CatchmentId::new(b).file_name());
        }
    }
}
