//! Flipped bytes, truncated files and edits by others are noticed, named and repaired, and only what is lost runs again.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};

use rerunoff::netcdf::{Precision, encode_chunk};

use crate::common::{Project, STEPS, id, precipitation};

/// Changes a byte of the payload of one catchment's concentration.
fn flip_payload(project: &Project, catchment: usize) {
    let update = "UPDATE payload SET bytes = CAST(substr(bytes, 1, 10) || X'00FF55' || substr(bytes, 14) AS BLOB)
        WHERE id = (SELECT payload FROM series JOIN result ON result.id = series.result JOIN state USING (key)
        WHERE catchment = ?1 AND position = 0)";
    let changed = project.store().execute(update, [id(catchment)]);
    assert_eq!(changed.expect("updated"), 1);
}

#[test]
fn a_flipped_byte_costs_one_catchment() {
    let project = Project::new(6);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    project.calls();
    let healthy = project.rerunoff(&["doctor"]).expect(0);
    assert_eq!(healthy.stdout, "6 results are sound, 0 damaged\n");

    flip_payload(&project, 2);
    fs::remove_file(project.path("output.h5")).expect("removed");
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(run.stderr.contains("`rerunoff doctor`"), "{}", run.stderr);
    let found = project.rerunoff(&["doctor", "--dry-run"]).expect(1);
    assert!(
        found.stdout.contains("5 results are sound, 1 damaged"),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains(&id(2)), "{}", found.stdout);
    let repaired = project.rerunoff(&["doctor"]).expect(1);
    assert!(repaired.stdout.contains("repaired"), "{}", repaired.stdout);
    project.rerunoff(&["doctor"]).expect(0);
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(2)]);
    assert!(project.read("output.h5") == product);
}

#[test]
fn a_damaged_structure_is_recovered() {
    // So many that their payloads are on several pages.
    const CATCHMENTS: usize = 600;
    let project = Project::new(CATCHMENTS);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    let connection = project.store();
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("written back");
    let query =
        "SELECT bytes FROM payload ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM payload)";
    let payload: Vec<u8> = connection
        .query_row(query, [], |row| row.get(0))
        .expect("a payload");
    drop(connection);
    let store = project.path("cache/store.sqlite");
    let sound = fs::read(&store).expect("read");
    let place = sound.windows(payload.len()).position(|at| at == payload);
    let page = 4 * 1024;
    let in_the_middle = place.expect("it is there") / page * page;
    for (kind, damage) in [
        ("flipped", in_the_middle),
        ("cut off", sound.len() - page - 100),
        ("header", 0),
    ] {
        fs::write(&store, &sound).expect("written");
        let file = File::options().write(true).open(&store).expect("opened");
        match kind {
            "cut off" => file.set_len(damage as u64).expect("cut off"),
            _ => file
                .write_all_at(&[0xa5; 700], damage as u64)
                .expect("written over"),
        }
        project.calls();
        let doctor = project.rerunoff(&["doctor"]).expect(1);
        assert!(
            doctor.stdout.contains("is damaged"),
            "{kind}: {}",
            doctor.stdout
        );
        assert!(
            project.path("cache/store.sqlite.damaged").exists(),
            "{kind}"
        );
        let fresh = project.status(&[0])["fresh"].as_u64().expect("a number") as usize;
        if kind == "flipped" {
            assert!(fresh > 0 && fresh < CATCHMENTS, "{fresh} could be saved");
        }
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(
            project.calls().len(),
            CATCHMENTS - fresh,
            "{kind}: only what was lost"
        );
        assert!(project.read("output.h5") == product, "{kind}");
        project.rerunoff(&["doctor"]).expect(0);
    }
}

#[test]
fn garbage_in_the_journal_is_no_result() {
    let project = Project::new(4);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    let mut garbage = vec![0x37, 0x7f, 0x06, 0x82];
    garbage.extend_from_slice(&[0x5a; 70_000]);
    fs::write(project.path("cache/store.sqlite-wal"), garbage).expect("written");
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    assert!(project.read("output.h5") == product);
    project.rerunoff(&["doctor"]).expect(0);
}

#[test]
fn a_product_that_is_not_the_one_written_is_written_anew() {
    let project = Project::new(4);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    let path = project.path("output.h5");
    let inode = || fs::metadata(&path).expect("there").ino();

    // One byte in the middle, with its digest as it was.
    let file = File::options().write(true).open(&path).expect("opened");
    let middle = product.len() as u64 / 2;
    file.write_all_at(&[!product[product.len() / 2]], middle)
        .expect("written over");
    drop(file);
    assert!(project.read("output.h5") != product);
    let mended = project.rerunoff(&["run"]).expect(0);
    assert!(
        mended.stdout.contains("output.h5 written"),
        "{}",
        mended.stdout
    );
    assert!(project.read("output.h5") == product);
    project.rerunoff(&["run"]).expect(0);

    // A copy with the same bytes stays as it is.
    fs::copy(&path, project.path("copy")).expect("copied");
    fs::rename(project.path("copy"), &path).expect("renamed");
    let before = inode();
    let kept = project.rerunoff(&["run"]).expect(0);
    assert!(
        kept.stdout.contains("output.h5 unchanged"),
        "{}",
        kept.stdout
    );
    assert_eq!(inode(), before);
    for leftover in ["output.h5.anew", "output.h5.anew.part", "output.h5.part"] {
        assert!(!project.path(leftover).exists(), "{leftover}");
    }
}

#[test]
fn a_damaged_input_is_named() {
    let project = Project::new(4);
    let input = project.read("input.h5");
    fs::write(project.path("input.h5"), &input[..input.len() / 2]).expect("cut off");
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(run.stderr.contains("input.h5"), "{}", run.stderr);
    assert!(!project.path("output.h5").exists());

    // Bytes flipped in the middle of one array.
    let values: Vec<f64> = (0..STEPS)
        .flat_map(|step| (0..4).map(move |at| precipitation(at, step)))
        .collect();
    let chunk = encode_chunk(&values, Precision::F64, 1);
    let place = input.windows(chunk.len()).position(|at| at == chunk);
    let mut flipped = input.clone();
    let middle = place.expect("it is there") + chunk.len() / 2;
    for byte in &mut flipped[middle..middle + 20] {
        *byte = !*byte;
    }
    fs::write(project.path("input.h5"), &flipped).expect("written");
    let run = project.rerunoff(&["run"]).expect(4);
    for part in ["input.h5", "precipitation"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    fs::write(project.path("input.h5"), &input).expect("written");
    project.rerunoff(&["run"]).expect(0);
}
