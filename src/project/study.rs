//! The project file with its `[scenario.*]` and `[sweep.*]` tables: a [`Project`] for every scenario.
//!
//! A scenario is the project with some fields replaced, so it is made by replacing them and checking the whole as usual;
//! errors name the place where the field really stands. A project without scenarios has one, which has no name. Overrides are
//! put in last: they take the place of what project, scenarios and sweeps state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Table;

use super::absent;
use super::build::ProjectBuilder;
use super::cluster::ClusterTable;
use super::cluster::merge::Stated;
use super::error::SourceText;
use super::made::{Made, made_of, named_points};
use super::overrides::Overrides;
use super::places::{FrozenProject, Places};
use super::product_spec::Per;
use super::report_spec::ReportSpec;
use super::sweep::Sweeps;
use super::variant::Variant;
use super::{PROJECT_FILE, Parameter, Project, ProjectError, raw};
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::data::value::Value;
use crate::system::regular;

/// A project file with all its scenarios.
pub struct Study {
    /// The title of a product that all scenarios share.
    pub title: Option<String>,
    /// The project in every scenario, at least one; they differ in what scenarios can change, and in nothing else.
    pub scenarios: Vec<Project>,
    /// The files with samples of parameters, and their digests when they were read.
    pub samples: Vec<(PathBuf, Digest)>,
    /// What the project file says about other machines; the same for all scenarios.
    pub cluster: Option<ClusterTable>,
    /// What is shown in a browser beside what is in the store; the same for all scenarios.
    pub report: ReportSpec,
    /// What takes the place of its values.
    pub overrides: Overrides,
}

/// What is wanted of a project file.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// Where its files are.
    places: Places<'a>,
    /// What takes the place of its values.
    overrides: &'a Overrides,
    /// Whether its scenarios are only passing.
    is_passing: bool,
    /// The scenarios that are wanted.
    scenarios: &'a dyn Fn(&ScenarioName) -> bool,
}

impl<'a> Wanted<'a> {
    /// All scenarios of a project with these values, its files where they are named.
    fn with(overrides: &'a Overrides) -> Self {
        Self {
            places: Places::AsNamed,
            overrides,
            is_passing: false,
            scenarios: &|_| true,
        }
    }
}

impl Study {
    /// Reads and checks the project in `root`.
    pub fn load(root: &Path) -> Result<Self, ProjectError> {
        Self::load_with(root, &Overrides::None)
    }

    /// The same with these values in place of the project's.
    pub fn load_with(root: &Path, overrides: &Overrides) -> Result<Self, ProjectError> {
        let (file, text) = project_text(root)?;
        let mut study = Self::of_text(root, &text, Wanted::with(overrides))?;
        let source = SourceText::new(&file, &text);
        study.check_outputs(&source)?;
        study.place_products(&source)?;
        study.check_shared_product(&source)?;
        Ok(study)
    }

    /// The same for one look: its scenarios are [passing](crate::data::scenario::Standing::Passing), and no product is made of
    /// them, so that nothing is checked of where it would be.
    pub fn load_passing(root: &Path, overrides: &Overrides) -> Result<Self, ProjectError> {
        let (file, text) = project_text(root)?;
        let wanted = Wanted {
            is_passing: true,
            ..Wanted::with(overrides)
        };
        let study = Self::of_text(root, &text, wanted)?;
        study.check_outputs(&SourceText::new(&file, &text))?;
        Ok(study)
    }

    /// The project in `root` with these values, with these tables in place of its outputs, and with nothing in its product: for finding
    /// out what to take from a run. Errors have no places, as there is no such file.
    pub fn load_to_try(
        root: &Path,
        overrides: &Overrides,
        outputs: &str,
    ) -> Result<Self, ProjectError> {
        let (file, text) = project_text(root)?;
        let fault = |error: toml::de::Error| SourceText::new(&file, &text).syntax(&error);
        let mut table: Table = text.parse().map_err(fault)?;
        let mut outputs: Table = outputs.parse().map_err(fault)?;
        let outputs = outputs
            .get_mut("simulator")
            .and_then(|it| it.as_table_mut()?.remove("output"));
        if let Some(simulator) = table.get_mut("simulator").and_then(|it| it.as_table_mut()) {
            simulator.remove("output");
            simulator.extend(outputs.map(|outputs| ("output".to_owned(), outputs)));
        }
        // Nothing of what it says is needed, and all of it may be about columns that are not there yet.
        let product = Table::from_iter([("file".to_owned(), "output.nc".into())]);
        table.insert("product".to_owned(), product.into());
        for of_product in ["observations", "objective"] {
            table.remove(of_product);
        }
        let scenarios = table.get_mut("scenario").and_then(|it| it.as_table_mut());
        for (_, scenario) in scenarios.into_iter().flatten() {
            if let Some(scenario) = scenario.as_table_mut() {
                scenario.remove("product");
            }
        }
        Self::of_text(root, &table.to_string(), Wanted::with(overrides))
    }

    /// Without outputs there is nothing to be kept of a run.
    fn check_outputs(&self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        match self.common().simulator.outputs.is_empty() {
            false => Ok(()),
            true => Err(source.error(
                "simulator",
                "[simulator.output] is missing, which says what to take from the files that a run leaves; `rerunoff try` runs one \
                 catchment and proposes it",
            )),
        }
    }

