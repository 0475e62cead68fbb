//! What the store promises, in use.

use std::collections::HashSet;

use tempfile::TempDir;

use super::*;
use crate::store::codec::{Encoded, decode, encode};
use crate::store::results::{Present, compare};

pub(super) const UNNAMED: ScenarioName = ScenarioName::UNNAMED;

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(super) fn key(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn catchment(id: &str) -> CatchmentId {
    CatchmentId::new(id)
}

fn machine(host: &str) -> Machine {
    Machine {
        host: host.to_owned(),
        class: "x86_64-v3, Some CPU, glibc 2.36".to_owned(),
    }
}

fn attempt(failure: Option<&str>, wall: f64) -> Attempt {
    Attempt {
        started: 1_790_000_000,
        failure: failure.map(|code| Failed {
            code: code.to_owned(),
            reason: format!("{code}: the whole story"),
        }),
        cost: RunCost {
            wall,
            user: 0.5,
            system: 0.25,
            peak_bytes: 5_000_000,
        },
        tail: "last line".to_owned(),
        machine: machine("login1"),
    }
}

/// A record whose discharge is the same for every key and whose concentration is the key's own.
pub(crate) fn success(id: &str, key_text: &str) -> Record {
    let factor = f64::from(key(key_text).as_bytes()[0]) + 1.0;
    let concentration: Vec<f64> = (0..500).map(|step| factor * f64::from(step % 37)).collect();
    let discharge: Vec<f64> = (0..500).map(|step| f64::from(step % 41) / 8.0).collect();
    Record {
        scenario: UNNAMED,
        catchment: catchment(id),
        key: key(key_text),
        parts: format!("parts of {key_text}").into_bytes(),
        recipe: key("recipe"),
        recipe_parts: Arc::from(*b"the recipe"),
        attempts: vec![attempt(None, 2.0)],
        contents: Vec::new(),
        series: Vec::new(),
        result: Some(vec![
            encode("concentration", &concentration),
            encode("discharge", &discharge),
        ]),
        failure: None,
        outputs: Outputs::NotKept,
        another: Another::IsReplaced,
        is_passing: false,
    }
}

fn failure(id: &str, key_text: &str, codes: &[&str]) -> Record {
    Record {
        attempts: codes.iter().map(|code| attempt(Some(code), 9.0)).collect(),
        result: None,
        ..success(id, key_text)
    }
}

pub(super) fn count(store: &Store, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    store
        .connection
        .query_row(&query, [], |row| row.get(0))
        .expect("counted")
}

pub(super) fn corrupt(store: &Store, statement: &str) {
    store.connection.execute_batch(statement).expect("executed");
}

pub(super) fn values(store: &Store, key_text: &str, names: &[&str]) -> Vec<Vec<f64>> {
    let summary = store
        .summary(&key(key_text))
        .expect("sound")
        .expect("present");
    let columns = store.columns(summary.result, names).expect("present");
    let decoded = columns
        .iter()
        .map(|column| decode(&column.bytes, &column.checksum, column.steps));
    decoded.collect::<Result<_, _>>().expect("intact")
}

#[test]
fn columns_have_lengths_of_their_own() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    let columns: [(&str, &[f64]); 4] = [
        ("total", &[7.5]),
        ("melt", &[0.1, f64::NAN, 1e300]),
        ("@time day", &[0.0, 86_400.0, 172_800.0]),
        ("nothing", &[]),
    ];
    let of = |columns: &[(&str, &[f64])]| {
        let encoded = columns.iter().map(|(name, values)| encode(name, values));
        Record {
            result: Some(encoded.collect()),
            ..success("70007", "a")
        }
    };
    let record = of(&columns);
    store.commit(std::slice::from_ref(&record)).expect("stored");
    let names = columns.map(|(name, _)| name);
    let back = values(&store, "a", &names);
    let bits = |values: &[f64]| -> Vec<u64> { values.iter().map(|x| x.to_bits()).collect() };
    for (back, (_, values)) in back.iter().zip(columns) {
        assert_eq!(bits(back), bits(values));
    }
    let summary = store.summary(&key("a")).expect("sound").expect("there");
    let checksum = |name: &str| store.checksum(summary.result, name).expect("a store");
    assert_eq!(
        checksum("@time day"),
        Some(encode("@time day", columns[2].1).checksum)
    );
    assert_eq!(checksum("@time hour"), None);
    let found = store.column_names(summary.result).expect("a store");
    assert_eq!(found, names.iter().map(|name| (*name).to_owned()).collect());
    // Handed in again it is the same result; cut short it is another.
    let shorter: Vec<(&str, &[f64])> = columns
        .map(|(name, values)| (name, &values[..values.len().min(2)]))
        .into();
    for (columns, present) in [(&columns[..], Present::Same), (&shorter, Present::Another)] {
        let encoded: Vec<Encoded> = columns
            .iter()
            .map(|(name, values)| encode(name, values))
            .collect();
        let transaction = store.connection.transaction().expect("begun");
        let found = compare(&transaction, &key("a"), &encoded).expect("compared");
        assert_eq!(found, present);
    }
}

