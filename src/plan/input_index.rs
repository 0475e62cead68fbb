//! The input index: the input's catalog and a digest of every series column of every catchment.
//!
//! Reading all series only to find that nothing changed would cost more than all the rest, so the index is kept in the store
//! together with the stamps of the files, including those that they point to. It is trusted only while every file looks
//! the same, and only if none had changed just before it was read (see [`crate::system::stamp`]).

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, available_parallelism};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;
use crate::data::record::{Described, record};
use crate::inputs::{BadInput, Catalog, CatchmentSource, InputSpec, Inputs, Linked, MEANING};
use crate::plan::basin::{Basin, Tables};
use crate::plan::series::{self, SeriesReader};
use crate::store::Store;
use crate::system::stamp::Stamp;

/// How many catchments' digests may wait to be collected.
const MOST_WAITING: usize = 64;

const MEMO: &str = "survey of all files";

/// For each of the input's catchments the digests of some columns, or what is wrong with its input.
pub(crate) type SeriesDigests = Vec<Result<Vec<Digest>, BadInput>>;

/// For each column, by its definition, a digest or a fault for every catchment.
type Digests = BTreeMap<String, Vec<Result<Digest, BadInput>>>;

/// The stamps of the input's files and the digests of their series.
pub(crate) struct InputIndex {
    spec: Digest,
    stamps: Vec<Stamp>,
    linked: Linked,
    /// When the stamps were taken.
    began: SystemTime,
    columns: Digests,
}

/// An input index as it is stored, with the catalog.
#[derive(Serialize)]
struct Memo<'a>(
    &'a Digest,
    &'a [Stamp],
    &'a Linked,
    &'a Catalog,
    &'a Digests,
);

/// The same as it is read back.
#[derive(Serialize, Deserialize)]
struct Known(Digest, Vec<Stamp>, Linked, Catalog, Digests);

impl Described for InputSpec {
    fn describe(&self, text: &mut String) {
        let Self {
            files,
            // Only what the files are read by: an index is of files, and what is stated is added to what was read.
            catchments: _,
            stated_time: _,
            id,
            time,
            group_prefix,
            series_table,
            parameter_table,
        } = self;
        record(
            text,
            "InputSpec",
            &[
                ("files", files),
                ("id", id),
                ("time", time),
                ("group_prefix", group_prefix),
                ("series_table", series_table),
                ("parameter_table", parameter_table),
            ],
        );
    }
}

impl InputIndex {
    /// The catalog and the index from the store if they still hold, else the catalog read from the files; without files what is
    /// there of catchments, and an index of nothing.
    pub(crate) fn new(
        spec: &InputSpec,
        tables: &mut Tables,
        store: Option<&Store>,
        rehash: bool,
    ) -> Result<(Arc<Catalog>, Self)> {
        let (catalog, index) = match &spec.catchments {
            CatchmentSource::Files => Self::of_files(spec, store, rehash)?,
            CatchmentSource::List(ids) => (Catalog::of_ids(ids.iter().cloned()), Self::empty()),
            CatchmentSource::Folder(folder) => (Catalog::of_ids(folder.list()?.ids), Self::empty()),
            CatchmentSource::Table(table) => {
                let rows = tables.get(table)?;
                if rows.ids.is_empty() {
                    bail!(
                        "{}: there is no catchment in the table",
                        table.path.display()
                    );
                }
                (Catalog::of_ids(rows.ids.iter().cloned()), Self::empty())
            }
        };
        let catalog = catalog.with_stated_time(spec.stated_time.as_ref())?;
        Ok((Arc::new(catalog), index))
    }

    fn empty() -> Self {
        Self {
            spec: Digest::of(b""),
            stamps: Vec::new(),
            linked: Linked::default(),
            began: SystemTime::now(),
            columns: Digests::new(),
        }
    }

    /// The catalog and the index of input files.
    fn of_files(spec: &InputSpec, store: Option<&Store>, rehash: bool) -> Result<(Catalog, Self)> {
        let began = SystemTime::now();
        let stamps = stamps(spec)?;
        let digest = Digest::of(format!("{MEANING} {}", spec.description()).as_bytes());
        if let Some(store) = store.filter(|_| !rehash)
            && let Some(payload) = store.memo(MEMO, "")?
            // A memo that can't be read was written by another version; the index is then built anew.
            && let Ok(Known(known_spec, known_stamps, linked, catalog, columns)) = postcard::from_bytes(&payload)
            && (&known_spec, &known_stamps) == (&digest, &stamps)
            && linked.holds()
        {
            return Ok((
                catalog,
                Self {
                    spec: digest,
                    stamps,
                    linked,
                    began,
                    columns,
                },
            ));
        }
        let inputs = Inputs::open(spec)?;
        let linked = inputs.linked();
        Ok((
            inputs.into_catalog(),
            Self {
                spec: digest,
                stamps,
                linked,
                began,
                columns: Digests::new(),
            },
        ))
    }

    /// The files that the input's files point to.
    pub(crate) fn linked(&self) -> &Linked {
        &self.linked
    }

