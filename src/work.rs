//! A work directory: where one catchment's simulator runs, and what is kept of it when it fails.
//!
//! Every worker has one, emptied and furnished anew for each run, so that no run sees another's files. Support files
//! are linked, never copied: copying an executable and starting it at once gives "text file busy" now and then.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::catchment::CatchmentId;
use crate::project::Simulator;
use crate::size::Size;

/// What the simulator prints goes to these files of its work directory.
pub const PRINTED: [&str; 2] = ["rerunoff.stdout", "rerunoff.stderr"];

/// How many failed catchments' work directories are kept.
const MOST_KEPT: usize = 100;

/// How many bytes are kept of what a failed simulator printed, and of a file that reached its limit.
const MOST_OF_A_FILE: u64 = 1_000_000;

/// The work directory of one worker.
pub struct WorkDirectory {
    path: PathBuf,
}

impl WorkDirectory {
    /// The work directory of this number below `folder`; made at the first use.
    pub fn new(folder: &Path, number: usize) -> Self {
        Self {
            path: folder.join(format!("worker-{number}")),
        }
    }

    /// The work directory at this path; made at the first use.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Empties it and furnishes it with the support files and folders.
    pub fn furnish(&self, simulator: &Simulator) -> Result<()> {
        remove(&self.path)?;
        let context = || format!("can't make the work directory {}", self.path.display());
        fs::create_dir_all(&self.path).with_context(context)?;
        for support in &simulator.support {
            symlink(&support.path, self.path.join(&support.name)).with_context(context)?;
        }
        for directory in &simulator.directories {
            fs::create_dir_all(self.path.join(directory)).with_context(context)?;
        }
        Ok(())
    }

    /// Writes one of the simulator's input files.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let context = || format!("can't write {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(context)?;
        }
        fs::write(&path, content).with_context(context)
    }

    /// The files that have grown to this size, sorted by name: where that is the limit of a file, those that hit it.
    pub fn files_of(&self, size: Size) -> Vec<String> {
        let mut found = Vec::new();
        find_files(&self.path, size.0, &mut found);
        let names = (found.iter()).filter_map(|path| path.strip_prefix(&self.path).ok());
        let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
        names.sort();
        names
    }

    /// Leaves the beginning of what was printed and of every file that has grown to this size.
    pub fn shorten(&self, size: Size) -> Result<()> {
        let mut long = PRINTED.map(|name| self.path.join(name)).to_vec();
        find_files(&self.path, size.0, &mut long);
        long.iter().try_for_each(|path| cut(path, MOST_OF_A_FILE))
    }
}

/// Adds the files of exactly this size, without following links, so that support files stay out.
fn find_files(folder: &Path, size: u64, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => find_files(&entry.path(), size, found),
            Ok(metadata) if metadata.is_file() && metadata.len() == size => {
                found.push(entry.path());
            }
            _ => {}
        }
    }
}

/// Leaves of a file at most so many bytes; a link or a pipe that the simulator put in its place is left alone.
fn cut(path: &Path, length: u64) -> Result<()> {
    let now = fs::symlink_metadata(path);
    if !now.is_ok_and(|now| now.is_file() && now.len() > length) {
        return Ok(());
    }
    let file = File::options().write(true).open(path);
    file.and_then(|file| file.set_len(length))
        .with_context(|| format!("can't shorten {}", path.display()))
}

/// The work directories kept of failed catchments, `cache/failed/<id>`.
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Those below `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where a catchment's work directory is kept.
    pub fn path(&self, id: &CatchmentId) -> PathBuf {
        self.folder.join(id.file_name())
    }

    /// Keeps a work directory as the evidence of this catchment's failure, in place of an earlier one.
    pub fn keep(&self, work: &WorkDirectory, id: &CatchmentId) -> Result<()> {
        let path = self.path(id);
        remove(&path)?;
        let context = || format!("can't keep the work directory as {}", path.display());
        fs::create_dir_all(&self.folder).with_context(context)?;
        match fs::rename(work.path(), &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.with_context(context),
        }
    }

    /// Lets go of a catchment's evidence, as it failed no more.
    pub fn release(&self, id: &CatchmentId) -> Result<()> {
        remove(&self.path(id))
    }

    /// Removes the oldest ones beyond the number that is kept.
    pub fn prune(&self) -> Result<()> {
        let mut kept: Vec<(SystemTime, PathBuf)> = match fs::read_dir(&self.folder) {
            Ok(entries) => entries
                .filter_map(|entry| entry.ok())
                .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
                .collect(),
            Err(_) => return Ok(()),
        };
        kept.sort();
        let surplus = kept.len().saturating_sub(MOST_KEPT);
        kept.iter()
            .take(surplus)
            .try_for_each(|(_, path)| remove(path))
    }
}

/// Removes a folder and all in it; one that is not there is fine.
///
/// A simulator may take its own permission to write away from a folder; that is given back first.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => make_writable(path)
            .and_then(|()| fs::remove_dir_all(path))
            .with_context(|| format!("can't remove {}", path.display())),
        Err(error) => Err(error).with_context(|| format!("can't remove {}", path.display())),
    }
}

fn make_writable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        make_writable(&entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_write_permission_is_removed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).expect("made");
        fs::write(inner.join("file"), "x").expect("written");
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o500)).expect("set");
        remove(&folder.path().join("a")).expect("removed");
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn evidence_is_kept_replaced_and_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::new(folder.path().join("failed"));
        let work = WorkDirectory::new(folder.path(), 0);
        for i in 0..MOST_KEPT + 5 {
            fs::create_dir_all(work.path()).expect("made");
            work.write("inner/out.txt", i.to_string().as_bytes())
                .expect("written");
            kept.keep(&work, &CatchmentId::new(format!("../{i}")))
                .expect("kept");
            assert!(!work.path().exists());
        }
        kept.prune().expect("pruned");
        assert_eq!(
            fs::read_dir(folder.path().join("failed"))
                .expect("a folder")
                .count(),
            MOST_KEPT
        );
        let last = CatchmentId::new(format!("../{}", MOST_KEPT + 4));
        assert!(kept.path(&last).join("inner/out.txt").exists());
        kept.release(&last).expect("released");
        assert!(!kept.path(&last).exists());
    }
}
