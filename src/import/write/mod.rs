//! The file that an import leaves: NetCDF-4 after the CF conventions, catchment first.
//!
//! Values are fetched, converted, brought to the common time steps and written in threads. Compressed ones are chunked by
//! catchment, and the chunks written in their order; all others have their place in the file beforehand, and each thread
//! writes what it has made. Either way the same sources give the same bytes. The file is under its name only when it is
//! complete.

mod queue;

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::import::axis::StepMapping;
use crate::import::buffer_pool::BufferPool;
use crate::import::layouts::values::{GROUP, SeriesValues};
use crate::import::write::queue::WriteQueue;
use crate::project::import_spec::{ImportSpec, ParameterSpec, SeriesSpec};

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::formula::Operand;
use crate::netcdf::cf::{Attributes, catchment_attributes, time_coordinate};
use crate::netcdf::{
    Attribute, Chunk, ChunkedVariable, Chunking, ContiguousVariable, Data, Dimension, NetcdfFile,
    Precision, PreviousFile, encode_chunk,
};
use crate::system::parallel::ordered;

/// Values of a chunk: a year of hours is one catchment's, short series share one.
const CHUNK: usize = 1 << 15;

/// No chunk has more time steps than this, 1 MiB.
const LONGEST: usize = 1 << 17;

/// Values that are converted at once, which takes several times their memory.
const CONVERTED: usize = 1 << 20;

/// The global attribute that distinguishes an imported file from others.
const MARK: (&str, &str) = ("source", "rerunoff import");

/// All that goes into the file.
pub(super) struct ImportContent<'a> {
    /// The catchments.
    pub ids: &'a [CatchmentId],
    /// The values of each parameter of the spec, by catchment.
    pub parameters: &'a [Vec<Value>],
    /// The time steps, where there are series.
    pub time: Option<&'a TimeAxis>,
    /// The values of each series of the spec, and how they come to the time steps.
    pub series: &'a [(Box<dyn SeriesValues>, StepMapping)],
}

/// Writes the file, and waits for the disk if `sync` says so; `tick` is told of catchments written, once for each series.
pub(super) fn write(
    spec: &ImportSpec,
    content: &ImportContent<'_>,
    threads: usize,
    sync: bool,
    tick: &mut dyn FnMut(usize),
) -> Result<()> {
    if let Some(folder) = spec.file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
    }
    ensure!(
        !spec.file.exists() || is_ours(&spec.file),
        "{} is there and was not made by an import; move it away, or name another `file` under [import]",
        spec.file.display()
    );
    let mut file = NetcdfFile::create(&spec.file)?;
    file.attribute("Conventions", &Attribute::from("CF-1.8"))?;
    file.attribute("featureType", &Attribute::from("timeSeries"))?;
    file.attribute(MARK.0, &Attribute::from(MARK.1))?;
    let ids: Vec<&str> = content.ids.iter().map(CatchmentId::as_str).collect();
    let catchment = file.coordinate("catchment", Data::Texts(&ids), &catchment_attributes().0)?;
    for (parameter, values) in spec.parameters.iter().zip(content.parameters) {
        write_parameter(&file, catchment, parameter, values)?;
    }
    if let Some(time) = content.time {
        let (numbers, attributes) = time_coordinate(time);
        let dimension = file.coordinate("time", Data::F64(&numbers), &attributes.0)?;
        let shape = Shape {
            catchments: content.ids.len(),
            steps: time.len(),
        };
        for (series, (values, mapping)) in spec.series.iter().zip(content.series) {
            let attributes = described(series.units.as_deref(), series.long_name.as_deref());
            let dimensions = [catchment, dimension];
            let writer = SeriesWriter {
                series,
                values: &**values,
                mapping,
                shape,
                threads,
            };
            let written = match spec.compression {
                0 => {
                    let variable = file.contiguous(&series.name, &dimensions, &attributes)?;
                    writer.place(&variable, tick)
                }
                level => {
                    let chunking = Chunking {
                        chunk: &shape.chunk(),
                        precision: Precision::F64,
                        level,
                    };
                    let variable =
                        file.chunked(&series.name, &dimensions, &chunking, &attributes)?;
                    writer.compress(&mut file, variable, level, tick)
                }
            };
            written.with_context(|| format!("can't write the series {}", series.name))?;
        }
    }
    match sync {
        true => file.finish(),
        false => file.finish_unsynced(),
    }
}

/// Whether a file was made by an import, which may then replace it.
fn is_ours(path: &Path) -> bool {
    PreviousFile::open(path).is_ok_and(|file| file.attribute(MARK.0).as_deref() == Some(MARK.1))
}

#[derive(Clone, Copy)]
struct Shape {
    catchments: usize,
    steps: usize,
}

impl Shape {
    /// Catchments and steps of a chunk.
    fn chunk(self) -> [usize; 2] {
        let steps = self.steps.min(LONGEST);
        [(CHUNK / steps).clamp(1, self.catchments), steps]
    }
}

/// One series on its way into the file.
struct SeriesWriter<'a> {
    series: &'a SeriesSpec,
    values: &'a dyn SeriesValues,
    mapping: &'a StepMapping,
    shape: Shape,
    threads: usize,
}

/// Catchments, time steps, and the values of these, one catchment after the other, as they lie in files.
type Tile = (Range<usize>, Range<usize>, Vec<[u8; 8]>);

/// A chunk as HDF5's filters make it, and where its first value belongs.
type Encoded = ([usize; 2], Vec<u8>);

