//! The store beside another handle, after a crash, on a full disk, and files it must not touch.

use std::fs;

use super::connection::Journal;
use super::migrations::known;
use super::tests::{UNNAMED, catchment, corrupt, count, folder, key, success, values};
use super::*;

#[test]
fn a_reader_sees_whole_transactions_beside_the_writer() {
    for journal in [Journal::Wal, Journal::Rollback] {
        let folder = folder();
        let path = folder.path().join("store.db");
        assert!(Store::open_read_only(&path).expect("no error").is_none());
        let mut writer = Store::open_as(path.clone(), journal).expect("made");
        writer.commit(&[success("1", "a")]).expect("stored");
        let reader = Store::open_read_only(&path).expect("opens").expect("there");
        assert!(reader.summary(&key("a")).expect("sound").is_some());
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for number in 0..50 {
                    let batch = [
                        success("1", &format!("x{number}")),
                        success("2", &format!("y{number}")),
                    ];
                    writer.commit(&batch).expect("stored");
                }
            });
            while !writing.is_finished() {
                let last = reader.last(&UNNAMED).expect("readable");
                if let (Some(one), Some(two)) =
                    (last.get(&catchment("1")), last.get(&catchment("2")))
                {
                    let number = (0..50)
                        .find(|number| one.key == key(&format!("x{number}")))
                        .expect("one of them");
                    assert_eq!(two.key, key(&format!("y{number}")));
                }
            }
        });
        assert_eq!(reader.last(&UNNAMED).expect("readable").len(), 2);
        let mut reader = reader;
        assert!(matches!(
            reader.remember("a", "b", b"c"),
            Err(StoreError::ReadOnly { .. })
        ));
    }
}

#[test]
fn a_read_transaction_sees_one_state() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let mut writer = Store::open_as(path.clone(), Journal::Wal).expect("made");
    writer.commit(&[success("1", "a")]).expect("stored");
    let reader = Store::open_read_only(&path).expect("opens").expect("there");
    let read_transaction = reader.read_transaction().expect("taken");
    assert_eq!(reader.last(&UNNAMED).expect("readable").len(), 1);
    writer.commit(&[success("2", "b")]).expect("stored");
    assert_eq!(reader.last(&UNNAMED).expect("readable").len(), 1);
    drop(read_transaction);
    assert_eq!(reader.last(&UNNAMED).expect("readable").len(), 2);
}

#[test]
fn a_crash_leaves_what_was_committed() {
    for journal in [Journal::Wal, Journal::Rollback] {
        let folder = folder();
        let path = folder.path().join("store.db");
        let mut store = Store::open_as(path.clone(), journal).expect("made");
        store.commit(&[success("1", "a")]).expect("stored");
        // So much that half of it is in the files before the transaction ends.
        corrupt(
            &store,
            "PRAGMA cache_size = 4; BEGIN IMMEDIATE; DELETE FROM state",
        );
        for number in 0..300 {
            let insert = format!("INSERT INTO memo VALUES ('k', '{number}', randomblob(20000))");
            corrupt(&store, &insert);
        }
        let crashed = folder.path().join("crashed");
        fs::create_dir(&crashed).expect("made");
        for entry in fs::read_dir(folder.path()).expect("listed") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("known").is_file() {
                fs::copy(entry.path(), crashed.join(entry.file_name())).expect("copied");
            }
        }
        let beside: u64 = ["store.db-wal", "store.db-journal"]
            .iter()
            .filter_map(|name| fs::metadata(crashed.join(name)).ok())
            .map(|metadata| metadata.len())
            .sum();
        assert!(beside > 0, "there is something to roll back");

        let store = Store::open_as(crashed.join("store.db"), journal).expect("recovers");
        assert_eq!(store.last(&UNNAMED).expect("readable").len(), 1);
        assert_eq!(count(&store, "memo"), 0);
        assert_eq!(values(&store, "a", &["discharge"])[0].len(), 500);
        assert_eq!(store.quick_check().expect("checked"), Vec::<String>::new());
    }
}

#[test]
fn a_failed_commit_stores_nothing_of_its_batch() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store.commit(&[success("1", "a")]).expect("stored");
    corrupt(&store, "PRAGMA max_page_count = 1");
    let mut large = success("3", "c");
    large.parts = vec![7; 1_000_000];
    let error = store
        .commit(&[success("2", "b"), large])
        .expect_err("no space");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("store.db"));
    assert_eq!(store.last(&UNNAMED).expect("readable").len(), 1);
    corrupt(&store, "PRAGMA max_page_count = 1000000");
    store
        .commit(&[success("2", "b")])
        .expect("stored after freeing space");
}

