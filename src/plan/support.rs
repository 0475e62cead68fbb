//! The files that the simulator is given as they are: its program, support files and support folders.
//!
//! A folder counts with every file in it, by path below the folder, content and executable bit; never by time stamps
//! or by its location. Links are followed: the simulator sees what they point to. What the project excludes is not looked at; the
//! simulator sees it all the same, as the folder is linked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::data::digest::Digest;
use crate::plan::key::KeyPart;
use crate::project::Simulator;
use crate::project::exclusion::Exclusion;
use crate::system::regular;

/// How deep a support folder may be nested; beyond that, a circle of links is assumed.
const DEEPEST: usize = 64;

/// One file that the simulator gets.
#[derive(Clone, Debug)]
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

    /// Its part in the key.
    pub(crate) fn part(&self) -> KeyPart {
        KeyPart::Support(self.name.clone())
    }

    /// Whether it came with a support folder, so that a pattern can leave it out.
    pub fn is_in_folder(&self) -> bool {
        self.name.contains('/') && !self.name.starts_with('/')
    }

    /// The file's digest in the key: of its content's digest and its executable bit.
    pub fn digest(&self, content: &Digest) -> Digest {
        let kind: &[u8] = if self.executable { b"x" } else { b"-" };
        Digest::of(&[kind, content.as_bytes()].concat())
    }
}

/// All support files, with those in support folders; sorted by name within each folder.
pub(crate) fn files(simulator: &Simulator) -> Result<Vec<SupportFile>> {
    Ok(walked(simulator)?.0)
}

/// The same, and all folders that were walked.
pub(crate) fn walked(simulator: &Simulator) -> Result<(Vec<SupportFile>, Vec<PathBuf>)> {
    let mut found = (Vec::new(), Vec::new());
    for item in &simulator.support {
        walk(
            &item.path,
            &item.name,
            &simulator.support_exclude,
            &mut found,
        )?;
    }
    Ok(found)
}

/// Adds the files at and below `path`, which `name` stands for, and the folders.
pub(crate) fn walk(
    path: &Path,
    name: &str,
    exclude: &[Exclusion],
    found: &mut (Vec<SupportFile>, Vec<PathBuf>),
) -> Result<()> {
    descend(path, name, 0, exclude, found)
}

/// A single program as a support file, for a command that names one outside of the work directory.
pub(crate) fn program(name: &str, path: PathBuf) -> Result<SupportFile> {
    let metadata = fs::metadata(&path)
        .with_context(|| format!("can't read the program {}", path.display()))?;
    let executable = metadata.permissions().mode() & 0o111 != 0;
    Ok(SupportFile {
        name: name.to_owned(),
        path,
        executable,
    })
}

fn descend(
    path: &Path,
    name: &str,
    depth: usize,
    exclude: &[Exclusion],
    found: &mut (Vec<SupportFile>, Vec<PathBuf>),
) -> Result<()> {
    let context = || format!("can't read {}", path.display());
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
            "the folder {} is nested too deeply; is there a circle of links in it?",
            path.display()
        );
    }
    let mut entries = fs::read_dir(path)
        .with_context(context)?
        .collect::<Result<Vec<_>, _>>()
        .with_context(context)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
        if exclude.iter().any(|pattern| pattern.covers(&inner)) {
            continue;
        }
        let Ok(inner) = entry.file_name().into_string() else {
            bail!(
                "{}: the file's name is not UTF-8; rename it",
                entry.path().display()
            );
        };
        descend(
            &entry.path(),
            &format!("{name}/{inner}"),
            depth + 1,
            exclude,
            found,
        )?;
    }
    found.1.push(path.to_owned());
    Ok(())
}
