//! The product: one file of all catchments' results, transposed to time by catchment.
//!
//! [`assemble`] fetches results in the order of the catchments, decodes them and computes the variables in threads, cuts
//! them into tiles and writes those in a fixed order: as a NetCDF-4 file after the CF conventions (`grid`), or as tables
//! per time step (`steps`). Memory holds one block of catchments, whatever their number. It knows neither SQL nor formulas:
//! results come through a function, formulas are functions. No clock is looked at and no path written, so that equal
//! [`digest`]s mean equal bytes.
//!
//! If an earlier product of the same shape is at the path, the chunks of blocks in which no row has changed are copied as
//! they are, and of other blocks those of variables that have not; the outcome is the same file that a full rebuild would make.
//!
//! A variable may hold sums over all catchments upstream, see [`Network`]; then all of these are fetched for a block that
//! has changed, and a block has changed if anything upstream of it has.
//!
//! A product may hold several scenarios of the same catchments, see [`ScenarioDimension`].

mod block;
mod blocks;
mod cf;
mod digest;
mod grid;
mod network;
mod previous;
mod rows;
mod scenarios;
mod scratch;
mod steps;
mod summary;
mod tables;
mod tiling;
mod unchanged;
mod upstream;

use std::path::PathBuf;

use anyhow::{Result, ensure};

pub use self::digest::{digest, digest_of};
pub use self::network::{Network, NetworkError, NetworkLink};
pub use self::scenarios::ScenarioDimension;
pub use self::summary::Summary;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
pub use crate::netcdf::Precision;
pub use crate::plan::snapshot::Status;
pub use crate::project::product_spec::{Outlets, Statistic};

/// All that determines a product.
pub struct ProductSpec {
    /// Where the file goes; its folder exists.
    pub path: PathBuf,
    /// The global attribute `title`.
    pub title: String,
    /// More global attributes: name and text.
    pub attributes: Vec<(String, String)>,
    /// The digest of the recipe.
    pub recipe: Digest,
    /// The time steps.
    pub time: TimeAxis,
    /// The variables over time and catchments; their names pass [`valid_name`](crate::project::product_spec::valid_name) and are unique.
    pub variables: Vec<Variable>,
    /// The scenarios; without, there is no dimension for them.
    pub scenarios: Option<ScenarioDimension>,
    /// The catchments in the file's order, at least one; with scenarios all catchments of the first, then all of the next,
    /// the same ones in the same order.
    pub catchments: Vec<ProductRow>,
    /// How the catchments drain, one network for each scenario; none if no variable has sums over all upstream.
    pub networks: Vec<Network>,
    /// The variables along the catchments; their names pass [`valid_name`](crate::project::product_spec::valid_name) and are unique among all variables.
    pub parameters: Vec<ParameterVariable>,
    /// Numbers out of the variables' time steps; their names pass [`valid_name`](crate::project::product_spec::valid_name) and are unique among all variables.
    pub summaries: Vec<Summary>,
    /// The level of deflate, 0 (none) to 9.
    pub deflate: u8,
    /// The file's layout.
    pub layout: Layout,
}

/// The layout of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// NetCDF-4, variables over time and catchments.
    Grid,
    /// PyTables' tables `/step_<n>/values`, a row per catchment, `n` from 0.
    Steps,
}

/// One catchment's place in the product.
pub struct ProductRow {
    /// The catchment.
    pub id: CatchmentId,
    /// Whether it has a result; one that is not [`Status::Ok`] is not fetched and reads as missing.
    pub status: Status,
    /// The key of its result.
    pub key: Option<Digest>,
    /// The digest of its result's content: the same means the same columns, to the bit.
    pub content: Option<Digest>,
    /// The numbers of this catchment that formulas use, in an order that all formulas know.
    pub scalars: Vec<f64>,
}

/// A formula: from the columns of a catchment's result and the row's scalars to one value per time step.
pub type Formula = Box<dyn Fn(&[Vec<f64>], &[f64]) -> Vec<f64> + Send + Sync>;

/// Where a variable's values come from.
pub enum VariableSource {
    /// A column of the result, counted among those that `decode` gives.
    Column(usize),
    /// Computed for each catchment.
    Formula(Formula),
}

/// A variable over time and catchments.
pub struct Variable {
    /// Its name in the file.
    pub name: String,
    /// Where its values come from.
    pub source: VariableSource,
    /// The source in words: the column's name, or the formula's text with the names of what it uses. Goes into the
    /// digests, because a function can't.
    pub definition: String,
    /// Where the values are not a catchment's own but sums over it and all upstream of it; `None`: nowhere.
    pub upstream: Option<Outlets>,
    /// The CF attribute `units`.
    pub units: Option<String>,
    /// The CF attribute `long_name`.
    pub long_name: Option<String>,
    /// The CF attribute `standard_name`.
    pub standard_name: Option<String>,
    /// More attributes.
    pub attributes: Vec<(String, Value)>,
    /// How its numbers are stored; the steps layout has 64 bits always.
    pub precision: Precision,
}

/// A variable along the catchments, such as a position or an area, or along the scenarios.
pub struct ParameterVariable {
    /// Its name in the file.
    pub name: String,
    /// One value per row.
    pub values: ParameterValues,
    /// The CF attribute `units`.
    pub units: Option<String>,
    /// The CF attribute `long_name`.
    pub long_name: Option<String>,
    /// The CF attribute `standard_name`; `latitude` and the like make it a coordinate of every variable.
    pub standard_name: Option<String>,
}

/// The values of a [`ParameterVariable`].
pub enum ParameterValues {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

/// Where results come from.
pub struct ResultSource<'a, E> {
    /// So many threads decode results and make chunks of them.
    pub threads: usize,
    /// A row's result. Called once with the index of each row that is needed and [`Status::Ok`], in ascending order, on one
    /// thread of its own.
    pub fetch: &'a mut (dyn FnMut(usize) -> Result<E> + Send),
    /// All columns of a result, each as long as the time axis.
    pub decode: &'a (dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
    /// What is known of the result of a key, whether of a row or of an earlier time.
    pub known: &'a dyn Fn(&Digest) -> Option<KnownProduct>,
}

/// The digests of a result, which say whether it is what it was without decoding it.
pub struct KnownProduct {
    /// As in [`ProductRow::content`].
    pub content: Digest,
    /// Of each column that decoding gives.
    pub columns: Vec<Digest>,
}

/// What [`assemble`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// How many results were fetched.
    pub fetched: usize,
    /// Chunks compressed anew.
    pub chunks_written: usize,
    /// Chunks taken over from the previous product.
    pub chunks_copied: usize,
    /// The digest that the file carries.
    pub digest: Digest,
}

/// Writes the product and puts it at its path only once it is whole and on the disk.
///
/// Should chunks of the previous product turn out to be unreadable half-way, all is fetched from the beginning.
///
/// # Errors
/// What fetching and decoding report, with the catchment; a column of another length; what the disk reports.
pub fn assemble<E: Send>(
    spec: &ProductSpec,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    spec.check_rows()?;
    ensure!(
        spec.deflate <= crate::netcdf::HIGHEST_LEVEL,
        "deflate = {}: the level goes from 0 to {}",
        spec.deflate,
        crate::netcdf::HIGHEST_LEVEL
    );
    match spec.layout {
        Layout::Grid => grid::write(spec, source),
        Layout::Steps => steps::write(spec, source),
    }
}

#[cfg(test)]
mod tests;
