//! What one catchment's simulator will see: every template of the project with the catchment's values in it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Recipe;
use super::own::Own;
use crate::language::template::Template;
use crate::plan::basin::{Basin, CatchmentValues};
use crate::plan::environment;
use crate::plan::problem::Problem;
use crate::project::{Content, plain_path};

/// What one catchment's simulator will see, except for the rows of its series.
pub struct Rendered {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The commands that are run after it.
    pub after: Vec<Vec<String>>,
    /// The environment that the project states, in addition to the fixed one.
    pub environment: Vec<(String, String)>,
    /// The content of every simulator input; `None` for a series table, and for a template with rows in the middle.
    pub files: Vec<Option<Vec<u8>>>,
    /// Of every template with rows in the middle, what determines the file beside its rows.
    pub(super) frames: Vec<Option<Vec<u8>>>,
    /// The output files, below the work directory.
    pub outputs: Vec<PathBuf>,
    /// What chooses rows of each output.
    pub choices: Vec<RowChoice>,
    /// The headers of the wanted output columns, of all outputs.
    pub headers: Vec<String>,
    /// The files that a good run leaves, with a text each must contain.
    pub require: Vec<(PathBuf, String)>,
    /// What it brings along itself.
    pub own: Own,
    pub(crate) values: CatchmentValues,
}

/// What chooses rows of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChoice {
    /// The text in each line that begins a block, if there are blocks.
    pub block: Option<String>,
    /// The texts of the conditions that rows have to meet.
    pub conditions: Vec<String>,
}

/// The parts of what is rendered in which the values of some names show.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The command, the environment, the output and what makes a run a good one.
    frame: bool,
    /// Each simulator input.
    inputs: Vec<bool>,
    /// The catchment's own files.
    own: bool,
}

impl Parts {
    /// Whether there are none.
    pub(crate) fn are_none(&self) -> bool {
        !self.frame && !self.own && !self.inputs.contains(&true)
    }

    /// Takes an input out; returns whether it was among them.
    pub(crate) fn take_input(&mut self, input: usize) -> bool {
        std::mem::take(&mut self.inputs[input])
    }

    /// The first step of the walk that these parts are in.
    pub(super) fn first_step(&self) -> usize {
        if self.frame {
            return 0;
        }
        let input = self.inputs.iter().position(|input| *input);
        1 + input.unwrap_or(self.inputs.len())
    }

    /// Whether some of these are in a step of the walk.
    pub(super) fn are_in_step(&self, step: usize) -> bool {
        match step.checked_sub(1) {
            None => self.frame,
            Some(input) => *self.inputs.get(input).unwrap_or(&self.own),
        }
    }
}

impl Recipe<'_> {
    /// What the simulator of one catchment will see.
    pub fn render(&self, basin: &Basin<'_>, catchment: usize) -> Result<Rendered, Problem> {
        let inputs = self.project.simulator.inputs.len();
        let mut rendered = Rendered {
            command: Vec::new(),
            after: Vec::new(),
            environment: Vec::new(),
            files: vec![None; inputs],
            frames: vec![None; inputs],
            outputs: Vec::new(),
            choices: Vec::new(),
            headers: Vec::new(),
            require: Vec::new(),
            own: Own::default(),
            values: basin.values(catchment, &self.names)?,
        };
        let all = Parts {
            frame: true,
            inputs: vec![true; inputs],
            own: true,
        };
        self.render_parts(&all, &mut rendered)?;
        if self.has_own_templates() {
            let names = &self.names | rendered.own.names();
            rendered.values = basin.values(catchment, &names)?;
            for (at, bytes) in rendered.own.render_templates(&rendered.values)? {
                rendered.files[at] = Some(bytes);
            }
        }
        Ok(rendered)
    }

    /// The parts in which these names show.
    pub(crate) fn parts_with(&self, names: &[String]) -> Parts {
        let has_any = |used: &BTreeSet<String>| names.iter().any(|name| used.contains(name));
        let frame = has_any(&self.names_of_frame);
        Parts {
            frame,
            // An output has its place among them.
            own: frame || has_any(&self.names_of_own),
            inputs: self.names_of_inputs.iter().map(has_any).collect(),
        }
    }

    /// Makes some parts from the values as they are now; on an error they may be anything.
    pub(crate) fn render_parts(
        &self,
        parts: &Parts,
        rendered: &mut Rendered,
    ) -> Result<(), Problem> {
        let simulator = &self.project.simulator;
        let Rendered { values, .. } = rendered;
        let text = |template: &Template| render_text(template, values);
        let path = |template: &Template| plain_path(&text(template)?).map_err(Problem::Rendering);
        if parts.frame {
            rendered.environment = environment::passed(simulator);
            for (name, template) in &simulator.environment {
                rendered.environment.push((name.clone(), text(template)?));
            }
        }
        for (at, input) in simulator.inputs.iter().enumerate() {
            if let (true, Content::Template { path, template }) = (parts.inputs[at], &input.content)
            {
                let has_rows = template.has_rows();
                let place = match has_rows {
                    true => &mut rendered.frames[at],
                    false => &mut rendered.files[at],
                };
                let out = place.get_or_insert_default();
                out.clear();
                match has_rows {
                    true => {
                        let columns = self.column_names.join("\0");
                        out.extend(format!("{}\0{columns}\0\0", template.rules()).into_bytes());
                        template.render_around_rows(values, out)
                    }
                    false => template.render(values, out),
                }
                .map_err(|error| Problem::Rendering(format!("{}: {error}", path.display())))?;
            }
        }
        if parts.frame {
            let command = simulator.command.iter().map(text);
            rendered.command = command.collect::<Result<_, _>>()?;
            let after = (simulator.after.iter())
                .map(|command| command.words.iter().map(text).collect::<Result<_, _>>());
            rendered.after = after.collect::<Result<_, _>>()?;
            let nul = (rendered.command.iter())
                .chain(rendered.after.iter().flatten())
                .chain(rendered.environment.iter().map(|(_, value)| value))
                .find(|text| text.contains('\0'));
            if let Some(text) = nul {
                return Err(Problem::Rendering(format!(
                    "{text:?} holds a NUL, which no argument or variable can"
                )));
            }
            let outputs = simulator.outputs.iter().map(|output| path(&output.file));
            rendered.outputs = outputs.collect::<Result<_, _>>()?;
            let choices = simulator.outputs.iter().map(|output| {
                let conditions = output.format.conditions.iter();
                Ok(RowChoice {
                    block: output.format.blocks.as_ref().map(text).transpose()?,
                    conditions: conditions
                        .map(|c| text(&c.text))
                        .collect::<Result<_, _>>()?,
                })
            });
            rendered.choices = choices.collect::<Result<_, Problem>>()?;
            let headers = simulator.columns.iter();
            let headers = headers.map(|column| text(&column.header));
            rendered.headers = headers.collect::<Result<_, _>>()?;
            rendered.require = (simulator.require.iter())
                .map(|requirement| Ok((path(&requirement.file)?, requirement.contains.clone())))
                .collect::<Result<_, Problem>>()?;
        }
        if parts.own {
            rendered.own = self.own(values, &rendered.outputs, &rendered.require)?;
        }
        Ok(())
    }
}

fn render_text(template: &Template, values: &CatchmentValues) -> Result<String, Problem> {
    let mut out = Vec::new();
    template
        .render(values, &mut out)
        .map_err(|error| Problem::Rendering(error.to_string()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
