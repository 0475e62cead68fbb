//! Changes to the store, each call one transaction: all of it is there afterwards, or nothing.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::catchment::CatchmentId;
use crate::codec::Encoded;
use crate::digest::Digest;
use crate::scenario::ScenarioName;

use super::reading::summary;
use super::seal::{of_result, seal};
use super::{ATTEMPTS_KEPT, Attempt, ColumnSummary, Failed, Record, Store, StoreError, Summary};

impl Store {
    /// Remembers a small fact, in place of what was remembered under this kind and name.
    pub fn remember(&mut self, kind: &str, name: &str, payload: &[u8]) -> Result<(), StoreError> {
        let sealed = seal(&[kind.as_bytes(), name.as_bytes()], payload);
        let upsert = "INSERT INTO memo (kind, name, payload) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET payload = excluded.payload";
        self.within(|transaction| {
            transaction
                .prepare_cached(upsert)?
                .execute(params![kind, name, sealed])?;
            Ok(())
        })
    }

    /// Forgets what was remembered under this kind and name, if anything.
    pub fn forget(&mut self, kind: &str, name: &str) -> Result<(), StoreError> {
        self.within(|transaction| {
            let delete = "DELETE FROM memo WHERE kind = ?1 AND name = ?2";
            transaction.prepare_cached(delete)?.execute([kind, name])?;
            Ok(())
        })
    }

    /// Stores what came of a batch of catchments.
    ///
    /// A result that is there already and is the same is kept as it is; one that is damaged or another (the simulator
    /// depends on something that its project does not declare) gives way to the new one. A failure
    /// removes nothing but attempts older than the last [`ATTEMPTS_KEPT`].
    pub fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.within(|transaction| {
            for record in records {
                store_recipe(transaction, &record.recipe, &record.recipe_parts)?;
                for content in &record.contents {
                    store_content(transaction, content)?;
                }
                for (digest, column) in &record.series {
                    store_input(transaction, digest, column)?;
                }
                store_explanation(transaction, &record.key, &record.recipe, &record.parts)?;
                if let Some(columns) = &record.result {
                    store_result(transaction, &record.key, columns)?;
                }
                store_attempts(transaction, record)?;
                store_state(transaction, record)?;
            }
            Ok(())
        })
    }

    /// Notes a scenario's catchments whose result was there without running anything: catchment, key, its parts, its recipe.
    ///
    /// Writes only what differs from the last run, nothing at all if nothing does.
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
        self.within(|transaction| {
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
        self.within(|transaction| {
            let mut discarded = 0;
            for key in keys {
                discarded += usize::from(remove_result(transaction, key)?);
            }
            Ok(discarded)
        })
    }

    pub(super) fn within<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // Immediate: asking for the write lock halfway could only fail.
        let outcome = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = change(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        self.sorted(outcome)
    }
}

/// Writes only what differs, which also mends what was damaged.
fn store_recipe(
    transaction: &Transaction<'_>,
    recipe: &Digest,
    parts: &[u8],
) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO recipe (digest, parts) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET parts = excluded.parts WHERE parts <> excluded.parts";
    let sealed = seal(&[recipe.as_bytes()], parts);
    transaction
        .prepare_cached(upsert)?
        .execute(params![recipe.as_bytes(), sealed])?;
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
    let sealed = seal(&[key.as_bytes(), recipe.as_bytes()], parts);
    let values = params![key.as_bytes(), recipe.as_bytes(), sealed];
    transaction.prepare_cached(upsert)?.execute(values)?;
    Ok(())
}

fn store_result(
    transaction: &Transaction<'_>,
    key: &Digest,
    columns: &[Encoded],
) -> rusqlite::Result<()> {
    if let Some((present, sealed)) = summary(transaction, key)? {
        let same = present
            .columns
            .iter()
            .map(|column| (&column.name, &column.checksum))
            .eq(columns
                .iter()
                .map(|column| (&column.name, &column.checksum)));
        if sealed && same && is_intact(transaction, &present)? {
            return Ok(());
        }
        remove_result(transaction, key)?;
    }
    let described: Vec<ColumnSummary> = columns.iter().map(describe).collect();
    let steps = columns.first().map_or(0, |column| column.steps as i64);
    let seal = of_result(key, steps, &described);
    transaction
        .prepare_cached(
            "INSERT INTO result (key, steps, created, used, seal) VALUES (?1, ?2, unixepoch(), unixepoch(), ?3)",
        )?
        .execute(params![key.as_bytes(), steps, seal.as_bytes()])?;
    let result = transaction.last_insert_rowid();
    for (position, (column, described)) in columns.iter().zip(&described).enumerate() {
        let payload = store_payload(transaction, column)?;
        let insert = "INSERT INTO series (result, position, name, minimum, maximum, missing, checksum, payload)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        transaction.prepare_cached(insert)?.execute(params![
            result,
            position as i64,
            described.name,
            described.minimum,
            described.maximum,
            described.missing as i64,
            described.checksum.as_bytes(),
            payload
        ])?;
    }
    Ok(())
}

