//! What a test waits for, and no longer than it can take: files, calls of the simulator, results, and the fast path.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::common::Project;

/// What a run says that took the fast path.
pub(crate) const SHORT: &str = "everything looks as it did";

/// Waits until this holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{what}: never");
}

impl Project {
    /// Waits until this file is there.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        wait_until(&format!("{name} is there"), || self.path(name).exists());
    }

    /// Waits until the simulator was called so often.
    #[track_caller]
    pub(crate) fn wait_for_calls(&self, count: usize) {
        let log = self.path("calls");
        let calls = || fs::read_to_string(&log).unwrap_or_default().lines().count();
        wait_until(&format!("{count} calls"), || calls() >= count);
    }

    /// Waits until so many catchments are fresh.
    #[track_caller]
    pub(crate) fn wait_for_fresh(&self, count: u64) {
        let fresh = || self.status(&[0])["fresh"].as_u64();
        wait_until(&format!("{count} are fresh"), || fresh() >= Some(count));
    }

    /// Runs until the fast path is open: what a run wrote itself is old enough only for the next one.
    #[track_caller]
    pub(crate) fn settle(&self) {
        for _ in 0..2 {
            sleep(Duration::from_millis(60));
            self.rerunoff(&["run"]).expect(0);
        }
        assert!(self.is_short(&[]), "the fast path is open");
        self.calls();
    }

    /// Whether a run, with these arguments more, takes the fast path.
    #[track_caller]
    pub(crate) fn is_short(&self, more: &[&str]) -> bool {
        let run = self.rerunoff(&[&["run", "--verbose"], more].concat());
        run.expect(0).stderr.contains(SHORT)
    }
}
