//! The course of a run once it is planned: run what is stale, record it, bring the products up to date, print the summary.
//!
//! Each step is a method, and [`super::run`] decides which of them happen. How a run is planned is not known here.

use std::collections::HashMap;
use std::time::{Instant, SystemTime};

use anyhow::{Result, bail};

use super::Arguments;
use super::leave;
use super::selection::Selection;
use super::summary::{FailedAlike, RunSummary};
use crate::cli::document::{FailureOf, Products, objective_lines, objectives_of};
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::options::place::Place;
use crate::cli::tag::NewTag;
use crate::cli::terminal::say;
use crate::cli::turn;
use crate::cli::verify::CAUSES;
use crate::cluster;
use crate::cluster::head::{Again, Head, Patience, Waited};
use crate::cluster::run::{Commission, Matter};
use crate::execute::giving_up::GaveUp;
use crate::execute::local::boundary;
use crate::execute::order::Work;
use crate::execute::run_context::RunContext;
use crate::execute::timings::{Phase, Timings};
use crate::execute::{Limits, RunReport, update};
use crate::history::account::Account;
use crate::history::record;
use crate::import::make_sure;
use crate::plan::decide::Touched;
use crate::plan::fast_path::{FastPath, Look};
use crate::plan::key::{Key, RawKey};
use crate::plan::loaded::LoadedStudy;
use crate::plan::{Counts, Entry, Found, Plan, State, Unit};
use crate::product::{
    self, AssembleOptions, AssembledProduct, Beginning, PlannedStudy, ProductState,
};
use crate::project::Study;
use crate::project::cluster::ClusterSpec;
use crate::store::Store;
use crate::store::cache_folder::Cache;
use crate::system::process::Interrupt;
use crate::system::progress::Verbosity;

/// A run that has been planned, with all that its further steps share.
pub(super) struct Course<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) study: &'a Study,
    /// The scenarios that are asked for.
    pub(super) chosen: &'a [usize],
    pub(super) loaded_study: &'a LoadedStudy<'a>,
    pub(super) selection: &'a Selection,
    pub(super) store: Store,
    pub(super) plans: Vec<Plan>,
    pub(super) limits: Limits,
    pub(super) interrupt: Interrupt,
    pub(super) timings: Timings,
    pub(super) started: Instant,
    /// The same by the clock, before anything was read.
    pub(super) began: SystemTime,
    /// Whether another run began later is found out by this.
    pub(super) beginning: Beginning,
    /// The message about an interrupt, if there was one.
    pub(super) interrupted: Option<String>,
    /// Where simulators are run.
    pub(super) place: &'a Place,
    /// What is under way on other machines.
    pub(super) head: Head,
    /// What is to be known of runs that tasks there did not come to an end with.
    pub(super) left_over: HashMap<Key, Again>,
    /// Why what is to be run is run.
    pub(super) causes: &'a [(usize, String)],
    /// Whether something is under way still, or will be, of what is asked for.
    pub(super) is_under_way: bool,
    /// How many of the catchments that are asked for have no result yet because tasks are at work on them, or will be.
    pub(super) under_way: usize,
}

