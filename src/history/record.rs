//! Records what a run did and the snapshot that it left, if it changed anything.

use anyhow::{Context, Result};

use crate::data::digest::Digest;
use crate::history::account::Account;
use crate::plan::Plan;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::Snapshot;
use crate::store::Store;

/// Returns the number of the run, if it was recorded. A run that ran nothing and changed nothing is not recorded: it would only displace what `diff` compares with and what `gc`
/// keeps.
pub(crate) fn record(
    scenarios: &[LoadedScenario<'_>],
    store: &mut Store,
    plans: &[Plan],
    account: &Account,
) -> Result<Option<i64>> {
    let snapshot = Snapshot::bytes_of(scenarios, plans)?;
    let latest = store.runs(1)?.pop().and_then(|run| run.snapshot);
    if account.ran + account.read_again == 0 && latest == Some(Digest::of(&snapshot)) {
        return Ok(None);
    }
    store.store_contents(&[scenarios[0].basin.time_bytes()])?;
    let summary = serde_json::to_string(account).context("can't put down what the run did")?;
    Ok(Some(store.record_run(&snapshot, &summary)?))
}

/// Puts down what else there is to be said of a run that was recorded.
pub(crate) fn amend(store: &mut Store, run: i64, account: &Account) -> Result<()> {
    let summary = serde_json::to_string(account).context("can't put down what the run did")?;
    Ok(store.amend_run(run, &summary)?)
}
