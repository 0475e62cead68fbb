//! The rivers of a page: which catchment drains into which.

use super::array::{Array, Arrays};
use super::sources::Sources;
use crate::data::catchment::CatchmentId;
use crate::product::file::NetworkLink;

/// Takes the array (I32) with the place of the catchment downstream of each, -1 where there is none; `None` if the project has no such
/// links.
///
/// A link to what is not on the page is none, and nothing is said of circles: that is for the product, which sums along them.
pub(super) fn downstream(sources: &Sources<'_>, arrays: &mut Arrays) -> Option<String> {
    let project = sources.scenarios.first()?.loaded.project;
    let name = project.product.downstream.as_deref()?;
    let places = sources.places();
    let link = |at: usize| match NetworkLink::from(sources.value(at, name).as_ref()) {
        NetworkLink::To(id) => {
            let place = places.get(&CatchmentId::new(id));
            place.map_or(-1, |at| *at as i32)
        }
        NetworkLink::Outlet => -1,
    };
    let links = (0..sources.catchments.len()).map(link);
    Some(arrays.add("downstream", Array::I32(links.collect())))
}
