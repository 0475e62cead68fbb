//! The words of the CF conventions (1.8): how time is encoded, what attributes a variable carries.
//!
//! A checker does not notice a missing `cf_role`, `featureType` or `coordinates`; readers do. Nothing here knows HDF5, and
//! nothing here looks at a clock: the same results give the same bytes.

use super::digest::{CHUNKS_DIGEST, PRODUCT_DIGEST};
use super::{ParameterVariable, Precision, ProductSpec, Statistic, Summary, Variable};
use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::netcdf::Attribute;

/// Attributes that limit a variable's values.
const RANGES: [&str; 3] = ["valid_min", "valid_max", "missing_value"];

/// Units of time, coarsest first, in nanoseconds.
const UNITS: [(&str, i128); 6] = [
    ("days", 86_400_000_000_000),
    ("hours", 3_600_000_000_000),
    ("minutes", 60_000_000_000),
    ("seconds", 1_000_000_000),
    ("milliseconds", 1_000_000),
    ("microseconds", 1_000),
];

const SECOND: i128 = 1_000_000_000;

/// Attributes in the order of their first setting; setting one again replaces its value.
#[derive(Default)]
pub(crate) struct Attributes(pub(crate) Vec<(String, Attribute)>);

impl Attributes {
    pub(super) fn set(&mut self, name: &str, value: impl Into<Attribute>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn set_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }
}

/// The time coordinate: numbers in the coarsest unit that makes them whole, counted from the first step, and attributes.
pub(crate) fn time(axis: &TimeAxis) -> (Vec<f64>, Attributes) {
    let stamps = || axis.nanoseconds().iter().map(|&stamp| i128::from(stamp));
    // Whole seconds, for the reference is written without a fraction.
    let reference = i128::from(axis.nanoseconds()[0]).div_euclid(SECOND) * SECOND;
    let whole = |size: i128| stamps().all(|stamp| (stamp - reference) % size == 0);
    let (unit, size) = UNITS
        .into_iter()
        .find(|(_, size)| whole(*size))
        .unwrap_or(("seconds", SECOND));
    let values = stamps()
        .map(|stamp| (stamp - reference) as f64 / size as f64)
        .collect();
    let first = axis.date_time(0);
    let units = format!("{unit} since {}", first.strftime("%Y-%m-%d %H:%M:%S"));
    let mut attributes = Attributes::default();
    for (name, value) in [
        ("standard_name", "time"),
        ("long_name", "time"),
        ("units", &units),
        // Nanoseconds in 64 bits reach from 1677 to 2262, where it is the proleptic Gregorian one too.
        ("calendar", "standard"),
        ("axis", "T"),
    ] {
        attributes.set(name, value);
    }
    (values, attributes)
}

/// The global attributes: what the file is, where it comes from, the user's own, the digests.
pub(super) fn global(spec: &ProductSpec, product: &Digest, chunks: Option<&Digest>) -> Attributes {
    let version = concat!("rerunoff ", env!("CARGO_PKG_VERSION"));
    let mut attributes = Attributes::default();
    let conventions = [("Conventions", "CF-1.8"), ("featureType", "timeSeries")];
    // Both times for their place: the user's own of the same name must not win.
    let set_conventions = |attributes: &mut Attributes| {
        for (name, value) in conventions.iter().filter(|_| chunks.is_some()) {
            attributes.set(name, *value);
        }
    };
    set_conventions(&mut attributes);
    attributes.set("title", spec.title.as_str());
    attributes.set("source", version);
    // Without a date, on purpose.
    attributes.set(
        "history",
        &*format!(
            "assembled by {version} from the results of recipe {}",
            spec.recipe
        ),
    );
    for (name, value) in &spec.attributes {
        attributes.set(name, value.as_str());
    }
    set_conventions(&mut attributes);
    attributes.set("recipe", &*spec.recipe.to_string());
    attributes.set(PRODUCT_DIGEST, &*product.to_string());
    if let Some(chunks) = chunks {
        attributes.set(CHUNKS_DIGEST, &*chunks.to_string());
    }
    attributes
}

/// The attributes of a variable over time and catchments.
pub(super) fn variable(variable: &Variable, spec: &ProductSpec) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", variable.long_name.as_deref());
    attributes.set_some("standard_name", variable.standard_name.as_deref());
    attributes.set_some("units", variable.units.as_deref());
    if variable.upstream.is_some() {
        attributes.set("comment", "sum over the catchment and all upstream of it");
    }
    for (name, value) in &variable.attributes {
        attributes.set(name, of_the_variables_type(name, value, variable.precision));
    }
    attributes.set("coordinates", &*coordinates(spec));
    attributes.set("ancillary_variables", "status");
    // Written with the variable; a second one would contradict it.
    attributes.0.retain(|(name, _)| name != "_FillValue");
    attributes
}

/// The names of all that tells whose values these are: catchments and where they are, scenarios and what they differ in.
fn coordinates(spec: &ProductSpec) -> String {
    let mut names = vec!["catchment"];
    let positions = spec.parameters.iter().filter(|p| is_position(p));
    names.extend(positions.map(|parameter| parameter.name.as_str()));
    if let Some(scenarios) = &spec.scenarios {
        names.push("scenario");
        names.extend(scenarios.coordinates.iter().map(|c| c.name.as_str()));
    }
    names.join(" ")
}

/// CF wants these few numbers in the type of the variable itself.
fn of_the_variables_type(name: &str, value: &Value, precision: Precision) -> Attribute {
    let attribute = Attribute::from(value);
    match (value.number(), precision) {
        (Some(number), Precision::F32) if RANGES.contains(&name) => Attribute::F32(number as f32),
        (Some(number), Precision::F64) if RANGES.contains(&name) => Attribute::F64(number),
        _ => attribute,
    }
}

