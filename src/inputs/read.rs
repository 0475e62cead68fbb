//! Reading the series: in blocks of catchments where files are arrays, table by table where they are groups.
//!
//! An array of shape [time, catchment] has one catchment's values scattered over the whole file, so a block of catchments
//! is read at once, as many as the caller allows memory for. Blocks begin and end where the chunks do, as long as at least
//! one chunk's catchments fit: then every chunk is inflated once in all. Arrays with larger chunks are [staged].
//!
//! [staged]: crate::inputs::series::staging

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use anyhow::Context;

use crate::inputs::Inputs;
use crate::inputs::catalog::{BadInput, Series};
use crate::inputs::layouts::InputFile;
use crate::inputs::series::slabs::{Grid, Target};
use crate::inputs::series::staging::StagedColumns;

/// Catchments that are read at once where each one's chunks are its own and are read past the library.
const FEW: usize = 4;

/// The same where the library reads them: it takes a while to begin, and then reads a row of chunks at once.
const MANY: usize = 512;

/// The first of those, so that what they are read for begins soon.
const FIRST: usize = 32;

impl Inputs {
    /// Reads series: of `catchments` (indices into the catalog's catchments, in any order) the `columns` (indices into the
    /// catalog's columns), and hands each catchment's to `each`, one vector for each column in the given order.
    ///
    /// The catchments come in the order that is fastest to read, each once; the first argument of `each` is the index into
    /// the catalog. Every vector has as many values as there are time steps, all finite, or missing where
    /// [they may be](Self::with_missing_values): whatever is wrong with one catchment comes as its `Err`, and the others go on.
    /// `each` returning `Break` ends the reading. At most `block_bytes` of values are held at once, but at least one
    /// catchment's; on top of that comes a piece of 4 MiB or one chunk. Arrays whose chunks span more catchments than that are
    /// transposed in a scratch file first, 8 bytes a value.
    ///
    /// An error is a file that can't be read.
    pub fn read(
        &self,
        catchments: &[usize],
        columns: &[usize],
        block_bytes: usize,
        each: &mut dyn FnMut(usize, Series) -> ControlFlow<()>,
    ) -> anyhow::Result<()> {
        let (parts, leading) = self.parts(columns);
        let catchments: BTreeSet<usize> = catchments.iter().copied().collect();
        let mut wanted = Vec::with_capacity(catchments.len());
        for catchment in catchments {
            match &self.catalog.catchments[catchment].problem {
                Some(problem) if each(catchment, Err(problem.clone())).is_break() => return Ok(()),
                Some(_) => {}
                None => wanted.push(catchment),
            }
        }
        wanted.sort_unstable_by_key(|&catchment| self.positions[leading][catchment]);
        let most = self.most(&parts, leading, columns, block_bytes);
        let staged = self.stage(&wanted, &parts, most)?;
        let alignment = self.alignment(&parts, leading, |place| staged.contains_key(&place));
        let positions = &self.positions[leading];
        let (mut begin, mut at_once) = (0, self.first(&parts, leading, most));
        while begin < wanted.len() {
            let position = |at: usize| positions[wanted[begin + at]];
            let length = block_length(wanted.len() - begin, at_once, alignment, position);
            let block = &wanted[begin..begin + length];
            let mut read = self.read_block(block, columns, &parts, &staged)?;
            for (place, staged) in &staged {
                staged
                    .read(begin..begin + length, &mut read.series, *place)
                    .context("the scratch file can't be read")?;
            }
            for (catchment, series) in read.finish(self, block, columns) {
                if each(catchment, series).is_break() {
                    return Ok(());
                }
            }
            begin += length;
            at_once = (2 * at_once).min(most);
        }
        Ok(())
    }