#[test]
fn a_result_comes_back_as_it_was() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let record = success("70007", "a");
    Store::open(&path)
        .expect("made")
        .commit(std::slice::from_ref(&record))
        .expect("stored");

    let store = Store::open(&path).expect("reopened");
    let summary = store.summary(&key("a")).expect("sound").expect("present");
    assert_eq!(summary.steps, 500);
    let columns = record.result.expect("a success");
    for (summary, column) in summary.columns.iter().zip(&columns) {
        assert_eq!(summary.name, column.name);
        assert_eq!(
            (summary.minimum, summary.maximum),
            (column.minimum, column.maximum)
        );
        assert_eq!(summary.checksum, column.checksum);
    }
    let stored = store
        .columns(summary.result, &["discharge", "concentration"])
        .expect("present");
    assert_eq!(stored[0].bytes, columns[1].bytes);
    assert_eq!(stored[1].bytes, columns[0].bytes);
    assert!(store.summary(&key("b")).expect("sound").is_none());
    assert!(matches!(
        store.columns(summary.result, &["load"]),
        Err(StoreError::Damaged { .. })
    ));
    assert_eq!(store.quick_check().expect("checked"), Vec::<String>::new());
}

#[test]
fn odd_bounds_do_not_break_the_seal() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    let columns = [
        &[-0.0, -0.0][..],
        &[f64::NAN, f64::INFINITY],
        &[5e-324, 3.0],
        &[f64::MAX, -f64::MAX],
    ];
    let record = Record {
        result: Some(columns.iter().map(|values| encode("é\0", values)).collect()),
        ..success("1", "a")
    };
    store.commit(&[record]).expect("stored");
    let empty = Record {
        result: Some(Vec::new()),
        ..success("2", "b")
    };
    store.commit(&[empty]).expect("stored");
    let summary = store.summary(&key("a")).expect("sound").expect("present");
    assert_eq!(summary.columns[1].minimum, None);
    assert_eq!(summary.columns[3].minimum, Some(-f64::MAX));
    let summary = store.summary(&key("b")).expect("sound").expect("present");
    assert!(summary.columns.is_empty());
}

#[test]
fn equal_columns_are_stored_once_and_outlive_the_first_of_them() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store
        .commit(&[success("1", "a"), success("1", "b")])
        .expect("stored");
    assert_eq!((count(&store, "series"), count(&store, "payload")), (4, 3));
    assert_eq!(
        store.discard(&[key("a"), key("never")]).expect("discarded"),
        1
    );
    assert_eq!((count(&store, "series"), count(&store, "payload")), (2, 2));
    assert!(store.summary(&key("a")).expect("sound").is_none());
    assert_eq!(values(&store, "b", &["discharge"])[0][9], 1.125);
    store.discard(&[key("b")]).expect("discarded");
    assert_eq!((count(&store, "result"), count(&store, "payload")), (0, 0));
}

