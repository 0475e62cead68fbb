//! What a NetCDF-4 product holds for each catchment and scenario beside its variables: coordinates, parameters, status, keys,
//! digests.

use anyhow::Result;

use super::axes::in_order;
use super::cf;
use super::digest::values_digest;
use super::ids::Ids;
use super::summary::Summaries;
use super::upstream::upstream_digests;
use super::{AxisValues, ParameterValues, ProductAxis, ProductContent, ProductRow};
use crate::data::digest::Digest;
use crate::netcdf::cf::{Attributes, time_coordinate};
use crate::netcdf::{Attribute, Data, Dimension, NetcdfFile, text_length};
use crate::project::product_spec::{
    DIGEST_LENGTH, ParameterVariable, UPSTREAM_DIGEST, VALUES_DIGEST, VariableAxes,
};

/// The characters of a digest.
const DIGEST: usize = 64;

/// The dimensions of a product.
pub(super) struct Dimensions {
    scenario: Option<Dimension>,
    /// In the order of the product's axes, each with its name.
    axes: Vec<(String, Dimension)>,
    catchment: Dimension,
    /// The characters of a digest.
    digest: Dimension,
}

impl Dimensions {
    /// Writes the coordinates, axes first.
    pub(super) fn write(product: &ProductContent, file: &mut NetcdfFile) -> Result<Self> {
        let mut axes = Vec::with_capacity(product.axes.len());
        // NCO and CDO join files along the record dimension, of which they know one.
        let is_time = |axis: &ProductAxis| matches!(axis.values, AxisValues::Time(_));
        let record = product.axes.iter().position(is_time);
        for (at, axis) in product.axes.iter().enumerate() {
            let is_record = record == Some(at);
            axes.push((
                axis.name.clone(),
                write_axis(axis, is_record, product, file)?,
            ));
        }
        let scenario = match &product.scenarios {
            Some(scenarios) => {
                let names: Vec<&str> = scenarios.names.iter().map(String::as_str).collect();
                let length = product.length_name("scenario");
                Some(file.text_coordinate("scenario", &length, &names, &cf::scenario().0)?)
            }
            None => None,
        };
        let attributes = cf::catchment(product).0;
        let catchment = match &product.ids() {
            Ids::Texts(ids) => {
                let length = product.length_name("catchment");
                file.text_coordinate("catchment", &length, ids, &attributes)?
            }
            Ids::I32(ids) => file.coordinate("catchment", Data::I32(ids), &attributes)?,
            Ids::I64(ids) => file.coordinate("catchment", Data::I64(ids), &attributes)?,
        };
        Ok(Self {
            scenario,
            axes,
            catchment,
            digest: file.dimension(DIGEST_LENGTH, DIGEST)?,
        })
    }

    /// The dimensions of variables with one value per row.
    pub(super) fn of_rows(&self) -> Vec<Dimension> {
        in_order([None, None], self.scenario, self.catchment)
    }

    /// The dimensions of a variable with these axes.
    pub(super) fn of_variable(&self, axes: &VariableAxes) -> Vec<Dimension> {
        let of = |name: &Option<String>| name.as_deref().and_then(|name| self.axis(name));
        let along = [of(&axes.time), of(&axes.dimension)];
        in_order(along, self.scenario, self.catchment)
    }

    /// The dimensions of what a variable with these axes is over time.
    fn of_summary(&self, axes: &VariableAxes) -> Vec<Dimension> {
        self.of_variable(&VariableAxes {
            time: None,
            dimension: axes.dimension.clone(),
        })
    }

    fn axis(&self, name: &str) -> Option<Dimension> {
        let mut axes = self.axes.iter();
        axes.find_map(|(known, dimension)| (known == name).then_some(*dimension))
    }
}

