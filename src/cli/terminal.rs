//! What verbs print: results on standard output, notes for people on standard error.

use std::io::{self, BufWriter, ErrorKind, Write, stderr, stdout};

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::document::Versioned;

/// Prints bytes; a reader that has seen enough (`| head`) is no error.
pub(super) fn print(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    printed(out.write_all(bytes).and_then(|()| out.flush()))
}

/// What came of writing to standard output; a reader that has gone is no error.
pub(super) fn printed(written: io::Result<()>) -> Result<()> {
    match written {
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

/// The same of a document with arrays of a million numbers: on one line, and written as it is made.
pub(super) fn print_long_document<T: Serialize + JsonSchema>(document: &T) -> Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    let written = serde_json::to_writer(&mut out, &Versioned::new(document));
    let written = written.map_err(io::Error::from);
    let written = written.and_then(|()| out.write_all(b"\n"));
    printed(written.and_then(|()| out.flush()))
}

/// Prints a line for people on standard error; if that is closed, the work goes on.
pub(super) fn say(line: &str) {
    writeln!(stderr(), "{line}").ok();
}
