//! What becomes of each sample: its numbers, or why it has none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::data::value::Value;
use crate::execute::RunReport;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Entry, Plan, State};
use crate::product::numbers::{NumberColumn, Numbers};
use crate::project::overrides::{Overrides, ParameterSet};
use crate::project::{OnBadInput, Parameter, Project};
use crate::store::ResultId;
use crate::system::progress::seconds;

/// So many samples are told one by one of why they failed.
const TOLD: usize = 20;

/// What the only sample is called where nothing is set and the project has no scenarios.
const PLAIN: &str = "project";

/// What came of all samples.
pub(super) struct Evaluated {
    /// In the order in which they were stated, scenario by scenario.
    pub samples: Vec<Sample>,
    /// What their numbers are of.
    pub columns: Vec<NumberColumn>,
    /// How many times a simulator was run.
    pub run: usize,
    /// How long it took.
    pub seconds: f64,
}

/// A set of parameters, and what came of it.
pub(super) struct Sample {
    pub name: String,
    /// What is set, and in what scenarios differ.
    pub parameters: Vec<(String, Option<Value>)>,
    pub outcome: Result<Numbers, Failure>,
}

/// Why a sample has no numbers: a catchment that they need has no result.
pub(super) struct Failure {
    /// The first such catchment.
    pub catchment: CatchmentId,
    pub reason: String,
    /// How many others have none either because they failed, too, or can't be run.
    pub more: usize,
}

impl Failure {
    /// In words.
    pub(super) fn text(&self) -> String {
        let more = match self.more {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("catchment {}: {}{more}", self.catchment, self.reason)
    }
}

impl Evaluated {
    /// How many samples have no numbers.
    pub(super) fn failed(&self) -> usize {
        self.samples.iter().filter(|it| it.outcome.is_err()).count()
    }

    /// A line for each sample that failed, and one for those that are too many.
    pub(super) fn failures(&self) -> Vec<String> {
        let failed = self.samples.iter().filter_map(|sample| {
            let failure = sample.outcome.as_ref().err()?;
            Some(format!("{} failed: {}", sample.name, failure.text()))
        });
        let mut lines: Vec<String> = failed.collect();
        let all = lines.len();
        if all > TOLD {
            lines.truncate(TOLD);
            let more = all - TOLD;
            lines.push(format!(
                "… and {more} more failed; `--json` has the reason of each"
            ));
        }
        lines
    }

