//! The bulk of a page: arrays of numbers and texts by name, to which the facts refer.
//!
//! As JSON they are plain lists in which a missing number is `null`. On a page they are one stream, as short as browsers can read it without a
//! library: the little-endian bytes of each array, first all lowest bytes, then all second ones, and so on; texts with a line break
//! behind each; all of it deflated, in base64.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use libdeflater::{CompressionLvl, Compressor};
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

    /// All of them as the page has them.
    pub(crate) fn packed(&self) -> Packed {
        let mut bytes = Vec::new();
        let mut directory = BTreeMap::new();
        for (name, array) in &self.0 {
            let entry = Entry(array.kind(), bytes.len(), array.len());
            directory.insert(name.clone(), entry);
            array.put_into(&mut bytes);
        }
        let level = CompressionLvl::best();
        Packed {
            directory,
            text: BASE64.encode(deflated(&bytes, level)),
        }
    }

    /// The bytes that these arrays take there, or somewhat more.
    pub(crate) fn packed_size<'a>(arrays: impl Iterator<Item = &'a Array>) -> usize {
        let size = |array: &Array| {
            let mut bytes = Vec::new();
            array.put_into(&mut bytes);
            // It is tried often; the best level takes a few times as long for a few hundredths less.
            let level = CompressionLvl::default();
            deflated(&bytes, level).len().div_ceil(3) * 4 + BYTES_OF_ENTRY
        };
        arrays.map(size).sum()
    }

    /// The array of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }
}

/// Arrays as a page has them.
pub(crate) struct Packed {
    /// Where each is in the stream, by name.
    pub(crate) directory: BTreeMap<String, Entry>,
    /// The stream.
    pub(crate) text: String,
}

/// An array's place in the stream: its kind, the offset of its first byte, the number of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry(&'static str, usize, usize);

/// What an entry of the directory takes with its name, about.
const BYTES_OF_ENTRY: usize = 64;

fn deflated(bytes: &[u8], level: CompressionLvl) -> Vec<u8> {
    let mut compressor = Compressor::new(level);
    let mut deflated = vec![0; compressor.deflate_compress_bound(bytes.len())];
    let length = compressor.deflate_compress(bytes, &mut deflated);
    deflated.truncate(length.expect("a buffer of this size has always room"));
    deflated
}

impl Array {
    fn kind(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::U16(_) => "u16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Text(_) => "text",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn put_into(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::U8(values) => bytes.extend_from_slice(values),
            Self::U16(values) => planes(values.iter().map(|value| value.to_le_bytes()), bytes),
            Self::U32(values) => planes(values.iter().map(|value| value.to_le_bytes()), bytes),
            Self::I32(values) => planes(values.iter().map(|value| value.to_le_bytes()), bytes),
            // Which of many NaNs comes out of a computation is the processor's choice.
            Self::F32(values) => planes(values.iter().map(|value| one_nan(*value)), bytes),
            Self::F64(values) => {
                let one_nan = |value: f64| if value.is_nan() { f64::NAN } else { value };
                planes(
                    values.iter().map(|value| one_nan(*value).to_le_bytes()),
                    bytes,
                );
            }
            Self::Text(texts) => {
                for text in texts {
                    bytes.extend_from_slice(text.as_bytes());
                    bytes.push(b'\n');
                }
            }
        }
    }
}

fn one_nan(value: f32) -> [u8; 4] {
    let value = if value.is_nan() { f32::NAN } else { value };
    value.to_le_bytes()
}

/// First the first bytes of all values, then the second ones, and so on: alike bytes are together so, and pack well.
fn planes<const WIDTH: usize>(
    values: impl Iterator<Item = [u8; WIDTH]> + Clone,
    bytes: &mut Vec<u8>,
) {
    for plane in 0..WIDTH {
        bytes.extend(values.clone().map(|value| value[plane]));
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

    #[test]
    fn what_is_packed_can_be_read() {
        let mut arrays = Arrays::default();
        arrays.add("b", Array::U16(vec![0x0102, 0x0304, 0xffff]));
        arrays.add("a", Array::Text(["x", "", "ü"].map(str::to_owned).to_vec()));
        arrays.add("c", Array::F32(vec![1.0, -f32::NAN]));
        arrays.add("d", Array::U8(Vec::new()));
        let packed = arrays.packed();
        let entries: Vec<Entry> = packed.directory.values().copied().collect();
        let expected = [
            Entry("text", 0, 3),
            Entry("u16", 6, 3),
            Entry("f32", 12, 2),
            Entry("u8", 20, 0),
        ];
        assert_eq!(entries, expected);
        let stream = BASE64.decode(&packed.text).expect("base64");
        let mut bytes = Vec::new();
        let mut reader = flate2::read::DeflateDecoder::new(&stream[..]);
        std::io::Read::read_to_end(&mut reader, &mut bytes).expect("deflated");
        let one_and_nan = [0, 0, 0, 0, 0x80, 0xc0, 0x3f, 0x7f];
        let expected = [
            "x\n\nü\n".as_bytes(),
            &[2, 4, 0xff, 1, 3, 0xff],
            &one_and_nan,
        ];
        assert_eq!(bytes, expected.concat());
        let text = serde_json::to_string(&packed.directory["b"]).expect("written");
        assert_eq!(text, r#"["u16",6,3]"#);
        assert!(Arrays::packed_size(arrays.0.values()) >= packed.text.len());
    }
}
