//! A deck: a folder whose contents are laid out at the top of a work directory, as copies.
//!
//! Here is what is in it, and what of that counts: all files by path, content and executable bit, and the folders that are empty. Links
//! are followed. What the simulator gets from elsewhere, or is to leave itself, is no part of a deck, nor is what the project
//! excludes: a file that lies there from an earlier run must never be taken for this run's. Copies are made by
//! [`crate::execute`].

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::data::digest::Digest;
use crate::data::value::Value;
use crate::language::template::Template;
use crate::plan::file_digests::FileDigests;
use crate::plan::key::KeyPart;
use crate::plan::support::SupportFile;
use crate::project::exclusion::Exclusion;
use crate::project::{DeckPlace, Simulator, plain_name};
use crate::system::regular;
use crate::system::stamp::Stamp;

/// What is in a deck.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The files, sorted by path within each folder.
    pub files: Vec<SupportFile>,
    /// The folders below it by path, each after the one that it is in.
    pub folders: Vec<String>,
    /// Those of them that are to be made although nothing is in them.
    empty: Vec<String>,
    /// Every folder that was looked into, where it is.
    pub walked: Vec<PathBuf>,
}

/// What is in a deck, with its digests.
#[derive(Debug, Default)]
pub struct Deck {
    /// The files, sorted by path within each folder.
    pub files: Vec<DeckFile>,
    /// The folders below it by path, each after the one that it is in.
    pub folders: Vec<String>,
    empty: Vec<String>,
    /// The names of all files, gathered when they are first asked for: each catchment with links of its own does so.
    names: OnceLock<HashSet<String>>,
}

/// A file of a deck as it was when its digest was taken.
#[derive(Debug)]
pub struct DeckFile {
    /// The file; its name is its path in the work directory.
    pub file: SupportFile,
    /// Of its content.
    pub content: Digest,
    /// From before it was read.
    pub stamp: Stamp,
}

/// What in a deck's folder is no part of the deck.
pub(crate) struct LeftOut<'a> {
    names: BTreeSet<String>,
    patterns: &'a [Exclusion],
}

impl<'a> LeftOut<'a> {
    /// What the simulator gets otherwise or leaves itself, `left` by path, and what is excluded.
    pub(crate) fn new<'p>(
        simulator: &Simulator,
        patterns: &'a [Exclusion],
        left: impl IntoIterator<Item = &'p Path>,
    ) -> Self {
        let mut names: BTreeSet<String> = left.into_iter().map(plain_name).collect();
        let inputs = simulator.inputs.iter();
        names.extend(inputs.map(|input| plain_name(Path::new(&input.name))));
        Self { names, patterns }
    }

    /// Only what is excluded.
    pub(crate) fn only(patterns: &'a [Exclusion]) -> Self {
        let names = BTreeSet::new();
        Self { names, patterns }
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(name) || self.patterns.iter().any(|pattern| pattern.covers(name))
    }
}

/// What is in the deck that is the same for all catchments, if there is one.
///
/// # Errors
/// Those of [`Listing::of`].
pub(crate) fn listing(simulator: &Simulator) -> Result<Option<Listing>> {
    let Some(deck) = &simulator.deck else {
        return Ok(None);
    };
    let DeckPlace::Common(path) = &deck.place else {
        return Ok(None);
    };
    let outputs = simulator.outputs.iter().map(|output| &output.file);
    let required = simulator.require.iter().map(|required| &required.file);
    let left = outputs.chain(required).filter_map(literal);
    let left: Vec<PathBuf> = left.collect();
    let left_out = LeftOut::new(simulator, &deck.exclude, left.iter().map(PathBuf::as_path));
    Ok(Some(Listing::of(path, &left_out)?))
}

/// The text of a template without placeholders.
fn literal(template: &Template) -> Option<PathBuf> {
    let mut text = Vec::new();
    let nothing: BTreeMap<String, Value> = BTreeMap::new();
    template.render(&nothing, &mut text).ok()?;
    Some(String::from_utf8(text).ok()?.into())
}

impl Listing {
    /// What is in the deck at `root`.
    ///
    /// # Errors
    /// If something in it can't be read, is neither file nor folder, or a link leads back to a folder around it.
    pub(crate) fn of(root: &Path, left_out: &LeftOut<'_>) -> Result<Self> {
        let mut found = Self::default();
        let context = || format!("can't read the deck {}", root.display());
        let place = fs::metadata(root).with_context(context)?;
        if !place.is_dir() {
            bail!(
                "the deck {} is no folder; one file goes into `support` or `[[simulator.input]]`",
                root.display()
            );
        }
        found.walk(root, "", &mut vec![(place.dev(), place.ino())], left_out)?;
        Ok(found)
    }

