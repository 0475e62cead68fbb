//! A product in the words of the CF conventions (1.11): what attributes its variables carry.
//!
//! Checkers do not notice a missing `cf_role`, `featureType` or `coordinates`, but readers need them. It knows no HDF5 and
//! looks at no clock: the same results give the same bytes.

use super::acdd::discovery;
use super::digest::{CHUNKS_DIGEST, COMPARED_DIGEST, PRODUCT_DIGEST};
use super::tiling::Tiling;
use super::{AxisGroup, AxisValues, ProductAxis, ProductContent};
use crate::data::digest::Digest;
use crate::data::value::Value;
use crate::netcdf::cf::{Attributes, catchment_attributes};
use crate::netcdf::{Attribute, Precision};
use crate::project::objective_spec::{ObjectiveSpec, OverGauges};
use crate::project::product_spec::{
    ParameterVariable, ProductVariable, Statistic, SummaryKind, SummaryVariable, TIME, VariableAxes,
};

/// The attribute for what kind of content a variable is, in the words of ISO 19115-1.
const CONTENT: &str = "coverage_content_type";

/// Attributes that limit a variable's values.
const RANGES: [&str; 3] = ["valid_min", "valid_max", "missing_value"];

/// The global attributes: what the file is, where it comes from, the user's own, the digests.
pub(super) fn global(
    product: &ProductContent,
    digest: &Digest,
    chunks: Option<&Digest>,
) -> Attributes {
    let version = concat!("rerunoff ", env!("CARGO_PKG_VERSION"));
    let mut attributes = Attributes::default();
    let conventions = [
        ("Conventions", "CF-1.11, ACDD-1.3"),
        ("featureType", "timeSeries"),
    ];
    let count = usize::from(chunks.is_some()) * (1 + usize::from(is_time_series(product)));
    // Both times for their place: the user's own of the same name must not win.
    let set_conventions = |attributes: &mut Attributes| {
        for (name, value) in &conventions[..count] {
            attributes.set(name, *value);
        }
    };
    set_conventions(&mut attributes);
    attributes.set("title", product.title.as_str());
    if chunks.is_some() {
        attributes.0.extend(discovery(product, digest).0);
    }
    attributes.set("source", version);
    // Without a date, on purpose.
    attributes.set(
        "history",
        &*format!(
            "assembled by {version} from the results of recipe {}",
            product.recipe
        ),
    );
    for (name, value) in &product.spec.attributes {
        attributes.set(name, value.as_str());
    }
    set_conventions(&mut attributes);
    attributes.set("recipe", &*product.recipe.to_string());
    attributes.set(PRODUCT_DIGEST, &*digest.to_string());
    if let Some(compared) = product.compared_digest() {
        attributes.set(COMPARED_DIGEST, &*compared.to_string());
    }
    if let Some(chunks) = chunks {
        attributes.set_some("coordinates", of_file(product).as_deref());
        attributes.set(CHUNKS_DIGEST, &*chunks.to_string());
    }
    attributes
}

/// The attributes of a variable.
pub(super) fn variable(
    variable: &ProductVariable,
    product: &ProductContent,
    reading: Option<String>,
) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("reading", reading.as_deref());
    attributes.set_some("long_name", variable.long_name.as_deref());
    attributes.set_some("standard_name", variable.standard_name.as_deref());
    attributes.set_some("units", variable.units.as_deref());
    attributes.set(CONTENT, "modelResult");
    if variable.upstream.is_some() {
        attributes.set("comment", "sum over the catchment and all upstream of it");
    }
    for (name, value) in &variable.attributes {
        attributes.set(name, of_the_variables_type(name, value, variable.precision));
    }
    attributes.set_some(
        "coordinates",
        coordinates(product, &variable.axes).as_deref(),
    );
    attributes.set("ancillary_variables", "status");
    // Written with the variable; a second one would contradict it.
    attributes.0.retain(|(name, _)| name != "_FillValue");
    attributes
}

