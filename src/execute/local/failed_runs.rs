//! The work directories of failed runs: the latest of each catchment, and not too many.
//!
//! It knows nothing of why a catchment failed.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::local::work_directory::WorkDirectory;
use crate::project::Project;
use crate::system::folder::{copy, remove};

/// How often another process may put its folder where one is to be put, in the instant after that was cleared.
const MOST_RIVALS: usize = 100;

/// How many failed catchments' work directories are kept.
const MOST_KEPT: usize = 100;

/// The work directories kept of failed catchments, `cache/failed/<id>` or `cache/failed/<scenario>@<id>`.
pub(crate) struct FailedRuns {
    folder: PathBuf,
    /// Whether those of good runs are kept as well.
    keeps_all: bool,
    /// Whether the scenarios are only passing: then there is one of each catchment, of the last that failed in any of them.
    is_passing: bool,
}

impl FailedRuns {
    /// Those of the runs of this project, or of any project like it that is only passing.
    pub(crate) fn of(project: &Project) -> Self {
        Self {
            is_passing: project.scenario.standing.is_passing(),
            ..Self::in_cache(&project.cache())
        }
    }

    /// Those of the runs with this cache folder.
    pub(crate) fn in_cache(cache: &Path) -> Self {
        Self::new(cache.join("failed"))
    }

    /// Those in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            keeps_all: false,
            is_passing: false,
        }
    }

    /// Those of all runs in `folder`, good ones too.
    pub(crate) fn of_all(folder: PathBuf) -> Self {
        Self {
            keeps_all: true,
            ..Self::new(folder)
        }
    }

    /// The folder that they are in, created where it is missing.
    pub(crate) fn made(&self) -> Result<PathBuf> {
        let context = || format!("can't make {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(context)?;
        Ok(self.folder.clone())
    }

    /// The catchment's work directory, if one is kept.
    pub(crate) fn kept(&self, scenario: &ScenarioName, id: &CatchmentId) -> Option<PathBuf> {
        Some(self.path(scenario, id)).filter(|path| path.exists())
    }

    /// Where a catchment's work directory is kept.
    fn path(&self, scenario: &ScenarioName, id: &CatchmentId) -> PathBuf {
        let scenario = match self.is_passing {
            true => &ScenarioName::PASSING,
            false => scenario,
        };
        self.folder.join(scenario.file_name(id))
    }

    /// Keeps the work directory of this catchment's failed run, in place of an earlier one.
    pub(crate) fn keep(
        &self,
        work: &WorkDirectory,
        scenario: &ScenarioName,
        id: &CatchmentId,
    ) -> Result<()> {
        let path = self.path(scenario, id);
        let context = || format!("can't keep the work directory as {}", path.display());
        fs::create_dir_all(&self.folder).with_context(context)?;
        match put(work.path(), &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                // Beside its place first: nobody else may see or write half of it.
                let beside = TempDir::with_prefix_in(".", &self.folder).with_context(context)?;
                let whole = beside.path().join("work");
                let copied = copy(work.path(), &whole).and_then(|()| put(&whole, &path));
                copied.with_context(context).and(remove(work.path()))
            }
            other => other.with_context(context),
        }
    }

    /// After a good run: lets go of what is kept of an earlier one, or keeps this one's, too.
    pub(crate) fn after_good(
        &self,
        work: &WorkDirectory,
        scenario: &ScenarioName,
        id: &CatchmentId,
    ) -> Result<()> {
        match self.keeps_all {
            true => self.keep(work, scenario, id),
            false => self.release(scenario, id),
        }
    }

    /// Takes over what is kept elsewhere of this catchment's failed run, in place of an earlier one. Often nothing is.
    pub(crate) fn adopt(
        &self,
        elsewhere: &Self,
        scenario: &ScenarioName,
        id: &CatchmentId,
    ) -> Result<()> {
        let listed = fs::read_dir(&elsewhere.folder)
            .into_iter()
            .flatten()
            .flatten();
        let name = scenario.file_name(id);
        // By listing: a network file system may have told before that it is not there, and says so still.
        if !listed.into_iter().any(|entry| entry.file_name() == *name) {
            return Ok(());
        }
        self.keep(
            &WorkDirectory::at(elsewhere.path(scenario, id)),
            scenario,
            id,
        )
    }

    /// Removes what is kept of a catchment, which no longer fails; nothing where scenarios are only passing, as what is kept then
    /// may be of other values.
    pub(crate) fn release(&self, scenario: &ScenarioName, id: &CatchmentId) -> Result<()> {
        match self.is_passing {
            true => Ok(()),
            false => remove(&self.path(scenario, id)),
        }
    }

    /// Removes what is kept of these catchments. Only what a listing shows is touched.
    pub(crate) fn release_all<'a>(
        &self,
        units: impl IntoIterator<Item = (&'a ScenarioName, &'a CatchmentId)>,
    ) -> Result<()> {
        // No folder, nothing kept.
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        let names = entries.map_while(|entry| Some(entry.ok()?.file_name()));
        let kept: HashSet<OsString> = names.collect();
        if kept.is_empty() {
            return Ok(());
        }
        let mut units = units.into_iter();
        units.try_for_each(|(scenario, id)| {
            match kept.contains(OsStr::new(&scenario.file_name(id))) {
                true => self.release(scenario, id),
                false => Ok(()),
            }
        })
    }

    /// Removes the oldest ones beyond the number that is kept.
    pub(crate) fn prune(&self) -> Result<()> {
        let mut folders: Vec<(SystemTime, PathBuf)> = match fs::read_dir(&self.folder) {
            Ok(entries) => entries
                .filter_map(|entry| entry.ok())
                .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
                .collect(),
            Err(_) => return Ok(()),
        };
        folders.sort();
        let surplus = folders.len().saturating_sub(MOST_KEPT);
        folders
            .iter()
            .take(surplus)
            .try_for_each(|(_, path)| remove(path))
    }
}

