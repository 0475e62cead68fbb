//! `rerunoff.toml` → a validated [`Study`]: a [`Project`] for each of its scenarios.
//!
//! All that can be known from the project file and the files it names is checked here, and every error names the file, the
//! line and the remedy. It does not open the input: whether a placeholder or a formula's name exists is known only with the
//! input's own columns and parameters, so [`crate::plan::recipe`] checks that. All wings above but [`crate::history`] use it.

mod absent;
mod axes;
mod build;
pub mod cluster;
mod error;
pub(crate) mod exclusion;
mod import;
pub(crate) mod import_spec;
mod input;
mod made;
mod missing;
pub mod objective_spec;
mod objectives;
mod observations;
pub mod output_format;
pub mod overrides;
pub(crate) mod own_path;
mod places;
mod product;
mod product_places;
pub mod product_spec;
mod raw;
pub mod report_spec;
mod simulator;
mod stated_time;
mod study;
mod sweep;
mod template_file;
mod variant;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use build::{plain_name, plain_path};
pub use error::ProjectError;
pub use missing::missing_files;
pub use places::FrozenProject;
pub use raw::{OnBadInput, Sandbox, WorkIn};
pub use study::Study;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::{ScenarioName, Standing};
use crate::data::size::Size;
use crate::data::value::Value;
use crate::inputs::InputSpec;
use crate::inputs::tables::TableSpec;
use crate::language::formula::Expr;
use crate::language::series_table::SeriesTable;
use crate::language::template::Template;
use crate::project::exclusion::Exclusion;
use crate::project::import_spec::ImportSpec;
use crate::project::output_format::{ColumnPlace, OutputFormat, RowAxes};
use crate::store::cache_folder::CACHE;
use crate::system::machine;
use build::ProjectBuilder;
use error::{Moved, SourceText};
use objective_spec::ObservationSource;
use own_path::OwnPath;
use places::{OwnPlaces, Places};
use product_spec::ProductSpec;

/// The name of the project file.
pub const PROJECT_FILE: &str = "rerunoff.toml";

/// A validated project as one of its scenarios has it; see [`Study`] for all of them.
#[derive(Clone)]
pub struct Project {
    /// The folder of the project file; all relative paths start there.
    pub root: PathBuf,
    /// The project file.
    pub file: PathBuf,
    /// Its text, to find the line of a field in.
    text: Arc<str>,
    /// The fields that its scenario replaces.
    moved: Moved,
    /// Which of the project's scenarios this is.
    pub scenario: Scenario,
    /// The product's title.
    pub title: Option<String>,
    /// Where the catchments and their series are.
    pub input: InputSpec,
    /// What that file is made of, where rerunoff makes it.
    pub import: Option<ImportSpec>,
    /// What to do about catchments whose input can't be used.
    pub on_bad_input: OnBadInput,
    /// Which of the input's catchments are run; `None`: all.
    pub selection: Option<Selection>,
    /// Computed series columns, by name.
    pub series: BTreeMap<String, Expr>,
    /// Global parameters, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Tables with catchments' own parameters.
    pub tables: Vec<TableSpec>,
    /// How to run one catchment. Scenarios that lie side by side and have the same share it.
    pub simulator: Arc<Simulator>,
    /// What to make of all results.
    pub product: ProductSpec,
    /// What was measured, by name.
    pub observations: Vec<Arc<ObservationSource>>,
    /// Where catchments' own files are.
    own_places: OwnPlaces,
    /// Where the work directories are.
    pub work: WorkIn,
    /// What the store keeps.
    pub cache_limits: CacheLimits,
}

/// One of several sets of parameters, templates and catchments in one project.
#[derive(Clone, Default)]
pub struct Scenario {
    /// Its name; unnamed if the project has no scenarios.
    pub name: ScenarioName,
    /// The parameters that it states itself. They win over the catchments' own.
    pub stated: BTreeSet<String>,
    /// The tables from this index on are the scenario's; they win over what it states.
    pub first_table: usize,
    /// Its values of the parameters by which the scenarios differ.
    pub coordinates: BTreeMap<String, Value>,
    /// The parameters whose values are [overrides](overrides::Overrides). They win over everything else.
    pub overridden: BTreeSet<String>,
    /// Those of them that the project file does not state, so that a table or the input has to have them.
    pub unstated: BTreeSet<String>,
    /// What becomes of its outcome.
    pub standing: Standing,
}

impl Scenario {
    /// The scenario of the project whose catchments' past tells of this one's.
    pub fn past(&self) -> &ScenarioName {
        match &self.standing {
            Standing::Own => &self.name,
            Standing::Passing(of) => of,
        }
    }
}

