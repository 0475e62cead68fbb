//! Follows what an HDF5 file points to: soft and external links, virtual datasets, raw data in files of their own.
//!
//! HDF5 itself follows all of them without a word, and where a source is not there it hands out fill values or zeros as if
//! they were data. So whatever is about to be read is followed here first: every file on the way is noted in [`Linked`]
//! before it is opened, and one that is missing, too short or not what it should be is an error that names it.
//!
//! Sources: the HDF5 1.14 reference manual on `H5Lcreate_external`, `H5Pset_virtual`, `H5Pset_virtual_prefix`,
//! `H5Pset_external` and `H5Pset_efile_prefix`, and `H5F_prefix_open_file` in the library for the order in which it looks.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hdf5::dataset::{DatasetCreate, Layout};
use hdf5::{Dataset, Dataspace, File, LinkInfo, LinkType};

use super::content::Content;
use super::linked::{EXTERNAL_LINKS, Linked, RAW_DATA, VIRTUAL_SOURCES};
use super::open_file;
use super::pointers::{self, Link, Mapping};
use super::raw::{self, Kind};
use super::variables::Variable;

/// How many links may lead from one to the next: as many as HDF5 follows.
const MOST_LINKS: usize = 16;

/// How many numbers behind a numbered source that is not there are looked for.
const AHEAD: u64 = 100;

/// An object's place: its file, opened and by its path, and its path in it.
struct Place {
    file: File,
    path: PathBuf,
    object: String,
}

/// What is followed so far of one input file.
#[derive(Debug)]
pub(super) struct Links {
    file: File,
    path: PathBuf,
    linked: Linked,
    /// Datasets that have been looked at, by file and path: a virtual dataset may be made of thousands of pieces of one.
    seen: HashSet<(PathBuf, String)>,
}

impl Links {
    /// Nothing yet of this file, which is open.
    pub fn new(file: &File, path: &Path) -> Self {
        Self {
            file: file.clone(),
            path: path.to_owned(),
            linked: Linked::default(),
            seen: HashSet::new(),
        }
    }

    /// The further files that were found so far.
    pub fn linked(&self) -> &Linked {
        &self.linked
    }

