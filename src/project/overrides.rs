//! Values of parameters that do not stand in the project file: one set that the command line states, or a table of samples.
//!
//! They are read and named here. Which statements of the project they take the place of is [`super::study`]'s business, and where
//! their text comes from is the command line's.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::data::scenario::ScenarioName;
use crate::data::value::Value;
use crate::inputs::tables::{read_value, samples_in};

/// What names a set: a column of a table of samples, or a key of a TOML table.
const NAME: &str = "scenario";

/// The list of unnamed sets in TOML.
const LIST: &str = "sample";

/// Values of some parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterSet {
    /// What it is called: `k=0.013+beta=3e-5`, or the name or number of its row.
    pub label: String,
    /// Parameters and their values, each once.
    pub values: Vec<(String, Value)>,
}

/// What takes the place of values in the project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Overrides {
    /// Nothing does.
    #[default]
    None,
    /// These values do in every scenario; scenarios keep their names.
    Set(ParameterSet),
    /// Each of these sets does in every scenario, which makes a scenario of each pair.
    Samples(Vec<ParameterSet>),
}

impl Overrides {
    /// The set and the samples that a command line states. The set's values hold in every sample that does not state them.
    pub fn of(set: Option<ParameterSet>, samples: Option<Vec<ParameterSet>>) -> Self {
        match (set, samples) {
            (None, None) => Self::None,
            (Some(set), None) => Self::Set(set),
            (set, Some(mut samples)) => {
                for sample in &mut samples {
                    let states = |name: &str| sample.values.iter().any(|(known, _)| known == name);
                    let further = set.iter().flat_map(|set| &set.values);
                    let further: Vec<_> =
                        further.filter(|(name, _)| !states(name)).cloned().collect();
                    sample.values.extend(further);
                }
                Self::Samples(samples)
            }
        }
    }

    /// Whether the project is as its file says.
    pub fn are_none(&self) -> bool {
        *self == Self::None
    }

    /// The sets, none for a project as its file says.
    pub fn sets(&self) -> &[ParameterSet] {
        match self {
            Self::None => &[],
            Self::Set(set) => std::slice::from_ref(set),
            Self::Samples(sets) => sets,
        }
    }
}

impl fmt::Display for ParameterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.values.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

impl ParameterSet {
    /// The set that assignments state: `k=0.013`, `layers=[0.1, 0.3]`, `soil=clay`.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn stated(assignments: &[String]) -> Result<Self, String> {
        let mut values: Vec<(String, Value)> = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            let Some((name, text)) = assignment.split_once('=') else {
                return Err(format!("{assignment:?} has no value; write NAME=VALUE"));
            };
            let name = name.trim();
            if name.is_empty() {
                return Err(format!("{assignment:?} has no name; write NAME=VALUE"));
            }
            if values.iter().any(|(known, _)| known == name) {
                return Err(format!("{name} is stated twice"));
            }
            let value = value(text.trim()).map_err(|fault| format!("{name}: {fault}"))?;
            values.push((name.to_owned(), value));
        }
        let assigned = values.iter().map(|(name, value)| format!("{name}={value}"));
        Ok(Self {
            label: assigned.collect::<Vec<_>>().join("+"),
            values,
        })
    }

    /// The sets in a table of text: a row each, a column for each parameter, and perhaps a column `scenario` with their names. `tabs`
    /// if tabs separate its cells.
    ///
    /// # Errors
    /// What is wrong with it, with the line.
    pub fn of_table(bytes: &[u8], tabs: bool) -> anyhow::Result<Vec<Self>> {
        let samples = samples_in(bytes, tabs)?;
        let mut sets = Vec::with_capacity(samples.rows.len());
        for (line, row) in samples.rows {
            let mut set = Self::numbered(sets.len());
            for (name, value) in samples.columns.iter().zip(row) {
                if name == NAME {
                    set.label = value.to_string();
                    continue;
                }
                let value = of_cell(value)
                    .map_err(|fault| anyhow::anyhow!("line {line}: {name}: {fault}"))?;
                set.values.push((name.clone(), value));
            }
            sets.push(set);
        }
        checked(sets).map_err(anyhow::Error::msg)
    }

    /// The sets in TOML: `[[sample]]` tables, in which `scenario` may name each, or a table for each by its name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_toml(text: &str) -> anyhow::Result<Vec<Self>> {
        let mut table: Table = text.parse()?;
        let listed = match table.len() {
            1 => table.remove(LIST).map_or(Ok(None), |list| match list {
                toml::Value::Array(list) => Ok(Some(list)),
                other => Err(other),
            }),
            _ => Ok(None),
        };
        let tables: Vec<(Option<String>, toml::Value)> = match listed {
            Ok(Some(list)) => list.into_iter().map(|table| (None, table)).collect(),
            Ok(None) => (table.into_iter())
                .map(|(name, table)| (Some(name), table))
                .collect(),
            Err(only) => vec![(Some(LIST.to_owned()), only)],
        };
        let mut sets = Vec::with_capacity(tables.len());
        for (name, table) in tables {
            let mut set = Self::numbered(sets.len());
            let is_named = name.is_some();
            set.label = name.unwrap_or(set.label);
            let toml::Value::Table(table) = table else {
                let label = &set.label;
                anyhow::bail!(
                    "{label} must be a table of parameters; write [[{LIST}]] or [{label}]"
                )
            };
            for (name, value) in table {
                let value = of_toml(value)
                    .map_err(|fault| anyhow::anyhow!("{}: {name}: {fault}", set.label))?;
                match name == NAME && !is_named {
                    true => set.label = value.to_string(),
                    false => set.values.push((name, value)),
                }
            }
            sets.push(set);
        }
        checked(sets).map_err(anyhow::Error::msg)
    }

    /// A set without values, called after its place, as those of a sweep are.
    fn numbered(at: usize) -> Self {
        Self {
            label: format!("{LIST}={}", at + 1),
            values: Vec::new(),
        }
    }
}

