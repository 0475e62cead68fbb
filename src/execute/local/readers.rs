//! Connections to the store for reading, for workers that want to know something of it: as many as are in use at once.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::store::{Store, StoreError};

/// Opens connections to a store as they are needed, and keeps them.
pub(super) struct Readers {
    store: PathBuf,
    /// Those that nobody uses just now.
    idle: Mutex<Vec<Store>>,
}

impl Readers {
    /// Of the store in this file.
    pub(super) fn of(store: PathBuf) -> Self {
        Self {
            store,
            idle: Mutex::default(),
        }
    }

    /// What `read` finds; `None` if there is no store.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let store = match known {
            Some(store) => store,
            None => match Store::open_read_only(&self.store)? {
                Some(store) => store,
                None => return Ok(None),
            },
        };
        let found = read(&store);
        idle().push(store);
        found.map(Some)
    }
}
