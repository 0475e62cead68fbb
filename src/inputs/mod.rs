//! The input files: the only place that reads HDF5 and NetCDF.
//!
//! Two layouts are recognised without being told, groups per catchment (`groups`) and arrays of time and
//! catchment (`arrays`); one project may spread its data over several files of either kind, which `join` puts together by id. What
//! comes out is the same for all of them: a [`Catalog`] of everything but the series, read at once, and the series one
//! catchment after the other, in whatever order the files are read fastest. It knows nothing of templates, keys and
//! projects. What the files point to is read as if it were theirs, and told as [`Linked`]. HDF5 has one global lock, so one owner reads and hands on; nothing here starts a thread.

mod catalog;
mod classic;
mod conventions;
pub mod foreign;
mod hdf;
mod join;
mod layouts;
mod links;
mod number;
mod read;
mod series;
pub mod tables;
mod variables;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use hdf5::file::{FlashIncreaseMode, MetadataCacheConfig};
use hdf5::{File, Group};

pub(crate) use catalog::natural_order;
pub use catalog::{BadInput, Catalog, CatalogEntry, Series, SeriesColumn};

pub use links::linked::Linked;

use conventions::attributes;
use layouts::arrays::{self, ArrayFile};
use layouts::groups::{GroupFile, GroupMembers};
use links::Links;
use variables::FileVariable;

use crate::data::catchment::CatchmentId;
use crate::system::regular;

/// Counts up when the same file comes to mean something else: what was found in one before is then not believed.
pub const MEANING: u32 = 2;

/// Chunks that HDF5 itself may keep, per open variable: readers here go by whole chunks and need none of them again.
const CHUNK_CACHE: usize = 1 << 20;

/// What HDF5 may keep of the objects it has seen, by its own count; in memory it is about eight times that.
///
/// Left to itself it takes 280 MB for 18,000 groups, each of which is looked at once.
const METADATA_CACHE: usize = 2 << 20;

/// Which files to read, and the names in them where they are not the usual ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// The files, absolute paths; the first that has catchments sets their order.
    pub files: Vec<PathBuf>,
    /// The variable that holds the ids in array files, where it is not obvious.
    pub id: Option<String>,
    /// The time coordinate, where it is not obvious.
    pub time: Option<String>,
    /// What the names of catchments' groups begin with, `catch_` by convention.
    pub group_prefix: String,
    /// The name of a group's table of series, `inputs` by convention.
    pub series_table: String,
    /// The name of a group's table of parameters, `parameters` by convention.
    pub parameter_table: String,
}

/// The opened input files.
#[derive(Debug)]
pub struct Inputs {
    catalog: Catalog,
    sources: Vec<InputFile>,
    /// For each column of the catalog: its file, and its index there.
    columns: Vec<(usize, usize)>,
    /// For each file: where each catchment of the catalog is in it.
    positions: Vec<Vec<usize>>,
    /// Where scratch files go.
    scratch: PathBuf,
}

impl Inputs {
    /// Opens the files, reads everything but the series' values and joins the files by catchment id.
    ///
    /// An error if a file can't be read or understood, if an id is there twice, if files differ in their ids or time
    /// steps, or if two define the same series. A fault of one catchment alone is its `problem` in the catalog.
    pub fn open(spec: &InputSpec) -> anyhow::Result<Self> {
        if spec.files.is_empty() {
            bail!("there is no input file");
        }
        join::join(open_all(spec)?)
    }

    /// Says where scratch files may go (see [`Inputs::read`]); without this, where the system keeps its own.
    ///
    /// A disk is best: a temporary directory in memory would defeat the purpose.
    pub fn with_scratch(mut self, directory: &Path) -> Self {
        self.scratch = directory.to_owned();
        self
    }

    /// What the files hold.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The further files that these read, as far as that is known before all series have been read.
    pub fn linked(&self) -> Linked {
        let mut all = Linked::default();
        for source in &self.sources {
            all.add(&source.linked());
        }
        all
    }

    /// What the files hold; closes them.
    pub fn into_catalog(self) -> Catalog {
        self.catalog
    }
}

/// One opened file.
#[derive(Debug)]
enum InputFile {
    Groups(GroupFile),
    Arrays(ArrayFile),
}

/// Opens every file. One whose ids are not obvious is tried again when the others have told what they call theirs.
fn open_all(spec: &InputSpec) -> anyhow::Result<Vec<InputFile>> {
    let mut sources: Vec<Option<InputFile>> = Vec::with_capacity(spec.files.len());
    let mut hints = Vec::new();
    let mut unclear = Vec::new();
    for (at, path) in spec.files.iter().enumerate() {
        if spec.files[..at].contains(path) {
            bail!("{}: the file is listed twice", path.display());
        }
        match open(path, spec, &hints) {
            Ok(source) => {
                if let InputFile::Arrays(arrays) = &source {
                    hints.push(arrays.id_variable.clone());
                }
                sources.push(Some(source));
            }
            Err(error) => {
                unclear.push((at, error));
                sources.push(None);
            }
        }
    }
    for (at, error) in unclear {
        if hints.is_empty() {
            return Err(error);
        }
        sources[at] = Some(open(&spec.files[at], spec, &hints)?);
    }
    Ok(sources.into_iter().flatten().collect())
}

