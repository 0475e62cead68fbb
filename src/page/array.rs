//! The bulk of a page: arrays of numbers and texts by name, to which the facts refer.
//!
//! As JSON they are plain lists in which a missing number is `null`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// Values of one type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Array {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    /// NaN is missing.
    F32(Vec<f32>),
    /// NaN is missing.
    F64(Vec<f64>),
    /// None has a line break: see [`Arrays::add`].
    Text(Vec<String>),
}

impl JsonSchema for Array {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Array".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": ["number", "string", "null"] } })
    }
}

/// Arrays by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Arrays(BTreeMap<String, Array>);

impl Arrays {
    /// Takes an array and returns its name: this one, or with a number behind it if there is one of this name.
    ///
    /// Texts are joined by line breaks where they are packed, so that any in them become spaces.
    pub(crate) fn add(&mut self, name: &str, mut array: Array) -> String {
        if let Array::Text(texts) = &mut array {
            for text in texts.iter_mut().filter(|text| text.contains('\n')) {
                *text = text.replace('\n', " ");
            }
        }
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let is_free = |name: &String| !self.0.contains_key(name);
        let name = names.find(is_free).unwrap_or_default();
        self.0.insert(name.clone(), array);
        name
    }

    /// The array of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_array_has_a_name_of_its_own_and_is_a_plain_list() {
        let mut arrays = Arrays::default();
        let texts = ["a\nb", "c"].map(str::to_owned).to_vec();
        assert_eq!(arrays.add("ids", Array::Text(texts)), "ids");
        let name = arrays.add("ids", Array::F32(vec![1.5, f32::NAN]));
        assert_eq!(name, "ids_2");
        assert!(matches!(arrays.get(&name), Some(Array::F32(_))));
        let text = serde_json::to_string(&arrays).expect("written");
        assert_eq!(text, r#"{"ids":["a b","c"],"ids_2":[1.5,null]}"#);
    }
}
