//! What a package says of itself: which study is frozen in it, where its files are, what the head found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::ids::PackageId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::project::cluster::ClusterSpec;

/// The version of a package's files. Counted up whenever a task of another version could not work on them.
pub const VERSION: u32 = 1;

/// Why a package was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To bring results up to date.
    Run,
    /// To compare results with stored ones, changing nothing.
    Verify,
}

/// What every task of a package has to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`], first in the file whatever follows it.
    pub version: u32,
    /// The package's own id.
    pub id: PackageId,
    /// When it was made, seconds since 1970.
    pub created: i64,
    /// Why it was made.
    pub purpose: Purpose,
    /// Where and how its tasks run.
    pub spec: ClusterSpec,
    /// The project's folder, an absolute path on the head.
    pub root: PathBuf,
    /// The text of the project file.
    pub text: String,
    /// The study's scenarios, each with the place of its recipe in `recipes`.
    pub scenarios: BTreeMap<ScenarioName, u32>,
    /// The recipes, each once however many scenarios have it.
    pub recipes: Vec<FrozenRecipe>,
    /// What the project file names, by the path that it means on the head, and where that lies in the package's folder. Inputs that
    /// could not be frozen are left out: they are read where they are.
    pub files: Vec<(PathBuf, PathBuf)>,
    /// The variables that the project hands on to simulators, as the head has them.
    pub passed: Vec<(String, String)>,
    /// Whether the store keeps the series that simulators are given.
    pub keep_series: bool,
}

/// What is the same for every catchment of a scenario, as the head found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrozenRecipe {
    /// The recipe's digest.
    pub digest: Digest,
    /// What it is made of, as the store keeps it.
    pub parts: Arc<[u8]>,
}

impl Manifest {
    /// The recipe of a scenario; `None` if the study has none of this name.
    pub fn recipe(&self, scenario: &ScenarioName) -> Option<&FrozenRecipe> {
        self.recipes.get(*self.scenarios.get(scenario)? as usize)
    }
}
