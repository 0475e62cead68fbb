//! Numbers of a scenario without a file: its summaries at chosen catchments, from the store's results alone.
//!
//! They are those that the product has, to the bit: the same values of the same variables, summed up along the rivers in the same
//! order. What is chosen tells which catchments have to have results, before anything is run. It reads results and writes nothing.

mod choice;
mod pass;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use anyhow::Result;

use self::choice::Choice;
pub use self::choice::{At, ChoiceError};
use self::pass::GroupPass;
pub(crate) use self::pass::{ScenarioResults, Seen};
use super::file::{ProductContent, RowSummary, Summaries};
pub use super::gauges::Comparisons;
use super::results::{SnapshotResults, find_results, leave_out_lacking};
use super::{axes, describe, gauges};
use crate::data::catchment::CatchmentId;
use crate::data::objective::ObjectiveNumbers;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::plan::snapshot::{ScenarioSnapshot, Status};
use crate::project::Project;
use crate::project::objective_spec::ObjectiveSpec;
use crate::store::{ResultId, Store};

/// What a number is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NumberColumn {
    /// The summary.
    pub of: String,
    /// The catchment.
    pub catchment: Option<CatchmentId>,
    /// The place along the variable's further dimension, if it has one.
    pub place: Option<String>,
    /// Its units, as UDUNITS writes them.
    pub units: Option<String>,
}

impl fmt::Display for NumberColumn {
    /// `c_p95[70007]`, `moisture_mean[70007,top]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of)?;
        match (&self.catchment, &self.place) {
            (Some(catchment), Some(place)) => write!(f, "[{catchment},{place}]"),
            (Some(catchment), None) => write!(f, "[{catchment}]"),
            (None, Some(place)) => write!(f, "[{place}]"),
            (None, None) => Ok(()),
        }
    }
}

/// Numbers of a scenario, one for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// What they are of; many scenarios may share them.
    pub columns: Arc<[NumberColumn]>,
    /// The numbers; NaN is missing.
    pub values: Vec<f64>,
}

/// The numbers that are wanted of a scenario: which of them, and the scenario's catchments without their results.
pub struct WantedNumbers {
    content: ProductContent,
    choice: Choice,
    /// By catchment: whether a result of it goes into a number.
    needed: Vec<bool>,
}

impl WantedNumbers {
    /// These summaries of a scenario (all of them if `names` is `None`) at these catchments. Whether the catchments have results does not matter yet.
    ///
    /// # Errors
    /// A name that is no summary's; a product that needs what the snapshot has not.
    pub fn new(
        project: &Project,
        scenario_snapshot: &ScenarioSnapshot,
        names: Option<&[String]>,
        at: &At,
    ) -> Result<Self> {
        let mut content = describe::describe(project, scenario_snapshot, 1)?;
        let gauges = gauges::places(&content, project)?;
        let choice = Choice::of(&content, &gauges, names, at)?;
        let used: BTreeSet<String> = (content.spec.variables.iter().enumerate())
            .filter(|(at, _)| choice.is_of(&content, *at))
            .map(|(_, variable)| variable.name.clone())
            .collect();
        axes::leave_out(&mut content, &|variable| !used.contains(&variable.name));
        let needed = choice.needed(&content);
        Ok(Self {
            content,
            choice,
            needed,
        })
    }

    /// An error if there are no numbers, or if a catchment that is named has none.
    pub fn check(&self, at: &At) -> Result<(), ChoiceError> {
        self.choice.check(&self.content, at)
    }

    /// By catchment, in the snapshot's order: whether its result goes into one of the numbers.
    pub fn needed(&self) -> &[bool] {
        &self.needed
    }

