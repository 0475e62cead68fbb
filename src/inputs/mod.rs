//! The input files: the only place that reads HDF5 and NetCDF.
//!
//! ```text
//! hdf, classic ─▶ variables, conventions ─▶ layouts ─▶ join ─▶ the catalog
//!                                              └─▶ series ─▶ read ─▶ one catchment's series after the other
//! ```
//! `hdf` and `classic` know a file format each, `conventions` what its numbers mean, `links` the further files that an HDF5
//! file points to, which are read as if they were its own and reported as [`Linked`]. Two layouts are recognised: arrays of
//! time and catchment, and a group for each catchment. A project may spread its data over several files of either, which
//! `join` puts together by id. The result is the same for all of them: a [`Catalog`] of everything but the series, read at
//! once, and the series, in whatever order is fastest. `tables` reads attribute tables, CSV and dBASE.
//!
//! Nothing here knows templates, keys or projects. HDF5 has one global lock, so one owner reads and hands on; nothing here
//! starts a thread. [`crate::project`] says what to read, [`crate::import`] and [`crate::plan`] have it read.

mod catalog;
mod classic;
mod conventions;
mod data_file;
mod folder;
pub(crate) mod foreign;
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

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

pub(crate) use catalog::natural_order;
pub use catalog::{BadInput, Catalog, CatalogEntry, Series, SeriesColumn};
pub use data_file::DataFault;
pub(crate) use data_file::{DataFile, DataValues, DataVariable};
pub use folder::CatchmentFolder;
pub use links::linked::Linked;

use layouts::{InputFile, arrays, open_all};
use links::Links;
use tables::TableSpec;
use variables::FileVariable;

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;

/// Counts up when the same file comes to mean something else: what was found in it before is then not believed.
pub const MEANING: u32 = 2;

/// Which files to read, and the names in them where they are not the usual ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// The files, absolute paths; the first that has catchments sets their order. There may be none.
    pub files: Vec<PathBuf>,
    /// Where the catchments come from.
    pub catchments: CatchmentSource,
    /// The time steps that the project states, as it may where no series has any.
    pub stated_time: Option<TimeAxis>,
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

/// Where the catchments come from. But for their parameters, nothing else comes from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatchmentSource {
    /// The input files.
    Files,
    /// The project file has a list of them.
    List(Vec<CatchmentId>),
    /// A file or folder for each.
    Folder(CatchmentFolder),
    /// The rows of a table of parameters.
    Table(TableSpec),
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
    /// Whether values of series may be missing.
    may_miss: bool,
}

impl InputSpec {
    /// These files with the usual names in them.
    pub fn of_files(files: Vec<PathBuf>) -> Self {
        Self {
            files,
            catchments: CatchmentSource::Files,
            stated_time: None,
            id: None,
            time: None,
            group_prefix: "catch_".to_owned(),
            series_table: "inputs".to_owned(),
            parameter_table: "parameters".to_owned(),
        }
    }
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
        join::join(open_all(spec)?, spec.time.is_some())
    }

    /// Says where scratch files may go (see [`Inputs::read`]); without this, where the system keeps its own.
    ///
    /// A disk is best: a temporary directory in memory would defeat the purpose.
    pub fn with_scratch(mut self, directory: &Path) -> Self {
        self.scratch = directory.to_owned();
        self
    }

    /// Says that values of series may be missing: they are NaN then, and no fault of their catchment.
    pub fn with_missing_values(mut self) -> Self {
        self.may_miss = true;
        self
    }

    /// What the files hold.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How many time steps the series have; 0 if there are none.
    fn steps(&self) -> usize {
        self.catalog.time.as_ref().map_or(0, TimeAxis::len)
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
    if let Some(variables) = variables::of_plain_format(path)? {
        return arrays::read_ids(list(path, &variables, variable)?).with_context(about);
    }
    let file = hdf::open(path)?;
    let mut links = Links::new(&file, path);
    let names = links.members()?;
    let variables = variables::of_hdf5(&file, path, &names)?;
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