fn describe(column: &Encoded) -> ColumnSummary {
    // SQLite stores a real -0.0 as the integer 0; the seal must not depend on that.
    let bound = |bound: Option<f64>| {
        bound
            .filter(|bound| bound.is_finite())
            .map(|bound| bound + 0.0)
    };
    ColumnSummary {
        name: column.name.clone(),
        minimum: bound(column.minimum),
        maximum: bound(column.maximum),
        missing: column.missing,
        checksum: column.checksum,
    }
}

/// Keeps bytes under their digest; damaged ones are mended.
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

/// Keeps a series that a simulator was given. An output that equals an input shares its payload.
fn store_input(
    transaction: &Transaction<'_>,
    digest: &Digest,
    column: &Encoded,
) -> rusqlite::Result<()> {
    let payload = store_payload(transaction, column)?;
    let insert =
        "INSERT INTO input (digest, steps, payload) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    transaction.prepare_cached(insert)?.execute(params![
        digest.as_bytes(),
        column.steps as i64,
        payload
    ])?;
    Ok(())
}

/// The id of the payload with these bytes, stored now or before; a damaged one is mended.
fn store_payload(transaction: &Transaction<'_>, column: &Encoded) -> rusqlite::Result<i64> {
    let checksum = column.checksum.as_bytes();
    let present = transaction
        .prepare_cached("SELECT id, bytes = ?2 FROM payload WHERE checksum = ?1")?
        .query_row(params![checksum, column.bytes], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match present {
        Some((id, true)) => Ok(id),
        Some((id, false)) => {
            transaction
                .prepare_cached("UPDATE payload SET bytes = ?2 WHERE id = ?1")?
                .execute(params![id, column.bytes])?;
            Ok(id)
        }
        None => {
            transaction
                .prepare_cached("INSERT INTO payload (checksum, bytes) VALUES (?1, ?2)")?
                .execute(params![checksum, column.bytes])?;
            Ok(transaction.last_insert_rowid())
        }
    }
}

/// Whether all of a result's payloads are there and are what their checksums say.
fn is_intact(transaction: &Transaction<'_>, summary: &Summary) -> rusqlite::Result<bool> {
    let query = "SELECT bytes FROM series LEFT JOIN payload ON payload.id = series.payload
        WHERE series.result = ?1 ORDER BY position";
    let mut statement = transaction.prepare_cached(query)?;
    let mut rows = statement.query([summary.result.0])?;
    for column in &summary.columns {
        let bytes: Option<Vec<u8>> = match rows.next()? {
            Some(row) => row.get(0)?,
            None => None,
        };
        if bytes.is_none_or(|bytes| Digest::of(&bytes) != column.checksum) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn remove_result(transaction: &Transaction<'_>, key: &Digest) -> rusqlite::Result<bool> {
    let payloads: Vec<i64> = transaction
        .prepare_cached(
            "SELECT payload FROM series JOIN result ON result.id = series.result WHERE key = ?1",
        )?
        .query_map([key.as_bytes()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let removed = transaction
        .prepare_cached("DELETE FROM result WHERE key = ?1")?
        .execute([key.as_bytes()])?;
    for payload in payloads {
        remove_unused_payload(transaction, payload)?;
    }
    Ok(removed > 0)
}

pub(super) fn remove_unused_payload(
    transaction: &Transaction<'_>,
    payload: i64,
) -> rusqlite::Result<()> {
    let delete =
        "DELETE FROM payload WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM series WHERE payload = ?1)
        AND NOT EXISTS (SELECT 1 FROM input WHERE payload = ?1)";
    transaction.prepare_cached(delete)?.execute([payload])?;
    Ok(())
}

fn store_attempts(transaction: &Transaction<'_>, record: &Record) -> rusqlite::Result<()> {
    let catchment = record.catchment.as_str();
    let insert = "INSERT INTO attempt (scenario, catchment, key, started, failure_code, failure_reason, wall, user, system,
        peak_bytes, tail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    for attempt in &record.attempts {
        transaction.prepare_cached(insert)?.execute(params![
            record.scenario.as_str(),
            catchment,
            record.key.as_bytes(),
            attempt.started,
            attempt.failure.as_ref().map(|failure| &failure.code),
            attempt.failure.as_ref().map(|failure| &failure.reason),
            real(attempt.wall),
            real(attempt.user),
            real(attempt.system),
            bytes(attempt.peak_bytes),
            attempt.tail
        ])?;
    }
    let prune = "DELETE FROM attempt WHERE scenario = ?1 AND catchment = ?2 AND id <= (SELECT id FROM attempt
        WHERE scenario = ?1 AND catchment = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)";
    transaction.prepare_cached(prune)?.execute(params![
        record.scenario.as_str(),
        catchment,
        ATTEMPTS_KEPT
    ])?;
    Ok(())
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
        None => Some(last_failure.unwrap_or(&unknown)),
    };
    let success = record
        .result
        .as_ref()
        .and_then(|_| {
            record
                .attempts
                .iter()
                .rfind(|attempt| attempt.failure.is_none())
        })
        .map(Attempt::cost);
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
