//! Changes to the store. Each call is one transaction: afterwards all of it is stored, or nothing.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::scenario::ScenarioName;

use super::contradiction::Contradiction;
use super::reading::{made_on, memo};
use super::results::{Present, compare, remove_result, store_input, store_result};
use super::{ATTEMPTS_KEPT, Another, Attempt, Failed, Outputs, Record, Store, StoreError, kept};
use crate::store::checksum::with_checksum;

impl Store {
    /// Stores a memo, in place of one of this kind and name.
    pub fn remember(&mut self, kind: &str, name: &str, payload: &[u8]) -> Result<(), StoreError> {
        self.in_transaction(|transaction| remember(transaction, kind, name, payload))
    }

    /// Removes the memo of this kind and name, if there is one.
    pub fn forget(&mut self, kind: &str, name: &str) -> Result<(), StoreError> {
        self.in_transaction(|transaction| forget(transaction, kind, name))
    }

    /// Puts into the place of the memo of this kind and name what `change` makes of it; without a memo or a change, it stays as it is.
    pub fn change_memo(
        &mut self,
        kind: &str,
        name: &str,
        change: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            match memo(transaction, kind, name)?.and_then(|payload| change(&payload)) {
                Some(payload) => remember(transaction, kind, name, &payload),
                None => Ok(()),
            }
        })
    }

    /// Stores the outcomes of a batch of catchments.
    ///
    /// A result that is already stored and is the same stays as it is; one that is damaged is replaced by the new one. What
    /// becomes of one that is different (the simulator depends on something that its project does not declare), the record
    /// says. A failure removes nothing but attempts older than the last [`ATTEMPTS_KEPT`].
    pub fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            for record in records {
                store_record(transaction, record)?;
            }
            Ok(())
        })
    }

    /// Records the catchments of a scenario that had their results without being run: catchment, key, its parts, its recipe.
    ///
    /// Writes only what differs from the last run.
    pub fn touch(
        &mut self,
        scenario: &ScenarioName,
        states: &[(CatchmentId, Digest, Vec<u8>, Digest)],
    ) -> Result<(), StoreError> {
        if states.is_empty() {
            return Ok(());
        }
        let last = self.last(scenario)?;
        let changed: Vec<_> = states
            .iter()
            .filter(|(catchment, key, _, _)| {
                let last = last.get(catchment);
                last.is_none_or(|last| last.key != *key || last.failure.is_some())
            })
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let upsert = "INSERT INTO state (scenario, catchment, key, recipe, attempts) VALUES (?1, ?2, ?3, ?4, 0)
            ON CONFLICT DO UPDATE SET key = excluded.key, recipe = excluded.recipe, attempts = 0,
            failure_code = NULL, failure_reason = NULL";
        self.in_transaction(|transaction| {
            let used = "UPDATE result SET used = unixepoch() WHERE key = ?1";
            for (catchment, key, parts, recipe) in changed {
                transaction
                    .prepare_cached(used)?
                    .execute([key.as_bytes()])?;
                store_explanation(transaction, key, recipe, parts)?;
                transaction.prepare_cached(upsert)?.execute(params![
                    scenario.as_str(),
                    catchment.as_str(),
                    key.as_bytes(),
                    recipe.as_bytes()
                ])?;
            }
            Ok(())
        })
    }

    /// Removes the results of these keys with the payloads that no other result uses; returns how many results there were.
    ///
    /// For damaged ones, so that they are computed again.
    pub fn discard(&mut self, keys: &[Digest]) -> Result<usize, StoreError> {
        self.in_transaction(|transaction| {
            let mut discarded = 0;
            for key in keys {
                discarded += usize::from(remove_result(transaction, key)?);
            }
            Ok(discarded)
        })
    }

    pub(super) fn in_transaction<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // Immediate: asking for the write lock later could only fail.
        let outcome = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = change(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        self.map_error(outcome)
    }
}

/// Stores a memo, in place of one of this kind and name.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    kind: &str,
    name: &str,
    payload: &[u8],
) -> rusqlite::Result<()> {
    let record = with_checksum(&[kind.as_bytes(), name.as_bytes()], payload);
    let upsert = "INSERT INTO memo (kind, name, payload) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET payload = excluded.payload";
    transaction
        .prepare_cached(upsert)?
        .execute(params![kind, name, record])?;
    Ok(())
}

