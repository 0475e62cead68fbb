//! The project file with its `[scenario.*]` and `[sweep.*]` tables: a [`Project`] for every scenario.
//!
//! A scenario is the project with some fields replaced, so it is made by replacing them and checking the whole as usual;
//! errors name the place where the field really stands. A project without scenarios has one, which has no name. Overrides are
//! put in last: they take the place of what project, scenarios and sweeps state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Table;

use super::absent;
use super::build::{ProjectBuilder, place, same_file};
use super::cluster::ClusterTable;
use super::cluster::merge::Stated;
use super::error::{Moved, SourceText};
use super::overrides::{Overrides, ParameterSet};
use super::places::{FrozenProject, Places};
use super::product::SCENARIO;
use super::product_spec::{Per, ProductVariable, valid_name};
use super::sweep::{MOST, Point, Sweeps, joined_label};
use super::{DeckPlace, PROJECT_FILE, Parameter, Project, ProjectError, raw};
use crate::data::catchment::file_name;
use crate::data::digest::Digest;
use crate::data::scenario::{ScenarioName, Standing};
use crate::data::value::Value;
use crate::project::import_spec::ImportSpec;
use crate::project::report_spec::ReportSpec;
use crate::system::regular;
use crate::text::wording::{self, Quotes};

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

/// The project with what one scenario changes, before it is checked.
struct Variant {
    raw: raw::Project,
    moved: Moved,
    stated: BTreeSet<String>,
    sweeps: Option<Vec<String>>,
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

