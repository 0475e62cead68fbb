//! Several writers of one store at once, with either journal: all that each of them stored is there.

use std::path::Path;
use std::thread;

use super::connection::Journal;
use super::tests::{UNNAMED, catchment, count, folder, key, success};
use super::*;
use crate::store::cache_folder::Cache;

const WRITERS: usize = 6;
const BATCHES: usize = 12;

/// What one writer does: results of its own, results that all bring, and a batch that all hand in.
fn write(path: &Path, journal: Journal, writer: usize) -> usize {
    let mut store = Store::open_as(path.to_owned(), journal).expect("opened");
    let mut marks = 0;
    for batch in 0..BATCHES {
        let own = format!("{writer} {batch}");
        let shared = format!("all {batch}");
        let records = [success(&own, &own), success(&shared, &shared)];
        store.commit(&records).expect("stored");
        let state = (
            catchment(&own),
            key(&shared),
            b"parts".to_vec(),
            key("recipe"),
        );
        store.touch(&UNNAMED, &[state]).expect("stored");
        let name = format!("segment {batch}");
        let mark = Mark {
            kind: "package",
            name: &name,
            payload: b"",
        };
        let once = store.commit_once(&[success("segment", &name)], &mark);
        marks += usize::from(once.expect("stored") != Once::AlreadyThere);
        let found = store.summary(&key(&own)).expect("readable");
        assert!(found.is_some(), "{own}");
    }
    marks
}

#[test]
fn several_write_and_read_at_once() {
    for journal in [Journal::Wal, Journal::Rollback] {
        let folder = folder();
        let path = folder.path().join("store.db");
        drop(Store::open_as(path.clone(), journal).expect("made"));
        let marks: usize = thread::scope(|scope| {
            let writer = |number| {
                scope.spawn({
                    let path = path.clone();
                    move || write(&path, journal, number)
                })
            };
            let writers: Vec<_> = (0..WRITERS).map(writer).collect();
            writers
                .into_iter()
                .map(|writer| writer.join().expect("no panic"))
                .sum()
        });
        assert_eq!(marks, BATCHES, "each batch with a mark is stored once");
        let store = Store::open_read_only(&path).expect("opened");
        let store = store.expect("a store");
        assert_eq!(store.quick_check().expect("checked"), [""; 0]);
        assert_eq!(count(&store, "result"), ((WRITERS + 2) * BATCHES) as i64);
        assert_eq!(count(&store, "memo"), BATCHES as i64);
        let last = store.last(&UNNAMED).expect("readable");
        assert_eq!(last[&catchment("0 0")].key, key("all 0"));
    }
}

#[test]
fn several_make_a_store_at_once() {
    let folder = folder();
    thread::scope(|scope| {
        for number in 0..8 {
            let cache = || Cache::prepare(folder.path().join("cache")).expect("prepared");
            scope.spawn(move || {
                let cache = cache();
                let _lock = cache.share(false).expect("shared");
                let mut store = cache.store().expect("made");
                let name = number.to_string();
                store.commit(&[success(&name, &name)]).expect("stored");
            });
        }
    });
    let cache = Cache::at(folder.path().join("cache"));
    let store = cache.store_to_read().expect("opened").expect("made");
    assert_eq!(store.keys().expect("readable").len(), 8);
}