/// Removes the memo of this kind and name, if there is one.
pub(super) fn forget(
    transaction: &Transaction<'_>,
    kind: &str,
    name: &str,
) -> rusqlite::Result<()> {
    let delete = "DELETE FROM memo WHERE kind = ?1 AND name = ?2";
    transaction.prepare_cached(delete)?.execute([kind, name])?;
    Ok(())
}

/// Stores the outcome of one catchment; returns whether its result differs from another that stays.
pub(super) fn store_record(
    transaction: &Transaction<'_>,
    record: &Record,
) -> rusqlite::Result<Option<Contradiction>> {
    store_recipe(transaction, &record.recipe, &record.recipe_parts)?;
    for content in &record.contents {
        store_content(transaction, content)?;
    }
    for (digest, column) in &record.series {
        store_input(transaction, digest, column)?;
    }
    // Only a state's is ever asked for.
    if !record.is_passing {
        store_explanation(transaction, &record.key, &record.recipe, &record.parts)?;
    }
    let mut contradiction = None;
    if let Some(columns) = &record.result {
        let unknown = Machine::default();
        let kept_of = match &record.outputs {
            Outputs::ReadAgain(raw) => Some(kept::made_on(transaction, raw)?),
            Outputs::NotKept | Outputs::Kept(_) => None,
        };
        let ran_on = good_attempt(record).map(|attempt| &attempt.machine);
        let machine = kept_of.as_ref().or(ran_on).unwrap_or(&unknown);
        let present = compare(transaction, &record.key, columns)?;
        match (present, record.another) {
            (Present::Same, _) => {}
            (Present::Another, Another::Stays) => {
                contradiction = Some(Contradiction {
                    key: record.key,
                    scenario: record.scenario.clone(),
                    catchment: record.catchment.clone(),
                    first: made_on(transaction, &record.key)?,
                    second: machine.clone(),
                });
            }
            (Present::Another | Present::Damaged, _) => {
                remove_result(transaction, &record.key)?;
                let machine = machine_id(transaction, machine)?;
                store_result(transaction, &record.key, columns, machine)?;
            }
            (Present::Nothing, _) => {
                let machine = machine_id(transaction, machine)?;
                store_result(transaction, &record.key, columns, machine)?;
            }
        }
    }
    let made_on = match (&record.outputs, good_attempt(record)) {
        (Outputs::Kept(_), Some(attempt)) => machine_id(transaction, &attempt.machine)?,
        _ => None,
    };
    kept::store(transaction, record, made_on)?;
    if !record.is_passing {
        store_attempts(transaction, record, &record.scenario)?;
        store_state(transaction, record)?;
    } else if record.result.is_none() {
        store_attempts(transaction, record, &ScenarioName::PASSING)?;
    }
    Ok(contradiction)
}

/// Writes only what differs, which also repairs what was damaged.
fn store_recipe(
    transaction: &Transaction<'_>,
    recipe: &Digest,
    parts: &[u8],
) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO recipe (digest, parts) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET parts = excluded.parts WHERE parts <> excluded.parts";
    let record = with_checksum(&[recipe.as_bytes()], parts);
    transaction
        .prepare_cached(upsert)?
        .execute(params![recipe.as_bytes(), record])?;
    Ok(())
}

fn store_explanation(
    transaction: &Transaction<'_>,
    key: &Digest,
    recipe: &Digest,
    parts: &[u8],
) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO explanation (key, recipe, parts) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET recipe = excluded.recipe, parts = excluded.parts
        WHERE parts <> excluded.parts OR recipe <> excluded.recipe";
    let record = with_checksum(&[key.as_bytes(), recipe.as_bytes()], parts);
    let values = params![key.as_bytes(), recipe.as_bytes(), record];
    transaction.prepare_cached(upsert)?.execute(values)?;
    Ok(())
}

/// Stores bytes under their digest; damaged ones are replaced.
pub(super) fn store_content(
    transaction: &Transaction<'_>,
    content: &[u8],
) -> rusqlite::Result<Digest> {
    let upsert = "INSERT INTO content (digest, bytes) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes";
    let digest = Digest::of(content);
    transaction
        .prepare_cached(upsert)?
        .execute(params![digest.as_bytes(), content])?;
    Ok(digest)
}

