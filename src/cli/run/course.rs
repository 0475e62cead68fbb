//! The course of a run once it is planned: what is stale is run, what came of it noted, the products brought up to date, and
//! all of it told.
//!
//! Each step is a method, and [`super::run`] says which of them come to pass. It knows nothing of how a run is planned.

use std::time::{Instant, SystemTime};

use anyhow::{Result, bail};

use super::super::summary::{FailureOf, ProductOf, Summary};
use super::super::{Exit, say};
use super::{Arguments, touch};
use crate::account::Account;
use crate::assembly::{self, How, Outcome};
use crate::history;
use crate::import::make_sure;
use crate::key::Key;
use crate::lock::Lock;
use crate::plan::{Counts, Plan, Unit};
use crate::process::Interrupt;
use crate::project::Study;
use crate::session::Sessions;
use crate::settled::{Look, Settled};
use crate::store::Store;
use crate::timings::{Phase, Timings};
use crate::update::{Limits, Report, Work, update};

/// A run that has been planned: what its further steps share.
pub(super) struct Course<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) study: &'a Study,
    /// The scenarios that are asked for.
    pub(super) chosen: &'a [usize],
    pub(super) sessions: &'a Sessions<'a>,
    pub(super) store: Store,
    pub(super) plans: Vec<Plan>,
    pub(super) limits: Limits,
    pub(super) interrupt: Interrupt,
    pub(super) timings: Timings,
    pub(super) started: Instant,
}

impl Course<'_> {
    /// Runs what is to be run, and says whether that was interrupted. An obstacle to all is an error; what was done before it
    /// is kept.
    pub(super) fn carry_out(&mut self, work: &Work, lock: &Lock) -> Result<(Report, bool)> {
        let report = match work.runs() {
            0 => Report::default(),
            _ => update(
                &self.sessions.list,
                &mut self.store,
                work,
                &self.limits,
                lock,
                &self.interrupt,
                &self.timings,
            )?,
        };
        let stopped = self.interrupt.is_triggered();
        if stopped {
            say(&format!(
                "interrupted: {} results are kept; the same command goes on from here",
                report.good
            ));
        } else if let Some(obstacle) = &report.obstacle {
            bail!("{obstacle}; what was done before is kept: run again");
        }
        Ok((report, stopped))
    }

    /// Puts down what the runs left, and tells of them.
    pub(super) fn note(&mut self, wanted: &[(Unit, Key)], account: &Account) -> Result<()> {
        if account.ran > 0 {
            let run = wanted.iter().map(|(_, key)| *key).collect();
            let touched = self.timings.time(Phase::Plan, || {
                self.sessions.plan_after(&self.store, &mut self.plans, &run)
            })?;
            // What one scenario's run gave may be what another waits for.
            touch(self.sessions, &touched, &mut self.store)?;
        }
        history::record(&self.sessions.list, &mut self.store, &self.plans, account)?;
        if account.ran > 0 && !self.arguments.quiet {
            account.lines().iter().for_each(|line| say(line));
        }
        Ok(())
    }

    /// Brings the products up to date; `None` if that was interrupted.
    pub(super) fn assemble(&mut self) -> Result<Option<Vec<Outcome>>> {
        let how = How {
            workers: self.limits.slots.at_hand().len().max(1),
            interrupt: &self.interrupt,
            quiet: self.arguments.quiet,
        };
        let assembled = self.timings.time(Phase::Assemble, || {
            let (list, plans) = (&self.sessions.list, &self.plans);
            assembly::assemble(self.study, list, plans, self.chosen, &mut self.store, &how)
        });
        if self.interrupt.is_triggered() {
            say("interrupted while assembling; the product is as it was, the results are kept");
            return Ok(None);
        }
        assembled.map(Some)
    }

    /// Has the next run told at once that nothing is left to do, if so it is of `all` catchments.
    pub(super) fn remember(&mut self, look: Look, began: SystemTime, all: usize) -> Result<()> {
        let counts: Counts = self.plans.iter().map(Plan::counts).sum();
        if counts.fresh == all
            && self.arguments.are_plain()
            // The next run will not look at it.
            && make_sure(self.study.common(), &mut self.store)?
        {
            Settled::remember(self.study, look, began, all, &mut self.store)?;
        }
        Ok(())
    }

    /// The last line, or the document, of what has been done.
    pub(super) fn tell(&self, report: &Report, products: &[Outcome], stopped: bool) -> Exit {
        let plans = self.chosen.iter().map(|&at| &self.plans[at]);
        let counts: Counts = plans.clone().map(Plan::counts).sum();
        let summary = Summary {
            scenarios: self.study.is_named().then_some(self.chosen.len()),
            catchments: plans.map(|plan| plan.entries.len()).sum(),
            fresh: counts.fresh,
            run: report.run,
            failed: counts.failed,
            stale: counts.stale - counts.failed,
            skipped: counts.bad,
            seconds: self.started.elapsed().as_secs_f64(),
            interrupted: stopped,
            gave_up: report.gave_up,
            failures: FailureOf::all(&self.sessions.list, &self.plans),
            ..Summary::default()
        };
        let products = products.iter();
        let products = products.map(|outcome| ProductOf::new(&outcome.path, outcome.product));
        let summary = summary.with_products(products.collect());
        if self.arguments.timings {
            let timings = self.timings.summary(report.cpu_seconds, report.run);
            say(&timings.to_string());
        }
        if self.arguments.json || !stopped {
            summary.print(self.arguments.json);
        }
        match (stopped, counts.failed == 0 && !report.gave_up) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Fine,
            (false, false) => Exit::Failures,
        }
    }
}
