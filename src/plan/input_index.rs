//! What is known of the input: its catalog and a digest of every series column of every catchment.
//!
//! Reading all series only to find that nothing changed would cost more than all the rest, so an input index is remembered
//! in the store together with what the files looked like, those that they lead to included. It is believed only while every
//! file looks the same and did so for long enough (see [`crate::system::stamp`]).

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
use crate::inputs::{BadInput, Catalog, InputSpec, Inputs, Linked, MEANING};
use crate::plan::basin::Basin;
use crate::store::Store;
use crate::system::stamp::Stamp;

/// At most this many bytes of series values are held at once by all readers.
pub const BLOCK_BYTES: usize = 16 << 20;

/// What is found out about so many catchments may wait to be put down.
const AT_ONCE: usize = 64;

const MEMO: &str = "survey of all files";

/// For each of the input's catchments the digests of some columns, or what is wrong with its input.
pub type SeriesDigests = Vec<Result<Vec<Digest>, BadInput>>;

/// By the definition of a column, a digest or a fault for every catchment.
type Digests = BTreeMap<String, Vec<Result<Digest, BadInput>>>;

/// What the input's files looked like and what is known of their series.
pub struct InputIndex {
    spec: Digest,
    stamps: Vec<Stamp>,
    linked: Linked,
    /// When the first look at them was taken.
    began: SystemTime,
    columns: Digests,
}

/// An input index as it is put down, beside the catalog.
#[derive(Serialize)]
struct Memo<'a>(
    &'a Digest,
    &'a [Stamp],
    &'a Linked,
    &'a Catalog,
    &'a Digests,
);

/// The same as it is read.
#[derive(Deserialize)]
struct Known(Digest, Vec<Stamp>, Linked, Catalog, Digests);

impl Described for InputSpec {
    fn describe(&self, text: &mut String) {
        record(
            text,
            "InputSpec",
            &[
                ("files", &self.files),
                ("id", &self.id),
                ("time", &self.time),
                ("group_prefix", &self.group_prefix),
                ("series_table", &self.series_table),
                ("parameter_table", &self.parameter_table),
            ],
        );
    }
}

impl InputIndex {
    /// The catalog and the input index remembered in the store if they still hold, else the files' own catalog.
    pub fn new(
        spec: &InputSpec,
        store: Option<&Store>,
        rehash: bool,
    ) -> Result<(Arc<Catalog>, Self)> {
        let began = SystemTime::now();
        let stamps = stamps(spec)?;
        let digest = Digest::of(format!("{MEANING} {}", spec.description()).as_bytes());
        if let Some(store) = store.filter(|_| !rehash)
            && let Some(payload) = store.memo(MEMO, "")?
            // A memo that can't be read was written by another version; it is made anew.
            && let Ok(Known(known_spec, known_stamps, linked, catalog, columns)) = postcard::from_bytes(&payload)
            && (&known_spec, &known_stamps) == (&digest, &stamps)
            && linked.holds()
        {
            return Ok((
                Arc::new(catalog),
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
            Arc::new(inputs.into_catalog()),
            Self {
                spec: digest,
                stamps,
                linked,
                began,
                columns: Digests::new(),
            },
        ))
    }

    /// The further files that the input's files read.
    pub fn linked(&self) -> &Linked {
        &self.linked
    }

    /// Reads what is not known yet of the wanted columns (indices into [`Basin::columns`]) of all of the input's catchments.
    ///
    /// `scratch` is for what does not fit memory; `tick` is told how many catchments of how many are read.
    pub fn complete(
        &mut self,
        spec: &InputSpec,
        basin: &Basin<'_>,
        wanted: &BTreeSet<usize>,
        scratch: &Path,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let is_known = |at: usize| {
            let definition = basin.columns[at].definition();
            self.columns.contains_key(definition.as_ref())
        };
        let unknown: Vec<usize> = (wanted.iter().copied())
            .filter(|&at| !is_known(at))
            .collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => self.read(spec, basin, &unknown, scratch, tick),
        }
    }