/// How to read a variable whose values lie together in tiles: single time steps of all catchments are its slowest use.
pub(super) fn reading(over: &AxisGroup<'_>, tiling: &Tiling) -> Option<String> {
    let [steps, _] = over.tile_lengths(tiling);
    let steps = steps.filter(|_| over.time.is_some() && tiling.slabs() > 1)?;
    let catchments = tiling.tile_catchments;
    Some(format!(
        "{steps} time steps of {catchments} catchments lie together: reading one of these steps takes as long as all of them"
    ))
}

/// Whether the product holds what the conventions call time series, one for each catchment, and numbers of catchments: they have
/// no word for time series along layers, nor for files without time.
fn is_time_series(product: &ProductContent) -> bool {
    let is_time = |axis: &ProductAxis| matches!(axis.values, AxisValues::Time(_));
    product.axes.iter().all(is_time) && !product.axes.is_empty()
}

/// The attributes of the catchments' ids.
pub(super) fn catchment(product: &ProductContent) -> Attributes {
    let mut attributes = catchment_attributes();
    if !is_time_series(product) {
        attributes.0.retain(|(name, _)| name != "cf_role");
    }
    attributes
}

/// The attributes of an axis: its own, and what the project says of it.
pub(super) fn axis(
    axis: &ProductAxis,
    product: &ProductContent,
    mut attributes: Attributes,
) -> Attributes {
    if matches!(axis.values, AxisValues::Time(_)) {
        // Since 1.11 they want it said. What a simulator writes knows no leap seconds.
        attributes.set("units_metadata", "leap_seconds: none");
    }
    if axis.name != TIME {
        attributes.set("long_name", &*axis.name.replace('_', " "));
    }
    let mut words = product.spec.axes.iter();
    if let Some(words) = words.find(|words| words.name == axis.name) {
        attributes.set_some("long_name", words.long_name.as_deref());
        attributes.set_some("standard_name", words.standard_name.as_deref());
        attributes.set_some("units", words.units.as_deref());
        for (name, value) in &words.attributes {
            attributes.set(name, Attribute::from(value));
        }
    }
    // A coordinate has no missing values.
    attributes.0.retain(|(name, _)| name != "_FillValue");
    attributes
}

/// The coordinates of a value beside those that are numbers along a dimension of their own: the catchments and their positions, the
/// places along a further dimension that are texts. Scenarios are not among them, by which CDO would take their dimension for one of
/// space: xarray knows their names by that of their dimension.
fn coordinates(product: &ProductContent, axes: &VariableAxes) -> Option<String> {
    let mut names = Vec::new();
    if product.ids_are_texts() {
        names.push("catchment");
    }
    let is_text = |axis: &&ProductAxis| matches!(axis.values, AxisValues::Texts(_));
    let dimension = (axes.dimension.as_ref()).and_then(|name| product.axis(name));
    names.extend(dimension.filter(is_text).map(|axis| axis.name.as_str()));
    if product.scenarios.is_none() {
        names.extend(positions(product));
    }
    (!names.is_empty()).then(|| names.join(" "))
}

/// The coordinates that only the file's own attribute names, which xarray heeds: what its scenarios differ in, and with scenarios the
/// positions, beside which CDO would take scenarios for places.
fn of_file(product: &ProductContent) -> Option<String> {
    let scenarios = product.scenarios.as_ref()?.coordinates.iter();
    let scenarios = scenarios.map(|it| it.variable.name.as_str());
    let names: Vec<&str> = positions(product).chain(scenarios).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// The parameters that say where catchments are.
fn positions(product: &ProductContent) -> impl Iterator<Item = &str> {
    let positions = product.spec.parameters.iter().filter(|it| is_position(it));
    positions.map(|parameter| parameter.name.as_str())
}

/// A number or text as an attribute. CF wants limits in the type of the variable itself.
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

/// The attributes of a parameter along the scenarios.
pub(super) fn of_scenarios(parameter: &ParameterVariable) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", parameter.long_name.as_deref());
    attributes.set_some("standard_name", parameter.standard_name.as_deref());
    attributes.set_some("units", parameter.units.as_deref());
    let content = match is_position(parameter) {
        true => "coordinate",
        false => "auxiliaryInformation",
    };
    attributes.set(CONTENT, content);
    attributes
}

