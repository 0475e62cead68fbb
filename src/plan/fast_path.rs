//! The fast path: the state in which a run found everything up to date, stored so that the next run can tell at once that
//! nothing has changed.
//!
//! Planning 18,000 catchments takes a good part of a second, and make asks every time. So when all catchments are fresh and the
//! product is current, the stamps of every file and folder that this depends on are stored. While all of them look the same,
//! and so do the variables that the project passes on and this program itself, everything is still up to date. In case of doubt
//! [`FastPath::recall`] returns nothing, and everything is planned as usual, which costs time and never correctness.
//!
//! Why it is safe: a [`Look`] is taken when the project file has been read and once more when all is done. What is remembered
//! has not changed for longer than its clock's granularity when the run began (see [`crate::system::stamp`]), looked the same both
//! times, and the project file and templates, which were read before the first look, are read again in between. So the files
//! had the remembered stamps all the while. The paths start with the project's own folder, so a copied project is another one.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;
use crate::data::objective::ObjectiveNumbers;
use crate::inputs::Linked;
use crate::plan::dependencies::Dependencies;
use crate::project::{Content, SameProcessor, Study};
use crate::store::cache_folder::{CACHE, Cache};
use crate::store::{SETTLED, Store};
use crate::system::machine;
use crate::system::stamp::Stamp;

/// Everything that a run's outcome depends on, as it looked at one time.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    /// The project's folder as the command was given it.
    root: PathBuf,
    /// Another version, or another build of this one, may see things differently.
    version: String,
    program: (PathBuf, Stamp),
    /// The variables that the project passes on, with their bytes where they are set.
    environment: Vec<(String, Option<Vec<u8>>)>,
    /// The class of this machine, where the project asks for results of the one that plans.
    processor: Option<String>,
    present: Vec<(PathBuf, Stamp)>,
    absent: Vec<PathBuf>,
    /// What the input's files point to.
    linked: Linked,
    /// The products; one that does not exist yet has no stamp.
    products: Vec<(PathBuf, Option<Stamp>)>,
    /// The files and folders that catchments have for themselves.
    own: Vec<(PathBuf, Stamp)>,
}

/// A state in which nothing is left to do.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FastPath {
    look: Look,
    /// Of the store's results (see [`Store::results`]), so that a replaced one is noticed. One that is removed takes all of this with it.
    results: Digest,
    /// How many there are, where the project has scenarios.
    scenarios: Option<usize>,
    catchments: usize,
    /// What the products' objectives come to, JSON; empty if there are none.
    objectives: String,
}

impl Look {
    /// Looks at everything that the study's results depend on.
    pub(crate) fn at(study: &Study) -> Result<Self> {
        let Dependencies {
            present, absent, ..
        } = Dependencies::of(study)?;
        let stamped = present.into_iter().map(stamped).collect::<Result<_>>()?;
        let project = study.common();
        let products = study.products().into_iter();
        let variable = |name: &String| (name.clone(), bytes_of(name));
        let passed = &project.simulator.pass_environment;
        Ok(Self {
            root: project.root.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: stamped_program()?,
            environment: passed.iter().map(variable).collect(),
            processor: (project.simulator.same_processor == Some(SameProcessor::Planner))
                .then(|| machine::this().class.clone()),
            present: stamped,
            absent,
            linked: Linked::default(),
            products: products
                .map(|path| (path.to_owned(), Stamp::of(path).ok()))
                .collect(),
            own: Vec::new(),
        })
    }

    /// Adds the files that the input's files point to, as they looked before they were read.
    pub(crate) fn with(self, linked: Linked) -> Self {
        Self { linked, ..self }
    }

    /// Adds the files and folders that catchments have for themselves, as they looked before they were read.
    pub(crate) fn with_own(self, own: Vec<(PathBuf, Stamp)>) -> Self {
        Self { own, ..self }
    }

    /// Whether everything still looks like this.
    fn holds(&self, root: &Path) -> bool {
        self.root == root
            && self.version == env!("CARGO_PKG_VERSION")
            && stamped_program().is_ok_and(|program| program == self.program)
            && (self.environment.iter()).all(|(name, bytes)| bytes_of(name) == *bytes)
            && (self.processor.as_ref()).is_none_or(|class| *class == machine::this().class)
            && self.present.iter().chain(&self.own).all(looks_the_same)
            && self.linked.holds()
            // Anything but a plain "not there" is a doubt.
            && self.absent.iter().all(|path| matches!(path.try_exists(), Ok(false)))
            && (self.products.iter()).all(|(path, then)| Stamp::of(path).is_ok_and(|now| *then == Some(now)))
    }

    /// Whether nothing of it, the product included, has changed since this time or just before.
    fn is_older_than_clock_step(&self, time: SystemTime) -> bool {
        let is_older = |stamp: &Stamp| stamp.is_older_than_clock_step(time);
        let mut products = self.products.iter().map(|(_, stamp)| stamp.as_ref());
        let present = self.present.iter().chain(&self.own);
        let present = present.map(|(_, stamp)| stamp);
        products.all(|stamp| stamp.is_some_and(is_older))
            && present.chain([&self.program.1]).all(is_older)
            && self.linked.is_older_than_clock_step(time)
    }
}

