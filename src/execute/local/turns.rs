//! Whose turn it is to run a simulator, where several processes are at work on one project: a result that two want is run once.
//!
//! A worker claims a key just before it runs it, and looks then whether somebody else has brought the result since it was planned.
//! The claim is given up when the result is committed, or when it is known that there will be none. So whoever gets a claim that
//! another had finds that one's result in the store, or knows that he failed to bring it.
//!
//! Nobody waits while he holds a claim on what nobody works on: a run that waits for others has handed in all of its own, and
//! whatever was handed in is committed within two seconds. So no two wait for each other. That claims can't be had (a network file
//! system that lost its locks) is no reason not to run: at worst something is run twice.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::readers::Readers;
use crate::plan::key::Key;
use crate::store::Store;
use crate::system::claims::Claims;

/// The claims of one run, and what others brought meanwhile.
pub(crate) struct Turns<'a> {
    claims: Claims,
    store: Readers,
    /// The keys that are to be run although there is a result.
    regardless: &'a HashSet<Key>,
    /// The keys whose results others have brought, and of which nobody has heard yet.
    brought: Mutex<Vec<Key>>,
}

/// What is to be done about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is ours to run; the claim has to be given up.
    Ours,
    /// Another process is at work on it.
    Theirs,
    /// Another process has brought its result.
    Brought,
}

impl<'a> Turns<'a> {
    /// With the claims in this file. The keys in `regardless` are to be run whatever there is.
    pub(crate) fn new(claims: &Path, store: &Store, regardless: &'a HashSet<Key>) -> Result<Self> {
        let context = || format!("can't open {}", claims.display());
        Ok(Self {
            claims: Claims::open(claims).with_context(context)?,
            store: Readers::of(store.file().to_owned()),
            regardless,
            brought: Mutex::default(),
        })
    }

    /// Claims a key to run it.
    pub(super) fn take(&self, key: &Key) -> Turn {
        if !self.claims.claim(&key.0).unwrap_or(true) {
            return Turn::Theirs;
        }
        if self.regardless.contains(key) || !self.is_there(key) {
            return Turn::Ours;
        }
        self.give_up(key);
        let brought = self.brought.lock();
        brought.unwrap_or_else(PoisonError::into_inner).push(*key);
        Turn::Brought
    }

    /// Gives up the claim on a key: its result is committed, or there will be none.
    pub(crate) fn give_up(&self, key: &Key) {
        self.claims.release(&key.0);
    }

    /// The keys whose results others have brought since this was last asked.
    pub(crate) fn take_brought(&self) -> Vec<Key> {
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *brought)
    }

    /// Whether there is a result. What can't be read is run.
    fn is_there(&self, key: &Key) -> bool {
        let found = self.store.read(|store| store.summary(&key.0));
        matches!(found, Ok(Some(Some(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::Digest;
    use crate::store::codec::encode;
    use crate::store::tests::success;
    use crate::system::claims::tests::soon;

    #[test]
    fn who_comes_second_finds_the_result_or_runs_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.sqlite");
        let mut store = Store::open(&path).expect("a store");
        let claims = folder.path().join("claims");
        let [a, b] = [b"a", b"b"].map(|text| Key(Digest::of(text)));
        let turns = |regardless| Turns::new(&claims, &store, regardless).expect("opened");
        let (none, one) = (HashSet::new(), HashSet::from([a]));
        let (first, second, forced) = (turns(&none), turns(&none), turns(&one));
        assert_eq!(first.take(&a), Turn::Ours);
        assert_eq!(second.take(&a), Turn::Theirs);
        assert_eq!(second.take(&b), Turn::Ours);
        let mut record = success("7", "");
        record.key = a.0;
        record.result = Some(vec![encode("q", &[1.0])]);
        store.commit(&[record]).expect("stored");
        assert_eq!(second.take(&a), Turn::Theirs, "as long as it is not told");
        first.give_up(&a);
        assert_eq!(second.take(&a), Turn::Brought);
        assert_eq!(second.take_brought(), [a]);
        assert_eq!(second.take_brought(), []);
        assert_eq!(forced.take(&a), Turn::Ours, "the claim was given up");
        assert_eq!(first.take(&b), Turn::Theirs);
        // Its holder is gone, and has brought nothing.
        drop(second);
        assert!(soon(|| Ok(first.take(&b) == Turn::Ours)));
    }
}
