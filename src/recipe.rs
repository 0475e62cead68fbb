//! All that is the same for every catchment, bound to the names that the basin has; and one catchment's share of it.
//!
//! A [`Recipe`] is made once a run: every placeholder is checked against the parameters and series there are, the
//! support files are digested. [`Recipe::render`] then makes of it what one catchment's simulator will see, and
//! [`Recipe::walk`] goes over exactly that for the key. It neither writes files nor starts anything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::basin::{Basin, OWN_NAMES, Values};
use crate::digest::Digest;
use crate::environment;
use crate::key::{Explanation, Hasher, Key, Part, Sink};
use crate::names::{self, Names};
use crate::problem::Problem;
use crate::project::{Content, Project, plain_path};
use crate::series_table::BoundTable;
use crate::stamp::Stamp;
use crate::support::{self, SupportFile};
use crate::template::Template;

/// All that is the same for every catchment.
pub struct Recipe<'p> {
    project: &'p Project,
    /// A bound table for every simulator input that is one.
    tables: Vec<Option<BoundTable>>,
    /// The series columns that the tables use, indices into [`Basin::columns`].
    columns: Vec<usize>,
    /// The names of these columns.
    column_names: Vec<String>,
    /// The names that templates use.
    names: BTreeSet<String>,
    time: Digest,
    explanation: Explanation,
    digest: Digest,
    /// What every support file looked like before its digest was taken.
    stamps: Vec<(PathBuf, Stamp)>,
}

/// What one catchment's simulator will see, but for the rows of its series.
pub struct Rendered {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The environment that the project states, beside the fixed one.
    pub environment: Vec<(String, String)>,
    /// The content of every simulator input; `None` for a series table.
    pub files: Vec<Option<Vec<u8>>>,
    /// The output file, below the work directory.
    pub output: PathBuf,
    /// The headers of the wanted output columns.
    pub headers: Vec<String>,
    /// The files that a good run leaves, with a text each must contain.
    pub require: Vec<(PathBuf, String)>,
    values: Values,
}

impl<'p> Recipe<'p> {
    /// Binds the project to the basin; `digest_file` gives the digest of a support file's content.
    pub fn new(
        project: &'p Project,
        basin: &Basin<'_>,
        digest_file: &mut dyn FnMut(&Path) -> Result<Digest>,
    ) -> Result<Self> {
        let (names, used) = Names::of(basin).collect(project)?;
        let columns: Vec<usize> = (0..basin.columns.len())
            .filter(|&at| used.contains(&basin.columns[at].name))
            .collect();
        let column_names: Vec<String> = columns
            .iter()
            .map(|&at| basin.columns[at].name.clone())
            .collect();
        let mut tables = Vec::new();
        for (i, input) in project.simulator.inputs.iter().enumerate() {
            tables.push(match &input.content {
                Content::Series(table) => {
                    let bound = table.bind(&column_names, basin.time());
                    Some(
                        bound.map_err(|fault| {
                            project.error(&format!("simulator.input.{i}"), fault)
                        })?,
                    )
                }
                Content::Template { .. } => None,
            });
        }
        let mut recipe = Self {
            project,
            tables,
            columns,
            column_names,
            names,
            time: time_digest(basin),
            stamps: Vec::new(),
            explanation: Explanation::default(),
            digest: Digest::of(b""),
        };
        let support = recipe.support()?;
        let mut marks = Vec::new();
        for (part, file) in &support {
            // Before it is read: what changes from here on is noticed.
            let stamp = Stamp::of(&file.path)
                .with_context(|| format!("can't read the support file {}", file.path.display()))?;
            recipe.stamps.push((file.path.clone(), stamp));
            let content = digest_file(&file.path)
                .with_context(|| format!("can't read the support file {}", file.path.display()))?;
            marks.push((part.clone(), file.mark(&content)));
        }
        let mut hasher = Hasher::new(None);
        recipe.walk_common(&marks, &mut hasher);
        recipe.digest = hasher.finish();
        let mut explanation = Explanation::default();
        recipe.walk_common(&marks, &mut explanation);
        recipe.explanation = explanation;
        Ok(recipe)
    }

    /// The first support file, the program included, that is not what it was when its digest was taken.
    pub fn changed_file(&self) -> Option<&Path> {
        let changed =
            |(path, stamp): &&(PathBuf, Stamp)| Stamp::of(path).map_or(true, |now| now != *stamp);
        let (path, _) = self.stamps.iter().find(changed)?;
        Some(path)
    }