impl FastPath {
    /// The state stored for the project in this folder, if it holds beyond doubt.
    pub(crate) fn recall(root: &Path) -> Option<Self> {
        let cache = Cache::at(root.join(CACHE));
        let _lock = cache.share(false).ok()?;
        let store = cache.store_to_read().ok()??;
        let payload = store.memo(SETTLED, "").ok()??;
        let known = Self::from_bytes(&payload)?;
        let holds = known.look.holds(root) && store.results().ok()? == known.results;
        holds.then_some(known)
    }

    /// Stores that all of `catchments` were fresh and the product current, if that can be trusted later: `first` is the look
    /// taken before the run, which began at `began`.
    pub(crate) fn remember(
        study: &Study,
        first: Look,
        began: SystemTime,
        catchments: usize,
        objectives: &[ObjectiveNumbers],
        store: &mut Store,
    ) -> Result<()> {
        if !first.is_older_than_clock_step(began) {
            return Ok(());
        }
        // What can't be read any more is a reason for doubt, not an error of the run that has just ended.
        let same = Study::load(&study.common().root).is_ok_and(|again| {
            sources(&again) == sources(study)
                && again.samples == study.samples
                && first.linked.holds()
                && first.own.iter().all(looks_the_same)
                && Look::at(&again).is_ok_and(|now| {
                    now.with(first.linked.clone()).with_own(first.own.clone()) == first
                })
        });
        if !same {
            return Ok(());
        }
        let state = Self {
            look: first,
            results: store.results()?,
            scenarios: study.is_named().then_some(study.scenarios.len()),
            catchments,
            objectives: match objectives {
                [] => String::new(),
                objectives => serde_json::to_string(objectives)?,
            },
        };
        // A path that is not UTF-8 can't be stored; then everything is planned again next time.
        let Ok(payload) = postcard::to_stdvec(&state) else {
            return Ok(());
        };
        if store.memo(SETTLED, "")?.as_deref() != Some(&payload) {
            store.remember(SETTLED, "", &payload)?;
        }
        Ok(())
    }

    /// The state that is stored, if nothing has been done to the results since. For what adds results and leaves all else alone.
    pub(crate) fn hold(store: &Store) -> Result<Option<Self>> {
        let known = (store.memo(SETTLED, "")?).and_then(|payload| Self::from_bytes(&payload));
        let Some(known) = known else { return Ok(None) };
        Ok((store.results()? == known.results).then_some(known))
    }

    /// Lets a state that was held hold with the results there are now, unless another has taken its place or it was forgotten.
    pub(crate) fn release(held: Option<Self>, store: &mut Store) -> Result<()> {
        let Some(held) = held else {
            return Ok(());
        };
        // More of them by the time it is stored would be a doubt, and nothing worse.
        let results = store.results()?;
        Ok(store.change_memo(SETTLED, "", |payload| {
            let known = Self::from_bytes(payload).filter(|known| known.look == held.look)?;
            postcard::to_stdvec(&Self { results, ..known }).ok()
        })?)
    }

    /// One that can't be read was written by another version.
    fn from_bytes(payload: &[u8]) -> Option<Self> {
        postcard::from_bytes(payload).ok()
    }

    /// Forgets what is stored: simulators are about to be run, and may leave another state behind.
    pub(crate) fn forget(store: &mut Store) -> Result<()> {
        Ok(store.forget(SETTLED, "")?)
    }

    /// The number of catchments, counted in each scenario; all are fresh.
    pub(crate) fn catchments(&self) -> usize {
        self.catchments
    }

    /// The number of scenarios, where the project has any.
    pub(crate) fn scenarios(&self) -> Option<usize> {
        self.scenarios
    }

    /// What the products' objectives come to.
    pub(crate) fn objectives(&self) -> Vec<ObjectiveNumbers> {
        serde_json::from_str(&self.objectives).unwrap_or_default()
    }

    /// The products, which are current.
    pub(crate) fn products(&self) -> Vec<&Path> {
        let products = self.look.products.iter();
        products.map(|(path, _)| path.as_path()).collect()
    }

    /// The files and folders that the state depends on.
    pub(crate) fn dependencies(&self) -> Vec<PathBuf> {
        let present = self.look.present.iter().chain(&self.look.own);
        let present = present.map(|(path, _)| path.as_path());
        let all = present.chain(self.look.linked.paths());
        all.map(Path::to_owned).collect()
    }
}

/// The text of the project file and of its templates, as they were read.
fn sources(study: &Study) -> Vec<&str> {
    let inputs = (study.scenarios.iter()).flat_map(|project| &project.simulator.inputs);
    let templates = inputs.filter_map(|input| match &input.content {
        Content::Template { template, .. } => Some(template.source()),
        Content::OwnTemplate(_) | Content::Series(_) => None,
    });
    let text = study.common().text();
    std::iter::once(text).chain(templates).collect()
}

fn stamped(path: PathBuf) -> Result<(PathBuf, Stamp)> {
    let stamp = Stamp::of(&path).with_context(|| format!("can't read {}", path.display()))?;
    Ok((path, stamp))
}

fn stamped_program() -> Result<(PathBuf, Stamp)> {
    stamped(std::env::current_exe().context("can't tell which program this is")?)
}

fn looks_the_same((path, stamp): &(PathBuf, Stamp)) -> bool {
    Stamp::of(path).is_ok_and(|now| now == *stamp)
}

fn bytes_of(variable: &str) -> Option<Vec<u8>> {
    std::env::var_os(variable).map(OsString::into_vec)
}
