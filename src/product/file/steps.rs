//! The product as PyTables' tables, one per time step: `/step_<n>/values` with a row per catchment.
//!
//! Results come by catchment and a table needs all of them, so the values are staged: tiles go compressed into an unnamed
//! file beside the product, and are read back one stretch of time after the other. Memory holds one block of catchments,
//! then one stretch of time, never everything. Besides the tables there are `/time_steps` (nanoseconds since 1970),
//! `/catchments` with the status flags, keys and parameters, and `/summary` if the project has summaries. A catchment
//! without a result has rows of NaN.
//!
//! Scenarios are a column of all these tables, before the catchments', so that one step of all scenarios is still one
//! table. A table `/scenarios` holds what they differ in.

use anyhow::{Context, Result, bail, ensure};

use super::block::Block;
use super::blocks::{BlockSink, ProductBlocks};
use super::digest::digest;
use super::scratch::Stage;
use super::summary::Summaries;
use super::tables::{
    filtered, labels, text_planes, write_catchments, write_scenarios, write_summaries,
};
use super::tiling::{TilePlace, Tiling};
use super::unchanged::{Group, Unchanged};
use super::{Assembled, ProductContent, ResultSource, cf};
use crate::data::time_axis::TimeAxis;
use crate::netcdf::{
    Attribute, CompoundColumn, CompoundTable, Data, Precision, TableFile, decode_chunk,
    encode_chunk, shuffle,
};
use crate::project::product_spec::{ProductVariable, VariableAxes};
use crate::system::parallel::ordered;

/// Values of one stretch of time in memory: at most so many bytes (a single step may exceed it).
const SLAB_BYTES: usize = 32 << 20;

/// A staged tile, all variables together: at most so many bytes (a single step may exceed it).
const STAGED_BYTES: usize = 256 << 10;

/// A table's chunk: at most so many bytes (a single row may exceed it).
const CHUNK_BYTES: usize = 1 << 20;

/// The level of deflate for staged tiles: the fastest.
const STAGED_LEVEL: u8 = 1;

/// Writes the product; see [`super::assemble`].
pub(super) fn write<E: Send>(
    product: &ProductContent,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    let mut assembled = Assembled::nothing(digest(product));
    let (rows, variables) = (product.catchments.len(), product.spec.variables.len());
    let groups = product.axis_groups();
    let [over] = groups.as_slice() else {
        bail!("tables of time steps hold variables over `time` alone; use layout = \"grid\"");
    };
    ensure!(
        *over.axes == VariableAxes::steps(),
        "tables of time steps can't hold what goes over {}; use layout = \"grid\"",
        over.axes
    );
    let tiling = over.tiling(product);
    let step_bytes = 8 * variables.max(1);
    let tile_steps = (SLAB_BYTES / (step_bytes * rows))
        .min(STAGED_BYTES / (step_bytes * tiling.tile_catchments));
    let tiling = tiling.with_steps(tile_steps);
    // Early, so that a path that can't be written to costs no time.
    let mut file = begin(product, &assembled)?;
    let mut stage = Stage::create(&product.spec.path)?;
    let mut summaries = Summaries::new(product);
    let threads = source.threads;
    let counts = Group::ALL.map(|group| group.variables(product, over).len());
    // By group and block: where its pieces begin.
    let mut pieces = Group::ALL.map(|_| Vec::with_capacity(tiling.blocks()));
    let nothing = Unchanged::nothing(product, over, &tiling);
    let blocks = ProductBlocks::new(product, over, &tiling, &nothing);
    let encode = |group: Group, block: usize, values: Option<&Block>, _: &[bool]| {
        let values = values.expect("no block is unchanged");
        let mut tiles = vec![f64::NAN; counts[group as usize] * tiling.tile_values()];
        let piece = |slab: usize| {
            for (variable, tile) in tiles.chunks_exact_mut(tiling.tile_values()).enumerate() {
                let place = TilePlace {
                    block,
                    variable,
                    slab,
                };
                tiling.gather(values, place, tile);
            }
            Ok(encode_chunk(&tiles, Precision::F64, STAGED_LEVEL))
        };
        (0..tiling.slabs()).map(piece).collect()
    };
    let mut write = |group: Group, _, staged: Vec<Vec<u8>>| {
        pieces[group as usize].push(stage.len());
        staged.iter().try_for_each(|piece| stage.push(piece))
    };
    let sink = BlockSink {
        encode: &encode,
        write: &mut write,
        summaries: &mut summaries,
    };
    assembled.fetched = blocks.make(source, sink)?;
    let staged = Staged {
        stage,
        pieces,
        counts,
    };
    let tables = StepTables::new(product, &tiling);
    assembled.chunks_written = tables.write(&staged, threads, &mut file)?;
    write_summaries(product, &summaries, &mut file)?;
    assembled.objectives = product.objective_numbers(&summaries);
    file.finish()?;
    Ok(assembled)
}

/// All values, written by group and block of catchments, to be read by stretch of time.
struct Staged {
    stage: Stage,
    /// By group and block: the number of its first piece, that of the first slab.
    pieces: [Vec<usize>; 2],
    /// By group: how many variables it has.
    counts: [usize; 2],
}

