//! What one catchment's simulator will see: every template of the project with the catchment's values in it.

use std::path::PathBuf;

use super::Recipe;
use crate::language::template::Template;
use crate::plan::basin::{Basin, CatchmentValues};
use crate::plan::environment;
use crate::plan::problem::Problem;
use crate::project::{Content, plain_path};

/// What one catchment's simulator will see, except for the rows of its series.
pub struct Rendered {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The environment that the project states, in addition to the fixed one.
    pub environment: Vec<(String, String)>,
    /// The content of every simulator input; `None` for a series table.
    pub files: Vec<Option<Vec<u8>>>,
    /// The output file, below the work directory.
    pub output: PathBuf,
    /// The headers of the wanted output columns.
    pub headers: Vec<String>,
    /// The files that a good run leaves, with a text each must contain.
    pub require: Vec<(PathBuf, String)>,
    pub(super) values: CatchmentValues,
}

impl Recipe<'_> {
    /// What the simulator of one catchment will see.
    pub fn render(&self, basin: &Basin<'_>, catchment: usize) -> Result<Rendered, Problem> {
        let values = basin.values(catchment, &self.names)?;
        let simulator = &self.project.simulator;
        let text = |template: &Template| render_text(template, &values);
        let path = |template: &Template| plain_path(&text(template)?).map_err(Problem::Rendering);
        let mut environment = environment::passed(simulator);
        for (name, template) in &simulator.environment {
            environment.push((name.clone(), text(template)?));
        }
        let mut files = Vec::with_capacity(simulator.inputs.len());
        for input in &simulator.inputs {
            files.push(match &input.content {
                Content::Series(_) => None,
                Content::Template { path, template } => {
                    let mut out = Vec::new();
                    template.render(&values, &mut out).map_err(|error| {
                        Problem::Rendering(format!("{}: {error}", path.display()))
                    })?;
                    Some(out)
                }
            });
        }
        let command = simulator
            .command
            .iter()
            .map(text)
            .collect::<Result<Vec<_>, _>>()?;
        let nul = command
            .iter()
            .chain(environment.iter().map(|(_, value)| value))
            .find(|text| text.contains('\0'));
        if let Some(text) = nul {
            return Err(Problem::Rendering(format!(
                "{text:?} holds a NUL, which no argument or variable can"
            )));
        }
        let output = path(&simulator.output.file)?;
        let headers = simulator
            .output
            .columns
            .iter()
            .map(|column| text(&column.header))
            .collect::<Result<_, _>>()?;
        let require = (simulator.require.iter())
            .map(|requirement| Ok((path(&requirement.file)?, requirement.contains.clone())))
            .collect::<Result<_, Problem>>()?;
        Ok(Rendered {
            command,
            environment,
            files,
            output,
            headers,
            require,
            values,
        })
    }
}

fn render_text(template: &Template, values: &CatchmentValues) -> Result<String, Problem> {
    let mut out = Vec::new();
    template
        .render(values, &mut out)
        .map_err(|error| Problem::Rendering(error.to_string()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