/// Stores the attempts of a record as those of this scenario.
fn store_attempts(
    transaction: &Transaction<'_>,
    record: &Record,
    scenario: &ScenarioName,
) -> rusqlite::Result<()> {
    let catchment = record.catchment.as_str();
    let insert = "INSERT INTO attempt (scenario, catchment, key, started, failure_code, failure_reason, wall, user, system,
        peak_bytes, tail, machine) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    for attempt in &record.attempts {
        transaction.prepare_cached(insert)?.execute(params![
            scenario.as_str(),
            catchment,
            record.key.as_bytes(),
            attempt.started,
            attempt.failure.as_ref().map(|failure| &failure.code),
            attempt.failure.as_ref().map(|failure| &failure.reason),
            real(attempt.cost.wall),
            real(attempt.cost.user),
            real(attempt.cost.system),
            bytes(attempt.cost.peak_bytes),
            attempt.tail,
            machine_id(transaction, &attempt.machine)?
        ])?;
    }
    let prune = "DELETE FROM attempt WHERE scenario = ?1 AND catchment = ?2 AND id <= (SELECT id FROM attempt
        WHERE scenario = ?1 AND catchment = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)";
    transaction.prepare_cached(prune)?.execute(params![
        scenario.as_str(),
        catchment,
        ATTEMPTS_KEPT
    ])?;
    Ok(())
}

/// The good attempt of a record, whose columns its result are.
fn good_attempt(record: &Record) -> Option<&Attempt> {
    record.result.as_ref()?;
    let mut attempts = record.attempts.iter();
    attempts.rfind(|attempt| attempt.failure.is_none())
}

/// The number of a machine, given to it now or before; `None` for one that is not known.
fn machine_id(transaction: &Transaction<'_>, machine: &Machine) -> rusqlite::Result<Option<i64>> {
    if !machine.is_known() {
        return Ok(None);
    }
    let names = [&machine.host, &machine.class];
    let select = "SELECT id FROM machine WHERE host = ?1 AND class = ?2";
    let present = transaction
        .prepare_cached(select)?
        .query_row(names, |row| row.get(0))
        .optional()?;
    if present.is_some() {
        return Ok(present);
    }
    let insert = "INSERT INTO machine (host, class) VALUES (?1, ?2)";
    transaction.prepare_cached(insert)?.execute(names)?;
    Ok(Some(transaction.last_insert_rowid()))
}

fn store_state(transaction: &Transaction<'_>, record: &Record) -> rusqlite::Result<()> {
    let unknown = Failed {
        code: "unknown".to_owned(),
        reason: "there is no result, and no attempt says why".to_owned(),
    };
    let last_failure = record
        .attempts
        .iter()
        .rev()
        .find_map(|attempt| attempt.failure.as_ref());
    let failure = match record.result {
        Some(_) => None,
        None => Some(record.failure.as_ref().or(last_failure).unwrap_or(&unknown)),
    };
    let success = good_attempt(record).map(|attempt| attempt.cost);
    let upsert = "INSERT INTO state (scenario, catchment, key, recipe, failure_code, failure_reason, attempts, wall, user,
            system, peak_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT DO UPDATE SET
            attempts = excluded.attempts + iif(key = excluded.key AND failure_code IS NOT NULL, attempts, 0),
            key = excluded.key, recipe = excluded.recipe,
            failure_code = excluded.failure_code, failure_reason = excluded.failure_reason,
            wall = ifnull(excluded.wall, wall), user = ifnull(excluded.user, user),
            system = ifnull(excluded.system, system), peak_bytes = ifnull(excluded.peak_bytes, peak_bytes)";
    transaction.prepare_cached(upsert)?.execute(params![
        record.scenario.as_str(),
        record.catchment.as_str(),
        record.key.as_bytes(),
        record.recipe.as_bytes(),
        failure.map(|failure| &failure.code),
        failure.map(|failure| &failure.reason),
        record.attempts.len() as i64,
        success.map(|cost| real(cost.wall)),
        success.map(|cost| real(cost.user)),
        success.map(|cost| real(cost.system)),
        success.map(|cost| bytes(cost.peak_bytes))
    ])?;
    Ok(())
}

/// SQLite has no NaN: it would be a NULL where none is allowed.
fn real(seconds: f64) -> f64 {
    if seconds.is_nan() { 0.0 } else { seconds }
}

fn bytes(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