    /// Cuts catchments into at most `most` shares, each of which a thread of its own may [`read`](Self::read).
    ///
    /// They are cut where chunks end, so that none is inflated twice. All is one share where threads would only wait for
    /// each other (the library opens groups one at a time) or do the same work (arrays that have to be transposed first).
    pub fn shares(
        &self,
        catchments: &[usize],
        columns: &[usize],
        block_bytes: usize,
        most: usize,
    ) -> Vec<Vec<usize>> {
        let (parts, leading) = self.parts(columns);
        let mut ordered = catchments.to_vec();
        ordered.sort_unstable_by_key(|&catchment| self.positions[leading][catchment]);
        let alignment = self.alignment(&parts, leading, |_| false);
        let is_in_order = |part: &Part| {
            let positions = &self.positions[part.source];
            ordered.is_sorted_by_key(|&catchment| positions[catchment])
        };
        let fits = alignment <= self.most(&parts, leading, columns, block_bytes);
        let is_array = |part: &Part| matches!(self.sources[part.source], InputFile::Arrays(_));
        let each = ordered.len().div_ceil(most.max(1)).max(1);
        if !fits || !parts.iter().all(|part| is_array(part) && is_in_order(part)) {
            return vec![ordered];
        }
        let mut shares: Vec<Vec<usize>> = Vec::with_capacity(most);
        let chunk = |catchment: usize| self.positions[leading][catchment] / alignment;
        for catchment in ordered {
            match shares.last_mut() {
                Some(share)
                    if share.len() < each
                        || share.last().map(|&last| chunk(last)) == Some(chunk(catchment)) =>
                {
                    share.push(catchment);
                }
                _ => shares.push(vec![catchment]),
            }
        }
        shares
    }

    /// How many catchments are read at once: no more than serves where chunks lie by themselves, so that they stay in the
    /// processor's cache.
    fn most(&self, parts: &[Part], leading: usize, columns: &[usize], block_bytes: usize) -> usize {
        if matches!(self.sources[leading], InputFile::Groups(_)) {
            return 1;
        }
        let fitting = block_bytes / (8 * self.steps() * columns.len().max(1)).max(1);
        let (by_row, chunked) = (Grid::is_by_row, Grid::is_chunked);
        let least = match (self.are_all(parts, by_row), self.are_all(parts, chunked)) {
            (true, _) => FEW,
            (false, true) => MANY,
            (false, false) => return fitting.max(1),
        };
        let wanted = self.alignment(parts, leading, |_| false).max(least);
        fitting.min(wanted).max(1)
    }

    /// How many are read at first, out of `most`: fewer where no chunk is inflated twice for that. Chunks of further files end where
    /// they like.
    fn first(&self, parts: &[Part], leading: usize, most: usize) -> usize {
        if parts.len() > 1 || !self.are_all(parts, Grid::is_chunked) {
            return most;
        }
        most.min(self.alignment(parts, leading, |_| false).max(FIRST))
    }

    /// Whether all columns are arrays of which this is so.
    fn are_all(&self, parts: &[Part], is: impl Fn(&Grid) -> bool) -> bool {
        let mut grids = (parts.iter()).flat_map(|part| {
            let columns = part.columns.iter();
            columns.map(|(_, index)| self.grid(part.source, *index))
        });
        grids.all(|grid| grid.is_some_and(&is))
    }

    /// How many catchments the chunks of the leading file's columns span, but for those that are left out.
    fn alignment(
        &self,
        parts: &[Part],
        leading: usize,
        is_left_out: impl Fn(usize) -> bool,
    ) -> usize {
        let leads = parts
            .iter()
            .filter(|part| part.source == leading)
            .flat_map(|part| &part.columns);
        let grids = leads
            .filter(|(place, _)| !is_left_out(*place))
            .filter_map(|(_, index)| self.grid(leading, *index));
        grids.map(Grid::alignment).max().unwrap_or(1)
    }

    /// Stages the columns whose chunks would be inflated for three or more blocks; by their place among the wanted.
    fn stage(
        &self,
        wanted: &[usize],
        parts: &[Part],
        most: usize,
    ) -> anyhow::Result<BTreeMap<usize, StagedColumns>> {
        let mut staged = BTreeMap::new();
        if wanted.len().div_ceil(most) < 3 {
            return Ok(staged);
        }
        for part in parts {
            let InputFile::Arrays(arrays) = &self.sources[part.source] else {
                continue;
            };
            let positions: Vec<usize> = wanted
                .iter()
                .map(|&catchment| self.positions[part.source][catchment])
                .collect();
            let in_order = positions.is_sorted();
            for (place, index) in &part.columns {
                let (column, grid) = &arrays.columns[*index];
                if grid.is_chunked() && (!in_order || grid.alignment() / most >= 3) {
                    let steps = self.steps();
                    let turned = StagedColumns::new(grid, &positions, steps, &self.scratch)
                        .with_context(|| {
                            let path = arrays.path.display();
                            format!("{path}: the series `{}` can't be read", column.name)
                        })?;
                    staged.insert(*place, turned);
                }
            }
        }
        Ok(staged)
    }

    fn grid(&self, source: usize, column: usize) -> Option<&Grid> {
        match &self.sources[source] {
            InputFile::Groups(_) => None,
            InputFile::Arrays(arrays) => arrays.columns.get(column).map(|(_, grid)| grid),
        }
    }

