//! Removal of what is no longer kept, and the sizes by which it is decided what that is.

use std::collections::{HashMap, HashSet};

use rusqlite::Transaction;

use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;

use super::reading::{count, digest};
use super::results::remove_unused_payload;
use super::{Store, StoreError};

/// How many results are removed in one transaction, each with its payloads.
const BATCH: usize = 500;

/// A result with its payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultPayloads {
    /// Its key.
    pub key: Digest,
    /// Its payloads, and how many bytes each has.
    pub payloads: Vec<(i64, u64)>,
}

/// What stays when the rest is removed.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The keys whose explanations stay.
    pub keys: HashSet<Digest>,
    /// The digests of the contents that stay: series, texts, time axes, snapshots.
    pub contents: HashSet<Digest>,
    /// How many of the last runs keep their snapshots.
    pub runs: usize,
    /// The scenarios whose states stay.
    pub scenarios: HashSet<ScenarioName>,
    /// Whether what simulators left stays for these keys.
    pub outputs: bool,
}

impl Store {
    /// Tells of all results, the least recently used first: there may be too many to hold.
    pub fn each_result(&self, tell: &mut dyn FnMut(ResultPayloads)) -> Result<(), StoreError> {
        let query = "SELECT key, payload, length(bytes) FROM result JOIN series ON series.result = result.id
            JOIN payload ON payload.id = payload ORDER BY ifnull(used, created), result.id, position";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let mut rows = statement.query([])?;
            let mut last: Option<ResultPayloads> = None;
            while let Some(row) = rows.next()? {
                let (key, payload) = (digest(row, 0)?, (row.get(1)?, count(row, 2)?));
                match &mut last {
                    Some(last) if last.key == key => last.payloads.push(payload),
                    _ => {
                        let payloads = vec![payload];
                        let next = ResultPayloads { key, payloads };
                        last.replace(next).into_iter().for_each(&mut *tell);
                    }
                }
            }
            last.into_iter().for_each(tell);
            Ok(())
        })())
    }

    /// The stored input series: the digest of each's values, its payload and how many bytes that has.
    pub fn input_payloads(&self) -> Result<Vec<(Digest, i64, u64)>, StoreError> {
        let query =
            "SELECT digest, payload, length(bytes) FROM input JOIN payload ON payload.id = payload";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement
                .query_map([], |row| Ok((digest(row, 0)?, row.get(1)?, count(row, 2)?)))?;
            rows.collect()
        })())
    }

    /// How often each payload is used that has more than one use. Most have one.
    pub fn shared_payloads(&self) -> Result<HashMap<i64, usize>, StoreError> {
        let query = "SELECT payload, count(*) FROM (SELECT payload FROM series UNION ALL SELECT payload FROM input)
            GROUP BY payload HAVING count(*) > 1";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row, 1)?)))?;
            rows.collect()
        })())
    }

    /// How many bytes of the file are in use.
    pub fn size(&self) -> Result<u64, StoreError> {
        let pragma = |name| {
            self.connection
                .pragma_query_value(None, name, |row| count::<u64>(row, 0))
        };
        self.map_error((|| {
            Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
        })())
    }

    /// Removes the results of the `unwanted` keys, each with its payloads, then everything that is not in `kept`, and gives the
    /// space back to the file system.
    pub fn collect(&mut self, unwanted: &[Digest], kept: &Kept) -> Result<(), StoreError> {
        for batch in unwanted.chunks(BATCH) {
            self.discard(batch)?;
        }
        self.remove_series(&kept.contents)?;
        let outputs = match kept.outputs {
            true => self.unused_outputs(&kept.keys)?.0,
            false => self.unused_outputs(&HashSet::new())?.0,
        };
        for batch in outputs.chunks(BATCH) {
            self.drop_outputs(batch)?;
        }
        self.remove_records(kept)?;
        self.shrink()
    }

    /// Removes the input series that are not kept.
    fn remove_series(&mut self, kept: &HashSet<Digest>) -> Result<(), StoreError> {
        let unwanted: Vec<(Digest, i64)> = (self.input_payloads()?.into_iter())
            .filter(|(digest, _, _)| !kept.contains(digest))
            .map(|(digest, payload, _)| (digest, payload))
            .collect();
        for batch in unwanted.chunks(BATCH) {
            self.in_transaction(|transaction| {
                for (digest, payload) in batch {
                    let delete = "DELETE FROM input WHERE digest = ?1";
                    transaction
                        .prepare_cached(delete)?
                        .execute([digest.as_bytes()])?;
                    remove_unused_payload(transaction, *payload)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Removes the states, attempts, explanations, texts and snapshots that are not kept.
    fn remove_records(&mut self, kept: &Kept) -> Result<(), StoreError> {
        let states = self.states()?.into_keys();
        let removed: HashSet<ScenarioName> = states
            .map(|(scenario, _)| scenario)
            .filter(|scenario| !kept.scenarios.contains(scenario))
            .collect();
        self.in_transaction(|transaction| {
            for scenario in &removed {
                for table in ["state", "attempt"] {
                    let delete = format!("DELETE FROM {table} WHERE scenario = ?1");
                    transaction.execute(&delete, [scenario.as_str()])?;
                }
            }
            let old = "UPDATE run SET moment = NULL WHERE moment IS NOT NULL AND id NOT IN
                (SELECT id FROM run WHERE moment IS NOT NULL ORDER BY id DESC LIMIT ?1)";
            transaction
                .prepare_cached(old)?
                .execute([i64::try_from(kept.runs).unwrap_or(i64::MAX)])?;
            sweep(transaction, "explanation", "key", &kept.keys)?;
            transaction.execute(
                "DELETE FROM recipe WHERE digest NOT IN (SELECT recipe FROM explanation)",
                [],
            )?;
            transaction.execute(
                "DELETE FROM machine WHERE id NOT IN (SELECT machine FROM attempt WHERE machine IS NOT NULL
                UNION SELECT machine FROM result WHERE machine IS NOT NULL
                UNION SELECT machine FROM kept WHERE machine IS NOT NULL)",
                [],
            )?;
            sweep(transaction, "content", "digest", &kept.contents)
        })
    }

    /// Gives free pages back to the file system.
    fn shrink(&mut self) -> Result<(), StoreError> {
        self.map_error((|| {
            let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
            drop(rows);
            // Only the checkpoint shortens the file itself.
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection.query_row(checkpoint, [], |_| Ok(()))
        })())
    }
}

/// Deletes the rows of a table whose digest in this column is not kept.
fn sweep(
    transaction: &Transaction<'_>,
    table: &str,
    column: &str,
    kept: &HashSet<Digest>,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(&format!("SELECT {column} FROM {table}"))?;
    let present = statement.query_map([], |row| digest(row, 0))?;
    let present: Vec<Digest> = present.collect::<Result<_, _>>()?;
    let mut delete = transaction.prepare(&format!("DELETE FROM {table} WHERE {column} = ?1"))?;
    for digest in present.iter().filter(|digest| !kept.contains(digest)) {
        delete.execute([digest.as_bytes()])?;
    }
    Ok(())
}
