//! What was measured at gauges, from the files that people have: the same tables, cells and times as for `[import]`, and NetCDF.
//!
//! Unlike forcing, what was measured has gaps, begins and ends where it does, and differs in that from gauge to gauge: times need only
//! go on, and every gauge has its own. Gauges are few, so all is held in memory. What a time means beside the simulated steps is not
//! known here.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use crate::data::catchment::CatchmentId;
use crate::data::observed::{GaugeSeries, Observed};
use crate::import::layouts::files::Pattern;
use crate::import::layouts::wide::Wide;
use crate::import::stamps::later;
use crate::import::text::Text;
use crate::import::text::cells::name;
use crate::import::text::fault::RowFault;
use crate::import::text::rows::{ColumnNames, RowReader};
use crate::inputs::{InputSpec, Inputs};
use crate::language::formula::Expr;
use crate::project::import_spec::{SourceLayout, TextFormat};
use crate::project::objective_spec::{ObservationSource, ObservedFile};
use crate::text::wording::{self, Quotes};

/// What was measured, read once.
///
/// # Errors
/// What can't be read or understood, with file and line.
pub fn observed(source: &ObservationSource) -> Result<Arc<Observed>> {
    if let Some(known) = source.observed.get() {
        return Ok(known.clone());
    }
    let context = || format!("[observations.{}]", source.name);
    let mut observed = read(&source.file).with_context(context)?;
    if observed.gauges.iter().all(|gauge| gauge.values.is_empty()) {
        bail!("[observations.{}]: the file has no rows", source.name);
    }
    if let Some(formula) = &source.formula {
        convert(&mut observed, formula).with_context(context)?;
        observed.units = None;
    }
    Ok(source.observed.get_or_init(|| observed.into()).clone())
}

/// The files of one gauge each.
pub fn files(sources: &[Arc<ObservationSource>]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for source in sources {
        if let ObservedFile::Text { layout, .. } = &source.file
            && let Some(pattern) = Pattern::of(layout)
        {
            found.extend(pattern.files()?.paths().cloned());
        }
    }
    Ok(found)
}

fn read(file: &ObservedFile) -> Result<Observed> {
    let gauges = match file {
        ObservedFile::Netcdf {
            path,
            id,
            time,
            value,
        } => return read_netcdf(path, [id, time, value].map(Option::as_deref)),
        ObservedFile::Text { layout, format } => match layout {
            SourceLayout::Wide {
                path,
                ids,
                time_columns,
            } => {
                let wide = Wide::open(path, ids.as_ref(), *time_columns, format)?;
                read_wide(path, wide)?
            }
            SourceLayout::Long {
                path,
                id,
                time,
                value,
            } => {
                let names = ColumnNames {
                    id: Some(id),
                    time: time.as_deref(),
                    value,
                };
                read_long(path, &names, format)?
            }
            SourceLayout::Files {
                folder,
                prefix,
                suffix,
                time,
                value,
            } => {
                let pattern = Pattern {
                    folder,
                    prefix,
                    suffix,
                };
                let names = ColumnNames {
                    id: None,
                    time: time.as_deref(),
                    value,
                };
                read_files(&pattern, &names, format)?
            }
        },
    };
    Ok(Observed {
        gauges,
        units: None,
    })
}

/// A gauge of which nothing is known yet but its name.
fn gauge(name: &str) -> GaugeSeries {
    GaugeSeries {
        name: name.to_owned(),
        values: Vec::new(),
    }
}

/// Adds a value to those of a gauge; the error says what is wrong with its time.
fn push(gauge: &mut GaugeSeries, stamp: i64, value: f64) -> Result<(), String> {
    if let Some(&(last, _)) = gauge.values.last() {
        later(last, stamp, false)?;
    }
    gauge.values.push((stamp, value));
    Ok(())
}

/// A column for each gauge.
fn read_wide(path: &Path, wide: Wide) -> Result<Vec<GaugeSeries>> {
    let mut gauges: Vec<GaugeSeries> = wide.ids().iter().map(|id| gauge(id.as_str())).collect();
    wide.each_row(&mut |line, stamp, values| {
        for (gauge, value) in gauges.iter_mut().zip(values) {
            push(gauge, stamp, *value).map_err(|why| RowFault::new(path, line, why))?;
        }
        Ok(())
    })?;
    Ok(gauges)
}

