//! What `[product]` asks for, checked: what to make of all results. It serves the one who writes the product as it is.
//!
//! Only descriptions; nothing here computes or writes a value. What the project file leaves out is filled in, so that
//! nobody needs to know the defaults.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::objective_spec::{Objective, ObjectiveSpec};
use super::output_format::RowAxes;
pub use super::output_format::TIME;
pub use super::raw::{IdType, Layout, Per};
use crate::data::catchment::CatchmentId;
use crate::data::value::Value;
use crate::language::formula::Expr;
use crate::netcdf::Precision;

/// The level of deflate unless the project says otherwise: higher ones cost much time and save little.
pub const DEFAULT_DEFLATE: u8 = 1;

/// The product's own variable with the digest of what each catchment's values are made of.
pub const VALUES_DIGEST: &str = "values_digest";

/// The product's own variable with the digest of what each catchment's sums are made of.
pub const UPSTREAM_DIGEST: &str = "upstream_digest";

/// The dimension of the characters of a digest in a product.
pub const DIGEST_LENGTH: &str = "digest_length";

/// The names that every product uses itself.
pub(super) const RESERVED: [&str; 8] = [
    "scenario",
    TIME,
    "catchment",
    "status",
    "key",
    VALUES_DIGEST,
    UPSTREAM_DIGEST,
    DIGEST_LENGTH,
];

/// Whether a product variable or parameter may have this name: a letter, then letters, digits and underscores (ASCII, up
/// to 200), and none of the [`RESERVED`] ones.
pub fn valid_name(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

/// What to make of all results.
#[derive(Clone)]
pub struct ProductSpec {
    /// The file.
    pub path: PathBuf,
    /// How several scenarios share it.
    pub per: Per,
    /// The parameter with the id of the catchment downstream.
    pub downstream: Option<String>,
    /// As what the catchments' ids are in it; `None`: as whole numbers if all of them are.
    pub ids: Option<IdType>,
    /// Whether it has the latitudes and longitudes that are found among the parameters.
    pub positions: bool,
    /// How the file is laid out.
    pub layout: Layout,
    /// The deflate level, 0 to 9.
    pub compression: u8,
    /// Global attributes, by name.
    pub attributes: BTreeMap<String, String>,
    /// Variables along catchment and, most of them, time.
    pub variables: Vec<ProductVariable>,
    /// Variables along catchment only.
    pub parameters: Vec<ParameterVariable>,
    /// What is said of its axes.
    pub axes: Vec<AxisWords>,
    /// Variables along catchment, and a further dimension where theirs has one, computed from those along time.
    pub summaries: Vec<SummaryVariable>,
    /// The numbers over gauges, each made of a summary's.
    pub objectives: Vec<ObjectiveSpec>,
}

impl ProductSpec {
    /// Whether the product has something of this name that is no axis.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of all that it has, but for axes.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (self.variables.iter().map(|variable| &variable.name))
            .chain(self.parameters.iter().map(|parameter| &parameter.name))
            .chain(self.summaries.iter().map(|summary| &summary.name))
            .map(|name| Cow::Borrowed(name.as_str()))
            .chain((self.objectives.iter()).map(|objective| Cow::Owned(objective.overall_name())))
    }
}

/// A product variable along catchment and, most of them, time.
#[derive(Clone)]
pub struct ProductVariable {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub source: VariableSource,
    /// Its axes beside catchments and scenarios.
    pub axes: VariableAxes,
    /// Its units, as UDUNITS writes them.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
    /// What it is, in the words of the CF standard name table.
    pub standard_name: Option<String>,
    /// The least value that a valid run may have.
    pub min: Option<f64>,
    /// The greatest value that a valid run may have.
    pub max: Option<f64>,
    /// Where it holds sums over a catchment and all upstream of it; `None`: nowhere.
    pub upstream: Option<Outlets>,
    /// How its values are kept.
    pub precision: Precision,
    /// Further attributes.
    pub attributes: Vec<(String, Value)>,
}

impl ProductVariable {
    /// All that shows of it in a product.
    pub(super) fn description(&self) -> String {
        let source = match &self.source {
            VariableSource::Column(at) => at.to_string(),
            VariableSource::Formula(formula) => formula.source().to_owned(),
        };
        format!(
            "{:?} {source:?} {:?} {:?} {:?} {:?} {:?}",
            self.name,
            self.units,
            self.long_name,
            self.standard_name,
            self.precision,
            self.attributes
        )
    }
}

/// The axes of a variable's values in one catchment, by name: those of the output that it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableAxes {
    /// Its time steps; `None` if it has no time.
    pub time: Option<String>,
    /// Its further dimension.
    pub dimension: Option<String>,
}

impl VariableAxes {
    /// The project's own time steps.
    pub fn steps() -> Self {
        Self {
            time: Some(TIME.to_owned()),
            dimension: None,
        }
    }

    /// Those of an output's rows.
    pub fn of(axes: &RowAxes) -> Self {
        Self {
            time: axes.time.name().map(str::to_owned),
            dimension: (axes.dimension.as_ref()).map(|dimension| dimension.name.clone()),
        }
    }

    /// Whether there are none, so that a catchment has one number.
    pub fn is_none(&self) -> bool {
        self.names().next().is_none()
    }

    /// Where a value is, counted from 0, as messages say it behind the value; nothing for a single number.
    pub fn place(&self, at: usize) -> String {
        match self {
            _ if self.is_none() => String::new(),
            _ if *self == Self::steps() => format!(" at time step {at}"),
            _ => format!(" at value {at} over {self}"),
        }
    }

    /// The names, time first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.time.iter().chain(&self.dimension).map(String::as_str)
    }
}

impl fmt::Display for VariableAxes {
    /// `time`, `time and layer`, `no time`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names().collect::<Vec<_>>().as_slice() {
            [] => f.write_str("no time"),
            names => write!(f, "`{}`", names.join("` and `")),
        }
    }
}

/// Where the values of a product variable come from.
#[derive(Clone)]
pub enum VariableSource {
    /// An output column, an index into [`Simulator::columns`](super::Simulator::columns).
    Column(usize),
    /// A formula over output columns and parameters.
    Formula(Expr),
}

/// What is said of an axis beside its name and its places.
#[derive(Clone)]
pub struct AxisWords {
    /// The axis.
    pub name: String,
    /// Its units, as UDUNITS writes them; those of a time axis follow from its steps.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
    /// What it is, in the words of the CF standard name table; of a time axis always `time`.
    pub standard_name: Option<String>,
    /// Further attributes.
    pub attributes: Vec<(String, Value)>,
}

/// A product variable along catchment, out of a parameter.
#[derive(Clone)]
pub struct ParameterVariable {
    /// Its name.
    pub name: String,
    /// The parameter's name.
    pub parameter: String,
    /// Its units.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
    /// What it is, in the words of the CF standard name table.
    pub standard_name: Option<String>,
}

/// A product variable along catchment that says something of another's time steps.
#[derive(Clone)]
pub struct SummaryVariable {
    /// Its name.
    pub name: String,
    /// The variable, an index into [`ProductSpec::variables`].
    pub of: usize,
    /// What it says.
    pub kind: SummaryKind,
    /// Its units, as UDUNITS writes them.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
    /// What it is, in the words of the CF standard name table.
    pub standard_name: Option<String>,
}

/// What a summary says of a variable's time steps.
#[derive(Clone)]
pub enum SummaryKind {
    /// A number out of them alone.
    Statistic(Statistic),
    /// How well they fit what was measured there; missing where nothing was.
    Objective(Arc<Objective>),
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