    /// The same for one look: its scenarios are [passing](Standing::Passing), and no product is made of them, so that nothing is
    /// checked of where it would be.
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
                variant(&raw, name, &named, &sweeps, &source)?,
            ));
        }
        if variants.is_empty() {
            let plain = Variant {
                raw: raw.clone(),
                moved: Moved::new(),
                stated: BTreeSet::new(),
                sweeps: None,
            };
            variants.push(("", plain));
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
            let constants = constants(&variant);
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

    /// Whether all of it is only passing, see [`Standing::Passing`].
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

    /// A product that all scenarios share has the same variables for all.
    fn check_shared_product(&self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        let first = self.common();
        if first.product.per == Per::File {
            return Ok(());
        }
        let product = &first.product;
        let taken: BTreeSet<_> = product.names().collect();
        for name in first.scenario.coordinates.keys() {
            let field = format!("parameters.{name}");
            let fault = if !valid_name(name) {
                "can't be a coordinate of the product: a name has letters, digits and underscores, and none that the product uses itself"
            } else if taken.contains(name.as_str()) {
                "is a coordinate of the scenarios, and the product has something else of this name; rename one"
            } else {
                continue;
            };
            let source = source.with_moved(first.moved.clone());
            return Err(source.error(&field, fault));
        }
        let described = |project: &Project| -> Vec<_> {
            let variables = project.product.variables.iter();
            variables.map(ProductVariable::description).collect()
        };
        let own = described(first);
        match (self.scenarios.iter()).find(|project| described(project) != own) {
            None => Ok(()),
            Some(other) => Err(source.error(
                "product",
                format!(
                    "scenario {:?} has other product variables than {:?}, so they can't share a file; `file = \"output/{SCENARIO}.nc\"` gives each its own",
                    other.scenario.name.as_str(),
                    first.scenario.name.as_str()
                ),
            )),
        }
    }

    /// Puts the scenarios' names into those of their products, none of which may take the place of what is read.
    fn place_products(&mut self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        let is_named = self.is_named();
        let mut places = BTreeSet::new();
        for project in &mut self.scenarios {
            let per_file = project.product.per == Per::File;
            if per_file {
                if !is_named {
                    let rule = "has \"{scenario}\" in its name, but the project has no scenarios";
                    return Err(source.error("product.file", rule));
                }
                let path = project.product.path.to_string_lossy();
                project.product.path = path
                    .replace(SCENARIO, &readable(&project.scenario.name))
                    .into();
            }
            let tables = project.tables.iter().map(|table| table.path.as_path());
            let observations = &project.observations;
            let sources = (project.input.files.iter().map(PathBuf::as_path))
                .chain(tables)
                .chain(self.samples.iter().map(|(path, _)| path.as_path()))
                .chain(project.import.iter().flat_map(ImportSpec::sources))
                .chain(observations.iter().flat_map(|source| source.sources()));
            let product = &project.product.path;
            let place = place(source, "product.file", product)?;
            for path in sources {
                if same_file(path, product) || path == place {
                    let message = format!("the product would overwrite {}", path.display());
                    return Err(source.error("product.file", message));
                }
            }
            let deck = project.simulator.deck.as_ref();
            let deck = deck.and_then(|deck| match &deck.place {
                DeckPlace::Common(path) => path.canonicalize().ok(),
                // A catchment's own is not known yet.
                DeckPlace::Own(_) => None,
            });
            if deck.is_some_and(|deck| place.starts_with(deck)) {
                let rule = "would be in the deck, which would be another one after each run; put it elsewhere";
                return Err(source.error("product.file", rule));
            }
            if per_file && !places.insert(place) {
                let message = format!(
                    "{} is a link to another scenario's product",
                    product.display()
                );
                return Err(source.error("product.file", message));
            }
        }
        Ok(())
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

/// A scenario's name as part of a file's name: as it is where that is harmless.
fn readable(name: &ScenarioName) -> String {
    let is_harmless = |c: char| c.is_alphanumeric() || "_.-=+@ ".contains(c);
    match name.as_str().chars().all(is_harmless) {
        true => name.as_str().to_owned(),
        false => file_name(name.as_str()),
    }
}

/// The project as a scenario has it, after the changes of the scenarios that it extends.
fn variant(
    base: &raw::Project,
    name: &str,
    named: &BTreeMap<String, raw::Scenario>,
    sweeps: &Sweeps,
    source: &SourceText<'_>,
) -> Result<Variant, ProjectError> {
    let mut lineage: Vec<(&str, &raw::Scenario)> = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next {
        // Only the first is known to be there, and it is.
        let Some(scenario) = named.get(name) else {
            break;
        };
        lineage.push((name, scenario));
        next = scenario.extends.as_deref();
        if let Some(parent) = next {
            let field = format!("scenario.{name}.extends");
            if lineage.iter().any(|(known, _)| *known == parent) {
                return Err(source.error(&field, "leads back to a scenario that extends this one"));
            }
            if !named.contains_key(parent) {
                let known = named.keys().map(String::as_str);
                return Err(source.error(&field, unknown("scenario", parent, known)));
            }
        }
        if let Some(raw::Catchments::Folder(_)) = scenario.catchments {
            let field = format!("scenario.{name}.catchments");
            let rule = "chooses among the catchments of the project, with a formula or a list of ids; a folder goes under [input]";
            return Err(source.error(&field, rule));
        }
        for sweep in scenario.sweep.iter().flatten() {
            if !sweeps.has(sweep) {
                let field = format!("scenario.{name}.sweep");
                return Err(source.error(&field, unknown("sweep", sweep, sweeps.names())));
            }
        }
    }
    let mut variant = Variant {
        raw: base.clone(),
        moved: Moved::new(),
        stated: BTreeSet::new(),
        sweeps: None,
    };
    for (name, scenario) in lineage.into_iter().rev() {
        variant.apply(name, scenario.clone());
    }
    Ok(variant)
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let hint = wording::hint(name, known, Quotes::Double).unwrap_or_default();
    format!("there is no {what} {name:?}{hint}")
}

impl Variant {
    /// Replaces what the scenario states.
    fn apply(&mut self, name: &str, scenario: raw::Scenario) {
        let origin = format!("scenario.{name}");
        let mut moved = |place: String, here: String| {
            self.moved.push((place, format!("{origin}.{here}")));
        };
        if scenario.title.is_some() {
            self.raw.title = scenario.title;
        }
        if scenario.catchments.is_some() {
            self.raw.input.catchments = scenario.catchments;
            moved("input.catchments".to_owned(), "catchments".to_owned());
        }
        if scenario.sweep.is_some() {
            self.sweeps = scenario.sweep;
        }
        for (name, value) in scenario.parameters.values {
            let field = format!("parameters.{name}");
            moved(field.clone(), field);
            self.stated.insert(name.clone());
            self.raw.parameters.values.insert(name, value);
        }
        let tables = &mut self.raw.parameters.table;
        for (i, table) in scenario.parameters.table.into_iter().enumerate() {
            let place = format!("parameters.table.{}", tables.len());
            moved(place, format!("parameters.table.{i}"));
            tables.push(table);
        }
        let inputs = &mut self.raw.simulator.input;
        for (i, input) in scenario.simulator.input.into_iter().enumerate() {
            let at = inputs.iter().position(|known| known.file == input.file);
            let at = at.unwrap_or(inputs.len());
            moved(
                format!("simulator.input.{at}"),
                format!("simulator.input.{i}"),
            );
            match at < inputs.len() {
                true => inputs[at] = input,
                false => inputs.push(input),
            }
        }
        for (name, variable) in scenario.product.variables {
            let field = format!("product.variables.{name}");
            moved(field.clone(), field);
            self.raw.product.variables.insert(name, variable);
        }
    }
}

/// The constants among the parameters that a scenario states.
fn constants(variant: &Variant) -> BTreeMap<String, Value> {
    let value = |name: &String| {
        let value = match variant.raw.parameters.values.get(name)? {
            toml::Value::String(text) if text.trim_start().starts_with('=') => return None,
            toml::Value::String(text) => Value::Text(text.clone()),
            toml::Value::Integer(integer) => Value::Integer(*integer),
            toml::Value::Float(number) => Value::Number(*number),
            _ => return None,
        };
        Some((name.clone(), value))
    };
    variant.stated.iter().filter_map(value).collect()
}

/// The points of a scenario with the names of the scenarios that they make.
fn named_points(
    scenario: &str,
    points: Vec<Point>,
    source: &SourceText<'_>,
) -> Result<Vec<(ScenarioName, Point)>, ProjectError> {
    let named = |point: Point| {
        let label = joined_label(scenario, &point.label);
        if label.is_empty() {
            return Ok((ScenarioName::UNNAMED, point));
        }
        let field = (point.values.first()).map_or("sweep", |(_, _, field)| field);
        let name = ScenarioName::new(&label).map_err(|fault| source.error(field, fault))?;
        Ok((name, point))
    };
    points.into_iter().map(named).collect()
}

/// A scenario that is to be made: a point of the sweeps, with a set of overrides or without one.
struct Made<'a> {
    name: ScenarioName,
    /// The scenario of the project file.
    of: ScenarioName,
    point: Point,
    set: Option<&'a ParameterSet>,
    /// Whether the set is what it differs by from others.
    is_sample: bool,
}

/// The scenarios that points and overrides make.
fn made_of<'a>(
    points: Vec<(ScenarioName, Point)>,
    overrides: &'a Overrides,
    source: &SourceText<'_>,
) -> Result<Vec<Made<'a>>, ProjectError> {
    let Overrides::Samples(sets) = overrides else {
        let set = overrides.sets().first();
        let made = points.into_iter().map(|(name, point)| Made {
            of: name.clone(),
            name,
            point,
            set,
            is_sample: false,
        });
        return Ok(made.collect());
    };
    if points.len().saturating_mul(sets.len()) > MOST {
        let message = format!("with the samples, there are more than {MOST} scenarios");
        return Err(source.error("sweep", message));
    }
    let mut made = Vec::with_capacity(points.len() * sets.len());
    for (of, point) in points {
        for set in sets {
            let label = joined_label(of.as_str(), &set.label);
            made.push(Made {
                name: ScenarioName::new(&label).map_err(|fault| source.error("sample", fault))?,
                of: of.clone(),
                point: point.clone(),
                set: Some(set),
                is_sample: true,
            });
        }
    }
    Ok(made)
}