/// A row for each value.
fn read_long(
    path: &Path,
    names: &ColumnNames<'_>,
    format: &TextFormat,
) -> Result<Vec<GaugeSeries>> {
    let mut text = Text::open(path)?;
    let reader = RowReader::new(path, &mut text, names, format)?;
    let mut gauges: Vec<GaugeSeries> = Vec::new();
    let mut places: HashMap<CatchmentId, usize> = HashMap::new();
    for block in text.blocks() {
        for (number, line) in block?.lines() {
            let row = reader.row(number, line)?;
            let id = CatchmentId::of_cell(&name(row.id));
            let at = *places.entry(id).or_insert_with_key(|id| {
                gauges.push(gauge(id.as_str()));
                gauges.len() - 1
            });
            let gauge = &mut gauges[at];
            push(gauge, row.stamp, row.value).map_err(|why| {
                RowFault::new(path, number, format!("gauge {}: {why}", gauge.name))
            })?;
        }
    }
    Ok(gauges)
}

/// A file for each gauge.
fn read_files(
    pattern: &Pattern<'_>,
    names: &ColumnNames<'_>,
    format: &TextFormat,
) -> Result<Vec<GaugeSeries>> {
    let files = pattern.files()?;
    let read = |(id, path): (&CatchmentId, &PathBuf)| {
        let mut text = Text::open(path)?;
        let reader = RowReader::new(path, &mut text, names, format)?;
        let mut gauge = gauge(id.as_str());
        for block in text.blocks() {
            for (number, line) in block?.lines() {
                let row = reader.row(number, line)?;
                push(&mut gauge, row.stamp, row.value)
                    .map_err(|why| RowFault::new(path, number, why))?;
            }
        }
        Ok(gauge)
    };
    files.each().map(read).collect()
}

/// A variable of time and gauge. `names` are those of the variable with the ids, of the time coordinate and of the values.
fn read_netcdf(path: &Path, [id, time, value]: [Option<&str>; 3]) -> Result<Observed> {
    let spec = InputSpec {
        id: id.map(str::to_owned),
        time: time.map(str::to_owned),
        ..InputSpec::of_files(vec![path.to_owned()])
    };
    let inputs = Inputs::open(&spec)?.with_missing_values();
    let catalog = inputs.catalog();
    let names = || catalog.columns.iter().map(|column| column.name.as_str());
    let all = || names().collect::<Vec<_>>().join(", ");
    let column = match value {
        Some(value) => names().position(|name| name == value).with_context(|| {
            let hint = wording::hint(value, names(), Quotes::Backticks);
            let hint = hint.unwrap_or_else(|| format!("; there are {}", all()));
            format!("{}: there is no series `{value}`{hint}", path.display())
        })?,
        None => match catalog.columns.len() {
            1 => 0,
            0 => bail!("{}: there is no variable of time and gauge", path.display()),
            _ => bail!(
                "{}: there are several series; `value` says which: {}",
                path.display(),
                all()
            ),
        },
    };
    let time = catalog.time.as_ref();
    let time = time.with_context(|| format!("{}: there are no times", path.display()))?;
    let stamps = time.nanoseconds();
    let places: Vec<usize> = (0..catalog.catchments.len()).collect();
    let mut series = vec![Vec::new(); places.len()];
    let mut fault = None;
    inputs.read(&places, &[column], 64 << 20, &mut |at, read| match read {
        Ok(mut columns) => {
            series[at] = columns.pop().unwrap_or_default();
            ControlFlow::Continue(())
        }
        Err(problem) => {
            fault = Some((at, problem));
            ControlFlow::Break(())
        }
    })?;
    if let Some((at, problem)) = fault {
        let id = &catalog.catchments[at].id;
        bail!("{}: gauge {id}: {problem}", path.display());
    }
    if let Some(other) = inputs.linked().paths().next() {
        bail!(
            "{}: what was measured lies in another file; name that one: {}",
            path.display(),
            other.display()
        );
    }
    let gauges = (catalog.catchments.iter().zip(series)).map(|(entry, values)| GaugeSeries {
        name: entry.id.as_str().to_owned(),
        values: stamps.iter().copied().zip(values).collect(),
    });
    Ok(Observed {
        gauges: gauges.collect(),
        units: catalog.columns[column].units.clone(),
    })
}

