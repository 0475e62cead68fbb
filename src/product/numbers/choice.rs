//! Which numbers are wanted: summaries by their names, catchments by their ids or as they offer themselves.
//!
//! Where nothing is said of catchments, an objective is wanted at its gauges, another summary at the outlets: those that its variable states, else those that drain into no other
//! catchment; where it is not known how they drain, at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::catchment::CatchmentId;
use crate::product::file::ProductContent;
use crate::project::product_spec::{Outlets, SummaryVariable};
use crate::text::wording::{self, Quotes, first_few};

/// The catchments at which numbers are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The outlets, where they are known; else all.
    Outlets,
    /// All of them.
    All,
    /// These.
    These(BTreeSet<CatchmentId>),
}

impl At {
    /// Whether a catchment is among them, as far as its id tells.
    pub fn has(&self, id: &CatchmentId) -> bool {
        match self {
            Self::Outlets | Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// Why numbers can't be chosen so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// The product has none.
    #[error(
        "the product has no summaries and no objectives, so there are no numbers; [product.summary] and [objective] in the project file \
         define them, such as `q_mean = {{ of = \"discharge\", statistic = \"mean\" }}`"
    )]
    NoSummaries,
    /// A name that no summary has.
    #[error("there is no summary or objective {name:?}{hint}")]
    Name {
        /// The name.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// A catchment that has none of the numbers.
    #[error(
        "catchment {id} has none of the numbers ({names}): they are only at the stated `outlets`, or where something was measured"
    )]
    NoOutlet {
        /// The id.
        id: CatchmentId,
        /// The summaries.
        names: String,
    },
}

/// Summaries, each with the catchments at which it is wanted.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// By the summary's name: whether it is wanted, by row.
    wanted: BTreeMap<String, Vec<bool>>,
    /// The names of those that are wanted wherever something was measured.
    at_all_gauges: BTreeSet<String>,
}

impl Choice {
    /// The summaries of these names, or all of them, of a product of one scenario. `gauges` has for each summary that compares with
    /// what was measured where that was.
    pub(super) fn of(
        content: &ProductContent,
        gauges: &[Option<BTreeSet<CatchmentId>>],
        names: Option<&[String]>,
        at: &At,
    ) -> Result<Self, ChoiceError> {
        let summaries = &content.spec.summaries;
        let known: Vec<&str> = summaries.iter().map(|it| it.name.as_str()).collect();
        let is_known = |name: &&String| known.contains(&name.as_str());
        if let Some(name) = names.into_iter().flatten().find(|name| !is_known(name)) {
            let hint = wording::hint(name, known.iter().copied(), Quotes::Double);
            return Err(ChoiceError::Name {
                name: name.clone(),
                hint: hint.unwrap_or_else(|| format!("; there are {}", first_few(&known))),
            });
        }
        let is_wanted =
            |summary: &SummaryVariable| names.is_none_or(|names| names.contains(&summary.name));
        let wanted = summaries.iter().zip(gauges);
        let wanted = wanted.filter(|(summary, _)| is_wanted(summary));
        let mut choice = Self::default();
        for (summary, gauges) in wanted {
            let rows = rows(content, summary, gauges.as_ref(), at);
            let mut catchments = content.catchments.iter().zip(&rows);
            let is_at_all = |gauges: &BTreeSet<CatchmentId>| {
                catchments.all(|(row, is_wanted)| *is_wanted || !gauges.contains(&row.id))
            };
            if gauges.as_ref().is_some_and(is_at_all) {
                choice.at_all_gauges.insert(summary.name.clone());
            }
            choice.wanted.insert(summary.name.clone(), rows);
        }
        Ok(choice)
    }

