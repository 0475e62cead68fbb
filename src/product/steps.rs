//! The product as PyTables' tables, one per time step: `/step_<n>/values` with a row per catchment.
//!
//! Results come by catchment and a table needs all of them, so the values are staged: tiles go compressed into an unnamed
//! file beside the product, and come back a stretch of time after the other. So memory holds one block of catchments,
//! then one stretch of time, never all. Besides the tables: `/time_steps` (nanoseconds since 1970) and `/catchments`
//! with the status flags, keys and parameters. A catchment without a result has rows of NaN.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::blocks::{fetched_of, for_each_block};
use super::digest::digest;
use super::tiling::Tiling;
use super::{Assembled, ParameterValues, ProductSpec, cf};
use crate::netcdf::{
    Attribute, Column, Data, Precision, Table, TableFile, decode_chunk, deflate, encode_chunk,
    shuffle, storable,
};
use crate::parallel::ordered;

/// Bytes of the ids' column at least; what reads such tables expects it.
const ID_SIZE: usize = 10;

/// Values of one stretch of time in memory at most, in bytes (a single step may exceed it).
const SLAB_BYTES: usize = 32 << 20;

/// Bytes of a staged tile, all variables together, at most (a single step may exceed it).
const STAGED_BYTES: usize = 256 << 10;

/// Bytes of a table's chunk at most (a single row may exceed it).
const CHUNK_BYTES: usize = 1 << 20;

/// How staged tiles are compressed: as fast as can be.
const STAGED_LEVEL: u8 = 1;

