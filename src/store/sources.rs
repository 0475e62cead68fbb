//! The texts and series that simulators were given, by digest. They are kept so that a later run can say what changed.
//!
//! Series are kept whole, encoded like results, because both values of the first step that differs are to be shown, and
//! because it costs little: they are stored once however many runs use them, and a column that the simulator passes on
//! (a discharge) shares its payload with the output. Measured on the example, four input columns and three output columns
//! of 8,760 steps: 42 kB a catchment with them, 27 kB without, and nothing more for each further run.

use std::collections::HashSet;

use rusqlite::OptionalExtension;

use crate::data::digest::Digest;

use super::reading::{count, digest};
use super::records::store_content;
use super::{Store, StoreError, StoredColumn};

impl Store {
    /// Stores texts and other bytes, each under its digest.
    pub fn store_contents(&mut self, contents: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut missing = Vec::new();
        for content in contents {
            if self.content(&Digest::of(content))?.is_none() {
                missing.push(content);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.in_transaction(|transaction| {
            for content in missing {
                store_content(transaction, content)?;
            }
            Ok(())
        })
    }

    /// The bytes with this digest; `None` if they are not there or damaged.
    pub fn content(&self, wanted: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let query = "SELECT bytes FROM content WHERE digest = ?1";
        let found = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let row = statement.query_row([wanted.as_bytes()], |row| row.get::<_, Vec<u8>>(0));
            row.optional()
        })())?;
        Ok(found.filter(|bytes| Digest::of(bytes) == *wanted))
    }

    /// A series that a simulator was given, by the digest of its values; still encoded and unchecked.
    pub fn input(&self, wanted: &Digest) -> Result<Option<StoredColumn>, StoreError> {
        let query =
            "SELECT steps, bytes, checksum FROM input JOIN payload ON payload.id = input.payload
            WHERE digest = ?1";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let row = statement.query_row([wanted.as_bytes()], |row| {
                Ok(StoredColumn {
                    steps: count(row, 0)?,
                    bytes: row.get(1)?,
                    checksum: digest(row, 2)?,
                })
            });
            row.optional()
        })())
    }

    /// The digests of all stored series.
    pub fn inputs(&self) -> Result<HashSet<Digest>, StoreError> {
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached("SELECT digest FROM input")?;
            let rows = statement.query_map([], |row| digest(row, 0))?;
            rows.collect()
        })())
    }
}
