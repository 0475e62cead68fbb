//! `rerunoff status`: what is fresh, stale by cause, failed, under way on other machines; nothing is run or written.

use std::io::{Write, stdout};
use std::num::NonZeroUsize;

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Cause, FailureOf, objective_lines};
use super::exit::Exit;
use super::open::ProjectPlace;
use super::options::count::count;
use super::options::jobs::cores;
use super::options::scenario::ScenarioOption;
use super::options::sets::SetOptions;
use super::terminal::print_document;
use super::wanted::wanted;
use crate::cluster::underway::UnderWay;
use crate::data::objective::ObjectiveNumbers;
use crate::data::scenario::ScenarioName;
use crate::execute::parts::{Parts, kept};
use crate::history::account::{Account, is_zero};
use crate::history::prediction::Prediction;
use crate::history::values::PlainValues;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Counts, Plan, causes};
use crate::product;
use crate::project::overrides::Overrides;
use crate::project::product_spec::Per;
use crate::project::{Project, Study};

/// How many failed catchments are listed for people; `--json` lists all.
const LISTED: usize = 10;

#[derive(Args)]
pub(super) struct Arguments {
    /// Predict the time for so many simulators at once [default: the cores available]
    #[arg(short, long, value_name = "N", value_parser = count)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    #[command(flatten)]
    sets: SetOptions,
    /// One JSON document instead of text
    #[arg(long)]
    pub(super) json: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
}

/// What is fresh, stale and why.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document<'a> {
    /// The share of each; left out where the project has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scenarios: Vec<OfScenario<'a>>,
    /// Counted in each scenario, as is all that follows.
    catchments: usize,
    /// With a valid result.
    fresh: usize,
    /// To be run, including those that failed.
    stale: usize,
    /// Of these, those for which what their simulators left is only read again; left out where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    read_again: usize,
    /// Of the stale ones, those that failed when they were last run.
    failed: usize,
    /// Those that can't be run.
    bad: usize,
    /// What tasks on other machines are at; left out where there are none.
    #[serde(skip_serializing_if = "UnderWay::is_empty")]
    under_way: UnderWay,
    /// Why the stale ones are stale, the most frequent cause first.
    causes: Vec<Cause>,
    /// How long running them takes; `null` where nothing is to be run or nothing is known.
    prediction: Option<Prediction>,
    /// The values that all of this is with, in place of the project's; left out without any, as is all of the kind that follows.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    set: PlainValues,
    /// Those that the last run had.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    last_run_set: PlainValues,
    /// Of how many samples its scenarios were made.
    #[serde(skip_serializing_if = "is_zero")]
    last_run_samples: usize,
    /// The product, or those of all scenarios where each has one of its own, whether they have been written yet or not.
    products: Vec<ProductFile<'a>>,
    /// What the objectives of the products came to when these were written; left out where there are none, or the products have changed since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objectives: Vec<ObjectiveNumbers>,
    /// Those that failed when they were last run.
    failures: Vec<FailureOf>,
    /// The bad ones.
    cannot_run: Vec<FailureOf>,
}

/// Where a product is.
#[derive(Serialize, JsonSchema)]
struct ProductFile<'a> {
    /// The scenario that it is of; left out of one of all scenarios, or where the project has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a ScenarioName>,
    /// Its file.
    path: String,
}

impl<'a> ProductFile<'a> {
    /// Those of the scenarios that are chosen, in their order.
    fn all(study: &'a Study, chosen: &[usize]) -> Vec<Self> {
        let of = |project: &'a Project| Self {
            scenario: (project.product.per == Per::File).then_some(&project.scenario.name),
            path: project.product.path.display().to_string(),
        };
        let mut all: Vec<Self> = chosen.iter().map(|&at| of(&study.scenarios[at])).collect();
        // Scenarios that are a dimension have one together.
        all.dedup_by(|later, earlier| later.path == earlier.path);
        all
    }
}

/// One scenario's share.
#[derive(Serialize, JsonSchema)]
struct OfScenario<'a> {
    /// Its name.
    name: &'a ScenarioName,
    /// All of them.
    catchments: usize,
    /// With a valid result.
    fresh: usize,
    /// To be run, including those that failed.
    stale: usize,
    /// Those that failed when they were last run.
    failed: usize,
    /// Those that can't be run.
    bad: usize,
}

impl<'a> OfScenario<'a> {
    fn new(loaded: &LoadedScenario<'a>, plan: &Plan) -> Self {
        let counts = plan.counts();
        Self {
            name: &loaded.project.scenario.name,
            catchments: plan.entries.len(),
            fresh: counts.fresh,
            stale: counts.stale,
            failed: counts.failed,
            bad: counts.bad,
        }
    }
}

