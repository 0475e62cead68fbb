//! What there is to be gathered of a study's results: which variables have curves over which time, and which numbers catchments have.
//!
//! A variable along a further dimension is a variable of the page for each place along it. Where a project states no summaries, each
//! variable's mean and greatest value take their place, so that there is something to colour a map by.

use std::collections::{BTreeMap, HashSet};

use crate::data::time_axis::TimeAxis;
use crate::page::Variable;
use crate::product::file::{AxisGroup, AxisValues, ProductAxis, ProductContent};
use crate::project::Project;
use crate::project::product_spec::{ProductVariable, Statistic, SummaryKind, SummaryVariable};
use crate::text::wording::first_few;

/// The most places along a further dimension that are looked at.
const MOST_PLACES: usize = 12;

/// What there is to be gathered; by default nothing.
#[derive(Default)]
pub(super) struct Outline {
    /// The variables of the page.
    pub(super) variables: Vec<Variable>,
    /// The time steps that curves go over; `None` where no variable has any.
    pub(super) time: Option<TimeAxis>,
    /// The variables that have curves, by their places among the page's.
    pub(super) curves: Vec<usize>,
    /// The numbers that each catchment has.
    pub(super) numbers: Vec<NumberOf>,
    /// By the name of a product's variable: its first place among the page's, and how many places it has there.
    places: BTreeMap<String, (usize, usize)>,
    /// By the name of a product's variable: its further dimension, if it has one.
    dimensions: BTreeMap<String, ProductAxis>,
    /// The name of the time axis.
    time_name: Option<String>,
    /// What is left out, in sentences.
    pub(super) notes: Vec<String>,
}

/// What a number of a catchment is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NumberOf {
    /// The summary.
    pub(crate) summary: String,
    /// Its number among the places along the variable's further dimension, and what it is called; `None` without one.
    pub(crate) place: Option<(usize, String)>,
    /// What it is, for people.
    pub(crate) long_name: Option<String>,
    /// Its units, as UDUNITS writes them.
    pub(crate) units: Option<String>,
    /// Whether it says how well simulated values fit what was measured.
    pub(crate) is_objective: bool,
}

impl NumberOf {
    /// `q_mean`, `moisture_mean [top]`.
    pub(crate) fn name(&self) -> String {
        with_place(&self.summary, self.place.as_ref().map(|(_, label)| label))
    }
}

fn with_place(name: &str, place: Option<&String>) -> String {
    match place {
        Some(place) => format!("{name} [{place}]"),
        None => name.to_owned(),
    }
}

/// The summaries of a page: the project's; and each variable's mean and greatest value, if it states none, under names that nothing else has.
pub(super) fn summaries(project: &Project) -> Vec<SummaryVariable> {
    let product = &project.product;
    let mut summaries = product.summaries.clone();
    let is_statistic = |summary: &SummaryVariable| match summary.kind {
        SummaryKind::Statistic(_) => true,
        SummaryKind::Objective(_) => false,
    };
    if summaries.iter().any(is_statistic) {
        return summaries;
    }
    let variables = product.variables.iter().map(|variable| &variable.name);
    let others = summaries.iter().map(|summary| &summary.name);
    let taken: HashSet<String> = variables.chain(others).cloned().collect();
    for (of, variable) in product.variables.iter().enumerate() {
        let words = variable.long_name.as_deref().unwrap_or(&variable.name);
        let summary = |name: String, statistic, long_name: String| SummaryVariable {
            name,
            of,
            kind: SummaryKind::Statistic(statistic),
            units: variable.units.clone(),
            long_name: Some(long_name),
            standard_name: None,
        };
        let name = &variable.name;
        match variable.axes.time {
            // Of one number, its mean is the number.
            None => summaries.push(summary(name.clone(), Statistic::Mean, words.to_owned())),
            Some(_) => summaries.extend([
                summary(
                    free_name(format!("{name}_mean"), &taken),
                    Statistic::Mean,
                    format!("mean of {words}"),
                ),
                summary(
                    free_name(format!("{name}_max"), &taken),
                    Statistic::Max,
                    format!("greatest {words}"),
                ),
            ]),
        }
    }
    summaries
}

