//! The attributes of time and catchments by the CF conventions, for every file that has them.
//!
//! Nothing here knows HDF5, and nothing here looks at a clock: the same values give the same bytes.

use super::Attribute;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;

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
    /// Sets an attribute.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Attribute>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets an attribute whose value may be unknown.
    pub(crate) fn set_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }
}

/// The time coordinate: numbers in the coarsest unit that makes them whole, counted from the first step, and attributes.
pub(crate) fn time_coordinate(axis: &TimeAxis) -> (Vec<f64>, Attributes) {
    let stamps = || axis.nanoseconds().iter().map(|&stamp| i128::from(stamp));
    // Whole seconds, because the reference is written without a fraction.
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

/// The attributes of the catchments' ids.
pub(crate) fn catchment_attributes() -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("cf_role", "timeseries_id");
    attributes.set("long_name", "catchment id");
    attributes
}

impl From<&Value> for Attribute {
    /// Whole numbers beyond 32 bits become floating point numbers; see [`Attribute`].
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::F64(*number),
            Value::Integer(integer) => {
                i32::try_from(*integer).map_or(Self::F64(*integer as f64), Self::I32)
            }
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(_) => Self::Text(value.to_string()),
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
        let (values, attributes) = time_coordinate(&TimeAxis::new(nanoseconds).expect("an axis"));
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
}
