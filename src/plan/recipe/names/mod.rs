//! The names that a project's templates use, checked against those that exist.
//!
//! A placeholder that nothing provides is found before anything is run, and reported with its file, its line and the names that
//! exist. What the names mean is [`crate::plan::basin`]'s business.

mod found;

use std::collections::BTreeSet;

use self::found::Found;
use crate::language::series_table::RowPart;
use crate::language::template::{Template, Use};
use crate::plan::basin::{Basin, OWN_NAMES, TIME_NAMES};
use crate::project::{Content, DeckPlace, OwnSupport, Project, ProjectError, Simulator};

/// How time steps come to a project that has none.
pub(super) const STATE_TIME: &str = "state them for all of the project with `time = { start = \"1998-01-01\", step = \"1d\", steps = 365 }` under [input]";

/// The names that are used beside the inputs: by the command, the environment, the output and what makes a run a good one.
pub(super) fn of_frame(simulator: &Simulator) -> BTreeSet<String> {
    (simulator.command.iter())
        .chain(simulator.after.iter().flat_map(|command| &command.words))
        .chain(simulator.environment.values())
        .chain(
            of_outputs(simulator)
                .into_iter()
                .map(|(_, template)| template),
        )
        .chain(
            simulator
                .require
                .iter()
                .map(|requirement| &requirement.file),
        )
        .flat_map(of_template)
        .collect()
}

/// The templates of all outputs, each with its field.
fn of_outputs(simulator: &Simulator) -> Vec<(String, &Template)> {
    let mut templates = Vec::new();
    for output in &simulator.outputs {
        let field = &output.field;
        templates.push((format!("{field}.file"), &output.file));
        for condition in &output.format.conditions {
            let field = format!("{field}.where.{}", condition.column);
            templates.push((field, &condition.text));
        }
        let blocks = output.format.blocks.as_ref();
        templates.extend(blocks.map(|text| (format!("{field}.blocks"), text)));
    }
    for column in &simulator.columns {
        let field = &simulator.outputs[column.output].field;
        templates.push((format!("{field}.columns.{}", column.name), &column.header));
    }
    templates
}

/// The templates in the paths of catchments' own files, with their fields.
fn own_paths(simulator: &Simulator) -> Vec<(String, &Template)> {
    let mut found = Vec::new();
    for OwnSupport { file, name } in &simulator.own_support {
        found.push((file.field.clone(), &file.template));
        let field = file.field.strip_suffix(".file").unwrap_or(&file.field);
        found.extend(name.iter().map(|name| (format!("{field}.as"), name)));
    }
    if let Some(DeckPlace::Own(path)) = simulator.deck.as_ref().map(|deck| &deck.place) {
        found.push((path.field.clone(), &path.template));
    }
    for input in &simulator.inputs {
        if let Content::OwnTemplate(template) = &input.content {
            found.push((template.file.field.clone(), &template.file.template));
        }
    }
    found
}

/// The names that the paths of catchments' own files use.
pub(super) fn of_own(simulator: &Simulator) -> BTreeSet<String> {
    let paths = own_paths(simulator).into_iter();
    paths
        .flat_map(|(_, template)| of_template(template))
        .collect()
}

fn of_template(template: &Template) -> impl Iterator<Item = String> {
    template.uses().into_iter().flat_map(|used| match used {
        Use::Value(hole, _) => hole.names(),
        Use::List { name, .. } => vec![name.to_owned()],
    })
}

/// The names that exist, against which placeholders are checked.
pub(crate) struct Names<'b> {
    parameters: BTreeSet<&'b str>,
    /// Those of them that are lists.
    lists: BTreeSet<&'b str>,
    columns: BTreeSet<&'b str>,
    /// Whether there are time steps.
    has_time: bool,
}

/// The same by themselves, for templates that are read later.
#[derive(Default)]
pub(super) struct KnownNames {
    parameters: BTreeSet<String>,
    lists: BTreeSet<String>,
    columns: BTreeSet<String>,
    has_time: bool,
}