impl Staged {
    /// The tiles of a slab, by group and block.
    fn read(&self, tiling: &Tiling, threads: usize, slab: usize) -> Result<[Vec<Vec<f64>>; 2]> {
        let mut groups = [Vec::new(), Vec::new()];
        for group in Group::ALL {
            let pieces = self.pieces[group as usize].iter();
            let staged = pieces.map(|first| self.stage.read(first + slab));
            let values = self.counts[group as usize] * tiling.tile_values();
            let decode = |bytes: Vec<u8>| {
                decode_chunk(&bytes, values, STAGED_LEVEL).context("the staged values are damaged")
            };
            let tiles = &mut groups[group as usize];
            ordered(threads, staged, &decode, &mut |tile| {
                tiles.push(tile);
                Ok(())
            })?;
        }
        Ok(groups)
    }
}

/// Creates the file with everything but the steps.
fn begin(product: &ProductContent, assembled: &Assembled) -> Result<TableFile> {
    let mut file = TableFile::create(&product.spec.path, &product.title)?;
    let mut attributes = cf::global(product, &assembled.digest, None);
    for variable in &product.spec.variables {
        if let Some(units) = &variable.units {
            attributes.set(&format!("{}_units", variable.name), units.as_str());
        }
    }
    for (name, value) in attributes.0 {
        // PyTables has a TITLE of its own for it.
        if name != "title" {
            file.attribute(&name, &value)?;
        }
    }
    file.attribute("layout", &Attribute::from("steps"))?;
    let time = product.time().map_or(&[][..], TimeAxis::nanoseconds);
    file.array("time_steps", Data::I64(time))?;
    write_scenarios(product, &mut file)?;
    write_catchments(product, &mut file)?;
    Ok(file)
}

/// How the tables of all steps are laid out.
struct StepTables<'p> {
    tiling: &'p Tiling,
    layout: CompoundTable,
    /// By chunk: the bytes of its labels. They are the same in all tables, so they are arranged once.
    labels: Vec<Vec<u8>>,
    /// By variable: its group, and its place in the group.
    places: Vec<(Group, usize)>,
}

impl<'p> StepTables<'p> {
    fn new(product: &ProductContent, tiling: &'p Tiling) -> Self {
        let labels = labels(product);
        let label = |(name, _, size): &(&str, Vec<String>, usize)| CompoundColumn::Text {
            name: (*name).to_owned(),
            size: *size,
        };
        let variables = &product.spec.variables;
        let mut columns: Vec<CompoundColumn> = labels.iter().map(label).collect();
        columns.extend(variables.iter().map(|variable| CompoundColumn::F64 {
            name: variable.name.clone(),
        }));
        let rows = product.catchments.len();
        let mut layout = CompoundTable {
            columns,
            rows,
            chunk_rows: rows,
            level: product.spec.compression,
        };
        let chunks = rows.div_ceil((CHUNK_BYTES / layout.row_size()).max(1));
        layout.chunk_rows = rows.div_ceil(chunks);
        let mut label_planes = vec![Vec::new(); rows.div_ceil(layout.chunk_rows)];
        for (_, texts, size) in &labels {
            let parts = texts.chunks(layout.chunk_rows);
            for (planes, texts) in label_planes.iter_mut().zip(parts) {
                planes.extend(text_planes(texts, *size, layout.chunk_rows));
            }
        }
        let mut counts = [0; 2];
        let place = |variable: &ProductVariable| {
            let group = Group::of(variable);
            let count = &mut counts[group as usize];
            *count += 1;
            (group, *count - 1)
        };
        Self {
            tiling,
            layout,
            labels: label_planes,
            places: variables.iter().map(place).collect(),
        }
    }

    /// Writes all tables. Returns how many chunks they have.
    fn write(&self, staged: &Staged, threads: usize, file: &mut TableFile) -> Result<usize> {
        for slab in 0..self.tiling.slabs() {
            let tiles = staged.read(self.tiling, threads, slab)?;
            let steps = self.tiling.slab(slab);
            let start = steps.start;
            let encode = |step: usize| Ok((step, self.chunks(&tiles, step - start)));
            ordered(threads, steps.map(Ok), &encode, &mut |(step, chunks)| {
                let group = format!("step_{step}");
                file.table(Some(&group), "values", &self.layout, chunks)
            })?;
        }
        Ok(self.tiling.steps * self.labels.len())
    }

    /// The chunks of the table of a step, counted from the slab's first.
    fn chunks(&self, tiles: &[Vec<Vec<f64>>; 2], step: usize) -> Vec<Vec<u8>> {
        let (rows, chunk_rows) = (self.layout.rows, self.layout.chunk_rows);
        let chunk = |(i, labels): (usize, &Vec<u8>)| {
            let mut planes = labels.clone();
            let first = i * chunk_rows;
            let last = (first + chunk_rows).min(rows);
            let mut column = vec![f64::NAN; chunk_rows];
            for &(group, variable) in &self.places {
                let row = variable * self.tiling.tile_steps + step;
                self.copy_row(
                    &tiles[group as usize],
                    row,
                    first,
                    &mut column[..last - first],
                );
                let end = planes.len();
                planes.resize(end + 8 * column.len(), 0);
                shuffle(&column, Precision::F64, &mut planes[end..]);
            }
            filtered(planes, &self.layout)
        };
        self.labels.iter().enumerate().map(chunk).collect()
    }

    /// Copies a row of all blocks' tiles, which is one variable at one step, from the catchment `first` on until `out` is full.
    fn copy_row(&self, tiles: &[Vec<f64>], row: usize, first: usize, out: &mut [f64]) {
        let start = row * self.tiling.tile_catchments;
        let mut done = 0;
        while done < out.len() {
            let (block, column) = self.tiling.find(first + done);
            let count = (self.tiling.block(block).len() - column).min(out.len() - done);
            out[done..done + count].copy_from_slice(&tiles[block][start + column..][..count]);
            done += count;
        }
    }
}
