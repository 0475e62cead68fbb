//! Why a catchment is in its state, for machines; and the lines that people read of it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::plan::key::KeyPart;
use crate::system::progress::seconds;
use crate::text::wording::here;

/// More support files than this that are as they were are only counted.
const MOST_NAMED: usize = 10;

/// Why a catchment is in its state.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Explained {
    /// Its scenario; left out where the project has none.
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: ScenarioName,
    /// Its id.
    pub catchment: CatchmentId,
    /// What a run would do with it.
    pub state: StateOf,
    /// Why, in words.
    pub reason: String,
    /// What else is worth saying, in words.
    pub notes: Vec<String>,
    /// Its last run, if that failed; else `null`.
    pub failure: Option<LastFailure>,
    /// The parts of its key that are others than in its last run; none unless that is why it is stale.
    pub changes: Vec<ChangeOf>,
    /// The parts that are what they were then.
    pub unchanged: Vec<PartName>,
    /// All parts of its key as they are now; none if `changes` or `unchanged` has them.
    pub parts: Vec<PartOf>,
}

/// What a run would do with a catchment.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateOf {
    /// Nothing: its result is there.
    Fresh,
    /// Run it.
    Stale,
    /// Nothing: it can't be run.
    Bad,
}

/// A run that failed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LastFailure {
    /// In words.
    pub reason: String,
    /// When its last attempt was started, UTC: `2026-11-22T20:15:02Z`; `null` if that is not known any more.
    pub started: Option<String>,
    /// How long that took; `null` if that is not known any more.
    pub seconds: Option<f64>,
    /// How often it was tried with these inputs.
    pub tries: u32,
    /// The last lines that it printed.
    pub printed: Vec<String>,
    /// Where its work directory is kept; `null` if it is not.
    pub work_directory: Option<String>,
}

/// A part of a key that is another now.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangeOf {
    #[serde(flatten)]
    pub part: PartName,
    /// What it was, of parts that are short texts; `null` if there was none, or if that is not known.
    pub then: Option<String>,
    /// What it is, likewise.
    pub now: Option<String>,
    /// The change in words, with the lines of a template and the first time step that differ.
    pub text: String,
}

/// A part of a key as it is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PartOf {
    #[serde(flatten)]
    pub part: PartName,
    /// What it is, in words.
    pub text: String,
}

/// Which part of a key.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PartName {
    /// What kind of part it is.
    pub kind: PartKind,
    /// Its name, where there may be several of the kind: of the parameter, series, variable or file; else `null`.
    pub name: Option<String>,
    /// How people read it.
    #[serde(skip)]
    shown: String,
}

/// The kinds of parts that a key has.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartKind {
    /// The executable that the command names.
    Program,
    /// A support file.
    SupportFile,
    /// The command's arguments.
    Command,
    /// An environment variable.
    Environment,
    /// The folders made beforehand.
    Directories,
    /// What is taken of the output.
    Output,
    /// A template's own text.
    Template,
    /// The content of a rendered file.
    File,
    /// The layout of a series table.
    Table,
    /// The time steps.
    Time,
    /// A series.
    Series,
    /// A parameter.
    Parameter,
    /// One field of what makes a run a good one.
    Contract,
    /// The class of the processor.
    Processor,
    /// The commands that are run after the simulator.
    After,
    /// A program of theirs.
    AfterProgram,
    /// A file or folder that is read where it is.
    Read,
}

impl From<&KeyPart> for PartName {
    fn from(part: &KeyPart) -> Self {
        let (kind, name) = match part {
            KeyPart::Program => (PartKind::Program, None),
            KeyPart::Support(name) => (PartKind::SupportFile, Some(name)),
            KeyPart::Command => (PartKind::Command, None),
            KeyPart::Environment(name) => (PartKind::Environment, Some(name)),
            KeyPart::Directories => (PartKind::Directories, None),
            KeyPart::Output => (PartKind::Output, None),
            KeyPart::Template(name) => (PartKind::Template, Some(name)),
            KeyPart::File(name) => (PartKind::File, Some(name)),
            KeyPart::Table(name) => (PartKind::Table, Some(name)),
            KeyPart::Time => (PartKind::Time, None),
            KeyPart::Series(name) => (PartKind::Series, Some(name)),
            KeyPart::Parameter(name) => (PartKind::Parameter, Some(name)),
            KeyPart::Contract(field) => (PartKind::Contract, Some(field)),
            KeyPart::Processor => (PartKind::Processor, None),
            KeyPart::After => (PartKind::After, None),
            KeyPart::AfterProgram(name) => (PartKind::AfterProgram, Some(name)),
            KeyPart::Read(name) => (PartKind::Read, Some(name)),
        };
        Self {
            kind,
            name: name.cloned(),
            shown: part.to_string(),
        }
    }
}

impl Explained {
    /// The lines that people read.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (label, reason) = (self.scenario.label(&self.catchment), &self.reason);
        let mut lines = vec![match self.state {
            StateOf::Fresh => format!("{label} is fresh: {reason}"),
            StateOf::Stale => format!("{label} is stale: {reason}"),
            StateOf::Bad => format!("{label} can't be run: {reason}"),
        }];
        lines.extend(self.notes.iter().map(|note| format!("  {}", here(note))));
        lines.extend(self.failure.iter().flat_map(LastFailure::lines));
        let changes = self.changes.iter().flat_map(|change| change.text.lines());
        lines.extend(changes.map(|line| format!("  {line}")));
        if !self.unchanged.is_empty() {
            lines.push(format!("as it was: {}", self.as_it_was().join(", ")));
        }
        if !self.parts.is_empty() {
            lines.push("its key is made of".to_owned());
        }
        lines.extend(self.parts.iter().map(|part| format!("  {}", part.text)));
        lines
    }

    /// The names of what did not change.
    fn as_it_was(&self) -> Vec<String> {
        let is_support = |part: &&PartName| part.kind == PartKind::SupportFile;
        let files = self.unchanged.iter().filter(is_support).count();
        // A deck may have thousands.
        let named = (self.unchanged.iter()).filter(|part| files <= MOST_NAMED || !is_support(part));
        let named = named.map(|part| part.shown.clone());
        let counted = (files > MOST_NAMED).then(|| format!("{files} support files"));
        named.chain(counted).collect()
    }
}

impl LastFailure {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("  its last run failed: {}", self.reason)];
        if let (Some(started), Some(took)) = (&self.started, self.seconds) {
            let times = match self.tries {
                0 | 1 => String::new(),
                n => format!(", the last of {n} tries"),
            };
            let took = seconds(took);
            lines.push(format!("    at {}, in {took}{times}", here(started)));
        }
        for line in &self.printed {
            let shown: String = (line.chars())
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            lines.push(format!("    | {shown}"));
        }
        if let Some(kept) = &self.work_directory {
            lines.push(format!("    its work directory is {kept}"));
        }
        lines
    }
}