    /// What the numbers are of, as far as is known without results: not the places along a further dimension.
    pub fn columns(&self) -> Vec<NumberColumn> {
        let mut columns = Vec::new();
        let spec = &self.content.spec;
        for (at, summary) in spec.summaries.iter().enumerate() {
            let rows = self.choice.rows(summary).unwrap_or_default();
            let catchments = self.content.catchments.iter().zip(rows);
            let wanted = catchments.filter(|(_, is_wanted)| **is_wanted);
            let catchments = wanted.map(|(catchment, _)| Some(catchment.id.clone()));
            let overall = spec
                .objectives
                .iter()
                .filter(|objective| objective.summary == at);
            let overall = overall.filter(|_| self.choice.is_at_all_gauges(summary));
            let of = catchments.chain(overall.map(|_| None));
            columns.extend(of.map(|catchment| NumberColumn {
                of: summary.name.clone(),
                catchment,
                place: None,
                units: summary.units.clone(),
            }));
        }
        columns
    }

    /// The numbers of the snapshot that they were chosen of, from its results, all of which must still be in the store; none of variables
    /// that these lack.
    pub fn of_snapshot(
        mut self,
        project: &Project,
        scenario_snapshot: &ScenarioSnapshot,
        store: &Store,
        threads: usize,
    ) -> Result<NumbersByCatchment> {
        let (time, results) = find_results(store, scenario_snapshot)?;
        leave_out_lacking(&mut self.content, &results, store)?;
        let comparisons = &mut Comparisons::default();
        self.of_results(
            project,
            time.as_ref(),
            &results,
            store,
            threads,
            comparisons,
        )
    }

    /// The numbers out of these results, one for each catchment that has one; of others none is looked at. What was compared before is
    /// in `comparisons`, and put there.
    pub fn of_results(
        mut self,
        project: &Project,
        time: Option<&TimeAxis>,
        results: &[Option<ResultId>],
        store: &Store,
        threads: usize,
        comparisons: &mut Comparisons,
    ) -> Result<NumbersByCatchment> {
        let needed = self.needed.iter().zip(results);
        let results: Vec<Option<ResultId>> = needed
            .map(|(needed, result)| result.filter(|_| *needed))
            .collect();
        axes::give(&mut self.content, project, time, &results, store)?;
        gauges::give(&mut self.content, project, comparisons)?;
        let mut summaries = Summaries::new(&self.content);
        let wanted = self.choice.by_variable(&self.content);
        let is_wanted = |variable: usize, row: usize| wanted[variable][row];
        let see = |seen: &Seen<'_>| Ok((seen.row, self.chosen(seen)));
        let mut take = |(row, chosen): (usize, Vec<RowSummary>)| {
            summaries.set_row(row, chosen);
            Ok(())
        };
        for group in self.content.axis_groups() {
            let pass = GroupPass::of(&self.content, &is_wanted, group);
            pass.run(&results, store, threads, &see, &mut take)?;
        }
        Ok(NumbersByCatchment {
            content: self.content,
            choice: self.choice,
            summaries,
        })
    }
}

impl WantedNumbers {
    /// The summaries of a series that are wanted in its catchment.
    fn chosen(&self, seen: &Seen<'_>) -> Vec<RowSummary> {
        let mut summaries = seen.summaries();
        summaries.retain(|(summary, _)| {
            let rows = self.choice.rows(&self.content.spec.summaries[*summary]);
            rows.is_some_and(|rows| rows[seen.row])
        });
        summaries
    }
}

/// The numbers of a scenario's chosen catchments.
pub struct NumbersByCatchment {
    content: ProductContent,
    choice: Choice,
    summaries: Summaries,
}

