//! What of a scenario as of a tag is the same as it is now, and so need not be read and thinned again.

use super::strand::{Strand, Way};

/// By row: whether the catchment's own values, and its sums over all upstream, are the same.
pub(super) struct Same {
    own: Vec<bool>,
    sums: Vec<bool>,
}

impl Same {
    /// What of a strand is the same as in another of the same scenario.
    pub(super) fn of(then: &Strand, now: &Strand) -> Self {
        let own = then.results.same_values(&now.results);
        Self {
            sums: then.results.same_sums(&now.results, &own),
            own,
        }
    }

    /// Whether the values of a variable in a row are.
    pub(super) fn is(&self, way: &Way, row: usize) -> bool {
        match way.is_sum {
            true => self.sums[row],
            false => self.own[row],
        }
    }
}
