//! `[simulator]` as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::output;
use crate::inputs::tables::Decimal;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Simulator {
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
pub(in crate::project) enum Commands {
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
pub(in crate::project) enum Support {
    Named(String),
    As(SupportAs),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::project) struct SupportAs {
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
pub(in crate::project) enum SameProcessor {
    /// The one of the machine that plans, or any.
    Planner(bool),
    /// This one.
    Class(String),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Require {
    pub file: String,
    pub contains: String,
}

#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct SimulatorInput {
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
pub(in crate::project) struct Outputs {
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
pub(in crate::project) struct Output {
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
