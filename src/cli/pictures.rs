//! Curves of a product's variables as the terminal shows them: which of a catchment's values go along what.

use crate::product::file::{AxisGroup, AxisValues};
use crate::report::plot::{Along, Curve};

/// What curves of a group's variables go along: its time, or else its numbered dimension; nothing where it has neither.
pub(super) fn along<'p>(group: &AxisGroup<'p>) -> Option<Along<'p>> {
    let axis = group.time.or(group.dimension)?;
    match &axis.values {
        AxisValues::Time(time) => Some(Along::Time(time)),
        AxisValues::Numbers(numbers) => Some(Along::Numbers(&axis.name, numbers)),
        AxisValues::Texts(_) => None,
    }
}

/// A catchment's values of a variable, cut into those of each curve: one, or one for each place along the dimension, which is named.
pub(super) fn curves<'p, 'v>(
    group: &AxisGroup<'p>,
    values: &'v [f64],
) -> impl Iterator<Item = (Option<String>, Vec<f64>)> + use<'p, 'v> {
    let dimension = group.dimension.filter(|_| group.time.is_some());
    let each = dimension.map_or(1, |dimension| dimension.len());
    (0..each).map(move |place| {
        let name = dimension.map(|axis| format!("{} {}", axis.name, axis.label(place)));
        let values = values.iter().skip(place).step_by(each);
        (name, values.copied().collect())
    })
}

/// A picture of values along an axis.
pub(super) fn picture(
    title: &str,
    along: Along<'_>,
    values: &[f64],
    range: Option<(f64, f64)>,
    columns: usize,
) -> Vec<String> {
    let curve = Curve {
        title,
        along,
        values,
        range,
    };
    curve.lines(columns)
}

/// A name with its units behind it, where it has any.
pub(super) fn with_units(name: &str, units: Option<&str>) -> String {
    match units.filter(|units| !units.is_empty()) {
        Some(units) => format!("{name}, {units}"),
        None => name.to_owned(),
    }
}
