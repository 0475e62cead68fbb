//! Notes of states that are not as the page's, each once with the scenarios in which it is so.

use crate::data::scenario::ScenarioName;
use crate::text::wording::first_few;

/// Sentences, and the scenarios of which they are true.
#[derive(Default)]
pub(super) struct Unlike(Vec<(String, Vec<ScenarioName>)>);

impl Unlike {
    /// Takes what is said of a scenario.
    pub(super) fn add(&mut self, sentences: Vec<String>, scenario: &ScenarioName) {
        for sentence in sentences {
            match self.0.iter_mut().find(|(other, _)| *other == sentence) {
                Some((_, scenarios)) => scenarios.push(scenario.clone()),
                None => self.0.push((sentence, vec![scenario.clone()])),
            }
        }
    }

    /// The notes.
    pub(super) fn into_notes(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(sentence, mut scenarios)| {
            scenarios.dedup();
            scenarios.retain(|name| !name.is_unnamed());
            match scenarios.is_empty() {
                true => sentence,
                false => format!("{sentence} This is so in {}.", first_few(&scenarios)),
            }
        })
    }
}
