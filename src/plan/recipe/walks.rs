//! The two walks over what determines a result, one over a catchment's own parts and one over the parts that all share.
//!
//! Everything that has to know what a key is made of is a [`Sink`] of these walks: the hash, the explanation, the long texts. So
//! they can't drift apart.

use super::extraction::{contract, extraction};
use super::{Parts, Recipe, Rendered};
use crate::data::digest::Digest;
use crate::data::record::Described;
use crate::plan::key::{HashedBytes, Hasher, Key, KeyPart, Sink};
use crate::project::{Content, Simulator};

/// A walk over what is a catchment's own as bytes to be hashed, step by step, which is kept to be changed in places.
pub(crate) struct Trail {
    start: Hasher,
    steps: Vec<HashedBytes>,
    /// The hash as it was before some of the steps, which ascend.
    states: Vec<(usize, Hasher)>,
}

impl Trail {
    /// The key, where the steps before this one are as they were when it was last asked for.
    fn key(&mut self, from: usize) -> Key {
        while (self.states).pop_if(|(step, _)| *step > from).is_some() {}
        let (step, state) = match self.states.last() {
            Some((step, state)) => (*step, state),
            None => (0, &self.start),
        };
        let mut hasher = state.clone();
        if step < from {
            (self.steps[step..from].iter()).for_each(|step| hasher.bytes(&step.0));
            self.states.push((from, hasher.clone()));
        }
        (self.steps[from..].iter()).for_each(|step| hasher.bytes(&step.0));
        Key(hasher.finish())
    }
}

