//! `[import]`: from the files people have to the input file that a run reads.
//!
//! ```text
//! headers, ids ─┐
//! attributes ───┴─▶ selection ─▶ series ─▶ time axis ─▶ values, parsed in threads ─▶ NetCDF-4
//! ```
//! Wide tables, long tables and files of one catchment each (`layouts`) all become `values`, to be fetched by
//! catchment; from there on a series is a series. A wide table, the bulk of all imports, is read twice: for `row_index`, where
//! its rows and columns are, and then by `columns`. The others are parked on disk by catchment (`staged`). Memory holds
//! blocks, never an array of everything. Whether there is anything to do is `memo`'s part. It knows the project file's
//! `[import]` and nothing of simulators, keys and results. [`crate::cli`] has it done; [`crate::plan`] asks for its sources.
//! What was measured is read with the same means and stays in memory ([`observations`]); [`crate::product`] compares it.

mod attributes;
mod axis;
mod buffer_pool;
mod layouts;
mod memo;
pub mod observations;
mod selection;
pub(crate) mod stamps;
mod text;
mod write;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::project::Project;
use crate::project::import_spec::{ImportSpec, SourceLayout};
use crate::store::Store;
use crate::system::progress::Progress;
use crate::system::stamp::Stamp;
use attributes::Attributes;
use axis::{StepMapping, Times, finest};
use layouts::reading::Reading;
use layouts::values::{SeriesRead, SeriesValues};
use layouts::{SeriesSource, place};
use memo::{ImportState, Memo};
use selection::{Selection, select};
use write::ImportContent;

/// What an import did.
#[derive(Debug)]
pub struct ImportReport {
    /// Why it was done.
    pub reason: &'static str,
    /// Catchments imported.
    pub catchments: usize,
    /// Time steps, 0 where there are no series.
    pub steps: usize,
    /// Catchments that did not pass the filter.
    pub filtered: usize,
    /// Catchments left out because a source lacks them, and what lacks them.
    pub dropped: Vec<(CatchmentId, String)>,
}

/// Imports if sources, description or the imported file changed; `None` if all is as it was, or there is no `[import]`.
///
/// Nothing is written unless everything could be read.
pub fn bring_up_to_date(
    project: &Project,
    store: &mut Store,
    rehash: bool,
    force: bool,
    quiet: bool,
) -> Result<Option<ImportReport>> {
    let Some(spec) = &project.import else {
        return Ok(None);
    };
    let (reason, mut memo) = match memo::look(spec, Some(store), rehash)? {
        ImportState::Stale(reason, memo) => (reason, memo),
        ImportState::Fresh | ImportState::Touched(_) if force => {
            match memo::look(spec, None, true)? {
                ImportState::Stale(_, memo) | ImportState::Touched(memo) => {
                    ("it was asked for", memo)
                }
                ImportState::Fresh => return Ok(None),
            }
        }
        ImportState::Touched(mut memo) => match memo.sync(spec) {
            Ok(()) => {
                memo.remember(spec, store)?;
                return Ok(None);
            }
            Err(_) => ("the file could not be brought to the disk", memo),
        },
        ImportState::Fresh => return Ok(None),
    };
    let mut progress = Progress::new("importing MiB", (memo.size() >> 20) as usize, quiet);
    let report = import(project, spec, reason, &mut memo, &mut progress)?;
    drop(progress);
    memo.remember(spec, store)?;
    Ok(Some(report))
}

/// All files that an import reads and the folders that it looks for files in, each once.
pub fn sources(spec: &ImportSpec) -> Result<Vec<PathBuf>> {
    let mut sources = memo::paths(spec)?;
    for series in &spec.series {
        if let SourceLayout::Files { folder, .. } = &series.layout
            && !sources.contains(folder)
        {
            sources.push(folder.clone());
        }
    }
    Ok(sources)
}

/// Why an import has to be done, if it has to.
pub fn outdated(project: &Project, store: Option<&Store>) -> Result<Option<&'static str>> {
    match &project.import {
        None => Ok(None),
        Some(spec) => Ok(match memo::look(spec, store, false)? {
            ImportState::Stale(reason, _) => Some(reason),
            ImportState::Fresh | ImportState::Touched(_) => None,
        }),
    }
}

