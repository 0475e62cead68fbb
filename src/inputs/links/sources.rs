//! Where the values of a dataset really come from, and whether all of it is there.
//!
//! A virtual dataset has its values from others, and one with raw data from files without any structure. Where one of these
//! is not there or too short, HDF5 hands out fill values or zeros; here that is an error that names it. So is a filter that
//! is not available. How names lead to files is the business of [`links`](crate::inputs::links).
//!
//! Sources: the HDF5 1.14 reference manual on `H5Pset_virtual` and `H5Pset_external`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use hdf5::dataset::{DatasetCreate, Layout};
use hdf5::{Dataset, Dataspace};

use crate::inputs::hdf;
use crate::inputs::hdf::types::{self, ElementKind};
use crate::inputs::links::linked::{RAW_DATA, VIRTUAL_SOURCES};
use crate::inputs::links::pointers::{self, MissingFilter, VirtualMapping};
use crate::inputs::links::{LinkPlace, Links, Seen, places};
use crate::inputs::variables::FileVariable;
use crate::inputs::variables::content::VariableContent;
use crate::system::regular;

/// How many numbers are looked at beyond a numbered source that is not there.
const AHEAD: u64 = 100;

/// A dataset that may have its values elsewhere.
struct Indirect<'a> {
    dataset: &'a Dataset,
    plist: &'a DatasetCreate,
    /// The path of its file, where relative names of others start.
    path: &'a Path,
}

