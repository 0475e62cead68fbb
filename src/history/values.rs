//! Values of parameters as documents have them: plain JSON, without the kinds that the store tells apart.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::value::Value;
use crate::project::overrides::ParameterSet;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum PlainValue {
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<PlainValue>),
}

/// Values of parameters by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct PlainValues(BTreeMap<String, PlainValue>);

impl PlainValues {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&Value> for PlainValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Integer(integer) => Self::Integer(*integer),
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(values) => Self::List(values.iter().map(Self::from).collect()),
        }
    }
}

impl From<&PlainValue> for Value {
    fn from(value: &PlainValue) -> Self {
        match value {
            PlainValue::Number(number) => Self::Number(*number),
            PlainValue::Integer(integer) => Self::Integer(*integer),
            PlainValue::Text(text) => Self::Text(text.clone()),
            PlainValue::List(values) => Self::List(values.iter().map(Self::from).collect()),
        }
    }
}

impl From<&ParameterSet> for PlainValues {
    fn from(set: &ParameterSet) -> Self {
        let values = set.values.iter();
        Self(
            values
                .map(|(name, value)| (name.clone(), value.into()))
                .collect(),
        )
    }
}

/// `beta=3e-5, k=0.013`
impl fmt::Display for PlainValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={}", Value::from(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_back_as_they_were() {
        let stated = [
            "n=3",
            "k=0.25",
            "soil=\"3\"",
            "layers=[1, 0.5, \"a\"]",
            "whole=4.0",
        ];
        let set = ParameterSet::stated(&stated.map(str::to_owned)).expect("a set");
        let values = PlainValues::from(&set);
        let text = serde_json::to_string(&values).expect("written");
        let expected = r#"{"k":0.25,"layers":[1,0.5,"a"],"n":3,"soil":"3","whole":4.0}"#;
        assert_eq!(text, expected);
        assert_eq!(
            serde_json::from_str::<PlainValues>(&text).expect("read"),
            values
        );
        assert_eq!(
            values.to_string(),
            "k=0.25, layers=[1, 0.5, \"a\"], n=3, soil=3, whole=4"
        );
    }
}
