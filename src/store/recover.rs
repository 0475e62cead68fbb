//! Recovers what can be read from a store whose structure is damaged.
//!
//! SQLite stops at the first page that it cannot understand. Every table is therefore read from its beginning up to the
//! damage and from its end down to it, row by row into a new store. Whether a row's content is right is not
//! checked here: its checksum tells, as in every store.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::{SETTLED, Store, StoreError};
use crate::system::regular;

impl Store {
    /// Replaces a damaged store with a new one that holds everything that can still be read; returns where the damaged one is
    /// kept. The caller must hold the project's lock alone.
    pub fn recover(path: &Path) -> Result<PathBuf, StoreError> {
        let io = |source: std::io::Error| StoreError::Io {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let beside = |suffix: &str| regular::with_suffix(path, suffix);
        let (recovered, damaged_path) = (beside(".anew"), beside(".damaged"));
        for suffix in ["", "-wal", "-shm", "-journal"] {
            for file in [&recovered, &damaged_path] {
                let name = regular::with_suffix(file, suffix);
                if name.exists() {
                    fs::remove_file(name).map_err(io)?;
                }
            }
        }
        let mut store = Self::open(&recovered)?;
        // Rows whose counterpart is lost are removed at the end, and what tells that nothing is left to do: results may be lost.
        let outcome = store.connection.pragma_update(None, "foreign_keys", false);
        store.map_error(outcome)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if let Ok(damaged) = Connection::open_with_flags(path, flags) {
            let tables = store.map_error(tables(&store.connection))?;
            for table in &tables {
                for direction in ["", " DESC"] {
                    let copied = copy(&damaged, &mut store, table, direction);
                    if store.map_error(copied)? {
                        break;
                    }
                }
            }
            let orphans = "DELETE FROM series WHERE payload NOT IN (SELECT id FROM payload)
                OR result NOT IN (SELECT id FROM result);
                UPDATE attempt SET machine = NULL WHERE machine NOT IN (SELECT id FROM machine);
                UPDATE result SET machine = NULL WHERE machine NOT IN (SELECT id FROM machine);
                UPDATE kept SET machine = NULL WHERE machine NOT IN (SELECT id FROM machine)";
            let outcome = store.connection.execute_batch(orphans);
            store.map_error(outcome)?;
            store.forget(SETTLED, "")?;
        }
        // Closed before it is renamed, so that no WAL is left under the old name.
        let closed = store.connection.close().map_err(|(_, source)| source);
        closed.map_err(|source| StoreError::of_sqlite(&recovered, source))?;
        for suffix in ["-wal", "-shm", "-journal"] {
            if beside(suffix).exists() {
                fs::rename(beside(suffix), beside(&format!(".damaged{suffix}"))).map_err(io)?;
            }
        }
        fs::rename(path, &damaged_path).map_err(io)?;
        fs::rename(&recovered, path).map_err(io)?;
        Ok(damaged_path)
    }
}

/// A table with its columns, and those by which its rows are sorted.
struct RecoveredTable {
    name: String,
    columns: Vec<String>,
    order: Vec<String>,
}

/// The tables of a new store.
fn tables(store: &Connection) -> rusqlite::Result<Vec<RecoveredTable>> {
    let names = "SELECT name FROM sqlite_schema WHERE type = ?1 AND name NOT LIKE 'sqlite_%'";
    let key = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    let names = strings(store, names, "table")?.into_iter();
    names
        .map(|name| {
            Ok(RecoveredTable {
                columns: columns_of(store, &name)?,
                order: strings(store, key, &name)?,
                name,
            })
        })
        .collect()
}

fn columns_of(store: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let columns = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";
    strings(store, columns, table)
}

fn strings(store: &Connection, query: &str, name: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = store.prepare(query)?;
    let names = statement.query_map([name], |row| row.get(0))?;
    names.collect()
}

/// Copies the rows that are not there yet up to the first damage; returns whether there was none.
fn copy(
    from: &Connection,
    to: &mut Store,
    table: &RecoveredTable,
    direction: &str,
) -> rusqlite::Result<bool> {
    let RecoveredTable { name, order, .. } = table;
    // An older store lacks the columns that were added since.
    let present = columns_of(from, name).unwrap_or_default();
    let mut columns = table.columns.clone();
    if !present.is_empty() {
        columns.retain(|column| present.contains(column));
    }
    let width = columns.len();
    let order: Vec<String> = order
        .iter()
        .map(|column| format!("{column}{direction}"))
        .collect();
    let (columns, order) = (columns.join(", "), order.join(", "));
    let places = vec!["?"; width].join(", ");
    let transaction = to.connection.transaction()?;
    let is_complete = {
        let insert = format!("INSERT OR IGNORE INTO {name} ({columns}) VALUES ({places})");
        let mut insert = transaction.prepare(&insert)?;
        let select = format!("SELECT {columns} FROM {name} ORDER BY {order}");
        // If the table's schema is damaged, nothing of it can be read.
        let select = from.prepare(&select).ok();
        match select {
            None => false,
            Some(mut select) => {
                let mut rows = select.query([])?;
                loop {
                    let values: rusqlite::Result<Vec<Value>> = match rows.next() {
                        Ok(None) => break true,
                        Err(_) => break false,
                        Ok(Some(row)) => (0..width).map(|column| row.get(column)).collect(),
                    };
                    // A row that the new table refuses was damaged.
                    if let Ok(values) = values {
                        insert.execute(params_from_iter(values)).ok();
                    }
                }
            }
        }
    };
    transaction.commit()?;
    Ok(is_complete)
}
