//! The axes of a product beside its catchments and scenarios, and which variables lie over the same ones.
//!
//! The values of one catchment's variable are a list: time step by time step, and within each along the further dimension. A
//! variable without either is a list of one. Whatever is made of lists of one length is made together, an [`AxisGroup`] after
//! the other. It knows neither files nor where axes come from.

use anyhow::{Result, ensure};

use super::ProductContent;
use super::tiling::Tiling;
use crate::data::time_axis::TimeAxis;
use crate::data::value::push_number;
use crate::project::product_spec::{TIME, VariableAxes, VariableSource};

/// An axis that a product has as a dimension with a coordinate variable of the same name.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductAxis {
    /// Its name, unlike that of any variable.
    pub name: String,
    /// The places along it.
    pub values: AxisValues,
}

/// The places along an axis, at least one.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisValues {
    /// Points in time.
    Time(TimeAxis),
    /// Numbers: layers, depths.
    Numbers(Vec<f64>),
    /// Names: reaches, crops.
    Texts(Vec<String>),
}

impl ProductAxis {
    /// How many places there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.values {
            AxisValues::Time(time) => time.len(),
            AxisValues::Numbers(numbers) => numbers.len(),
            AxisValues::Texts(texts) => texts.len(),
        }
    }

    /// A place in words: a point in time, a number, a name.
    pub fn label(&self, at: usize) -> String {
        match &self.values {
            AxisValues::Time(time) => time.date_time(at).to_string(),
            AxisValues::Numbers(numbers) => {
                let mut text = Vec::new();
                push_number(&mut text, numbers[at]);
                String::from_utf8_lossy(&text).into_owned()
            }
            AxisValues::Texts(texts) => texts[at].clone(),
        }
    }
}

/// The variables over the same axes.
pub struct AxisGroup<'p> {
    /// The names of the axes.
    pub axes: &'p VariableAxes,
    /// Their time steps, if they have any.
    pub time: Option<&'p ProductAxis>,
    /// Their further dimension, if they have one.
    pub dimension: Option<&'p ProductAxis>,
    /// The variables, by number.
    pub variables: Vec<usize>,
    /// The columns that they are made of, by number.
    pub columns: Vec<usize>,
}

impl AxisGroup<'_> {
    /// How many values a catchment has of each variable.
    pub fn rows(&self) -> usize {
        self.time.map_or(1, ProductAxis::len) * self.slice()
    }

    /// How many of them belong to one time step; without time all.
    pub(super) fn slice(&self) -> usize {
        self.dimension.map_or(1, ProductAxis::len)
    }

    /// How the group's variables are cut into tiles.
    pub(super) fn tiling(&self, product: &ProductContent) -> Tiling {
        // Without time there is no need to keep the places along the dimension together.
        let slice = self.time.map_or(1, |_| self.slice());
        let each = product.catchments_each();
        let tiling = Tiling::new(self.rows(), slice, each, self.variables.len());
        tiling.with_scenarios(product.scenario_count())
    }

    /// How many places a tile has along each of the group's axes.
    pub(super) fn tile_lengths(&self, tiling: &Tiling) -> [Option<usize>; 2] {
        self.along(tiling.tile_steps, self.slice())
    }

    /// Where a slab begins along each of the group's axes.
    pub(super) fn corner(&self, tiling: &Tiling, slab: usize) -> [Option<usize>; 2] {
        self.along(slab * tiling.tile_steps, 0)
    }

    /// So many rows along the axes: whole time steps, of which each has `within` along the dimension.
    fn along(&self, rows: usize, within: usize) -> [Option<usize>; 2] {
        match (self.time, self.dimension) {
            (None, None) => [None, None],
            (Some(_), None) => [Some(rows), None],
            (None, Some(_)) => [None, Some(rows)],
            (Some(_), Some(_)) => [Some(rows / self.slice()), Some(within)],
        }
    }

    /// How many values a variable must have, in words.
    pub(super) fn wanted(&self) -> String {
        let places = |axis: &ProductAxis| format!("{} of `{}`", axis.len(), axis.name);
        match (self.time, self.dimension) {
            (Some(time), None) if time.name == TIME => format!("{} time steps", time.len()),
            (Some(axis), None) | (None, Some(axis)) => places(axis),
            (Some(time), Some(dimension)) => {
                format!("{} times {}", places(time), places(dimension))
            }
            (None, None) => "one number".to_owned(),
        }
    }

    /// A row in words, by axis: the time, the place along the dimension.
    pub fn labels(&self, row: usize) -> [Option<String>; 2] {
        [
            self.time.map(|time| time.label(row / self.slice())),
            (self.dimension).map(|dimension| dimension.label(row % self.slice())),
        ]
    }
}

