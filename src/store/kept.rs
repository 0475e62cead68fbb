//! What simulators left, kept to be read again: packed files under the digest of what determines them.
//!
//! They are no results and explain nothing: a store without them only runs simulators again. The files' bytes are under a checksum
//! of their own, and their index under a seal, so that damaged ones count as not there.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::{OptionalExtension, Transaction, params};

use super::reading::{count, digest};
use super::{KeptOutputs, Outputs, Record, Store, StoreError};
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::store::checksum::{verified, with_checksum};

impl Store {
    /// Its file, to be opened for reading beside this.
    pub fn file(&self) -> &Path {
        &self.path
    }

    /// The index of all that is kept, by what determines it; damaged ones are left out.
    pub fn kept_outputs(&self) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
        let query = "SELECT raw, contents FROM kept";
        let found: Vec<(Digest, Vec<u8>)> = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| Ok((digest(row, 0)?, row.get(1)?)))?;
            rows.collect()
        })())?;
        let sound = found.into_iter().filter_map(|(raw, sealed)| {
            let index = verified(&[raw.as_bytes()], &sealed)?.to_vec();
            Some((raw, index))
        });
        Ok(sound.collect())
    }

    /// What is kept under this digest; `None` if there is nothing or it is damaged.
    pub fn kept_files(&self, raw: &Digest) -> Result<Option<KeptOutputs>, StoreError> {
        let query = "SELECT contents, checksum, bytes FROM kept WHERE raw = ?1";
        let found: Option<(Vec<u8>, Digest, Vec<u8>)> = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let row = statement.query_row([raw.as_bytes()], |row| {
                Ok((row.get(0)?, digest(row, 1)?, row.get(2)?))
            });
            row.optional()
        })())?;
        Ok(found.and_then(|(sealed, checksum, bytes)| {
            let index = verified(&[raw.as_bytes()], &sealed)?.to_vec();
            (Digest::of(&bytes) == checksum).then_some(KeptOutputs {
                raw: *raw,
                index,
                bytes,
            })
        }))
    }

    /// How many of them there are, and their bytes.
    pub fn kept_size(&self) -> Result<(usize, u64), StoreError> {
        let query = "SELECT count(*), ifnull(sum(length(bytes)), 0) FROM kept";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            statement.query_row([], |row| Ok((count(row, 0)?, count(row, 1)?)))
        })())
    }

    /// Those that no key of these has its result from, and their bytes.
    pub fn unused_outputs(&self, keys: &HashSet<Digest>) -> Result<(Vec<Digest>, u64), StoreError> {
        self.map_error((|| {
            let mut statement = self
                .connection
                .prepare_cached("SELECT key, raw FROM kept_use")?;
            let rows = statement.query_map([], |row| Ok((digest(row, 0)?, digest(row, 1)?)))?;
            let mut used = HashSet::new();
            for row in rows {
                let (key, raw) = row?;
                if keys.contains(&key) {
                    used.insert(raw);
                }
            }
            let mut statement =
                (self.connection).prepare_cached("SELECT raw, length(bytes) FROM kept")?;
            let rows = statement.query_map([], |row| Ok((digest(row, 0)?, count(row, 1)?)))?;
            let (mut unused, mut bytes) = (Vec::new(), 0);
            for row in rows {
                let (raw, length): (Digest, u64) = row?;
                if !used.contains(&raw) {
                    unused.push(raw);
                    bytes += length;
                }
            }
            Ok((unused, bytes))
        })())
    }

    /// Removes what is kept under these digests.
    pub fn drop_outputs(&mut self, raws: &[Digest]) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            for raw in raws {
                for delete in [
                    "DELETE FROM kept WHERE raw = ?1",
                    "DELETE FROM kept_use WHERE raw = ?1",
                ] {
                    transaction
                        .prepare_cached(delete)?
                        .execute([raw.as_bytes()])?;
                }
            }
            Ok(())
        })
    }

    /// How many of them are sound, and those that are not.
    pub fn examine_outputs(&self) -> Result<(usize, Vec<Digest>), StoreError> {
        let all: Vec<Digest> = self.map_error((|| {
            let mut statement = self.connection.prepare_cached("SELECT raw FROM kept")?;
            let rows = statement.query_map([], |row| digest(row, 0))?;
            rows.collect()
        })())?;
        let (mut sound, mut damaged) = (0, Vec::new());
        for raw in all {
            match self.kept_files(&raw)? {
                Some(_) => sound += 1,
                None => damaged.push(raw),
            }
        }
        Ok((sound, damaged))
    }
}

