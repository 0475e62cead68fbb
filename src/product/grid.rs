//! The product as a NetCDF-4 file: variables over time and catchments, after CF's discrete sampling geometries.
//!
//! The order of all that is written is fixed: small variables first, then chunks block by block, variable by variable, slab by
//! slab. A copied chunk takes the very place that the same chunk made anew would have, so both give the same file.

use anyhow::{Error, Result};

use super::blocks::{fetched_of, for_each_block};
use super::cf::VALUES_DIGEST;
use super::digest::{CHUNKS_DIGEST, chunks_digest, digest, values_digest};
use super::tiling::Tiling;
use super::{Assembled, ParameterValues, ProductSpec, Status, cf};
use crate::netcdf::{
    Attribute, ChunkedVariable, Chunking, Data, Dimension, EarlierFile, EarlierVariable,
    NetcdfFile, encode_chunk, storable,
};
use crate::parallel::ordered;

/// A chunk of the earlier product could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the earlier product is damaged")]
struct Damaged;

/// The earlier product at the path, as far as it can serve.
struct Earlier {
    /// By variable.
    variables: Vec<EarlierVariable>,
    /// By block: whether its chunks are what they would be again.
    unchanged: Vec<bool>,
}

/// Writes the product; see [`super::assemble`].
pub(super) fn write<E: Send>(
    spec: &ProductSpec,
    threads: usize,
    fetch: &mut (dyn FnMut(usize) -> Result<E> + Send),
    decode: &(dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
) -> Result<Assembled> {
    let tiling = Tiling::new(spec.time.len(), spec.catchments.len(), spec.variables.len());
    let earlier = earlier(spec, &tiling);
    match write_over(spec, &tiling, earlier.as_ref(), threads, fetch, decode) {
        Err(error) if error.is::<Damaged>() => {
            write_over(spec, &tiling, None, threads, fetch, decode)
        }
        outcome => outcome,
    }
}

fn write_over<E: Send>(
    spec: &ProductSpec,
    tiling: &Tiling,
    earlier: Option<&Earlier>,
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
    let (file, variables) = begin(spec, tiling, &assembled)?;
    let none = vec![false; tiling.blocks()];
    let unchanged = earlier.map_or(&none, |earlier| &earlier.unchanged);
    let tiles: Vec<(usize, usize)> = (0..variables.len())
        .flat_map(|variable| (0..tiling.slabs()).map(move |slab| (variable, slab)))
        .collect();
    let limit = 2 * 8 * tiling.tile_values() + 1024;
    for_each_block(
        spec,
        tiling,
        unchanged,
        threads,
        fetch,
        decode,
        &mut |block, values| {
            let offset = |slab: usize| [slab * tiling.tile_steps, block * tiling.tile_catchments];
            let Some(values) = values else {
                let earlier = earlier.expect("blocks are unchanged since something");
                for &(variable, slab) in &tiles {
                    let chunk = earlier.variables[variable].chunk(&offset(slab), limit);
                    let chunk = chunk.map_err(|_| Error::new(Damaged))?;
                    file.write_chunk(variables[variable], &offset(slab), &chunk)?;
                }
                assembled.chunks_copied += tiles.len();
                return Ok(());
            };
            let encode = |(variable, slab): (usize, usize)| {
                let mut tile = vec![f64::NAN; tiling.tile_values()];
                tiling.gather(values, block, variable, slab, &mut tile);
                let precision = spec.variables[variable].precision;
                Ok((variable, slab, encode_chunk(&tile, precision, spec.deflate)))
            };
            ordered(
                threads,
                tiles.iter().map(|tile| Ok(*tile)),
                &encode,
                &mut |(variable, slab, chunk)| {
                    file.write_chunk(variables[variable], &offset(slab), &chunk)
                },
            )?;
            assembled.fetched += fetched_of(spec, tiling.block(block));
            assembled.chunks_written += tiles.len();
            Ok(())
        },
    )?;
    file.finish()?;
    Ok(assembled)
}

/// Creates the file with everything but the chunks.
fn begin(
    spec: &ProductSpec,
    tiling: &Tiling,
    assembled: &Assembled,
) -> Result<(NetcdfFile, Vec<ChunkedVariable>)> {
    let mut file = NetcdfFile::create(&spec.path)?;
    let chunks = chunks_digest(spec, tiling);
    for (name, value) in cf::global(spec, &assembled.digest, Some(&chunks)).0 {
        file.attribute(&name, &value)?;
    }
    let (values, attributes) = cf::time(&spec.time);
    let time = file.coordinate("time", Data::F64(&values), &attributes.0)?;
    let ids: Vec<&str> = spec.catchments.iter().map(|row| row.id.as_str()).collect();
    let catchment = file.coordinate("catchment", Data::Texts(&ids), &cf::catchment().0)?;
    write_rows(spec, &file, catchment)?;
    let chunk = [tiling.tile_steps, tiling.tile_catchments];
    let mut variables = Vec::with_capacity(spec.variables.len());
    for variable in &spec.variables {
        let attributes = cf::variable(variable, &spec.parameters);
        let chunking = Chunking {
            chunk: &chunk,
            precision: variable.precision,
            level: spec.deflate,
        };
        let dimensions = [time, catchment];
        variables.push(file.chunked(&variable.name, &dimensions, &chunking, &attributes.0)?);
    }
    Ok((file, variables))
}

/// Writes what there is per catchment: parameters, status, key.
fn write_rows(spec: &ProductSpec, file: &NetcdfFile, catchment: Dimension) -> Result<()> {
    for parameter in &spec.parameters {
        let mut attributes = cf::parameter(parameter);
        match &parameter.values {
            ParameterValues::Numbers(numbers) => {
                if numbers.iter().any(|number| number.is_nan()) {
                    attributes.set("_FillValue", Attribute::F64(f64::NAN));
                }
                file.variable(
                    &parameter.name,
                    &[catchment],
                    Data::F64(numbers),
                    &attributes.0,
                )?;
            }
            ParameterValues::Texts(texts) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                file.variable(
                    &parameter.name,
                    &[catchment],
                    Data::Texts(&texts),
                    &attributes.0,
                )?;
            }
        }
    }
    let status: Vec<i8> = spec.catchments.iter().map(|row| row.status as i8).collect();
    file.variable(
        "status",
        &[catchment],
        Data::Bytes(&status),
        &cf::status().0,
    )?;
    let keys = keys(spec);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let attributes = cf::text("key: BLAKE3 digest of all that determines the catchment's result");
    file.variable("key", &[catchment], Data::Texts(&keys), &attributes.0)?;
    let made_of: Vec<String> = spec.catchments.iter().map(values_digest).collect();
    let made_of: Vec<&str> = made_of.iter().map(String::as_str).collect();
    let attributes =
        cf::text("digest of the result and the parameters that the catchment's values are made of");
    file.variable(
        VALUES_DIGEST,
        &[catchment],
        Data::Texts(&made_of),
        &attributes.0,
    )?;
    Ok(())
}

