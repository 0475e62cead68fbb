//! Buffers that are reused: fresh memory costs more than filling it, because the system clears every page.
//!
//! All clones share one pool, which does not know what is in the buffers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Buffers that nobody needs at the moment.
#[derive(Debug)]
pub(super) struct BufferPool<T>(Arc<Mutex<Vec<Vec<T>>>>);

impl<T> Default for BufferPool<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for BufferPool<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> BufferPool<T> {
    /// A buffer with the content it had when it was given back, or an empty one.
    pub(super) fn take(&self) -> Vec<T> {
        self.held().pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn give(&self, buffer: Vec<T>) {
        self.held().push(buffer);
    }

    fn held(&self) -> MutexGuard<'_, Vec<Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