#[test]
fn what_is_present_is_kept_unless_it_is_damaged_or_another() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    let first = success("1", "a");
    let other = Record {
        result: success("1", "z").result,
        ..first.clone()
    };
    store.commit(std::slice::from_ref(&first)).expect("stored");
    let before = values(&store, "a", &["concentration"]);
    let id = store
        .summary(&key("a"))
        .expect("sound")
        .map(|found| found.result);
    store.commit(std::slice::from_ref(&first)).expect("stored");
    assert_eq!(
        store
            .summary(&key("a"))
            .expect("sound")
            .map(|found| found.result),
        id
    );
    store.commit(std::slice::from_ref(&other)).expect("stored");
    assert_ne!(values(&store, "a", &["concentration"]), before);
    assert_eq!(count(&store, "result"), 1);
    store.commit(std::slice::from_ref(&first)).expect("stored");
    assert_eq!(values(&store, "a", &["concentration"]), before);

    for damage in [
        "UPDATE payload SET bytes = zeroblob(9) WHERE id = 1",
        "UPDATE series SET maximum = 1e9 WHERE position = 0",
        "UPDATE result SET steps = 499",
        "PRAGMA foreign_keys = OFF; DELETE FROM payload; PRAGMA foreign_keys = ON",
        "DELETE FROM series WHERE position = 1",
        "UPDATE series SET payload = 2 WHERE position = 0",
    ] {
        corrupt(&store, damage);
        store.commit(std::slice::from_ref(&first)).expect("stored");
        assert_eq!(values(&store, "a", &["concentration"]), before, "{damage}");
        assert_eq!(values(&store, "a", &["discharge"])[0].len(), 500);
    }
    assert_eq!(store.quick_check().expect("checked"), Vec::<String>::new());
}

#[test]
fn a_damaged_description_is_an_error_with_its_key() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store
        .commit(&[success("1", "a"), success("2", "b")])
        .expect("stored");
    corrupt(
        &store,
        "UPDATE series SET name = 'konzentration' WHERE result = 1 AND position = 0",
    );
    assert!(
        matches!(store.summary(&key("a")), Err(StoreError::Damaged { key: found, .. }) if found == key("a"))
    );
    assert!(store.summary(&key("b")).expect("sound").is_some());
    corrupt(
        &store,
        "UPDATE explanation SET parts = zeroblob(40); UPDATE memo SET payload = zeroblob(40)",
    );
    assert_eq!(
        store.parts(&UNNAMED, &catchment("1")).expect("readable"),
        None
    );
}

#[test]
fn a_failure_is_remembered_and_takes_nothing_away() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store.commit(&[success("1", "a")]).expect("stored");
    store
        .commit(&[failure("1", "b", &["timeout", "exit"])])
        .expect("stored");
    store
        .commit(&[failure("1", "b", &["exit"])])
        .expect("stored");
    let last = store
        .last(&UNNAMED)
        .expect("readable")
        .remove(&catchment("1"))
        .expect("known");
    assert_eq!(
        (last.key, last.recipe, last.attempts),
        (key("b"), key("recipe"), 3)
    );
    assert_eq!(
        last.failure.expect("it failed").reason,
        "exit: the whole story"
    );
    assert_eq!(last.cost.expect("it succeeded once").wall, 2.0);
    assert!(store.summary(&key("a")).expect("sound").is_some());
    assert!(store.summary(&key("b")).expect("sound").is_none());

    let attempts = store.attempts(&UNNAMED, &catchment("1")).expect("readable");
    let codes: Vec<_> = attempts
        .iter()
        .map(|(_, attempt)| attempt.failure.as_ref().map(|f| &f.code[..]))
        .collect();
    assert_eq!(codes, [Some("exit"), Some("exit"), Some("timeout"), None]);
    assert_eq!(attempts[0].0, key("b"));
    assert_eq!(attempts[0].1.tail, "last line");

    // Forced and failed although there is a result: it stays.
    store
        .commit(&[failure("1", "a", &["exit"])])
        .expect("stored");
    assert!(store.summary(&key("a")).expect("sound").is_some());
}

#[test]
fn only_the_latest_attempts_are_kept() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store.commit(&[success("other", "x")]).expect("stored");
    for number in 0..15 {
        store
            .commit(&[failure("1", &format!("{number}"), &["exit"])])
            .expect("stored");
    }
    let attempts = store.attempts(&UNNAMED, &catchment("1")).expect("readable");
    assert_eq!(attempts.len(), ATTEMPTS_KEPT as usize);
    assert_eq!(attempts[0].0, key("14"));
    assert_eq!(
        store
            .attempts(&UNNAMED, &catchment("other"))
            .expect("readable")
            .len(),
        1
    );
}