/// The sets, if there are any and scenarios can have their names.
fn checked(sets: Vec<ParameterSet>) -> Result<Vec<ParameterSet>, String> {
    if sets.is_empty() {
        return Err("there are no samples in it".to_owned());
    }
    let mut known = std::collections::HashSet::with_capacity(sets.len());
    for set in &sets {
        ScenarioName::new(&set.label)?;
        if !known.insert(set.label.as_str()) {
            return Err(format!("there are two samples named {:?}", set.label));
        }
        if set.values.is_empty() {
            return Err(format!("{} states no parameter", set.label));
        }
    }
    Ok(sets)
}

/// The value that a text on the command line means: a list, a text in quotes, else what a cell of a table would mean.
fn value(text: &str) -> Result<Value, String> {
    if text.starts_with(['[', '"', '\'']) {
        return of_literal(text);
    }
    if text.is_empty() {
        return Err("has no value; write '' in quotes for an empty text".to_owned());
    }
    check_text(text)?;
    match read_value(text) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(format!("{text} stands for no value")),
        Err(fault) => Err(format!("{fault}, or put it in quotes if it is a text")),
    }
}

/// A value as TOML has it.
fn of_literal(text: &str) -> Result<Value, String> {
    let fault = || format!("{text} is no list of numbers and texts, and no text in quotes");
    let table: Table = format!("value = {text}").parse().map_err(|_| fault())?;
    match table.into_iter().next() {
        Some((name, value)) if name == "value" => of_toml(value),
        _ => Err(fault()),
    }
}

/// The value of a cell, in which a list is a text at first.
fn of_cell(value: Value) -> Result<Value, String> {
    match value {
        Value::Text(text) if text.starts_with('[') => of_literal(&text),
        other => Ok(other),
    }
}

fn of_toml(value: toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::Array(values) => {
            let values = values.into_iter().map(|value| match value {
                toml::Value::Array(_) => Err("is a list in a list".to_owned()),
                value => of_toml(value),
            });
            Ok(Value::List(values.collect::<Result<_, _>>()?))
        }
        toml::Value::String(text) => {
            check_text(&text)?;
            Ok(Value::Text(text))
        }
        toml::Value::Integer(integer) => Ok(Value::Integer(integer)),
        toml::Value::Float(number) if number.is_finite() => Ok(Value::Number(number)),
        other => Err(format!(
            "must be a finite number, a text or a list of them, not {}",
            other.type_str()
        )),
    }
}

