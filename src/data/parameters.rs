//! Parameters of many catchments, column by column.
//!
//! Nearly all catchments have the same few parameters, and a map for each would take half a kilobyte. The table knows rows by
//! their numbers only: which catchment is in which row is known to its caller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::value::Value;

/// A table of parameters by name and row, in which any value may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Each column ends with its last value; a name without any value has no column.
    columns: BTreeMap<String, Vec<Option<Value>>>,
}

impl Parameters {
    /// Whether no row has a value.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The value of a parameter in a row, if there is one.
    pub fn get(&self, name: &str, row: usize) -> Option<&Value> {
        self.columns.get(name)?.get(row)?.as_ref()
    }

    /// Whether some row has a value of this name.
    pub fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// Sets a value, in place of an earlier one.
    pub fn set(&mut self, name: &str, row: usize, value: Value) {
        let column = match self.columns.get_mut(name) {
            Some(column) => column,
            None => self.columns.entry(name.to_owned()).or_default(),
        };
        if column.len() <= row {
            column.resize(row + 1, None);
        }
        column[row] = Some(value);
    }

    /// The names of all parameters that have a value in one of these rows, in order.
    pub fn names_in(
        &self,
        rows: impl Iterator<Item = usize> + Clone,
    ) -> impl Iterator<Item = &str> {
        let has_any = move |column: &Vec<Option<Value>>| {
            let mut values = rows.clone().filter_map(|row| column.get(row));
            values.any(Option::is_some)
        };
        let named = self.columns.iter();
        named.filter_map(move |(name, column)| has_any(column).then_some(name.as_str()))
    }

    /// The parameters of a row by name.
    pub fn of(&self, row: usize) -> impl Iterator<Item = (&str, &Value)> {
        let named = self.columns.iter();
        named.filter_map(move |(name, column)| Some((name.as_str(), column.get(row)?.as_ref()?)))
    }

    /// The columns by name, each with its values by row, up to the last value.
    pub fn into_columns(self) -> impl Iterator<Item = (String, Vec<Option<Value>>)> {
        self.columns.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_where_it_was_put() {
        let mut parameters = Parameters::default();
        parameters.set("k", 3, Value::Integer(1));
        parameters.set("A", 0, Value::Number(0.5));
        parameters.set("k", 3, Value::Integer(2));
        assert_eq!(parameters.get("k", 3), Some(&Value::Integer(2)));
        for (name, row) in [("k", 0), ("k", 4), ("A", 3), ("b", 0)] {
            assert_eq!(parameters.get(name, row), None);
        }
        assert_eq!(parameters.names_in(0..4).collect::<Vec<_>>(), ["A", "k"]);
        assert_eq!(parameters.names_in(1..9).collect::<Vec<_>>(), ["k"]);
        assert_eq!(
            parameters.of(0).collect::<Vec<_>>(),
            [("A", &Value::Number(0.5))]
        );
        let lengths = parameters
            .into_columns()
            .map(|(name, values)| (name, values.len()));
        assert_eq!(
            lengths.collect::<Vec<_>>(),
            [("A".to_owned(), 1), ("k".to_owned(), 4)]
        );
    }
}
