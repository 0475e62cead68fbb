//! The marks of a map: what a value is drawn as, and the line below the map that says so.
//!
//! An amount is one of four shades, each of which a quarter of the catchments have, so that a skewed one is more than a single bright spot. A change is a
//! triangle that points up or down, a filled one where it is among the larger half.

use super::ticks::short;

/// The shades of amounts.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
/// No change at all.
const SAME: char = '·';
/// No value. One that grew without measure, from 0, is large.
const MISSING: char = '×';

/// How values are drawn.
pub(crate) enum Classes {
    /// As amounts: the greatest value of each class.
    Amounts([f64; 4]),
    /// As changes: those of at least this size are large.
    Changes(f64),
}

impl Classes {
    /// For amounts; none if there is no value.
    pub(crate) fn of_amounts(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values.iter().copied());
        let last = sorted.len().checked_sub(1)?;
        Some(Self::Amounts(
            [1, 2, 3, 4].map(|class| sorted[last * class / 4]),
        ))
    }

    /// For changes; none if nothing changed.
    pub(crate) fn of_changes(values: &[f64]) -> Option<Self> {
        let changed = values.iter().filter(|value| **value != 0.0);
        let sorted = sorted(changed.map(|value| value.abs()));
        Some(Self::Changes(*sorted.get(sorted.len() / 2)?))
    }

    /// What a value is drawn as.
    pub(super) fn mark(&self, value: f64) -> char {
        if value.is_nan() {
            return MISSING;
        }
        match self {
            Self::Amounts(greatest) => {
                let class = greatest.iter().position(|greatest| value <= *greatest);
                SHADES[class.unwrap_or(SHADES.len() - 1)]
            }
            Self::Changes(_) if value == 0.0 => SAME,
            Self::Changes(large) => match (value > 0.0, value.abs() >= *large) {
                (true, true) => '▲',
                (true, false) => '△',
                (false, true) => '▼',
                (false, false) => '▽',
            },
        }
    }

    /// Says what the marks mean, with the units of the values; of a missing value what `missing` says, if there is one.
    pub(super) fn legend(&self, units: &str, missing: Option<&str>) -> String {
        let units = match units {
            "" => String::new(),
            units => format!(" {units}"),
        };
        let mut parts: Vec<String> = match self {
            Self::Amounts(greatest) => {
                // Where many values are the same, so may classes be.
                let classes = SHADES.iter().zip(greatest).enumerate();
                let told = classes.filter(|(at, (_, top))| *at == 0 || greatest[at - 1] < **top);
                told.map(|(at, (shade, top))| {
                    let units = if at == 0 { units.as_str() } else { "" };
                    format!("{shade} up to {}{units}", short(*top))
                })
                .collect()
            }
            Self::Changes(large) => vec![
                format!("▼ ▲ by {}{} or more", short(*large), units),
                "▽ △ by less".to_owned(),
                format!("{SAME} unchanged"),
            ],
        };
        parts.extend(missing.map(|missing| format!("{MISSING} {missing}")));
        parts.join("   ")
    }
}

/// The finite ones in order.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shaded_by_quarters_of_the_catchments() {
        let values = [1.0, 2.0, 3.0, 4.0, 1000.0, f64::NAN];
        let classes = Classes::of_amounts(&values).expect("values");
        assert_eq!(
            values.map(|value| classes.mark(value)),
            ['░', '░', '▒', '▓', '█', '×']
        );
        let legend = classes.legend("ng/L", Some("no result"));
        assert_eq!(
            legend,
            "░ up to 2 ng/L   ▒ up to 3   ▓ up to 4   █ up to 1000   × no result"
        );
        let zeros = Classes::of_amounts(&[0.0, 0.0, 0.0, 0.0, 5.0]).expect("values");
        assert_eq!(zeros.legend("", None), "░ up to 0   █ up to 5");
        assert!(Classes::of_amounts(&[f64::NAN]).is_none());
    }

    #[test]
    fn changes_point_where_they_go() {
        let values = [-5.0, -1.0, 0.0, 1.0, 2.0, 9.0, f64::NAN];
        let classes = Classes::of_changes(&values).expect("changes");
        assert_eq!(
            values.map(|value| classes.mark(value)),
            ['▼', '▽', '·', '△', '▲', '▲', '×']
        );
        let legend = classes.legend("%", None);
        assert_eq!(legend, "▼ ▲ by 2 % or more   ▽ △ by less   · unchanged");
        assert!(Classes::of_changes(&[0.0]).is_none());
    }
}
