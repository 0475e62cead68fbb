//! What `[product]` asks for, checked: names, statistics, where there are sums.
//!
//! Only descriptions; nothing here computes or writes a value.

use std::collections::BTreeSet;

use crate::data::catchment::CatchmentId;

/// The level of deflate unless the project says otherwise: higher ones cost much time and save little.
pub const DEFAULT_DEFLATE: u8 = 1;

/// The product's own variable with the digest of what each catchment's values are made of.
pub const VALUES_DIGEST: &str = "values_digest";

/// The product's own variable with the digest of what each catchment's sums are made of.
pub const UPSTREAM_DIGEST: &str = "upstream_digest";

/// The names that every product uses itself.
const RESERVED: [&str; 7] = [
    "scenario",
    "time",
    "catchment",
    "status",
    "key",
    VALUES_DIGEST,
    UPSTREAM_DIGEST,
];

/// Whether a product variable or parameter may have this name: a letter, then letters, digits and underscores (ASCII, up
/// to 200), and none of the product's own: `scenario`, `time`, `catchment`, `status`, `key`, `values_digest`,
/// `upstream_digest`.
pub fn valid_name(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

/// Where a variable has sums over all upstream.
#[derive(Clone)]
pub enum Outlets {
    /// In every catchment.
    All,
    /// In these; elsewhere it is missing.
    These(BTreeSet<CatchmentId>),
}

impl Outlets {
    /// Whether there is a sum in this catchment.
    pub fn contain(&self, id: &CatchmentId) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// A number out of a variable's time steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The arithmetic mean.
    Mean,
    /// The greatest value.
    Max,
    /// The least value.
    Min,
    /// The sum.
    Sum,
    /// The quantile of this share, from 0 to 1, between two values linearly, as NumPy's `quantile` does by default.
    Quantile(f64),
    /// The share of time steps with a value over this threshold, among all with a value.
    Exceedance(f64),
}

impl Statistic {
    /// What the project file calls them.
    pub const NAMES: [&'static str; 6] = ["mean", "max", "min", "sum", "quantile", "exceedance"];

    /// What the project file calls it, and its setting if it has one.
    pub fn definition(self) -> (&'static str, Option<f64>) {
        match self {
            Self::Mean => ("mean", None),
            Self::Max => ("max", None),
            Self::Min => ("min", None),
            Self::Sum => ("sum", None),
            Self::Quantile(q) => ("quantile", Some(q)),
            Self::Exceedance(threshold) => ("exceedance", Some(threshold)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_every_reader_takes() {
        for name in ["load", "Q2", "a_b"] {
            assert!(valid_name(name), "{name}");
        }
        for name in [
            "",
            "time",
            "key",
            "_x",
            "2x",
            "a b",
            "a-b",
            "a/b",
            "ä",
            "a\0",
            &"x".repeat(201),
        ] {
            assert!(!valid_name(name), "{name}");
        }
    }
}
