//! Which catchments of a product have gauges, and what is compared there.
//!
//! What was measured is read here, by [`observed`], and joined with a product's catchments and time steps. Before a run everything is
//! checked that can be; a product itself is made of what there is.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use super::file::{AxisValues, ProductContent};
use super::objective::{Comparison, Gauges, pairs};
use crate::data::catchment::CatchmentId;
use crate::data::observed::{GaugeSeries, Observed};
use crate::data::time_axis::TimeAxis;
use crate::import::observations::observed;
use crate::plan::loaded::LoadedScenario;
use crate::project::objective_spec::{
    Epsilon, Objective, ObjectiveSpec, ObservationSource, Period,
};
use crate::project::product_spec::{Outlets, SummaryKind, VariableAxes};
use crate::project::{Project, ProjectError};
use crate::text::wording::{self, Quotes};

/// What objectives compare at gauges, made once for all that compare the same.
#[derive(Default)]
pub struct Comparisons(Vec<Made>);

/// What was made, and of what.
struct Made {
    observations: Arc<ObservationSource>,
    period: Period,
    time: TimeAxis,
    catchments: Vec<CatchmentId>,
    comparisons: Arc<BTreeMap<CatchmentId, Comparison>>,
}

/// Gives a product, whose axes are known, what its objectives compare.
pub(super) fn give(
    product: &mut ProductContent,
    project: &Project,
    comparisons: &mut Comparisons,
) -> Result<()> {
    let rows = &product.catchments[..product.catchments_each()];
    let ids = LazyCell::new(|| rows.iter().map(|row| &row.id).collect());
    let mut all = Vec::with_capacity(product.spec.summaries.len());
    for summary in &product.spec.summaries {
        let SummaryKind::Objective(objective) = &summary.kind else {
            all.push(None);
            continue;
        };
        let axes = &product.spec.variables[summary.of].axes;
        let time = axes.time.as_deref().and_then(|name| product.axis(name));
        let compared = match time.map(|axis| &axis.values) {
            Some(AxisValues::Time(time)) => {
                let observed = observed(&objective.observations)?;
                let found = matched(project, &objective.observations, &observed, &ids)?;
                comparisons.of(project, objective, found, time)?
            }
            // Without results there are no times, and nothing to compare.
            _ => Arc::default(),
        };
        all.push(Some(Gauges::new(compared, objective)));
    }
    product.gauges = all;
    Ok(())
}

/// The catchments of a product that have gauges, by summary; `None` for those that compare nothing.
pub(super) fn places(
    product: &ProductContent,
    project: &Project,
) -> Result<Vec<Option<BTreeSet<CatchmentId>>>> {
    let ids = LazyCell::new(|| product.catchments.iter().map(|row| &row.id).collect());
    let of_summary = |kind: &SummaryKind| {
        let SummaryKind::Objective(objective) = kind else {
            return Ok(None);
        };
        let observed = observed(&objective.observations)?;
        let found = matched(project, &objective.observations, &observed, &ids)?;
        Ok(Some(found.into_iter().map(|(id, _)| id).collect()))
    };
    let summaries = product.spec.summaries.iter();
    summaries.map(|summary| of_summary(&summary.kind)).collect()
}

/// What was measured at the gauges that are among these catchments.
pub(crate) fn measured_at(
    project: &Project,
    source: &ObservationSource,
    catchments: &HashSet<&CatchmentId>,
) -> Result<Vec<(CatchmentId, GaugeSeries)>> {
    let observed = observed(source)?;
    let found = matched(project, source, &observed, catchments)?;
    Ok(found
        .into_iter()
        .map(|(id, series)| (id, series.clone()))
        .collect())
}

