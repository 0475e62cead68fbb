//! What `--json` prints keeps to its schemas: those in `docs/schemas` are made of what is printed, say what every field means, and
//! hold for real documents of every verb.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::schemas::{folder, texts};
use crate::common::{IMPORTING, Project, STEPS, id, json};

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

/// Calls of every verb, with the exit code, on a project in which a catchment has failed.
const CALLS: &[(&[&str], i32)] = &[
    (&["status", "--json"], 1),
    (&["log", "70002", "--json"], 0),
    (&["why", "70001", "70002", "--json"], 0),
    (&["check", "--json"], 0),
    (&["check", "--run", "--render", "rendered", "--json"], 0),
    (&["try", "70002", "--json"], 1),
    (&["try", "--keep", "tried", "--json"], 0),
    (&["repro", "70001", "repro", "--json"], 0),
    (&["assemble", "--json"], 1),
    (&["run", "--dry-run", "--json"], 0),
    (&["run", "--json"], 1),
    (&["runs", "--json"], 0),
    (&["run", "--at", "first", "--json"], 0),
    (&["tags", "--json"], 0),
    (&["tag", "second", "--json"], 0),
    (&["tag", "--delete", "second", "--json"], 0),
    (&["export", "70001", "70003", "--json"], 0),
    (&["export", "--summary", "--json"], 0),
    (&["report", "--since", "first", "--json"], 0),
    (&["verify", "--sample", "2", "--json"], 0),
    (&["doctor", "--json"], 0),
    (&["gc", "--dry-run", "--json"], 0),
    (&["gc", "--json"], 0),
    (&["cancel", "--json"], 0),
    (&["init", "new", "--json"], 0),
    // Both runs left something.
    (&["diff", "--json"], 0),
    (&["evaluate", "--json"], 1),
];

/// Whatever other tests call: each verb is called here, so that no schema is of something that nobody has seen.
#[test]
fn every_verb_prints_what_its_schema_says() {
    let project = Project::new(4);
    project.edit(
        "[product.variables]\n",
        "[product.summary]\nq_mean = { of = \"discharge\", statistic = \"mean\" }\n[product.variables]\n",
    );
    project.set(&[(1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.rerunoff(&["tag", "first"]).expect(0);
    project.set_factors(&[(1, "exit")], &[(2, 3.0)]);
    let call = |project: &Project, arguments: &[&str], code| {
        let run = project.rerunoff(arguments).expect(code);
        let document = json(&run.stdout);
        assert_eq!(document["version"], 1, "{document}");
        document
    };
    for (arguments, code) in CALLS {
        call(&project, arguments, *code);
    }
    let importing = importing();
    let import = call(&importing, &["import", "--json"], 0);
    assert_eq!(
        (&import["imported"], &import["catchments"]),
        (&true.into(), &2.into())
    );
    call(&importing, &["import", "--json"], 0);
    let calls = CALLS.iter().map(|(arguments, _)| arguments[0]);
    let called: BTreeSet<&str> = calls.chain(["import"]).collect();
    let described = texts(&folder());
    assert_eq!(called, described.keys().map(String::as_str).collect());
}

/// A project with nothing but something to import.
fn importing() -> Project {
    let project = Project::new(1);
    fs::remove_file(project.path("input.h5")).expect("removed");
    let import = "[import.series.q]\nfile = \"q.csv\"\n";
    project.write_toml(&format!("{IMPORTING}{import}"));
    project.write("q.csv", "time,7,8\n2009-01-01,1,2\n2009-01-02,3,4\n");
    project
}

#[test]
fn a_change_is_told_then_and_now() {
    let project = Project::ran(2);
    project.set_factors(&[], &[(1, 3.0)]);
    let run = project.rerunoff(&["why", &id(0), &id(1), "--json"]);
    let why = json(&run.expect(0).stdout);
    let [fresh, stale] = [&why["catchments"][0], &why["catchments"][1]];
    assert_eq!(
        (&fresh["state"], &stale["state"]),
        (&"fresh".into(), &"stale".into())
    );
    assert!(
        fresh["parts"]
            .as_array()
            .is_some_and(|parts| !parts.is_empty())
    );
    let change = &stale["changes"][0];
    let expected = serde_json::json!({
        "kind": "parameter", "name": "factor", "then": "2", "now": "3", "text": "factor: 2 → 3"
    });
    assert_eq!(*change, expected);
}

#[test]
fn columns_are_those_of_the_product() {
    let project = Project::ran(2);
    let run = project.rerunoff(&["export", &id(1), "--json"]).expect(0);
    let exported = json(&run.stdout);
    let catchment = &exported["catchments"][0];
    assert_eq!(catchment["catchment"], id(1));
    assert_eq!(catchment["places"]["time"][1], "2009-01-01T01:00:00");
    let product = project.product("concentration");
    for (step, row) in product.iter().enumerate() {
        let value = catchment["values"]["concentration"][step].as_f64();
        assert_eq!(value, (!row[1].is_nan()).then_some(row[1]), "step {step}");
    }
}

#[test]
fn a_try_gives_numbers_and_stores_nothing() {
    let project = Project::new(2);
    let run = project.rerunoff(&["try", &id(1), "--json"]).expect(0);
    let tried = json(&run.stdout);
    assert_eq!(
        (&tried["is_good"], &tried["kept"]),
        (&true.into(), &Value::Null)
    );
    let columns = tried["columns"].as_array().expect("columns");
    let values = columns
        .iter()
        .map(|column| column["values"].as_array().map(Vec::len));
    assert!(
        values.into_iter().all(|count| count == Some(STEPS)),
        "{tried}"
    );
    assert_eq!(project.status(&[0])["fresh"], 0);
}
