//! Where the time of a run goes, phase by phase.
//!
//! Each phase adds up the time that passed in it on whatever thread: with two workers, a run of ten seconds has twenty to
//! account for. It is always kept, because reading a clock a few times a catchment costs nothing; whether it is shown is
//! the command line's business.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Project, input and store looked at, keys compared.
    Plan,
    /// Series read from the input for the simulators; waiting for a worker to take them is not counted.
    Read,
    /// Files rendered, digested once more and written.
    Render,
    /// Starting simulators and clearing up after them, apart from the time that they live.
    Spawn,
    /// Simulators at work.
    Wait,
    /// Their output checked and read.
    Parse,
    /// Results compressed, and decompressed again to see that they are the same.
    Encode,
    /// Results put into the store.
    Commit,
    /// The product written.
    Assemble,
}

const PHASES: [(Phase, &str); 9] = [
    (Phase::Plan, "plan"),
    (Phase::Read, "read"),
    (Phase::Render, "render"),
    (Phase::Spawn, "spawn"),
    (Phase::Wait, "wait"),
    (Phase::Parse, "parse"),
    (Phase::Encode, "encode"),
    (Phase::Commit, "commit"),
    (Phase::Assemble, "assemble"),
];

/// The time that passed in each phase, added up over all threads.
#[derive(Debug, Default)]
pub struct Timings([AtomicU64; PHASES.len()]);

impl Timings {
    /// Does some work and adds its time to a phase.
    pub fn time<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let outcome = work();
        self.add(phase, started.elapsed());
        outcome
    }

    /// Adds some time to a phase.
    pub fn add(&self, phase: Phase, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0[phase as usize].fetch_add(nanoseconds, Relaxed);
    }

    /// The time of a phase so far.
    pub fn get(&self, phase: Phase) -> Duration {
        Duration::from_nanos(self.0[phase as usize].load(Relaxed))
    }

    /// A summary for people: the phases, and whose processor time it was.
    ///
    /// Our own is that of this process, without the small guards that stand between it and the simulators.
    /// `simulators` is theirs in seconds, `runs` the number of catchments that were run.
    pub fn summary(&self, simulators: f64, runs: usize) -> TimingSummary<'_> {
        let own = clock_gettime(ClockId::ProcessCPUTime);
        TimingSummary {
            timings: self,
            own: own.tv_sec as f64 + own.tv_nsec as f64 / 1e9,
            simulators,
            runs,
        }
    }
}

/// The text of [`Timings::summary`].
pub struct TimingSummary<'a> {
    timings: &'a Timings,
    own: f64,
    simulators: f64,
    runs: usize,
}

impl fmt::Display for TimingSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "time by phase, all threads added up:")?;
        for (phase, name) in PHASES {
            let time = self.timings.get(phase).as_secs_f64();
            write!(f, "  {name:<9}{time:>10.3} s")?;
            if self.runs > 0 && !matches!(phase, Phase::Plan | Phase::Assemble) {
                let each = time * 1000.0 / self.runs as f64;
                write!(f, "{each:>10.2} ms a catchment")?;
            }
            writeln!(f)?;
        }
        let all = self.own + self.simulators;
        write!(
            f,
            "processor time: simulators {:.3} s ({:.1} %), rerunoff {:.3} s",
            self.simulators,
            100.0 * self.simulators / all.max(f64::MIN_POSITIVE),
            self.own
        )?;
        if self.runs > 0 {
            let each = self.own * 1000.0 / self.runs as f64;
            write!(f, " ({each:.2} ms a catchment that was run)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_its_place() {
        for (place, (phase, _)) in PHASES.iter().enumerate() {
            assert_eq!(*phase as usize, place);
        }
    }

    #[test]
    fn times_add_up() {
        let timings = Timings::default();
        timings.add(Phase::Wait, Duration::from_millis(1500));
        timings.add(Phase::Wait, Duration::from_millis(500));
        assert_eq!(timings.time(Phase::Plan, || 7), 7);
        assert_eq!(timings.get(Phase::Wait), Duration::from_secs(2));
        let text = timings.summary(3.0, 4).to_string();
        assert!(
            text.contains("wait          2.000 s    500.00 ms a catchment\n"),
            "{text}"
        );
        assert!(text.contains("simulators 3.000 s"), "{text}");
    }
}
