//! The `[sweep.*]` tables: values of parameters, each of which makes a scenario.
//!
//! It makes points, each with a short label and the values of some parameters, and combines several sweeps into a grid, or
//! side by side where they are zipped. Which scenarios are swept is [`super::study`]'s business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::SourceText;
use super::places::Places;
use super::{ProjectError, raw};
use crate::data::digest::Digest;
use crate::data::value::Value;
use crate::inputs::tables::read_samples;

/// The column of a file of samples that names them.
const NAME: &str = "scenario";

/// More scenarios than this are taken for a mistake.
pub(super) const MOST: usize = 100_000;

/// The inner values of a range are rounded to this many significant digits, so that their names stay readable.
const DIGITS: usize = 10;

/// One combination of swept values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Point {
    /// What the scenario is called after: `k=0.013`, or `k=0.013+n=2`.
    pub label: String,
    /// Parameters, values, and the field that they come from.
    pub values: Vec<(String, Value, String)>,
}

/// All sweeps of a project, each with its points.
pub(super) struct Sweeps {
    axes: Vec<Axis>,
    /// The files with samples, and their digests.
    pub files: Vec<(PathBuf, Digest)>,
}

/// A sweep, or several zipped.
struct Axis {
    names: Vec<String>,
    zip: Option<String>,
    points: Vec<Point>,
}

impl Sweeps {
    /// Reads and checks them.
    pub(super) fn new(
        raw: &BTreeMap<String, raw::Sweep>,
        root: &Path,
        places: Places<'_>,
        source: &SourceText<'_>,
    ) -> Result<Self, ProjectError> {
        let mut sweeps = Self {
            axes: Vec::new(),
            files: Vec::new(),
        };
        for (name, sweep) in raw {
            let field = format!("sweep.{name}");
            let points = match (&sweep.values, &sweep.range, &sweep.file) {
                (Some(values), None, None) => listed(name, values, source)?,
                (None, Some(range), None) => ranged(name, range, source)?,
                (None, None, Some(file)) => {
                    let path = places.of(root.join(file));
                    let samples = read_samples(&path).map_err(|error| {
                        let message = format!("{}: {error:#}", path.display());
                        source.error(&format!("{field}.file"), message)
                    })?;
                    sweeps.files.push((path, samples.digest));
                    sampled(name, &samples.columns, samples.rows)
                }
                _ => {
                    let rule = "needs one of `values = […]`, `range = { from, to, steps }` and `file = \"samples.csv\"`";
                    return Err(source.error(&field, rule));
                }
            };
            if points.is_empty() {
                return Err(source.error(&field, "has no values"));
            }
            sweeps.add(name, sweep.zip.clone(), points, source)?;
        }
        Ok(sweeps)
    }

    fn add(
        &mut self,
        name: &str,
        zip: Option<String>,
        points: Vec<Point>,
        source: &SourceText<'_>,
    ) -> Result<(), ProjectError> {
        let together = (self.axes.iter_mut()).find(|axis| zip.is_some() && axis.zip == zip);
        let Some(axis) = together else {
            self.axes.push(Axis {
                names: vec![name.to_owned()],
                zip,
                points,
            });
            return Ok(());
        };
        if axis.points.len() != points.len() {
            let message = format!(
                "is zipped with {}, but they have {} and {} values",
                axis.names.join(", "),
                axis.points.len(),
                points.len()
            );
            return Err(source.error(&format!("sweep.{name}"), message));
        }
        axis.names.push(name.to_owned());
        for (point, more) in axis.points.iter_mut().zip(points) {
            *point = joined(point, &more);
        }
        Ok(())
    }

    /// Whether there is a sweep of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of all sweeps.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.axes.iter().flat_map(|axis| &axis.names);
        names.map(String::as_str)
    }

    /// All combinations of the wanted sweeps' points, the last one changing fastest; a single empty point without any.
    ///
    /// # Errors
    /// When there are too many, or two sweeps state the same parameter.
    pub(super) fn points(
        &self,
        is_wanted: &dyn Fn(&str) -> bool,
        source: &SourceText<'_>,
    ) -> Result<Vec<Point>, ProjectError> {
        let mut points = vec![Point::default()];
        for axis in &self.axes {
            if !axis.names.iter().any(|name| is_wanted(name)) {
                continue;
            }
            let fault =
                |message: String| source.error(&format!("sweep.{}", axis.names[0]), message);
            if points.len().saturating_mul(axis.points.len()) > MOST {
                return Err(fault(format!("makes more than {MOST} scenarios")));
            }
            let (before, own) = (&points[0].values, &axis.points[0].values);
            let twice = own
                .iter()
                .find(|(name, ..)| before.iter().any(|(other, ..)| other == name));
            if let Some((name, ..)) = twice {
                return Err(fault(format!(
                    "another sweep has the parameter {name:?}, too"
                )));
            }
            points = (points.iter())
                .flat_map(|point| axis.points.iter().map(|own| joined(point, own)))
                .collect();
        }
        Ok(points)
    }
}

fn joined(point: &Point, more: &Point) -> Point {
    Point {
        label: joined_label(&point.label, &more.label),
        values: point.values.iter().chain(&more.values).cloned().collect(),
    }
}

/// Two parts of a scenario's name as one.
pub(super) fn joined_label(first: &str, second: &str) -> String {
    match (first, second) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{first}+{second}"),
    }
}

fn point(name: &str, value: Value, field: String) -> Point {
    Point {
        label: format!("{name}={value}"),
        values: vec![(name.to_owned(), value, field)],
    }
}

