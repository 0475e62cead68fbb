//! The `[simulator]` table: how to run one catchment, checked.

mod after;
mod deck;
mod fence;
mod glob;
mod input;
mod netcdf_layout;
mod output;
mod support;
mod text_layout;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build::{ProjectBuilder, plain_name, plain_path};
use super::{
    Output, ProjectError, Requirement, SameProcessor, Simulator, SimulatorInput, Support, Timeout,
    raw,
};
use crate::data::size::Size;
use crate::language::template::Template;

/// The floor of automatic timeouts unless the project states another.
const DEFAULT_FLOOR: Duration = Duration::from_secs(60);
/// How large a simulator's files may grow unless the project states it.
const DEFAULT_MAX_FILE_SIZE: Size = Size(1_000_000_000);

impl ProjectBuilder<'_> {
    pub(super) fn simulator(&self, raw: raw::Simulator) -> Result<Simulator, ProjectError> {
        if raw.command.is_empty() {
            return Err(self
                .source
                .error("simulator.command", "is empty; name the program to run"));
        }
        let fence = self.fence(&raw)?;
        let support_exclude = self.exclusions("simulator.support_exclude", &raw.support_exclude)?;
        let supports = self.support(&raw.support, &support_exclude)?;
        let (support, own_support) = (supports.common, supports.own);
        let deck = self.deck(&raw)?;
        let timeout = self.timeout(raw.timeout.as_deref(), raw.timeout_floor.as_deref())?;
        let max_file_size = match raw.max_file_size.map(|text| text.parse::<Size>()) {
            None => DEFAULT_MAX_FILE_SIZE,
            Some(Ok(size)) => size,
            Some(Err(fault)) => return Err(self.source.error("simulator.max_file_size", fault)),
        };
        let directories: Vec<PathBuf> = (raw.directories.iter().enumerate())
            .map(|(i, directory)| {
                plain_path(directory).map_err(|why| {
                    self.source
                        .error(&format!("simulator.directories.{i}"), why)
                })
            })
            .collect::<Result<_, _>>()?;
        let mut require = Vec::new();
        for (i, requirement) in raw.require.into_iter().enumerate() {
            let file = self.template(&format!("simulator.require.{i}.file"), &requirement.file)?;
            require.push(Requirement {
                file,
                contains: requirement.contains,
            });
        }
        let environment = self.environment(&raw.env)?;
        let same_processor = match raw.same_processor {
            None | Some(raw::SameProcessor::Planner(false)) => None,
            Some(raw::SameProcessor::Planner(true)) => Some(SameProcessor::Planner),
            Some(raw::SameProcessor::Class(class)) => {
                if class.trim().is_empty() {
                    let rule = "names no class; `true` is that of the machine that plans";
                    return Err(self.source.error("simulator.same_processor", rule));
                }
                Some(SameProcessor::Class(class))
            }
        };
        let mut inputs = Vec::new();
        for (i, input) in raw.input.into_iter().enumerate() {
            inputs.push(self.simulator_input(&format!("simulator.input.{i}"), input)?);
        }
        let (outputs, columns) = self.outputs(raw.output)?;
        self.check_places(&support, &directories, &inputs, &outputs)?;
        Ok(Simulator {
            command: (raw.command.iter().enumerate())
                .map(|(i, text)| self.template(&format!("simulator.command.{i}"), text))
                .collect::<Result<_, _>>()?,
            after: self.after(raw.after)?,
            support,
            own_support,
            support_folders: supports.listed,
            support_exclude,
            deck,
            timeout,
            max_file_size,
            retries: raw.retries,
            same_processor,
            exit_codes: raw.exit_codes.unwrap_or_else(|| vec![0]),
            directories,
            fail_on_stdout: raw.fail_on_stdout,
            require,
            environment,
            pass_environment: raw.pass_env,
            passed: self.places.passed(),
            fence,
            inputs,
            outputs,
            columns,
        })
    }

    /// The environment variables with their names checked.
    fn environment(
        &self,
        raw: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Template>, ProjectError> {
        let mut environment = BTreeMap::new();
        for (name, text) in raw {
            let field = format!("simulator.env.{name}");
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(self
                    .source
                    .error(&field, "is no name of an environment variable"));
            }
            environment.insert(name.clone(), self.template(&field, text)?);
        }
        Ok(environment)
    }

    fn timeout(
        &self,
        timeout: Option<&str>,
        floor: Option<&str>,
    ) -> Result<Option<Timeout>, ProjectError> {
        let floor_field = "simulator.timeout_floor";
        match (timeout, floor) {
            (Some("auto"), None) => Ok(Some(Timeout::Auto {
                floor: DEFAULT_FLOOR,
            })),
            (Some("auto"), Some(floor)) => {
                let floor = self.duration(floor_field, floor)?;
                Ok(Some(Timeout::Auto { floor }))
            }
            (_, Some(_)) => Err(self
                .source
                .error(floor_field, "only goes with `timeout = \"auto\"`")),
            (Some(text), None) => {
                let limit = self.duration("simulator.timeout", text)?;
                Ok(Some(Timeout::Fixed(limit)))
            }
            (None, None) => Ok(None),
        }
    }

    /// Every file has a place of its own in the work directory. Support files are links there: whatever is written to the
    /// place of one would be written to the user's own file.
    fn check_places(
        &self,
        support: &[Support],
        directories: &[PathBuf],
        inputs: &[SimulatorInput],
        outputs: &[Output],
    ) -> Result<(), ProjectError> {
        let outputs = outputs.iter().map(|output| {
            (
                format!("{}.file", output.field),
                Path::new(output.file.source()),
            )
        });
        let outputs: Vec<(String, &Path)> = outputs.collect();
        let mut places = outputs.clone();
        for (i, directory) in directories.iter().enumerate() {
            places.push((format!("simulator.directories.{i}"), directory));
        }
        for (i, input) in inputs.iter().enumerate() {
            let (field, path) = (format!("simulator.input.{i}.file"), Path::new(&input.name));
            let taken = inputs[..i]
                .iter()
                .any(|other| Path::new(&other.name) == path);
            if taken || outputs.iter().any(|(_, output)| path == *output) {
                let message = format!("another input or the output is {:?} already", input.name);
                return Err(self.source.error(&field, message));
            }
            places.push((field, path));
        }
        for (field, path) in places {
            let place = plain_name(path);
            let linked = |support: &&Support| Path::new(&place).starts_with(&support.name);
            if let Some(support) = support.iter().find(linked) {
                let message = format!(
                    "{} is in the place of the support file {:?}, a link to your own; `deck` in place of `support` gives each work directory copies that may be written to",
                    path.display(),
                    support.name
                );
                return Err(self.source.error(&field, message));
            }
        }
        Ok(())
    }
}
