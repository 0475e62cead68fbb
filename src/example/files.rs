//! New files only: whatever `rerunoff init` writes, it never overwrites.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Something is where a file is to be written.
#[derive(Debug, thiserror::Error)]
#[error("{} {fault}; choose another folder or move it away", path.display())]
pub struct InTheWay {
    path: PathBuf,
    fault: &'static str,
}

/// Fails, naming the first that is in the way, if any of `names` exists below `directory`, or a folder above one of them is none; a
/// dangling link exists, too.
pub(super) fn refuse_existing<'a>(
    directory: &Path,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), InTheWay> {
    for name in names {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok() {
            let fault = "exists and is not overwritten";
            return Err(InTheWay { path, fault });
        }
        let mut above = path.ancestors().skip(1);
        let above = above.find(|folder| folder.symlink_metadata().is_ok());
        if let Some(folder) = above.filter(|folder| !folder.is_dir()) {
            return Err(InTheWay {
                path: folder.to_owned(),
                fault: "is no folder",
            });
        }
    }
    Ok(())
}

/// Writes a file that must not exist yet, making the folders above it.
pub(super) fn write_new(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(content))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a symbolic link that must not exist yet, and the folders above it.
pub(super) fn link_new(path: &Path, target: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    std::os::unix::fs::symlink(target, path)
        .with_context(|| format!("cannot make the link {}", path.display()))
}