impl Links {
    /// Makes sure of a variable's shape: a virtual dataset's depends on which of its sources are there.
    pub(crate) fn check_shape(&mut self, variable: &FileVariable) -> Result<()> {
        match &variable.content {
            VariableContent::Hdf5(dataset)
                if dataset.create_plist()?.get_layout()? == Layout::Virtual =>
            {
                self.check(variable)
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that all values of a dataset can be read: all files that they come from are there and long enough, and so
    /// are the filters that they went through. `name` is how messages call it.
    pub(crate) fn values(&mut self, name: &str, dataset: &Dataset) -> Result<()> {
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
            let indirect = Indirect {
                dataset,
                plist: &plist,
                path: &path,
            };
            return self.sources(&indirect).with_context(about);
        }
        check_filters(&plist).with_context(about)
    }

    /// The same of a variable of this file.
    pub(crate) fn check(&mut self, variable: &FileVariable) -> Result<()> {
        match &variable.content {
            VariableContent::Hdf5(dataset) => self.values(&variable.name, dataset),
            // No other format points to further files.
            _ => Ok(()),
        }
    }

    /// The same for values that are elsewhere, or for a source.
    fn sources(&mut self, indirect: &Indirect<'_>) -> Result<()> {
        let Indirect {
            dataset,
            plist,
            path,
        } = *indirect;
        // By one name for each file: on the way round a circle it may get longer and longer.
        let place = (fs::canonicalize(path)?, dataset.name());
        match self.seen.insert(place.clone(), Seen::UnderWay) {
            Some(Seen::UnderWay) => bail!("its sources lead back to it"),
            Some(Seen::Sound) => {}
            None => {
                check_filters(plist)?;
                match plist.get_layout()? {
                    Layout::Virtual => self.virtual_sources(indirect)?,
                    Layout::Contiguous => self.raw_files(indirect)?,
                    Layout::Compact | Layout::Chunked => {}
                }
            }
        }
        self.seen.insert(place, Seen::Sound);
        Ok(())
    }

    /// The sources of a virtual dataset, which together have to make up all of it.
    fn virtual_sources(&mut self, indirect: &Indirect<'_>) -> Result<()> {
        let Indirect {
            dataset,
            plist,
            path,
        } = *indirect;
        let extent = dataset.shape();
        let mut covered = None;
        for mapping in pointers::mappings(plist)? {
            let target = pointers::within(&mapping.target, &extent)?;
            let wanted = target.as_ref().map_or(0, Dataspace::selection_size);
            match pointers::blocks(&mapping.target, &extent) {
                // Each block has a source of its own, whose name is made of the block's number.
                Some(blocks) if pointers::blocks(&mapping.source, &extent).is_none() => {
                    for block in 0..blocks {
                        let each = wanted / blocks as usize;
                        self.virtual_source(indirect, &mapping, block, each)?;
                    }
                    self.end_of_numbered(&mapping, path, blocks)?;
                }
                _ => self.virtual_source(indirect, &mapping, 0, wanted)?,
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
    fn end_of_numbered(
        &mut self,
        mapping: &VirtualMapping,
        path: &Path,
        blocks: u64,
    ) -> Result<()> {
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

    /// Makes sure that a source has the `wanted` values that a mapping takes from it.
    fn virtual_source(
        &mut self,
        indirect: &Indirect<'_>,
        mapping: &VirtualMapping,
        block: u64,
        wanted: usize,
    ) -> Result<()> {
        let name = OsString::from_vec(numbered(mapping.file.as_bytes(), block));
        let object = numbered(mapping.dataset.as_bytes(), block);
        let object = String::from_utf8_lossy(&object).into_owned();
        let (file, path) = if name == "." {
            (indirect.dataset.file()?, indirect.path.to_owned())
        } else {
            let found = self.find(VIRTUAL_SOURCES, &name, indirect.path);
            let found = found.with_context(|| {
                format!("it is a virtual dataset, with `{object}` as one of its sources")
            })?;
            (hdf::open(&found)?, found)
        };
        let place = LinkPlace { file, path, object };
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
        let indirect = Indirect {
            dataset: &source,
            plist: &source.create_plist()?,
            path: &place.path,
        };
        self.sources(&indirect).with_context(|| about.clone())
    }

    /// The files of raw numbers, if the dataset has any: HDF5 would take zeros for what is beyond the end of one.
    fn raw_files(&mut self, indirect: &Indirect<'_>) -> Result<()> {
        let Indirect {
            dataset,
            plist,
            path,
        } = *indirect;
        let pieces = plist.get_external()?;
        let mut left = (dataset.size() as u64).saturating_mul(dataset.dtype()?.size() as u64);
        for piece in &pieces {
            let found = self.find(RAW_DATA, OsStr::new(&piece.name), path)?;
            let length = match piece.size as u64 {
                0 => left,
                size => size.min(left),
            };
            let end = piece.offset as u64 + length;
            let metadata = fs::metadata(&found)?;
            regular::require(metadata.file_type()).with_context(|| found.display().to_string())?;
            let size = metadata.len();
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
}

/// Makes sure that all values of a dataset are in its own file, and that the filters are there that they went through.
pub(crate) fn own_values(dataset: &Dataset) -> Result<()> {
    if dataset.offset().is_some() {
        return Ok(());
    }
    let plist = dataset.create_plist()?;
    if is_elsewhere(&plist)? {
        bail!("its values are in other files, which are not looked at; write them into this one");
    }
    check_filters(&plist)
}

/// Whether values may be in other files than their dataset.
fn is_elsewhere(plist: &DatasetCreate) -> Result<bool> {
    Ok(match plist.get_layout()? {
        Layout::Virtual => true,
        Layout::Contiguous => !plist.get_external()?.is_empty(),
        Layout::Compact | Layout::Chunked => false,
    })
}

/// Whether the value that HDF5 returns where no source has any stands for a missing one.
fn is_missing(plist: &DatasetCreate, dataset: &Dataset) -> bool {
    let (Ok(ElementKind::Number(stored)), Some(fill)) =
        (types::kind(dataset), plist.fill_value_as::<f64>())
    else {
        return false;
    };
    let decoding = VariableContent::Hdf5(dataset.clone()).decoding(stored);
    stored.fits_f64() && decoding.is_ok_and(|decoding| decoding.apply(fill).is_nan())
}

fn check_filters(plist: &DatasetCreate) -> Result<()> {
    match pointers::missing_filter(plist)? {
        Some(MissingFilter::Unknown(filter)) => bail!(
            "its values went through the filter {filter}, which is not there: let HDF5_PLUGIN_PATH name the folder of its \
             plugin, or write the file anew with `h5repack -f GZIP=1 OLD NEW` where the filter is there"
        ),
        Some(MissingFilter::BloscSnappy) => bail!(
            "its values were compressed by Blosc with Snappy, which rerunoff can't undo: write the file anew, with PyTables' \
             `ptrepack --complib blosc:lz4 --complevel 5 OLD:/ NEW:/` or with `h5repack -f GZIP=1 OLD NEW`, where Snappy is there"
        ),
        None => {}
    }
    Ok(())
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
