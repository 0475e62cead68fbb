//! What a template asks for by name, found among the names that exist: a parameter, a series, or nothing, with what to do then.

use std::collections::BTreeSet;

use super::{Names, STATE_TIME};
use crate::language::series_table::{ROW_NAMES, RowPart};
use crate::language::template::{
    ITEM_NAMES, Placeholder, RenderProblem, Template, Use, Wanted, Within,
};
use crate::plan::basin::{TIME_NAMES, in_any_case};
use crate::project::{Content, SimulatorInput};
use crate::text::wording::{self, Quotes};

/// What a name in a template turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Parameter(String),
    Column(String),
}

impl Names<'_> {
    /// The parameters and series that a simulator input uses.
    pub(in crate::plan::recipe) fn of_input(&self, input: &SimulatorInput) -> BTreeSet<String> {
        match &input.content {
            Content::Series(table) => [RowPart::Header, RowPart::Row, RowPart::Footer]
                .into_iter()
                .flat_map(|part| self.all_of(table.uses(part), part == RowPart::Row))
                .collect(),
            Content::Template { template, .. } => self.all_of(template.uses(), false).collect(),
            Content::OwnTemplate(_) => BTreeSet::new(),
        }
    }

    /// The parameters and series that the rows in the middle of a template use.
    pub(in crate::plan::recipe) fn of_rows(&self, template: &Template) -> BTreeSet<String> {
        self.all_of(template.uses_in_rows(), false).collect()
    }

    fn all_of(&self, asked: Vec<Use<'_>>, is_row: bool) -> impl Iterator<Item = String> {
        let found = asked
            .into_iter()
            .map(move |asked| self.found(asked, is_row));
        let found = found.flat_map(Result::unwrap_or_default);
        found.map(|(Found::Parameter(name) | Found::Column(name))| name)
    }

    /// What a template asks for; `is_row` says that it is repeated for each time step as a whole.
    pub(super) fn found(&self, asked: Use<'_>, is_row: bool) -> Result<Vec<Found>, String> {
        let (hole, within) = match asked {
            Use::Value(hole, within) => (hole, within),
            Use::List { name, .. } if self.parameters.contains(name) => {
                return Ok(vec![Found::Parameter(name.to_owned())]);
            }
            Use::List { name, .. } => {
                let is_series = self.columns.contains(name) || ROW_NAMES.contains(&name);
                return Err(match is_series {
                    true => format!(
                        "{name} is no list but differs from time step to time step: `{{#each step}}` begins a block for these"
                    ),
                    false => self.unknown(name),
                });
            }
        };
        let is_in_row = within == Within::Rows || is_row && within == Within::Text;
        let is_in_row = is_in_row && hole.wanted == Wanted::Value;
        let mut found = Vec::new();
        for name in hole.names() {
            let is_item = matches!(within, Within::Lists(lists) if lists.contains(&name));
            let is_counter =
                matches!(within, Within::Lists(_)) && ITEM_NAMES.contains(&name.as_str());
            if is_counter || is_in_row && ROW_NAMES.contains(&name.as_str()) {
                continue;
            }
            found.push(if is_in_row && self.columns.contains(name.as_str()) {
                Found::Column(name)
            } else {
                let name = self.parameter(hole, &name)?;
                let wants_list = matches!(hole.wanted, Wanted::Element(_)) || is_item;
                if self.lists.contains(name.as_str()) && !wants_list {
                    return Err(RenderProblem::List(name).to_string());
                }
                Found::Parameter(name)
            });
        }
        Ok(found)
    }

    /// The parameter that a placeholder means by this name.
    fn parameter(&self, hole: &Placeholder, name: &str) -> Result<String, String> {
        if self.parameters.contains(name) {
            return Ok(name.to_owned());
        }
        if hole.wanted == Wanted::InAnyCase {
            match in_any_case(name, self.parameters.iter().copied()) {
                Ok(known) => return Ok(known.to_owned()),
                Err(several) if !several.is_empty() => {
                    let several = several.join(", ");
                    return Err(format!(
                        "{name:?} could be any of the parameters {several}; write one of them as it is"
                    ));
                }
                Err(_) => {}
            }
        }
        if self.columns.contains(name) {
            return Err(format!(
                "{{{name}}} is a series, which has a place only in a `row` or in a block {{#each step}}"
            ));
        }
        let unknown = self.unknown(name);
        Err(match hole.place.of_code() {
            Some(code) => {
                format!(
                    "{unknown}; braces count in {code} as they do elsewhere: write `{{{{` for one"
                )
            }
            None => unknown,
        })
    }

    fn unknown(&self, name: &str) -> String {
        if !self.has_time && TIME_NAMES.contains(&name) {
            return format!(
                "{{{name}}} is about the time steps, and the project has none; {STATE_TIME}"
            );
        }
        let all = || self.parameters.union(&self.columns).copied();
        let hint = wording::hint(name, all(), Quotes::Braces).unwrap_or_else(|| ".".to_owned());
        format!(
            "nothing provides {{{name}}}{hint} There are {}",
            all().collect::<Vec<_>>().join(", ")
        )
    }
}
