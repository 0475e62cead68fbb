//! What was probably meant by words that the command line does not know, beside what clap proposes.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::help;
use crate::text::wording;

/// What others call a verb, and what it is here.
const ELSEWHERE: &[(&str, &[&str])] = &[
    (
        "run",
        &["all", "build", "exec", "make", "rerun", "start", "update"],
    ),
    (
        "status",
        &["info", "list", "ls", "outdated", "show", "state"],
    ),
    ("runs", &["history"]),
    ("why", &["explain", "reason"]),
    ("diff", &["compare", "changes"]),
    ("evaluate", &["calibrate", "eval", "sample"]),
    ("report", &["html", "map", "plot", "view"]),
    ("export", &["cat", "csv", "dump", "get"]),
    ("gc", &["clean", "prune", "purge", "remove"]),
    ("check", &["lint", "render", "validate"]),
    ("try", &["test"]),
    ("assemble", &["merge", "product", "write"]),
    ("cancel", &["abort", "kill", "stop"]),
    ("log", &["logs", "stderr", "stdout"]),
    ("repro", &["debug", "reproduce"]),
    ("doctor", &["fsck", "repair"]),
    ("init", &["create", "example", "new"]),
];

/// Adds to the error what was probably meant.
pub(super) fn add(error: &mut clap::Error) {
    match error.kind() {
        ErrorKind::InvalidSubcommand => add_verb(error),
        ErrorKind::UnknownArgument => add_option(error),
        _ => {}
    }
}

/// The verb that comes closest, or has this name elsewhere.
fn add_verb(error: &mut clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(_, names)| names.contains(&word.as_str()));
    let elsewhere = elsewhere.map(|(verb, _)| *verb);
    if let Some(verb) = elsewhere.or_else(|| wording::nearest(word, help::verbs())) {
        let verb = ContextValue::String(verb.to_owned());
        error.insert(ContextKind::SuggestedSubcommand, verb);
    }
}

/// The option that a bare value lacks: `k=0.013`, or an id.
fn add_option(error: &mut clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => return,
    };
    let verb = usage.split_whitespace().nth(2).unwrap_or_default();
    let takes = |option: &str| help::takes(verb, option);
    let is_value = word.contains('=') && !word.starts_with('-');
    let option = match word.starts_with(|c: char| c.is_ascii_digit()) {
        _ if is_value && takes("set") => "set",
        true if takes("only") => "only",
        _ => return,
    };
    let tip = StyledStr::from(format!("write '--{option} {word}'"));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
}