/// Checks that there is something to compare, as far as that shows before anything is run.
pub(super) fn check(loaded: &LoadedScenario<'_>) -> Result<()> {
    let (project, basin) = (loaded.project, &loaded.basin);
    if project.observations.is_empty() {
        return Ok(());
    }
    let mut comparisons = Comparisons::default();
    let catchments = basin.catchments().iter();
    let ids: HashSet<&CatchmentId> = catchments.map(|catchment| &catchment.id).collect();
    for source in &project.observations {
        let observed = observed(source)?;
        check_gauges(project, source, &observed, &ids)?;
    }
    let product = &project.product;
    for spec in &product.objectives {
        let summary = &product.summaries[spec.summary];
        let SummaryKind::Objective(objective) = &summary.kind else {
            continue;
        };
        let variable = &product.variables[summary.of];
        let source = &objective.observations;
        let observed = observed(source)?;
        let field = format!("observations.{}", source.name);
        if let (None, Some(own), Some(units)) = (&source.units, &observed.units, &variable.units)
            && own != units
        {
            let message = format!(
                "the file says that its values are in {own:?}, and `{}` is in {units:?}: bring them to these with \
                 `formula = \"value * …\"`, or state `units = {units:?}` if they are the same",
                variable.name
            );
            return Err(project.error(&field, message).into());
        }
        let found = matched(project, source, &observed, &ids)?;
        if let Some(Outlets::These(outlets)) = &variable.upstream
            && let Some((id, _)) = found.iter().find(|(id, _)| !outlets.contains(id))
        {
            let field = format!("product.variables.{}.outlets", variable.name);
            let message = format!("is without {:?}, where a gauge is", id.as_str());
            return Err(project.error(&field, message).into());
        }
        let time = basin
            .time()
            .filter(|_| variable.axes == VariableAxes::steps());
        if let Some(time) = time.filter(|_| !found.is_empty()) {
            let gauges = comparisons.of(project, objective, found, time)?;
            check_compared(project, spec, objective, &gauges, time)?;
        }
    }
    Ok(())
}

/// The gauges that are among these catchments, each with its catchment.
fn matched<'o>(
    project: &Project,
    source: &ObservationSource,
    observed: &'o Observed,
    ids: &HashSet<&CatchmentId>,
) -> Result<Vec<(CatchmentId, &'o GaugeSeries)>, ProjectError> {
    let mut found: Vec<(CatchmentId, &GaugeSeries)> = Vec::new();
    let mut known: HashMap<CatchmentId, &GaugeSeries> = HashMap::new();
    for gauge in &observed.gauges {
        let stated = source.catchments.get(&gauge.name).cloned();
        let id = stated.unwrap_or_else(|| CatchmentId::new(&gauge.name));
        if !ids.contains(&id) {
            continue;
        }
        if let Some(other) = known.insert(id.clone(), gauge) {
            let field = format!("observations.{}.catchments", source.name);
            let message = format!(
                "the gauges {:?} and {:?} are both in catchment {id}; only one of them can be compared",
                other.name, gauge.name
            );
            return Err(project.error(&field, message));
        }
        found.push((id, gauge));
    }
    Ok(found)
}

/// Whether what is said of gauges is true, and any of them is a catchment.
fn check_gauges(
    project: &Project,
    source: &ObservationSource,
    observed: &Observed,
    ids: &HashSet<&CatchmentId>,
) -> Result<(), ProjectError> {
    let field = format!("observations.{}", source.name);
    let names = || observed.gauges.iter().map(|gauge| gauge.name.as_str());
    for (gauge, id) in &source.catchments {
        let field = format!("{field}.catchments");
        if !names().any(|name| name == gauge) {
            let hint = wording::hint(gauge, names(), Quotes::Double).unwrap_or_default();
            return Err(project.error(
                &field,
                format!("there is no gauge {gauge:?} in the file{hint}"),
            ));
        }
        // A choice of catchments may leave it out.
        if project.selection.is_none() && !ids.contains(id) {
            let known = ids.iter().map(|id| id.as_str());
            let hint = wording::hint(id.as_str(), known, Quotes::Double).unwrap_or_default();
            let message = format!("there is no catchment {:?}{hint}", id.as_str());
            return Err(project.error(&field, message));
        }
    }
    let is_whole = project.selection.is_none() || project.scenario.name.is_unnamed();
    if is_whole && matched(project, source, observed, ids)?.is_empty() {
        let names: Vec<&str> = names().collect();
        let message = format!(
            "no gauge is a catchment: there are {}; `catchments = {{ {:?} = \"…\" }}` says which catchment a gauge is",
            wording::first_few(&names),
            names.first().copied().unwrap_or_default()
        );
        return Err(project.error(&field, message));
    }
    Ok(())
}

