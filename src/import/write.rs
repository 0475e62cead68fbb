//! The file that an import leaves: NetCDF-4 after the CF conventions, catchment first, chunked by catchment.
//!
//! Groups of catchments are fetched, converted, brought to the common time steps and compressed in threads, and written in
//! their order, so that the same sources give the same bytes. It is under its name only when it is complete.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::axis::Mapping;
use super::spec::{ImportSpec, ParameterSpec, SeriesSpec};
use super::staged::Staged;
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

/// Values that are fetched at once; the more, the fewer and longer reads.
const GROUP: usize = 1 << 20;

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
    pub series: &'a [(Staged, Mapping)],
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
        for (series, (staged, mapping)) in spec.series.iter().zip(content.series) {
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
                staged,
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
    staged: &'a Staged,
    mapping: &'a Mapping,
    shape: Shape,
    level: u8,
}

/// A compressed chunk and where its first value belongs.
type Encoded = ([usize; 2], Vec<u8>);

impl One<'_> {
    fn write(
        &self,
        file: &NetcdfFile,
        variable: ChunkedVariable,
        threads: usize,
        tick: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let [tall, _] = self.shape.chunk();
        let chunks = (GROUP / (tall * self.shape.steps.max(self.staged.steps()))).max(1);
        let group = chunks * tall;
        let starts = (0..self.shape.catchments).step_by(group).map(Ok);
        let encode = |start: usize| self.encode(start, self.shape.catchments.min(start + group));
        ordered(threads, starts, &encode, &mut |chunks: Vec<Encoded>| {
            for (offset, bytes) in chunks {
                file.write_chunk(variable, &offset, &bytes)?;
            }
            tick(group);
            Ok(())
        })
    }

    /// The chunks of some catchments, the first of which begins a chunk.
    fn encode(&self, start: usize, end: usize) -> Result<Vec<Encoded>> {
        let mut own = self.staged.fetch(start..end)?;
        if let Some(formula) = &self.series.formula {
            own = formula.eval_columns(own.len(), &|_| Some(Operand::Column(&own)))?;
        }
        let values = match self.mapping {
            Mapping::Same => own,
            mapping => {
                let mut values = Vec::with_capacity((end - start) * self.shape.steps);
                for series in own.chunks_exact(self.staged.steps()) {
                    mapping.apply(series, &mut values);
                }
                values
            }
        };
        let [tall, wide] = self.shape.chunk();
        let mut chunks = Vec::new();
        for top in (start..end).step_by(tall) {
            for left in (0..self.shape.steps).step_by(wide) {
                // What lies beyond the edges is filled up, for chunks are always whole.
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