impl SeriesWriter<'_> {
    /// Writes all values as they are, each thread what it has.
    fn place(&self, variable: &ContiguousVariable, tick: &mut dyn FnMut(usize)) -> Result<()> {
        let Shape { catchments, steps } = self.shape;
        let plain = matches!(self.mapping, StepMapping::Same) && self.series.formula.is_none();
        let [tall, wide] = match plain {
            true => self.values.tile(GROUP),
            false => [self.group(), steps],
        };
        let tiles = (0..catchments)
            .step_by(tall)
            .flat_map(|top| (0..steps).step_by(wide).map(move |left| Ok((top, left))));
        let pool = BufferPool::default();
        let write_queue = WriteQueue::default();
        let place = |(rows, columns, bytes): Tile| {
            if columns.len() == steps {
                variable.write(rows.start * steps, &bytes)?;
            } else {
                for (row, bytes) in rows.zip(bytes.chunks_exact(columns.len())) {
                    variable.write(row * steps + columns.start, bytes)?;
                }
            }
            pool.give(bytes);
            Ok(())
        };
        let write = |(top, left)| {
            let rows = top..catchments.min(top + tall);
            let columns = left..steps.min(left + wide);
            let mut bytes = pool.take();
            if plain {
                (self.values).fetch(rows.clone(), columns.clone(), &mut bytes)?;
            } else {
                bytes.clear();
                let values = self.converted(rows.clone())?;
                bytes.extend(values.iter().map(|value| value.to_le_bytes()));
            }
            // A catchment is done with its last piece.
            let done = if columns.end == steps { rows.len() } else { 0 };
            write_queue.put(self.threads, (rows, columns, bytes), &place)?;
            Ok(done)
        };
        ordered(self.threads, tiles, &write, &mut |done| {
            tick(done);
            Ok(())
        })
    }

    /// Writes compressed chunks.
    fn compress(
        &self,
        file: &mut NetcdfFile,
        variable: ChunkedVariable,
        level: u8,
        tick: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let catchments = self.shape.catchments;
        let group = self.group();
        let starts = (0..catchments).step_by(group).map(Ok);
        let encode = |start| self.encode(start..catchments.min(start + group), level);
        ordered(self.threads, starts, &encode, &mut |chunks| {
            for (offset, bytes) in chunks {
                file.write_chunk(variable, &offset, Chunk::Made(bytes))?;
            }
            tick(group);
            Ok(())
        })
    }

    /// Catchments that are best converted at once, whole chunks of them.
    fn group(&self) -> usize {
        let [tall, _] = self.shape.chunk();
        (CONVERTED / (tall * self.shape.steps.max(self.values.steps()))).max(1) * tall
    }

    /// All values of some catchments at the common time steps.
    fn converted(&self, catchments: Range<usize>) -> Result<Vec<f64>> {
        let mut bytes = Vec::new();
        let steps = self.values.steps();
        (self.values).fetch(catchments.clone(), 0..steps, &mut bytes)?;
        let mut own: Vec<f64> = (bytes.iter())
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect();
        drop(bytes);
        if let Some(formula) = &self.series.formula {
            own = formula.eval_columns(own.len(), &|_| Some(Operand::Column(&own)))?;
        }
        Ok(match self.mapping {
            StepMapping::Same => own,
            mapping => {
                let mut values = Vec::with_capacity(catchments.len() * self.shape.steps);
                for series in own.chunks_exact(steps) {
                    mapping.apply(series, &mut values);
                }
                values
            }
        })
    }

    /// The chunks of some catchments, the first of which begins one.
    fn encode(&self, catchments: Range<usize>, level: u8) -> Result<Vec<Encoded>> {
        let values = self.converted(catchments.clone())?;
        let [tall, wide] = self.shape.chunk();
        let mut chunks = Vec::new();
        for top in catchments.clone().step_by(tall) {
            for left in (0..self.shape.steps).step_by(wide) {
                let mut chunk = vec![f64::NAN; tall * wide];
                let steps = left..self.shape.steps.min(left + wide);
                for row in top..catchments.end.min(top + tall) {
                    let from = (row - catchments.start) * self.shape.steps;
                    let to = (row - top) * wide;
                    chunk[to..to + steps.len()]
                        .copy_from_slice(&values[from + steps.start..from + steps.end]);
                }
                let bytes = encode_chunk(&chunk, Precision::F64, level);
                chunks.push(([top, left], bytes));
            }
        }
        Ok(chunks)
    }
}

/// Whole numbers stay whole, numbers stay numbers; a single text among them makes all of them texts.
fn write_parameter(
    file: &NetcdfFile,
    catchment: Dimension,
    parameter: &ParameterSpec,
    values: &[Value],
) -> Result<()> {
    let attributes = described(parameter.units.as_deref(), parameter.long_name.as_deref());
    let whole: Option<Vec<i64>> = (values.iter())
        .map(|value| match value {
            Value::Integer(whole) => Some(*whole),
            _ => None,
        })
        .collect();
    let numbers: Option<Vec<f64>> = values.iter().map(Value::number).collect();
    let name = &parameter.name;
    match (whole, numbers) {
        (Some(whole), _) => file.variable(name, &[catchment], Data::I64(&whole), &attributes),
        (None, Some(numbers)) => {
            file.variable(name, &[catchment], Data::F64(&numbers), &attributes)
        }
        (None, None) => {
            let texts: Vec<String> = values.iter().map(Value::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            file.variable(name, &[catchment], Data::Texts(&texts), &attributes)
        }
    }
}

fn described(units: Option<&str>, long_name: Option<&str>) -> Vec<(String, Attribute)> {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", long_name);
    attributes.set_some("units", units);
    attributes.0
}