impl KnownNames {
    /// The parameters that a template uses, which has no rows for each time step.
    ///
    /// # Errors
    /// The line and the column of a name that nothing provides, and what to do.
    pub(super) fn used_by(
        &self,
        template: &Template,
    ) -> Result<BTreeSet<String>, (usize, usize, String)> {
        fn borrowed(set: &BTreeSet<String>) -> BTreeSet<&str> {
            set.iter().map(String::as_str).collect()
        }
        let names = Names {
            parameters: borrowed(&self.parameters),
            lists: borrowed(&self.lists),
            columns: borrowed(&self.columns),
            has_time: self.has_time,
        };
        let (mut used, mut series) = (BTreeSet::new(), BTreeSet::new());
        for asked in template.uses() {
            let found = names.found(asked, false).map_err(|message| {
                let (line, column) = position(asked);
                (line, column, message)
            })?;
            sort(found, &mut used, &mut series);
        }
        Ok(used)
    }
}

impl<'b> Names<'b> {
    /// The names by themselves.
    pub(super) fn known(&self) -> KnownNames {
        let owned = |set: &BTreeSet<&str>| set.iter().map(|&name| name.to_owned()).collect();
        KnownNames {
            parameters: owned(&self.parameters),
            lists: owned(&self.lists),
            columns: owned(&self.columns),
            has_time: self.has_time,
        }
    }

    /// The names of a basin.
    pub(crate) fn of(basin: &'b Basin<'_>) -> Self {
        let mut parameters = basin.parameter_names();
        let has_time = basin.time().is_some();
        parameters.extend(
            OWN_NAMES
                .iter()
                .filter(|name| has_time || !TIME_NAMES.contains(name)),
        );
        Self {
            has_time,
            parameters,
            lists: basin.list_names(),
            columns: basin
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect(),
        }
    }

    /// Whether a placeholder of this name in a template has a value.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.parameters.contains(name)
    }

    /// The parameters and series columns that the project's templates use; an unknown one is an error.
    pub(crate) fn collect(
        &self,
        project: &Project,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), ProjectError> {
        let simulator = &project.simulator;
        let mut used = BTreeSet::new();
        let mut columns = BTreeSet::new();
        let mut inline: Vec<(String, &Template)> = Vec::new();
        inline.extend(
            simulator
                .command
                .iter()
                .enumerate()
                .map(|(i, t)| (format!("simulator.command.{i}"), t)),
        );
        for command in &simulator.after {
            let words = command.words.iter().enumerate();
            inline.extend(words.map(|(i, t)| (format!("{}.{i}", command.field), t)));
        }
        inline.extend(
            simulator
                .environment
                .iter()
                .map(|(name, t)| (format!("simulator.env.{name}"), t)),
        );
        inline.extend(of_outputs(simulator));
        inline.extend(
            simulator
                .require
                .iter()
                .enumerate()
                .map(|(i, r)| (format!("simulator.require.{i}.file"), &r.file)),
        );
        inline.extend(own_paths(simulator));
        for (field, template) in inline {
            for found in template.uses() {
                let found = self.found(found, false);
                let found = found.map_err(|message| project.error(&field, message))?;
                sort(found, &mut used, &mut columns);
            }
        }
        for (i, input) in simulator.inputs.iter().enumerate() {
            match &input.content {
                Content::Template { path, template } => {
                    for asked in template.uses() {
                        let found = self.found(asked, false).map_err(|message| ProjectError {
                            file: path.clone(),
                            place: Some(position(asked)),
                            message,
                        })?;
                        sort(found, &mut used, &mut columns);
                    }
                }
                // Its names are checked when it is read.
                Content::OwnTemplate(_) => {}
                Content::Series(table) => {
                    for part in [RowPart::Header, RowPart::Row, RowPart::Footer] {
                        for asked in table.uses(part) {
                            let found = self.found(asked, part == RowPart::Row);
                            let field = format!("simulator.input.{i}.{part}");
                            let found = found.map_err(|message| project.error(&field, message))?;
                            sort(found, &mut used, &mut columns);
                        }
                    }
                }
            }
        }
        Ok((used, columns))
    }
}

fn sort(found: Vec<Found>, parameters: &mut BTreeSet<String>, columns: &mut BTreeSet<String>) {
    for found in found {
        match found {
            Found::Parameter(name) => parameters.insert(name),
            Found::Column(name) => columns.insert(name),
        };
    }
}

/// Line and column of what a template asks for.
fn position(asked: Use<'_>) -> (usize, usize) {
    match asked {
        Use::Value(hole, _) => (hole.line, hole.column),
        Use::List { block, .. } => block.position(),
    }
}