fn listed(
    name: &str,
    values: &[toml::Value],
    source: &SourceText<'_>,
) -> Result<Vec<Point>, ProjectError> {
    let value = |(i, value): (usize, &toml::Value)| {
        let field = format!("sweep.{name}.values.{i}");
        if value.is_array() {
            let rule = "is a list, by which no scenario can be named; state lists as parameters of scenarios: [scenario.<name>.parameters]";
            return Err(source.error(&field, rule));
        }
        let value = super::build::value(source, &field, value.clone())?;
        Ok(point(name, value, field))
    };
    values.iter().enumerate().map(value).collect()
}

fn ranged(
    name: &str,
    range: &raw::Range,
    source: &SourceText<'_>,
) -> Result<Vec<Point>, ProjectError> {
    let field = format!("sweep.{name}.range");
    let raw::Range {
        from,
        to,
        steps,
        scale,
    } = *range;
    let is_log = matches!(scale, raw::Scale::Log);
    let fault = if !(from.is_finite() && to.is_finite()) || from == to {
        "must go from one finite number to another"
    } else if !(2..=MOST).contains(&steps) {
        "has `steps` values, from 2 to 100,000 of them"
    } else if is_log && !(from > 0.0 && to > 0.0) {
        "with `scale = \"log\"` must be between positive numbers"
    } else {
        let last = (steps - 1) as f64;
        let value = |i: usize| match i {
            0 => from,
            _ if i == steps - 1 => to,
            _ if is_log => rounded(from * libm::pow(to / from, i as f64 / last)),
            _ => rounded(from + (to - from) * (i as f64 / last)),
        };
        return Ok((0..steps)
            .map(|i| point(name, Value::Number(value(i)), field.clone()))
            .collect());
    };
    Err(source.error(&field, fault))
}

fn rounded(number: f64) -> f64 {
    let text = format!("{number:.*e}", DIGITS - 1);
    text.parse().unwrap_or(number)
}

/// A point for every row; their names are in the column `scenario`, or are the sweep's with the row's number.
fn sampled(name: &str, columns: &[String], rows: Vec<(u64, Vec<Value>)>) -> Vec<Point> {
    let field = format!("sweep.{name}.file");
    let point = |(i, (_, values)): (usize, (u64, Vec<Value>))| {
        let mut point = Point {
            label: format!("{name}={}", i + 1),
            values: Vec::new(),
        };
        for (column, value) in columns.iter().zip(values) {
            match column.as_str() {
                NAME => point.label = value.to_string(),
                _ => point.values.push((column.clone(), value, field.clone())),
            }
        }
        point
    };
    rows.into_iter().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<String>, String> {
        let raw: BTreeMap<String, BTreeMap<String, raw::Sweep>> =
            toml::from_str(text).expect("sweeps");
        let source = SourceText::new(Path::new("rerunoff.toml"), text);
        let sweeps = Sweeps::new(&raw["sweep"], Path::new("."), Places::AsNamed, &source);
        let points = sweeps.and_then(|sweeps| sweeps.points(&|_| true, &source));
        let points = points.map_err(|error| error.to_string())?;
        Ok(points.into_iter().map(|point| point.label).collect())
    }

    #[test]
    fn sweeps_make_a_grid() {
        let text =
            "[sweep.k]\nvalues = [0.012, 1]\n[sweep.n]\nrange = { from = 1, to = 2, steps = 3 }\n";
        let expected = [
            "k=0.012+n=1",
            "k=0.012+n=1.5",
            "k=0.012+n=2",
            "k=1+n=1",
            "k=1+n=1.5",
            "k=1+n=2",
        ];
        assert_eq!(labels(text).expect("points"), expected);
    }

    #[test]
    fn zipped_ones_go_side_by_side() {
        let text = "[sweep.k]\nvalues = [1, 2]\nzip = \"a\"\n[sweep.n]\nvalues = [\"x\", \"y\"]\nzip = \"a\"\n";
        assert_eq!(labels(text).expect("points"), ["k=1+n=x", "k=2+n=y"]);
        let fault = labels(&text.replace("\"y\"]", "\"y\", \"z\"]")).expect_err("a fault");
        assert!(
            fault.contains("rerunoff.toml:4:8: sweep.n: is zipped with k"),
            "{fault}"
        );
    }

    #[test]
    fn logarithmic_ranges_have_readable_names() {
        let text = "[sweep.k]\nrange = { from = 0.001, to = 0.1, steps = 5, scale = \"log\" }\n";
        let expected = [
            "k=0.001",
            "k=0.00316227766",
            "k=0.01",
            "k=0.0316227766",
            "k=0.1",
        ];
        assert_eq!(labels(text).expect("points"), expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, expected) in [
            ("[sweep.k]\n", "needs one of"),
            ("[sweep.k]\nvalues = []\n", "has no values"),
            (
                "[sweep.k]\nvalues = [true]\n",
                "must be a finite number or text",
            ),
            (
                "[sweep.k]\nvalues = [[1, 2]]\n",
                "state lists as parameters",
            ),
            (
                "[sweep.k]\nrange = { from = 0, to = 1, steps = 3, scale = \"log\" }\n",
                "between positive numbers",
            ),
            (
                "[sweep.k]\nrange = { from = 1, to = 2, steps = 1 }\n",
                "has `steps` values",
            ),
            (
                "[sweep.k]\nfile = \"nowhere.csv\"\n",
                "nowhere.csv: it can't be read",
            ),
        ] {
            let fault = labels(text).expect_err("a fault");
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
