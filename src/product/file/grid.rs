//! The product as a NetCDF-4 file: variables over time and catchments, after CF's discrete sampling geometries.
//!
//! Everything is written in a fixed order: small variables first, then chunks block by block, variable by variable, slab by
//! slab (sums over all upstream after all other blocks of the scenario), all variables over the same axes before those over
//! others, then the summaries. A copied chunk gets the same place as one that is compressed again, so both ways give the same
//! file.

use anyhow::Result;

use super::axes::in_order;
use super::block::Block;
use super::blocks::{BlockSink, ProductBlocks};
use super::digest::{chunks_digest, digest};
use super::previous::Previous;
use super::rows::{self, Dimensions};
use super::summary::Summaries;
use super::tiling::{TilePlace, Tiling};
use super::unchanged::{Group, Unchanged};
use super::{Assembled, AxisGroup, ProductContent, ResultSource, cf};
use crate::netcdf::{
    Chunk, ChunkedVariable, Chunking, NetcdfFile, PlacedChunk, Uncopied, encode_chunk,
};

/// Writes the product; see [`super::assemble`].
pub(super) fn write<E: Send>(
    product: &ProductContent,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    let groups = product.axis_groups();
    let previous = Previous::open(product, &groups, source.known);
    match write_over(product, &groups, previous.as_ref(), source) {
        Err(error) if error.is::<Uncopied>() => write_over(product, &groups, None, source),
        outcome => outcome,
    }
}

/// Writes the product, and copies from the previous one what is unchanged.
fn write_over<E: Send>(
    product: &ProductContent,
    groups: &[AxisGroup<'_>],
    previous: Option<&Previous>,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    let mut assembled = Assembled::nothing(digest(product));
    let (mut file, dimensions, variables) = begin(product, groups, &assembled)?;
    let mut summaries = match previous {
        Some(previous) => previous.summaries(product, groups),
        None => Summaries::new(product),
    };
    for (number, over) in groups.iter().enumerate() {
        let tiling = over.tiling(product);
        let nothing = Unchanged::nothing(product, over, &tiling);
        let writer = GroupWriter {
            product,
            over,
            tiling: &tiling,
            previous,
            unchanged: previous.map_or(&nothing, |previous| previous.unchanged(number)),
            variables: Group::ALL.map(|group| group.variables(product, over)),
        };
        let mut before = WrittenBefore::default();
        let mut write = |group: Group, block: usize, pieces: Vec<Piece>| {
            let (scenario, first) = tiling.corner(block);
            let before = before.of_block(group, block % tiling.blocks_each());
            for (at, (((_, variable), slab), piece)) in writer.tiles(group).zip(pieces).enumerate()
            {
                let chunk = match piece {
                    Piece::Chunk(chunk) => chunk,
                    Piece::Repeated => Chunk::Written(before[at]),
                };
                match &chunk {
                    Chunk::Previous(_) => assembled.chunks_copied += 1,
                    Chunk::Written(_) => assembled.chunks_repeated += 1,
                    Chunk::Made(_) => assembled.chunks_written += 1,
                }
                let offset = writer.offset(scenario, first, slab);
                let placed = file.write_chunk(variables[variable], &offset, chunk)?;
                match before.get_mut(at) {
                    Some(place) => *place = placed,
                    None => before.push(placed),
                }
            }
            Ok(())
        };
        let sink = BlockSink {
            encode: &|group, block, values, repeated: &[bool]| {
                writer.encode(group, block, values, repeated)
            },
            write: &mut write,
            summaries: &mut summaries,
        };
        let blocks = ProductBlocks::new(product, over, &tiling, writer.unchanged);
        assembled.fetched += blocks.make(source, sink)?;
    }
    rows::write_summaries(product, &file, &dimensions, &summaries)?;
    assembled.objectives = product.objective_numbers(&summaries);
    file.finish()?;
    Ok(assembled)
}

/// A chunk on its way into the file.
enum Piece {
    Chunk(Chunk),
    /// The one of the scenario before, which is in the file by the time that this is written.
    Repeated,
}

/// Where the chunks of the scenario before are, or, of blocks that are written, those of this one: by group, block and tile.
#[derive(Default)]
struct WrittenBefore([Vec<Vec<PlacedChunk>>; 2]);

impl WrittenBefore {
    /// Those of a block of a group, by the block's number in its scenario.
    fn of_block(&mut self, group: Group, block: usize) -> &mut Vec<PlacedChunk> {
        let blocks = &mut self.0[group as usize];
        if blocks.len() <= block {
            blocks.resize_with(block + 1, Vec::new);
        }
        &mut blocks[block]
    }
}

/// What it takes to make the chunks of the variables over the same axes.
struct GroupWriter<'w> {
    product: &'w ProductContent,
    over: &'w AxisGroup<'w>,
    tiling: &'w Tiling,
    previous: Option<&'w Previous>,
    unchanged: &'w Unchanged,
    /// The variables of own values, and those of sums.
    variables: [Vec<usize>; 2],
}