    /// For each of the input's catchments the digests of these columns, which are complete, or its first fault.
    pub fn digests(&self, basin: &Basin<'_>, wanted: &[usize]) -> SeriesDigests {
        let columns: Vec<_> = (wanted.iter())
            .filter_map(|&at| self.columns.get(basin.columns[at].definition().as_ref()))
            .collect();
        let of = |place: usize| columns.iter().map(|column| column[place].clone()).collect();
        (0..basin.catalog().catchments.len()).map(of).collect()
    }

    /// Puts the input index down in the store if it may be believed later.
    pub fn remember(&self, basin: &Basin<'_>, store: &mut Store) -> Result<()> {
        let is_older_than_clock_step = self
            .stamps
            .iter()
            .all(|stamp| stamp.is_older_than_clock_step(self.began));
        if !(is_older_than_clock_step && self.linked.is_older_than_clock_step(self.began)) {
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

    fn read(
        &mut self,
        spec: &InputSpec,
        basin: &Basin<'_>,
        wanted: &[usize],
        scratch: &Path,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let all: Vec<usize> = (0..basin.catalog().catchments.len()).collect();
        let nothing = Ok(Digest::of(b""));
        let mut digests = vec![vec![nothing; all.len()]; wanted.len()];
        let mut done = 0;
        let inputs = Inputs::open(spec)?.with_scratch(scratch);
        let columns = basin.input_columns(wanted);
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        let block_bytes = BLOCK_BYTES / threads;
        let shares = inputs.shares(&all, &columns, block_bytes, threads);
        let digest = |series: Result<Vec<Vec<f64>>, BadInput>| -> Result<Vec<Digest>, BadInput> {
            let columns = basin.compute(wanted, series?)?;
            Ok(columns
                .iter()
                .map(|values| Digest::of_numbers(values))
                .collect())
        };
        thread::scope(|scope| {
            // Owned in here: should this thread break down, the others see that nobody wants what they find.
            let (sender, found) = sync_channel(AT_ONCE);
            let readers: Vec<_> = (shares.iter())
                .map(|share| {
                    let (sender, inputs, columns) = (sender.clone(), &inputs, &columns);
                    scope.spawn(move || {
                        inputs.read(share, columns, block_bytes, &mut |catchment, series| {
                            match sender.send((catchment, digest(series))) {
                                Ok(()) => ControlFlow::Continue(()),
                                Err(_) => ControlFlow::Break(()),
                            }
                        })
                    })
                })
                .collect();
            drop(sender);
            for (catchment, found) in found {
                for (at, digests) in digests.iter_mut().enumerate() {
                    digests[catchment] = match &found {
                        Ok(found) => Ok(found[at]),
                        Err(fault) => Err(fault.clone()),
                    };
                }
                done += 1;
                tick(done, all.len());
            }
            readers.into_iter().try_for_each(|reader| {
                let outcome = reader.join();
                outcome.unwrap_or_else(|panic| resume_unwind(panic))
            })
        })?;
        self.linked.add(&inputs.linked());
        if stamps(spec)? != self.stamps || !self.linked.holds() {
            let files = spec.files.iter().map(PathBuf::as_path);
            let list: Vec<_> = (files.chain(self.linked.paths()))
                .map(|file| file.display().to_string())
                .collect();
            bail!(
                "the input changed while it was read: {}; run again when it is complete",
                list.join(", ")
            );
        }
        for (&at, digests) in wanted.iter().zip(digests) {
            self.columns
                .insert(basin.columns[at].definition().into_owned(), digests);
        }
        Ok(())
    }
}

fn stamps(spec: &InputSpec) -> Result<Vec<Stamp>> {
    spec.files
        .iter()
        .map(|file| Stamp::of(file).with_context(|| format!("can't read {}", file.display())))
        .collect()
}
