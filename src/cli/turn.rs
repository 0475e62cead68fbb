//! What several processes on one project do one after the other: making its input file, and its products.
//!
//! Whoever has to wait is told once for whom.

use std::path::Path;

use anyhow::{Context, Result};

use super::terminal::say;
use crate::store::cache_folder::Cache;
use crate::system::lock::{Holder, Lock};
use crate::system::process::Interrupt;

/// Waits until nobody else writes products of this project; `None` if interrupted.
pub(super) fn to_write_products(cache: &Cache, interrupt: &Interrupt) -> Result<Option<Lock>> {
    wait(&cache.product_lock(), "to write the product", interrupt)
}

/// Waits until nobody else makes the input file of this project. Signals are not listened to: one just ends the program.
pub(super) fn to_import(cache: &Cache) -> Result<Option<Lock>> {
    let interrupt = Interrupt::new().context("can't prepare for signals")?;
    wait(&cache.import_lock(), "to import", &interrupt)
}

fn wait(path: &Path, what: &str, interrupt: &Interrupt) -> Result<Option<Lock>> {
    let tell = |holder: &Holder| say(&format!("waiting {what}: {holder} is at it"));
    Ok(Lock::take_in_turn(path, interrupt, tell)?)
}