/// Makes sure that the file of an import that holds is on the disk, if there is an import; returns whether it is.
pub fn make_sure(project: &Project, store: &mut Store) -> Result<bool> {
    match &project.import {
        None => Ok(true),
        Some(spec) => memo::make_sure(spec, store),
    }
}

/// Takes note that a file looks otherwise because of a link that was made to it or removed. If it is that of an import, the import
/// goes on to hold.
pub fn note_link(store: &mut Store, before: &Stamp, after: &Stamp) -> Result<()> {
    memo::note_link(store, before, after)
}

fn import(
    project: &Project,
    spec: &ImportSpec,
    reason: &'static str,
    memo: &mut Memo,
    progress: &mut Progress,
) -> Result<ImportReport> {
    let folder = project.cache();
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // Reading is one half of it, writing the other.
    let half = memo.size() as usize / 2;
    let mut bytes = 0;
    let mut tick = |more: usize| {
        bytes += more;
        progress.set((bytes / 2).min(half) >> 20);
    };
    let mut reading = Reading {
        threads,
        folder: &folder,
        tick: &mut tick,
    };
    let attributes = Attributes::read(project, spec)?;
    let mut opened = Vec::with_capacity(spec.series.len());
    for series in &spec.series {
        opened.push(SeriesSource::open(series, &mut reading)?);
    }
    let sources: Vec<(String, &[CatchmentId])> = (spec.series.iter().zip(&opened))
        .map(|(series, opened)| (place(series), opened.ids()))
        .collect();
    let Selection {
        ids,
        parameters,
        dropped,
        filtered,
    } = select(spec, &sources, &attributes)?;
    drop((sources, attributes));
    let mut read = Vec::with_capacity(opened.len());
    for (series, opened) in spec.series.iter().zip(opened) {
        let wide = match &series.layout {
            SourceLayout::Wide { path, .. } => Some(path),
            _ => None,
        };
        let digest = wide.is_some_and(|path| memo.lacks(path));
        let one = opened.read(series, &ids, digest, &mut reading)?;
        if let (Some(path), Some(digest)) = (wide, one.digest) {
            memo.learn(path, digest);
        }
        if one.stamps.is_empty() {
            bail!("{}: there are no rows", place(series));
        }
        read.push(one);
    }
    let (time, series) = join(spec, read)?;
    let content = ImportContent {
        ids: &ids,
        parameters: &parameters,
        time: time.as_ref(),
        series: &series,
    };
    let (mut written, all) = (0, ids.len() * series.len());
    write::write(spec, &content, threads, memo.begin(spec), &mut |more| {
        written = all.min(written + more);
        progress.set((half + half * written / all) >> 20);
    })?;
    Ok(ImportReport {
        reason,
        catchments: ids.len(),
        steps: time.map_or(0, |time| time.len()),
        filtered,
        dropped,
    })
}

/// The common time steps, if there are series, and each series with its mapping to them.
type Joined = (Option<TimeAxis>, Vec<(Box<dyn SeriesValues>, StepMapping)>);

fn join(spec: &ImportSpec, read: Vec<SeriesRead>) -> Result<Joined> {
    let times: Vec<Times<'_>> = (spec.series.iter().zip(&read))
        .map(|(series, one)| Times {
            name: &series.name,
            stamps: &one.stamps,
        })
        .collect();
    let stated = |name: &String| spec.series.iter().position(|series| series.name == *name);
    let target = match &spec.time {
        Some(name) => stated(name),
        None => finest(&times),
    };
    let Some(target) = target else {
        return Ok((None, Vec::new()));
    };
    let target = &times[target];
    let time = TimeAxis::new(target.stamps.to_vec())
        .with_context(|| format!("the time steps of {}", target.name))?;
    let mappings = (spec.series.iter().zip(&times))
        .map(|(series, times)| StepMapping::new(times, target, series.fill, series.aggregate))
        .collect::<Result<Vec<_>>>()?;
    let series = read.into_iter().map(|one| one.values).zip(mappings);
    Ok((Some(time), series.collect()))
}
