//! The simulator's executable and support files: what they are made of.
//!
//! A folder counts with every file in it, by path below the folder, content and executable bit; never by time stamps
//! or by where it is. Links are followed: the simulator sees what they lead to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::digest::Digest;
use crate::project::Support;
use crate::regular;

/// How deep a support folder may be nested; deeper ones are taken for a circle of links.
const DEEPEST: usize = 64;

/// One file that the simulator gets.
#[derive(Clone)]
pub struct SupportFile {
    /// Its path in the work directory, with `/`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it may be executed.
    pub executable: bool,
}

impl SupportFile {
    /// The same file with or without the permission.
    pub fn with_executable(&self, executable: bool) -> Self {
        Self {
            executable,
            ..self.clone()
        }
    }

    /// What the key has of the file, given the digest of its content.
    pub fn mark(&self, content: &Digest) -> Digest {
        let kind: &[u8] = if self.executable { b"x" } else { b"-" };
        Digest::of(&[kind, content.as_bytes()].concat())
    }
}

/// All files of the support files and folders, sorted by name within each.
pub fn files(support: &[Support]) -> Result<Vec<SupportFile>> {
    Ok(walked(support)?.0)
}

/// The same, and all the folders gone through.
pub fn walked(support: &[Support]) -> Result<(Vec<SupportFile>, Vec<PathBuf>)> {
    let mut found = (Vec::new(), Vec::new());
    for item in support {
        walk(&item.path, &item.name, 0, &mut found)?;
    }
    Ok(found)
}

/// A single program as a support file, for a command that names one outside of the work directory.
pub fn program(name: &str, path: PathBuf) -> Result<SupportFile> {
    let metadata = fs::metadata(&path)
        .with_context(|| format!("can't read the program {}", path.display()))?;
    let executable = metadata.permissions().mode() & 0o111 != 0;
    Ok(SupportFile {
        name: name.to_owned(),
        path,
        executable,
    })
}

fn walk(
    path: &Path,
    name: &str,
    depth: usize,
    found: &mut (Vec<SupportFile>, Vec<PathBuf>),
) -> Result<()> {
    let context = || format!("can't read the support file {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    if !metadata.is_dir() {
        regular::require(metadata.file_type()).with_context(context)?;
        let executable = metadata.permissions().mode() & 0o111 != 0;
        found.0.push(SupportFile {
            name: name.to_owned(),
            path: path.to_owned(),
            executable,
        });
        return Ok(());
    }
    if depth > DEEPEST {
        bail!(
            "the support folder {} is nested too deeply; is there a circle of links in it?",
            path.display()
        );
    }
    let mut entries = fs::read_dir(path)
        .with_context(context)?
        .collect::<Result<Vec<_>, _>>()
        .with_context(context)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(inner) = entry.file_name().into_string() else {
            bail!(
                "{}: the file's name is not UTF-8; rename it",
                entry.path().display()
            );
        };
        walk(&entry.path(), &format!("{name}/{inner}"), depth + 1, found)?;
    }
    found.1.push(path.to_owned());
    Ok(())
}
