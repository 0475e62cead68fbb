//! What could be taken from the files that a run left: `[[simulator.output]]` tables ready to be pasted into a project file.
//!
//! Nothing is known of a file but what is in it, so each proposal is a guess, from the likeliest on; who asks tries which of them
//! reads the file. Nothing here is ever used without a person who has seen it.

mod dates;
mod netcdf;
mod rows;
mod table;

use std::path::Path;

use crate::project::product_spec::valid_name;
use crate::system::regular;

/// Tables longer than this are looked at up to here.
const MOST_BYTES: u64 = 4 << 20;

/// What is known of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The catchment's id.
    pub id: &'a str,
    /// How many time steps the project has, if it has any.
    pub steps: Option<usize>,
    /// The names of columns that are taken.
    pub taken: &'a [String],
}

/// The names of the columns in a proposal.
pub(crate) fn names(proposal: &str) -> Vec<String> {
    let Ok(table) = proposal.parse::<toml::Table>() else {
        return Vec::new();
    };
    let output = table.get("simulator").and_then(|it| it.get("output"));
    let columns = output.and_then(|it| it.get(0)?.get("columns")?.as_table());
    columns
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// A name for an axis of which the file says nothing: after the file's own.
fn axis_of(file: &str, axis: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    name_like(
        &format!("{}_{axis}", stem.to_string_lossy()),
        "",
        &mut Vec::new(),
    )
}

/// What could be said of the file with this name at this path, the likeliest first; nothing if it looks like no table.
pub(crate) fn of_file(name: &str, path: &Path, known: &Known<'_>) -> Vec<String> {
    if let Some(proposals) = netcdf::of_file(name, path, known) {
        return proposals;
    }
    let Ok(bytes) = regular::head(path, MOST_BYTES) else {
        return Vec::new();
    };
    if bytes.contains(&0) {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    match table::find(&text) {
        Some(found) => rows::proposals(name, &found, known),
        None => Vec::new(),
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text as a template that gives it, with the id of the catchment as what it is.
fn template(text: &str, id: &str) -> String {
    let text = text.replace('{', "{{").replace('}', "}}");
    // A short one may be in it by chance.
    match id.len() > 2 {
        true => text.replace(id, "{id}"),
        false => text,
    }
}

/// A name for a variable of the product, like this one and unlike those `taken`, which it is added to.
fn name_like(text: &str, id: &str, taken: &mut Vec<String>) -> String {
    let text = match id.len() > 2 {
        true => text.replace(id, ""),
        false => text.to_owned(),
    };
    let plain: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let mut name = plain.join("_");
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert(0, 'c');
    }
    if !valid_name(&name) {
        name.push_str("_out");
    }
    let mut unique = name.clone();
    let mut number = 2;
    while taken.contains(&unique) {
        unique = format!("{name}_{number}");
        number += 1;
    }
    taken.push(unique.clone());
    unique
}