fn open(path: &Path, spec: &InputSpec, hints: &[String]) -> anyhow::Result<InputFile> {
    if is_classic(path)? {
        let variables = variables::of_classic(path)?;
        let arrays = ArrayFile::new(path, spec, &variables, hints, &mut |_| Ok(()))?;
        return Ok(InputFile::Arrays(arrays));
    }
    let file = open_file(path)?;
    let mut links = Links::new(&file, path);
    let names = links.members()?;
    if let Some(members) = GroupMembers::find(&file, &names, spec) {
        let groups = GroupFile::new(path, file, spec, &members, links)?;
        return Ok(InputFile::Groups(groups));
    }
    let variables = variables::input_index(&file, path, &names)?;
    (variables.iter()).try_for_each(|variable| links.check_shape(variable))?;
    let check = &mut |variable: &FileVariable| links.check(variable);
    let arrays = ArrayFile::new(path, spec, &variables, hints, check)
        .map_err(|error| of_pandas(path, &file, &names).unwrap_or(error))?;
    Ok(InputFile::Arrays(ArrayFile {
        linked: links.linked().clone(),
        ..arrays
    }))
}

/// What is to be said of a file that nothing was found in because pandas wrote its frames as it does.
fn of_pandas(path: &Path, file: &File, names: &[String]) -> Option<anyhow::Error> {
    let is_frame = |group: &Group| attributes::text(group, "pandas_type").is_some();
    let found = names.iter().find(|name| {
        file.group(name).is_ok_and(|group| {
            is_frame(&group) || (group.groups()).is_ok_and(|below| below.iter().any(is_frame))
        })
    })?;
    Some(anyhow!(
        "{}: `{found}` is a frame as pandas' `to_hdf` writes it, which only pandas reads; with the times as its index and \
         a column for each catchment write it as `df.rename_axis(index=\"time\", \
         columns=\"catchment\").stack().rename(\"NAME\").to_xarray().to_netcdf(\"{}\")`, or as a text table for `[import]`",
        path.display(),
        path.with_extension("nc")
            .file_name()
            .unwrap_or_default()
            .display()
    ))
}

/// Opens an HDF5 file to read it.
fn open_file(path: &Path) -> anyhow::Result<File> {
    // The library would wait for what is no file.
    regular::open(path).with_context(|| format!("{}: the file can't be read", path.display()))?;
    let metadata = MetadataCacheConfig {
        initial_size: METADATA_CACHE,
        min_size: METADATA_CACHE,
        max_size: METADATA_CACHE,
        flash_incr_mode: FlashIncreaseMode::Off,
        ..MetadataCacheConfig::default()
    };
    (File::with_options())
        .with_fapl(|fapl| {
            // Locks only where the file system has them. A small sieve keeps narrow reads from reading wide.
            fapl.file_locking(true)
                .sieve_buf_size(4096)
                .chunk_cache(521, CHUNK_CACHE, 0.75)
                .mdc_config(&metadata)
        })
        .open(path)
        .with_context(|| {
            format!(
                "{}: the file can't be opened as HDF5 or netCDF-4",
                path.display()
            )
        })
}

/// The ids in one variable of a file, in its order: for series that come without ids of their own.
///
/// An error if the file has no such variable, if it is no list of texts or numbers, or if it lies in another file: whoever asks
/// watches this one alone.
pub fn ids_in(path: &Path, variable: &str) -> anyhow::Result<Vec<CatchmentId>> {
    let about = || {
        format!(
            "{}: the variable `{variable}` can't be read",
            path.display()
        )
    };
    if is_classic(path)? {
        let variables = variables::of_classic(path)?;
        return arrays::read_ids(list(path, &variables, variable)?).with_context(about);
    }
    let file = open_file(path)?;
    let mut links = Links::new(&file, path);
    let names = links.members()?;
    let variables = variables::input_index(&file, path, &names)?;
    let found = list(path, &variables, variable)?;
    links.check(found)?;
    if let Some(other) = links.linked().paths().next() {
        bail!(
            "{}: `{variable}` is made of other files; name the one that has it: {}",
            path.display(),
            other.display()
        );
    }
    arrays::read_ids(found).with_context(about)
}

/// The list of texts or numbers of this name.
fn list<'a>(
    path: &Path,
    variables: &'a [FileVariable],
    name: &str,
) -> anyhow::Result<&'a FileVariable> {
    let Some(found) = variables.iter().find(|found| found.name == name) else {
        bail!("{}: there is no variable `{name}`", path.display());
    };
    let is_list = found.is_text_list() || (found.dims.len() == 1 && found.kind.is_number());
    if !is_list {
        bail!(
            "{}: `{name}` is no list of texts or numbers",
            path.display()
        );
    }
    Ok(found)
}

/// Whether a file is one of classic netCDF rather than HDF5; an empty one is an error.
fn is_classic(path: &Path) -> anyhow::Result<bool> {
    let about = || format!("{}: the input file can't be read", path.display());
    let mut magic = Vec::new();
    let file = regular::open(path).with_context(about)?;
    file.take(4).read_to_end(&mut magic).with_context(about)?;
    if magic.is_empty() {
        bail!("{}: the file is empty", path.display());
    }
    Ok(classic::is_classic(&magic))
}
