//! Where a project's catchments drain to, checked: a network, or an error that names the field of the project file.

use std::collections::HashSet;

use crate::data::catchment::CatchmentId;
use crate::data::value::Value;
use crate::product::file::{Network, NetworkLink};
use crate::project::product_spec::Outlets;
use crate::project::{Project, ProjectError};
use crate::text::wording::{self, Quotes};

/// A catchment and where it drains to.
pub(super) struct Drain<'a> {
    pub(super) id: &'a CatchmentId,
    pub(super) link: Option<Value>,
    /// Whether it can be run.
    pub(super) is_fit: bool,
}

/// How these catchments drain; every outlet that the project names is among them.
pub(super) fn network<'a>(
    project: &Project,
    drains: impl Iterator<Item = Drain<'a>>,
) -> Result<Network, ProjectError> {
    let fault = |message: String| project.error("product.downstream", message);
    let (mut ids, mut links) = (Vec::new(), Vec::new());
    for drain in drains {
        // It might drain into any other catchment, whose sum would then be silently too small.
        if !drain.is_fit && drain.link.is_none() {
            return Err(fault(format!(
                "catchment {} can't be run and has no value that tells where it drains to; give it one in a table of parameters",
                drain.id
            )));
        }
        ids.push(drain.id.as_str());
        links.push(NetworkLink::from(drain.link.as_ref()));
    }
    for variable in &project.product.variables {
        let Some(Outlets::These(outlets)) = &variable.upstream else {
            continue;
        };
        let known: HashSet<&str> = ids.iter().copied().collect();
        if let Some(id) = outlets.iter().find(|id| !known.contains(id.as_str())) {
            let hint =
                wording::hint(id.as_str(), ids.iter().copied(), Quotes::Double).unwrap_or_default();
            let field = format!("product.variables.{}.outlets", variable.name);
            let message = format!("there is no catchment {:?}{hint}", id.as_str());
            return Err(project.error(&field, message));
        }
    }
    Network::new(&ids, &links).map_err(|error| fault(error.to_string()))
}
