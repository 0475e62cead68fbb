//! What can be wrong with a store, each with its path and its remedy.

use std::path::{Path, PathBuf};

use rusqlite::{Error, ErrorCode, ffi};

use crate::data::digest::Digest;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A later version of rerunoff has written it.
    #[error(
        "{} was written by a newer rerunoff (schema {found}, this one knows {known}); use that version, or another cache folder",
        path.display()
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The latest schema known here.
        known: u32,
    },
    /// An earlier version has written it, and it is open for reading only.
    #[error(
        "{} was written by an older rerunoff (schema {found}, this one needs {known}); the next `rerunoff run` updates it",
        path.display()
    )]
    Older {
        /// The store's file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The schema needed here.
        known: u32,
    },
    /// The file is something else.
    #[error("{} is not a store of rerunoff, or its beginning is damaged; `rerunoff doctor` replaces it, or move it away", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The database's structure is damaged.
    #[error(
        "the store {} is damaged ({detail}); `rerunoff doctor` saves what can be read, and only the rest is computed again",
        path.display()
    )]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// One result is damaged; the others are not affected.
    #[error("a result in {} is damaged ({what}); `rerunoff doctor` drops it, so that it is computed again (key {key})", path.display())]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// The result's key, for [`super::Store::discard`].
        key: Digest,
        /// What is wrong with it.
        what: String,
    },
    /// No space is left.
    #[error("no space left for {}; what was stored before is safe: free some space and run again", path.display())]
    Full {
        /// The store's file.
        path: PathBuf,
    },
    /// The file or its folder may not be written.
    #[error("{} or its folder cannot be written; check the permissions and whether the disk is mounted read-only", path.display())]
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// Another process has kept it locked for too long.
    #[error("{} is locked by another process; end it, or try again later", path.display())]
    Busy {
        /// The store's file.
        path: PathBuf,
    },
    /// The file cannot be opened, read or written.
    #[error("cannot read or write the store {}; check that its folder exists and that the disk is sound and not full", path.display())]
    Io {
        /// The store's file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An error that should not occur.
    #[error("unexpected trouble with the store {}", path.display())]
    Sqlite {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: Error,
    },
}

impl StoreError {
    /// The store's file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Newer { path, .. }
            | Self::Older { path, .. }
            | Self::NotAStore { path }
            | Self::Corrupt { path, .. }
            | Self::Damaged { path, .. }
            | Self::Full { path }
            | Self::ReadOnly { path }
            | Self::Busy { path }
            | Self::Io { path, .. }
            | Self::Sqlite { path, .. } => path,
        }
    }

    /// The kind of error that SQLite reports, for the store in this file.
    pub(super) fn of_sqlite(path: &Path, source: Error) -> Self {
        let path = path.to_owned();
        let code = match &source {
            Error::SqliteFailure(failure, _) => *failure,
            Error::SqlInputError { error, .. } => *error,
            // The statements are right, so a value of an unexpected type or range has been changed in the file.
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::InvalidColumnType(..)
            | Error::QueryReturnedNoRows => {
                let detail = source.to_string();
                return Self::Corrupt { path, detail };
            }
            _ => return Self::Sqlite { path, source },
        };
        match code.code {
            ErrorCode::NotADatabase => Self::NotAStore { path },
            ErrorCode::DiskFull => Self::Full { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { path },
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => Self::Busy { path },
            // Likewise: "no such table" means that the schema's page was changed.
            ErrorCode::DatabaseCorrupt | ErrorCode::Unknown => Self::Corrupt {
                path,
                detail: source.to_string(),
            },
            ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_SHORT_READ => {
                Self::Corrupt {
                    path,
                    detail: "the file is too short".to_owned(),
                }
            }
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Self::Io {
                path,
                source: Box::new(source),
            },
            _ => Self::Sqlite { path, source },
        }
    }
}
