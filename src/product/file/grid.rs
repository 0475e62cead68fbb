//! The product as a NetCDF-4 file: variables over time and catchments, after CF's discrete sampling geometries.
//!
//! Everything is written in a fixed order: small variables first, then chunks block by block, variable by variable, slab by
//! slab (sums over all upstream after all other blocks of the scenario), then the summaries. A copied chunk gets the same
//! place as one that is compressed again, so both ways give the same file.

use anyhow::Result;

use super::block::Block;
use super::blocks::{BlockSink, ProductBlocks};
use super::digest::{chunks_digest, digest};
use super::previous::Previous;
use super::rows::{self, Dimensions};
use super::summary::Summaries;
use super::tiling::{TilePlace, Tiling};
use super::unchanged::{Group, Unchanged};
use super::{Assembled, ProductContent, ResultSource, cf};
use crate::netcdf::{Chunk, ChunkedVariable, Chunking, NetcdfFile, Uncopied, encode_chunk};

/// Writes the product; see [`super::assemble`].
pub(super) fn write<E: Send>(
    product: &ProductContent,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    let each = product.catchments_each();
    let tiling = Tiling::new(product.time.len(), each, product.spec.variables.len());
    let tiling = tiling.with_scenarios(product.scenario_count());
    let previous = Previous::open(product, &tiling, source.known);
    match write_over(product, &tiling, previous.as_ref(), source) {
        Err(error) if error.is::<Uncopied>() => write_over(product, &tiling, None, source),
        outcome => outcome,
    }
}

/// Writes the product, and copies from the previous one what is unchanged.
fn write_over<E: Send>(
    product: &ProductContent,
    tiling: &Tiling,
    previous: Option<&Previous>,
    source: &mut ResultSource<'_, E>,
) -> Result<Assembled> {
    let mut assembled = Assembled::nothing(digest(product));
    let (mut file, dimensions, variables) = begin(product, tiling, &assembled)?;
    let mut summaries = match previous {
        Some(previous) => previous.summaries(product, tiling),
        None => Summaries::new(product.spec.summaries.len(), product.catchments.len()),
    };
    let nothing = Unchanged::nothing(product, tiling);
    let unchanged = previous.map_or(&nothing, Previous::unchanged);
    let limit = 2 * 8 * tiling.tile_values() as u64 + 1024;
    let groups = Group::ALL.map(|group| group.variables(product));
    let blocks = ProductBlocks::new(product, tiling, unchanged);
    // The chunks of a block: variable by variable, slab by slab. Each variable with its place among the group's.
    let tiles = |group: Group| {
        let of_group = groups[group as usize].iter().copied().enumerate();
        of_group.flat_map(|at| (0..tiling.slabs()).map(move |slab| (at, slab)))
    };
    let offset = |scenario: usize, first: usize, slab: usize| -> Vec<usize> {
        let scenario = product.scenarios.is_some().then_some(scenario);
        let within = [slab * tiling.tile_steps, first];
        scenario.into_iter().chain(within).collect()
    };
    let encode = |group: Group, block: usize, values: Option<&Block>| {
        let (scenario, first) = tiling.corner(block);
        let mut tile = vec![f64::NAN; values.map_or(0, |_| tiling.tile_values())];
        let chunk = |((place, variable), slab): ((usize, usize), usize)| {
            if unchanged.is_variable(group, block, variable) {
                let previous = previous.expect("it is unchanged since something");
                let before = offset(previous.scenario(scenario), first, slab);
                let chunk = previous.chunk(variable, &before, limit);
                return chunk.map(Chunk::Previous);
            }
            let values = values.expect("what has changed has values");
            let place = TilePlace {
                block,
                variable: place,
                slab,
            };
            tiling.gather(values, place, &mut tile);
            let precision = product.spec.variables[variable].precision;
            Ok(Chunk::Made(encode_chunk(
                &tile,
                precision,
                product.spec.compression,
            )))
        };
        tiles(group).map(chunk).collect()
    };
    let mut write = |group: Group, block: usize, chunks: Vec<Chunk>| {
        let (scenario, first) = tiling.corner(block);
        for (((_, variable), slab), chunk) in tiles(group).zip(chunks) {
            match &chunk {
                Chunk::Previous(_) => assembled.chunks_copied += 1,
                Chunk::Made(_) => assembled.chunks_written += 1,
            }
            let offset = offset(scenario, first, slab);
            file.write_chunk(variables[variable], &offset, chunk)?;
        }
        Ok(())
    };
    let sink = BlockSink {
        encode: &encode,
        write: &mut write,
        summaries: &mut summaries,
    };
    assembled.fetched = blocks.make(source, sink)?;
    rows::write_summaries(product, &file, &dimensions, &summaries)?;
    file.finish()?;
    Ok(assembled)
}

/// Creates the file with everything but the chunks.
fn begin(
    product: &ProductContent,
    tiling: &Tiling,
    assembled: &Assembled,
) -> Result<(NetcdfFile, Dimensions, Vec<ChunkedVariable>)> {
    let mut file = NetcdfFile::create(&product.spec.path)?;
    let chunks = chunks_digest(product, tiling);
    for (name, value) in cf::global(product, &assembled.digest, Some(&chunks)).0 {
        file.attribute(&name, &value)?;
    }
    let dimensions = Dimensions::write(product, &mut file)?;
    rows::write(product, &file, &dimensions)?;
    let scenario = product.scenarios.is_some().then_some(1);
    let chunk = scenario.into_iter();
    let chunk = chunk.chain([tiling.tile_steps, tiling.tile_catchments]);
    let chunk: Vec<usize> = chunk.collect();
    let mut variables = Vec::with_capacity(product.spec.variables.len());
    for variable in &product.spec.variables {
        let attributes = cf::variable(variable, product);
        let chunking = Chunking {
            chunk: &chunk,
            precision: variable.precision,
            level: product.spec.compression,
        };
        let over = dimensions.of_variables();
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
        let tiling = Tiling::new(600, 200, 2);
        let (file, _, _) = begin(&product, &tiling, &rebuilt).expect("a file without chunks");
        file.finish().expect("the end");
        assert_eq!(make(&product, 2), rebuilt);
        assert!(std::fs::read(&product.spec.path).expect("a file") == whole);
    }
}
