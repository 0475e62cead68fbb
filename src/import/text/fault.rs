//! What is wrong with a source, and where: file, line, column, what was found.

use std::fmt;
use std::path::{Path, PathBuf};

/// A fault in a text file.
#[derive(Debug)]
pub(crate) struct RowFault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, and the catchment or name at its head.
    pub column: Option<(usize, String)>,
    /// What was found there and what to do about it.
    pub message: String,
}

impl RowFault {
    /// A fault of a whole line.
    pub(crate) fn new(path: &Path, line: u64, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            column: None,
            message: message.into(),
        }
    }

    /// A fault of one cell; `column` counts from 0.
    pub(crate) fn cell(
        path: &Path,
        line: u64,
        column: usize,
        head: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            column: Some((column + 1, head.to_owned())),
            ..Self::new(path, line, message)
        }
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}", self.path.display(), self.line)?;
        match &self.column {
            Some((column, head)) if head.is_empty() => write!(f, ", column {column}")?,
            Some((column, head)) => {
                write!(f, ", column {column} ({})", head.escape_debug())?;
            }
            None => {}
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for RowFault {}

/// A cell as messages show it: Latin-1 where it is no UTF-8, control characters escaped, a long one cut.
pub(crate) fn shown(cell: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = decoded(cell);
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if text.chars().count() > LONGEST {
        "…"
    } else {
        ""
    };
    format!("\"{}{more}\"", cut.escape_debug())
}

/// Text of a source: UTF-8 if it is valid UTF-8, else Latin-1.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
