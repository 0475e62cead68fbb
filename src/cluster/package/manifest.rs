//! What a package says of itself: which study is frozen in it, where its files are, what the head found.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::cluster::frame::{self, Frames};
use crate::cluster::ids::PackageId;
use crate::cluster::shared_folder;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::scenario::ScenarioName;
use crate::project::cluster::ClusterSpec;
use crate::project::overrides::Overrides;

const KIND: &str = "package";
/// Counted up whenever the bytes of any part change, or a task of another version could not work on the package.
const VERSION: u32 = 1;
/// The same with values in place of the project's, in a frame of their own.
const WITH_OVERRIDES: u32 = 2;

/// Why a package was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To bring results up to date.
    Run,
    /// To compare results with stored ones, changing nothing.
    Verify,
}

/// What a package is made for.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// Where and how its tasks run.
    pub spec: &'a ClusterSpec,
    /// Why it is made.
    pub purpose: Purpose,
    /// Why its orders are to be run.
    pub causes: &'a [(usize, String)],
}

/// What every task of a package has to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
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
    /// The head's machine.
    pub head: Machine,
    /// Why its orders are to be run: how many, and the cause. Whoever takes the results in says so.
    pub causes: Vec<(usize, String)>,
    /// What takes the place of the project's values.
    #[serde(skip)]
    pub overrides: Overrides,
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
    /// Writes it to its place in the package, which is valid from then on.
    ///
    /// # Errors
    /// With the path, if it can't be written to the disk.
    pub fn write(&self, path: &Path) -> Result<()> {
        let context = || format!("can't write {}", path.display());
        let content = postcard::to_stdvec(self).with_context(context)?;
        shared_folder::write(path, |file| {
            let version = match self.overrides.are_none() {
                true => VERSION,
                false => WITH_OVERRIDES,
            };
            file.write_all(frame::opening(KIND, version).as_bytes())?;
            frame::write_frame(file, &content)?;
            match version {
                WITH_OVERRIDES => frame::write_frame(file, &frame::encode(&self.overrides)?),
                _ => Ok(()),
            }
        })
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// With the path, if it can't be read or is not whole.
    pub fn read(path: &Path) -> Result<Self> {
        let context = || format!("can't read the package's {}", path.display());
        let file = File::open(path).with_context(context)?;
        Self::parse(BufReader::new(file)).with_context(context)
    }

    /// Reads a manifest from a file's bytes.
    ///
    /// # Errors
    /// If they are no whole manifest.
    pub fn parse(mut reader: impl Read) -> Result<Self> {
        let version = frame::read_opening(&mut reader, KIND, VERSION..=WITH_OVERRIDES)?;
        let mut frames = Frames::new(reader);
        let content = frames.next().ok_or(frame::FrameError::Torn)??;
        let mut manifest: Self = frame::decode(&content)?;
        if version == WITH_OVERRIDES {
            let content = frames.next().ok_or(frame::FrameError::Torn)??;
            manifest.overrides = frame::decode(&content)?;
        }
        Ok(manifest)
    }

    /// The recipe of a scenario; `None` if the study has none of this name.
    pub fn recipe(&self, scenario: &ScenarioName) -> Option<&FrozenRecipe> {
        self.recipes.get(*self.scenarios.get(scenario)? as usize)
    }
}