    /// The scenarios that are wanted, by name, of a frozen project. It is for running: nothing is imported, and its products have no
    /// places.
    ///
    /// # Errors
    /// As of [`Self::load`]; and if no scenario is wanted.
    pub fn load_frozen(
        frozen: FrozenProject<'_>,
        is_wanted: &dyn Fn(&ScenarioName) -> bool,
    ) -> Result<Self, ProjectError> {
        let wanted = Wanted {
            places: Places::Frozen(frozen),
            scenarios: is_wanted,
            ..Wanted::with(frozen.overrides)
        };
        let study = Self::of_text(frozen.root, frozen.text, wanted)?;
        match study.scenarios.is_empty() {
            false => Ok(study),
            true => Err(ProjectError {
                file: frozen.root.join(PROJECT_FILE),
                place: None,
                message: "has none of the scenarios that are wanted".to_owned(),
            }),
        }
    }

    /// The wanted scenarios of a project file of this text, before their products have places.
    fn of_text(root: &Path, text: &str, wanted: Wanted<'_>) -> Result<Self, ProjectError> {
        let places = wanted.places;
        let file = &root.join(PROJECT_FILE);
        let source = SourceText::new(file, text);
        let mut raw: raw::Project = toml::from_str(text).map_err(|error| source.syntax(&error))?;
        let named = std::mem::take(&mut raw.scenario);
        let sweeps = Sweeps::new(&std::mem::take(&mut raw.sweep), root, places, &source)?;
        let cluster = (raw.cluster.take())
            .map(|raw| ClusterTable::of_project(raw, file, text))
            .transpose()?;
        Stated::of_project(file, cluster.as_ref()).check()?;
        let report = ReportSpec::of(std::mem::take(&mut raw.report), root, &source)?;
        let builder = ProjectBuilder {
            root,
            source: source.clone(),
            places,
        };
        let shared = builder.shared(&raw)?;
        let mut variants = Vec::new();
        for name in named.keys() {
            let field = format!("scenario.{name}");
            ScenarioName::new(name).map_err(|fault| source.error(&field, fault))?;
            variants.push((
                name.as_str(),
                Variant::of(&raw, name, &named, &sweeps, &source)?,
            ));
        }
        if variants.is_empty() {
            variants.push(("", Variant::plain(&raw)));
        }
        let mut study = Self {
            title: raw.title.clone(),
            scenarios: Vec::new(),
            samples: sweeps.files.clone(),
            cluster,
            report,
            overrides: wanted.overrides.clone(),
        };
        for (name, variant) in variants {
            let is_swept = |sweep: &str| {
                let chosen = variant.sweeps.as_ref();
                chosen.is_none_or(|chosen| chosen.iter().any(|name| name == sweep))
            };
            let points = sweeps.points(&is_swept, &source)?;
            let points = named_points(name, points, &source)?;
            let points = made_of(points, wanted.overrides, &source)?.into_iter();
            let points: Vec<Made<'_>> = points
                .filter(|made| (wanted.scenarios)(&made.name))
                .collect();
            if points.is_empty() {
                continue;
            }
            let source = source.with_moved(variant.moved.clone());
            let builder = ProjectBuilder {
                root,
                source,
                places,
            };
            let constants = variant.constants();
            let mut project = builder.project(variant.raw, shared.clone(), file, text)?;
            project.scenario.first_table = raw.parameters.table.len();
            project.scenario.stated = variant.stated;
            project.scenario.coordinates = constants;
            if let Some(last) = study.scenarios.last()
                && last.simulator == project.simulator
            {
                project.simulator = last.simulator.clone();
            }
            for made in points {
                study
                    .scenarios
                    .push(made.project(&project, wanted.is_passing));
            }
        }
        study.complete_coordinates();
        study.check_names(&source)?;
        Ok(study)
    }

    /// What all scenarios have in common, as the first of them has it: the folder, the input, what the store keeps.
    pub fn common(&self) -> &Project {
        &self.scenarios[0]
    }

    /// Whether the project has scenarios.
    pub fn is_named(&self) -> bool {
        !self.common().scenario.name.is_unnamed()
    }

    /// Whether all of it is only passing, see [`Standing::Passing`](crate::data::scenario::Standing::Passing).
    pub fn is_passing(&self) -> bool {
        self.common().scenario.standing.is_passing()
    }

    /// The names of all scenarios.
    pub fn names(&self) -> impl Iterator<Item = &ScenarioName> {
        self.scenarios.iter().map(|project| &project.scenario.name)
    }

    /// Every product file of the study, in the scenarios' order, each once.
    pub fn products(&self) -> Vec<&Path> {
        let count = match self.common().product.per {
            Per::File => self.scenarios.len(),
            Per::Dimension => 1,
        };
        let scenarios = self.scenarios[..count].iter();
        scenarios
            .map(|project| project.product.path.as_path())
            .collect()
    }

    /// Where a scenario does not state what others do, the project's value holds.
    fn complete_coordinates(&mut self) {
        let stated = self.scenarios.iter();
        let stated: BTreeSet<String> = (stated.flat_map(|project| &project.scenario.coordinates))
            .map(|(name, _)| name.clone())
            .collect();
        for project in &mut self.scenarios {
            let coordinates = &mut project.scenario.coordinates;
            for name in &stated {
                // A list has no place along the scenarios.
                if let (false, Some(Parameter::Constant(value))) =
                    (coordinates.contains_key(name), project.parameters.get(name))
                    && !matches!(value, Value::List(_))
                {
                    coordinates.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn check_names(&self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        let mut seen = BTreeSet::new();
        match self.names().find(|name| !seen.insert(*name)) {
            None => Ok(()),
            Some(name) => Err(source.error(
                "sweep",
                format!("there are two scenarios named {:?}", name.as_str()),
            )),
        }
    }
}

/// The project file in a folder, and its text.
fn project_text(root: &Path) -> Result<(PathBuf, String), ProjectError> {
    let file = root.join(PROJECT_FILE);
    match regular::read_to_string(&file) {
        Ok(text) => Ok((file, text)),
        Err(error) => Err(ProjectError {
            place: None,
            message: absent::reason(root, &error),
            file,
        }),
    }
}
