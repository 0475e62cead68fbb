//! `after` under `[simulator]`: what is run when the simulator has ended well, such as a script that makes a table of what it left.
//!
//! Only what is stated; that it is part of a run is [`crate::execute::local::job`]'s business.

use super::super::build::ProjectBuilder;
use super::super::{AfterCommand, ProjectError, raw};

impl ProjectBuilder<'_> {
    /// The commands, in the order in which they are run.
    pub(super) fn after(
        &self,
        raw: Option<raw::Commands>,
    ) -> Result<Vec<AfterCommand>, ProjectError> {
        let field = "simulator.after";
        let commands: Vec<(String, Vec<String>)> = match raw {
            None => Vec::new(),
            Some(raw::Commands::One(words)) => vec![(field.to_owned(), words)],
            Some(raw::Commands::More(list)) => (list.into_iter().enumerate())
                .map(|(i, words)| (format!("{field}.{i}"), words))
                .collect(),
        };
        let command = |(field, words): (String, Vec<String>)| {
            if words.is_empty() {
                return Err(self.source.error(
                    &field,
                    "names no program; leave it out if nothing is to be run",
                ));
            }
            let words = (words.iter().enumerate())
                .map(|(i, word)| self.template(&format!("{field}.{i}"), word))
                .collect::<Result<_, _>>()?;
            Ok(AfterCommand { field, words })
        };
        commands.into_iter().map(command).collect()
    }
}