    /// The last line, for people.
    pub(super) fn line(&self) -> String {
        let all = self.samples.len();
        let plural = if all == 1 { "" } else { "s" };
        let (failed, run) = (self.failed(), self.run);
        let seconds = seconds(self.seconds);
        format!("{all} sample{plural}, {failed} failed; {run} run in {seconds}")
    }
}

/// These numbers with the columns of the sample before, where they are the same, as nearly always: there may be very many samples.
pub(super) fn sharing(before: &mut Arc<[NumberColumn]>, numbers: Numbers) -> Numbers {
    if *before != numbers.columns {
        *before = numbers.columns;
    }
    Numbers {
        columns: before.clone(),
        values: numbers.values,
    }
}

/// The columns of all samples: those of the first that has numbers, then what only others have. Where none has any, those that were
/// `wanted`.
pub(super) fn columns(samples: &[Sample], wanted: Vec<NumberColumn>) -> Vec<NumberColumn> {
    let mut columns: Vec<NumberColumn> = Vec::new();
    let mut before: Option<&[NumberColumn]> = None;
    let good = samples
        .iter()
        .filter_map(|sample| sample.outcome.as_ref().ok());
    for Numbers { columns: own, .. } in good {
        // Nearly always they are the same.
        if before != Some(&**own) {
            let known: HashSet<&NumberColumn> = columns.iter().collect();
            let further = own.iter().filter(|column| !known.contains(column));
            let further: Vec<NumberColumn> = further.cloned().collect();
            columns.extend(further);
        }
        before = Some(own);
    }
    match before {
        Some(_) => columns,
        None => wanted,
    }
}

/// The parameters that are set, in the order in which they are, then those in which scenarios differ.
pub(super) fn parameters(list: &[LoadedScenario<'_>], sets: &[ParameterSet]) -> Vec<String> {
    let mut names: Vec<&String> = Vec::new();
    let mut seen: HashSet<&String> = HashSet::new();
    let set = sets
        .iter()
        .flat_map(|set| &set.values)
        .map(|(name, _)| name);
    names.extend(set.filter(|name| seen.insert(*name)));
    let first = list.first().map(|loaded| &loaded.project.scenario);
    for scenario in list.iter().map(|loaded| &loaded.project.scenario) {
        for (name, value) in &scenario.coordinates {
            let same = first.and_then(|first| first.coordinates.get(name));
            if !same.is_some_and(|same| same.is_same(value)) && seen.insert(name) {
                names.push(name);
            }
        }
    }
    names.into_iter().cloned().collect()
}

/// The values that these parameters have in a scenario.
pub(super) fn values(
    loaded: &LoadedScenario<'_>,
    names: &[String],
) -> Vec<(String, Option<Value>)> {
    let value = |project: &Project, name: &String| match project.parameters.get(name) {
        Some(Parameter::Constant(value)) => Some(value.clone()),
        _ => project.scenario.coordinates.get(name).cloned(),
    };
    let values = names
        .iter()
        .map(|name| (name.clone(), value(loaded.project, name)));
    values.collect()
}

/// What a sample is called: its scenario, or what is set.
pub(super) fn name(loaded: &LoadedScenario<'_>, overrides: &Overrides) -> String {
    let name = &loaded.project.scenario.name;
    match overrides {
        _ if !name.is_unnamed() => name.to_string(),
        Overrides::Set(set) => set.label.clone(),
        Overrides::None | Overrides::Samples(_) => PLAIN.to_owned(),
    }
}

/// The results of a plan's catchments.
pub(super) fn results(plan: &Plan) -> Vec<Option<ResultId>> {
    let result = |entry: &Entry| match entry.state {
        State::Fresh(found) => Some(found.result),
        State::Stale(_) | State::Bad(_) => None,
    };
    plan.entries.iter().map(result).collect()
}

/// What failed.
pub(super) struct Failures<'r> {
    reasons: HashMap<(&'r ScenarioName, &'r CatchmentId), &'r str>,
    gave_up: bool,
}

impl<'r> Failures<'r> {
    pub(super) fn of(report: &'r RunReport) -> Self {
        Self {
            reasons: report.reasons(),
            gave_up: report.gave_up.is_some(),
        }
    }

    /// Why a scenario has no numbers; `None` if each of these catchments has what it can have.
    pub(super) fn of_sample(
        &self,
        loaded: &LoadedScenario<'_>,
        plan: &Plan,
        needed: &[bool],
    ) -> Option<Failure> {
        let scenario = &loaded.project.scenario.name;
        let mut failure: Option<Failure> = None;
        let mut is_left = None;
        let entries = plan.entries.iter().zip(needed).enumerate();
        for (at, (entry, _)) in entries.filter(|(_, (_, is_needed))| **is_needed) {
            let catchment = loaded.basin.id(at);
            let reason = match &entry.state {
                State::Fresh(_) => continue,
                State::Bad(_) if loaded.project.on_bad_input == OnBadInput::Skip => continue,
                State::Bad(problem) => format!("can't be run: {problem}"),
                State::Stale(_) => match self.reasons.get(&(scenario, catchment)) {
                    Some(reason) => (*reason).to_owned(),
                    None => {
                        is_left.get_or_insert(catchment);
                        continue;
                    }
                },
            };
            match &mut failure {
                Some(failure) => failure.more += 1,
                None => {
                    failure = Some(Failure {
                        catchment: catchment.clone(),
                        reason,
                        more: 0,
                    });
                }
            }
        }
        failure.or_else(|| {
            let why = match self.gave_up {
                true => "was not run, as there were too many failures (--max-failures)",
                false => "has no result, although it was run: it is gone from the store again",
            };
            Some(Failure {
                catchment: is_left?.clone(),
                reason: why.to_owned(),
                more: 0,
            })
        })
    }
}
