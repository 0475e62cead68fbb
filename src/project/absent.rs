//! What is said where there is no project: what is there instead, and what to do.

use std::io::ErrorKind;
use std::path::Path;

use super::PROJECT_FILE;
use crate::text::shell;

/// Why a folder's project file can't be read, and what to do.
pub(super) fn reason(root: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if !root.exists() => {
            "there is no such folder; `-C DIR` names that of the project".to_owned()
        }
        ErrorKind::NotADirectory => {
            let place = root.display();
            format!("{place} is no folder; `-C DIR` names that of the project")
        }
        ErrorKind::NotFound => {
            let above = root.ancestors().skip(1);
            let above = above.filter(|folder| folder.join(PROJECT_FILE).is_file());
            match above.map(shell::word).next() {
                Some(above) => {
                    format!("there is no project file here, but one above: `-C {above}` takes that")
                }
                None => "there is no project file here; `rerunoff init` writes one, `rerunoff init --example` one to try things on, \
                     `-C DIR` looks elsewhere"
                    .to_owned(),
            }
        }
        _ => format!("can't be read: {error}"),
    }
}
