//! The values of a series, to be fetched by catchment, whatever its layout.
//!
//! Each layout knows where they are until then: in the columns of a wide table, or parked on disk.

use std::ops::Range;

use anyhow::Result;

use crate::data::digest::Digest;

/// Values that are fetched at once to be written as they are, 8 MiB; the more, the fewer and longer reads and writes.
pub(crate) const GROUP: usize = 1 << 20;

/// A series that was read.
pub(crate) struct SeriesRead {
    /// The times of its values.
    pub stamps: Vec<i64>,
    /// The values of the catchments that were asked for.
    pub values: Box<dyn SeriesValues>,
    /// The digest of the file, if it was asked for and computed on the way.
    pub digest: Option<Digest>,
}

/// The values of one series of all catchments. Any number of threads may ask for them.
pub(crate) trait SeriesValues: Sync {
    /// The number of time steps.
    fn steps(&self) -> usize;

    /// How many catchments and time steps are best fetched at once, if about `values` are to be.
    fn tile(&self, values: usize) -> [usize; 2];

    /// The values of some catchments at some time steps, one catchment after the other, as they lie in files: little-endian.
    ///
    /// What was in the buffer is overwritten.
    fn fetch(
        &self,
        catchments: Range<usize>,
        steps: Range<usize>,
        values: &mut Vec<[u8; 8]>,
    ) -> Result<()>;
}