    /// Reads those of the wanted columns (indices into [`Basin::columns`]) that the index lacks, for all of the input's catchments.
    ///
    /// `scratch` is for what does not fit into memory; `tick` is told how many catchments of how many are read.
    pub(crate) fn complete(
        &mut self,
        basin: &Basin<'_>,
        wanted: &BTreeSet<usize>,
        scratch: &Path,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let definition = |at: usize| basin.columns[at].definition();
        let unknown: Vec<usize> = (wanted.iter().copied())
            .filter(|&at| !self.columns.contains_key(definition(at).as_ref()))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut reader = SeriesReader::open(basin, &unknown)?.with_scratch(scratch);
        let digests = read_digests(&mut reader, basin.catalog().catchments.len(), tick)?;
        self.linked.add(&reader.linked());
        self.expect_unchanged(basin.input())?;
        for (column, &at) in unknown.iter().enumerate() {
            let of_column = digests.iter().map(|digests| match digests {
                Ok(digests) => Ok(digests[column]),
                Err(fault) => Err(fault.clone()),
            });
            let definition = definition(at).into_owned();
            self.columns.insert(definition, of_column.collect());
        }
        Ok(())
    }

    /// An error if the input's files do not look as they did before they were read.
    pub(crate) fn expect_unchanged(&self, spec: &InputSpec) -> Result<()> {
        if stamps(spec)? == self.stamps && self.linked.holds() {
            return Ok(());
        }
        let files = spec.files.iter().map(PathBuf::as_path);
        let list: Vec<_> = (files.chain(self.linked.paths()))
            .map(|file| file.display().to_string())
            .collect();
        bail!(
            "the input changed while it was read: {}; run again when it is complete",
            list.join(", ")
        );
    }

    /// For each of the input's catchments the digests of these columns, which the index must have, or its first fault.
    pub(crate) fn digests(&self, basin: &Basin<'_>, wanted: &[usize]) -> SeriesDigests {
        let columns: Vec<_> = (wanted.iter())
            .filter_map(|&at| self.columns.get(basin.columns[at].definition().as_ref()))
            .collect();
        let of = |place: usize| columns.iter().map(|column| column[place].clone()).collect();
        (0..basin.catalog().catchments.len()).map(of).collect()
    }

    /// Stores the index, if it can be trusted later.
    pub(crate) fn remember(&self, basin: &Basin<'_>, store: &mut Store) -> Result<()> {
        // Where there are no files, all is there to be looked up as fast.
        if self.stamps.is_empty() {
            return Ok(());
        }
        let mut stamps = self.stamps.iter();
        let can_be_trusted = stamps.all(|stamp| stamp.is_older_than_clock_step(self.began))
            && self.linked.is_older_than_clock_step(self.began);
        if !can_be_trusted {
            return Ok(());
        }
        let payload = postcard::to_stdvec(&Memo(
            &self.spec,
            &self.stamps,
            &self.linked,
            basin.catalog(),
            &self.columns,
        ))
        .context("can't put down what is known of the input")?;
        if store.memo(MEMO, "")?.as_deref() != Some(&payload) {
            store.remember(MEMO, "", &payload)?;
        }
        Ok(())
    }
}

/// Takes note that one of the input's files looks otherwise because of a link that was made to it or removed, and not because it
/// changed. What is known of it goes on to hold.
pub(crate) fn note_link(store: &mut Store, before: &Stamp, after: &Stamp) -> Result<()> {
    let Some(payload) = store.memo(MEMO, "")? else {
        return Ok(());
    };
    // What another version wrote does not hold anyway.
    let Ok(mut known) = postcard::from_bytes::<Known>(&payload) else {
        return Ok(());
    };
    if known.1.contains(before) {
        for stamp in known.1.iter_mut().filter(|stamp| *stamp == before) {
            *stamp = after.clone();
        }
        let payload = postcard::to_stdvec(&known).context("can't put down how the input looks")?;
        store.remember(MEMO, "", &payload)?;
    }
    Ok(())
}

/// Reads the series of all `catchments` of the input on all cores, and digests the columns of each.
fn read_digests(
    reader: &mut SeriesReader<'_>,
    catchments: usize,
    tick: &mut dyn FnMut(usize, usize),
) -> Result<SeriesDigests> {
    let places: Vec<usize> = (0..catchments).collect();
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let shares = reader.shares(&places, threads);
    let reader = &*reader;
    let mut digests: SeriesDigests = vec![Ok(Vec::new()); catchments];
    let mut done = 0;
    thread::scope(|scope| {
        // Owned by this closure: if this thread panics, the readers notice that nobody receives any more.
        let (sender, found) = sync_channel(MOST_WAITING);
        let readers: Vec<_> = (shares.iter())
            .map(|share| {
                let sender = sender.clone();
                scope.spawn(move || {
                    reader.read(share, &mut |place, read| match sender
                        .send((place, read.map(|columns| series::digests(&columns))))
                    {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    })
                })
            })
            .collect();
        drop(sender);
        for (place, found) in found {
            digests[place] = found;
            done += 1;
            tick(done, catchments);
        }
        readers.into_iter().try_for_each(|reader| {
            let outcome = reader.join();
            outcome.unwrap_or_else(|panic| resume_unwind(panic))
        })
    })?;
    Ok(digests)
}

fn stamps(spec: &InputSpec) -> Result<Vec<Stamp>> {
    spec.files
        .iter()
        .map(|file| Stamp::of(file).with_context(|| format!("can't read {}", file.display())))
        .collect()
}