#[test]
fn going_back_is_the_state_of_the_last_run() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store
        .commit(&[success("1", "a"), failure("2", "c", &["exit"])])
        .expect("stored");
    store.commit(&[success("1", "b")]).expect("stored");
    let (parts, recipe_parts) = store
        .parts(&UNNAMED, &catchment("1"))
        .expect("readable")
        .expect("known");
    assert_eq!(
        (&parts[..], &recipe_parts[..]),
        (&b"parts of b"[..], &b"the recipe"[..])
    );

    let states = [
        (
            catchment("1"),
            key("a"),
            b"parts of a".to_vec(),
            key("recipe"),
        ),
        (
            catchment("2"),
            key("c"),
            b"parts of c".to_vec(),
            key("recipe"),
        ),
        (
            catchment("3"),
            key("d"),
            b"parts of d".to_vec(),
            key("recipe"),
        ),
    ];
    store.touch(&UNNAMED, &states).expect("stored");
    let last = store.last(&UNNAMED).expect("readable");
    assert_eq!(last[&catchment("1")].key, key("a"));
    assert_eq!(last[&catchment("1")].cost.map(|cost| cost.wall), Some(2.0));
    assert_eq!(
        (
            last[&catchment("2")].failure.as_ref(),
            last[&catchment("2")].attempts
        ),
        (None, 0)
    );
    assert_eq!(last[&catchment("3")].cost, None);
    let (parts, _) = store
        .parts(&UNNAMED, &catchment("3"))
        .expect("readable")
        .expect("known");
    assert_eq!(parts, b"parts of d");
    assert!(
        store.explanation(&key("b")).expect("readable").is_some(),
        "any two states can be compared"
    );

    let changes = store.connection.total_changes();
    store.touch(&UNNAMED, &states).expect("nothing to store");
    assert_eq!(store.connection.total_changes(), changes);
}

#[test]
fn the_time_that_runs_took_is_known_of_those_that_went_well() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store
        .commit(&[success("1", "a"), failure("2", "b", &["exit"])])
        .expect("stored");
    let states = store.states().expect("readable").into_iter();
    let expected = states.filter_map(|(unit, last)| Some((unit, last.cost?.wall)));
    let walls = store.walls().expect("readable");
    assert_eq!(walls, expected.collect());
    assert_eq!(walls.len(), 1);
}

#[test]
fn what_is_passing_leaves_its_result_and_what_failed_its_attempts() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    store.commit(&[success("1", "a")]).expect("stored");
    let states = store.states().expect("readable");
    let passing = |record: Record| Record {
        scenario: ScenarioName::new("k=1").expect("a name"),
        is_passing: true,
        ..record
    };
    let passed = [
        passing(success("1", "b")),
        passing(failure("1", "c", &["exit", "timeout"])),
    ];
    store.commit(&passed).expect("stored");
    assert_eq!(store.states().expect("readable"), states);
    assert!(store.summary(&key("b")).expect("readable").is_some());
    let attempts = |scenario: &ScenarioName| {
        let attempts = store.attempts(scenario, &catchment("1"));
        attempts.expect("readable").len()
    };
    assert_eq!(attempts(&ScenarioName::PASSING), 2);
    assert_eq!(attempts(&passed[0].scenario), 0);
    assert_eq!(attempts(&UNNAMED), 1);
    assert!(store.explanation(&key("b")).expect("readable").is_none());
}

#[test]
fn a_memo_is_changed_only_while_it_is_there() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    let longer = |payload: &[u8]| Some([payload, b"!"].concat());
    store.change_memo("file", "a", longer).expect("nothing");
    assert_eq!(store.memo("file", "a").expect("readable"), None);
    store.remember("file", "a", b"one").expect("stored");
    store.change_memo("file", "a", longer).expect("changed");
    store.change_memo("file", "a", |_| None).expect("left");
    let found = store.memo("file", "a").expect("readable");
    assert_eq!(found.as_deref(), Some(&b"one!"[..]));
}

#[test]
fn memos_are_remembered_replaced_and_forgotten() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    assert_eq!(store.memo("file", "a").expect("readable"), None);
    store.remember("file", "a", b"one").expect("stored");
    store.remember("file", "a", b"two").expect("stored");
    store.remember("other", "a", b"").expect("stored");
    assert_eq!(
        store.memo("file", "a").expect("readable").as_deref(),
        Some(&b"two"[..])
    );
    assert_eq!(
        store.memo("other", "a").expect("readable").as_deref(),
        Some(&b""[..])
    );
    // Another file's memo under this name is no memo.
    corrupt(&store, "UPDATE memo SET name = 'b' WHERE kind = 'file'");
    assert_eq!(store.memo("file", "b").expect("readable"), None);
    store.forget("file", "b").expect("forgotten");
    store.forget("file", "b").expect("nothing to forget");
    assert_eq!(count(&store, "memo"), 1);
}

