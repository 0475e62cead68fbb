//! A folder that the user names for something new: nothing of what is there already is ever written over.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::exit::Usage;

/// The absolute path of a folder that is not there yet, or empty.
pub(super) fn new_folder(path: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(path)?;
    let holds = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if holds || folder.is_file() {
        let path = folder.display();
        return Err(Usage(format!("{path} is not empty; name a new folder")).into());
    }
    Ok(folder)
}
