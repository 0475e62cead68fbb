//! The layout of netCDF-4/CF and plain HDF5 files: variables of shape [time, catchment] or [catchment, time].
//!
//! Which variable holds the ids and which the time is found from what the file says of itself, in the order of how
//! explicit that is; where several fit equally well, the error says how to name the right one. Variables along the
//! catchments alone become parameters; all other shapes are passed over, and so are groups below the root. This module
//! knows one file; how several are joined is not its business.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::data::value::{Value, push_number};
use crate::inputs::InputSpec;
use crate::inputs::catalog::SeriesColumn;
use crate::inputs::conventions::decoding::DecodedValues;
use crate::inputs::conventions::time;
use crate::inputs::layouts::identify::{find_ids, find_time};
use crate::inputs::links::linked::Linked;
use crate::inputs::series::slabs::Grid;
use crate::inputs::variables::{Dim, FileVariable};

/// Plain whole numbers with steps below this are not taken for nanoseconds: a second.
const SHORTEST_STEP: i64 = 1_000_000_000;

/// A file of arrays, opened and understood; only the series' values are still to be read.
#[derive(Debug)]
pub(crate) struct ArrayFile {
    /// The file.
    pub path: PathBuf,
    /// The variable that holds the ids.
    pub id_variable: String,
    /// The ids, in the order of the file.
    pub ids: Vec<CatchmentId>,
    /// The time axis, if the file has one.
    pub time: Option<TimeAxis>,
    /// The series.
    pub columns: Vec<(SeriesColumn, Grid)>,
    /// The parameters: a name and one value for each catchment, `None` where it is missing.
    pub parameters: Vec<(String, Vec<Option<Value>>)>,
    /// The further files that it reads.
    pub linked: Linked,
}

impl ArrayFile {
    /// Interprets a file's variables. `hints` are the names of the id variables of other files; `check` is called for each
    /// variable before it is read.
    pub(crate) fn new(
        path: &Path,
        spec: &InputSpec,
        variables: &[FileVariable],
        hints: &[String],
        check: &mut dyn FnMut(&FileVariable) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let about =
            |what: &str, name: &str| format!("{}: {what} `{name}` can't be read", path.display());
        let time = find_time(path, spec, variables)?;
        let id = find_ids(path, spec, variables, time, hints)?;
        check(id)?;
        let ids = read_ids(id).with_context(|| about("the ids in", &id.name))?;
        let catchment = &id.dims[0];
        let mut columns = Vec::new();
        let mut parameters = Vec::new();
        for variable in variables {
            if std::ptr::eq(variable, id) || time.is_some_and(|time| std::ptr::eq(variable, time)) {
                continue;
            }
            if let Some(time) = time
                && let Some(time_first) = orientation(path, variable, &time.dims[0], catchment)?
            {
                check(variable)?;
                let grid = read_grid(variable, time_first)
                    .with_context(|| about("the series", &variable.name))?;
                let column = SeriesColumn {
                    name: variable.name.clone(),
                    units: variable.text("units"),
                };
                columns.push((column, grid));
            } else if is_parameter(variable, catchment) {
                check(variable)?;
                let values = read_parameter(variable)
                    .with_context(|| about("the variable", &variable.name))?;
                parameters.push((variable.name.clone(), values));
            }
        }
        let time = match time {
            Some(variable) if !columns.is_empty() => {
                check(variable)?;
                Some(read_time(path, variable, false)?)
            }
            _ => None,
        };
        Ok(Self {
            path: path.to_owned(),
            id_variable: id.name.clone(),
            ids,
            time,
            columns,
            parameters,
            linked: Linked::default(),
        })
    }
}

/// Whether a variable holds series: `Some(true)` for [time, catchment], `Some(false)` for [catchment, time].
fn orientation(
    path: &Path,
    variable: &FileVariable,
    time: &Dim,
    catchment: &Dim,
) -> anyhow::Result<Option<bool>> {
    let [first, second] = variable.dims.as_slice() else {
        return Ok(None);
    };
    if !variable.kind.is_number() {
        return Ok(None);
    }
    let time_first = first.agrees(time) && second.agrees(catchment);
    let time_last = first.agrees(catchment) && second.agrees(time);
    if time_first && time_last {
        bail!(
            "{}: there are as many time steps as catchments, and `{}` does not say which of its axes is which; \
             attach dimension scales to it, as netCDF-4 does",
            path.display(),
            variable.name
        );
    }
    if !time_first && !time_last {
        return Ok(None);
    }
    let expected = if time_first {
        [time, catchment]
    } else {
        [catchment, time]
    };
    if first.length != expected[0].length || second.length != expected[1].length {
        bail!(
            "{}: the variable `{}` has the shape {} × {}, but its dimensions have {} and {} elements",
            path.display(),
            variable.name,
            first.length,
            second.length,
            expected[0].length,
            expected[1].length
        );
    }
    Ok(Some(time_first))
}