impl Recipe<'_> {
    /// The one walk over what is a catchment's own.
    pub(super) fn walk(&self, rendered: &Rendered, series: &[Digest], sink: &mut dyn Sink) {
        for step in 0..self.steps() {
            self.step(step, rendered, series, sink);
        }
    }

    /// A walk from its start on, and the key that it leads to.
    pub(crate) fn trail(&self, rendered: &Rendered, series: &[Digest]) -> (Trail, Key) {
        let mut trail = Trail {
            start: Hasher::new(Some(&self.digest)),
            steps: Vec::new(),
            states: Vec::new(),
        };
        (trail.steps).resize_with(self.steps(), HashedBytes::default);
        for at in 0..self.steps() {
            self.step(at, rendered, series, &mut trail.steps[at]);
        }
        let key = trail.key(0);
        (trail, key)
    }

    /// The key when these parts of what is rendered have changed.
    pub(crate) fn key_along(
        &self,
        trail: &mut Trail,
        changed: &Parts,
        rendered: &Rendered,
        series: &[Digest],
    ) -> Key {
        for at in 0..self.steps() {
            if changed.are_in_step(at) {
                trail.steps[at].0.clear();
                self.step(at, rendered, series, &mut trail.steps[at]);
            }
        }
        trail.key(changed.first_step())
    }

    /// How many steps the walk over what is a catchment's own has.
    fn steps(&self) -> usize {
        1 + self.project.simulator.inputs.len() + 1
    }

    /// One step of it: first the frame, then each input, then what is common to them.
    fn step(&self, step: usize, rendered: &Rendered, series: &[Digest], sink: &mut dyn Sink) {
        let inputs = self.project.simulator.inputs.len();
        match step.checked_sub(1) {
            None => walk_frame(&self.project.simulator, rendered, sink),
            Some(input) if input < inputs => self.walk_input(input, rendered, sink),
            Some(_) => self.walk_rest(rendered, series, sink),
        }
    }

    /// The files of one input, or the parameters of one that is a table.
    fn walk_input(&self, at: usize, rendered: &Rendered, sink: &mut dyn Sink) {
        let input = &self.project.simulator.inputs[at];
        match (&rendered.files[at], &input.content) {
            (Some(bytes), _) => {
                sink.part(KeyPart::File(input.name.clone()), bytes);
                if let Some(template) = rendered.own.template(at) {
                    sink.note(&|| {
                        let digest = Digest::of(template.source().as_bytes());
                        (KeyPart::Template(input.name.clone()), digest.to_string())
                    });
                }
            }
            (None, Content::OwnTemplate(_)) => {}
            (None, Content::Series(table)) => {
                for name in &self.names_of_inputs[at] {
                    if let Some(value) = rendered.values.parameter(name) {
                        sink.part(
                            KeyPart::Parameter(name.clone()),
                            value.to_string().as_bytes(),
                        );
                    }
                }
                // Before XML was recognised, the same values and layout gave another text.
                if table.escapes(&rendered.values) {
                    sink.part(KeyPart::File(input.name.clone()), b"XML");
                }
            }
            (None, Content::Template { .. }) => {
                if let Some(frame) = &rendered.frames[at] {
                    sink.part(KeyPart::File(input.name.clone()), frame);
                }
                for name in &self.names_of_rows[at] {
                    if let Some(value) = rendered.values.parameter(name) {
                        sink.part(
                            KeyPart::Parameter(name.clone()),
                            value.to_string().as_bytes(),
                        );
                    }
                }
            }
        }
    }

    /// The digest of what determines the text of an input with rows, beside its series.
    pub(crate) fn table_source(&self, at: usize, rendered: &Rendered) -> Digest {
        let mut hasher = Hasher::new(Some(&self.digest));
        self.walk_input(at, rendered, &mut hasher);
        // The key has values as they are shown. A format tells a number from a text that looks like it.
        let names = self.names_of_inputs[at].iter();
        let values: Vec<_> = names
            .map(|name| (name, rendered.values.parameter(name)))
            .collect();
        let name = self.project.simulator.inputs[at].name.clone();
        hasher.part(KeyPart::Table(name), format!("{values:?}").as_bytes());
        hasher.finish()
    }

    /// The catchment's own files, the series, and the parameters that show in other parts.
    fn walk_rest(&self, rendered: &Rendered, series: &[Digest], sink: &mut dyn Sink) {
        rendered.own.walk(sink);
        for (name, digest) in self.column_names.iter().zip(series) {
            sink.digest(KeyPart::Series(name.clone()), digest);
        }
        for name in (self.parameters()).chain(rendered.own.parameters(&self.names)) {
            if let Some(value) = rendered.values.parameter(name) {
                sink.note(&|| (KeyPart::Parameter(name.clone()), value.to_string()));
            }
        }
    }

    /// The one walk over what is common to all catchments.
    pub(super) fn walk_common(&self, support: &[(KeyPart, Digest)], sink: &mut dyn Sink) {
        let simulator = &self.project.simulator;
        for (part, digest) in support {
            sink.digest(part.clone(), digest);
        }
        let directories: Vec<_> = simulator
            .directories
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        sink.part(KeyPart::Directories, directories.join("\0").as_bytes());
        sink.part(KeyPart::Output, extraction(simulator).as_bytes());
        for (field, text) in contract(simulator) {
            sink.note(&|| (KeyPart::Contract(field.clone()), text.clone()));
        }
        // Without it, a laptop takes what a cluster made for its own.
        if let Some(asked) = &simulator.same_processor {
            sink.part(KeyPart::Processor, asked.class().as_bytes());
        }
        if let Some(time) = &self.time {
            sink.digest(KeyPart::Time, time);
        }
        for input in &simulator.inputs {
            match &input.content {
                Content::Template { template, .. } => {
                    if template.has_rows() {
                        let rows = template.rows().map(|block| block.source.as_str());
                        let rows: Vec<&str> = rows.collect();
                        sink.part(
                            KeyPart::Table(input.name.clone()),
                            rows.join("\0").as_bytes(),
                        );
                    }
                    sink.note(&|| {
                        let digest = Digest::of(template.source().as_bytes());
                        (KeyPart::Template(input.name.clone()), digest.to_string())
                    });
                }
                Content::OwnTemplate(_) => {}
                Content::Series(table) => {
                    sink.part(
                        KeyPart::Table(input.name.clone()),
                        table.layout().as_bytes(),
                    );
                }
            }
        }
    }
}

/// What comes before the files: the command, the environment, the output.
fn walk_frame(simulator: &Simulator, rendered: &Rendered, sink: &mut dyn Sink) {
    sink.part(KeyPart::Command, rendered.command.join("\0").as_bytes());
    if !rendered.after.is_empty() {
        sink.part(KeyPart::After, rendered.after.description().as_bytes());
    }
    for (name, value) in &rendered.environment {
        sink.part(KeyPart::Environment(name.clone()), value.as_bytes());
    }
    let outputs = rendered.outputs.iter().zip(&rendered.choices).enumerate();
    let outputs = outputs.map(|(at, (file, choice))| {
        let headers = (simulator.columns.iter().zip(&rendered.headers))
            .filter(|(column, _)| column.output == at)
            .map(|(_, header)| header);
        let chosen = choice.block.iter().chain(&choice.conditions);
        let texts: Vec<String> = std::iter::once(file.to_string_lossy().into_owned())
            .chain(headers.chain(chosen).cloned())
            .collect();
        texts
    });
    let mut outputs: Vec<Vec<String>> = outputs.collect();
    let text = match outputs.as_slice() {
        // What all had before there could be several.
        [only] => only.join("\0"),
        _ => {
            outputs.sort();
            outputs.description()
        }
    };
    sink.part(KeyPart::Output, text.as_bytes());
}
