//! The project file as it is written: serde structs, no meaning.
//!
//! Everything here mirrors a table of `rerunoff.toml` one to one. Checks that need more than a type are made in
//! [`super`], which turns this into a [`super::Project`]. Messages about a wrong type come from serde; `expecting` keeps the
//! names of the structs out of them.

pub(super) mod cluster;
pub(super) mod import;
pub(super) mod output;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::inputs::tables::Decimal;

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
    expecting = "the name of the time coordinate, or `{ start = \"1998-01-01\", step = \"1d\", steps = 366 }` with `end` in place of `steps` if wanted"
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

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Simulator {
    pub command: Vec<String>,
    pub after: Option<Commands>,
    #[serde(default)]
    pub support: Vec<Support>,
    #[serde(default)]
    pub support_exclude: Vec<String>,
    pub deck: Option<String>,
    #[serde(default)]
    pub deck_exclude: Vec<String>,
    pub timeout: Option<String>,
    pub timeout_floor: Option<String>,
    pub max_file_size: Option<String>,
    #[serde(default)]
    pub retries: u32,
    pub same_processor: Option<SameProcessor>,
    pub exit_codes: Option<Vec<i32>>,
    #[serde(default)]
    pub directories: Vec<String>,
    #[serde(default)]
    pub fail_on_stdout: Vec<String>,
    #[serde(default)]
    pub require: Vec<Require>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub pass_env: Vec<String>,
    #[serde(default)]
    pub sandbox: Sandbox,
    #[serde(default)]
    pub reads: Vec<String>,
    #[serde(default)]
    pub writes: Vec<String>,
    #[serde(default)]
    pub system: Vec<String>,
    #[serde(default)]
    pub network: bool,
    #[serde(default)]
    pub input: Vec<SimulatorInput>,
    #[serde(default)]
    pub output: Outputs,
}

/// What is run after the simulator.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a list of words such as [\"python3\", \"extract.py\"], or a list of such lists"
)]
pub(super) enum Commands {
    /// A single command.
    One(Vec<String>),
    /// One after the other.
    More(Vec<Vec<String>>),
}

/// What is kept from the simulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// It reads what the project states and what belongs to the system, and writes its work directory.
    #[default]
    Strict,
    /// It reads anything, and writes its work directory.
    Write,
    /// It may do what its user may do.
    Off,
}

/// A path, or a table with a path and a name. Read by hand for the sake of the messages, like [`Outputs`].
#[derive(Clone)]
pub(super) enum Support {
    Named(String),
    As(SupportAs),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SupportAs {
    pub file: String,
    #[serde(rename = "as")]
    pub name: Option<String>,
}

impl<'de> Deserialize<'de> for Support {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Support;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or `{ file = \"…\", as = \"…\" }`")
            }

            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Support, E> {
                Ok(Support::Named(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Support, A::Error> {
                let stated = SupportAs::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Support::As(stated))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// The class of processor that results are to be of.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "true, false or a class of processors as text")]
pub(super) enum SameProcessor {
    /// The one of the machine that plans, or any.
    Planner(bool),
    /// This one.
    Class(String),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Require {
    pub file: String,
    pub contains: String,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct SimulatorInput {
    pub file: String,
    pub template: Option<String>,
    pub xml: Option<bool>,
    pub encoding: Option<String>,
    pub style: Option<String>,
    #[serde(default)]
    pub fixed_width: bool,
    pub header: Option<String>,
    pub row: Option<String>,
    pub footer: Option<String>,
}

/// One table, or a list of them. Read by hand: serde's own way to read one of two forms forgets what is wrong in it.
#[derive(Clone, Default)]
pub(super) struct Outputs {
    pub list: Vec<Output>,
    pub is_list: bool,
}

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Outputs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Outputs, A::Error> {
                let list = vec![Output::deserialize(MapAccessDeserializer::new(map))?];
                let is_list = false;
                Ok(Outputs { list, is_list })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Outputs, A::Error> {
                let list = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                let is_list = true;
                Ok(Outputs { list, is_list })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Output {
    pub file: String,
    pub format: Option<String>,
    #[serde(default)]
    pub index: BTreeMap<String, usize>,
    pub separator: Option<String>,
    #[serde(default)]
    pub missing: Vec<String>,
    #[serde(default)]
    pub skip_rows: usize,
    #[serde(default)]
    pub skip_lines: usize,
    pub header: Option<bool>,
    #[serde(default)]
    pub comments: Vec<String>,
    pub decimal: Option<Decimal>,
    #[serde(default)]
    pub skip_last: usize,
    pub until: Option<String>,
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, output::ConditionValue>,
    pub blocks: Option<String>,
    pub time: Option<output::OutputTime>,
    pub dimension: Option<output::Dimension>,
    pub columns: BTreeMap<String, output::Column>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Product {
    pub file: String,
    pub per: Option<Per>,
    pub downstream: Option<String>,
    #[serde(default)]
    pub layout: Layout,
    pub compression: Option<u8>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterVariable>,
    #[serde(default)]
    pub summary: BTreeMap<String, SummaryFields>,
    #[serde(default)]
    pub axes: BTreeMap<String, Axis>,
}

/// What is said of an axis.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Axis {
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, toml::Value>,
}

/// How several scenarios share the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each has a file of its own.
    File,
    /// They are the leading dimension of one file.
    Dimension,
}

/// How the product is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One `[time, catchment]` array a variable, NetCDF-4 after the CF conventions.
    #[default]
    Grid,
    /// One table `/step_<n>/values` a time step, as PyTables writes them.
    Steps,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Variable {
    pub column: Option<String>,
    pub formula: Option<String>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub accumulate: Option<Accumulate>,
    pub outlets: Option<Vec<String>>,
    #[serde(default)]
    pub precision: Precision,
    #[serde(default)]
    pub attributes: BTreeMap<String, toml::Value>,
}

/// Over what a product variable is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Accumulate {
    /// The catchment and all upstream of it.
    Upstream,
}

/// How a product variable is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Precision {
    /// 64 bits: every value as the simulator printed it.
    #[default]
    F64,
    /// 32 bits: half the size, about 7 digits.
    F32,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct ParameterVariable {
    pub parameter: Option<String>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct SummaryFields {
    pub of: String,
    pub statistic: String,
    pub q: Option<f64>,
    pub threshold: Option<f64>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
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