    /// The digest of all that is common to every catchment.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The parts behind [`Self::digest`].
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }

    /// The series columns that the tables use, indices into [`Basin::columns`].
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

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

    /// Appends a series table; `columns` are those of [`Self::columns`], in that order.
    pub fn write_table(
        &self,
        input: usize,
        rendered: &Rendered,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        match &self.tables[input] {
            Some(table) => table
                .write(&rendered.values, columns, out)
                .map_err(|error| Problem::Rendering(error.to_string())),
            None => Ok(()),
        }
    }

    /// The key of one catchment's run; `series` are the digests of [`Self::columns`], in that order.
    pub fn key(&self, rendered: &Rendered, series: &[Digest]) -> Key {
        let mut hasher = Hasher::new(Some(&self.digest));
        self.walk(rendered, series, &mut hasher);
        Key(hasher.finish())
    }

    /// The parts behind the key of one catchment, without the common ones.
    pub fn explain(&self, rendered: &Rendered, series: &[Digest]) -> Explanation {
        let mut explanation = Explanation::default();
        self.walk(rendered, series, &mut explanation);
        explanation
    }

    /// The one walk over what is a catchment's own.
    fn walk(&self, rendered: &Rendered, series: &[Digest], sink: &mut dyn Sink) {
        sink.part(Part::Command, rendered.command.join("\0").as_bytes());
        for (name, value) in &rendered.environment {
            sink.part(Part::Environment(name.clone()), value.as_bytes());
        }
        let output = format!(
            "{}\0{}",
            rendered.output.display(),
            rendered.headers.join("\0")
        );
        sink.part(Part::Output, output.as_bytes());
        for (file, input) in rendered.files.iter().zip(&self.project.simulator.inputs) {
            match (file, &input.content) {
                (Some(bytes), _) => sink.part(Part::File(input.name.clone()), bytes),
                (None, Content::Series(table)) => {
                    for name in names::of_table(table) {
                        if let Some(value) = rendered.values.parameter(&name) {
                            sink.part(Part::Parameter(name), value.to_string().as_bytes());
                        }
                    }
                }
                (None, Content::Template { .. }) => {}
            }
        }
        for (name, digest) in self.column_names.iter().zip(series) {
            sink.digest(Part::Series(name.clone()), digest);
        }
        for name in self
            .names
            .iter()
            .filter(|name| !OWN_NAMES.contains(&name.as_str()))
        {
            if let Some(value) = rendered.values.parameter(name) {
                sink.note(Part::Parameter(name.clone()), &value.to_string());
            }
        }
    }

    /// The one walk over what is common to all catchments.
    fn walk_common(&self, support: &[(Part, Digest)], sink: &mut dyn Sink) {
        let simulator = &self.project.simulator;
        for (part, mark) in support {
            sink.digest(part.clone(), mark);
        }
        let directories: Vec<_> = simulator
            .directories
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        sink.part(Part::Directories, directories.join("\0").as_bytes());
        let requirements: Vec<_> = simulator
            .require
            .iter()
            .map(|r| (r.file.source(), &r.contains))
            .collect();
        let columns: Vec<_> = simulator
            .output
            .columns
            .iter()
            .map(|column| &column.source)
            .collect();
        let output = format!(
            "{:?} {:?} {:?} {:?} {columns:?}",
            simulator.output.format, simulator.exit_codes, simulator.fail_on_stdout, requirements
        );
        sink.part(Part::Output, output.as_bytes());
        sink.digest(Part::Time, &self.time);
        for input in &simulator.inputs {
            match &input.content {
                Content::Template { template, .. } => {
                    sink.note(
                        Part::Template(input.name.clone()),
                        &Digest::of(template.source().as_bytes()).to_string(),
                    );
                }
                Content::Series(table) => {
                    sink.part(
                        Part::Table(input.name.clone()),
                        table.sources().join("\0").as_bytes(),
                    );
                }
            }
        }
    }

    /// The support files, and the program where none of them is it.
    fn support(&self) -> Result<Vec<(Part, SupportFile)>> {
        let simulator = &self.project.simulator;
        let mut files: Vec<(Part, SupportFile)> = support::files(&simulator.support)?
            .into_iter()
            .map(|file| (Part::Support(file.name.clone()), file))
            .collect();
        let command = &simulator.command[0];
        let name = command.source();
        let fault = |message: String| self.project.error("simulator.command", message);
        if command.placeholders().next().is_some() {
            return Err(fault("the program itself can't be a placeholder".to_owned()).into());
        }
        if name.contains('/') && !name.starts_with('/') {
            let inner = name.strip_prefix("./").unwrap_or(name);
            let Some((_, file)) = files.iter().find(|(_, file)| file.name == inner) else {
                let remedy = "add it to simulator.support, which links files and folders into the work directory";
                return Err(fault(format!(
                    "no support file brings {name} into the work directory; {remedy}"
                ))
                .into());
            };
            if !file.executable {
                let path = file.path.display();
                return Err(
                    fault(format!("{path} is not executable; `chmod +x` makes it so")).into(),
                );
            }
        } else {
            let path = environment::find_program(self.project, name)?;
            files.push((Part::Program, support::program(name, path)?));
        }
        Ok(files)
    }
}

fn render_text(template: &Template, values: &Values) -> Result<String, Problem> {
    let mut out = Vec::new();
    template
        .render(values, &mut out)
        .map_err(|error| Problem::Rendering(error.to_string()))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn time_digest(basin: &Basin<'_>) -> Digest {
    let bytes: Vec<u8> = basin
        .time()
        .nanoseconds()
        .iter()
        .flat_map(|time| time.to_le_bytes())
        .collect();
    Digest::of(&bytes)
}