/// Writes the product; see [`super::assemble`].
pub(super) fn write<E: Send>(
    spec: &ProductSpec,
    threads: usize,
    fetch: &mut (dyn FnMut(usize) -> Result<E> + Send),
    decode: &(dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
) -> Result<Assembled> {
    let mut assembled = Assembled {
        fetched: 0,
        chunks_written: 0,
        chunks_copied: 0,
        digest: digest(spec),
    };
    let (catchments, variables) = (spec.catchments.len(), spec.variables.len());
    let tiling = Tiling::new(spec.time.len(), catchments, variables);
    let step_bytes = 8 * variables.max(1);
    let tile_steps = (SLAB_BYTES / (step_bytes * catchments))
        .min(STAGED_BYTES / (step_bytes * tiling.tile_catchments));
    let tiling = tiling.with_steps(tile_steps);
    // Early, so that a path that can't be written to costs no time.
    let file = begin(spec, &assembled)?;
    let mut stage = Stage::create(&spec.path)?;
    let skip = vec![false; tiling.blocks()];
    for_each_block(
        spec,
        &tiling,
        &skip,
        threads,
        fetch,
        decode,
        &mut |block, values| {
            let values = values.expect("no block is skipped");
            let encode = |slab: usize| {
                let mut tiles = vec![f64::NAN; variables * tiling.tile_values()];
                for (variable, tile) in tiles.chunks_exact_mut(tiling.tile_values()).enumerate() {
                    tiling.gather(values, block, variable, slab, tile);
                }
                Ok(encode_chunk(&tiles, Precision::F64, STAGED_LEVEL))
            };
            assembled.fetched += fetched_of(spec, tiling.block(block));
            ordered(
                threads,
                (0..tiling.slabs()).map(Ok),
                &encode,
                &mut |bytes| stage.push(&bytes),
            )
        },
    )?;
    assembled.chunks_written = write_steps(spec, &tiling, &stage, threads, &file)?;
    file.finish()?;
    Ok(assembled)
}

/// Creates the file with everything but the steps.
fn begin(spec: &ProductSpec, assembled: &Assembled) -> Result<TableFile> {
    let file = TableFile::create(&spec.path, &spec.title)?;
    let mut attributes = cf::global(spec, &assembled.digest, None);
    for variable in &spec.variables {
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
    file.array("time_steps", Data::I64(spec.time.nanoseconds()))?;
    write_catchments(spec, &file)?;
    Ok(file)
}

/// Writes `/catchments`: id, status, key and parameters, in the order of the rows of all other tables.
fn write_catchments(spec: &ProductSpec, file: &TableFile) -> Result<()> {
    let rows = spec.catchments.len();
    let keys: Vec<String> = spec
        .catchments
        .iter()
        .map(|row| row.key.map_or_else(String::new, |k| k.to_string()))
        .collect();
    let (ids, size) = ids(spec);
    let mut columns = vec![Column::Text {
        name: "catchment".to_owned(),
        size,
    }];
    let mut planes = text_planes(&ids, size, rows);
    columns.push(Column::I8 {
        name: "status".to_owned(),
    });
    planes.extend(spec.catchments.iter().map(|row| row.status as u8));
    let mut text = |name: &str, texts: &[String], planes: &mut Vec<u8>| {
        let size = texts.iter().map(String::len).max().unwrap_or(0).max(1);
        columns.push(Column::Text {
            name: name.to_owned(),
            size,
        });
        planes.extend(text_planes(texts, size, rows));
    };
    text("key", &keys, &mut planes);
    for parameter in &spec.parameters {
        if let ParameterValues::Texts(texts) = &parameter.values {
            let texts: Vec<String> = texts.iter().map(|t| storable(t).into_owned()).collect();
            text(&parameter.name, &texts, &mut planes);
        }
    }
    for parameter in &spec.parameters {
        if let ParameterValues::Numbers(numbers) = &parameter.values {
            columns.push(Column::F64 {
                name: parameter.name.clone(),
            });
            let start = planes.len();
            planes.resize(start + 8 * rows, 0);
            shuffle(numbers, Precision::F64, &mut planes[start..]);
        }
    }
    let layout = Table {
        columns,
        rows,
        chunk_rows: rows,
        level: spec.deflate,
    };
    file.table(None, "catchments", &layout, &[filtered(planes, &layout)])
}

/// Writes the tables of all steps, and tells how many chunks that took.
fn write_steps(
    spec: &ProductSpec,
    tiling: &Tiling,
    stage: &Stage,
    threads: usize,
    file: &TableFile,
) -> Result<usize> {
    let (ids, size) = ids(spec);
    let mut columns = vec![Column::Text {
        name: "catchment".to_owned(),
        size,
    }];
    columns.extend(spec.variables.iter().map(|v| Column::F64 {
        name: v.name.clone(),
    }));
    let rows = spec.catchments.len();
    let mut layout = Table {
        columns,
        rows,
        chunk_rows: rows,
        level: spec.deflate,
    };
    let chunks = rows.div_ceil((CHUNK_BYTES / layout.row_size()).max(1));
    layout.chunk_rows = rows.div_ceil(chunks);
    // The ids are the same in all tables: their bytes are arranged once.
    let id_planes: Vec<Vec<u8>> = ids
        .chunks(layout.chunk_rows)
        .map(|ids| text_planes(ids, size, layout.chunk_rows))
        .collect();
    for slab in 0..tiling.slabs() {
        let mut tiles = Vec::with_capacity(tiling.blocks());
        let staged = (0..tiling.blocks()).map(|block| stage.read(block * tiling.slabs() + slab));
        let values = spec.variables.len() * tiling.tile_values();
        let decode = |bytes: Vec<u8>| {
            decode_chunk(&bytes, values, STAGED_LEVEL).context("the staged values are damaged")
        };
        ordered(threads, staged, &decode, &mut |tile| {
            tiles.push(tile);
            Ok(())
        })?;
        let steps = tiling.slab(slab);
        let start = steps.start;
        let encode = |step: usize| {
            let chunks = id_planes.iter().enumerate().map(|(i, ids)| {
                let mut planes = ids.clone();
                let first = i * layout.chunk_rows;
                let last = (first + layout.chunk_rows).min(rows);
                let mut column = vec![f64::NAN; layout.chunk_rows];
                for variable in 0..spec.variables.len() {
                    copy_step(
                        tiling,
                        &tiles,
                        variable,
                        step - start,
                        first,
                        &mut column[..last - first],
                    );
                    let end = planes.len();
                    planes.resize(end + 8 * column.len(), 0);
                    shuffle(&column, Precision::F64, &mut planes[end..]);
                }
                filtered(planes, &layout)
            });
            Ok((step, chunks.collect::<Vec<_>>()))
        };
        ordered(threads, steps.map(Ok), &encode, &mut |(step, chunks)| {
            file.table(Some(&format!("step_{step}")), "values", &layout, &chunks)
        })?;
    }
    Ok(tiling.steps * id_planes.len())
}

/// Copies one variable at one step of the slab, from the catchment `first` on, as many as there is room for.
fn copy_step(
    tiling: &Tiling,
    tiles: &[Vec<f64>],
    variable: usize,
    step: usize,
    first: usize,
    out: &mut [f64],
) {
    let mut done = 0;
    while done < out.len() {
        let catchment = first + done;
        let (block, column) = (
            catchment / tiling.tile_catchments,
            catchment % tiling.tile_catchments,
        );
        let count = (tiling.tile_catchments - column).min(out.len() - done);
        let row = (variable * tiling.tile_steps + step) * tiling.tile_catchments;
        out[done..done + count].copy_from_slice(&tiles[block][row + column..][..count]);
        done += count;
    }
}

/// The ids as the tables hold them, and the size of their column.
fn ids(spec: &ProductSpec) -> (Vec<String>, usize) {
    let ids: Vec<String> = spec
        .catchments
        .iter()
        .map(|row| storable(row.id.as_str()).into_owned())
        .collect();
    let size = ids.iter().map(String::len).max().unwrap_or(0).max(ID_SIZE);
    (ids, size)
}

/// The texts' bytes as planes: all first bytes, then all second bytes, …; filled up to `rows` texts.
fn text_planes(texts: &[String], size: usize, rows: usize) -> Vec<u8> {
    let mut planes = vec![0; size * rows];
    for (row, text) in texts.iter().enumerate() {
        for (k, byte) in text.bytes().enumerate() {
            planes[k * rows + row] = byte;
        }
    }
    planes
}

/// A chunk from its planes: they are what shuffle makes of the rows, so only deflate is left to do.
fn filtered(planes: Vec<u8>, layout: &Table) -> Vec<u8> {
    if layout.level > 0 {
        return deflate(&planes, layout.level);
    }
    let size = layout.row_size();
    let mut rows = vec![0; planes.len()];
    for (k, plane) in planes.chunks_exact(layout.chunk_rows).enumerate() {
        for (place, byte) in rows[k..].iter_mut().step_by(size).zip(plane) {
            *place = *byte;
        }
    }
    rows
}

/// Pieces put away on the disk, in a file that has no name and vanishes with the process.
struct Stage {
    file: File,
    ends: Vec<u64>,
}

impl Stage {
    fn create(product: &Path) -> Result<Self> {
        let folder = match product.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::tempfile_in(folder)
            .with_context(|| format!("cannot create a scratch file in {}", folder.display()))?;
        Ok(Self {
            file,
            ends: Vec::new(),
        })
    }

    fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.file
            .write_all(piece)
            .context("cannot write to the scratch file: is the disk full?")?;
        self.ends
            .push(self.end(self.ends.len()) + piece.len() as u64);
        Ok(())
    }

    fn read(&self, number: usize) -> Result<Vec<u8>> {
        let start = self.end(number);
        let mut piece = vec![0; (self.ends[number] - start) as usize];
        self.file
            .read_exact_at(&mut piece, start)
            .context("cannot read the scratch file")?;
        Ok(piece)
    }

    /// Where the first `count` pieces end.
    fn end(&self, count: usize) -> u64 {
        if count == 0 { 0 } else { self.ends[count - 1] }
    }
}