    /// The wanted columns by file, and the file whose layout the order of reading suits best: one of arrays, if there is one.
    fn parts(&self, columns: &[usize]) -> (Vec<Part>, usize) {
        let mut parts: Vec<Part> = Vec::new();
        for (place, &column) in columns.iter().enumerate() {
            let (source, index) = self.columns[column];
            match parts.iter_mut().find(|part| part.source == source) {
                Some(part) => part.columns.push((place, index)),
                None => parts.push(Part {
                    source,
                    columns: vec![(place, index)],
                }),
            }
        }
        parts.sort_by_key(|part| matches!(self.sources[part.source], InputFile::Groups(_)));
        let leading = parts.first().map_or(0, |part| part.source);
        (parts, leading)
    }

    /// Reads the series of a block except for the staged ones, whose vectors are still to be filled.
    fn read_block(
        &self,
        block: &[usize],
        columns: &[usize],
        parts: &[Part],
        staged: &BTreeMap<usize, StagedColumns>,
    ) -> anyhow::Result<Block> {
        let steps = self.steps();
        let from_groups = parts
            .iter()
            .all(|part| matches!(self.sources[part.source], InputFile::Groups(_)));
        let column_length = if from_groups { 0 } else { steps };
        let mut series = vec![vec![vec![0.0; column_length]; columns.len()]; block.len()];
        let mut problems: Vec<Option<BadInput>> = vec![None; block.len()];
        for part in parts {
            match &self.sources[part.source] {
                InputFile::Groups(groups) => {
                    let indices: Vec<usize> =
                        part.columns.iter().map(|(_, index)| *index).collect();
                    for (slot, &catchment) in block.iter().enumerate() {
                        let position = self.positions[part.source][catchment];
                        match groups.read(position, &indices, steps)? {
                            Ok(read) => {
                                for ((place, _), values) in part.columns.iter().zip(read) {
                                    series[slot][*place] = values;
                                }
                            }
                            Err(problem) => {
                                problems[slot] = problems[slot].take().or(Some(problem))
                            }
                        }
                    }
                }
                InputFile::Arrays(arrays) => {
                    let mut targets: Vec<Target> = (block.iter().enumerate())
                        .map(|(slot, &catchment)| Target {
                            position: self.positions[part.source][catchment],
                            slot,
                        })
                        .collect();
                    targets.sort_unstable_by_key(|target| target.position);
                    for (place, index) in &part.columns {
                        if staged.contains_key(place) {
                            continue;
                        }
                        let (column, grid) = &arrays.columns[*index];
                        grid.read(&targets, &mut series, *place).with_context(|| {
                            let path = arrays.path.display();
                            format!("{path}: the series `{}` can't be read", column.name)
                        })?;
                    }
                }
            }
        }
        Ok(Block { series, problems })
    }

    /// The first value that is missing.
    fn gap(&self, columns: &[usize], series: &[Vec<f64>]) -> Option<BadInput> {
        columns.iter().zip(series).find_map(|(&column, values)| {
            let is_gap = |value: &f64| !(value.is_finite() || self.may_miss && value.is_nan());
            let step = values.iter().position(is_gap)?;
            let column = self.catalog.columns[column].name.clone();
            Some(BadInput::MissingValue { column, step })
        })
    }
}

/// A block of catchments as read: for each its columns, and what is wrong with it.
struct Block {
    series: Vec<Vec<Vec<f64>>>,
    problems: Vec<Option<BadInput>>,
}

impl Block {
    /// What each catchment gets in the end.
    fn finish(
        self,
        inputs: &Inputs,
        block: &[usize],
        columns: &[usize],
    ) -> impl Iterator<Item = (usize, Series)> {
        (block.iter().zip(self.series).zip(self.problems)).map(|((&catchment, series), problem)| {
            let problem = problem.or_else(|| inputs.gap(columns, &series));
            (catchment, problem.map_or(Ok(series), Err))
        })
    }
}

/// The wanted columns that one file has: their place among the wanted ones, and their index in the file.
struct Part {
    source: usize,
    columns: Vec<(usize, usize)>,
}

/// How many of the catchments left make up the next block: `most`, or fewer so that it ends where a chunk does.
fn block_length(
    left: usize,
    most: usize,
    alignment: usize,
    position: impl Fn(usize) -> usize,
) -> usize {
    if left <= most {
        return left;
    }
    let next = position(most) / alignment;
    let before_border = (1..=most)
        .rev()
        .find(|&length| position(length - 1) / alignment != next);
    before_border.unwrap_or(most)
}