    fn walk(
        &mut self,
        folder: &Path,
        prefix: &str,
        above: &mut Vec<(u64, u64)>,
        left_out: &LeftOut<'_>,
    ) -> Result<()> {
        let context = || format!("can't read the deck's folder {}", folder.display());
        self.walked.push(folder.to_owned());
        let entries = fs::read_dir(folder).with_context(context)?;
        let mut entries = (entries.collect::<Result<Vec<_>, _>>()).with_context(context)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                bail!(
                    "{}: the file's name is not UTF-8; rename it",
                    path.display()
                );
            };
            let name = format!("{prefix}{name}");
            if left_out.has(&name) {
                continue;
            }
            let context = || format!("can't read {} in the deck", path.display());
            let found = fs::metadata(&path).with_context(context)?;
            if !found.is_dir() {
                regular::require(found.file_type()).with_context(context)?;
                let executable = found.permissions().mode() & 0o111 != 0;
                self.files.push(SupportFile {
                    name,
                    path,
                    executable,
                });
                continue;
            }
            let place = (found.dev(), found.ino());
            if above.contains(&place) {
                bail!(
                    "a link leads from {} back to a folder around it; take it out of the deck, or name it in `deck_exclude`",
                    path.display()
                );
            }
            let before = (self.files.len(), self.folders.len());
            self.folders.push(name.clone());
            above.push(place);
            self.walk(&path, &format!("{name}/"), above, left_out)?;
            above.pop();
            if before == (self.files.len(), self.folders.len() - 1) {
                self.empty.push(name);
            }
        }
        Ok(())
    }
}

impl Deck {
    /// The same with the digests of all files.
    ///
    /// # Errors
    /// If one can't be read.
    pub(crate) fn digested(listing: Listing, digests: &FileDigests) -> Result<Self> {
        let digested = |file: SupportFile| -> Result<DeckFile> {
            let context = || format!("can't read {} in the deck", file.path.display());
            let (content, stamp) = digests.get(&file.path).with_context(context)?;
            Ok(DeckFile {
                file,
                content,
                stamp,
            })
        };
        Ok(Self {
            files: (listing.files.into_iter().map(digested)).collect::<Result<_>>()?,
            folders: listing.folders,
            empty: listing.empty,
            names: OnceLock::new(),
        })
    }

    /// What of it determines results, by name.
    pub(crate) fn parts(&self) -> Vec<(KeyPart, Digest)> {
        let files = self
            .files
            .iter()
            .map(|DeckFile { file, content, .. }| (file.part(), file.digest(content)));
        let empty = self.empty.iter();
        let empty = empty.map(|name| (KeyPart::Support(format!("{name}/")), Digest::of(b"/")));
        files.chain(empty).collect()
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.stamp.size()).sum()
    }

    /// The first of these names, of what is linked into the work directory, at which the deck has something, or would have to have a
    /// folder where it has a file.
    pub(crate) fn clash<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        let files = self.names.get_or_init(|| {
            let names = self.files.iter().map(|file| file.file.name.clone());
            names.collect()
        });
        names.into_iter().find(|name| {
            let mut around = name.match_indices('/').map(|(at, _)| &name[..at]);
            files.contains(*name)
                || self.folders.iter().any(|folder| folder == name)
                || around.any(|folder| files.contains(folder))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, name).expect("written");
        }
    }

    fn left_out<'a>(names: &[&str], patterns: &'a [Exclusion]) -> LeftOut<'a> {
        LeftOut {
            names: names
                .iter()
                .map(|name| plain_name(Path::new(name)))
                .collect(),
            patterns,
        }
    }

    #[test]
    fn links_are_followed_and_what_is_made_otherwise_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let (deck, other) = (folder.path().join("deck"), folder.path().join("other"));
        write(
            &deck,
            &["a.inp", "b/c.dat", "b/run.out", "out.txt", "made.inp"],
        );
        write(&other, &["x/y"]);
        fs::create_dir_all(deck.join("empty/inner")).expect("made");
        fs::create_dir(deck.join("results")).expect("made");
        write(&deck, &["results/r.out"]);
        symlink("../other", deck.join("link")).expect("linked");
        symlink("b/c.dat", deck.join("z")).expect("linked");
        let patterns = [Exclusion::new("*.out").expect("a pattern")];
        let found = Listing::of(&deck, &left_out(&["./out.txt", "made.inp"], &patterns));
        let found = found.expect("listed");
        let names: Vec<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.inp", "b/c.dat", "link/x/y", "z"]);
        let folders = ["b", "empty", "empty/inner", "link", "link/x", "results"];
        assert_eq!(found.folders, folders);
        assert_eq!(found.empty, ["empty/inner", "results"]);
        assert_eq!(found.walked.len(), 7);
    }

    #[test]
    fn a_circle_and_what_is_no_file_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let deck = folder.path().join("deck");
        write(&deck, &["a/b/c"]);
        symlink("..", deck.join("a/b/up")).expect("linked");
        let said = |patterns: &[&str]| {
            let patterns = patterns.iter().map(|text| Exclusion::new(text));
            let patterns: Vec<Exclusion> = patterns.collect::<Result<_, _>>().expect("patterns");
            let found = Listing::of(&deck, &left_out(&[], &patterns));
            found.map_err(|error| format!("{error:#}")).map(|_| ())
        };
        assert!(said(&[]).expect_err("a circle").contains("a/b/up back to"));
        said(&["up"]).expect("left out");
        symlink("/dev/null", deck.join("null")).expect("linked");
        assert!(said(&["up"]).expect_err("a device").contains("is a device"));
        fs::remove_file(deck.join("null")).expect("removed");
        symlink("nowhere", deck.join("lost")).expect("linked");
        assert!(said(&["up"]).expect_err("lost").contains("deck/lost"));
        assert!(said(&["up", "lost"]).is_ok());
    }
}
