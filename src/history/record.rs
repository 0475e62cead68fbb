//! Puts down what a run did and the moment that it left, if it changed anything.

use anyhow::{Context, Result};

use crate::data::digest::Digest;
use crate::history::account::Account;
use crate::plan::Plan;
use crate::plan::session::Session;
use crate::plan::snapshot::Moment;
use crate::store::Store;

/// A run that ran nothing and left all as the run before it did leaves no trace: it would only push out of sight what
/// `diff` compares with and what `gc` keeps.
pub fn record(
    sessions: &[Session<'_>],
    store: &mut Store,
    plans: &[Plan],
    account: &Account,
) -> Result<()> {
    let moment = Moment::of(sessions, plans)?.to_bytes()?;
    let latest = store.runs(1)?.pop().and_then(|run| run.moment);
    if account.ran == 0 && latest == Some(Digest::of(&moment)) {
        return Ok(());
    }
    store.keep(&[sessions[0].basin.time().to_bytes()])?;
    let summary = serde_json::to_string(account).context("can't put down what the run did")?;
    Ok(store.record_run(&moment, &summary)?)
}
