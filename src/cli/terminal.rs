//! What verbs print: results on standard output, notes for people on standard error.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::document::Versioned;

/// Prints bytes; a reader that has seen enough (`| head`) is no error.
pub(super) fn print(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("can't write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints a JSON document with its version; a reader that has gone is no error. What is printed has its schema in [`super::schemas`].
pub(super) fn print_document<T: Serialize + JsonSchema>(document: &T) -> Result<()> {
    let text =
        serde_json::to_string_pretty(&Versioned::new(document)).context("can't put it as JSON")?;
    print(format!("{text}\n").as_bytes())
}

/// Prints a line for people on standard error; if that is closed, the work goes on.
pub(super) fn say(line: &str) {
    writeln!(stderr(), "{line}").ok();
}
