//! What a batch system gives a task: a time by which it has to be done, and an end that comes to all its processes at once.

use std::time::{Duration, Instant};

use crate::execute::failure::Failure;
use crate::execute::order::Order;

/// A run is begun only if there is so many times the time left that it is expected to take.
const MARGIN: f64 = 1.5;

/// The exit codes of shells whose command was ended by a signal are beyond this.
const SHELL_SAYS_SIGNAL: i32 = 128;

/// What the runs of a task have to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Allotment {
    /// When all has to be done; `None` if there is no end.
    pub deadline: Option<Instant>,
    /// The seconds that a run takes whose order tells nothing of its time.
    pub mean_wall: f64,
}

impl Allotment {
    /// Whether this order's run would come to its end in time if it began now.
    pub(super) fn has_time_for(&self, order: &Order) -> bool {
        self.left()
            .is_none_or(|left| left.as_secs_f64() >= self.needed(order))
    }

    /// The seconds that have to be left for this order.
    pub(super) fn needed(&self, order: &Order) -> f64 {
        MARGIN * order.last_wall.unwrap_or(self.mean_wall)
    }

    /// The time left; `None` without an end.
    pub(super) fn left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// How long to wait for an interrupt after this failure, before it counts.
///
/// A batch system ends a job by a signal to all its processes at once, and a simulator may die of it before this process hears.
/// One that catches it ends in a way of its own, which takes it a moment.
pub(super) fn patience(failure: &Failure) -> Duration {
    match failure.bare() {
        Failure::Signal(_) | Failure::Guard(_) => Duration::from_secs(1),
        Failure::Exit(code) if *code > SHELL_SAYS_SIGNAL => Duration::from_secs(1),
        Failure::Exit(_)
        | Failure::Said { .. }
        | Failure::Requirement { .. }
        | Failure::NoOutput(_)
        | Failure::Output { .. } => Duration::from_millis(100),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catchment::CatchmentId;
    use crate::data::digest::Digest;
    use crate::data::scenario::ScenarioName;
    use crate::plan::key::Key;

    #[test]
    fn what_is_run_after_a_simulator_may_die_of_the_end_of_a_job_as_well() {
        let failures = || {
            [
                Failure::Signal(libc::SIGTERM),
                Failure::Exit(143),
                Failure::Exit(1),
            ]
        };
        for (bare, wrapped) in failures().iter().zip(failures()) {
            let after = Failure::After {
                command: "./sum".to_owned(),
                hint: None,
                failure: Box::new(wrapped.saying(|| Some("ended".to_owned()))),
            };
            assert!(patience(bare) > Duration::ZERO);
            assert_eq!(patience(&after), patience(bare), "{after}");
        }
    }

    #[test]
    fn a_run_begins_only_if_it_ends_in_time() {
        let order = |last_wall| Order {
            scenario: ScenarioName::UNNAMED,
            catchment: CatchmentId::new("1"),
            key: Key(Digest::of(b"")),
            time_limit: None,
            last_wall,
            keeps_series: false,
        };
        let of = |seconds| Allotment {
            deadline: Instant::now().checked_add(Duration::from_secs(seconds)),
            mean_wall: 1000.0,
        };
        assert!(of(1600).has_time_for(&order(None)) && !of(1400).has_time_for(&order(None)));
        assert!(of(1400).has_time_for(&order(Some(900.0))));
        assert!(!of(0).has_time_for(&order(Some(0.1))));
        let endless = Allotment {
            deadline: None,
            ..of(0)
        };
        assert!(endless.has_time_for(&order(Some(1e9))));
    }
}
