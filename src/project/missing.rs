//! The files that a project file names and that are not there, all of them.
//!
//! Reading a project stops at its first fault. Whoever starts from `rerunoff init` has several files to supply, and wants to be told
//! of all. Only plain names are looked up: patterns and placeholders are left to who reads the project.

use std::path::Path;

use toml::{Table, Value};

use super::error::SourceText;
use super::{PROJECT_FILE, ProjectError};
use crate::system::regular;

/// Where files are named; `*` stands for any name or number.
const NAMED: [&[&str]; 16] = [
    &["input", "file"],
    &["input", "file", "*"],
    &["parameters", "table", "*", "file"],
    &["simulator", "support", "*"],
    &["simulator", "support", "*", "file"],
    &["simulator", "reads", "*"],
    &["simulator", "writes", "*"],
    &["simulator", "system", "*"],
    &["simulator", "deck"],
    &["simulator", "input", "*", "template"],
    &["import", "table", "*", "file"],
    &["import", "series", "*", "file"],
    &["scenario", "*", "parameters", "table", "*", "file"],
    &["scenario", "*", "simulator", "input", "*", "template"],
    &["observations", "*", "file"],
    &["sweep", "*", "file"],
];

/// An error for each file that is not there. None if the project file can't be read at all.
pub fn missing_files(root: &Path) -> Vec<ProjectError> {
    let file = root.join(PROJECT_FILE);
    let Ok(text) = regular::read_to_string(&file) else {
        return Vec::new();
    };
    let Ok(table) = text.parse::<Table>() else {
        return Vec::new();
    };
    let source = SourceText::new(&file, &text);
    let imports = table.contains_key("import");
    let mut missing = Vec::new();
    let all = Value::Table(table);
    for fields in NAMED {
        // An import makes it.
        if imports && fields[0] == "input" {
            continue;
        }
        named(&all, fields, String::new(), &mut |field, name| {
            let path = root.join(name);
            let is_plain = !name.contains(['{', '*', '?', '[']);
            if is_plain && !path.exists() {
                let message = format!("there is no file {}", path.display());
                missing.push(source.error(&field, message));
            }
        });
    }
    missing
}

/// Calls `each` for every text at such a place, with its dotted path.
fn named(value: &Value, fields: &[&str], place: String, each: &mut dyn FnMut(String, &str)) {
    let below = |name: &str| match place.as_str() {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match (fields.split_first(), value) {
        (None, Value::String(name)) => each(place, name),
        (Some((&"*", rest)), Value::Table(table)) => {
            for (name, value) in table {
                named(value, rest, below(name), each);
            }
        }
        (Some((&"*", rest)), Value::Array(list)) => {
            for (at, value) in list.iter().enumerate() {
                named(value, rest, below(&at.to_string()), each);
            }
        }
        (Some((name, rest)), Value::Table(table)) => {
            if let Some(value) = table.get(*name) {
                named(value, rest, below(name), each);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_missing_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[input]\nfile = [\"a.h5\", \"rerunoff.toml\"]\n[simulator]\nsupport = [\"x\", \"y/{id}\", \"z*\", { file = \"w\", as = \"v\" }]\n\
                    reads = [\"/none\"]\n\
                    [[simulator.input]]\nfile = \"in\"\ntemplate = \"t.txt\"\n[sweep.k]\nfile = \"k.csv\"\n\
                    [scenario.a]\n[[scenario.a.parameters.table]]\nfile = \"rows.csv\"\n";
        std::fs::write(folder.path().join(PROJECT_FILE), text).expect("written");
        let missing = missing_files(folder.path());
        let told: Vec<&str> = (missing.iter())
            .map(|error| error.message.split(':').next().unwrap_or_default())
            .collect();
        let fields = [
            "input.file.0",
            "simulator.support.0",
            "simulator.support.3.file",
            "simulator.reads.0",
            "simulator.input.0.template",
            "scenario.a.parameters.table.0.file",
            "sweep.k.file",
        ];
        assert_eq!(told, fields);
        assert_eq!(missing[0].place, Some((2, 9)));
    }
}
