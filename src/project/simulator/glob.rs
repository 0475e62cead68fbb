//! Patterns in `support`: `lib/*.dat` stands for all files of that name, as in a shell.
//!
//! `*` and `?` stand for text and a character within a name, `[ab]` for one of these, `**` for any folders; names that begin with a dot
//! are matched by a dot alone. What really bears such a name is taken as it is.

use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::super::build::ProjectBuilder;
use super::super::{ProjectError, Support};
use crate::project::exclusion::Exclusion;
use crate::project::places::Places;
use crate::store::cache_folder::CACHE;

/// As shells do it.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// What a pattern stands for at present.
pub(super) struct Matched {
    /// The files and folders, by name.
    pub support: Vec<Support>,
    /// The folders in which another one may appear.
    pub listed: Vec<PathBuf>,
}

impl ProjectBuilder<'_> {
    /// What a path with wildcards stands for; `None` where it has none, or is the name of something.
    pub(super) fn matched(
        &self,
        field: &str,
        path: &str,
        exclude: &[Exclusion],
    ) -> Result<Option<Matched>, ProjectError> {
        if !path.contains(['*', '?', '[']) || self.is_there(path) {
            return Ok(None);
        }
        let fault = |message: String| self.source.error(field, message);
        if path.contains(['{', '}']) {
            let rule = "has wildcards and placeholders; name the folder, or each file";
            return Err(fault(format!("{path:?} {rule}")));
        }
        let whole = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", Pattern::escape(&self.root.to_string_lossy())),
        };
        let pattern = Pattern::new(&whole);
        let pattern = pattern.map_err(|error| fault(format!("{path:?}: {error}")))?;
        let (found, listed) = match self.places {
            Places::Frozen(frozen) => {
                let is_it = |path: &&PathBuf| pattern.matches_path_with(path, OPTIONS);
                let found = frozen.files.keys().filter(is_it).cloned().collect();
                (found, Vec::new())
            }
            Places::AsNamed => {
                let found = list(&whole).map_err(|error| fault(format!("{path:?}: {error}")))?;
                (found, folders(&whole))
            }
        };
        let mut support = Vec::new();
        for found in found {
            let Some(name) = found.file_name().and_then(|name| name.to_str()) else {
                let rule = "has a name that is not UTF-8; rename it";
                return Err(fault(format!("{} {rule}", found.display())));
            };
            if exclude.iter().any(|pattern| pattern.covers(name)) {
                continue;
            }
            if found == self.root.join(CACHE) {
                let rule = "matches rerunoff's own cache; put the simulator's files into a folder of their own";
                return Err(fault(format!("{path:?} {rule}")));
            }
            support.push(Support {
                name: name.to_owned(),
                path: self.places.of(found),
            });
        }
        if support.is_empty() {
            let rule = "matches nothing; `deck = \"FOLDER\"` lays out all of a folder";
            return Err(fault(format!("{path:?} {rule}")));
        }
        support.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(Matched { support, listed }))
    }
}

/// What a pattern matches, sorted.
fn list(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let paths = glob::glob_with(pattern, OPTIONS).map_err(|error| error.to_string())?;
    let paths = paths.collect::<Result<Vec<_>, _>>();
    paths.map_err(|error| error.to_string())
}

/// The folders whose content decides what a pattern matches.
fn folders(pattern: &str) -> Vec<PathBuf> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let has_wildcard = |part: &&str| part.contains(['*', '?', '[']);
    // What is escaped has brackets, too; a folder more does no harm.
    let first = parts.iter().position(has_wildcard);
    let ends = first.unwrap_or(parts.len())..parts.len();
    let mut found = Vec::new();
    for end in ends {
        let above = parts[..end].join("/");
        let folders = match above.is_empty() {
            true => vec![PathBuf::from("/")],
            false => list(&above).unwrap_or_default(),
        };
        let is_folder = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_dir());
        found.extend(folders.into_iter().filter(|path| is_folder(path)));
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_in_which_another_match_may_appear() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/x", "a/y/deep", "b"] {
            fs::create_dir_all(folder.path().join(name)).expect("made");
        }
        let of = |pattern: &str| {
            let root = Pattern::escape(&folder.path().to_string_lossy());
            let found = folders(&format!("{root}/{pattern}")).into_iter();
            let below = found.map(|path| {
                let below = path.strip_prefix(folder.path()).expect("below");
                below.to_string_lossy().into_owned()
            });
            below.collect::<Vec<_>>()
        };
        assert_eq!(of("a/*.dat"), ["a"]);
        assert_eq!(of("a/*/b.dat"), ["a", "a/x", "a/y"]);
        assert_eq!(of("a/**/*.dat"), ["a", "a/x", "a/y", "a/y/deep"]);
        assert_eq!(of("*"), [""]);
    }
}