/// What a variable has along its time, its further dimension, scenarios and catchments, in the order of its dimensions. CDO takes no file
/// whose scenarios come before the time.
pub(super) fn in_order<T>(
    [time, dimension]: [Option<T>; 2],
    scenario: Option<T>,
    catchment: T,
) -> Vec<T> {
    let outer = [time, scenario, dimension].into_iter().flatten();
    outer.chain([catchment]).collect()
}

impl ProductContent {
    /// The axis of this name.
    pub fn axis(&self, name: &str) -> Option<&ProductAxis> {
        self.axes.iter().find(|axis| axis.name == name)
    }

    /// The time steps of the axis called `time`, which are the project's own if it has any.
    pub fn time(&self) -> Option<&TimeAxis> {
        match &self.axis(TIME)?.values {
            AxisValues::Time(time) => Some(time),
            AxisValues::Numbers(_) | AxisValues::Texts(_) => None,
        }
    }

    /// The variables by their axes: first those over `time` alone, then others with time, then those without, in the order of each
    /// group's first one.
    pub fn axis_groups(&self) -> Vec<AxisGroup<'_>> {
        let mut groups: Vec<AxisGroup<'_>> = Vec::new();
        for (number, variable) in self.spec.variables.iter().enumerate() {
            let axes = &variable.axes;
            match groups.iter_mut().find(|group| group.axes == axes) {
                Some(group) => group.variables.push(number),
                None => groups.push(AxisGroup {
                    axes,
                    time: axes.time.as_ref().and_then(|name| self.axis(name)),
                    dimension: axes.dimension.as_ref().and_then(|name| self.axis(name)),
                    variables: vec![number],
                    columns: Vec::new(),
                }),
            }
        }
        for group in &mut groups {
            let is_used = |column: &usize| {
                let mut variables = group.variables.iter();
                variables.any(|&variable| self.is_made_of(variable, *column))
            };
            group.columns = (0..self.columns.len()).filter(is_used).collect();
        }
        // Stable: the others keep their order.
        groups.sort_by_key(|group| (*group.axes != VariableAxes::steps(), group.time.is_none()));
        groups
    }

    /// Whether a variable's values are computed from a column.
    pub(in crate::product) fn is_made_of(&self, variable: usize, column: usize) -> bool {
        match &self.spec.variables[variable].source {
            VariableSource::Column(at) => *at == column,
            VariableSource::Formula(formula) => {
                formula.names().contains(&self.columns[column].name)
            }
        }
    }

    /// Whether every variable's axes are there, and no two are of one name.
    pub(super) fn check_axes(&self) -> Result<()> {
        for (at, axis) in self.axes.iter().enumerate() {
            ensure!(
                self.axes[..at].iter().all(|other| other.name != axis.name),
                "two axes are called `{}`",
                axis.name
            );
        }
        for variable in &self.spec.variables {
            for name in variable.axes.names() {
                ensure!(
                    self.axis(name).is_some(),
                    "`{}` lies along `{name}`, which is not known",
                    variable.name
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{along, axis, product, variable};
    use super::*;
    use crate::project::product_spec::ProductVariable;

    #[test]
    fn variables_over_the_same_axes_go_together() {
        let mut product = product(std::path::Path::new("p.nc"), 3, 4);
        let layers = ["top", "bottom"].map(str::to_owned).into();
        product.axes.push(axis("layer", AxisValues::Texts(layers)));
        for (name, axes) in [
            ("total", along(None, None)),
            ("wet", along(Some("time"), Some("layer"))),
            ("more", along(None, None)),
        ] {
            let source = VariableSource::Column(0);
            let variable = ProductVariable {
                axes,
                ..variable(name, source)
            };
            product.spec.variables.insert(0, variable);
        }
        product.check_axes().expect("axes");
        let groups = product.axis_groups();
        let numbers: Vec<&[usize]> = groups.iter().map(|group| &group.variables[..]).collect();
        assert_eq!(numbers, [&[3, 4][..], &[1], &[0, 2]]);
        assert_eq!([0, 1, 2].map(|at| groups[at].rows()), [4, 8, 1]);
        assert_eq!([0, 1, 2].map(|at| groups[at].columns.len()), [2, 1, 1]);
        let labels = groups[1].labels(3);
        assert_eq!(
            labels.map(Option::unwrap_or_default),
            ["1970-01-01T01:00:00", "bottom"]
        );
        assert_eq!(groups[2].labels(0), [None, None]);
    }
}
