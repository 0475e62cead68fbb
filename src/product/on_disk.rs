//! Whether the product on the disk is the very file that was written, and what is done when it is not.
//!
//! A product carries its digest, but a file that was damaged or edited since still carries it. So the store remembers what
//! the file looked like when it was written, and if it looks otherwise, a new one is written beside it. If both turn out
//! to be equal to the byte (the file was copied or touched), the old one stays as it is.

use std::collections::HashMap;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::data::objective::ObjectiveNumbers;
use crate::store::Store;
use crate::system::folder;
use crate::system::regular;
use crate::system::stamp::Stamp;

const MEMO: &str = "product";

/// When the run began that a product is of.
const BEGAN: &str = "product, run begun";
const OBJECTIVES: &str = "objectives";

/// Whether the file at `path` looks as it did when it was written.
pub(crate) fn is_as_written(store: &Store, path: &Path) -> Result<bool> {
    let Ok(now) = Stamp::of(path) else {
        return Ok(false);
    };
    let known = store.memo(MEMO, &path.to_string_lossy())?;
    let known = known.and_then(|bytes| postcard::from_bytes::<Stamp>(&bytes).ok());
    Ok(known.as_ref() == Some(&now))
}

/// Remembers what the file looks like. It was just written, or found to be what would be written.
pub(crate) fn remember(store: &mut Store, path: &Path) -> Result<()> {
    let stamp = Stamp::of(path).with_context(|| format!("can't read {}", path.display()))?;
    let name = path.to_string_lossy();
    store.remember(MEMO, &name, &postcard::to_stdvec(&stamp)?)?;
    Ok(())
}

/// The beginning of a run, by which it finds out in the end whether another one began later and was done with a product before. That
/// one knows the project as it is now.
pub struct Beginning {
    time: SystemTime,
    /// When the runs began that the products were of then.
    runs: HashMap<PathBuf, Option<SystemTime>>,
}

impl Beginning {
    /// Of a run that began at this time, before it read anything of the project, with these products as they are now.
    pub fn of(time: SystemTime, products: &[&Path], store: &Store) -> Result<Self> {
        let run = |path: &&Path| Ok((path.to_path_buf(), run_of(store, path)?));
        Ok(Self {
            time,
            runs: products.iter().map(run).collect::<Result<_>>()?,
        })
    }

    /// Whether the file at `path` is what a later run has made since, or left as it is. That the clock was set tells nothing.
    pub(super) fn is_before(&self, store: &Store, path: &Path) -> Result<bool> {
        let (then, now) = (self.runs.get(path).copied().flatten(), run_of(store, path)?);
        Ok(now != then && now.is_some_and(|now| now > self.time) && path.exists())
    }

    /// Remembers that the file at `path` is of this run.
    pub(super) fn remember(&self, store: &mut Store, path: &Path) -> Result<()> {
        let name = path.to_string_lossy();
        store.remember(BEGAN, &name, &postcard::to_stdvec(&self.time)?)?;
        Ok(())
    }
}

/// When the run began that a product is of, as far as it is known.
fn run_of(store: &Store, path: &Path) -> Result<Option<SystemTime>> {
    let known = store.memo(BEGAN, &path.to_string_lossy())?;
    Ok(known.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
}

/// What the objectives of the product at `path` came to when it was written.
pub(crate) fn objectives(store: &Store, path: &Path) -> Result<Vec<ObjectiveNumbers>> {
    let known = store.memo(OBJECTIVES, &path.to_string_lossy())?;
    // What can't be read was written by another version, which wrote another product, too.
    let known = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(known.unwrap_or_default())
}

/// Remembers what the objectives of the product at `path`, which was just written, come to.
pub(crate) fn remember_objectives(
    store: &mut Store,
    path: &Path,
    objectives: &[ObjectiveNumbers],
) -> Result<()> {
    let name = path.to_string_lossy();
    if objectives.is_empty() {
        return Ok(store.forget(OBJECTIVES, &name)?);
    }
    Ok(store.remember(OBJECTIVES, &name, &serde_json::to_vec(objectives)?)?)
}

/// A product written beside one that is not trusted. Dropping it removes the file.
pub(crate) struct Replacement(PathBuf);

impl Replacement {
    /// A place beside `path`, cleared of what a killed run left there.
    pub(crate) fn beside(path: &Path) -> Result<Self> {
        let with = |suffix: &str| regular::with_suffix(path, suffix);
        for leftover in [".anew", ".anew.part"].map(with) {
            // Asked first: on a disk mounted read-only even a file that is not there can't be removed.
            if leftover.exists() {
                fs::remove_file(&leftover)
                    .with_context(|| format!("can't remove {}", leftover.display()))?;
            }
        }
        Ok(Self(with(".anew")))
    }

    /// Where it is to be written.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes the place of the file at `path`, unless both are equal to the byte; says whether it did.
    pub(crate) fn replaces(&self, path: &Path) -> Result<bool> {
        if same_bytes(&self.0, path).unwrap_or(false) {
            return Ok(false);
        }
        let context = || format!("can't rename {} to {}", self.0.display(), path.display());
        fs::rename(&self.0, path).with_context(context)?;
        folder::sync(folder::of(path)).with_context(context)?;
        Ok(true)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

fn same_bytes(one: &Path, other: &Path) -> std::io::Result<bool> {
    let (one, other) = (regular::open(one)?, regular::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}