fn keys(spec: &ProductSpec) -> Vec<String> {
    let key = |row: &super::Row| row.key.map_or_else(String::new, |key| key.to_string());
    spec.catchments.iter().map(key).collect()
}

/// The earlier product, if its chunks can be taken over: same cut, same definitions, and some block without a change.
fn earlier(spec: &ProductSpec, tiling: &Tiling) -> Option<Earlier> {
    if !spec.path.is_file() {
        return None;
    }
    let file = EarlierFile::open(&spec.path).ok()?;
    if file.attribute(CHUNKS_DIGEST)? != chunks_digest(spec, tiling).to_string() {
        return None;
    }
    let (ids, status) = (file.texts("catchment").ok()?, file.bytes("status").ok()?);
    let made_of = file.texts(VALUES_DIGEST).ok()?;
    let count = ids.len();
    if [status.len(), made_of.len()] != [count; 2] {
        return None;
    }
    let same = |index: usize| {
        let row = &spec.catchments[index];
        // Only a digest says that a result is what it was.
        (row.status != Status::Ok || row.content.is_some())
            && storable(row.id.as_str()) == ids[index]
            && row.status as i8 == status[index]
            && values_digest(row) == made_of[index]
    };
    let unchanged: Vec<bool> = (0..tiling.blocks())
        .map(|block| {
            let rows = tiling.block(block);
            // The old block must end where the new one does, or its chunk holds other catchments besides.
            let old_end = count.min(rows.start + tiling.tile_catchments);
            rows.end == old_end && rows.into_iter().all(same)
        })
        .collect();
    if !unchanged.contains(&true) {
        return None;
    }
    let variables = spec
        .variables
        .iter()
        .map(|variable| file.chunked(&variable.name).ok());
    Some(Earlier {
        variables: variables.collect::<Option<_>>()?,
        unchanged,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{make, spec};
    use super::*;

    #[test]
    fn missing_chunks_of_the_earlier_product_are_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = spec(&folder.path().join("p.nc"), 200, 600);
        let rebuilt = make(&spec, 2);
        let whole = std::fs::read(&spec.path).expect("a file");
        let tiling = Tiling::new(600, 200, 2);
        let (file, _) = begin(&spec, &tiling, &rebuilt).expect("a file without chunks");
        file.finish().expect("the end");
        assert_eq!(make(&spec, 2), rebuilt);
        assert!(std::fs::read(&spec.path).expect("a file") == whole);
    }
}