/// Stores what a record's simulator left on the machine of this number, and for which key its result was taken of it.
pub(super) fn store(
    transaction: &Transaction<'_>,
    record: &Record,
    machine: Option<i64>,
) -> rusqlite::Result<()> {
    let raw = match &record.outputs {
        Outputs::NotKept => return Ok(()),
        Outputs::ReadAgain(raw) => raw,
        Outputs::Kept(kept) => {
            let upsert = "INSERT INTO kept (raw, machine, contents, checksum, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (raw) DO UPDATE SET machine = excluded.machine, contents = excluded.contents,
                checksum = excluded.checksum, bytes = excluded.bytes";
            transaction.prepare_cached(upsert)?.execute(params![
                kept.raw.as_bytes(),
                machine,
                with_checksum(&[kept.raw.as_bytes()], &kept.index),
                Digest::of(&kept.bytes).as_bytes(),
                kept.bytes
            ])?;
            &kept.raw
        }
    };
    let upsert = "INSERT INTO kept_use (key, raw) VALUES (?1, ?2)
        ON CONFLICT (key) DO UPDATE SET raw = excluded.raw";
    (transaction.prepare_cached(upsert)?)
        .execute(params![record.key.as_bytes(), raw.as_bytes()])?;
    Ok(())
}

/// The machine on which what is kept under this digest was made; unknown if nothing is.
pub(super) fn made_on(transaction: &Transaction<'_>, raw: &Digest) -> rusqlite::Result<Machine> {
    let query =
        "SELECT host, class FROM kept JOIN machine ON machine.id = kept.machine WHERE raw = ?1";
    let mut statement = transaction.prepare_cached(query)?;
    let found = statement.query_row([raw.as_bytes()], |row| {
        Ok(Machine {
            host: row.get(0)?,
            class: row.get(1)?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{corrupt, count, folder, key, success};
    use super::*;

    fn with_outputs(id: &str, key_text: &str, raw: &str) -> Record {
        Record {
            outputs: Outputs::Kept(KeptOutputs {
                raw: key(raw),
                index: b"the index".to_vec(),
                bytes: b"the files".to_vec(),
            }),
            ..success(id, key_text)
        }
    }

    #[test]
    fn what_is_kept_comes_back_until_no_key_needs_it_or_it_is_damaged() {
        let folder = folder();
        let mut store = Store::open(&folder.path().join("store.db")).expect("made");
        let records = [
            with_outputs("1", "a", "raw 1"),
            with_outputs("2", "b", "raw 2"),
        ];
        store.commit(&records).expect("stored");
        let again = Record {
            outputs: Outputs::ReadAgain(key("raw 1")),
            attempts: Vec::new(),
            ..success("1", "c")
        };
        store.commit(&[again]).expect("stored");
        assert_eq!(store.kept_size().expect("readable"), (2, 18));
        let files = store.kept_files(&key("raw 1")).expect("readable");
        assert_eq!(records[0].outputs, Outputs::Kept(files.expect("there")));
        assert_eq!(store.made_on(&key("c")).expect("readable").host, "login1");
        let unused = |store: &Store, keys: &[&str]| {
            let keys = keys.iter().map(|text| key(text)).collect();
            store.unused_outputs(&keys).expect("readable")
        };
        assert_eq!(unused(&store, &["b", "c"]), (Vec::new(), 0));
        assert_eq!(unused(&store, &["b"]), (vec![key("raw 1")], 9));
        store.drop_outputs(&[key("raw 1")]).expect("dropped");
        assert_eq!(count(&store, "kept_use"), 1);
        corrupt(&store, "UPDATE kept SET bytes = x'00'");
        assert_eq!(store.kept_files(&key("raw 2")).expect("readable"), None);
        let damaged = (0, vec![key("raw 2")]);
        assert_eq!(store.examine_outputs().expect("readable"), damaged);
        corrupt(&store, "UPDATE kept SET contents = x'00'");
        assert!(store.kept_outputs().expect("readable").is_empty());
    }
}