pub(super) fn status(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open_with(&arguments.sets.overrides()?)?;
    let study = &opened.study;
    let chosen = arguments.scenarios.of(study)?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load(store.as_ref(), arguments.rehash, arguments.json)?;
    let (plans, _) = loaded_study.plan(store.as_ref())?;
    let (loaded_study, plans) = loaded_study.chosen(plans, &chosen);
    let Counts {
        fresh,
        stale,
        failed,
        bad,
    } = plans.iter().map(Plan::counts).sum();
    let mut read_again = 0;
    let prediction = match &store {
        Some(store) => {
            let all: Vec<usize> = (0..plans.len()).collect();
            let wanted = wanted(&loaded_study, &plans, &all, None, false)?;
            let parts = Parts::of(&wanted, kept(&plans, &wanted));
            read_again = parts.again.runs();
            let workers = cores(arguments.jobs);
            Prediction::of(store, &loaded_study, parts.to_run.units(), workers)?
        }
        None => None,
    };
    let mut objectives = match &store {
        Some(store) => product::objectives(study, store)?,
        None => Vec::new(),
    };
    objectives.retain(|of| {
        let mut names = loaded_study.list.iter().map(|it| &it.project.scenario.name);
        of.scenario.is_unnamed() || names.any(|name| *name == of.scenario)
    });
    let causes = causes(plans.iter().flat_map(|plan| &plan.entries), false);
    let scenarios = match study.is_named() {
        true => (loaded_study.list.iter().zip(&plans))
            .map(|(loaded, plan)| OfScenario::new(loaded, plan))
            .collect(),
        false => Vec::new(),
    };
    let last = store.as_ref().map(Account::last).transpose()?.flatten();
    let last = last.unwrap_or_default();
    let document = Document {
        scenarios,
        catchments: plans.iter().map(|plan| plan.entries.len()).sum(),
        fresh,
        stale,
        read_again,
        failed,
        bad,
        under_way: UnderWay::look(&opened.cache.cluster())?,
        causes: Cause::all(causes),
        prediction,
        set: match &study.overrides {
            Overrides::Set(set) => set.into(),
            Overrides::None | Overrides::Samples(_) => PlainValues::default(),
        },
        last_run_set: last.set.clone(),
        last_run_samples: last.samples,
        products: ProductFile::all(study, &chosen),
        objectives,
        failures: FailureOf::failed(loaded_study.list.iter().zip(&plans)),
        cannot_run: FailureOf::bad(loaded_study.list.iter().zip(&plans)),
    };
    match arguments.json {
        true => print_document(&document)?,
        false => {
            print(&document, last.values(), &mut stdout().lock()).ok();
        }
    }
    Ok(if failed > 0 {
        Exit::Failures
    } else {
        Exit::Fine
    })
}

fn print(
    document: &Document<'_>,
    last: Option<String>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    if !document.set.is_empty() {
        writeln!(out, "        with {} (--set):", document.set)?;
    }
    writeln!(
        out,
        "{:>7} fresh of {}",
        document.fresh, document.catchments
    )?;
    for Cause { count, cause } in &document.causes {
        writeln!(out, "{count:>7} {cause}")?;
    }
    if document.read_again > 0 {
        let again = document.read_again;
        writeln!(out, "{again:>7} to be read again from kept outputs")?;
    }
    if !document.under_way.is_empty() {
        let lines = document.under_way.lines();
        let numbered = format!("{:>7} {}", document.under_way.orders, lines[0]);
        writeln!(out, "{numbered}")?;
        for line in &lines[1..] {
            writeln!(out, "        {line}")?;
        }
    }
    for scenario in document.scenarios.iter().take(LISTED) {
        let OfScenario {
            name,
            catchments,
            fresh,
            ..
        } = scenario;
        writeln!(out, "        {name}: {fresh} fresh of {catchments}")?;
    }
    let more = document.scenarios.len().saturating_sub(LISTED);
    if more > 0 {
        writeln!(
            out,
            "        and {more} more scenarios; `--scenario` chooses, `--json` lists all"
        )?;
    }
    if let Some(prediction) = &document.prediction {
        writeln!(out, "        to run: {prediction}")?;
    }
    if let Some(last) = last {
        writeln!(out, "        the last run had {last}")?;
    }
    for line in objective_lines(&document.objectives) {
        writeln!(out, "        {line}")?;
    }
    let without = document.failures.iter().chain(&document.cannot_run);
    for failure in without.clone().take(LISTED) {
        writeln!(out, "        {}: {}", failure.label(), failure.reason)?;
    }
    let more = without.count().saturating_sub(LISTED);
    if more > 0 {
        writeln!(
            out,
            "        and {more} more; `rerunoff status --json` lists all"
        )?;
    }
    Ok(())
}