#[test]
fn hostile_ids_are_only_text() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store.db")).expect("made");
    let long = "x".repeat(10_000);
    let ids = [
        "",
        "../../etc/x",
        "a\0b",
        "a",
        "'; DROP TABLE state; --",
        "<&>\n",
        &long,
    ];
    for id in ids {
        store.commit(&[success(id, id)]).expect("stored");
    }
    let last = store.last(&UNNAMED).expect("readable");
    assert_eq!(last.len(), ids.len());
    for id in ids {
        assert_eq!(last[&catchment(id)].key, key(id));
    }
}

#[test]
fn what_a_simulator_was_given_is_kept_once_and_outlives_the_result() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store")).expect("opens");
    let discharge: Vec<f64> = (0..500).map(|step| f64::from(step % 41) / 8.0).collect();
    let digest = Digest::of_numbers(&discharge);
    let record = Record {
        contents: vec![b"a long text".to_vec()],
        series: vec![(digest, encode("q", &discharge))],
        ..success("1", "a")
    };
    store.commit(&[record]).expect("stored");
    assert_eq!(count(&store, "payload"), 2, "the output is the input");
    assert_eq!(store.inputs().expect("readable").len(), 1);
    store.discard(&[key("a")]).expect("discarded");
    assert_eq!(count(&store, "payload"), 1);
    let column = store.input(&digest).expect("readable").expect("present");
    let values = decode(&column.bytes, &column.checksum, column.steps).expect("decodes");
    assert_eq!(values, discharge);
    let text = Digest::of(b"a long text");
    assert_eq!(
        store.content(&text).expect("readable").as_deref(),
        Some(&b"a long text"[..])
    );
    corrupt(&store, "UPDATE content SET bytes = x'00'");
    assert_eq!(store.content(&text).expect("readable"), None);
    store
        .store_contents(&[b"a long text".to_vec()])
        .expect("mended");
    assert!(store.content(&text).expect("readable").is_some());
}

#[test]
fn tags_and_runs_come_back() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store")).expect("opens");
    for run in ["one", "two"] {
        store.record_run(run.as_bytes(), run).expect("stored");
    }
    let runs = store.runs(1).expect("readable");
    assert_eq!((runs.len(), runs[0].summary.as_str()), (1, "two"));
    assert_eq!(runs[0].snapshot, Some(Digest::of(b"two")));
    store.tag("t", b"one", Some("k")).expect("stored");
    let known = store.find_tag("t").expect("readable").expect("there");
    assert_eq!(known.values.as_deref(), Some("k"));
    store.tag("t", b"two", None).expect("replaced");
    assert!(store.tags().expect("readable")[0].values.is_none());
    assert_eq!(store.tags().expect("readable").len(), 1);
    let tag = store.find_tag("t").expect("readable").expect("there");
    assert_eq!(tag.snapshot, Digest::of(b"two"));
    assert!(store.untag("t").expect("removed") && !store.untag("t").expect("gone"));
}

#[test]
fn a_collection_leaves_what_is_to_be_kept() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("store")).expect("opens");
    store
        .commit(&[success("1", "a"), success("2", "b")])
        .expect("stored");
    store.record_run(b"moment", "{}").expect("stored");
    let kept = Kept {
        keys: HashSet::from([key("b")]),
        scenarios: HashSet::from([UNNAMED]),
        ..Kept::default()
    };
    store.collect(&[key("a")], &kept).expect("collected");
    assert!(store.summary(&key("a")).expect("sound").is_none());
    assert!(store.explanation(&key("a")).expect("readable").is_none());
    assert_eq!(values(&store, "b", &["discharge"])[0].len(), 500);
    assert_eq!(count(&store, "payload"), 2, "the shared one stays");
    assert_eq!(count(&store, "content"), 0);
    assert_eq!(store.runs(9).expect("readable")[0].snapshot, None);
    assert_eq!(store.quick_check().expect("readable"), Vec::<String>::new());
}