/// A name, with a line at its end for as long as it is taken.
fn free_name(mut name: String, taken: &HashSet<String>) -> String {
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

impl Outline {
    /// Of a scenario's product, whose axes are known.
    pub(super) fn of(content: &ProductContent) -> Self {
        let mut outline = Self::default();
        let groups = content.axis_groups();
        if let Some((axis, time)) = groups.iter().find_map(time_of) {
            (outline.time, outline.time_name) = (Some(time.clone()), Some(axis.name.clone()));
        }
        let (mut elsewhere, mut cut) = (Vec::new(), Vec::new());
        for variable in &content.spec.variables {
            let places = Places::of(content, variable);
            if places.as_ref().is_some_and(Places::is_cut) {
                cut.push(variable.name.clone());
            }
            outline.add(variable, places);
            let dimension = variable.axes.dimension.as_ref();
            if let Some(axis) = dimension.and_then(|name| content.axis(name)) {
                (outline.dimensions).insert(variable.name.clone(), axis.clone());
            }
            let has_time = variable.axes.time.is_some();
            if has_time && variable.axes.time != outline.time_name {
                elsewhere.push(variable.name.clone());
            }
        }
        for summary in &content.spec.summaries {
            let variable = &content.spec.variables[summary.of];
            outline.add_number(summary, Places::of(content, variable));
        }
        if let (Some(name), false) = (&outline.time_name, elsewhere.is_empty()) {
            outline.notes.push(format!(
                "No curves are drawn of {}: these do not go over `{name}`.",
                first_few(&elsewhere)
            ));
        }
        if !cut.is_empty() {
            outline.notes.push(format!(
                "Of {} the first {MOST_PLACES} places are here.",
                first_few(&cut)
            ));
        }
        outline
    }

    fn add(&mut self, variable: &ProductVariable, places: Option<Places>) {
        let named = Places::name(places, variable.long_name.as_deref());
        let first = self.variables.len();
        (self.places).insert(variable.name.clone(), (first, named.len()));
        let has_curves = variable.axes.time.is_some() && variable.axes.time == self.time_name;
        for (at, (place, long_name)) in (first..).zip(named) {
            self.variables.push(Variable {
                name: with_place(&variable.name, place.as_ref()),
                long_name,
                units: variable.units.clone(),
            });
            if has_curves {
                self.curves.push(at);
            }
        }
    }

    fn add_number(&mut self, summary: &SummaryVariable, places: Option<Places>) {
        let named = Places::name(places, summary.long_name.as_deref());
        let numbers = named.into_iter().enumerate();
        let numbers = numbers.map(|(at, (place, long_name))| NumberOf {
            summary: summary.name.clone(),
            place: place.map(|label| (at, label)),
            long_name,
            units: summary.units.clone(),
            is_objective: matches!(summary.kind, SummaryKind::Objective(_)),
        });
        self.numbers.extend(numbers);
    }

    /// The first of a product's variable among the page's, and how many places it has there.
    pub(super) fn places_of(&self, variable: &str) -> Option<(usize, usize)> {
        self.places.get(variable).copied()
    }

    /// Whether a product's variable over these axes has the page's places along its further dimension.
    pub(super) fn has_places(&self, variable: &str, group: &AxisGroup<'_>) -> bool {
        self.dimensions.get(variable) == group.dimension
    }

    /// The place of one of the page's variables among those with curves.
    pub(super) fn curve(&self, variable: usize) -> Option<usize> {
        self.curves.binary_search(&variable).ok()
    }

    /// Whether a product's variables over these axes can be drawn here: over the same time steps.
    pub(super) fn is_over_time(&self, group: &AxisGroup<'_>) -> bool {
        let own = time_of(group).map(|(axis, time)| (&axis.name, time));
        own.is_some() && own == self.time_name.as_ref().zip(self.time.as_ref())
    }
}

fn time_of<'g>(group: &'g AxisGroup<'_>) -> Option<(&'g ProductAxis, &'g TimeAxis)> {
    let axis = group.time?;
    match &axis.values {
        AxisValues::Time(time) => Some((axis, time)),
        AxisValues::Numbers(_) | AxisValues::Texts(_) => None,
    }
}

/// The places along a variable's further dimension.
struct Places {
    dimension: String,
    /// How many there are.
    all: usize,
    /// What the first of them are called.
    labels: Vec<String>,
}

impl Places {
    /// Those of a variable; `None` without a further dimension.
    fn of(content: &ProductContent, variable: &ProductVariable) -> Option<Self> {
        let axis = content.axis(variable.axes.dimension.as_ref()?)?;
        let labels = (0..axis.len().min(MOST_PLACES)).map(|at| axis.label(at));
        Some(Self {
            dimension: axis.name.clone(),
            all: axis.len(),
            labels: labels.collect(),
        })
    }

    /// Whether there are more than are looked at.
    fn is_cut(&self) -> bool {
        self.labels.len() < self.all
    }

    /// What each place is called, with the name for people of what is there: `moisture, layer top`. Without places, that of the whole.
    fn name(
        places: Option<Self>,
        long_name: Option<&str>,
    ) -> Vec<(Option<String>, Option<String>)> {
        let Some(Self {
            dimension, labels, ..
        }) = places
        else {
            return vec![(None, long_name.map(str::to_owned))];
        };
        let name = |label: String| {
            let long_name = long_name.map(|name| format!("{name}, {dimension} {label}"));
            (Some(label), long_name)
        };
        labels.into_iter().map(name).collect()
    }
}