impl Made<'_> {
    /// The project as this scenario.
    fn project(self, project: &Project, is_passing: bool) -> Project {
        let mut project = project.clone();
        project.scenario.name = self.name;
        if is_passing {
            project.scenario.standing = Standing::Passing(self.of);
        }
        for (name, value, field) in self.point.values {
            project.moved.push((format!("parameters.{name}"), field));
            project.scenario.stated.insert(name.clone());
            let coordinates = &mut project.scenario.coordinates;
            coordinates.insert(name.clone(), value.clone());
            project.parameters.insert(name, Parameter::Constant(value));
        }
        for (name, value) in self.set.iter().flat_map(|set| &set.values) {
            project.replace(name, value, self.is_sample);
        }
        project
    }
}

impl Project {
    /// Puts a value in the place of all that states a parameter. It is one of the coordinates if it was, or is to be.
    fn replace(&mut self, name: &str, value: &Value, is_coordinate: bool) {
        let field = format!("parameters.{name}");
        self.moved.push((field, format!("the value of {name}")));
        let scenario = &mut self.scenario;
        scenario.overridden.insert(name.to_owned());
        if !self.parameters.contains_key(name) {
            scenario.unstated.insert(name.to_owned());
        }
        let was_coordinate = scenario.coordinates.remove(name).is_some();
        // A list has no place along the scenarios.
        if (was_coordinate || is_coordinate) && !matches!(value, Value::List(_)) {
            let coordinates = &mut scenario.coordinates;
            coordinates.insert(name.to_owned(), value.clone());
        }
        let parameter = Parameter::Constant(value.clone());
        self.parameters.insert(name.to_owned(), parameter);
    }
}