/// The attributes of a parameter along the catchments.
pub(super) fn parameter(parameter: &ParameterVariable, product: &ProductContent) -> Attributes {
    let mut attributes = of_scenarios(parameter);
    if !is_position(parameter) {
        attributes.set_some("coordinates", of_row(product).as_deref());
    }
    attributes
}

/// The coordinates of what has one value for each catchment.
fn of_row(product: &ProductContent) -> Option<String> {
    coordinates(product, &VariableAxes::default())
}

/// The attributes of a summary along the catchments.
pub(super) fn summary(summary: &SummaryVariable, product: &ProductContent) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_some("long_name", summary.long_name.as_deref());
    attributes.set_some("standard_name", summary.standard_name.as_deref());
    attributes.set_some("units", summary.units.as_deref());
    attributes.set(CONTENT, "modelResult");
    match &summary.kind {
        SummaryKind::Statistic(statistic) => set_statistic(&mut attributes, *statistic),
        SummaryKind::Objective(objective) => {
            attributes.set("statistic", &*objective.measure.to_string());
            attributes.set("observations", objective.observations.name.as_str());
        }
    }
    let axes = &product.spec.variables[summary.of].axes;
    attributes.set_some("coordinates", coordinates(product, axes).as_deref());
    attributes.set("ancillary_variables", "status");
    attributes.set("_FillValue", Attribute::F64(f64::NAN));
    attributes
}

/// The attributes of one number over gauges.
pub(super) fn overall(objective: &ObjectiveSpec, product: &ProductContent) -> Attributes {
    let summary = &product.spec.summaries[objective.summary];
    let mut attributes = Attributes::default();
    let over = match objective.over {
        OverGauges::Mean if objective.weights.is_empty() => "mean",
        OverGauges::Mean => "weighted mean",
        other => other.name(),
    };
    let name = summary.long_name.as_deref().unwrap_or(&objective.name);
    attributes.set("long_name", &*format!("{over} over gauges: {name}"));
    attributes.set_some("units", summary.units.as_deref());
    attributes.set(CONTENT, "modelResult");
    attributes.set("_FillValue", Attribute::F64(f64::NAN));
    attributes
}

/// What is said of a statistic over time.
fn set_statistic(attributes: &mut Attributes, statistic: Statistic) {
    // CF has no words for other quantiles, nor for shares of time.
    let method = match statistic {
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
}

/// The attributes of the scenarios' names.
pub(super) fn scenario() -> Attributes {
    text("scenario")
}

/// The attributes of the status flag.
pub(super) fn status(product: &ProductContent) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("standard_name", "status_flag");
    attributes.set("long_name", "state of the catchment's result");
    attributes.set("flag_values", Attribute::Bytes(vec![0, 1, 2, 3]));
    attributes.set("flag_meanings", "ok failed skipped not_run");
    attributes.set_some("coordinates", of_row(product).as_deref());
    attributes
}

/// The attributes of a digest of each catchment.
pub(super) fn digest(long_name: &str, product: &ProductContent) -> Attributes {
    let mut attributes = text(long_name);
    attributes.set_some("coordinates", of_row(product).as_deref());
    attributes
}

/// The attributes of a text variable.
fn text(long_name: &str) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("long_name", long_name);
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_the_variables_type() {
        let limit = |precision| of_the_variables_type("valid_min", &Value::Integer(0), precision);
        assert_eq!(limit(Precision::F64), Attribute::F64(0.0));
        assert_eq!(limit(Precision::F32), Attribute::F32(0.0));
        let other = of_the_variables_type("level", &Value::Integer(1 << 40), Precision::F32);
        assert_eq!(other, Attribute::F64(1_099_511_627_776.0));
    }
}
