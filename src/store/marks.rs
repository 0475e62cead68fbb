//! Batches that are stored once, however often they are handed in.
//!
//! What comes from elsewhere may come twice: whoever stores it can be killed between storing it and removing where it came from.
//! So a batch has a mark, a memo that is written in the same transaction, and a batch whose mark is there is left alone. What the
//! marks of one kind stand for is the caller's business; it removes them when none of their batches can come again.

use super::contradiction::Contradiction;
use super::reading::memo;
use super::records::{remember, store_record};
use super::{Record, Store, StoreError};

/// That a batch was stored: a memo.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// What all marks that are forgotten together have in common.
    pub kind: &'a str,
    /// The batch, which no other of this kind is named like.
    pub name: &'a str,
    /// What is to be known of it later; opaque.
    pub payload: &'a [u8],
}

/// What became of a batch with a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Once {
    /// It is stored now, but for the results of these records: others of the same keys came first.
    Stored(Vec<Contradiction>),
    /// It was there already, and nothing was stored.
    AlreadyThere,
}

impl Store {
    /// Stores a batch as [`Self::commit`] does, with its mark, unless the mark is there already.
    pub fn commit_once(&mut self, records: &[Record], mark: &Mark<'_>) -> Result<Once, StoreError> {
        self.in_transaction(|transaction| {
            // Asked here: no other writer can come between.
            if memo(transaction, mark.kind, mark.name)?.is_some() {
                return Ok(Once::AlreadyThere);
            }
            let mut contradictions = Vec::new();
            for record in records {
                contradictions.extend(store_record(transaction, record)?);
            }
            remember(transaction, mark.kind, mark.name, mark.payload)?;
            Ok(Once::Stored(contradictions))
        })
    }

    /// Removes all memos of a kind.
    pub fn forget_kind(&mut self, kind: &str) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            let delete = "DELETE FROM memo WHERE kind = ?1";
            transaction.prepare_cached(delete)?.execute([kind])?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{UNNAMED, catchment, corrupt, count, folder, key, success, values};
    use super::*;
    use crate::store::checksum::verified;
    use crate::store::{Another, codec::encode};

    impl Store {
        /// The marks of a kind, names with payloads, by name. Damaged ones are left out, as if their batches had never been stored.
        fn marks(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
            let query = "SELECT name, payload FROM memo WHERE kind = ?1 ORDER BY name";
            let found: Vec<(String, Vec<u8>)> = self.map_error((|| {
                let mut statement = self.connection.prepare_cached(query)?;
                let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect()
            })())?;
            let intact = found.into_iter().filter_map(|(name, record)| {
                let payload = verified(&[kind.as_bytes(), name.as_bytes()], &record)?.to_vec();
                Some((name, payload))
            });
            Ok(intact.collect())
        }
    }

