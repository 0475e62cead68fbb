//! Results and their payloads, which are stored once however many results and inputs share them.

use rusqlite::{OptionalExtension, Transaction, params};

use super::reading::summary;
use super::{ColumnSummary, ResultSummary};
use crate::data::digest::Digest;
use crate::store::checksum::result_checksum;
use crate::store::codec::Encoded;

/// What is stored under the key of a new result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Present {
    Nothing,
    /// A result that is not what it was when it was stored.
    Damaged,
    /// The same result.
    Same,
    /// Another one.
    Another,
}

/// Compares what is stored under this key with a new result.
pub(super) fn compare(
    transaction: &Transaction<'_>,
    key: &Digest,
    columns: &[Encoded],
) -> rusqlite::Result<Present> {
    let Some((present, is_right)) = summary(transaction, key)? else {
        return Ok(Present::Nothing);
    };
    let names = present.columns.iter();
    let same = names
        .map(|column| (&column.name, &column.checksum))
        .eq(columns
            .iter()
            .map(|column| (&column.name, &column.checksum)));
    Ok(match is_right && is_intact(transaction, &present)? {
        false => Present::Damaged,
        true if same => Present::Same,
        true => Present::Another,
    })
}

/// Stores a result under its key, which has none; the number is that of the machine that made it.
pub(super) fn store_result(
    transaction: &Transaction<'_>,
    key: &Digest,
    columns: &[Encoded],
    machine: Option<i64>,
) -> rusqlite::Result<()> {
    let described: Vec<ColumnSummary> = columns.iter().map(describe).collect();
    let longest = columns.iter().map(|column| column.steps).max();
    let steps = longest.unwrap_or(0) as i64;
    let checksum = result_checksum(key, steps, &described);
    transaction
        .prepare_cached(
            "INSERT INTO result (key, steps, created, used, seal, machine)
            VALUES (?1, ?2, unixepoch(), unixepoch(), ?3, ?4)",
        )?
        .execute(params![key.as_bytes(), steps, checksum.as_bytes(), machine])?;
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
    // SQLite stores a real -0.0 as the integer 0; the checksum must not depend on that.
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

/// Stores a series that a simulator was given. An output that equals an input shares its payload.
pub(super) fn store_input(
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

/// The id of the payload with these bytes, stored now or before; a damaged one is repaired.
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
fn is_intact(transaction: &Transaction<'_>, summary: &ResultSummary) -> rusqlite::Result<bool> {
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

/// Removes a result with the payloads that nothing else uses; returns whether there was one.
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

/// Removes a payload unless a result or an input uses it.
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