    /// An error if there are no numbers, or if a catchment that is named has none.
    pub(super) fn check(&self, content: &ProductContent, at: &At) -> Result<(), ChoiceError> {
        if self.wanted.is_empty() {
            return Err(ChoiceError::NoSummaries);
        }
        let At::These(ids) = at else {
            return Ok(());
        };
        // A scenario need not have all catchments.
        let has_none = |row: &usize| {
            let is_named = ids.contains(&content.catchments[*row].id);
            is_named && !self.wanted.values().any(|rows| rows[*row])
        };
        let rows = (0..content.catchments.len()).filter(has_none);
        match rows.map(|row| &content.catchments[row].id).min() {
            None => Ok(()),
            Some(id) => Err(ChoiceError::NoOutlet {
                id: id.clone(),
                names: first_few(&self.wanted.keys().collect::<Vec<_>>()),
            }),
        }
    }

    /// By row: whether this summary is wanted there; `None` if it is wanted nowhere.
    pub(super) fn rows(&self, summary: &SummaryVariable) -> Option<&[bool]> {
        self.wanted.get(&summary.name).map(Vec::as_slice)
    }

    /// Whether this summary is wanted wherever something was measured.
    pub(super) fn is_at_all_gauges(&self, summary: &SummaryVariable) -> bool {
        self.at_all_gauges.contains(&summary.name)
    }

    /// Whether a summary is wanted of this variable, by its number.
    pub(super) fn is_of(&self, content: &ProductContent, variable: usize) -> bool {
        let mut summaries = content.spec.summaries.iter();
        summaries.any(|it| it.of == variable && self.wanted.contains_key(&it.name))
    }

    /// By row: whether a summary of one of these variables is wanted.
    pub(super) fn of_any(&self, content: &ProductContent, variables: &[usize]) -> Vec<bool> {
        let mut wanted = vec![false; content.catchments.len()];
        let summaries = content.spec.summaries.iter();
        for summary in summaries.filter(|summary| variables.contains(&summary.of)) {
            let rows = self.rows(summary).unwrap_or_default();
            wanted
                .iter_mut()
                .zip(rows)
                .for_each(|(wanted, row)| *wanted |= row);
        }
        wanted
    }

    /// By variable, then row: whether a summary of it is wanted.
    pub(super) fn by_variable(&self, content: &ProductContent) -> Vec<Vec<bool>> {
        let variables = 0..content.spec.variables.len();
        let of_each = variables.map(|variable| self.of_any(content, &[variable]));
        of_each.collect()
    }

    /// By row: whether its result goes into a number.
    pub(super) fn needed(&self, content: &ProductContent) -> Vec<bool> {
        let is_sum = |at: &usize| content.spec.variables[*at].upstream.is_some();
        let all = 0..content.spec.variables.len();
        let (sums, own): (Vec<usize>, Vec<usize>) = all.partition(is_sum);
        let mut needed = self.of_any(content, &own);
        if let Some(network) = content.networks.first() {
            let summed = network.with_upstream(self.of_any(content, &sums));
            let both = needed.iter_mut().zip(summed);
            both.for_each(|(needed, is_summed)| *needed |= is_summed);
        }
        needed
    }
}

/// By row: whether a summary is wanted there.
fn rows(
    content: &ProductContent,
    summary: &SummaryVariable,
    gauges: Option<&BTreeSet<CatchmentId>>,
    at: &At,
) -> Vec<bool> {
    if let Some(gauges) = gauges {
        let ids = content.catchments.iter().map(|row| &row.id);
        return ids.map(|id| gauges.contains(id) && at.has(id)).collect();
    }
    let outlets = content.spec.variables[summary.of].upstream.as_ref();
    let has_it = |id: &CatchmentId| outlets.is_none_or(|outlets| outlets.contain(id));
    let network = content.networks.first();
    let is_end = |row: usize| network.is_none_or(|network| network.downstream(row).is_none());
    let is_wanted = |(row, id): (usize, &CatchmentId)| match (at, outlets) {
        (At::All, _) | (At::Outlets, Some(Outlets::These(_))) => has_it(id),
        (At::Outlets, _) => is_end(row),
        (At::These(ids), _) => ids.contains(id) && has_it(id),
    };
    let ids = content.catchments.iter().map(|row| &row.id).enumerate();
    ids.map(is_wanted).collect()
}
