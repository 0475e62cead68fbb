//! New files only: whatever `rerunoff init` writes, it never overwrites.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};

/// Fails, naming the first file, if any of `names` exists below `directory`; a dangling link exists, too.
pub(super) fn refuse_existing<'a>(
    directory: &Path,
    names: impl IntoIterator<Item = &'a str>,
) -> anyhow::Result<()> {
    for name in names {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok() {
            bail!(
                "{} exists and is not overwritten; choose another folder or move it away",
                path.display()
            );
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