    /// The names at the root of the file, all of which lead somewhere.
    pub fn members(&mut self) -> Result<Vec<String>> {
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
    pub fn object(&mut self, object: &str) -> Result<()> {
        let place = Place {
            file: self.file.clone(),
            path: self.path.clone(),
            object: object.to_owned(),
        };
        self.follow(place)
            .with_context(|| format!("{}: `{object}` can't be read", self.path.display()))?;
        Ok(())
    }

    /// Whether there is a table in a group at the root; follows the links to it.
    pub fn table(&mut self, group: &str, table: &str) -> Result<bool> {
        let object = format!("{group}/{table}");
        match pointers::link(&self.file, &object) {
            Err(_) => Ok(false),
            Ok(Link::Hard) => Ok(true),
            Ok(_) => self.object(&object).map(|()| true),
        }
    }

    /// Makes sure of a variable's shape: a virtual dataset's depends on which of its sources are there.
    pub fn check_shape(&mut self, variable: &Variable) -> Result<()> {
        match &variable.content {
            Content::Hdf5(dataset) if dataset.create_plist()?.get_layout()? == Layout::Virtual => {
                self.check(variable)
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that all values of a dataset can be read: all files that they come from are there and long enough, and so
    /// are the filters that they went through. `name` is how messages call it.
    pub fn values(&mut self, name: &str, dataset: &Dataset) -> Result<()> {
        // Looked up at once: whatever has a place in its own file has no filters either.
        if dataset.offset().is_some() {
            return Ok(());
        }
        let input = self.path.clone();
        let about = || format!("{}: `{name}` can't be read", input.display());
        let plist = dataset.create_plist().with_context(about)?;
        let is_elsewhere = is_elsewhere(&plist).with_context(about)?;
        if is_elsewhere {
            // The library tells how the file was opened, which may be beginning at the current folder.
            let path = std::env::current_dir()
                .with_context(about)?
                .join(dataset.filename());
            return self.sources(dataset, &plist, &path).with_context(about);
        }
        check_filters(&plist).with_context(about)
    }

    /// The same of a variable of this file.
    pub fn check(&mut self, variable: &Variable) -> Result<()> {
        match &variable.content {
            Content::Hdf5(dataset) => self.values(&variable.name, dataset),
            Content::Classic(_) => Ok(()),
        }
    }

    /// Where an object really is.
    fn follow(&mut self, place: Place) -> Result<Place> {
        let steps = |path: &str| -> Vec<String> {
            let steps = path.split('/').rev();
            let steps = steps.filter(|step| !matches!(*step, "" | "."));
            steps.map(str::to_owned).collect()
        };
        let mut left = steps(&place.object);
        let mut here = Place {
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
                    let file = open_file(&path)?;
                    here = Place {
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

    /// The same for values that are elsewhere, or for a source.
    fn sources(&mut self, dataset: &Dataset, plist: &DatasetCreate, path: &Path) -> Result<()> {
        if !self.seen.insert((path.to_owned(), dataset.name())) {
            return Ok(());
        }
        check_filters(plist)?;
        match plist.get_layout()? {
            Layout::Virtual => self.virtual_sources(dataset, plist, path),
            Layout::Contiguous => self.raw_files(dataset, plist, path),
            Layout::Compact | Layout::Chunked => Ok(()),
        }
    }

    /// The sources of a virtual dataset, which together have to make up all of it.
    fn virtual_sources(
        &mut self,
        dataset: &Dataset,
        plist: &DatasetCreate,
        path: &Path,
    ) -> Result<()> {
        let extent = dataset.shape();
        let mut covered = None;
        for mapping in pointers::mappings(plist)? {
            let target = pointers::within(&mapping.target, &extent)?;
            let wanted = target.as_ref().map_or(0, Dataspace::selection_size);
            match pointers::blocks(&mapping.target, &extent) {
                // Each block has a source of its own, whose name is made of the block's number.
                Some(blocks) if pointers::blocks(&mapping.source, &extent).is_none() => {
                    let each = mapping.source.selection_size();
                    for block in 0..blocks {
                        self.virtual_source(dataset, path, &mapping, block, each)?;
                    }
                    self.end_of_numbered(&mapping, path, blocks)?;
                }
                _ => self.virtual_source(dataset, path, &mapping, 0, wanted)?,
            }
            let Some(target) = target else { continue };
            match &covered {
                None => covered = Some(target),
                Some(covered) => pointers::add(covered, &target)?,
            }
        }
        let size: usize = extent.iter().product();
        let covered = covered.map_or(0, |covered| covered.selection_size());
        if covered < size && !is_missing(plist, dataset) {
            bail!(
                "it is a virtual dataset of {size} values, {} of which have no source; if these are missing values, let \
                 its fill value be NaN, or what `_FillValue` says",
                size - covered
            );
        }
        Ok(())
    }

    /// Makes sure that a numbered source that is not there is the end of them. From there on HDF5 sees none.
    fn end_of_numbered(&mut self, mapping: &Mapping, path: &Path, blocks: u64) -> Result<()> {
        let name = |block| OsString::from_vec(numbered(mapping.file.as_bytes(), block));
        let is_there = self
            .linked
            .first_of(places(VIRTUAL_SOURCES, &name(blocks), path)?)?;
        if blocks == 0 && is_there.is_none() {
            bail!(
                "{} is not there, the first of its sources",
                name(0).display()
            );
        }
        for block in blocks + 1..=blocks + AHEAD {
            let mut places = places(VIRTUAL_SOURCES, &name(block), path)?.into_iter();
            if is_there.is_none() && places.any(|path| path.exists()) {
                let (missing, next) = (name(blocks), name(block));
                bail!(
                    "{} is not there, though {} is",
                    missing.display(),
                    next.display()
                );
            }
        }
        Ok(())
    }

    /// Makes sure that a source has what a mapping wants of it.
    fn virtual_source(
        &mut self,
        dataset: &Dataset,
        path: &Path,
        mapping: &Mapping,
        block: u64,
        wanted: usize,
    ) -> Result<()> {
        let name = OsString::from_vec(numbered(mapping.file.as_bytes(), block));
        let object = numbered(mapping.dataset.as_bytes(), block);
        let object = String::from_utf8_lossy(&object).into_owned();
        let (file, path) = if name == "." {
            (dataset.file()?, path.to_owned())
        } else {
            let found = self.find(VIRTUAL_SOURCES, &name, path);
            let found = found.with_context(|| {
                format!("it is a virtual dataset, with `{object}` as one of its sources")
            })?;
            (open_file(&found)?, found)
        };
        let place = Place { file, path, object };
        let about = format!("its source, `{}` in {}", place.object, place.path.display());
        let place = self.follow(place).with_context(|| about.clone())?;
        let source = place
            .file
            .dataset(&place.object)
            .with_context(|| about.clone())?;
        let shape = source.shape();
        let has = match pointers::is_all(&mapping.source) {
            true => source.size(),
            false => (pointers::within(&mapping.source, &shape).with_context(|| about.clone())?)
                .map_or(0, |found| found.selection_size()),
        };
        // Of a source that is taken whole, HDF5 would hand out the wrong part once it has grown.
        if has < wanted || (has > wanted && pointers::is_all(&mapping.source)) {
            bail!(
                "{about}, of shape {shape:?}, has {has} values where the virtual dataset was made for {wanted}; make it anew"
            );
        }
        self.sources(&source, &source.create_plist()?, &place.path)
            .with_context(|| about.clone())
    }

    /// The files of raw numbers, if the dataset has any: HDF5 would take zeros for what is beyond the end of one.
    fn raw_files(&mut self, dataset: &Dataset, plist: &DatasetCreate, path: &Path) -> Result<()> {
        let pieces = plist.get_external()?;
        let mut left = (dataset.size() as u64).saturating_mul(dataset.dtype()?.size() as u64);
        for piece in &pieces {
            let found = self.find(RAW_DATA, OsStr::new(&piece.name), path)?;
            let length = match piece.size as u64 {
                0 => left,
                size => size.min(left),
            };
            let end = piece.offset as u64 + length;
            let size = fs::metadata(&found)?.len();
            if size < end {
                bail!(
                    "its values are in {} up to byte {end}, but that file has {size} bytes",
                    found.display()
                );
            }
            left -= length;
        }
        if left > 0 && !pieces.is_empty() {
            bail!("its external files have {left} bytes less than it needs");
        }
        Ok(())
    }

    /// The file that HDF5 opens for a name in the file at `of`.
    fn find(&mut self, variable: &str, name: &OsStr, of: &Path) -> Result<PathBuf> {
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

/// Whether values may be in other files than their dataset.
fn is_elsewhere(plist: &DatasetCreate) -> Result<bool> {
    Ok(match plist.get_layout()? {
        Layout::Virtual => true,
        Layout::Contiguous => !plist.get_external()?.is_empty(),
        Layout::Compact | Layout::Chunked => false,
    })
}

/// Whether what HDF5 hands out for numbers that are nowhere stands for a missing one.
fn is_missing(plist: &DatasetCreate, dataset: &Dataset) -> bool {
    let (Ok(Kind::Number(stored)), Some(fill)) = (raw::kind(dataset), plist.fill_value_as::<f64>())
    else {
        return false;
    };
    let decoding = Content::Hdf5(dataset.clone()).decoding(stored);
    stored.fits_f64() && decoding.is_ok_and(|decoding| decoding.apply(fill).is_nan())
}

fn check_filters(plist: &DatasetCreate) -> Result<()> {
    if let Some(filter) = pointers::missing_filter(plist)? {
        bail!(
            "its values went through the filter {filter}, which is not there: let HDF5_PLUGIN_PATH name the folder of its \
             plugin, or write the file anew with `h5repack -f GZIP=1 OLD NEW` where the filter is there"
        );
    }
    Ok(())
}

/// Where HDF5 looks for a file that another names, in this order. `variable` is the one that counts for the kind of name.
fn places(variable: &str, name: &OsStr, of: &Path) -> Result<Vec<PathBuf>> {
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

/// A source's name with `%b` replaced by a block's number, and `%%` by `%`.
fn numbered(name: &[u8], block: u64) -> Vec<u8> {
    let mut made = Vec::with_capacity(name.len());
    let mut left = name;
    loop {
        left = match left {
            [b'%', b'b', rest @ ..] => {
                made.extend(block.to_string().into_bytes());
                rest
            }
            [b'%', b'%', rest @ ..] => {
                made.push(b'%');
                rest
            }
            [byte, rest @ ..] => {
                made.push(*byte);
                rest
            }
            [] => return made,
        };
    }
}
