//! What an objective comes to: the number at each gauge, and one over all. They are stored, printed and compared as they are here.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;

/// How many gauges are listed for people.
const LISTED: usize = 5;

/// An objective's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveNumbers {
    /// Its name.
    pub objective: String,
    /// The scenario; left out where the project has none.
    #[serde(default, skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: ScenarioName,
    /// One number over all gauges; `null` where it is missing.
    pub over_gauges: Option<f64>,
    /// The number at each gauge.
    pub gauges: Vec<AtGauge>,
}

/// An objective's number at a gauge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AtGauge {
    /// The catchment that the gauge is.
    pub catchment: CatchmentId,
    /// `null` where it is missing: the catchment has no result, or the number is not defined.
    pub number: Option<f64>,
}

/// A number as it is stored and printed: none where it is missing.
pub fn stated(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// A number as people read it, to four digits.
pub fn short(number: Option<f64>) -> String {
    match number {
        None => "missing".to_owned(),
        Some(number) if number == 0.0 || (1e-3..1e6).contains(&number.abs()) => {
            let whole = number.abs().max(1e-3).log10().floor() as i32;
            let digits = (3 - whole).clamp(0, 6) as usize;
            format!("{number:.digits$}")
        }
        Some(number) => format!("{number:.3e}"),
    }
}

impl fmt::Display for ObjectiveNumbers {
    /// `nse 0.7123 over 2 gauges: 70007 0.7500, 70031 0.6746`; the scenario behind the name where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.objective)?;
        if !self.scenario.is_unnamed() {
            write!(f, " of {}", self.scenario)?;
        }
        if let [gauge] = self.gauges.as_slice() {
            return write!(f, " {} at {}", short(gauge.number), gauge.catchment);
        }
        let count = self.gauges.len();
        write!(f, " {} over {count} gauges", short(self.over_gauges))?;
        for (at, gauge) in self.gauges.iter().take(LISTED).enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{} {}", gauge.catchment, short(gauge.number))?;
        }
        match count.saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_four_digits() {
        for (number, text) in [
            (0.712_34, "0.7123"),
            (-12.346, "-12.35"),
            (0.0, "0.000000"),
            (0.001_234_5, "0.001234"),
            (123_456.7, "123457"),
            (1e-9, "1.000e-9"),
        ] {
            assert_eq!(short(Some(number)), text);
        }
        let gauge = |id: &str, number| AtGauge {
            catchment: CatchmentId::new(id),
            number,
        };
        let mut numbers = ObjectiveNumbers {
            objective: "nse".to_owned(),
            scenario: ScenarioName::UNNAMED,
            over_gauges: None,
            gauges: vec![gauge("a", Some(0.5)), gauge("b", None)],
        };
        assert_eq!(
            numbers.to_string(),
            "nse missing over 2 gauges: a 0.5000, b missing"
        );
        numbers.gauges.pop();
        assert_eq!(numbers.to_string(), "nse 0.5000 at a");
    }
}
