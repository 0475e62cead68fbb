//! The schema, as the list of steps that lead to it.
//!
//! The list is append-only: a step that has been released is never changed, because there are stores that have taken it. The
//! number of steps taken is the database's `user_version`. All steps that are missing and their number are one transaction.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a SQLite file as ours ("rRun"), so that another program's database is not mistaken for an old store.
pub(super) const APPLICATION_ID: i32 = 0x7252_756e;

pub(super) const STEPS: &[&str] = &[
    // 1: memo, results, explanations, states, attempts.
    //
    // Text, reals and integers stand in columns of their own so that the file can be looked at with any SQLite tool. `seal`
    // columns and sealed blobs: see `checksum.rs`. Series repeat their payload's checksum so that a summary needs no page of the
    // large payload table.
    "
    CREATE TABLE memo (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        payload BLOB NOT NULL,              -- sealed with kind and name
        PRIMARY KEY (kind, name)
    );
    CREATE TABLE recipe (
        digest BLOB NOT NULL PRIMARY KEY,
        parts BLOB NOT NULL                 -- sealed with digest
    );
    CREATE TABLE explanation (
        key BLOB NOT NULL PRIMARY KEY,
        recipe BLOB NOT NULL,
        parts BLOB NOT NULL                 -- sealed with key and recipe
    );
    CREATE TABLE payload (
        id INTEGER PRIMARY KEY,
        checksum BLOB NOT NULL UNIQUE,
        bytes BLOB NOT NULL
    );
    CREATE TABLE result (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        steps INTEGER NOT NULL,
        created INTEGER NOT NULL,           -- seconds since 1970
        seal BLOB NOT NULL                  -- over key, steps and all of its series' columns but payload
    );
    CREATE TABLE series (
        result INTEGER NOT NULL REFERENCES result (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        minimum REAL,
        maximum REAL,
        missing INTEGER NOT NULL,
        checksum BLOB NOT NULL,
        payload INTEGER NOT NULL REFERENCES payload (id),
        PRIMARY KEY (result, position)
    ) WITHOUT ROWID;
    CREATE INDEX series_payload ON series (payload);
    CREATE TABLE state (
        scenario TEXT NOT NULL DEFAULT '',
        catchment TEXT NOT NULL,
        key BLOB NOT NULL,
        recipe BLOB NOT NULL,
        failure_code TEXT,
        failure_reason TEXT,
        attempts INTEGER NOT NULL,
        wall REAL,                          -- of the latest success, as the next three
        user REAL,
        system REAL,
        peak_bytes INTEGER,
        PRIMARY KEY (scenario, catchment)
    );
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        scenario TEXT NOT NULL DEFAULT '',
        catchment TEXT NOT NULL,
        key BLOB NOT NULL,
        started INTEGER NOT NULL,
        failure_code TEXT,
        failure_reason TEXT,
        wall REAL NOT NULL,
        user REAL NOT NULL,
        system REAL NOT NULL,
        peak_bytes INTEGER NOT NULL,
        tail TEXT NOT NULL
    );
    CREATE INDEX attempt_catchment ON attempt (scenario, catchment, id);
    ",
    // 2: what it takes to say what changed, what a run did, and to go back.
    //
    // `content` and `input` are known by the digest of what they hold, which is their seal.
    "
    CREATE TABLE content (
        digest BLOB NOT NULL PRIMARY KEY,   -- of bytes
        bytes BLOB NOT NULL
    );
    CREATE TABLE input (
        digest BLOB NOT NULL PRIMARY KEY,   -- of the numbers
        steps INTEGER NOT NULL,
        payload INTEGER NOT NULL REFERENCES payload (id)
    );
    CREATE INDEX input_payload ON input (payload);
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        ended INTEGER NOT NULL,             -- seconds since 1970
        moment BLOB,                        -- of content: every catchment's key; NULL once collected
        summary TEXT NOT NULL               -- JSON
    );
    CREATE TABLE tag (
        name TEXT NOT NULL PRIMARY KEY,
        created INTEGER NOT NULL,           -- seconds since 1970
        moment BLOB NOT NULL
    );
    ALTER TABLE result ADD COLUMN used INTEGER;  -- seconds since 1970: when it last became a catchment's own
    ",
    // 3: what is known of the input is stored in another form.
    "
    DELETE FROM memo WHERE kind = 'survey';
    ",
    // 4: where attempts ran and results were made; NULL where it is not known.
    //
    // What tells that nothing is left to do is stored in another form, too. No reference, so that a machine can be removed without a look at every attempt for each.
    "
    CREATE TABLE machine (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        class TEXT NOT NULL,
        UNIQUE (host, class)
    );
    ALTER TABLE attempt ADD COLUMN machine INTEGER;
    ALTER TABLE result ADD COLUMN machine INTEGER;
    DELETE FROM memo WHERE kind = 'settled, all files';
    ",
    // 5: what simulators left, to be read again when something else is to be taken of it.
    //
    // The index comes before the bytes, so that all can be listed without a look at the large pages.
    "
    CREATE TABLE kept (
        id INTEGER PRIMARY KEY,
        raw BLOB NOT NULL UNIQUE,
        machine INTEGER,
        contents BLOB NOT NULL,             -- the index; sealed with raw
        checksum BLOB NOT NULL,             -- of bytes
        bytes BLOB NOT NULL
    );
    CREATE TABLE kept_use (
        key BLOB NOT NULL PRIMARY KEY,
        raw BLOB NOT NULL
    ) WITHOUT ROWID;
    ",
    // 6: what tells that nothing is left to do goes with any result, whoever removes it. So none has to be counted to find that all
    // are there, which takes longer than all else a run with nothing to do looks at where there are a million.
    "
    CREATE TRIGGER result_removed AFTER DELETE ON result BEGIN
        DELETE FROM memo WHERE kind = 'settled, all files';
    END;
    DELETE FROM memo WHERE kind = 'settled, all files';
    ",
];