/// Which of the input's catchments are run.
#[derive(Clone)]
pub enum Selection {
    /// Those for which a formula over parameters is not 0.
    Formula(Expr),
    /// These.
    List(Vec<CatchmentId>),
}

/// What the store keeps.
#[derive(Clone)]
pub struct CacheLimits {
    /// Whether the series that simulators were given are kept, so that `why` can show old values.
    pub keep_series: bool,
    /// Whether what simulators leave is kept, so that something else can be taken of it without running them.
    pub keep_outputs: bool,
    /// The results of so many of the last runs are never collected.
    pub keep_runs: usize,
    /// Other results are kept as long as the store is no larger than this; without it they go at once.
    pub max_size: Option<Size>,
}

/// A global parameter.
#[derive(Clone)]
pub enum Parameter {
    /// The same for every catchment that has none of its own.
    Constant(Value),
    /// Computed for each catchment.
    Formula(Expr),
}

/// How to run one catchment and what to take from it.
#[derive(Clone, PartialEq)]
pub struct Simulator {
    /// The program and its arguments.
    pub command: Vec<Template>,
    /// What is run in the same work directory when that went well, one after the other.
    pub after: Vec<AfterCommand>,
    /// Files and folders linked into the work directory.
    pub support: Vec<Support>,
    /// The same that each catchment has for itself.
    pub own_support: Vec<OwnSupport>,
    /// The folders in which patterns among them may find more.
    pub support_folders: Vec<PathBuf>,
    /// What is left out of the folders among them.
    pub support_exclude: Vec<Exclusion>,
    /// The folder whose contents are copied into the work directory.
    pub deck: Option<DeckSpec>,
    /// How long one run may take.
    pub timeout: Option<Timeout>,
    /// How large a file may be that it writes.
    pub max_file_size: Size,
    /// How often a failed run is tried again.
    pub retries: u32,
    /// The processors that results are to be of; `None` if any will do.
    pub same_processor: Option<SameProcessor>,
    /// The exit codes of a run that may have succeeded.
    pub exit_codes: Vec<i32>,
    /// Folders made in the work directory beforehand.
    pub directories: Vec<PathBuf>,
    /// What a failing run prints.
    pub fail_on_stdout: Vec<String>,
    /// What a good run leaves behind.
    pub require: Vec<Requirement>,
    /// Environment variables beside the fixed ones, by name.
    pub environment: BTreeMap<String, Template>,
    /// Environment variables handed on from rerunoff's own environment.
    pub pass_environment: Vec<String>,
    /// These and their values where they come from another process, which had them so.
    pub passed: Option<Vec<(String, String)>>,
    /// What it may reach outside of its work directory.
    pub fence: FenceSpec,
    /// The files written for each catchment.
    pub inputs: Vec<SimulatorInput>,
    /// The files that it leaves, at least one.
    pub outputs: Vec<Output>,
    /// The columns wanted of all of them, by name.
    pub columns: Vec<OutputColumn>,
}

/// What a simulator may reach outside of its work directory, as far as the project states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FenceSpec {
    /// What is kept from it.
    pub sandbox: Sandbox,
    /// Files and folders that it reads where they are. Their content determines results.
    pub reads: Vec<Stated>,
    /// Files and folders that it may write to.
    pub writes: Vec<PathBuf>,
    /// Files and folders that it may read like the system's programs and libraries.
    pub system: Vec<PathBuf>,
    /// Whether it may use the network, and reach other processes.
    pub network: bool,
}

/// A file or folder that the project names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// As the project file has it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The processors that results are to be of: one class of those that may give other bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SameProcessor {
    /// That of the machine that plans.
    Planner,
    /// This one, as [`Machine`](crate::data::machine::Machine) has it.
    Class(String),
}

impl SameProcessor {
    /// The class.
    pub fn class(&self) -> &str {
        match self {
            Self::Planner => &machine::this().class,
            Self::Class(class) => class,
        }
    }
}

/// How long a simulator may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// So long, for every catchment.
    Fixed(Duration),
    /// By each catchment's own history; see [`crate::execute::timeouts`].
    Auto {
        /// At least so long.
        floor: Duration,
    },
}

