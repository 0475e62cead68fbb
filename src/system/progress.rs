//! Progress: a bar on a terminal, a line now and then elsewhere.
//!
//! All of it goes to standard error, so that standard output stays a result. A remaining time is only shown once the
//! rate is steady: a wrong one is worse than none.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Off a terminal, the time between two lines.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// A remaining time is shown after this time and this many catchments.
const STEADY: (Duration, usize) = (Duration::from_secs(5), 20);

/// How much is printed on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Failures only.
    Quiet,
    /// Failures and progress.
    #[default]
    Normal,
    /// Also what is about to be done, and every catchment when it is done.
    Verbose,
}

/// Shows the progress of something that takes a while.
pub(crate) struct Progress {
    verb: &'static str,
    total: usize,
    done: usize,
    failed: usize,
    started: Instant,
    view: View,
}

enum View {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

impl Progress {
    /// Shows `total` steps of what `verb` says ("running"); nothing at all where `quiet`.
    pub(crate) fn new(verb: &'static str, total: usize, quiet: bool) -> Self {
        let now = Instant::now();
        let view = if quiet || total == 0 {
            View::Nothing
        } else if stderr().is_terminal() {
            let bar =
                ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(verb);
            View::Bar(bar)
        } else {
            View::Lines { last: now }
        };
        Self {
            verb,
            total,
            done: 0,
            failed: 0,
            started: now,
            view,
        }
    }

    /// Counts one more as done, and whether it failed.
    pub(crate) fn advance(&mut self, failed: bool) {
        self.failed += usize::from(failed);
        self.set(self.done + 1);
    }

    /// Sets how many are done.
    pub(crate) fn set(&mut self, done: usize) {
        self.done = done;
        let message = self.message();
        match &mut self.view {
            View::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(message);
            }
            View::Lines { last } if last.elapsed() >= BETWEEN_LINES => {
                *last = Instant::now();
                // Standard error may be closed; that is no reason to stop.
                writeln!(stderr(), "{} {done}/{} {message}", self.verb, self.total).ok();
            }
            View::Lines { .. } | View::Nothing => {}
        }
    }

    /// Prints a line without tearing the bar; also where progress is not shown.
    pub(crate) fn say(&self, line: &str) {
        match &self.view {
            View::Bar(bar) => bar.suspend(|| writeln!(stderr(), "{line}").ok()),
            View::Lines { .. } | View::Nothing => writeln!(stderr(), "{line}").ok(),
        };
    }

    fn message(&self) -> String {
        let mut parts = Vec::new();
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        let elapsed = self.started.elapsed();
        let rate = self.done as f64 / elapsed.as_secs_f64().max(1e-3);
        if elapsed >= STEADY.0 && self.done >= STEADY.1 {
            parts.push(format!("{rate:.1}/s"));
            let left =
                Duration::from_secs_f64((self.total - self.done.min(self.total)) as f64 / rate);
            parts.push(format!("{} left", duration(left)));
        }
        parts.join(", ")
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

/// A duration as people write it: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Seconds, likewise; what is no duration is none.
pub(crate) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(0.44), "0.4 s");
        assert_eq!(seconds(59.4), "59 s");
        assert_eq!(seconds(185.0), "3 min 5 s");
        assert_eq!(seconds(7_800.0), "2 h 10 min");
        assert_eq!(seconds(-1.0), "0.0 s");
    }
}