/// The schema that this version writes.
pub(super) fn known() -> u32 {
    STEPS.len() as u32
}

/// Applies the missing steps, all or none: a killed run leaves no store halfway between two versions.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? >= known() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read inside the transaction: another process may have migrated in the meantime.
    let applied = version(&transaction)?;
    for step in STEPS.iter().skip(applied as usize) {
        transaction.execute_batch(step)?;
    }
    if applied < known() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known())?;
    }
    transaction.commit()
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{UNNAMED, catchment, folder, key, success};
    use super::super::{SETTLED, Store};
    use super::*;
    use crate::data::machine::Machine;

    /// A store as the first release left it.
    fn first(path: &std::path::Path) -> Connection {
        let connection = Connection::open(path).expect("made");
        connection.execute_batch(STEPS[0]).expect("the first step");
        let filled = "INSERT INTO attempt (catchment, key, started, wall, user, system, peak_bytes, tail)
                VALUES ('7', zeroblob(32), 1, 1.0, 1.0, 1.0, 1, 'printed');
            INSERT INTO result (key, steps, created, seal) VALUES (zeroblob(32), 1, 1, zeroblob(32));
            PRAGMA user_version = 1";
        connection.execute_batch(filled).expect("filled");
        let id = connection.pragma_update(None, "application_id", APPLICATION_ID);
        id.expect("marked");
        connection
    }

    #[test]
    fn an_old_store_knows_no_machine_and_takes_new_ones() {
        let folder = folder();
        let path = folder.path().join("store.db");
        drop(first(&path));
        let mut store = Store::open(&path).expect("migrated");
        let attempts = |store: &Store| store.attempts(&UNNAMED, &catchment("7"));
        let old = attempts(&store).expect("readable");
        assert_eq!(old[0].1.tail, "printed");
        assert_eq!(old[0].1.machine, Machine::default());
        store.commit(&[success("7", "a")]).expect("stored");
        let both = attempts(&store).expect("readable");
        assert_eq!(both[0].1.machine.host, "login1");
        assert_eq!(both[1], old[0]);
        assert_eq!(store.made_on(&key("a")).expect("readable").host, "login1");
    }

    #[test]
    fn what_tells_that_nothing_is_left_to_do_goes_with_a_result_whoever_removes_it() {
        let folder = folder();
        let path = folder.path().join("store.db");
        let mut store = Store::open(&path).expect("made");
        store
            .commit(&[success("7", "a"), success("8", "b")])
            .expect("stored");
        let settled = (SETTLED, "");
        store.remember(settled.0, settled.1, b"look").expect("kept");
        store
            .remember("another", "", b"of another kind")
            .expect("kept");
        let results = store.results().expect("readable");
        store.commit(&[success("9", "c")]).expect("stored");
        assert_ne!(store.results().expect("readable"), results);
        let memo = store.memo(settled.0, settled.1).expect("readable");
        assert_eq!(memo.as_deref(), Some(b"look".as_slice()));
        let other = Connection::open(&path).expect("opened");
        let removed = other.execute("DELETE FROM result WHERE id = 1", []);
        assert_eq!(removed.expect("removed"), 1);
        assert_eq!(store.memo(settled.0, settled.1).expect("readable"), None);
        assert!(store.memo("another", "").expect("readable").is_some());
    }

    #[test]
    fn a_damaged_old_store_is_recovered_with_its_rows() {
        let folder = folder();
        let path = folder.path().join("store.db");
        let settled = "INSERT INTO memo (kind, name, payload) VALUES ('settled, all files', '', zeroblob(64))";
        let old = first(&path);
        old.execute(settled, []).expect("filled");
        drop(old);
        Store::recover(&path).expect("recovered");
        let store = Store::open(&path).expect("opened");
        let attempts = store.attempts(&UNNAMED, &catchment("7")).expect("readable");
        assert_eq!(attempts.len(), 1);
        assert_eq!(store.keys().expect("readable").len(), 1);
        let settled = store.memo(SETTLED, "");
        assert_eq!(settled.expect("readable"), None, "rows may be lost");
    }
}
