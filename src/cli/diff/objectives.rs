//! What objectives came to in two snapshots, beside each other.
//!
//! Both are compared with what is measured now, so that only what was simulated makes a difference.

use schemars::JsonSchema;
use serde::Serialize;

use crate::data::catchment::CatchmentId;
use crate::data::objective::{ObjectiveNumbers, short};

/// An objective then and now, at a gauge or over all of them.
#[derive(Serialize, JsonSchema)]
pub(super) struct ObjectiveChange {
    /// Its name.
    objective: String,
    /// The catchment that the gauge is; `null` for the one number over all gauges.
    catchment: Option<CatchmentId>,
    /// `null` where it is missing.
    then: Option<f64>,
    /// `null` where it is missing.
    now: Option<f64>,
}

impl ObjectiveChange {
    /// All of them, the number over gauges first.
    pub(super) fn between(then: Vec<ObjectiveNumbers>, now: Vec<ObjectiveNumbers>) -> Vec<Self> {
        let mut all = Vec::new();
        for now in now {
            let earlier = then.iter().find(|then| then.objective == now.objective);
            all.push(Self {
                objective: now.objective.clone(),
                catchment: None,
                then: earlier.and_then(|then| then.over_gauges),
                now: now.over_gauges,
            });
            for gauge in now.gauges {
                let mut gauges = earlier.into_iter().flat_map(|then| &then.gauges);
                let then = gauges.find(|then| then.catchment == gauge.catchment);
                all.push(Self {
                    objective: now.objective.clone(),
                    catchment: Some(gauge.catchment),
                    then: then.and_then(|then| then.number),
                    now: gauge.number,
                });
            }
        }
        all
    }

    /// The lines that people read, one for each objective.
    pub(super) fn lines(changes: &[Self]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for change in changes {
            let numbers = format!("{} → {}", short(change.then), short(change.now));
            match (&change.catchment, lines.last_mut()) {
                (Some(id), Some(line)) => line.push_str(&format!(", {id} {numbers}")),
                _ => lines.push(format!("{} over gauges {numbers}", change.objective)),
            }
        }
        lines
    }
}