impl Comparisons {
    /// What is compared at these gauges; those that have nothing are left out.
    fn of(
        &mut self,
        project: &Project,
        objective: &Objective,
        found: Vec<(CatchmentId, &GaugeSeries)>,
        time: &TimeAxis,
    ) -> Result<Arc<BTreeMap<CatchmentId, Comparison>>, ProjectError> {
        let (source, period) = (&objective.observations, &objective.period);
        let (catchments, gauges): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        if gauges.is_empty() {
            return Ok(Arc::default());
        }
        // Which gauge a catchment has, the source tells.
        let is_same = |made: &&Made| {
            Arc::ptr_eq(&made.observations, source)
                && made.period == *period
                && made.catchments == catchments
                && made.time == *time
        };
        if let Some(made) = self.0.iter().find(is_same) {
            return Ok(made.comparisons.clone());
        }
        let all = pairs(&gauges, source.step, source.steps, time, period).map_err(|error| {
            let field = format!("observations.{}", source.name);
            project.error(&field, format!("{error:#}"))
        })?;
        let with_pairs = catchments.iter().cloned().zip(all);
        let with_pairs = with_pairs.filter(|(_, pairs)| pairs.len() > 0);
        let comparisons = Arc::new(with_pairs.collect());
        self.0.push(Made {
            observations: source.clone(),
            period: period.clone(),
            time: time.clone(),
            catchments,
            comparisons: Arc::clone(&comparisons),
        });
        Ok(comparisons)
    }
}

/// Whether an objective has something to compare, and can.
fn check_compared(
    project: &Project,
    spec: &ObjectiveSpec,
    objective: &Objective,
    gauges: &BTreeMap<CatchmentId, Comparison>,
    time: &TimeAxis,
) -> Result<(), ProjectError> {
    let field = format!("objective.{}", spec.name);
    if gauges.is_empty() {
        let message = format!(
            "nothing was measured at any gauge in the time that counts: simulated are {time}; look at `warm_up`, `from`, `before` and \
             the times in the file"
        );
        return Err(project.error(&field, message));
    }
    let known = || gauges.keys().map(CatchmentId::as_str);
    for id in spec.weights.keys() {
        if project.selection.is_none() && !gauges.contains_key(id) {
            let hint = wording::hint(id.as_str(), known(), Quotes::Double).unwrap_or_default();
            let message = format!("there is no gauge at {:?}{hint}", id.as_str());
            return Err(project.error(&format!("{field}.weights"), message));
        }
    }
    if let Some(epsilon) = objective.measure.logarithm {
        let least = |comparison: &Comparison| comparison.measured().fold(f64::INFINITY, f64::min);
        let added = match epsilon {
            Epsilon::Number(number) => number,
            Epsilon::MeanHundredth => 0.0,
        };
        let is_fault = |least: f64| match epsilon {
            Epsilon::Number(number) => least + number <= 0.0,
            Epsilon::MeanHundredth => least < 0.0,
        };
        let least = gauges
            .iter()
            .map(|(id, comparison)| (id, least(comparison)));
        if let Some((id, least)) = least.into_iter().find(|(_, least)| is_fault(*least)) {
            let message = format!(
                "{least:?} was measured at {id}, which has no logarithm{}: `epsilon = \"mean/100\"` adds a hundredth of the mean of what was \
                 measured to both, `epsilon = 0.01` adds that; or leave such values out with `missing` under [observations.{}]",
                if added > 0.0 {
                    format!(", nor with {added:?} more")
                } else {
                    String::new()
                },
                objective.observations.name
            );
            return Err(project.error(&format!("{field}.epsilon"), message));
        }
    }
    Ok(())
}
