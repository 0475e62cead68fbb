//! How long each catchment's simulator may run.
//!
//! A fixed limit is the same for all. With `timeout = "auto"` a catchment may take ten times as long as its own latest
//! good run did; one that never had a good run, ten times the longest of the others; and never less than the floor.
//! While nothing is known at all, it is an hour. Each time-out in a row doubles the limit, so that a run that has
//! honestly become slow succeeds in the end. A limit is no part of any key: it decides when to stop, not what the result is.

use std::collections::HashMap;
use std::time::Duration;

use crate::data::catchment::CatchmentId;
use crate::execute::failure::TIMED_OUT;
use crate::project::Timeout;
use crate::store::Last;

const FACTOR: f64 = 10.0;
const UNKNOWN: Duration = Duration::from_secs(3600);
/// Beyond so many doublings nobody waits any longer.
const MOST_DOUBLINGS: u32 = 8;

/// The limit of every catchment.
pub(crate) struct Timeouts {
    rule: Option<Timeout>,
    own: HashMap<CatchmentId, Duration>,
    others: Duration,
}

impl Timeouts {
    /// By the project's rule and what is known of earlier runs.
    pub(crate) fn new(rule: Option<Timeout>, last: &HashMap<CatchmentId, Last>) -> Self {
        let Some(Timeout::Auto { floor }) = rule else {
            return Self {
                rule,
                own: HashMap::new(),
                others: UNKNOWN,
            };
        };
        let walls = || {
            last.values()
                .filter_map(|last| last.cost.map(|cost| cost.wall))
        };
        let limit = |wall: f64| {
            Duration::try_from_secs_f64(FACTOR * wall).map_or(UNKNOWN, |l| l.max(floor))
        };
        let others = walls().reduce(f64::max).map_or(UNKNOWN.max(floor), limit);
        let own = last.iter().map(|(id, last)| {
            let base = last.cost.map_or(others, |cost| limit(cost.wall));
            let timed_out = (last.failure.as_ref()).is_some_and(|failed| failed.code == TIMED_OUT);
            let doublings = if timed_out { last.attempts } else { 0 };
            (id.clone(), base * 2u32.pow(doublings.min(MOST_DOUBLINGS)))
        });
        Self {
            rule,
            own: own.collect(),
            others,
        }
    }

    /// The limit of this catchment; `None` for none.
    pub(crate) fn of(&self, catchment: &CatchmentId) -> Option<Duration> {
        match self.rule? {
            Timeout::Fixed(limit) => Some(limit),
            Timeout::Auto { .. } => Some(*self.own.get(catchment).unwrap_or(&self.others)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::Digest;
    use crate::data::run_cost::RunCost;
    use crate::store::Failed;

    fn last(wall: Option<f64>, time_outs: u32) -> Last {
        Last {
            key: Digest::of(b""),
            recipe: Digest::of(b""),
            failure: (time_outs > 0).then(|| Failed {
                code: TIMED_OUT.to_owned(),
                reason: String::new(),
            }),
            attempts: time_outs,
            cost: wall.map(|wall| RunCost {
                wall,
                ..RunCost::default()
            }),
        }
    }

    #[test]
    fn a_limit_comes_from_the_own_history_then_from_the_others() {
        let floor = Duration::from_secs(60);
        let rule = Some(Timeout::Auto { floor });
        let id = |name: &str| CatchmentId::new(name);
        let known = HashMap::from([
            (id("slow"), last(Some(30.0), 0)),
            (id("quick"), last(Some(0.1), 0)),
            (id("hung"), last(Some(30.0), 2)),
            (id("never"), last(None, 1)),
        ]);
        let timeouts = Timeouts::new(rule, &known);
        let seconds = |name: &str| timeouts.of(&id(name)).map(|limit| limit.as_secs());
        assert_eq!(seconds("slow"), Some(300));
        assert_eq!(seconds("quick"), Some(60), "the floor");
        assert_eq!(seconds("hung"), Some(1200), "doubled twice");
        assert_eq!(
            seconds("never"),
            Some(600),
            "the longest of the others, doubled"
        );
        assert_eq!(seconds("new"), Some(300));
        let first = Timeouts::new(rule, &HashMap::new());
        assert_eq!(first.of(&id("new")), Some(UNKNOWN));
        assert_eq!(Timeouts::new(None, &known).of(&id("slow")), None);
        let fixed = Timeouts::new(Some(Timeout::Fixed(floor)), &known);
        assert_eq!(fixed.of(&id("slow")), Some(floor));
    }
}