/// Puts every value that is there through a formula.
fn convert(observed: &mut Observed, formula: &Expr) -> Result<()> {
    for gauge in &mut observed.gauges {
        for (_, value) in gauge.values.iter_mut().filter(|(_, value)| !value.is_nan()) {
            let made = formula.eval(&|_| Some(*value))?;
            ensure!(
                made.is_finite(),
                "gauge {}: the formula gives {made} for {value}",
                gauge.name
            );
            *value = made;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::OnceLock;

    use super::*;
    use crate::data::time_axis::TimeAxis;
    use crate::project::objective_spec::ComparedSteps;

    const DAY: i64 = 86_400_000_000_000;

    fn source(file: ObservedFile, formula: Option<&str>) -> ObservationSource {
        ObservationSource {
            name: "flow".to_owned(),
            file,
            formula: formula.map(|text| Expr::parse(text).expect("a formula")),
            units: None,
            catchments: BTreeMap::new(),
            step: None,
            steps: ComparedSteps::Same,
            observed: OnceLock::new(),
        }
    }

    fn wide(path: &Path) -> ObservedFile {
        ObservedFile::Text {
            layout: SourceLayout::Wide {
                path: path.to_owned(),
                ids: None,
                time_columns: None,
            },
            format: TextFormat::default(),
        }
    }

    fn long(path: &Path) -> ObservedFile {
        ObservedFile::Text {
            layout: SourceLayout::Long {
                path: path.to_owned(),
                id: "gauge".to_owned(),
                time: None,
                value: "q".to_owned(),
            },
            format: TextFormat::default(),
        }
    }

    fn day(text: &str) -> i64 {
        TimeAxis::nanoseconds_of(format!("{text}T00:00").parse().expect("a time")).expect("a stamp")
    }

    #[test]
    fn gaps_and_other_beginnings_are_no_faults() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("q.csv");
        let text = "time,01463500,B\n2009-01-01,1,\n2009-01-02,,-3\n2009-01-05,2,4\n";
        std::fs::write(&path, text).expect("written");
        let from = day("2009-01-01");
        let in_wide = observed(&source(wide(&path), Some("value * 2"))).expect("read");
        let [first, other] = in_wide.gauges.as_slice() else {
            panic!("there are two gauges")
        };
        assert_eq!(first.name, "01463500");
        assert_eq!(first.values[0], (from, 2.0));
        assert!(first.values[1].1.is_nan());
        assert_eq!(first.values[2], (from + 4 * DAY, 4.0));
        assert_eq!(other.values[1], (from + DAY, -6.0));
        let text = "time,gauge,q\n2009-01-05,B,4\n2009-01-01,A,1\n2009-01-03,A,2\n";
        std::fs::write(&path, text).expect("written");
        let in_long = observed(&source(long(&path), None)).expect("read");
        let told: Vec<(&str, usize)> = (in_long.gauges.iter())
            .map(|gauge| (gauge.name.as_str(), gauge.values.len()))
            .collect();
        assert_eq!(told, [("B", 1), ("A", 2)]);
    }

    #[test]
    fn times_that_do_not_go_on_are_named_with_their_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("q.csv");
        let fault = |file: ObservedFile, text: &str| {
            std::fs::write(&path, text).expect("written");
            format!("{:#}", observed(&source(file, None)).expect_err("a fault"))
        };
        let told = fault(wide(&path), "time,a\n2009-01-02,1\n2009-01-01,2\n");
        assert!(told.contains("line 3") && told.contains("sort"), "{told}");
        let told = fault(
            long(&path),
            "time,gauge,q\n2009-01-02,a,1\n2009-01-02,b,1\n2009-01-02,a,2\n",
        );
        assert!(
            told.contains("line 4: gauge a") && told.contains("twice"),
            "{told}"
        );
        let told = fault(wide(&path), "time,a,b\n2009-01-02,1\n");
        assert!(told.contains("2 cells"), "{told}");
    }
}