    const MARK: Mark<'_> = Mark {
        kind: "cluster abc",
        name: "3.8-0-0-00000000.1",
        payload: b"what it was",
    };

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&folder.path().join("store.db")).expect("made")
    }

    /// A record as it comes from this machine.
    fn from(host: &str, id: &str, key: &str) -> Record {
        let mut record = success(id, key);
        record.attempts[0].machine.host = host.to_owned();
        record.another = Another::Stays;
        record
    }

    /// The same with other numbers.
    fn otherwise(record: Record) -> Record {
        Record {
            result: Some(vec![encode("concentration", &[1.5; 500])]),
            ..record
        }
    }

    #[test]
    fn twice_is_once() {
        let folder = folder();
        let mut store = store(&folder);
        let batch = [from("node1", "1", "a"), from("node1", "2", "b")];
        let stored = store.commit_once(&batch, &MARK).expect("stored");
        assert_eq!(stored, Once::Stored(Vec::new()));
        let again = store.commit_once(&batch, &MARK).expect("looked at");
        assert_eq!(again, Once::AlreadyThere);
        assert_eq!(count(&store, "attempt"), 2);
        assert_eq!(count(&store, "machine"), 1);
        let marks = [(MARK.name.to_owned(), MARK.payload.to_vec())];
        assert_eq!(store.marks(MARK.kind).expect("readable"), marks);
        assert!(store.marks("cluster ab").expect("readable").is_empty());

        // Under another name it is another batch; its results are there already.
        let other = Mark { name: "4", ..MARK };
        let stored = store.commit_once(&batch, &other).expect("stored");
        assert_eq!(stored, Once::Stored(Vec::new()));
        assert_eq!(count(&store, "attempt"), 4);
        assert_eq!(count(&store, "result"), 2);

        store.remember("input", "1", b"stays").expect("stored");
        store.forget_kind(MARK.kind).expect("forgotten");
        assert!(store.marks(MARK.kind).expect("readable").is_empty());
        assert!(store.memo("input", "1").expect("readable").is_some());
    }

    #[test]
    fn a_batch_with_a_damaged_mark_is_stored_again() {
        let folder = folder();
        let mut store = store(&folder);
        let batch = [from("node1", "1", "a")];
        store.commit_once(&batch, &MARK).expect("stored");
        corrupt(&store, "UPDATE memo SET payload = x'00'");
        assert!(store.marks(MARK.kind).expect("readable").is_empty());
        let again = store.commit_once(&batch, &MARK).expect("stored");
        assert_eq!(again, Once::Stored(Vec::new()));
        assert_eq!(store.marks(MARK.kind).expect("readable").len(), 1);
    }

    #[test]
    fn the_first_of_two_results_stays() {
        let folder = folder();
        let mut store = store(&folder);
        store.commit(&[from("login1", "1", "a")]).expect("stored");
        let first = values(&store, "a", &["concentration"]);
        let second = otherwise(from("node7", "2", "a"));
        let Once::Stored(told) = store
            .commit_once(std::slice::from_ref(&second), &MARK)
            .expect("stored")
        else {
            panic!("it is new")
        };
        assert_eq!(values(&store, "a", &["concentration"]), first);
        assert_eq!(store.made_on(&key("a")).expect("readable").host, "login1");
        let class = "x86_64-v3, Some CPU, glibc 2.36";
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [format!(
                "catchment 2: node7 ({class}) gave another result than login1 ({class}) for the same inputs; \
                 the first is kept; `rerunoff verify` tells more"
            )]
        );
        // The second catchment has the result of its key all the same, and its attempt is known.
        let last = store.last(&UNNAMED).expect("readable");
        assert!(last[&catchment("2")].failure.is_none());
        let attempts = store.attempts(&UNNAMED, &catchment("2")).expect("readable");
        assert_eq!(attempts[0].1.machine.host, "node7");

        // Of one machine that contradicts itself.
        let third = otherwise(from("login1", "1", "a"));
        let mark = Mark { name: "b", ..MARK };
        let Once::Stored(told) = store.commit_once(&[third], &mark).expect("stored") else {
            panic!("it is new")
        };
        let told = told[0].to_string();
        let expected = format!("catchment 1: login1 ({class}) gave two results for the same");
        assert!(told.starts_with(&expected), "{told}");

        // A result that was asked for in place of the other.
        let forced = Record {
            another: Another::IsReplaced,
            ..second
        };
        store.commit(&[forced]).expect("stored");
        assert_ne!(values(&store, "a", &["concentration"]), first);
        assert_eq!(store.made_on(&key("a")).expect("readable").host, "node7");
    }

    #[test]
    fn a_damaged_first_result_does_not_stay() {
        for damage in [
            "UPDATE payload SET bytes = x'00'",
            "UPDATE series SET missing = missing + 1",
        ] {
            let folder = folder();
            let mut store = store(&folder);
            store.commit(&[from("login1", "1", "a")]).expect("stored");
            corrupt(&store, damage);
            let second = otherwise(from("node7", "1", "a"));
            let stored = store.commit_once(&[second], &MARK).expect("stored");
            assert_eq!(stored, Once::Stored(Vec::new()), "{damage}");
            assert_eq!(values(&store, "a", &["concentration"])[0], [1.5; 500]);
        }
    }
}