impl Course<'_> {
    /// Runs what is to be run. An obstacle to all is an error; what was done before it is kept.
    pub(super) fn carry_out(&mut self) -> Result<RunReport> {
        let Selection { parts, .. } = self.selection;
        // With other values, the product and the last runs are not what they were, even if nothing is run.
        let are_own = self.study.overrides.are_none();
        let is_to_change = !are_own || !parts.are_empty() || !self.head.is_idle();
        if is_to_change && !self.study.is_passing() {
            FastPath::forget(&mut self.store)?;
        }
        self.drop_unwanted()?;
        let mut report = self.carry_out_here(&parts.again, parts.kept.clone())?;
        if report.goes_on() && !self.interrupt.is_triggered() {
            let before = report.failed.len();
            self.limits.give_up = self.limits.give_up.after(before);
            let mut run = match self.place {
                Place::Cluster(spec) => self.carry_out_elsewhere(spec)?,
                Place::Here => {
                    if parts.to_run.runs() > 0 && self.limits.verbosity != Verbosity::Quiet {
                        boundary::missing(self.study.common())
                            .iter()
                            .for_each(|told| say(told));
                    }
                    self.carry_out_here(&parts.to_run, HashMap::new())?
                }
            };
            if let Some(GaveUp::After(failures)) = &mut run.gave_up {
                *failures += before;
            }
            report = report.and(run);
        }
        if *self.place == Place::Here {
            self.head.close_finished(&mut self.store)?;
        }
        if !report.failed.is_empty() {
            // Another run may have found everything fresh before that.
            FastPath::forget(&mut self.store)?;
        }
        if report.brought > 0 && !self.arguments.quiet {
            let brought = report.brought;
            say(&format!(
                "{brought} of them were run meanwhile by others who are at work on this project"
            ));
        }
        if self.interrupt.is_triggered() && self.interrupted.is_none() {
            let good = report.good.len();
            self.stop(format!(
                "interrupted: {good} results are kept; the same command goes on from here"
            ));
        } else if let Some(obstacle) = &report.obstacle {
            bail!("{obstacle}; what was done before is kept: run again");
        }
        Ok(report)
    }

    /// Has work done on this machine: by simulators, but for keys with outputs that are kept.
    fn carry_out_here(&mut self, work: &Work, kept: HashMap<Key, RawKey>) -> Result<RunReport> {
        let run_context = RunContext {
            slots: &self.limits.slots,
            interrupt: &self.interrupt,
            timings: &self.timings,
        };
        let list = &self.loaded_study.list;
        update(list, &mut self.store, work, kept, &self.limits, run_context)
    }

    /// Has tasks ended that are at work on what the project does not mean any more.
    fn drop_unwanted(&mut self) -> Result<()> {
        if self.head.is_idle() {
            return Ok(());
        }
        // What is fresh may have been asked for by --force.
        let entries = self.plans.iter().flat_map(|plan| &plan.entries);
        let wanted = entries.filter_map(|entry| entry.key).collect();
        let dropped = self.head.drop_unwanted(&wanted)?;
        if dropped > 0 && !self.arguments.quiet {
            say(&format!(
                "{dropped} tasks were ended: the project has changed, and nobody wants their results any more"
            ));
        }
        Ok(())
    }

    /// Has it run on other machines.
    fn carry_out_elsewhere(&mut self, spec: &ClusterSpec) -> Result<RunReport> {
        let matter = Matter {
            study: self.study,
            loaded_study: self.loaded_study,
            limits: &self.limits,
            run_context: RunContext {
                slots: &self.limits.slots,
                interrupt: &self.interrupt,
                timings: &self.timings,
            },
        };
        self.interrupt.listen_for_a_second();
        let commission = Commission {
            spec,
            work: &self.selection.parts.to_run,
            with_owed: self.selection.with_owed(),
            left_over: &self.left_over,
            causes: self.causes,
            patience: match self.arguments.detach {
                true => Patience::Detach,
                false => Patience::Wait,
            },
        };
        let (report, waited) =
            cluster::run::update(&mut self.head, matter, &mut self.store, &commission)?;
        if waited == Waited::Interrupted {
            let message = leave::leave(&mut self.head, spec.on_interrupt, &self.interrupt)?;
            self.stop(message);
        } else if waited == Waited::Cancelled {
            self.stop("ended by `rerunoff cancel`: what tasks published is kept, `rerunoff run` goes on from there".to_owned());
        }
        Ok(report)
    }

    /// Finds out what of that which is asked for is under way on other machines, or will be.
    pub(super) fn note_under_way(&mut self, report: &RunReport) -> Result<()> {
        if self.head.is_idle() {
            return Ok(());
        }
        let owed = self.head.owed()?;
        let is_owed = |entry: &&Entry| entry.key.is_some_and(|key| owed.contains(&key));
        let chosen = self.chosen.iter().map(|&at| &self.plans[at]);
        let Counts { stale, .. } = chosen.clone().map(Plan::counts).sum();
        let (mut without_result, mut again) = (0, 0);
        for entry in chosen.flat_map(|plan| &plan.entries).filter(is_owed) {
            match entry.state {
                State::Stale(_) => without_result += 1,
                // What is fresh may have been asked for by --force.
                State::Fresh(_) | State::Bad(_) => again += 1,
            }
        }
        self.under_way = without_result;
        self.is_under_way = stale > report.failed.len() || without_result + again > 0;
        Ok(())
    }

    /// Brings the plans up to date after a run, even an interrupted one: the summary is about what it left.
    pub(super) fn plan_again(&mut self, report: &RunReport) -> Result<()> {
        if report.run + report.read_again == 0 && report.good.is_empty() {
            return Ok(());
        }
        let Selection { wanted, parts, .. } = self.selection;
        let with_result = |(unit, _): &(Unit, Key)| Some((*unit, self.found(*unit)?));
        let earlier: Vec<(Unit, Found)> = wanted.iter().filter_map(with_result).collect();
        let is_wanted = |key: &Key| parts.have(key);
        let touched = self.timings.time(Phase::Plan, || {
            (self.loaded_study).plan_after(&self.store, &mut self.plans, &is_wanted, &report.good)
        })?;
        // The result of a run in one scenario may be the one that another waits for.
        touch(self.loaded_study, &touched, &mut self.store)?;
        if self.study.is_passing() {
            report.enter_failures(&self.loaded_study.list, &mut self.plans);
        }
        if !self.arguments.quiet {
            self.say_contradictions(&earlier);
        }
        Ok(())
    }

    /// The result that the plans have for this catchment.
    fn found(&self, unit: Unit) -> Option<Found> {
        match self.plans[unit.scenario].entries[unit.catchment].state {
            State::Fresh(found) => Some(found),
            State::Stale(_) | State::Bad(_) => None,
        }
    }

    /// Says how many catchments had a result, were run again all the same, and gave something else.
    fn say_contradictions(&self, earlier: &[(Unit, Found)]) {
        let now = earlier.iter().map(|(unit, then)| (then, self.found(*unit)));
        let failed = now.clone().filter(|(_, now)| now.is_none()).count();
        let differ = now.filter(|(then, now)| now.is_some_and(|now| now.content != then.content));
        let told = [
            (failed, "failed this time"),
            (differ.count(), "gave another result this time"),
        ];
        let told = told.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !told.is_empty() {
            let told = told.join(", ");
            say(&format!(
                "of those that had a result of the same inputs, {told}. {CAUSES}"
            ));
        }
    }

    /// Records what the run did, and prints it.
    pub(super) fn record(&mut self, account: &Account) -> Result<Option<i64>> {
        // What is only passing is no run that others are compared with.
        let run = match self.study.is_passing() {
            true => None,
            false => record::record(
                &self.loaded_study.list,
                &mut self.store,
                &self.plans,
                account,
            )?,
        };
        if account.ran + account.read_again > 0 && !self.arguments.quiet {
            account.lines().iter().for_each(|line| say(line));
        }
        Ok(run)
    }

    /// Says what the products' objectives come to, and puts it down with the recorded run.
    pub(super) fn tell_objectives(
        &mut self,
        run: Option<i64>,
        mut account: Account,
        products: &[AssembledProduct],
    ) -> Result<()> {
        account.objectives = objectives_of(products);
        if account.objectives.is_empty() {
            return Ok(());
        }
        if !self.arguments.quiet {
            objective_lines(&account.objectives)
                .iter()
                .for_each(|line| say(line));
        }
        match run {
            Some(run) => record::amend(&mut self.store, run, &account),
            None => Ok(()),
        }
    }

    /// Keeps the outcome as a tag.
    pub(super) fn keep(&mut self, new_tag: &NewTag) -> Result<()> {
        new_tag.keep(&self.loaded_study.list, &self.plans, &mut self.store)
    }

    /// Brings the products up to date.
    pub(super) fn assemble(&mut self) -> Result<Vec<AssembledProduct>> {
        let options = AssembleOptions {
            workers: self.limits.slots.at_hand().len().max(1),
            beginning: &self.beginning,
            interrupt: &self.interrupt,
            quiet: self.arguments.quiet,
        };
        let cache = Cache::at(self.study.common().cache());
        let assembled = self.timings.time(Phase::Assemble, || {
            let planned = PlannedStudy {
                study: self.study,
                scenarios: &self.loaded_study.list,
                plans: &self.plans,
                chosen: self.chosen,
            };
            match turn::to_write_products(&cache, &self.interrupt)? {
                Some(_turn) => product::assemble(&planned, &mut self.store, &options),
                None => Ok(Vec::new()),
            }
        });
        if self.interrupt.is_triggered() {
            let kept = "the product is as it was, the results are kept";
            self.stop(format!("interrupted while assembling; {kept}"));
            return Ok(Vec::new());
        }
        let products = assembled.iter().flatten();
        (products.filter_map(AssembledProduct::note)).for_each(|note| say(&note));
        assembled
    }

    /// Notes an interrupt, and says so.
    fn stop(&mut self, message: String) {
        say(&message);
        self.interrupted = Some(message);
    }

    /// Lets the next run take the fast path if all catchments are fresh.
    pub(super) fn remember(&mut self, look: Look, products: &[AssembledProduct]) -> Result<()> {
        if products
            .iter()
            .any(|product| product.state == ProductState::Later)
        {
            return Ok(());
        }
        let all = self.selection.all;
        let counts: Counts = self.plans.iter().map(Plan::counts).sum();
        if counts.fresh == all
            && self.head.is_idle()
            && self.arguments.are_plain()
            // The next run will not check this.
            && make_sure(self.study.common(), &mut self.store)?
        {
            let objectives = objectives_of(products);
            let store = &mut self.store;
            FastPath::remember(self.study, look, self.began, all, &objectives, store)?;
        }
        Ok(())
    }

    /// Prints the last line or the document, and returns the exit code for it.
    pub(super) fn finish(&self, report: &RunReport, products: &[AssembledProduct]) -> Result<Exit> {
        let chosen = self
            .chosen
            .iter()
            .map(|&at| (&self.loaded_study.list[at], &self.plans[at]));
        let failed = report.failed.len();
        let counts: Counts = chosen.clone().map(|(_, plan)| plan.counts()).sum();
        let under_way = self.under_way;
        let summary = RunSummary {
            scenarios: self.study.is_named().then_some(self.chosen.len()),
            catchments: self.selection.all,
            fresh: counts.fresh,
            run: report.run,
            read_again: report.read_again,
            failed,
            under_way,
            // What failed in an earlier run and was not tried in this one is stale like any other.
            stale: counts.stale.saturating_sub(failed + under_way),
            skipped: counts.bad,
            seconds: self.started.elapsed().as_secs_f64(),
            interrupted: self.interrupted.is_some(),
            gave_up: report.gave_up.is_some(),
            failed_alike: report.gave_up.as_ref().and_then(FailedAlike::of),
            objectives: objectives_of(products),
            failures: FailureOf::of_run(&self.loaded_study.list, &report.failed),
            cannot_run: FailureOf::bad(chosen),
            error: self.interrupted.as_deref().map(Fault::interrupted),
            tag: (self.arguments.tag.clone())
                .filter(|_| self.interrupted.is_none() && report.gave_up.is_none()),
            products: Products::of(products),
        };
        if self.arguments.timings {
            let timings = self.timings.summary(report.cost.cpu_seconds, report.run);
            say(&timings.to_string());
        }
        let stopped = self.interrupted.is_some();
        let json = self.arguments.json;
        if stopped {
            if json {
                // A terminal that is gone is an interrupt, too.
                summary.print(json).ok();
            }
            return Ok(Exit::Interrupted);
        }
        summary.print(json)?;
        Ok(if report.gave_up.is_some() {
            Exit::Failures
        } else if self.is_under_way {
            Exit::UnderWay
        } else if failed > 0 {
            Exit::Failures
        } else {
            Exit::Fine
        })
    }
}

/// Records what was found fresh without being run.
pub(super) fn touch(
    loaded_study: &LoadedStudy<'_>,
    touched: &[Vec<Touched>],
    store: &mut Store,
) -> Result<()> {
    for (loaded, touched) in loaded_study.list.iter().zip(touched) {
        store.touch(&loaded.project.scenario.name, touched)?;
    }
    Ok(())
}
