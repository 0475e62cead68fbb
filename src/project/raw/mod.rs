//! The project file as it is written: serde structs, no meaning.
//!
//! Everything here mirrors a table of `rerunoff.toml` one to one. Checks that need more than a type are made in
//! [`super`], which turns this into a [`super::Project`]. Messages about a wrong type come from serde; `expecting` keeps the
//! names of the structs out of them.

pub(super) mod cluster;
pub(super) mod import;
pub(super) mod objective;
pub(super) mod output;
mod product;
pub(super) mod report;
mod simulator;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::inputs::tables::Decimal;

pub(super) use product::{
    Accumulate, Axis, ParameterVariable, Precision, Product, SummaryFields, Variable,
};
pub use product::{IdType, Layout, Per};
pub use simulator::Sandbox;
pub(super) use simulator::{
    Commands, Output, Outputs, SameProcessor, Simulator, SimulatorInput, Support,
};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub title: Option<String>,
    #[serde(default)]
    pub input: Input,
    pub import: Option<import::Import>,
    #[serde(default)]
    pub series: BTreeMap<String, String>,
    #[serde(default)]
    pub parameters: Parameters,
    pub simulator: Simulator,
    pub product: Product,
    #[serde(default)]
    pub observations: BTreeMap<String, objective::Observations>,
    #[serde(default)]
    pub objective: BTreeMap<String, objective::Objective>,
    #[serde(default)]
    pub report: report::Report,
    #[serde(default)]
    pub cache: Cache,
    pub cluster: Option<cluster::Cluster>,
    #[serde(default)]
    pub scenario: BTreeMap<String, Scenario>,
    #[serde(default)]
    pub sweep: BTreeMap<String, Sweep>,
}

/// What a scenario changes.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Scenario {
    pub extends: Option<String>,
    pub title: Option<String>,
    pub catchments: Option<Catchments>,
    pub sweep: Option<Vec<String>>,
    #[serde(default)]
    pub parameters: Parameters,
    #[serde(default)]
    pub simulator: ScenarioSimulator,
    #[serde(default)]
    pub product: ScenarioProduct,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct ScenarioSimulator {
    #[serde(default)]
    pub input: Vec<SimulatorInput>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct ScenarioProduct {
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a formula, a list of ids, or `{ folder = \"gms/{id}.gms\" }`"
)]
pub(super) enum Catchments {
    Formula(String),
    List(Vec<String>),
    Folder(CatchmentFolder),
}

/// A file or folder for each catchment.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct CatchmentFolder {
    pub folder: String,
}

/// The time of the input.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of the time coordinate, or `{ start = \"1998-01-01\", step = \"1d\", steps = 365 }` with `end` in place of `steps` if wanted"
)]
pub(super) enum InputTime {
    Name(String),
    Stated(StatedTime),
}

/// Time steps that the project states.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct StatedTime {
    pub start: toml::Value,
    pub step: String,
    pub steps: Option<usize>,
    pub end: Option<toml::Value>,
}

/// Values of a parameter, or of several, each of which makes a scenario.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Sweep {
    pub values: Option<Vec<toml::Value>>,
    pub range: Option<Range>,
    pub file: Option<String>,
    pub zip: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Range {
    pub from: f64,
    pub to: f64,
    pub steps: usize,
    #[serde(default)]
    pub scale: Scale,
}

/// How the values of a range follow each other.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scale {
    /// By equal differences.
    #[default]
    Linear,
    /// By equal factors.
    Log,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Cache {
    #[serde(default)]
    pub work: WorkIn,
    pub keep_series: Option<bool>,
    pub keep_outputs: Option<bool>,
    pub keep_runs: Option<usize>,
    pub max_size: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Input {
    pub file: Option<OneOrMore>,
    pub id: Option<String>,
    pub time: Option<InputTime>,
    pub group_prefix: Option<String>,
    pub series_table: Option<String>,
    pub parameter_table: Option<String>,
    #[serde(default)]
    pub on_bad_input: OnBadInput,
    pub catchments: Option<Catchments>,
}

/// Where the work directories are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkIn {
    /// In memory where there is room, else on the disk.
    #[default]
    Auto,
    /// In memory, or nothing is run.
    Ram,
    /// On the disk.
    Disk,
}

/// What to do about catchments whose input can't be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadInput {
    /// Refuse to run anything until the input is mended.
    #[default]
    Fail,
    /// Leave those catchments out, flagged `skipped` in the product.
    Skip,
}

#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "a path or a list of paths")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Clone, Default, Deserialize)]
#[serde(expecting = "a table")]
pub(super) struct Parameters {
    #[serde(default)]
    pub table: Vec<AttributeTable>,
    #[serde(flatten)]
    pub values: BTreeMap<String, toml::Value>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct AttributeTable {
    pub file: String,
    pub id: String,
    pub decimal: Option<Decimal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_no_types_of_the_program() {
        for text in [
            "input = 3",
            "import = 3",
            "parameters = 3",
            "parameters.table = [3]",
            "simulator = []",
            "simulator = { command = [], require = [3] }",
            "simulator = { command = [], input = [3] }",
            "simulator = { command = [], output = 3 }",
            "product = \"p.nc\"",
            "product.variables.Q = 3",
            "product.parameters.A = 3",
            "product.summary.m = []",
            "product.axes.layer = 3",
            "observations.flow = 3",
            "objective.nse = 3",
            "report = 3",
            "cache = 3",
            "cluster = 3",
            "scenario.a = 3",
            "scenario.a.simulator = 3",
            "scenario.a.product = 3",
            "sweep.k = 3",
            "sweep.k.range = 3",
            "import.series.Q = 3",
            "import.table = [3]",
        ] {
            let Err(error) = toml::from_str::<Project>(text) else {
                panic!("{text} is read")
            };
            let message = error.message();
            assert!(message.ends_with("expected a table"), "{text}: {message}");
        }
    }
}