/// Puts a folder in the place of another one. Another process may do the same: the last one stays.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 0..MOST_RIVALS {
        remove(to).map_err(io::Error::other)?;
        match fs::rename(from, to) {
            Err(error) if is_taken(&error) => {}
            other => return other,
        }
    }
    Err(ErrorKind::DirectoryNotEmpty.into())
}

/// Whether a folder could not be renamed because another one has its place. File systems may say it in either way.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_whichever_way_the_file_system_says_so() {
        use rustix::io::Errno;
        for errno in [Errno::NOTEMPTY, Errno::EXIST] {
            assert!(is_taken(&errno.into()), "{errno}");
        }
        assert!(!is_taken(&Errno::XDEV.into()));
    }

    #[test]
    fn evidence_of_passing_scenarios_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let failed_runs = FailedRuns {
            is_passing: true,
            ..FailedRuns::new(folder.path().join("failed"))
        };
        let work = WorkDirectory::at(folder.path().join("worker-0"));
        fs::create_dir_all(work.path()).expect("made");
        let id = CatchmentId::new("7");
        let [one, other] = ["1", "2"].map(|name| ScenarioName::new(name).expect("a name"));
        failed_runs.keep(&work, &one, &id).expect("kept");
        // Another set's run of the same catchment goes well, or is left out.
        failed_runs.after_good(&work, &other, &id).expect("spared");
        failed_runs.release(&other, &id).expect("spared");
        let both = [&other, &ScenarioName::PASSING];
        (failed_runs.release_all(both.map(|name| (name, &id)))).expect("spared");
        assert!(failed_runs.kept(&one, &id).is_some());
    }

    #[test]
    fn evidence_is_kept_replaced_and_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let failed_runs = FailedRuns::new(folder.path().join("failed"));
        let work = WorkDirectory::at(folder.path().join("worker-0"));
        for i in 0..MOST_KEPT + 5 {
            fs::create_dir_all(work.path()).expect("made");
            work.write("inner/out.txt", i.to_string().as_bytes())
                .expect("written");
            let id = CatchmentId::new(format!("../{i}"));
            failed_runs
                .keep(&work, &ScenarioName::UNNAMED, &id)
                .expect("kept");
            assert!(!work.path().exists());
        }
        failed_runs.prune().expect("pruned");
        assert_eq!(
            fs::read_dir(folder.path().join("failed"))
                .expect("a folder")
                .count(),
            MOST_KEPT
        );
        let last = CatchmentId::new(format!("../{}", MOST_KEPT + 4));
        let path = failed_runs.path(&ScenarioName::UNNAMED, &last);
        assert!(path.join("inner/out.txt").exists());
        (failed_runs.release(&ScenarioName::UNNAMED, &last)).expect("released");
        assert!(!path.exists());
        let before = CatchmentId::new(format!("../{}", MOST_KEPT + 3));
        let path = failed_runs.path(&ScenarioName::UNNAMED, &before);
        assert!(path.exists());
        let unnamed = ScenarioName::UNNAMED;
        let both = [&last, &before].map(|id| (&unnamed, id));
        failed_runs.release_all(both).expect("released");
        assert!(!path.exists());
    }
}
