//! Follows the links of an HDF5 file, and finds the files that names in it refer to.
//!
//! HDF5 itself follows all of them silently. So whatever is about to be read is followed here first: every file on the way
//! is noted in [`Linked`] before it is opened, and one that is not there is an error that names it. What lies at the end,
//! and where its values are, is looked at in [`sources`].
//!
//! Sources: the HDF5 1.14 reference manual on `H5Lcreate_external`, `H5Pset_virtual_prefix` and `H5Pset_efile_prefix`, and
//! `H5F_prefix_open_file` in the library for the order in which it looks.

pub(crate) mod linked;
pub(crate) mod pointers;
pub(crate) mod sources;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hdf5::{File, LinkInfo, LinkType};

use crate::inputs::hdf;
use crate::inputs::links::linked::{EXTERNAL_LINKS, Linked, RAW_DATA, VIRTUAL_SOURCES};
use crate::inputs::links::pointers::Link;

/// How many links may lead from one to the next: as many as HDF5 follows.
const MOST_LINKS: usize = 16;

/// An object's place.
pub(crate) struct LinkPlace {
    /// The open file.
    pub file: File,
    /// Its path, absolute.
    pub path: PathBuf,
    /// The object's path in it, from the root.
    pub object: String,
}

/// How far the look at a dataset with values in other files has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    /// Its sources are being looked at.
    UnderWay,
    /// All that it needs is there.
    Sound,
}

/// What is followed so far of one input file.
#[derive(Debug)]
pub(crate) struct Links {
    file: File,
    pub(crate) path: PathBuf,
    pub(crate) linked: Linked,
    /// Datasets that have been looked at, by file and path: a virtual dataset may be made of thousands of pieces of one.
    pub(crate) seen: HashMap<(PathBuf, String), Seen>,
}

impl Links {
    /// Nothing yet of this file, which is open.
    pub(super) fn new(file: &File, path: &Path) -> Self {
        Self {
            file: file.clone(),
            path: path.to_owned(),
            linked: Linked::default(),
            seen: HashMap::new(),
        }
    }

    /// The further files that were found so far.
    pub(super) fn linked(&self) -> &Linked {
        &self.linked
    }

    /// The names at the root of the file, all of which lead somewhere.
    pub(super) fn members(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut pointing = Vec::new();
        let visit = |name: &str, info: LinkInfo| {
            names.push(name.to_owned());
            if info.link_type != LinkType::Hard {
                pointing.push(name.to_owned());
            }
            Ok(())
        };
        (self.file.iter_visit_default(visit))
            .with_context(|| format!("{}: the root group can't be listed", self.path.display()))?;
        pointing.iter().try_for_each(|name| self.object(name))?;
        Ok(names)
    }

    /// Follows the links to an object, a path from the root; an error if they lead nowhere.
    pub(super) fn object(&mut self, object: &str) -> Result<()> {
        let place = LinkPlace {
            file: self.file.clone(),
            path: self.path.clone(),
            object: object.to_owned(),
        };
        self.follow(place)
            .with_context(|| format!("{}: `{object}` can't be read", self.path.display()))?;
        Ok(())
    }

    /// Whether there is a table in a group at the root; follows the links to it.
    pub(super) fn table(&mut self, group: &str, table: &str) -> Result<bool> {
        let object = format!("{group}/{table}");
        match pointers::link(&self.file, &object) {
            Err(_) => Ok(false),
            Ok(Link::Hard) => Ok(true),
            Ok(_) => self.object(&object).map(|()| true),
        }
    }

