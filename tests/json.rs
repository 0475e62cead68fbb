//! What `--json` prints keeps to its schemas: those in `docs/schemas` are made of what is printed, say what every field means, and
//! hold for real documents of every verb.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::schemas::{folder, texts};
use crate::common::{Project, json};

#[test]
fn the_schemas_are_those_of_what_is_printed() {
    let project = Project::new(1);
    let made = project.path("schemas");
    project
        .rerunoff(&["generate", "schemas", "schemas"])
        .expect(0);
    let (made, kept) = (texts(&made), texts(&folder()));
    let differing: BTreeSet<&String> = made.keys().chain(kept.keys()).collect();
    let differing: Vec<&String> = differing
        .into_iter()
        .filter(|name| made.get(*name) != kept.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "what is printed and docs/schemas differ in {differing:?}. If that is meant, `make schemas` writes them anew, docs/json.md \
         tells of it, and unless only fields are added, so does the version"
    );
}

/// Calls `visit` with the name of every field that a schema has, and what the schema says of it.
fn fields(schema: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    match schema {
        Value::Object(object) => {
            // A field may have the name of a keyword.
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                properties
                    .iter()
                    .for_each(|(name, field)| visit(name, field));
            }
            object.values().for_each(|part| fields(part, visit));
        }
        Value::Array(parts) => parts.iter().for_each(|part| fields(part, visit)),
        _ => {}
    }
}

#[test]
fn every_field_is_told_of() {
    let told = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let told = fs::read_to_string(told).expect("docs/json.md");
    let mut faults = Vec::new();
    for (verb, text) in texts(&folder()) {
        fields(&json(&text), &mut |name, field| {
            if !field["description"].is_string() {
                faults.push(format!("{name:?} has no description in {verb}.json"));
            }
            if !told.contains(&format!("`{name}`")) {
                faults.push(format!("{name:?} of {verb}.json is not in docs/json.md"));
            }
        });
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A call of each verb on a project that was run, with the exit code.
const CALLS: &[(&[&str], i32)] = &[
    (&["status", "--json"], 0),
    (&["run", "--dry-run", "--json"], 0),
    (&["run", "--json"], 0),
    (&["runs", "--json"], 0),
    (&["tags", "--json"], 0),
    (&["diff", "--json"], 0),
];

/// Whatever other tests call: each verb is called here, so that no schema is of something that nobody has seen.
#[test]
fn every_verb_prints_what_its_schema_says() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.set(&[]);
    project.rerunoff(&["tag", "first"]).expect(0);
    for (arguments, code) in CALLS {
        let run = project.rerunoff(arguments).expect(*code);
        assert_eq!(json(&run.stdout)["version"], 1, "{}", run.stdout);
    }
    let called: BTreeSet<&str> = CALLS.iter().map(|(arguments, _)| arguments[0]).collect();
    let described = texts(&folder());
    assert_eq!(called, described.keys().map(String::as_str).collect());
}
