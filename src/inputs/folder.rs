//! Catchments that are files or folders of the user's own: `gms/{id}.gms`, `decks/{id}`, `decks/{id}/file.cio`.
//!
//! Only names are looked at. What is in the files, and what a simulator does with them, is not known here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::catalog::natural_order;
use crate::data::catchment::CatchmentId;
use crate::text::wording::first_few;

/// What stands for the id in a pattern.
const ID: &str = "{id}";

/// Files or folders whose names have the ids of catchments in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchmentFolder {
    /// As the project file has it.
    pattern: String,
    /// The folder that is listed, an absolute path.
    folder: PathBuf,
    /// What comes before and after the id in a name there.
    around: [String; 2],
    /// What must be below what has such a name; it may have the id in it, too.
    below: String,
    /// Whether only folders count.
    only_folders: bool,
}

/// What a pattern means at present.
pub(crate) struct Listing {
    /// The catchments, in the order in which people number things.
    pub ids: Vec<CatchmentId>,
    /// The folders on whose content it depends.
    pub folders: Vec<PathBuf>,
    /// What would make another catchment if it were there.
    pub absent: Vec<PathBuf>,
}

impl CatchmentFolder {
    /// Reads a pattern; relative ones start at `root`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(root: &Path, pattern: &str) -> Result<Self, String> {
        let example =
            "write \"gms/{id}.gms\" for a folder of files, or \"decks/{id}\" for one of folders";
        let Some((before, after)) = pattern.split_once(ID) else {
            return Err(format!("{pattern:?} has no {{id}} in it; {example}"));
        };
        let others = pattern.replace(ID, "");
        if others.contains(['{', '}', '*', '?', '\0']) {
            return Err(format!(
                "{pattern:?} may have no other placeholder than {{id}}, and no `*` or `?`; {example}"
            ));
        }
        let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
        let folder = match before.starts_with('/') && folder.is_empty() {
            true => "/",
            false => folder,
        };
        let (suffix, below) = after.split_once('/').unwrap_or((after, ""));
        if suffix.contains(ID) {
            return Err(format!(
                "{pattern:?} has {{id}} twice in one name; {example}"
            ));
        }
        Ok(Self {
            pattern: pattern.to_owned(),
            folder: root.join(folder),
            around: [prefix.to_owned(), suffix.to_owned()],
            below: below.trim_end_matches('/').to_owned(),
            only_folders: pattern.ends_with('/'),
        })
    }

    /// Where the list of its catchments is in a frozen project, by the path that it would have in this one.
    pub(crate) fn list_of_its_catchments(&self, root: &Path) -> PathBuf {
        root.join(&self.pattern).join("catchments.json")
    }

    /// Looks which catchments there are.
    ///
    /// Hidden files are none, unless the pattern begins with a dot.
    ///
    /// # Errors
    /// If a folder can't be listed; if there is no catchment; if some are files and some folders, which the pattern does not
    /// tell apart.
    pub(crate) fn list(&self) -> anyhow::Result<Listing> {
        let about = || format!("{:?} under [input] can't be looked up", self.pattern);
        let mut listing = Listing {
            ids: Vec::new(),
            folders: vec![self.folder.clone()],
            absent: Vec::new(),
        };
        let mut found: [Vec<String>; 2] = Default::default();
        let items = fs::read_dir(&self.folder)
            .with_context(|| format!("{} can't be listed", self.folder.display()))
            .with_context(about)?;
        for item in items {
            let item = item.with_context(about)?;
            let name = item.file_name();
            let Some(name) = name.to_str() else {
                if self.below.is_empty() && self.around == ["", ""] {
                    bail!(
                        "{}: a name that is not UTF-8 can't be an id",
                        item.path().display()
                    );
                }
                continue;
            };
            let Some(id) = self.id_in(name) else {
                continue;
            };
            let path = match self.below.as_str() {
                "" => item.path(),
                below => {
                    let path = item.path().join(below.replace(ID, id));
                    if !path.exists() {
                        // A file beside the folders is none of them.
                        if item.path().is_dir() {
                            listing.absent.push(path);
                        }
                        continue;
                    }
                    listing.folders.extend(path.parent().map(Path::to_owned));
                    path
                }
            };
            let metadata = fs::metadata(&path);
            let metadata = metadata.with_context(|| format!("can't look at {}", path.display()))?;
            found[usize::from(metadata.is_dir())].push(id.to_owned());
        }
        let [files, folders] = found;
        let mut ids = match (files.is_empty(), folders.is_empty()) {
            _ if self.only_folders => folders,
            (false, false) => bail!(
                "{:?} under [input] means both files ({}) and folders ({}); end it with `/` for the folders, or with what the \
                 files' names end with",
                self.pattern,
                first_few(&files),
                first_few(&folders)
            ),
            (true, _) => folders,
            (false, true) => files,
        };
        if ids.is_empty() {
            bail!(
                "there is no catchment: nothing in {} is what {:?} under [input] means",
                self.folder.display(),
                self.pattern
            );
        }
        ids.sort_unstable_by(|a, b| natural_order(a, b));
        listing.ids.extend(ids.into_iter().map(CatchmentId::new));
        Ok(listing)
    }

    /// The id in a name of the folder, if the pattern means it.
    fn id_in<'n>(&self, name: &'n str) -> Option<&'n str> {
        let [prefix, suffix] = &self.around;
        let id = name
            .strip_prefix(prefix.as_str())?
            .strip_suffix(suffix.as_str())?;
        let is_hidden = prefix.is_empty() && id.starts_with('.');
        (!id.is_empty() && !is_hidden).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = root.path().join(name);
            match name.ends_with('/') {
                true => fs::create_dir_all(path).expect("a folder"),
                false => {
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    fs::write(path, "").expect("a file");
                }
            }
        }
        root
    }

    fn listed(root: &Path, pattern: &str) -> Result<String, String> {
        let folder = CatchmentFolder::new(root, pattern)?;
        let listing = folder.list().map_err(|error| format!("{error:#}"))?;
        let ids: Vec<&str> = listing.ids.iter().map(CatchmentId::as_str).collect();
        Ok(ids.join(" "))
    }

    #[test]
    fn files_and_folders_are_found_by_their_names() {
        let root = made(&[
            "gms/10.gms",
            "gms/9.gms",
            "gms/.gms",
            "gms/.10.gms",
            "gms/read.me",
            "decks/b/file.cio",
            "decks/a/file.cio",
            "decks/c/",
            "own/a/a.inp",
            "own/b/a.inp",
            "top_7.txt",
        ]);
        for (pattern, ids) in [
            ("gms/{id}.gms", "9 10"),
            ("gms/{id}0.gms", "1"),
            ("decks/{id}", "a b c"),
            ("decks/{id}/", "a b c"),
            ("decks/{id}/file.cio", "a b"),
            ("own/{id}/{id}.inp", "a"),
            ("top_{id}.txt", "7"),
            ("./gms//{id}.gms", "9 10"),
        ] {
            assert_eq!(
                listed(root.path(), pattern).as_deref(),
                Ok(ids),
                "{pattern}"
            );
        }
        let absolute = root.path().join("gms/{id}.gms").display().to_string();
        assert_eq!(listed(Path::new("/"), &absolute).as_deref(), Ok("9 10"));
    }

    #[test]
    fn what_can_be_meant_in_two_ways_is_refused() {
        let root = made(&["decks/a/", "decks/readme", "empty/"]);
        for (pattern, fault) in [
            ("decks/{id}", "end it with `/` for the folders"),
            ("empty/{id}", "there is no catchment"),
            ("gone/{id}", "gone/ can't be listed"),
            ("decks", "has no {id}"),
            ("{id}-{id}", "twice in one name"),
            ("decks/*/{id}", "no `*`"),
            ("{name}/{id}", "no other placeholder"),
        ] {
            let error = listed(root.path(), pattern).expect_err(pattern);
            let fault = fault.replace("gone/", &root.path().join("gone").display().to_string());
            assert!(error.contains(&fault), "{pattern}: {error}");
        }
        assert_eq!(listed(root.path(), "decks/{id}/").as_deref(), Ok("a"));
    }
}
