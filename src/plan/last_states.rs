//! What the store knows of a scenario's catchments from their last runs, read once for all sets of values that are set in it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::project::Scenario;
use crate::store::{Last, Store, StoreError};

/// What is known of catchments' pasts. That of one scenario is held at a time, so those with the same should lie side by side.
pub(crate) struct LastStates<'s> {
    /// The store, if there is one.
    store: Option<&'s Store>,
    of: Option<(ScenarioName, Arc<HashMap<CatchmentId, Last>>)>,
}

impl<'s> LastStates<'s> {
    /// As this store knows them, in which nothing changes meanwhile.
    pub(crate) fn new(store: Option<&'s Store>) -> Self {
        Self { store, of: None }
    }

    /// Every catchment as the last run left it that tells of this scenario.
    pub(crate) fn of(
        &mut self,
        scenario: &Scenario,
    ) -> Result<Arc<HashMap<CatchmentId, Last>>, StoreError> {
        let past = scenario.past();
        // That of another is let go before this one takes memory.
        self.of = self.of.take().filter(|(of, _)| of == past);
        if let Some((_, last)) = &self.of {
            return Ok(last.clone());
        }
        let last = match self.store {
            Some(store) => Arc::new(store.last(past)?),
            None => Arc::default(),
        };
        self.of = Some((past.clone(), last.clone()));
        Ok(last)
    }
}