/// Writes everything that has one value per scenario or per row.
pub(super) fn write(
    product: &ProductContent,
    file: &mut NetcdfFile,
    dimensions: &Dimensions,
) -> Result<()> {
    if let (Some(scenario), Some(scenarios)) = (dimensions.scenario, &product.scenarios) {
        for coordinate in scenarios.parameters() {
            let count = scenarios.names.len();
            let attributes = cf::of_scenarios(coordinate.0);
            write_parameter(product, file, (coordinate, attributes), &[scenario], count)?;
        }
    }
    let of_rows = dimensions.of_rows();
    for parameter in product.parameters() {
        // What no scenario changes needs no dimension for them.
        let each = product.catchments_each();
        let (over, count) = match parameter.1.repeat_after(each) {
            true => (&[dimensions.catchment][..], each),
            false => (&of_rows[..], product.catchments.len()),
        };
        let attributes = cf::parameter(parameter.0, product);
        write_parameter(product, file, (parameter, attributes), over, count)?;
    }
    let status: Vec<i8> = product
        .catchments
        .iter()
        .map(|row| row.status as i8)
        .collect();
    file.variable(
        "status",
        &of_rows,
        Data::Bytes(&status),
        &cf::status(product).0,
    )?;
    let of_digests: Vec<Dimension> = of_rows.iter().copied().chain([dimensions.digest]).collect();
    let digests = |name: &str, digests: Vec<String>, attributes: Attributes| {
        let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
        let characters = Data::Characters(&digests, DIGEST);
        file.variable(name, &of_digests, characters, &attributes.0)
    };
    digests(
        "key",
        product.catchments.iter().map(key).collect(),
        cf::digest(
            "key: BLAKE3 digest of all that determines the catchment's result",
            product,
        ),
    )?;
    digests(
        VALUES_DIGEST,
        product.catchments.iter().map(values_digest).collect(),
        cf::digest(
            "digest of the result and the parameters that the catchment's values are made of",
            product,
        ),
    )?;
    if product.networks.is_empty() {
        return Ok(());
    }
    let made_of = upstream_digests(product).into_iter();
    let made_of = made_of.map(|digest| digest.as_ref().map_or_else(String::new, Digest::to_string));
    digests(
        UPSTREAM_DIGEST,
        made_of.collect(),
        cf::digest(
            "digest of all that the sums over the catchment and all upstream of it are made of",
            product,
        ),
    )
}

/// Writes the summaries and the numbers over gauges: last, because they are known only when everything else is written.
pub(super) fn write_summaries(
    product: &ProductContent,
    file: &NetcdfFile,
    dimensions: &Dimensions,
    summaries: &Summaries,
) -> Result<()> {
    for (i, summary) in product.spec.summaries.iter().enumerate() {
        let attributes = cf::summary(summary, product);
        let values = Data::F64(summaries.of(i));
        let over = dimensions.of_summary(&product.spec.variables[summary.of].axes);
        file.variable(&summary.name, &over, values, &attributes.0)?;
    }
    for objective in &product.spec.objectives {
        let numbers = product.overall(objective, summaries.of(objective.summary));
        let scenario: Vec<Dimension> = dimensions.scenario.into_iter().collect();
        let attributes = cf::overall(objective, product);
        let name = objective.overall_name();
        file.variable(&name, &scenario, Data::F64(&numbers), &attributes.0)?;
    }
    Ok(())
}

/// Writes the coordinate variable of an axis.
fn write_axis(
    axis: &ProductAxis,
    is_record: bool,
    product: &ProductContent,
    file: &mut NetcdfFile,
) -> Result<Dimension> {
    let attributes = |own: Attributes| cf::axis(axis, product, own).0;
    match &axis.values {
        AxisValues::Time(time) => {
            let (values, own) = time_coordinate(time);
            match is_record {
                true => file.record_coordinate(&axis.name, &values, &attributes(own)),
                false => file.coordinate(&axis.name, Data::F64(&values), &attributes(own)),
            }
        }
        AxisValues::Numbers(numbers) => {
            let attributes = attributes(Attributes::default());
            file.coordinate(&axis.name, Data::F64(numbers), &attributes)
        }
        AxisValues::Texts(texts) => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let attributes = attributes(Attributes::default());
            let length = product.length_name(&axis.name);
            file.text_coordinate(&axis.name, &length, &texts, &attributes)
        }
    }
}

/// The key as files show it; empty without one.
pub(super) fn key(row: &ProductRow) -> String {
    row.key.map_or_else(String::new, |key| key.to_string())
}

/// Writes the first `count` values of a parameter.
fn write_parameter(
    product: &ProductContent,
    file: &mut NetcdfFile,
    ((parameter, values), mut attributes): ((&ParameterVariable, &ParameterValues), Attributes),
    dimensions: &[Dimension],
    count: usize,
) -> Result<()> {
    let links = product.links(parameter, values, count);
    if let Some(links) = links.as_ref().and_then(Ids::numbers) {
        return file.variable(&parameter.name, dimensions, links, &attributes.0);
    }
    match values {
        ParameterValues::Numbers(numbers) => {
            let numbers = &numbers[..count];
            if numbers.iter().any(|number| number.is_nan()) {
                attributes.set("_FillValue", Attribute::F64(f64::NAN));
            }
            file.variable(
                &parameter.name,
                dimensions,
                Data::F64(numbers),
                &attributes.0,
            )
        }
        ParameterValues::Texts(texts) => {
            let texts: Vec<&str> = texts[..count].iter().map(String::as_str).collect();
            let size = text_length(&texts);
            let length = file.dimension(&product.length_name(&parameter.name), size)?;
            let dimensions: Vec<Dimension> = dimensions.iter().copied().chain([length]).collect();
            let characters = Data::Characters(&texts, size);
            file.variable(&parameter.name, &dimensions, characters, &attributes.0)
        }
    }
}
