//! Opening a store: which journal, which settings, and whether the file is a store at all.
//!
//! On a local disk the journal is a WAL: a reader never waits for the writer, nor the writer for a reader. A WAL needs memory
//! shared by all processes, which a network file system cannot give, and corrupts there; so there it is a rollback journal
//! with full syncs. Vacuuming is incremental, which can only be set in a new file, so that collected space can be given back without
//! a second copy of the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction};

use crate::system::filesystem;
use crate::system::regular;

use super::migrations::{APPLICATION_ID, known, migrate, version};
use super::{Store, StoreError};

/// Far longer than all the transactions take that others may have before this one; with a rollback journal a writer also waits for
/// readers, of which one may be planning a large project.
const BUSY_TIMEOUT: Duration = Duration::from_secs(300);
/// Statements kept prepared; there are about twenty.
const PREPARED_STATEMENTS: usize = 64;

/// Bytes of a page in a new store: what is left empty in the last page of a column is little of it, where two columns of a year in a larger
/// one leave a fifth. Earlier versions made stores with 16 KiB, which stay as they are.
const PAGE_SIZE: i64 = 4 << 10;

/// Bytes of pages that SQLite keeps in memory.
const CACHE: i64 = 16 << 20;

/// The journal that keeps a half-written transaction apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Journal {
    Wal,
    Rollback,
}

/// While it exists, the store does not change for this handle; see [`Store::read_transaction`].
#[derive(Debug)]
pub struct ReadTransaction<'a>(
    #[expect(dead_code, reason = "it works by being there")] Transaction<'a>,
);

impl Journal {
    fn for_path(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        Ok(match filesystem::network(folder)? {
            Some(_) => Self::Rollback,
            None => Self::Wal,
        })
    }

    /// SQLite's names for the journal and the way of syncing that goes with it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Wal => ("wal", "NORMAL"),
            Self::Rollback => ("truncate", "FULL"),
        }
    }
}

impl Store {
    /// Opens the store for writing; creates a missing one and migrates an older one. The folder must exist.
    ///
    /// Others may have it open to write, but must not be opening it just now if it is missing or older.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        let journal = Journal::for_path(&path).map_err(|source| StoreError::Io {
            path: path.clone(),
            source: Box::new(source),
        })?;
        Self::open_as(path, journal)
    }

    pub(super) fn open_as(path: PathBuf, journal: Journal) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::connect(path, flags)?;
        if store.map_error(store.connection.is_readonly("main"))? {
            return Err(StoreError::ReadOnly { path: store.path });
        }
        let new = store.is_empty()?;
        store.check(new)?;
        let prepared = store.prepare(new, journal);
        store.map_error(prepared)?;
        Ok(store)
    }

    /// Opens the store for reading, even while another process writes to it; `None` if there is none yet.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StoreError> {
        let path = absolute(path)?;
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = match Self::connect(path.clone(), flags)
            .and_then(|store| store.is_empty().map(|_| store))
        {
            // A WAL's index cannot be made in a folder that we may not write.
            Err(StoreError::Io { .. } | StoreError::ReadOnly { .. }) if at_rest(&path) => {
                Self::connect_immutable(path)?
            }
            // SQLite undoes what a killed writer left half done, if it may write.
            Err(StoreError::ReadOnly { .. }) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Self::connect(path, flags)?
            }
            other => other?,
        };
        if store.is_empty()? {
            return Ok(None);
        }
        store.check(false)?;
        let found = store.map_error(version(&store.connection))?;
        if found < known() {
            return Err(StoreError::Older {
                path: store.path,
                found,
                known: known(),
            });
        }
        Ok(Some(store))
    }

    /// What SQLite finds wrong with the file's structure; empty if all is well. Reads the whole file.
    pub fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        self.map_error(self.connection.pragma_query(None, "quick_check", |row| {
            found.push(row.get::<_, String>(0)?);
            Ok(())
        }))?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// Begins a read transaction: until it is dropped, all queries see the same state and are several times faster. Otherwise
    /// SQLite locks and unlocks the file for each of them.
    ///
    /// Keep it short: on a network file system the writer waits for it.
    pub fn read_transaction(&self) -> Result<ReadTransaction<'_>, StoreError> {
        let transaction = self.map_error(self.connection.unchecked_transaction())?;
        Ok(ReadTransaction(transaction))
    }

    /// The outcome with SQLite's error as one of this store.
    pub(super) fn map_error<T>(&self, outcome: rusqlite::Result<T>) -> Result<T, StoreError> {
        outcome.map_err(|source| StoreError::of_sqlite(&self.path, source))
    }

    fn connect(path: PathBuf, flags: OpenFlags) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|source| StoreError::of_sqlite(&path, source))?;
        let store = Self { connection, path };
        store.map_error(store.set_up())?;
        Ok(store)
    }

    /// For a file that nobody can be writing, in a folder that we cannot write: no locks, no journal.
    fn connect_immutable(path: PathBuf) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let mut store = Self::connect(PathBuf::from(immutable_uri(&path)), flags)?;
        store.path = path;
        Ok(store)
    }

    fn set_up(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        // Plans never depend on bound values, else SQLite would prepare a statement anew for every key.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // A damaged page is noticed when it is loaded, and a tampered schema cannot run anything.
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // In pages, as SQLite would convert bytes with the size that it assumes before it has read the file, which it does for its version.
        version(connection)?;
        let page_size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        connection.pragma_update(None, "cache_size", CACHE / page_size.max(1))
    }

    /// Whether nothing has been stored in the file yet; another program's empty database is as good as a new file.
    fn is_empty(&self) -> Result<bool, StoreError> {
        let query = "SELECT count(*) = 0 FROM sqlite_schema";
        let empty: bool = self.map_error(self.connection.query_row(query, [], |row| row.get(0)))?;
        Ok(empty && self.map_error(version(&self.connection))? == 0)
    }

    fn check(&self, new: bool) -> Result<(), StoreError> {
        if new {
            return Ok(());
        }
        let query = self
            .connection
            .pragma_query_value(None, "application_id", |row| row.get(0));
        let application: i32 = self.map_error(query)?;
        let path = self.path.clone();
        let found = self.map_error(version(&self.connection))?;
        match application {
            APPLICATION_ID if found > known() => Err(StoreError::Newer {
                path,
                found,
                known: known(),
            }),
            APPLICATION_ID => Ok(()),
            _ => Err(StoreError::NotAStore { path }),
        }
    }

    fn prepare(&mut self, new: bool, journal: Journal) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        if new {
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        let (mode, synchronous) = journal.names();
        connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
        migrate(connection)
    }
}

/// The path made absolute: one that starts with `file:` would be a URI to SQLite. Only a regular file will do, as SQLite would
/// wait for a pipe.
fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    let is_fit = fs::metadata(path).map_or(Ok(()), |found| regular::require(found.file_type()));
    (is_fit.and_then(|()| std::path::absolute(path))).map_err(|source| StoreError::Io {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

/// What SQLite knows a file by that nobody can be writing: no lock is taken and nothing written beside it.
pub(super) fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Whether no transaction is pending beside the file.
pub(super) fn at_rest(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|suffix| {
        fs::metadata(regular::with_suffix(path, suffix))
            .map_or(true, |metadata| metadata.len() == 0)
    })
}
