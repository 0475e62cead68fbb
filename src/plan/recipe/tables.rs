//! The simulator inputs that have a row for each time step, bound to the columns and the time axis of a basin.

use std::path::Path;

use crate::data::time_axis::TimeAxis;
use crate::language::series_table::BoundTable;
use crate::language::template::Template;
use crate::plan::recipe::names::STATE_TIME;
use crate::project::{Content, Project, ProjectError};

/// A bound table for every simulator input that is one, or a template with rows in the middle.
pub(super) fn bind(
    project: &Project,
    columns: &[String],
    time: Option<&TimeAxis>,
) -> Result<Vec<Option<BoundTable>>, ProjectError> {
    let inputs = project.simulator.inputs.iter().enumerate();
    let tables = inputs.map(|(i, input)| match &input.content {
        Content::Series(table) => {
            let Some(time) = time else {
                let field = format!("simulator.input.{i}.row");
                let rule =
                    format!("is printed for each time step, and there are none; {STATE_TIME}");
                return Err(project.error(&field, rule));
            };
            let bound = table.bind(columns, time);
            bound
                .map(Some)
                .map_err(|fault| project.error(&format!("simulator.input.{i}"), fault))
        }
        // Where rows in the middle are refused.
        Content::OwnTemplate(_) => Ok(None),
        Content::Template { path, template } => bind_template(path, template, columns, time),
    });
    tables.collect()
}

/// Binds the rows in the middle of a template, if there are any.
fn bind_template(
    path: &Path,
    template: &Template,
    columns: &[String],
    time: Option<&TimeAxis>,
) -> Result<Option<BoundTable>, ProjectError> {
    let fault = |place, message| ProjectError {
        file: path.to_owned(),
        place: Some(place),
        message,
    };
    let Some(block) = template.rows().next() else {
        return Ok(None);
    };
    let Some(time) = time else {
        let rule = "`{#each step}` is repeated for each time step, and there are none";
        return Err(fault(block.position(), format!("{rule}; {STATE_TIME}")));
    };
    let bound = BoundTable::of_template(template, columns, time);
    bound.map(Some).map_err(|error| {
        let message = format!("placeholder `{}`: {}", error.name, error.problem);
        fault((error.line, error.column), message)
    })
}