impl NumbersByCatchment {
    /// Those that were chosen, summary by summary.
    pub fn chosen(&self) -> Numbers {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (at, summary) in self.content.spec.summaries.iter().enumerate() {
            let rows = self.choice.rows(summary).unwrap_or_default();
            for (row, _) in rows.iter().enumerate().filter(|(_, is_wanted)| **is_wanted) {
                for (column, number) in self.of_row(at, row) {
                    columns.push(column);
                    values.push(number);
                }
            }
            let objectives = self.content.spec.objectives.iter();
            for objective in objectives.filter(|objective| objective.summary == at) {
                if let (true, Some(number)) = (
                    self.choice.is_at_all_gauges(summary),
                    self.overall(objective),
                ) {
                    columns.push(NumberColumn {
                        of: summary.name.clone(),
                        catchment: None,
                        place: None,
                        units: summary.units.clone(),
                    });
                    values.push(number);
                }
            }
        }
        Numbers {
            columns: columns.into(),
            values,
        }
    }

    /// One number over all gauges.
    fn overall(&self, objective: &ObjectiveSpec) -> Option<f64> {
        let numbers = self.summaries.of(objective.summary);
        self.content.overall(objective, numbers).pop()
    }

    /// A catchment of the snapshot, in its order, and whether it has a result.
    pub fn catchment(&self, row: usize) -> (&CatchmentId, Status) {
        let catchment = &self.content.catchments[row];
        (&catchment.id, catchment.status)
    }

    /// A catchment's numbers of all summaries that are wanted anywhere.
    pub fn of_catchment(&self, row: usize) -> impl Iterator<Item = (NumberColumn, f64)> {
        let summaries = 0..self.content.spec.summaries.len();
        summaries.flat_map(move |summary| self.of_row(summary, row))
    }

    /// A catchment's numbers of a summary, one for each place along the variable's further dimension.
    fn of_row(
        &self,
        summary: usize,
        row: usize,
    ) -> impl Iterator<Item = (NumberColumn, f64)> + use<'_> {
        let described = &self.content.spec.summaries[summary];
        let axes = &self.content.spec.variables[described.of].axes;
        let dimension = axes.dimension.as_ref();
        let dimension = dimension.and_then(|name| self.content.axis(name));
        let each = self.content.catchments.len();
        let all = self.summaries.of(summary).iter();
        let numbers = all.skip(row).step_by(each).copied().enumerate();
        numbers.map(move |(place, number)| {
            let column = NumberColumn {
                of: described.name.clone(),
                catchment: Some(self.content.catchments[row].id.clone()),
                place: dimension.map(|dimension| dimension.label(place)),
                units: described.units.clone(),
            };
            (column, number)
        })
    }
}

/// What the objectives of a scenario snapshot come to, from its results that were found, with what is measured now.
///
/// # Errors
/// If a result that they need is no longer in the store.
pub fn objectives(
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
    results: &SnapshotResults,
    store: &Store,
    threads: usize,
) -> Result<Vec<ObjectiveNumbers>> {
    let names = project.product.objectives.iter();
    let names: Vec<String> = names.map(|objective| objective.name.clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = WantedNumbers::new(project, scenario_snapshot, Some(&names), &At::Outlets)?;
    let (time, ids) = (results.time.as_ref(), &results.ids);
    leave_out_lacking(&mut wanted.content, ids, store)?;
    let comparisons = &mut Comparisons::default();
    let numbers = wanted.of_results(project, time, ids, store, threads, comparisons)?;
    Ok(numbers.content.objective_numbers(&numbers.summaries))
}

/// The product parameters of a scenario snapshot's catchments: their names, and the values of each catchment.
pub fn parameters(
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
) -> (Vec<String>, Vec<Vec<Option<Value>>>) {
    let stated = &project.product.parameters;
    let places = stated.iter().map(|stated| {
        let mut names = scenario_snapshot.names.iter();
        names.position(|name| *name == stated.parameter)
    });
    let places: Vec<Option<usize>> = places.collect();
    let of_row = |values: &[Option<Value>]| {
        let values = places.iter().map(|place| values.get((*place)?)?.clone());
        values.collect()
    };
    let names = stated.iter().map(|stated| stated.name.clone());
    let rows = scenario_snapshot.rows.iter().map(|row| of_row(&row.values));
    (names.collect(), rows.collect())
}
