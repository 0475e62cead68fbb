//! Digests of all that a product is made of: they tell whether the file on the disk is up to date, and which chunks may be copied.
//!
//! Everything that determines the file's bytes goes in, even the version of this program: another version may
//! compress differently. The file carries its digests as global attributes.

use std::path::Path;

use super::tiling::Tiling;
use super::{AxisGroup, AxisValues, ParameterValues, ProductAxis, ProductContent, ProductRow};
use crate::data::digest::Digest;
use crate::data::record::Described;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::netcdf::{Precision, PreviousFile};
use crate::plan::snapshot::Status;
use crate::project::objective_spec::ComparedSteps;
use crate::project::product_spec::{
    Layout, Outlets, ParameterVariable, SummaryKind, TIME, VariableAxes, VariableSource,
};

/// To be raised when files are laid out differently.
fn format(layout: Layout) -> u64 {
    match layout {
        Layout::Grid => 5,
        Layout::Steps => 2,
    }
}

/// The global attribute that holds the product's digest.
pub(super) const PRODUCT_DIGEST: &str = "product_digest";

/// The global attribute that holds the digest of how results become chunks.
pub(super) const CHUNKS_DIGEST: &str = "chunks_digest";

/// The global attribute that holds the digest of all that objectives compare.
pub(super) const COMPARED_DIGEST: &str = "compared_digest";

/// The digest of all that determines the product's bytes: equal digests, equal files.
///
/// It fetches nothing: a row's key stands for its result, a variable's source in words for its values.
pub fn digest(product: &ProductContent) -> Digest {
    let mut walk = Walk::new(product);
    walk.text(&product.title);
    walk.number(product.spec.attributes.len() as u64);
    for (name, value) in &product.spec.attributes {
        walk.text(name);
        walk.text(value);
    }
    walk.bytes(product.recipe.as_bytes());
    walk.stamps(product.time().map_or(&[], TimeAxis::nanoseconds));
    walk.number(u64::from(product.spec.compression));
    walk.number(match product.spec.layout {
        Layout::Grid => 0,
        Layout::Steps => 1,
    });
    walk.definitions(product);
    for variable in &product.spec.variables {
        for text in [
            &variable.units,
            &variable.long_name,
            &variable.standard_name,
        ] {
            walk.optional(text.as_deref());
        }
        walk.attributes(&variable.attributes);
    }
    walk.parameters(product.parameters());
    walk.number(product.catchments.len() as u64);
    for row in &product.catchments {
        walk.text(row.id.as_str());
        walk.number(row.status as u64);
        walk.bytes(row.key.as_ref().map_or(&[], |key| key.as_bytes()));
        walk.text(&values_digest(row));
    }
    if let Some(scenarios) = &product.scenarios {
        walk.number(scenarios.names.len() as u64);
        scenarios.names.iter().for_each(|name| walk.text(name));
        walk.parameters(scenarios.parameters());
    }
    walk.sums(product);
    for network in &product.networks {
        walk.number(product.catchments_each() as u64);
        for catchment in 0..product.catchments_each() {
            let down = network.downstream(catchment);
            walk.number(down.map_or(u64::MAX, |down| down as u64));
        }
    }
    walk.summaries(product);
    for summary in &product.spec.summaries {
        for text in [&summary.units, &summary.long_name, &summary.standard_name] {
            walk.optional(text.as_deref());
        }
        if let SummaryKind::Objective(objective) = &summary.kind {
            walk.text(&objective.observations.name);
        }
    }
    walk.axes(product);
    walk.objectives(product);
    walk.ids(product);
    walk.end()
}

/// The digest that the product at `path` carries; `None` if there is none, or it is no product of ours.
pub fn digest_of(path: &Path) -> Option<String> {
    // Asked first: the library would make up an error with a stack for it.
    if !path.is_file() {
        return None;
    }
    PreviousFile::open(path).ok()?.attribute(PRODUCT_DIGEST)
}

