//! The product: one file of all catchments' results, transposed to time by catchment.
//!
//! [`assemble`] fetches results in the order of the catchments, decodes them and computes the variables in threads, cuts
//! them into tiles and writes those in a fixed order: as a NetCDF-4 file after the CF conventions (`grid`), or as tables
//! per time step (`steps`). Memory holds one block of catchments, however many there are. What is written is described by
//! the project's own [`ProductSpec`]. It knows no SQL: results come through a function. It looks at no clock and writes no
//! path, so that equal [`digest`](mod@digest)s mean equal bytes.
//!
//! If an earlier product of the same shape is at the path, the chunks of blocks without a changed row are copied as
//! they are, and in other blocks those of unchanged variables. The outcome is the file that a full rebuild would make.
//!
//! A variable may hold sums over all catchments upstream, see [`Network`]. Then all of these are fetched for a block that
//! has changed, and a block has changed if anything upstream of it has.
//!
//! A product may hold several scenarios of the same catchments, see [`ScenarioDimension`], and variables over different axes,
//! see [`ProductAxis`]: those over the same ones are made together, and then those over others. What a variable holds in several
//! scenarios alike is compressed once.

mod acdd;
mod axes;
mod block;
mod blocks;
mod cf;
mod digest;
mod fetched;
mod grid;
mod ids;
mod network;
mod objectives;
mod previous;
mod repeats;
mod rows;
mod scenarios;
mod scratch;
mod steps;
mod summary;
mod tables;
mod tiling;
mod unchanged;
mod upstream;
mod values;

use anyhow::{Result, ensure};

pub use self::axes::{AxisGroup, AxisValues, ProductAxis};
pub use self::digest::{digest, digest_of};
pub use self::network::{Network, NetworkError, NetworkLink};
pub use self::scenarios::{ScenarioCoordinate, ScenarioDimension};
pub(in crate::product) use self::summary::{RowSummary, Summaries};
pub(in crate::product) use self::upstream::OpenSums;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::objective::ObjectiveNumbers;
use crate::plan::snapshot::Status;
use crate::product::objective::Gauges;
use crate::project::product_spec::{Layout, ProductSpec, VariableAxes};

/// All that determines a product: the project's description of it, and what only the data tells.
pub struct ProductContent {
    /// What the project asks for. The folder of its path exists.
    pub spec: ProductSpec,
    /// The global attribute `title`.
    pub title: String,
    /// The digest of the recipe.
    pub recipe: Digest,
    /// The axes of its variables, in the file's order; the project's own time steps first.
    pub axes: Vec<ProductAxis>,
    /// The columns of a result, in the order in which decoding gives them.
    pub columns: Vec<ResultColumn>,
    /// The names of the catchments' numbers that formulas use beside columns.
    pub scalars: Vec<String>,
    /// The scenarios. Without them the file has no such dimension.
    pub scenarios: Option<ScenarioDimension>,
    /// The catchments in the file's order, at least one; with scenarios all catchments of the first, then all of the next,
    /// the same ones in the same order.
    pub catchments: Vec<ProductRow>,
    /// How the catchments drain, one network for each scenario; none if no variable has sums over all upstream.
    pub networks: Vec<Network>,
    /// The values of each of the spec's parameters, one per row.
    pub parameters: Vec<ParameterValues>,
    /// What is compared where, by summary; `None` for those that compare nothing. Empty if none does.
    pub gauges: Vec<Option<Gauges>>,
}

impl ProductContent {
    /// The headers of the columns of a result.
    pub(super) fn headers(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.header.as_str())
    }
}

/// A column of the results.
pub struct ResultColumn {
    /// What formulas call it.
    pub name: String,
    /// Its header in the simulator's output, as the project file has it.
    pub header: String,
    /// The axes of its values.
    pub axes: VariableAxes,
}

/// One catchment's place in the product.
pub struct ProductRow {
    /// The catchment.
    pub id: CatchmentId,
    /// Whether it has a result. If it is not [`Status::Ok`], none is fetched and the values are missing.
    pub status: Status,
    /// The key of its result.
    pub key: Option<Digest>,
    /// The digest of its result's content: equal digests, equal columns to the bit.
    pub content: Option<Digest>,
    /// The numbers of this catchment that formulas use, in the order of [`ProductContent::scalars`].
    pub scalars: Vec<f64>,
}

/// The values of a parameter of each catchment, or of each scenario.
pub enum ParameterValues {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

/// Fetches columns of a row's result.
pub type Fetch<'a, E> = dyn FnMut(usize, &[usize]) -> Result<E> + Send + 'a;

/// Where results come from.
pub struct ResultSource<'a, E> {
    /// The number of threads that decode results and make chunks of them.
    pub threads: usize,
    /// Fetches these columns, by number, of a row's result. Called once for each [`AxisGroup`] and each row that is needed for
    /// it and [`Status::Ok`], in ascending order, on a thread of its own.
    pub fetch: &'a mut Fetch<'a, E>,
    /// Decodes the columns of a result, each as long as its axes want it.
    pub decode: &'a (dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
    /// The digests of the columns of a result as it was fetched: those that are equal have the same values.
    pub checksums: &'a (dyn Fn(&E) -> Vec<Digest> + Sync),
    /// What is known of a key's result, whether the key is a row's or one of an earlier product.
    pub known: &'a dyn Fn(&Digest) -> Option<KnownResult>,
}

/// The digests of a result: they tell without decoding it whether it has changed.
pub struct KnownResult {
    /// As in [`ProductRow::content`].
    pub content: Digest,
    /// The digest of each of [`ProductContent::columns`].
    pub columns: Vec<Digest>,
}

/// What [`assemble`] has done.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembled {
    /// How many results were fetched, counted for each [`AxisGroup`].
    pub fetched: usize,
    /// Chunks compressed anew.
    pub chunks_written: usize,
    /// Chunks taken over from the previous product.
    pub chunks_copied: usize,
    /// Chunks that are those of the scenario before.
    pub chunks_repeated: usize,
    /// The digest that the file carries.
    pub digest: Digest,
    /// What its objectives come to, scenario by scenario.
    pub objectives: Vec<ObjectiveNumbers>,
}

impl Assembled {
    /// Nothing done yet for a product with this digest.
    fn nothing(digest: Digest) -> Self {
        Self {
            fetched: 0,
            chunks_written: 0,
            chunks_copied: 0,
            chunks_repeated: 0,
            digest,
            objectives: Vec::new(),
        }
    }
}

/// Writes the product and puts it at its path only once it is whole and on the disk.
///
/// If chunks of the previous product turn out to be unreadable half-way, everything is fetched from the beginning.
///
/// # Errors
/// Errors of fetching and decoding, with the catchment; a column of the wrong length; errors of the disk.
pub fn assemble<E: Send>(
    product: &ProductContent,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    product.check_rows()?;
    product.check_axes()?;
    product.check_ids()?;
    let level = product.spec.compression;
    ensure!(
        level <= crate::netcdf::HIGHEST_LEVEL,
        "deflate = {level}: the level goes from 0 to {}",
        crate::netcdf::HIGHEST_LEVEL
    );
    match product.spec.layout {
        Layout::Grid => grid::write(product, source),
        Layout::Steps => steps::write(product, source),
    }
}

#[cfg(test)]
mod tests;
