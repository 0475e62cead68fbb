//! What the input files hold, without the series' values: time steps, columns, catchments, their parameters.
//!
//! The catalog is all that a plan needs to know of the inputs as long as no series has to be read. It knows nothing of
//! files and layouts, and it can be stored.

use std::cmp::Ordering;
use std::sync::Arc;

use anyhow::bail;
use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::time_axis::TimeAxis;

/// A series column that every catchment has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesColumn {
    /// The name, unique among the columns.
    pub name: String,
    /// The units as the file states them.
    pub units: Option<String>,
}

/// One catchment of the inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The id, unique among the catchments.
    pub id: CatchmentId,
    /// Why this catchment can't be run, as far as that shows without reading its series.
    pub problem: Option<BadInput>,
}

/// Everything in the input files but the values of the series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The time steps of all series, or those that the project states; `None` if there are neither.
    #[serde(with = "stored_time")]
    pub time: Option<TimeAxis>,
    /// The series columns, ordered by name: so the order does not depend on the files' layout.
    pub columns: Vec<SeriesColumn>,
    /// The catchments, in the order of the first file.
    pub catchments: Vec<Arc<CatalogEntry>>,
    /// The catchments' own parameters, in this order; one whose value is missing in the file is not there.
    pub parameters: Parameters,
}

impl Catalog {
    /// Catchments of which nothing is known but their ids, which are unique.
    pub fn of_ids(ids: impl IntoIterator<Item = CatchmentId>) -> Self {
        let entry = |id| Arc::new(CatalogEntry { id, problem: None });
        Self {
            time: None,
            columns: Vec::new(),
            catchments: ids.into_iter().map(entry).collect(),
            parameters: Parameters::default(),
        }
    }

    /// The same with the time steps that a project states.
    ///
    /// # Errors
    /// There are series, which have time steps of their own.
    pub fn with_stated_time(self, stated: Option<&TimeAxis>) -> anyhow::Result<Self> {
        let time = match (&self.time, stated) {
            (Some(own), Some(stated)) if !self.columns.is_empty() => bail!(
                "the input's series have {own}, but `time` under [input] states {stated}; leave it out, it is for projects \
                 without series"
            ),
            (own, None) if !self.columns.is_empty() => own.clone(),
            (_, stated) => stated.cloned(),
        };
        Ok(Self { time, ..self })
    }
}

/// No time steps are stored as an axis of none: the form of the first stores, which always had some.
mod stored_time {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::data::time_axis::TimeAxis;

    pub(super) fn serialize<S: Serializer>(
        time: &Option<TimeAxis>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let stamps = time.as_ref().map_or(&[][..], TimeAxis::nanoseconds);
        stamps.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<TimeAxis>, D::Error> {
        Ok(TimeAxis::new(Vec::deserialize(deserializer)?).ok())
    }
}

/// Why one catchment's input can't be used; the other catchments are not concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BadInput {
    /// Its group has no series table, though others have one.
    #[error("it has no series table `{table}`")]
    NoSeriesTable {
        /// The name that the table should have.
        table: String,
    },
    /// Its group has no parameter table, though others have one.
    #[error("it has no parameter table `{table}`")]
    NoParameters {
        /// The name that the table should have.
        table: String,
    },
    /// Its parameter table is no list of names and values.
    #[error("its parameter table `{table}` can't be used: {problem}")]
    BadParameters {
        /// The table's name.
        table: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Its series table lacks a column that others have, or has something else than numbers there.
    #[error("its series table has no column of numbers `{column}`")]
    NoColumn {
        /// The column's name.
        column: String,
    },
    /// Its series is not as long as the time axis.
    #[error(
        "the series `{column}` has {found} values, expected {expected}, one for each time step"
    )]
    Length {
        /// The column's name.
        column: String,
        /// Values in the file.
        found: usize,
        /// Time steps.
        expected: usize,
    },
    /// A value of a series is missing, not a number or infinite.
    #[error("the series `{column}` has no value at time step {step} (counted from 0)")]
    MissingValue {
        /// The column's name.
        column: String,
        /// The first such time step, counted from 0.
        step: usize,
    },
}

/// One catchment's series as read: a vector for each column, or why they can't be used.
pub type Series = Result<Vec<Vec<f64>>, BadInput>;

/// The order in which people number things: runs of digits compare as numbers, all else as text.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            // Equal but for leading zeros, or one is the beginning of the other.
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, rest) = leading_number(left);
            let (other, other_rest) = leading_number(right);
            (left, right) = (rest, other_rest);
            number
                .len()
                .cmp(&other.len())
                .then_with(|| number.cmp(other))
        } else {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Splits a run of digits off, without its leading zeros.
fn leading_number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_ordered_as_numbers() {
        let mut ids = ["10", "9", "b2", "b10", "a", "007", "7", "", "b2x"];
        ids.sort_by(|a, b| natural_order(a, b));
        assert_eq!(ids, ["", "007", "7", "9", "10", "a", "b2", "b2x", "b10"]);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-9a-c]{0,6}", b in "[0-9a-c]{0,6}", c in "[0-9a-c]{0,6}") {
            prop_assert_eq!(natural_order(&a, &b), natural_order(&b, &a).reverse());
            prop_assert_eq!(natural_order(&a, &b).is_eq(), a == b);
            if natural_order(&a, &b).is_le() && natural_order(&b, &c).is_le() {
                prop_assert!(natural_order(&a, &c).is_le());
            }
        }

        #[test]
        fn whole_numbers_sort_by_value(a in any::<u64>(), b in any::<u64>()) {
            prop_assert_eq!(natural_order(&a.to_string(), &b.to_string()), a.cmp(&b));
        }
    }
}