#[test]
fn the_journal_follows_the_file_system() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let mode = |store: &Store| -> String {
        let mode = store
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0));
        mode.expect("known")
    };
    for (journal, name) in [
        (Journal::Wal, "wal"),
        (Journal::Rollback, "truncate"),
        (Journal::Wal, "wal"),
    ] {
        let store = Store::open_as(path.clone(), journal).expect("opens");
        assert_eq!(mode(&store), name);
        let page_size: i64 = store
            .connection
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .expect("known");
        let vacuum: i64 = store
            .connection
            .pragma_query_value(None, "auto_vacuum", |row| row.get(0))
            .expect("known");
        assert_eq!((page_size, vacuum), (4 * 1024, 2));
    }
}

#[test]
fn a_store_keeps_its_pages_and_the_cache_its_bytes() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let connection = Connection::open(&path).expect("made");
    let large = "PRAGMA page_size = 16384; PRAGMA journal_mode = wal; VACUUM";
    connection.execute_batch(large).expect("a large page");
    drop(connection);
    for (path, pages) in [
        (path, [16_384, 1024]),
        (folder.path().join("new"), [4096, 4096]),
    ] {
        drop(Store::open(&path).expect("made"));
        let store = Store::open(&path).expect("opened");
        let found = ["page_size", "cache_size"].map(|name| -> i64 {
            let value = store
                .connection
                .pragma_query_value(None, name, |row| row.get(0));
            value.expect("known")
        });
        assert_eq!(found, pages);
    }
}

#[test]
fn other_versions_and_other_files_are_refused_untouched() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let store = Store::open(&path).expect("made");
    corrupt(&store, "PRAGMA user_version = 99");
    drop(store);
    let before = fs::read(&path).expect("read");
    let found =
        |error| matches!(error, StoreError::Newer { found: 99, known: at, .. } if at == known());
    assert!(found(Store::open(&path).expect_err("newer")));
    assert!(found(Store::open_read_only(&path).expect_err("newer")));
    assert_eq!(fs::read(&path).expect("read"), before);

    let foreign = folder.path().join("foreign.db");
    let connection = Connection::open(&foreign).expect("made");
    connection
        .execute_batch("CREATE TABLE a (b)")
        .expect("made");
    drop(connection);
    assert!(matches!(
        Store::open(&foreign),
        Err(StoreError::NotAStore { .. })
    ));
    assert!(matches!(
        Store::open_read_only(&foreign),
        Err(StoreError::NotAStore { .. })
    ));

    let text = folder.path().join("text.db");
    fs::write(&text, "this is no database, ".repeat(100)).expect("written");
    assert!(matches!(
        Store::open(&text),
        Err(StoreError::NotAStore { .. })
    ));
    assert!(matches!(
        Store::open(&folder.path().join("no/folder.db")),
        Err(StoreError::Io { .. })
    ));
    assert!(Store::open(folder.path()).is_err());
    assert!(Store::open_read_only(folder.path()).is_err());

    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").expect("written");
    assert!(Store::open_read_only(&empty).expect("no error").is_none());
    Store::open(&empty).expect("an empty file is a new store");

    let older = folder.path().join("older.db");
    let store = Store::open(&older).expect("made");
    corrupt(&store, "PRAGMA user_version = 0");
    drop(store);
    assert!(matches!(
        Store::open_read_only(&older),
        Err(StoreError::Older { found: 0, .. })
    ));
}

#[test]
fn a_reader_undoes_what_a_killed_writer_left_half_done() {
    let folder = folder();
    let path = folder.path().join("store.sqlite");
    drop(Store::open(&path).expect("a store"));
    let writer = Connection::open(&path).expect("opened");
    // With hardly any cache a transaction writes to the file, and to its journal, before it is committed.
    let begun =
        "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (done);
        INSERT INTO half VALUES (zeroblob(1000000));";
    writer.execute_batch(begun).expect("begun");
    let killed = folder.path().join("killed.sqlite");
    for suffix in ["", "-journal"] {
        let [from, to] = [&path, &killed].map(|path| format!("{}{suffix}", path.display()));
        fs::copy(from, to).expect("a copy");
    }
    let store = Store::open_read_only(&killed).expect("opened");
    let damage = store.expect("a store").quick_check().expect("checked");
    assert_eq!(damage, [""; 0]);
}