/// Whether the parameter says where a catchment is, and so belongs to the coordinates of every variable.
fn is_position(parameter: &ParameterVariable) -> bool {
    const POSITIONS: [&str; 6] = [
        "latitude",
        "longitude",
        "altitude",
        "surface_altitude",
        "projection_x_coordinate",
        "projection_y_coordinate",
    ];
    parameter
        .standard_name
        .as_deref()
        .is_some_and(|name| POSITIONS.contains(&name))
}

/// The attributes of a parameter along the catchments or the scenarios.
pub(super) fn parameter(parameter: &ParameterVariable) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", parameter.long_name.as_deref());
    attributes.set_some("standard_name", parameter.standard_name.as_deref());
    attributes.set_some("units", parameter.units.as_deref());
    attributes
}

/// The attributes of a summary along the catchments.
pub(super) fn summary(summary: &Summary, spec: &ProductSpec) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", summary.long_name.as_deref());
    attributes.set_some("standard_name", summary.standard_name.as_deref());
    attributes.set_some("units", summary.units.as_deref());
    // CF has no words for other quantiles, nor for shares of time.
    let method = match summary.statistic {
        Statistic::Mean => Some("time: mean"),
        Statistic::Max => Some("time: maximum"),
        Statistic::Min => Some("time: minimum"),
        Statistic::Sum => Some("time: sum"),
        Statistic::Quantile(0.5) => Some("time: median"),
        Statistic::Quantile(q) => {
            attributes.set("quantile", Attribute::F64(q));
            None
        }
        Statistic::Exceedance(threshold) => {
            attributes.set("threshold", Attribute::F64(threshold));
            None
        }
    };
    attributes.set_some("cell_methods", method);
    attributes.set("coordinates", &*coordinates(spec));
    attributes.set("ancillary_variables", "status");
    attributes.set("_FillValue", Attribute::F64(f64::NAN));
    attributes
}

/// The attributes of the catchments' ids.
pub(crate) fn catchment() -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("cf_role", "timeseries_id");
    attributes.set("long_name", "catchment id");
    attributes
}

/// The attributes of the scenarios' names.
pub(super) fn scenario() -> Attributes {
    text("scenario")
}

/// The attributes of the status flag.
pub(super) fn status() -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("standard_name", "status_flag");
    attributes.set("long_name", "state of the catchment's result");
    attributes.set("flag_values", Attribute::Bytes(vec![0, 1, 2, 3]));
    attributes.set("flag_meanings", "ok failed skipped not_run");
    attributes
}

/// The attributes of a text variable.
pub(super) fn text(long_name: &str) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("long_name", long_name);
    attributes
}

impl From<&Value> for Attribute {
    /// CF 1.8 has no whole numbers beyond 32 bits; larger ones become floating point numbers.
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::F64(*number),
            Value::Integer(integer) => {
                i32::try_from(*integer).map_or(Self::F64(*integer as f64), Self::I32)
            }
            Value::Text(text) => Self::Text(text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(nanoseconds: &[i128]) -> (Vec<f64>, String, String) {
        let nanoseconds: Vec<i64> = nanoseconds
            .iter()
            .map(|&n| i64::try_from(n).expect("64 bits"))
            .collect();
        let (values, attributes) = time(&TimeAxis::new(nanoseconds).expect("an axis"));
        let text = |name: &str| {
            attributes.0.iter().find_map(|(known, value)| match value {
                Attribute::Text(text) if known == name => Some(text.clone()),
                _ => None,
            })
        };
        (
            values,
            text("units").expect("units"),
            text("calendar").expect("a calendar"),
        )
    }

    #[test]
    fn the_coarsest_whole_unit_is_taken() {
        let start = 1_230_768_000 * SECOND;
        let hour = 3600 * SECOND;
        for (step, unit) in [
            (24 * hour, "days"),
            (hour, "hours"),
            (10 * 60 * SECOND, "minutes"),
            (SECOND, "seconds"),
            (SECOND / 4, "milliseconds"),
            (SECOND / 4_000, "microseconds"),
        ] {
            let (values, units, calendar) = encoded(&[start, start + step, start + 3 * step]);
            assert_eq!(units, format!("{unit} since 2009-01-01 00:00:00"));
            assert_eq!(values[2], 3.0 * values[1]);
            assert_eq!(values[1].fract(), 0.0);
            assert_eq!(calendar, "standard");
        }
        let (values, units, _) = encoded(&[start, start + 7]);
        assert_eq!(units, "seconds since 2009-01-01 00:00:00");
        assert_eq!(values, [0.0, 7e-9]);
    }

    #[test]
    fn odd_beginnings_are_exact() {
        let (values, units, _) = encoded(&[SECOND / 2 - SECOND, 2 * SECOND + SECOND / 2]);
        assert_eq!(units, "milliseconds since 1969-12-31 23:59:59");
        assert_eq!(values, [500.0, 3500.0]);
        let (values, units, _) = encoded(&[i128::from(i64::MIN) + 1, i128::from(i64::MAX)]);
        assert_eq!(units, "seconds since 1677-09-21 00:12:43");
        assert!(values[0] < 1.0 && values[1] > 1.8e10);
    }

    #[test]
    fn limits_have_the_variables_type() {
        let limit = |precision| of_the_variables_type("valid_min", &Value::Integer(0), precision);
        assert_eq!(limit(Precision::F64), Attribute::F64(0.0));
        assert_eq!(limit(Precision::F32), Attribute::F32(0.0));
        let other = of_the_variables_type("level", &Value::Integer(1 << 40), Precision::F32);
        assert_eq!(other, Attribute::F64(1_099_511_627_776.0));
    }
}
