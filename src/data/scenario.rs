//! The name of a scenario: one set of parameters, templates and catchments among several in one project.
//!
//! A project without scenarios has a single unnamed one, so that nothing else has to tell the two kinds apart. What a
//! scenario changes is stated in [`crate::project`].

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::catchment::{CatchmentId, file_name};

/// The longest name, in bytes: it is part of a file's name.
const LONGEST: usize = 100;

/// The name of a scenario, empty for the only one of a project that has none.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(inline)]
pub struct ScenarioName(Cow<'static, str>);

impl ScenarioName {
    /// The only scenario of a project without scenarios.
    pub const UNNAMED: Self = Self(Cow::Borrowed(""));
    /// What stands in the store for all that is only passing, see [`Standing::Passing`]. No scenario can have this name.
    pub const PASSING: Self = Self(Cow::Borrowed("*"));

    /// Takes a name that can be written on a command line, in a list and in a file's name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str) -> Result<Self, String> {
        let fault = if name.trim() != name || name.is_empty() {
            "is empty or has spaces around it"
        } else if name.contains(|c: char| c.is_control() || ",/*\"\\".contains(c)) {
            "may hold no comma, slash, star, quote, backslash or control character"
        } else if name.starts_with(['.', '-']) {
            "may not start with a dot or a dash"
        } else if name.len() > LONGEST {
            "is longer than 100 bytes"
        } else {
            return Ok(Self(name.to_owned().into()));
        };
        Err(format!("the scenario name {name:?} {fault}"))
    }

    /// A stored name, which was checked before.
    pub(crate) fn known(name: String) -> Self {
        Self(name.into())
    }

    /// Whether the project has no scenarios.
    pub fn is_unnamed(&self) -> bool {
        self.0.is_empty()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a pattern of `--scenario` matches this one; a star matches any text.
    pub fn matches(&self, pattern: &str) -> bool {
        let mut pieces = pattern.split('*');
        let Some(mut rest) = self.0.strip_prefix(pieces.next().unwrap_or("")) else {
            return false;
        };
        let mut last = None;
        for piece in pieces {
            if let Some(earlier) = last.replace(piece) {
                let Some(at) = rest.find(earlier) else {
                    return false;
                };
                rest = &rest[at + earlier.len()..];
            }
        }
        last.map_or(rest.is_empty(), |end| rest.ends_with(end))
    }

    /// How messages name one of its catchments: `70007`, or `70007 of diuron`.
    pub fn label(&self, id: &CatchmentId) -> String {
        match self.is_unnamed() {
            true => id.to_string(),
            false => format!("{id} of {self}"),
        }
    }

    /// A file name that no other catchment of any scenario has.
    pub fn file_name(&self, id: &CatchmentId) -> String {
        match self.is_unnamed() {
            true => id.file_name(),
            false => format!("{}@{}", file_name(&self.0), id.file_name()),
        }
    }
}

/// What becomes of a scenario's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// The project has the scenario, and its catchments have states: what they had when they were last run.
    #[default]
    Own,
    /// It is made for one look at what this scenario of the project would give with other values. Nothing stays of it but results, and
    /// of what failed the last attempts, under [`ScenarioName::PASSING`].
    Passing(ScenarioName),
}

impl Standing {
    /// Whether nothing is to stay of it but results.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

impl fmt::Display for ScenarioName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars() {
        let name = ScenarioName::new("diuron+k=0.013").expect("a name");
        for pattern in ["diuron+k=0.013", "*", "diuron*", "*k=*", "d*+*13", "**"] {
            assert!(name.matches(pattern), "{pattern}");
        }
        for pattern in [
            "",
            "diuron",
            "diuro",
            "*k",
            "k*",
            "d*x*",
            "diuron+k=0.013*3",
        ] {
            assert!(!name.matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn names_that_would_be_misread_are_refused() {
        for name in ["", " a", "a,b", "../a", "a/b", "*", "-a", "a\nb"] {
            assert!(ScenarioName::new(name).is_err(), "{name:?}");
        }
        let id = CatchmentId::new("7/1");
        let name = ScenarioName::new("k=0.013").expect("a name");
        assert_eq!(name.file_name(&id), "k%3d0.013@7%2f1");
        assert_eq!(ScenarioName::UNNAMED.file_name(&id), id.file_name());
        assert_eq!(name.label(&id), "7/1 of k=0.013");
    }
}
