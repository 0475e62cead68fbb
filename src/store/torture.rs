//! Damaged files: whatever bytes stand in the store, it answers with errors or with what was stored, and never panics.

use std::fs;
use std::path::Path;

use super::tests::{UNNAMED, folder, key, success};
use super::*;
use crate::store::codec::decode;

/// A small generator of numbers (xorshift), so that a failure can be replayed by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

const CATCHMENTS: usize = 30;

/// A store with everything in it, closed, as bytes.
fn sound() -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("store.db");
    let mut store = Store::open(&path).expect("made");
    let records: Vec<_> = (0..CATCHMENTS)
        .map(|n| success(&n.to_string(), &n.to_string()))
        .collect();
    store.commit(&records).expect("stored");
    store
        .remember("file", "input.h5", &[7; 3000])
        .expect("stored");
    drop(store);
    fs::read(&path).expect("read")
}

/// Runs every query and one write. Whatever is returned must be what was stored.
fn use_it(path: &Path, records: &[Record]) -> Result<(), StoreError> {
    let mut store = Store::open(path)?;
    store.quick_check().ok();
    store.last(&UNNAMED).ok();
    let memo = store.memo("file", "input.h5");
    assert!(matches!(
        memo.ok().flatten().as_deref(),
        None | Some([7, ..])
    ));
    for record in records {
        let columns = record.result.as_ref().expect("a success");
        if let Ok(Some(summary)) = store.summary(&record.key) {
            assert_eq!((summary.steps, summary.columns.len()), (500, 2));
            if let Ok(stored) = store.columns(summary.result, &["concentration", "discharge"]) {
                for (stored, column) in stored.iter().zip(columns) {
                    if let Ok(values) = decode(&stored.bytes, &stored.checksum, stored.steps) {
                        assert_eq!(Ok(values), decode(&column.bytes, &column.checksum, 500));
                    }
                }
            }
        }
        if let Ok(Some((parts, recipe_parts))) = store.parts(&UNNAMED, &record.catchment) {
            assert!(records.iter().any(|record| record.parts == parts));
            assert_eq!(recipe_parts, b"the recipe");
        }
        store.attempts(&UNNAMED, &record.catchment).ok();
    }
    store.touch(
        &UNNAMED,
        &[(CatchmentId::new("1"), key("2"), Vec::new(), key("recipe"))],
    )?;
    store.discard(&[records[0].key])?;
    store.commit(records)
}

fn attack(seed: u64, damage: impl Fn(&mut Random, &mut Vec<u8>)) {
    let records: Vec<_> = (0..CATCHMENTS)
        .map(|n| success(&n.to_string(), &n.to_string()))
        .collect();
    let sound = sound();
    let folder = folder();
    let mut random = Random(seed);
    for round in 0..80 {
        let path = folder.path().join(format!("{round}.db"));
        let mut bytes = sound.clone();
        damage(&mut random, &mut bytes);
        fs::write(&path, &bytes).expect("written");
        // An error is a fine answer; reading only must not panic either.
        if let Ok(Some(store)) = Store::open_read_only(&path) {
            store.last(&UNNAMED).ok();
        }
        use_it(&path, &records).ok();
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(folder.path().join(format!("{round}.db{suffix}"))).ok();
        }
    }
}

#[test]
fn flipped_bits() {
    attack(1, |random, bytes| {
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
    });
}

#[test]
fn flipped_bits_at_the_start_of_pages() {
    attack(2, |random, bytes| {
        for _ in 0..=random.below(8) {
            let page = random.below(bytes.len() / 4096);
            bytes[page * 4096 + random.below(200)] ^= 1 << random.below(8);
        }
    });
}

#[test]
fn overwritten_stretches() {
    attack(3, |random, bytes| {
        let start = random.below(bytes.len() - 5000);
        let length = random.below(5000);
        bytes[start..start + length].fill(random.below(256) as u8);
    });
}

#[test]
fn truncation() {
    attack(4, |random, bytes| {
        let length = random.below(bytes.len());
        bytes.truncate(length);
    });
}

#[test]
fn a_damaged_wal_loses_only_what_follows_the_damage() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let mut store = Store::open(&path).expect("made");
    let mut lengths = Vec::new();
    let wal = |folder: &Path| folder.join("store.db-wal");
    for number in 0..20 {
        store
            .commit(&[success("1", &number.to_string())])
            .expect("stored");
        lengths.push(fs::metadata(wal(folder.path())).expect("there").len() as usize);
    }
    let log = fs::read(wal(folder.path())).expect("read");
    let mut random = Random(5);
    for round in 0..60 {
        let copy = folder.path().join(round.to_string());
        fs::create_dir(&copy).expect("made");
        fs::copy(&path, copy.join("store.db")).expect("copied");
        let mut log = log.clone();
        let at = 32 + random.below(log.len() - 32);
        if round % 2 == 0 {
            log.truncate(at);
        } else {
            log[at] ^= 1 << random.below(8);
        }
        fs::write(wal(&copy), log).expect("written");
        let store = Store::open(&copy.join("store.db")).expect("opens");
        for (number, &length) in lengths.iter().enumerate() {
            let found = store.summary(&key(&number.to_string())).expect("sound");
            assert!(
                found.is_some() || length > at,
                "{number} was stored before byte {at}"
            );
        }
        assert_eq!(store.quick_check().expect("checked"), Vec::<String>::new());
        drop(store);
        fs::remove_dir_all(&copy).expect("removed");
    }
}
