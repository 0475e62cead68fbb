//! The file that an import leaves: NetCDF-4 after the CF conventions, catchment first, chunked by catchment.
//!
//! Groups of catchments are fetched, converted, brought to the common time steps and compressed in threads, and written in
//! their order, so that the same sources give the same bytes. Values that need none of that are fetched as they lie in the
//! file, and written from where they were put. It is under its name only when it is complete.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::axis::Mapping;
use super::pool::Pool;
use super::spec::{ImportSpec, ParameterSpec, SeriesSpec};
use super::values::Values;

use crate::catchment::CatchmentId;
use crate::expr::Operand;
use crate::netcdf::{
    Attribute, ChunkedVariable, Chunking, Data, Dimension, EarlierFile, NetcdfFile, Precision,
    encode_chunk,
};
use crate::parallel::ordered;
use crate::product::{catchment_attributes, time_coordinate};
use crate::time_axis::TimeAxis;
use crate::value::Value;

/// Values of a chunk: a year of hours is one catchment's, short series share one.
const CHUNK: usize = 1 << 15;

/// No chunk has more time steps than this, 1 MiB.
const LONGEST: usize = 1 << 17;

/// Values that are fetched at once, 16 MiB; the more, the fewer and longer reads.
pub const GROUP: usize = 1 << 21;

/// The global attribute that tells an imported file from one that somebody else made.
const MARK: (&str, &str) = ("source", "rerunoff import");

/// All that goes into the file.
pub struct Content<'a> {
    /// The catchments.
    pub ids: &'a [CatchmentId],
    /// The values of each parameter of the spec, by catchment.
    pub parameters: &'a [Vec<Value>],
    /// The time steps, where there are series.
    pub time: Option<&'a TimeAxis>,
    /// The values of each series of the spec, and how they come to the time steps.
    pub series: &'a [(Values, Mapping)],
}

/// Writes the file; `tick` is told of catchments written, once for each series.
pub fn write(
    spec: &ImportSpec,
    content: &Content<'_>,
    threads: usize,
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
        let chunk = shape.chunk();
        for (series, (values, mapping)) in spec.series.iter().zip(content.series) {
            let chunking = Chunking {
                chunk: &chunk,
                precision: Precision::F64,
                level: spec.compression,
            };
            let attributes = described(series.units.as_deref(), series.long_name.as_deref());
            let variable = file.chunked(
                &series.name,
                &[catchment, dimension],
                &chunking,
                &attributes,
            )?;
            let one = One {
                series,
                values,
                mapping,
                shape,
                level: spec.compression,
            };
            one.write(&file, variable, threads, tick)
                .with_context(|| format!("can't write the series {}", series.name))?;
        }
    }
    file.finish()
}

/// Whether a file is one that an import made and may make anew.
fn is_ours(path: &Path) -> bool {
    EarlierFile::open(path).is_ok_and(|file| file.attribute(MARK.0).as_deref() == Some(MARK.1))
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
struct One<'a> {
    series: &'a SeriesSpec,
    values: &'a Values,
    mapping: &'a Mapping,
    shape: Shape,
    level: u8,
}

/// Some catchments, ready to be written.
enum Group {
    /// As they lie in the file, whole chunks one after the other, from this catchment on.
    Plain(usize, Vec<[u8; 8]>),
    /// Chunks as HDF5's filters make them, and where the first value of each belongs.
    Encoded(Vec<([usize; 2], Vec<u8>)>),
}

impl One<'_> {
    fn write(
        &self,
        file: &NetcdfFile,
        variable: ChunkedVariable,
        threads: usize,
        tick: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let [tall, wide] = self.shape.chunk();
        let chunks = (GROUP / (tall * self.shape.steps.max(self.values.steps()))).max(1);
        let group = chunks * tall;
        let starts = (0..self.shape.catchments).step_by(group).map(Ok);
        let pool = Pool::default();
        let prepare = |start: usize| {
            self.prepare(start, self.shape.catchments.min(start + group), pool.take())
        };
        ordered(threads, starts, &prepare, &mut |ready| {
            match ready {
                Group::Plain(start, values) => {
                    for (chunk, values) in values.chunks_exact(tall * wide).enumerate() {
                        let offset = [start + chunk * tall, 0];
                        file.write_chunk(variable, &offset, values.as_flattened())?;
                    }
                    pool.give(values);
                }
                Group::Encoded(chunks) => {
                    for (offset, bytes) in chunks {
                        file.write_chunk(variable, &offset, &bytes)?;
                    }
                }
            }
            tick(group);
            Ok(())
        })
    }

    /// Some catchments, the first of which begins a chunk; `buffer` holds anything.
    fn prepare(&self, start: usize, end: usize, mut buffer: Vec<[u8; 8]>) -> Result<Group> {
        let [tall, wide] = self.shape.chunk();
        self.values.fetch(start..end, &mut buffer)?;
        let same = matches!(self.mapping, Mapping::Same) && self.series.formula.is_none();
        if same && self.level == 0 && wide == self.shape.steps {
            // What lies beyond the last catchment is filled up, for chunks are always whole.
            let whole = buffer.len().next_multiple_of(tall * wide);
            buffer.resize(whole, f64::NAN.to_le_bytes());
            return Ok(Group::Plain(start, buffer));
        }
        let own = buffer.iter().map(|bytes| f64::from_le_bytes(*bytes));
        self.encode(start, end, own.collect()).map(Group::Encoded)
    }

    /// The chunks of some catchments made of their own values.
    fn encode(
        &self,
        start: usize,
        end: usize,
        mut own: Vec<f64>,
    ) -> Result<Vec<([usize; 2], Vec<u8>)>> {
        if let Some(formula) = &self.series.formula {
            own = formula.eval_columns(own.len(), &|_| Some(Operand::Column(&own)))?;
        }
        let values = match self.mapping {
            Mapping::Same => own,
            mapping => {
                let mut values = Vec::with_capacity((end - start) * self.shape.steps);
                for series in own.chunks_exact(self.values.steps()) {
                    mapping.apply(series, &mut values);
                }
                values
            }
        };
        let [tall, wide] = self.shape.chunk();
        let mut chunks = Vec::new();
        for top in (start..end).step_by(tall) {
            for left in (0..self.shape.steps).step_by(wide) {
                let mut chunk = vec![f64::NAN; tall * wide];
                let steps = left..self.shape.steps.min(left + wide);
                for row in top..end.min(top + tall) {
                    let from = (row - start) * self.shape.steps;
                    let to = (row - top) * wide;
                    chunk[to..to + steps.len()]
                        .copy_from_slice(&values[from + steps.start..from + steps.end]);
                }
                let bytes = encode_chunk(&chunk, Precision::F64, self.level);
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
    [("long_name", long_name), ("units", units)]
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), Attribute::from(text?))))
        .collect()
}
