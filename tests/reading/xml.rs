//! Templates that make XML: what is one, what becomes of values in each place of it, and in which encoding.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rerunoff::template::Template;
use rerunoff::value::Value;

use super::common::python;
use super::random;

/// As many as take about a second.
const ROUNDS: u64 = 300;

#[test]
fn random_documents_hold_the_values_that_were_put_in() {
    let (seed, rounds) = random::draw(ROUNDS);
    let folder = tempfile::tempdir().expect("a folder");
    let (seed, rounds_text) = (seed.to_string(), rounds.to_string());
    python(
        "documents.py",
        &[
            Path::new("make"),
            folder.path(),
            seed.as_ref(),
            rounds_text.as_ref(),
        ],
    );
    let documents = fs::read(folder.path().join("documents.json")).expect("documents");
    let documents: Vec<serde_json::Value> = serde_json::from_slice(&documents).expect("JSON");
    for (at, document) in documents.iter().enumerate() {
        let values = document["values"].as_object().expect("values");
        let scope: BTreeMap<String, Value> = (values.iter())
            .map(|(name, value)| {
                (
                    name.clone(),
                    Value::Text(value.as_str().expect("a text").to_owned()),
                )
            })
            .collect();
        let source = fs::read(folder.path().join(format!("{at}.xml"))).expect("a template");
        let template = Template::xml_of_bytes(&source)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&source)));
        let mut out = Vec::new();
        if template.render(&scope, &mut out).is_ok() {
            fs::write(folder.path().join(format!("{at}.out")), out).expect("a document");
        }
    }
    let told = python("documents.py", &[Path::new("check"), folder.path()]);
    assert!(told.starts_with(&format!("{rounds} documents")), "{told}");
}