    /// Where an object really is.
    pub(crate) fn follow(&mut self, place: LinkPlace) -> Result<LinkPlace> {
        let steps = |path: &str| -> Vec<String> {
            let steps = path.split('/').rev();
            let steps = steps.filter(|step| !matches!(*step, "" | "."));
            steps.map(str::to_owned).collect()
        };
        let mut left = steps(&place.object);
        let mut here = LinkPlace {
            object: String::new(),
            ..place
        };
        let mut links = 0;
        while let Some(step) = left.pop() {
            let at = format!("{}/{step}", here.object);
            let Ok(link) = pointers::link(&here.file, &at) else {
                bail!("there is no `{at}` in {}", here.path.display());
            };
            links += usize::from(link != Link::Hard);
            if links > MOST_LINKS {
                bail!(
                    "there are more than {MOST_LINKS} links on the way; they may lead in a circle"
                );
            }
            match link {
                Link::Hard => here.object = at,
                Link::Soft(target) => {
                    if target.starts_with('/') {
                        here.object.clear();
                    }
                    left.extend(steps(&target));
                }
                Link::External { file, object } => {
                    let path = self
                        .find(EXTERNAL_LINKS, &file, &here.path)
                        .with_context(|| {
                            format!("`{at}` in {} is a link to `{object}`", here.path.display())
                        })?;
                    let file = hdf::open(&path)?;
                    here = LinkPlace {
                        file,
                        path,
                        object: String::new(),
                    };
                    left.extend(steps(&object));
                }
                Link::Foreign => bail!(
                    "`{at}` in {} is a link of a kind that HDF5 does not know",
                    here.path.display()
                ),
            }
        }
        Ok(here)
    }

    /// The file that HDF5 opens for a name in the file at `of`.
    pub(crate) fn find(&mut self, variable: &str, name: &OsStr, of: &Path) -> Result<PathBuf> {
        let places = places(variable, name, of)?;
        let list: Vec<_> = places
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let list = list.join(", ");
        let found =
            (self.linked.first_of(places)).with_context(|| format!("can't look for {list}"))?;
        let Some(found) = found else {
            let hint = match variable {
                RAW_DATA => format!(
                    "; HDF5 looks for files of raw data in the current folder, or beside {} with {RAW_DATA}='${{ORIGIN}}'",
                    of.display()
                ),
                _ => String::new(),
            };
            bail!(
                "{} is not there (looked for {list}){hint}",
                Path::new(name).display()
            );
        };
        Ok(found)
    }
}

/// Where HDF5 looks for a file that another names, in this order. `variable` is the one that counts for the kind of name.
pub(crate) fn places(variable: &str, name: &OsStr, of: &Path) -> Result<Vec<PathBuf>> {
    let here = std::env::current_dir().context("can't tell the current folder")?;
    let beside = of.parent().unwrap_or(Path::new("/"));
    let prefix = std::env::var_os(variable).filter(|prefix| !prefix.is_empty());
    let expanded = |prefix: &OsStr| {
        let rest = prefix.as_bytes().strip_prefix(b"${ORIGIN}");
        let rest = rest.map(|rest| [beside.as_os_str().as_bytes(), rest].concat());
        here.join(rest.map_or(prefix.to_owned(), OsString::from_vec))
    };
    let stated = Path::new(name);
    if variable == RAW_DATA {
        return Ok(vec![match prefix {
            Some(prefix) if !stated.is_absolute() => expanded(&prefix).join(stated),
            _ => here.join(stated),
        }]);
    }
    let mut places = Vec::new();
    let mut relative = stated;
    if stated.is_absolute() {
        places.push(stated.to_owned());
        relative = stated.file_name().map_or(stated, Path::new);
    }
    if let Some(prefix) = &prefix {
        let folders = prefix.as_bytes().split(|&byte| byte == b':');
        let folders = folders.filter(|folder| !folder.is_empty());
        places.extend(folders.map(|folder| here.join(OsStr::from_bytes(folder)).join(relative)));
        if variable == VIRTUAL_SOURCES && prefix != "." {
            places.push(expanded(prefix).join(relative));
        }
    }
    places.push(beside.join(relative));
    places.push(here.join(relative));
    if let Ok(target) = fs::canonicalize(of)
        && of.is_symlink()
    {
        places.push(target.with_file_name("").join(relative));
    }
    let mut seen = HashSet::new();
    places.retain(|path| seen.insert(path.clone()));
    Ok(places)
}