/// Reads a time coordinate. Whole numbers without units are nanoseconds since 1970 where pandas and PyTables write
/// them: in a variable `time_steps`, or wherever `plain` allows it; a table with one such column will do as well.
pub(crate) fn read_time(
    path: &Path,
    variable: &FileVariable,
    plain: bool,
) -> anyhow::Result<TimeAxis> {
    let about = || {
        format!(
            "{}: the time coordinate `{}`",
            path.display(),
            variable.name
        )
    };
    let stamps = match variable
        .text("units")
        .filter(|units| time::is_time_unit(units))
    {
        Some(units) => {
            let (values, precision) = variable.read_numbers().with_context(about)?;
            let calendar = variable.content.calendar().with_context(about)?;
            time::decode(&values, precision, &units, calendar.as_deref()).with_context(about)?
        }
        None if (plain || variable.name == "time_steps")
            && !variable
                .text("units")
                .is_some_and(|u| time::is_other_unit(&u)) =>
        {
            plain_times(variable).with_context(about)?
        }
        None => bail!(
            "{} has {}; give it an attribute `units` such as \"hours since 2009-01-01\"",
            about(),
            match variable.text("units") {
                Some(units) => format!("the units `{units}`"),
                None => "no units".to_owned(),
            }
        ),
    };
    TimeAxis::new(stamps).with_context(about)
}

/// Nanoseconds since 1970 in whole numbers.
fn plain_times(variable: &FileVariable) -> anyhow::Result<Vec<i64>> {
    let Some(DecodedValues::Whole(stamps)) = variable.read_whole_column()? else {
        bail!("expected one column of whole numbers, nanoseconds since 1970-01-01");
    };
    let stamp = |(step, stamp): (usize, Option<i128>)| {
        let stamp = stamp.with_context(|| format!("time step {step} has no value"))?;
        i64::try_from(stamp).with_context(|| {
            format!("time step {step} is {stamp}: more nanoseconds than 64 bits hold")
        })
    };
    let stamps: Vec<i64> = (stamps.into_iter().enumerate())
        .map(stamp)
        .collect::<anyhow::Result<_>>()?;
    let mut steps = stamps
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]));
    if let Some(step) = steps.find(|step| (1..SHORTEST_STEP).contains(step)) {
        bail!(
            "as nanoseconds since 1970-01-01, which whole numbers without units are, there are time steps of {step} ns; \
             if they are something else, give it an attribute `units` such as \"hours since 2009-01-01\""
        );
    }
    Ok(stamps)
}

/// The ids that a variable lists; whole numbers print without a decimal point.
pub(crate) fn read_ids(variable: &FileVariable) -> anyhow::Result<Vec<CatchmentId>> {
    let ids: Vec<Option<String>> = if variable.is_text_list() {
        variable.read_texts()?
    } else {
        match variable.read_numbers()?.0 {
            DecodedValues::Whole(ids) => (ids.into_iter())
                .map(|id| id.map(|id| id.to_string()))
                .collect(),
            DecodedValues::Real(ids) => ids.into_iter().map(real_id).collect(),
        }
    };
    let id = |(position, id): (usize, Option<String>)| {
        let id =
            id.with_context(|| format!("there is no id at position {position} (counted from 0)"))?;
        Ok(CatchmentId::new(id))
    };
    ids.into_iter().enumerate().map(id).collect()
}

fn real_id(id: f64) -> Option<String> {
    let mut text = Vec::new();
    push_number(&mut text, id);
    let text = String::from_utf8_lossy(&text).into_owned();
    id.is_finite().then_some(text)
}

fn is_parameter(variable: &FileVariable, catchment: &Dim) -> bool {
    let list = variable.is_text_list() || (variable.dims.len() == 1 && variable.kind.is_number());
    list && variable.dims[0].agrees(catchment) && variable.dims[0].length == catchment.length
}

fn read_grid(variable: &FileVariable, time_first: bool) -> anyhow::Result<Grid> {
    let stored = variable.stored()?;
    let decoding = variable.content.decoding(stored)?;
    Ok(Grid::new(&variable.content, time_first, stored, decoding))
}

fn read_parameter(variable: &FileVariable) -> anyhow::Result<Vec<Option<Value>>> {
    if variable.is_text_list() {
        let texts = variable.read_texts()?.into_iter();
        return Ok(texts.map(|text| text.map(Value::Text)).collect());
    }
    Ok(parameter_values(variable.read_numbers()?.0))
}

/// Parameters of these values; whole numbers stay whole.
pub(crate) fn parameter_values(values: DecodedValues) -> Vec<Option<Value>> {
    match values {
        DecodedValues::Whole(whole) => (whole.into_iter())
            .map(|whole| whole.map(Value::from_whole))
            .collect(),
        DecodedValues::Real(numbers) => (numbers.into_iter())
            .map(|number| number.is_finite().then_some(Value::Number(number)))
            .collect(),
    }
}
