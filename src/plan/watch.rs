//! Support files as they were when their digests were taken, and whether they have changed since.
//!
//! What was hashed must be what is run, so they are checked before every start of a simulator and after every end. Simulators
//! may write to them, too, as they are links to the user's own: a file that has changed is the user's edit or the simulator's
//! work, and nobody can tell which.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::plan::support::{self, SupportFile};
use crate::project::Simulator;
use crate::system::regular;
use crate::system::stamp::Stamp;

/// Support files and the program.
#[derive(Default)]
pub struct Watch {
    files: Vec<Watched>,
}

struct Watched {
    file: SupportFile,
    /// Of content and executable bit, see [`SupportFile::digest`].
    digest: Digest,
    /// As of before the digest was taken, or of when the file was last found unchanged.
    stamp: Mutex<Stamp>,
}

impl Watch {
    /// Adds a file that had this stamp before its content was read.
    pub fn add(&mut self, file: &SupportFile, digest: Digest, stamp: Stamp) {
        self.files.push(Watched {
            file: file.clone(),
            digest,
            stamp: Mutex::new(stamp),
        });
    }

    /// All of them.
    pub fn files(&self) -> impl Iterator<Item = &SupportFile> {
        self.files.iter().map(|watched| &watched.file)
    }

    /// The first file that has changed. One whose stamp alone has changed is read again to find out.
    pub fn changed(&self) -> Option<&SupportFile> {
        let changed = self.files.iter().find(|watched| !watched.is_the_same());
        changed.map(|watched| &watched.file)
    }

    /// The files and folders that are new in support folders, by their paths as the simulator sees them; of a new folder only
    /// the folder itself.
    pub fn appeared(&self, simulator: &Simulator) -> Result<BTreeSet<String>> {
        let names = self.files.iter().map(|watched| watched.file.name.as_str());
        let items = simulator.support.iter().map(|item| item.name.as_str());
        let known: BTreeSet<&str> = names.flat_map(ancestors).chain(items).collect();
        let now = support::files(simulator)?;
        let new = now.iter().filter_map(|file| {
            let unknown = |name: &&str| !known.contains(name);
            ancestors(&file.name).find(unknown).map(str::to_owned)
        });
        Ok(new.collect())
    }
}

impl Watched {
    fn is_the_same(&self) -> bool {
        let path = &self.file.path;
        let began = SystemTime::now();
        let Ok(now) = Stamp::of(path) else {
            return false;
        };
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        if *stamp == now {
            return true;
        }
        let (Ok(content), Ok(found)) = (regular::digest(path), fs::metadata(path)) else {
            return false;
        };
        let executable = found.permissions().mode() & 0o111 != 0;
        if self.file.with_executable(executable).digest(&content) != self.digest {
            return false;
        }
        if now.is_older_than_clock_step(began) {
            *stamp = now;
        }
        true
    }
}

/// A path's folders from the outermost on, and the path itself.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.chain([path.len()]).map(|end| &path[..end])
}

/// The warning about files that appeared while simulators ran; `None` if none did.
pub(crate) fn warning(appeared: &BTreeSet<String>) -> Option<String> {
    const SHOWN: usize = 3;
    let first = appeared.first()?;
    let (others, were) = match appeared.len() - 1 {
        0 => (String::new(), "was"),
        1 => (" and another one".to_owned(), "were"),
        more => (format!(" and {more} others"), "were"),
    };
    let patterns: Vec<String> = (appeared.iter().take(SHOWN))
        .map(|name| format!("{name:?}"))
        .collect();
    let patterns = patterns.join(", ");
    Some(format!(
        "{first}{others} {were} not in the support folder when the run began. If the simulator writes there, exclude it \
         (`support_exclude = [{patterns}]` under [simulator], `*` stands for any text) or have the simulator write to its \
         work directory: else the next run takes it for a new support file, and runs everything again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_is_named_by_itself() {
        let path = "models/__pycache__/core.pyc";
        let all: Vec<&str> = ancestors(path).collect();
        assert_eq!(all, ["models", "models/__pycache__", path]);
        let warning = |names: &[&str]| {
            warning(&names.iter().map(|&name| name.to_owned()).collect()).unwrap_or_default()
        };
        assert_eq!(warning(&[]), "");
        assert!(warning(&["m/a"]).starts_with("m/a was not in"));
        let many = warning(&["m/a", "m/b", "m/c", "m/d"]);
        assert!(many.starts_with("m/a and 3 others were not in"), "{many}");
        assert!(many.contains(r#"["m/a", "m/b", "m/c"]"#), "{many}");
    }
}
