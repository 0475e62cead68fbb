//! The scenarios that are made of one of the project file: by points of sweeps, and by sets of values that a call states.

use super::error::SourceText;
use super::overrides::{Overrides, ParameterSet};
use super::sweep::{MOST, Point, joined_label};
use super::{Parameter, Project, ProjectError};
use crate::data::scenario::{ScenarioName, Standing};
use crate::data::value::Value;

/// The points of a scenario with the names of the scenarios that they make.
pub(super) fn named_points(
    scenario: &str,
    points: Vec<Point>,
    source: &SourceText<'_>,
) -> Result<Vec<(ScenarioName, Point)>, ProjectError> {
    let named = |point: Point| {
        let label = joined_label(scenario, &point.label);
        if label.is_empty() {
            return Ok((ScenarioName::UNNAMED, point));
        }
        let field = (point.values.first()).map_or("sweep", |(_, _, field)| field);
        let name = ScenarioName::new(&label).map_err(|fault| source.error(field, fault))?;
        Ok((name, point))
    };
    points.into_iter().map(named).collect()
}

/// A scenario that is to be made: a point of the sweeps, with a set of overrides or without one.
pub(super) struct Made<'a> {
    pub(super) name: ScenarioName,
    /// The scenario of the project file.
    of: ScenarioName,
    point: Point,
    set: Option<&'a ParameterSet>,
    /// Whether the set is what it differs by from others.
    is_sample: bool,
}

/// The scenarios that points and overrides make.
pub(super) fn made_of<'a>(
    points: Vec<(ScenarioName, Point)>,
    overrides: &'a Overrides,
    source: &SourceText<'_>,
) -> Result<Vec<Made<'a>>, ProjectError> {
    let Overrides::Samples(sets) = overrides else {
        let set = overrides.sets().first();
        let made = points.into_iter().map(|(name, point)| Made {
            of: name.clone(),
            name,
            point,
            set,
            is_sample: false,
        });
        return Ok(made.collect());
    };
    if points.len().saturating_mul(sets.len()) > MOST {
        let message = format!("with the samples, there are more than {MOST} scenarios");
        return Err(source.error("sweep", message));
    }
    let mut made = Vec::with_capacity(points.len() * sets.len());
    for (of, point) in points {
        for set in sets {
            let label = joined_label(of.as_str(), &set.label);
            made.push(Made {
                name: ScenarioName::new(&label).map_err(|fault| source.error("sample", fault))?,
                of: of.clone(),
                point: point.clone(),
                set: Some(set),
                is_sample: true,
            });
        }
    }
    Ok(made)
}

impl Made<'_> {
    /// The project as this scenario.
    pub(super) fn project(self, project: &Project, is_passing: bool) -> Project {
        let mut project = project.clone();
        project.scenario.name = self.name;
        if is_passing {
            project.scenario.standing = Standing::Passing(self.of);
        }
        for (name, value, field) in self.point.values {
            project.moved.push((format!("parameters.{name}"), field));
            project.scenario.stated.insert(name.clone());
            let coordinates = &mut project.scenario.coordinates;
            coordinates.insert(name.clone(), value.clone());
            project.parameters.insert(name, Parameter::Constant(value));
        }
        for (name, value) in self.set.iter().flat_map(|set| &set.values) {
            project.replace(name, value, self.is_sample);
        }
        project
    }
}

impl Project {
    /// Puts a value in the place of all that states a parameter. It is one of the coordinates if it was, or is to be.
    fn replace(&mut self, name: &str, value: &Value, is_coordinate: bool) {
        let field = format!("parameters.{name}");
        self.moved.push((field, format!("the value of {name}")));
        let scenario = &mut self.scenario;
        scenario.overridden.insert(name.to_owned());
        if !self.parameters.contains_key(name) {
            scenario.unstated.insert(name.to_owned());
        }
        let was_coordinate = scenario.coordinates.remove(name).is_some();
        // A list has no place along the scenarios.
        if (was_coordinate || is_coordinate) && !matches!(value, Value::List(_)) {
            let coordinates = &mut scenario.coordinates;
            coordinates.insert(name.to_owned(), value.clone());
        }
        let parameter = Parameter::Constant(value.clone());
        self.parameters.insert(name.to_owned(), parameter);
    }
}