impl GroupWriter<'_> {
    /// The chunks of a block: variable by variable, slab by slab. Each variable with its place among those of its kind.
    fn tiles(&self, group: Group) -> impl Iterator<Item = ((usize, usize), usize)> {
        let of_group = self.variables[group as usize].iter().copied().enumerate();
        let slabs = self.tiling.slabs();
        of_group.flat_map(move |at| (0..slabs).map(move |slab| (at, slab)))
    }

    /// The place of a chunk's first value.
    fn offset(&self, scenario: usize, first: usize, slab: usize) -> Vec<usize> {
        let scenario = self.product.scenarios.is_some().then_some(scenario);
        in_order(self.over.corner(self.tiling, slab), scenario, first)
    }

    /// The chunks of a block, from its values, from the previous product or from the scenario before.
    fn encode(
        &self,
        group: Group,
        block: usize,
        values: Option<&Block>,
        repeated: &[bool],
    ) -> Result<Vec<Piece>> {
        let (spec, tiling) = (&self.product.spec, self.tiling);
        let (scenario, first) = tiling.corner(block);
        let limit = 2 * 8 * tiling.tile_values() as u64 + 1024;
        let mut tile = vec![f64::NAN; values.map_or(0, |_| tiling.tile_values())];
        let chunk = |((place, variable), slab): ((usize, usize), usize)| {
            if self.unchanged.is_variable(group, block, variable) {
                let previous = self.previous.expect("it is unchanged since something");
                let before = self.offset(previous.scenario(scenario), first, slab);
                let chunk = previous.chunk(variable, &before, limit);
                return chunk.map(|chunk| Piece::Chunk(Chunk::Previous(chunk)));
            }
            if repeated.get(place) == Some(&true) {
                return Ok(Piece::Repeated);
            }
            let values = values.expect("what has changed has values");
            let place = TilePlace {
                block,
                variable: place,
                slab,
            };
            tiling.gather(values, place, &mut tile);
            let precision = spec.variables[variable].precision;
            let bytes = encode_chunk(&tile, precision, spec.compression);
            Ok(Piece::Chunk(Chunk::Made(bytes)))
        };
        self.tiles(group).map(chunk).collect()
    }
}

/// Creates the file with everything but the chunks.
fn begin(
    product: &ProductContent,
    groups: &[AxisGroup<'_>],
    assembled: &Assembled,
) -> Result<(NetcdfFile, Dimensions, Vec<ChunkedVariable>)> {
    let mut file = NetcdfFile::create(&product.spec.path)?;
    let chunks = chunks_digest(product, groups);
    for (name, value) in cf::global(product, &assembled.digest, Some(&chunks)).0 {
        file.attribute(&name, &value)?;
    }
    let dimensions = Dimensions::write(product, &mut file)?;
    rows::write(product, &mut file, &dimensions)?;
    let mut variables = Vec::with_capacity(product.spec.variables.len());
    for (number, variable) in product.spec.variables.iter().enumerate() {
        let over = groups.iter().find(|over| over.variables.contains(&number));
        let over = over.expect("every variable is in a group");
        let tiling = over.tiling(product);
        let scenario = product.scenarios.is_some().then_some(1);
        let lengths = over.tile_lengths(&tiling);
        let chunk = in_order(lengths, scenario, tiling.tile_catchments);
        let attributes = cf::variable(variable, product, cf::reading(over, &tiling));
        let chunking = Chunking {
            chunk: &chunk,
            precision: variable.precision,
            level: product.spec.compression,
        };
        let over = dimensions.of_variable(&variable.axes);
        variables.push(file.chunked(&variable.name, &over, &chunking, &attributes.0)?);
    }
    Ok((file, dimensions, variables))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{make, product};
    use super::*;

    #[test]
    fn missing_chunks_of_the_earlier_product_are_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let product = product(&folder.path().join("p.nc"), 200, 600);
        let rebuilt = make(&product, 2);
        let whole = std::fs::read(&product.spec.path).expect("a file");
        let groups = product.axis_groups();
        let (file, _, _) = begin(&product, &groups, &rebuilt).expect("a file without chunks");
        file.finish().expect("the end");
        assert_eq!(make(&product, 2), rebuilt);
        assert!(std::fs::read(&product.spec.path).expect("a file") == whole);
    }
}
