//! The example's input: a NetCDF-4 file of arrays, catchment by time, as many forcing files come.
//!
//! A chunk holds one catchment's whole series of one variable. Workers take turns to compute and compress catchments, and
//! this thread writes them in order: the bytes of the file do not depend on the number of workers, and no more than a few
//! catchments are in memory. How HDF5 is written is `netcdf`'s business.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result};

use super::forcing::{ExampleBasin, Site};
use crate::netcdf::cf::catchment_attributes;
use crate::netcdf::{
    Attribute, Chunk, Chunking, Data, Dimension, NetcdfFile, Precision, encode_chunk,
};

/// Level of deflate: the first ones save most of what there is to save.
const LEVEL: u8 = 1;
/// How many catchments a worker may be ahead of the writer.
const AHEAD: usize = 4;

/// Name, units, long name of the series, in the order of [`columns`].
const SERIES: [(&str, &str, &str); 4] = [
    ("temperature", "degree_Celsius", "air temperature"),
    ("precipitation", "mm h-1", "precipitation"),
    ("discharge", "m3 s-1", "discharge at the outlet"),
    (
        "local_discharge",
        "m3 s-1",
        "discharge from the catchment itself",
    ),
];

/// Writes the first `catchments` of the basin, with all cores.
pub(super) fn write(path: &Path, basin: &ExampleBasin, catchments: usize) -> Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    write_with(path, basin, catchments, workers)
}

fn write_with(path: &Path, basin: &ExampleBasin, catchments: usize, workers: usize) -> Result<()> {
    let mut file = NetcdfFile::create(path)?;
    for (name, text) in [
        ("Conventions", "CF-1.8"),
        ("featureType", "timeSeries"),
        ("title", "Synthetic forcing of the herbicide example"),
    ] {
        file.attribute(name, &text.into())?;
    }
    let dimensions = write_statics(&mut file, basin, catchments)?;
    let chunking = Chunking {
        chunk: &[1, basin.steps()],
        precision: Precision::F64,
        level: LEVEL,
    };
    let mut variables = Vec::with_capacity(SERIES.len());
    for (name, units, long_name) in SERIES {
        let attributes = attributes(&[
            ("units", units),
            ("long_name", long_name),
            ("coordinates", "lat lon"),
        ]);
        variables.push(file.chunked(name, &dimensions, &chunking, &attributes)?);
    }
    thread::scope(|scope| -> Result<()> {
        let mut lanes = Vec::with_capacity(workers);
        for worker in 0..workers {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || {
                for catchment in (worker..catchments).step_by(workers) {
                    // The writer has given up if nobody receives.
                    if sender.send(columns(basin, catchment)).is_err() {
                        return;
                    }
                }
            });
            lanes.push(receiver);
        }
        for catchment in 0..catchments {
            let chunks = lanes[catchment % workers]
                .recv()
                .context("a worker stopped")?;
            for (variable, chunk) in variables.iter().zip(chunks) {
                file.write_chunk(*variable, &[catchment, 0], Chunk::Made(chunk))?;
            }
        }
        Ok(())
    })?;
    file.finish()
}

/// The compressed series of one catchment, in the order of [`SERIES`].
fn columns(basin: &ExampleBasin, catchment: usize) -> [Vec<u8>; 4] {
    let series = basin.series(catchment);
    [
        series.temperature,
        series.precipitation,
        series.discharge,
        series.local_discharge,
    ]
    .map(|column| encode_chunk(&column, Precision::F64, LEVEL))
}

/// Writes the coordinates and what each catchment has for all time; gives the dimensions catchment and time.
fn write_statics(
    file: &mut NetcdfFile,
    basin: &ExampleBasin,
    catchments: usize,
) -> Result<[Dimension; 2]> {
    let sites: Vec<Site> = (0..catchments)
        .map(|catchment| basin.site(catchment))
        .collect();
    let ids: Vec<i64> = sites.iter().map(|site| site.id).collect();
    let hours: Vec<f64> = (0..basin.steps()).map(|step| step as f64).collect();
    let catchment = file.coordinate("catchment", Data::I64(&ids), &catchment_attributes().0)?;
    let time = file.coordinate(
        "time",
        Data::F64(&hours),
        &attributes(&[
            ("standard_name", "time"),
            ("units", "hours since 2009-01-01 00:00:00"),
            ("calendar", "standard"),
            ("axis", "T"),
        ]),
    )?;
    let write = |name: &str, of: fn(&Site) -> f64, list: &[(&str, &str)]| {
        let values: Vec<f64> = sites.iter().map(of).collect();
        file.variable(name, &[catchment], Data::F64(&values), &attributes(list))
    };
    write(
        "lat",
        |site| site.latitude,
        &[("standard_name", "latitude"), ("units", "degrees_north")],
    )?;
    write(
        "lon",
        |site| site.longitude,
        &[("standard_name", "longitude"), ("units", "degrees_east")],
    )?;
    write(
        "A_tot",
        |site| site.area,
        &[("units", "m2"), ("long_name", "area of the catchment")],
    )?;
    let long_name = ("long_name", "area on which the herbicide is applied");
    write(
        "A_appl",
        |site| site.application_area,
        &[("units", "m2"), long_name],
    )?;
    Ok([catchment, time])
}

fn attributes(list: &[(&str, &str)]) -> Vec<(String, Attribute)> {
    list.iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_what_was_drawn() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("input.h5");
        let basin = ExampleBasin::new(3, 50);
        write(&path, &basin, 7)?;
        let file = hdf5::File::open(&path)?;
        assert_eq!(
            file.dataset("catchment")?.read_raw::<i64>()?,
            (70_001..70_008).collect::<Vec<_>>()
        );
        let [rain, local, area] =
            ["precipitation", "local_discharge", "A_tot"].map(|name| file.dataset(name));
        let (rain, local) = (rain?.read_2d::<f64>()?, local?.read_2d::<f64>()?);
        let area = area?.read_raw::<f64>()?;
        for (catchment, area) in area.into_iter().enumerate() {
            let series = basin.series(catchment);
            assert_eq!(rain.row(catchment).to_vec(), series.precipitation);
            assert_eq!(local.row(catchment).to_vec(), series.local_discharge);
            assert_eq!(area, basin.site(catchment).area);
        }
        Ok(())
    }

    #[test]
    fn the_number_of_workers_does_not_show() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let basin = ExampleBasin::new(3, 30);
        let mut files = Vec::new();
        for workers in [1, 2, 5] {
            let path = folder.path().join(format!("{workers}.h5"));
            write_with(&path, &basin, 11, workers)?;
            files.push(std::fs::read(&path)?);
        }
        assert!(files[0] == files[1] && files[1] == files[2]);
        Ok(())
    }
}