/// The digest of how rows become chunks, without the rows themselves. If it and a block's rows are the same, so are the
/// block's chunks.
pub(super) fn chunks_digest(product: &ProductContent, groups: &[AxisGroup<'_>]) -> Digest {
    let mut walk = Walk::new(product);
    for group in groups {
        let Tiling {
            steps,
            tile_steps,
            tile_catchments,
            ..
        } = group.tiling(product);
        for number in [steps, tile_steps, tile_catchments] {
            walk.number(number as u64);
        }
        if *group.axes != VariableAxes::steps() {
            walk.group(group);
        }
    }
    walk.number(u64::from(product.spec.compression));
    walk.definitions(product);
    if product.scenarios.is_some() {
        walk.text("scenarios");
    }
    walk.sums(product);
    walk.summaries(product);
    walk.end()
}

/// The digest of all that a row's values are made of: its result's content and the numbers in its formulas. Empty if the
/// row has no values.
pub(super) fn values_digest(row: &ProductRow) -> String {
    match (row.status, &row.content) {
        (Status::Ok, Some(content)) => values_digest_with(row, content),
        _ => String::new(),
    }
}

/// The same digest for a row whose result has this content.
pub(super) fn values_digest_with(row: &ProductRow, content: &Digest) -> String {
    let scalars = Digest::of_numbers(&row.scalars);
    Digest::of(&[*content.as_bytes(), *scalars.as_bytes()].concat()).to_string()
}

/// Hashes part by part, each with its length, so that different parts never give the same bytes.
struct Walk(blake3::Hasher);

impl Walk {
    fn new(product: &ProductContent) -> Self {
        let mut walk = Self(blake3::Hasher::new());
        walk.number(format(product.spec.layout));
        walk.text(env!("CARGO_PKG_VERSION"));
        walk
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(number) => {
                self.number(0);
                self.number(number.to_bits());
            }
            Value::Integer(integer) => {
                self.number(1);
                self.bytes(&integer.to_le_bytes());
            }
            Value::Text(text) => {
                self.number(2);
                self.text(text);
            }
            Value::List(_) => {
                self.number(3);
                self.text(&value.to_string());
            }
        }
    }

    fn parameters<'a>(
        &mut self,
        parameters: impl ExactSizeIterator<Item = (&'a ParameterVariable, &'a ParameterValues)>,
    ) {
        self.number(parameters.len() as u64);
        for (parameter, values) in parameters {
            self.text(&parameter.name);
            for text in [
                &parameter.units,
                &parameter.long_name,
                &parameter.standard_name,
            ] {
                self.optional(text.as_deref());
            }
            match values {
                ParameterValues::Numbers(numbers) => {
                    self.bytes(Digest::of_numbers(numbers).as_bytes());
                }
                ParameterValues::Texts(texts) => {
                    self.number(texts.len() as u64);
                    texts.iter().for_each(|text| self.text(text));
                }
            }
        }
    }

    /// How a result's columns become the variables' numbers.
    fn definitions(&mut self, product: &ProductContent) {
        self.number(product.spec.variables.len() as u64);
        for variable in &product.spec.variables {
            self.text(&variable.name);
            self.text(&product.definition(variable));
            self.number(match variable.source {
                VariableSource::Column(column) => 1 + column as u64,
                VariableSource::Formula(_) => 0,
            });
            self.number(match variable.precision {
                Precision::F64 => 64,
                Precision::F32 => 32,
            });
        }
    }

    fn attributes(&mut self, attributes: &[(String, Value)]) {
        self.number(attributes.len() as u64);
        for (name, value) in attributes {
            self.text(name);
            self.value(value);
        }
    }

    fn stamps(&mut self, stamps: &[i64]) {
        self.number(stamps.len() as u64);
        stamps
            .iter()
            .for_each(|stamp| self.bytes(&stamp.to_le_bytes()));
    }

    /// The axes beside `time`, what is said of axes, and what lies along others than `time`. Hashes nothing if there is nothing.
    fn axes(&mut self, product: &ProductContent) {
        for axis in product.axes.iter().filter(|axis| axis.name != TIME) {
            self.text("axis");
            self.text(&axis.name);
            match &axis.values {
                AxisValues::Time(time) => {
                    self.number(0);
                    self.stamps(time.nanoseconds());
                }
                AxisValues::Numbers(numbers) => {
                    self.number(1);
                    self.bytes(Digest::of_numbers(numbers).as_bytes());
                }
                AxisValues::Texts(texts) => {
                    self.number(2);
                    self.number(texts.len() as u64);
                    texts.iter().for_each(|text| self.text(text));
                }
            }
        }
        for words in &product.spec.axes {
            self.text("said of");
            self.text(&words.name);
            for text in [&words.units, &words.long_name, &words.standard_name] {
                self.optional(text.as_deref());
            }
            self.attributes(&words.attributes);
        }
        for group in product.axis_groups() {
            if *group.axes != VariableAxes::steps() {
                self.group(&group);
            }
        }
    }

    /// The axes of these variables.
    fn group(&mut self, group: &AxisGroup<'_>) {
        self.text("along");
        for axis in [group.time, group.dimension] {
            self.number(axis.map_or(0, ProductAxis::len) as u64);
            self.text(axis.map_or("", |axis| &axis.name));
        }
        self.number(group.variables.len() as u64);
        for &variable in &group.variables {
            self.number(variable as u64);
        }
    }

    /// Which variables are sums over all upstream, and where. Hashes nothing if there are none.
    fn sums(&mut self, product: &ProductContent) {
        for (number, variable) in product.spec.variables.iter().enumerate() {
            let Some(outlets) = &variable.upstream else {
                continue;
            };
            self.text("upstream");
            self.number(number as u64);
            match outlets {
                Outlets::All => self.number(0),
                Outlets::These(ids) => {
                    self.number(1 + ids.len() as u64);
                    ids.iter().for_each(|id| self.text(id.as_str()));
                }
            }
        }
    }

    /// How variables become summaries. Hashes nothing if there are none.
    fn summaries(&mut self, product: &ProductContent) {
        for summary in &product.spec.summaries {
            self.text("summary");
            self.text(&summary.name);
            self.number(summary.of as u64);
            match &summary.kind {
                SummaryKind::Statistic(statistic) => {
                    let (statistic, setting) = statistic.definition();
                    self.text(statistic);
                    self.number(setting.map_or(0, f64::to_bits));
                }
                SummaryKind::Objective(objective) => {
                    self.text("objective");
                    self.text(&objective.measure.to_string());
                    let (steps, aggregate) = match objective.observations.steps {
                        ComparedSteps::Same => ("same", None),
                        ComparedSteps::At => ("at", None),
                        ComparedSteps::Within(aggregate) => ("within", Some(aggregate)),
                        ComparedSteps::Around(aggregate) => ("around", Some(aggregate)),
                    };
                    self.text(steps);
                    self.text(&aggregate.map_or_else(String::new, |it| it.description()));
                }
            }
        }
    }

    /// What objectives compare, and how one number is made of those at gauges. Hashes nothing if there are none.
    fn objectives(&mut self, product: &ProductContent) {
        for objective in &product.spec.objectives {
            self.text("over gauges");
            self.text(&objective.name);
            self.number(objective.summary as u64);
            self.text(objective.over.name());
            self.number(objective.weights.len() as u64);
            for (id, weight) in &objective.weights {
                self.text(id.as_str());
                self.number(weight.to_bits());
            }
        }
        if let Some(compared) = product.compared_digest() {
            self.bytes(compared.as_bytes());
        }
    }

    /// What ids are, and which parameter is of ids, where files differ by it.
    fn ids(&mut self, product: &ProductContent) {
        if product.spec.layout == Layout::Grid {
            self.number(u64::from(product.ids_are_texts()));
            self.optional(product.spec.downstream.as_deref());
        }
    }

    fn end(self) -> Digest {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{along, axis, product};
    use super::super::{Network, NetworkLink, ScenarioDimension};
    use super::*;
    use crate::data::catchment::CatchmentId;
    use crate::language::formula::Expr;
    use crate::project::product_spec::{AxisWords, IdType, Statistic, SummaryVariable};

    #[test]
    fn the_digest_covers_whatever_shows_in_the_file() {
        let path = Path::new("p.nc");
        let base = digest(&product(path, 5, 4));
        let changed = |change: &dyn Fn(&mut ProductContent)| {
            let mut product = product(path, 5, 4);
            change(&mut product);
            digest(&product)
        };
        assert_eq!(changed(&|s| s.spec.path = "elsewhere".into()), base);
        let named = |names: [&str; 1]| ScenarioDimension {
            names: names.map(str::to_owned).into(),
            coordinates: Vec::new(),
        };
        let summary = |q: f64| SummaryVariable {
            name: "s".to_owned(),
            of: 0,
            kind: SummaryKind::Statistic(Statistic::Quantile(q)),
            units: None,
            long_name: None,
            standard_name: None,
        };
        let formula = |text: &str| VariableSource::Formula(Expr::parse(text).expect("a formula"));
        let network = |first: NetworkLink| {
            let rest = || NetworkLink::Outlet;
            Network::new(
                &["a", "b", "c", "d", "e"],
                &[first, rest(), rest(), rest(), rest()],
            )
        };
        let network = |first: NetworkLink| network(first).expect("a network");
        let said = |long_name: &str| AxisWords {
            name: "time".to_owned(),
            units: None,
            long_name: Some(long_name.to_owned()),
            standard_name: None,
            attributes: Vec::new(),
        };
        let stamps = |stamps: Vec<i64>| TimeAxis::new(stamps).expect("an axis");
        let changes: [&dyn Fn(&mut ProductContent); 35] = [
            &|s| s.title.push('x'),
            &|s| s.spec.downstream = Some("lat".to_owned()),
            &|s| {
                drop(
                    s.spec
                        .attributes
                        .insert("institution".to_owned(), "x".to_owned()),
                )
            },
            &|s| s.recipe = Digest::of(b"x"),
            &|s| s.axes[0] = axis("time", AxisValues::Time(stamps(vec![1, 2, 3, 4]))),
            &|s| {
                s.axes
                    .push(axis("day", AxisValues::Time(stamps(vec![1, 2]))))
            },
            &|s| {
                s.axes
                    .push(axis("day", AxisValues::Time(stamps(vec![1, 3]))))
            },
            &|s| {
                s.axes
                    .push(axis("layer", AxisValues::Numbers(vec![1.0, 2.0])))
            },
            &|s| {
                s.axes
                    .push(axis("layer", AxisValues::Numbers(vec![1.0, 2.5])))
            },
            &|s| {
                s.axes
                    .push(axis("layer", AxisValues::Texts(vec!["a".to_owned()])))
            },
            &|s| s.spec.variables[0].axes = along(None, None),
            &|s| s.spec.axes.push(said("the time")),
            &|s| s.spec.axes.push(said("the steps")),
            &|s| s.spec.compression = 2,
            &|s| s.spec.layout = Layout::Steps,
            &|s| s.spec.variables[0].units = None,
            &|s| s.spec.variables[0].precision = Precision::F32,
            &|s| s.spec.variables[1].source = formula("second * number"),
            &|s| s.columns[1].header.push('x'),
            &|s| s.scalars[0].push('x'),
            &|s| s.spec.variables[0].attributes[0].1 = Value::Number(3.0),
            &|s| s.spec.parameters[0].standard_name = None,
            &|s| s.catchments[0].status = Status::Skipped,
            &|s| s.catchments[0].key = None,
            &|s| s.catchments[0].content = Some(Digest::of(b"x")),
            &|s| s.catchments[0].scalars[0] = 3.0,
            &|s| s.scenarios = Some(named(["a"])),
            &|s| s.scenarios = Some(named(["b"])),
            &|s| s.spec.summaries.push(summary(0.5)),
            &|s| s.spec.summaries.push(summary(0.6)),
            &|s| s.spec.variables[0].upstream = Some(Outlets::All),
            &|s| s.spec.variables[1].upstream = Some(Outlets::All),
            &|s| {
                s.spec.variables[1].upstream =
                    Some(Outlets::These([CatchmentId::new("70000")].into()))
            },
            &|s| s.networks.push(network(NetworkLink::Outlet)),
            &|s| s.networks.push(network(NetworkLink::To("b".to_owned()))),
        ];
        let mut digests: Vec<Digest> = changes.into_iter().map(changed).chain([base]).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 36);
        let mut numbers = product(path, 2, 4);
        let before = digest(&numbers);
        numbers.spec.ids = Some(IdType::Text);
        assert_ne!(digest(&numbers), before);
    }
}
