//! The schemas in `docs/schemas`, and documents held against them by a validator from elsewhere.
//!
//! Every call of the binary with `--json` that a test makes through [`super::Project::rerunoff`] is held to its verb's schema.
//! A schema lets pass what it does not name, so that what is printed may gain fields; here that is a fault.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use super::{Run, json};

/// The folder of the schemas.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

/// The schemas in a folder by their files' names without the ending, as text.
pub(crate) fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("the schemas");
    let text = |path: PathBuf| {
        let name = path.file_stem().expect("a name").display().to_string();
        (name, fs::read_to_string(&path).expect("a schema"))
    };
    entries
        .map(|entry| text(entry.expect("an entry").path()))
        .collect()
}

/// What a call with these arguments printed, if it is a document, must be as the schema of its verb says.
#[track_caller]
pub(crate) fn hold(arguments: &[&str], run: &Run) {
    let is_asked = |what: &str| arguments.contains(&what);
    // A signal that comes early ends the program without a document.
    if !is_asked("--json") || is_asked("--help") || run.code < 0 {
        return;
    }
    let verb = arguments
        .iter()
        .find(|word| validators().contains_key(**word));
    let verb = verb.unwrap_or_else(|| panic!("docs/schemas has none for {arguments:?}"));
    let document = json(&run.stdout);
    let errors = validators()[*verb].iter_errors(&document);
    let errors: Vec<String> = errors
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{arguments:?} is not as docs/schemas/{verb}.json says: {}\n{document:#}",
        errors.join("; ")
    );
}

/// A validator for each verb.
fn validators() -> &'static BTreeMap<String, Validator> {
    static ALL: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    ALL.get_or_init(|| {
        let validator = |(verb, text): (String, String)| {
            let mut schema = json(&text);
            close(&mut schema);
            let validator = jsonschema::validator_for(&schema);
            let validator = validator.unwrap_or_else(|error| panic!("{verb}: {error}"));
            (verb, validator)
        };
        texts(&folder()).into_iter().map(validator).collect()
    })
}

/// Lets no object have fields that are not named.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            let names_fields = object.get("properties").is_some_and(Value::is_object);
            if names_fields && object.get("type").is_some_and(|kind| kind != "string") {
                object.entry("additionalProperties").or_insert(false.into());
            }
        }
        Value::Array(array) => array.iter_mut().for_each(close),
        _ => {}
    }
}
