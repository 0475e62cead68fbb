//! The schemas of all that `--json` prints: a file for each verb, which holds for its documents and its errors.
//!
//! They are made of the types that are printed, doc comments included, so they can't differ from what is printed. `docs/schemas`
//! has them for everybody; tests hold that those are these, that every field of them is described, and that what the verbs print
//! keeps to them, by a validator from elsewhere.

use std::fs;
use std::io;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::document::VERSION;
use super::{
    assemble, cancel, check, diff, doctor, evaluate, export, fault, gc, import, init, log_document,
    repro, run, status, tag, trying, verify, why,
};
use crate::page::Page;

/// Makes the schema of a document, and leaves those of its parts with the generator.
type Maker = fn(&mut SchemaGenerator) -> Schema;

/// What each verb prints, if it is no error.
const DOCUMENTS: &[(&str, &[Maker])] = &[
    ("assemble", &[schema::<assemble::Document>]),
    ("cancel", &[schema::<cancel::Document>]),
    ("check", &[schema::<check::Document>]),
    ("diff", &[schema::<diff::Document<'_>>]),
    ("doctor", &[schema::<doctor::Document>]),
    ("evaluate", &[schema::<evaluate::Document>]),
    (
        "export",
        &[schema::<export::Columns>, schema::<export::Summaries>],
    ),
    ("gc", &[schema::<gc::Document>]),
    ("import", &[schema::<import::Document>]),
    ("init", &[schema::<init::Document>]),
    ("log", &[schema::<log_document::Document>]),
    ("report", &[schema::<Page>]),
    ("repro", &[schema::<repro::Document>]),
    (
        "run",
        &[
            schema::<run::RunSummary>,
            schema::<run::DryRun<'_>>,
            schema::<run::Restored<'_>>,
        ],
    ),
    ("runs", &[schema::<tag::Runs>]),
    ("status", &[schema::<status::Document<'_>>]),
    ("tag", &[schema::<tag::Tagged<'_>>]),
    ("tags", &[schema::<tag::Tags>]),
    ("try", &[schema::<trying::Document>]),
    ("verify", &[schema::<verify::Document>]),
    ("why", &[schema::<why::Document>]),
];

/// Writes all of them into a folder.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    for (verb, makers) in DOCUMENTS {
        let text = serde_json::to_string_pretty(&of_verb(verb, makers))?;
        fs::write(folder.join(format!("{verb}.json")), format!("{text}\n"))?;
    }
    Ok(())
}

/// The schema of all that a verb prints.
fn of_verb(verb: &str, makers: &[Maker]) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let dialect = settings.meta_schema.clone();
    let mut generator = settings.into_generator();
    let error: Maker = schema::<fault::Failed<'_>>;
    let makers = makers.iter().chain([&error]);
    let any: Vec<Schema> = makers.map(|make| make(&mut generator)).collect();
    json!({
        "$schema": dialect,
        "title": format!("What `rerunoff {verb} --json` prints"),
        "anyOf": any,
        "$defs": generator.take_definitions(true),
    })
}

/// The schema of a document with its version.
fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    let version = json!({ "description": "The version of what is printed.", "const": VERSION });
    let object = schema.ensure_object();
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.insert("version".to_owned(), version);
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(required) = required {
        required.insert(0, json!("version"));
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_verb_with_documents_has_a_schema() {
        let command = Cli::command();
        let verbs = command.get_subcommands();
        let with_documents = verbs.filter(|verb| {
            let mut arguments = verb.get_arguments();
            arguments.any(|argument| argument.get_long() == Some("json"))
        });
        let with_documents: BTreeSet<&str> = with_documents.map(|verb| verb.get_name()).collect();
        let with_schemas: BTreeSet<&str> = DOCUMENTS.iter().map(|(verb, _)| *verb).collect();
        assert_eq!(with_documents, with_schemas);
    }
}
