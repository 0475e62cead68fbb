//! Past runs, each with what it did and the snapshot that it left, and the tags that name snapshots.

use rusqlite::{OptionalExtension, Row, params};

use crate::data::digest::Digest;

use super::reading::digest;
use super::records::{forget, remember, store_content};
use super::{Store, StoreError};

/// A run that changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Counts up from 1.
    pub id: i64,
    /// When it ended, seconds since 1970.
    pub ended: i64,
    /// The digest of the snapshot that it left, for [`Store::content`]; `None` once that was collected.
    pub snapshot: Option<Digest>,
    /// What it did, JSON.
    pub summary: String,
}

/// A snapshot with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// When it was given, seconds since 1970.
    pub created: i64,
    /// The digest of the snapshot, for [`Store::content`].
    pub snapshot: Digest,
    /// With which values in place of the project's it was made; opaque. `None` if with none.
    pub values: Option<String>,
}

/// The kind of the memos with the values of tags.
const VALUES: &str = "tag's values";

impl Store {
    /// Records a run: the snapshot that it left and what it did. Returns its number.
    pub fn record_run(&mut self, snapshot: &[u8], summary: &str) -> Result<i64, StoreError> {
        self.in_transaction(|transaction| {
            let snapshot = store_content(transaction, snapshot)?;
            let insert = "INSERT INTO run (ended, moment, summary) VALUES (unixepoch(), ?1, ?2)";
            transaction
                .prepare_cached(insert)?
                .execute(params![snapshot.as_bytes(), summary])?;
            Ok(transaction.last_insert_rowid())
        })
    }

    /// Replaces what a recorded run did.
    pub fn amend_run(&mut self, run: i64, summary: &str) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            let update = "UPDATE run SET summary = ?2 WHERE id = ?1";
            transaction
                .prepare_cached(update)?
                .execute(params![run, summary])?;
            Ok(())
        })
    }

    /// The latest runs, the latest first.
    pub fn runs(&self, most: usize) -> Result<Vec<PastRun>, StoreError> {
        let query = "SELECT id, ended, moment, summary FROM run ORDER BY id DESC LIMIT ?1";
        self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok(PastRun {
                    id: row.get(0)?,
                    ended: row.get(1)?,
                    snapshot: row.get::<_, Option<[u8; 32]>>(2)?.map(Digest::from),
                    summary: row.get(3)?,
                })
            })?;
            rows.collect()
        })())
    }

    /// Gives a snapshot a name; a snapshot that had the name loses it. `values` are those with which it was made, if they are not the
    /// project's own.
    pub fn tag(
        &mut self,
        name: &str,
        snapshot: &[u8],
        values: Option<&str>,
    ) -> Result<(), StoreError> {
        let upsert = "INSERT INTO tag (name, created, moment) VALUES (?1, unixepoch(), ?2)
            ON CONFLICT DO UPDATE SET created = excluded.created, moment = excluded.moment";
        self.in_transaction(|transaction| {
            let snapshot = store_content(transaction, snapshot)?;
            transaction
                .prepare_cached(upsert)?
                .execute(params![name, snapshot.as_bytes()])?;
            match values {
                Some(values) => remember(transaction, VALUES, name, values.as_bytes()),
                None => forget(transaction, VALUES, name),
            }
        })
    }

    /// Removes a tag, and returns whether there was one. The results stay until they are collected.
    pub fn untag(&mut self, name: &str) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            forget(transaction, VALUES, name)?;
            let delete = "DELETE FROM tag WHERE name = ?1";
            Ok(transaction.prepare_cached(delete)?.execute([name])? > 0)
        })
    }

    /// All tags, the earliest first.
    pub fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let query = "SELECT name, created, moment FROM tag ORDER BY created, rowid";
        let tags: Vec<Tag> = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map([], tag)?;
            rows.collect()
        })())?;
        let with_values = tags.into_iter().map(|tag| self.with_values(tag));
        with_values.collect()
    }

    /// The tag of this name.
    pub fn find_tag(&self, name: &str) -> Result<Option<Tag>, StoreError> {
        let query = "SELECT name, created, moment FROM tag WHERE name = ?1";
        let found = self.map_error((|| {
            let mut statement = self.connection.prepare_cached(query)?;
            statement.query_row([name], tag).optional()
        })())?;
        found.map(|tag| self.with_values(tag)).transpose()
    }

    /// A tag with the values with which it was made. Damaged ones are left out: results do not depend on them.
    fn with_values(&self, tag: Tag) -> Result<Tag, StoreError> {
        let values = self.memo(VALUES, &tag.name)?;
        let values = values.and_then(|values| String::from_utf8(values).ok());
        Ok(Tag { values, ..tag })
    }
}

fn tag(row: &Row<'_>) -> rusqlite::Result<Tag> {
    Ok(Tag {
        name: row.get(0)?,
        created: row.get(1)?,
        snapshot: digest(row, 2)?,
        values: None,
    })
}