/// A formula is nothing that a set can state: a text that begins so is meant to be one.
fn check_text(text: &str) -> Result<(), String> {
    match text.trim_start().starts_with('=') {
        true => Err(format!(
            "{text:?} is a formula; a set states values, and formulas go into the project file"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stated(assignment: &str) -> Result<Value, String> {
        let mut set = ParameterSet::stated(&[assignment.to_owned()])?;
        Ok(set.values.remove(0).1)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_value_is_what_a_scenario_would_state() {
        let list = Value::List(vec![Value::Number(0.1), Value::Integer(3), text("loam")]);
        for (assignment, value) in [
            ("k=0.013", Value::Number(0.013)),
            ("k = 3e-5", Value::Number(3e-5)),
            ("k=3", Value::Integer(3)),
            ("k=-1.0", Value::Number(-1.0)),
            ("k=[0.1, 3, \"loam\"]", list),
            ("k=[]", Value::List(Vec::new())),
            ("k=loam", text("loam")),
            ("k=\"3\"", text("3")),
            ("k=''", text("")),
            ("k=007", text("007")),
            ("k=a=b", text("a=b")),
            ("k=true", text("true")),
        ] {
            assert_eq!(stated(assignment), Ok(value), "{assignment}");
        }
    }

    #[test]
    fn what_may_be_a_mistake_is_refused() {
        for (assignment, fault) in [
            ("k", "write NAME=VALUE"),
            ("=3", "has no name"),
            ("k=", "has no value"),
            ("k=NA", "stands for no value"),
            ("k=inf", "no finite number"),
            ("k=0,5", "decimal comma"),
            ("k== 2 * n", "is a formula"),
            ("k=[0.1", "is no list"),
            ("k=[[1]]", "a list in a list"),
            ("k=[true]", "must be a finite number"),
            ("k=1\nvalue = 2", ""),
        ] {
            match stated(assignment) {
                Err(told) => assert!(told.contains(fault), "{assignment}: {told}"),
                Ok(value) => assert!(fault.is_empty(), "{assignment} is {value:?}"),
            }
        }
        let twice = ["k=1", "k=2"].map(str::to_owned);
        assert_eq!(
            ParameterSet::stated(&twice),
            Err("k is stated twice".to_owned())
        );
    }

    #[test]
    fn a_set_is_named_after_its_values() {
        let set = ParameterSet::stated(&["k=0.0130", "soil=clay"].map(str::to_owned));
        let set = set.expect("a set");
        assert_eq!(set.label, "k=0.013+soil=clay");
        assert_eq!(set.to_string(), "k=0.013, soil=clay");
    }

    #[test]
    fn samples_are_rows_or_tables() {
        let label = |sets: &[ParameterSet]| -> Vec<String> {
            sets.iter().map(|set| set.label.clone()).collect()
        };
        let csv = b"k,layers,scenario\n0.1,\"[1, 2]\",low\n3,x,high\n";
        let rows = ParameterSet::of_table(csv, false).expect("samples");
        assert_eq!(label(&rows), ["low", "high"]);
        let list = Value::List(vec![Value::Integer(1), Value::Integer(2)]);
        assert_eq!(rows[0].values[1], ("layers".to_owned(), list));

        let unnamed = ParameterSet::of_table(b"k\n0.1\n0.2\n", false).expect("samples");
        assert_eq!(label(&unnamed), ["sample=1", "sample=2"]);
        let listed = "[[sample]]\nk = 0.1\n[[sample]]\nk = 0.2\n";
        assert_eq!(ParameterSet::of_toml(listed).expect("samples"), unnamed);
        let named = "[[sample]]\nscenario = \"a\"\nk = 1\n[[sample]]\nk = [1, \"x\"]\n";
        let named = ParameterSet::of_toml(named).expect("samples");
        assert_eq!(label(&named), ["a", "sample=2"]);
        let tables = ParameterSet::of_toml("[low]\nk = 0.1\n[sample]\nk = 2\n").expect("samples");
        assert_eq!(label(&tables), ["low", "sample"]);
        let only = ParameterSet::of_toml("[sample]\nk = 2\n").expect("samples");
        assert_eq!(label(&only), ["sample"]);
    }

    #[test]
    fn samples_that_can_not_be_told_apart_are_refused() {
        for (csv, fault) in [
            ("k\n", "no samples"),
            ("scenario\na\n", "states no parameter"),
            ("scenario,k\na,1\na,2\n", "two samples named \"a\""),
            ("scenario,k\na/b,1\n", "may hold no comma, slash"),
            ("k,n\n1,\n", "line 2 has no n"),
            ("k\n[1\n", "line 2: k: [1 is no list"),
        ] {
            let told = ParameterSet::of_table(csv.as_bytes(), false).expect_err(csv);
            assert!(told.to_string().contains(fault), "{csv}: {told}");
        }
        for (toml, fault) in [
            ("", "no samples"),
            ("k = 1", "k must be a table of parameters"),
            ("[a]\nk = 2026-01-01", "a: k: must be a finite number"),
            ("[a]\nk = \"= n\"", "is a formula"),
            ("[[sample]]\n", "states no parameter"),
        ] {
            let told = ParameterSet::of_toml(toml).expect_err(toml);
            assert!(told.to_string().contains(fault), "{toml}: {told}");
        }
    }

    #[test]
    fn a_set_holds_where_a_sample_says_nothing() {
        let set = ParameterSet::stated(&["k=1", "n=2"].map(str::to_owned)).expect("a set");
        let samples = ParameterSet::of_table(b"k,m\n7,8\n", false).expect("samples");
        let Overrides::Samples(samples) = Overrides::of(Some(set.clone()), Some(samples)) else {
            panic!("samples")
        };
        assert_eq!(samples[0].to_string(), "k=7, m=8, n=2");
        assert_eq!(Overrides::of(Some(set.clone()), None), Overrides::Set(set));
        assert!(Overrides::of(None, None).are_none());
    }

    proptest! {
        #[test]
        fn numbers_are_read_to_the_bit(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite() && number.fract() != 0.0);
            let value = stated(&format!("k={}", Value::Number(number)));
            prop_assert_eq!(value, Ok(Value::Number(number)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            stated(&text).ok();
            ParameterSet::of_toml(&text).ok();
            ParameterSet::of_table(&bytes, false).ok();
        }
    }
}
