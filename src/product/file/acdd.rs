//! What catalogues look for in a file, in the words of the Attribute Convention for Data Discovery (ACDD 1.3).
//!
//! Only what the product tells of itself, and nothing of the clock. Who made it and who may use it is the project's to say.

use std::ops::Range;

use jiff::SignedDuration;

use super::{ParameterValues, ProductContent};
use crate::data::digest::Digest;
use crate::netcdf::Attribute;
use crate::netcdf::cf::Attributes;

/// How many digits of the digest are the product's version.
const VERSION: Range<usize> = 0..12;

/// The attributes of a product with this digest.
pub(super) fn discovery(product: &ProductContent, digest: &Digest) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set("summary", &*summary(product));
    let keywords = ["catchments".to_owned()]
        .into_iter()
        .chain(subjects(product));
    attributes.set("keywords", &*keywords.collect::<Vec<_>>().join(", "));
    attributes.set("product_version", &digest.to_string()[VERSION]);
    set_time(product, &mut attributes);
    set_extent(product, &mut attributes);
    attributes
}

/// What its variables are, each once.
fn subjects(product: &ProductContent) -> Vec<String> {
    let mut subjects = Vec::new();
    for variable in &product.spec.variables {
        let subject = variable.long_name.as_ref().unwrap_or(&variable.name);
        if !subjects.contains(subject) {
            subjects.push(subject.clone());
        }
    }
    subjects
}

/// What it holds, in one sentence.
fn summary(product: &ProductContent) -> String {
    let what = subjects(product).join(", ");
    let count = counted(product.catchments_each(), "catchment");
    let mut text = format!("Simulated for {count}");
    if let Some(scenarios) = &product.scenarios {
        let count = counted(scenarios.names.len(), "scenario");
        text.push_str(&format!(" in {count}"));
    }
    if let Some([start, end]) = ends(product) {
        text.push_str(&format!(", from {start} to {end}"));
    }
    text + ": " + &what
}

/// So many of these.
fn counted(number: usize, word: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {word}{ending}")
}

/// The first and the last time step.
fn ends(product: &ProductContent) -> Option<[String; 2]> {
    let time = product.time()?;
    Some([0, time.len() - 1].map(|step| time.date_time(step).to_string()))
}

/// Sets from when to when it is, and in which steps if they are even.
fn set_time(product: &ProductContent, attributes: &mut Attributes) {
    let (Some(time), Some([start, end])) = (product.time(), ends(product)) else {
        return;
    };
    // As elsewhere in the file, where units without a zone mean UTC.
    attributes.set("time_coverage_start", &*format!("{start}Z"));
    attributes.set("time_coverage_end", &*format!("{end}Z"));
    let stamps = time.nanoseconds();
    let between = |from: i64, to: i64| to.checked_sub(from).map(SignedDuration::from_nanos);
    if let Some(whole) = between(stamps[0], stamps[stamps.len() - 1]) {
        attributes.set("time_coverage_duration", &*whole.to_string());
    }
    let mut steps = stamps.windows(2).map(|pair| between(pair[0], pair[1]));
    if let Some(first) = steps.next().flatten()
        && steps.all(|step| step == Some(first))
    {
        attributes.set("time_coverage_resolution", &*first.to_string());
    }
}

/// Sets the least and the greatest latitude and longitude.
fn set_extent(product: &ProductContent, attributes: &mut Attributes) {
    for (word, name) in [("latitude", "lat"), ("longitude", "lon")] {
        let mut parameters = product.parameters();
        let found = parameters.find(|(it, _)| it.standard_name.as_deref() == Some(word));
        let Some((parameter, ParameterValues::Numbers(numbers))) = found else {
            continue;
        };
        let numbers = || numbers.iter().copied().filter(|number| number.is_finite());
        if numbers().next().is_none() {
            continue;
        }
        for (end, number) in [
            ("min", numbers().fold(f64::INFINITY, f64::min)),
            ("max", numbers().fold(f64::NEG_INFINITY, f64::max)),
        ] {
            attributes.set(&format!("geospatial_{name}_{end}"), Attribute::F64(number));
        }
        let units = format!("geospatial_{name}_units");
        attributes.set_some(&units, parameter.units.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::product;
    use super::*;

    #[test]
    fn a_product_tells_what_when_and_where() {
        let product = product(std::path::Path::new("p.nc"), 5, 24);
        let found = discovery(&product, &product.recipe).0;
        let text = |name: &str| {
            let found = found.iter().find(|(known, _)| known == name);
            match found.map(|(_, value)| value) {
                Some(Attribute::Text(text)) => text.clone(),
                Some(Attribute::F64(number)) => number.to_string(),
                other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!(
            text("summary"),
            "Simulated for 5 catchments, from 1970-01-01T00:00:00 to 1970-01-01T23:00:00: the q, the load"
        );
        assert_eq!(text("keywords"), "catchments, the q, the load");
        assert_eq!(text("time_coverage_start"), "1970-01-01T00:00:00Z");
        assert_eq!(text("time_coverage_end"), "1970-01-01T23:00:00Z");
        assert_eq!(text("time_coverage_duration"), "PT23H");
        assert_eq!(text("time_coverage_resolution"), "PT1H");
        assert_eq!(text("geospatial_lat_min"), "45");
        assert_eq!(text("geospatial_lat_max"), "49");
        assert_eq!(text("geospatial_lat_units"), "degrees_north");
        assert!(!found.iter().any(|(name, _)| name.contains("lon")));
        assert_eq!(text("product_version").len(), 12);
    }
}