/// A file or folder that the simulator needs, the same for every catchment.
#[derive(Clone, PartialEq)]
pub struct Support {
    /// Its name in the work directory.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// A command that is run after the simulator.
#[derive(Clone, PartialEq)]
pub struct AfterCommand {
    /// The field that states it.
    pub field: String,
    /// The program and its arguments.
    pub words: Vec<Template>,
}

/// A file or folder that the simulator needs, another one for each catchment.
#[derive(Clone, PartialEq)]
pub struct OwnSupport {
    /// Where it is.
    pub file: OwnPath,
    /// Its name in the work directory, if that is not the last name in its path.
    pub name: Option<Template>,
}

/// A folder whose contents are laid out at the top of each work directory, as copies.
#[derive(Clone, PartialEq)]
pub struct DeckSpec {
    /// Where it is.
    pub place: DeckPlace,
    /// What is left out of it.
    pub exclude: Vec<Exclusion>,
}

/// Where a deck is.
#[derive(Clone, PartialEq)]
pub enum DeckPlace {
    /// The same for all catchments.
    Common(PathBuf),
    /// Another one for each.
    Own(OwnPath),
}

/// A file that a good run leaves behind and a text in it.
#[derive(Clone, PartialEq)]
pub struct Requirement {
    /// The file, below the work directory.
    pub file: Template,
    /// A text that it must contain.
    pub contains: String,
}

/// A file written for each catchment.
#[derive(Clone, PartialEq)]
pub struct SimulatorInput {
    /// Its name below the work directory.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// The content of a file written for each catchment.
#[derive(Clone, PartialEq)]
pub enum Content {
    /// A template from a file.
    Template {
        /// The template's file.
        path: PathBuf,
        /// The template.
        template: Template,
    },
    /// A template of each catchment's own.
    OwnTemplate(Box<OwnTemplate>),
    /// A table of series.
    Series(Box<SeriesTable>),
}

/// A template whose file has `{id}` or a parameter in its path.
#[derive(Clone, PartialEq)]
pub struct OwnTemplate {
    /// Where it is.
    pub file: OwnPath,
    /// What is stated of it.
    stated: raw::SimulatorInput,
}

/// A file that a run leaves, with columns that are wanted.
#[derive(Clone, PartialEq)]
pub struct Output {
    /// Its place in the project file: `simulator.output`, or `simulator.output.1` in a list.
    pub field: String,
    /// Its name below the work directory.
    pub file: Template,
    /// How it is written.
    pub format: OutputFormat,
    /// Over what its rows go.
    pub axes: RowAxes,
}

/// A column wanted from one of the simulator's outputs.
#[derive(Clone, PartialEq)]
pub struct OutputColumn {
    /// Its name in the project.
    pub name: String,
    /// Its name in the store: its header in the output as the project file has it, `Conc_{id}`, or where it is; of several outputs
    /// with the file before it.
    pub source: String,
    /// Its header as a template, or the text before its number; empty where it has neither.
    pub header: Template,
    /// Where it is.
    pub place: ColumnPlace,
    /// The output that it is in, an index into [`Simulator::outputs`].
    pub output: usize,
}

impl Simulator {
    /// The programs that are started for a catchment, each with the field that names it: the simulator first.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Template)> {
        let after = self.after.iter();
        std::iter::once(("simulator.command", &self.command[0]))
            .chain(after.map(|command| (command.field.as_str(), &command.words[0])))
    }
}

impl Project {
    /// An error at the field with this dotted path: `simulator.input.1.row`.
    pub fn error(&self, field: &str, message: impl std::fmt::Display) -> ProjectError {
        let source = SourceText::new(&self.file, &self.text);
        source.with_moved(self.moved.clone()).error(field, message)
    }

    /// The text of the project file, as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the file or folder is that the project means by this path of a catchment.
    pub(crate) fn own_place(&self, named: PathBuf) -> PathBuf {
        self.own_places.of(named)
    }

    /// The template of one catchment, which is in the file `place`.
    pub(crate) fn own_template(
        &self,
        own: &OwnTemplate,
        place: &Path,
    ) -> Result<Template, ProjectError> {
        let builder = ProjectBuilder {
            root: &self.root,
            source: SourceText::new(&self.file, &self.text).with_moved(self.moved.clone()),
            places: Places::AsNamed,
        };
        builder.template_of(&own.file.field, &own.stated, place)
    }

    /// The folder with the store and the work directories.
    pub fn cache(&self) -> PathBuf {
        self.root.join(CACHE)
    }

    /// The name of the first series table, for `{input_file_name}`; empty without one.
    pub fn series_file_name(&self) -> &str {
        let inputs = &self.simulator.inputs;
        let series = inputs
            .iter()
            .find(|input| matches!(input.content, Content::Series(_)));
        series.map_or("", |input| input.name.as_str())
    }
}
