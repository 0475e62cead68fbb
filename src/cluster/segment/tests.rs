//! Segments as they are written, published and read, and what becomes of all that is none.

use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;

use super::reader::parse;
use super::*;
use crate::cluster::frame::{self, Frames, opening, write_frame};
use crate::data::catchment::CatchmentId;
use crate::data::run_cost::RunCost;
use crate::data::scenario::ScenarioName;
use crate::execute::trial::{Obstacle, TrialOutcome};
use crate::plan::key::{Explanation, Key, KeyPart, Sink};
use crate::store::codec::Encoded;
use crate::store::{Attempt, Failed, Outputs};

fn head() -> SegmentHead {
    SegmentHead {
        package: PackageId::parse("0123456789abcdef01234567").expect("an id"),
        batch: BatchNumber(7),
        attempt: "8123-12-0-89abcdef".parse().expect("an id"),
        machine: machine(),
    }
}

fn machine() -> Machine {
    Machine {
        host: "node7".to_owned(),
        class: "x86_64-v4, glibc 2.36".to_owned(),
    }
}

fn name(sequence: u32) -> SegmentName {
    SegmentName {
        batch: BatchNumber(7),
        attempt: head().attempt,
        sequence,
    }
}

/// A column of bytes that no library's version changes.
fn column(name: &str) -> Encoded {
    Encoded {
        name: name.to_owned(),
        steps: 2,
        minimum: Some(0.25),
        maximum: None,
        missing: 1,
        bytes: vec![1, 2, 3],
        checksum: Digest::of(b"123"),
    }
}

/// A trial with something in each of its parts.
fn trial(number: u8) -> Trial {
    let failed = Failed {
        code: "exit".to_owned(),
        reason: "exit code 3".to_owned(),
    };
    let mut explanation = Explanation::default();
    explanation.part(KeyPart::Parameter("k".to_owned()), b"0.5");
    explanation.part(KeyPart::File("a.xml".to_owned()), &[b'x'; 300]);
    let outcomes = [
        TrialOutcome::Good(vec![column("c")]),
        TrialOutcome::Failed(failed.clone()),
        TrialOutcome::Obstacle(Obstacle::Support, failed.clone()),
    ];
    Trial {
        scenario: ScenarioName::known("diuron".to_owned()),
        catchment: CatchmentId::new(format!("7000{number}")),
        key: Key(Digest::of(&[number])),
        explanation,
        texts: vec![vec![b'x'; 300]],
        series: vec![(Digest::of(b"q"), column("q"))],
        attempts: vec![Attempt {
            started: 1_800_000_000,
            failure: Some(failed),
            cost: RunCost {
                wall: 1.5,
                user: 1.25,
                system: 0.125,
                peak_bytes: 1 << 20,
            },
            tail: "no water\n".to_owned(),
            machine: machine(),
        }],
        outcome: outcomes[usize::from(number) % 3].clone(),
        outputs: Outputs::NotKept,
    }
}

/// A folder with a segment of these trials, published in it, and its path.
fn published(trials: &[Trial], end: Option<TaskEnd>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let incoming = folder.path().join("in");
    fs::create_dir(&incoming).expect("made");
    let scratch = folder.path().join("scratch");
    let mut writer = SegmentWriter::create(&scratch, &head()).expect("begun");
    let before = writer.bytes();
    for trial in trials {
        writer.push(trial).expect("written");
    }
    assert_eq!(writer.trials(), trials.len() as u64);
    assert_eq!(writer.bytes() > before, !trials.is_empty());
    writer
        .publish(&incoming, &name(0), end.as_ref())
        .expect("published");
    assert!(!scratch.exists());
    let path = incoming.join(name(0).to_string());
    (folder, path)
}

fn bytes(trials: &[Trial], end: Option<TaskEnd>) -> Vec<u8> {
    let (_folder, path) = published(trials, end);
    fs::read(path).expect("there")
}

fn contents(bytes: &[u8]) -> Vec<Vec<u8>> {
    let frames = Frames::new(&bytes[opening(KIND, VERSION).len()..]);
    frames.map(|frame| frame.expect("whole")).collect()
}

fn of_contents(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = opening(KIND, VERSION).into_bytes();
    for content in contents {
        write_frame(&mut bytes, content).expect("written");
    }
    bytes
}

#[test]
fn a_segment_is_read_as_it_was_published() {
    let trials = [0, 1, 2].map(trial);
    let obstacle = TaskEnd::Obstacle {
        kind: Trouble::Disk,
        reason: "No space left on device".to_owned(),
    };
    let ends = [
        None,
        Some(TaskEnd::Done),
        Some(TaskEnd::Time),
        Some(TaskEnd::Cancelled),
        Some(obstacle),
    ];
    for (end, count) in ends.into_iter().zip([3, 3, 0, 1, 2]) {
        let (_folder, path) = published(&trials[..count], end.clone());
        let segment = read_segment(&path).expect("whole");
        let expected = Segment {
            head: head(),
            trials: trials[..count].to_vec(),
            end,
        };
        assert_eq!(segment, expected);
        let incoming = path.parent().expect("a folder");
        assert_eq!(list_segments(incoming).expect("listed"), [name(0)]);
        assert_eq!(fs::read_dir(incoming).expect("listed").count(), 1);
    }
}

#[test]
fn what_is_listed_are_published_segments_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = [
        format!(".{}", name(0)),
        format!("{}.tmp", name(1)),
        "notes".to_owned(),
    ];
    for name in [name(10), name(9), name(2)]
        .map(|name| name.to_string())
        .into_iter()
        .chain(foreign)
    {
        fs::write(folder.path().join(name), "").expect("written");
    }
    let listed = list_segments(folder.path()).expect("listed");
    assert_eq!(listed, [2, 9, 10].map(name));
    assert!(list_segments(&folder.path().join("in")).is_err());
}

#[test]
fn nothing_of_a_segment_is_read_unless_it_is_whole() {
    let good = bytes(&[trial(0), trial(1)], Some(TaskEnd::Done));
    for cut in 0..good.len() {
        for rest in [0, good.len() - cut] {
            let torn = [&good[..cut], &vec![0; rest]].concat();
            assert!(
                matches!(parse(torn.as_slice()), Err(SegmentError::Unfinished)),
                "cut at {cut}"
            );
        }
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[cut] ^= 1 << bit;
            let fault = parse(bad.as_slice()).expect_err("a flipped bit");
            let is_told = match cut < opening(KIND, VERSION).len() {
                true => matches!(fault, SegmentError::Foreign | SegmentError::OtherVersion(_)),
                false => matches!(fault, SegmentError::Damaged(_)),
            };
            assert!(is_told, "bit {bit} of {cut}: {fault}");
        }
    }
}

#[test]
fn frames_that_are_whole_make_no_segment_unless_they_are_those_that_were_written() {
    let good = contents(&bytes(&[trial(0), trial(1)], None));
    let other = contents(&bytes(&[trial(0), trial(2)], None));
    let [head, first, second, last] = good.as_slice() else {
        panic!("{} frames", good.len());
    };
    let damaged: [&[&Vec<u8>]; 7] = [
        &[head, second, first, last],
        &[head, first, last],
        &[head, first, first, last],
        &[head, first, second, &other[3]],
        &[head, first, second, last, last],
        &[first, first, second, last],
        &[head, first, head, last],
    ];
    for frames in damaged {
        let frames: Vec<Vec<u8>> = frames.iter().map(|frame| (*frame).clone()).collect();
        let fault = parse(of_contents(&frames).as_slice()).expect_err("not as written");
        assert!(matches!(fault, SegmentError::Damaged(_)), "{fault}");
    }
    for whole in 0..4 {
        let fault = parse(of_contents(&good[..whole]).as_slice()).expect_err("no end");
        assert!(matches!(fault, SegmentError::Unfinished), "{fault}");
    }
    // A trial of a later version, with something more behind it.
    let longer = [first.as_slice(), b"more"].concat();
    let fault = parse(of_contents(&[head.clone(), longer]).as_slice()).expect_err("another");
    assert!(matches!(fault, SegmentError::Damaged(_)), "{fault}");
}

#[test]
fn a_file_of_another_kind_or_version_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name(0).to_string());
    let said = |content: &[u8]| {
        fs::write(&path, content).expect("written");
        read_segment(&path).expect_err("no segment").to_string()
    };
    assert_eq!(
        said(b"rerunoff segment 0\n"),
        "another version of rerunoff wrote it (its format is 0)"
    );
    for foreign in [
        opening("batch", 1).as_bytes(),
        b"\x89HDF\r\n\x1a\n",
        b"#!/bin/sh\necho\n",
    ] {
        assert_eq!(said(foreign), "it is no segment of rerunoff's");
    }
    assert_eq!(said(b""), "it was not written to its end");
    fs::remove_file(&path).expect("removed");
    assert!(matches!(read_segment(&path), Err(SegmentError::Io(_))));
    fs::create_dir(&path).expect("made");
    assert!(matches!(read_segment(&path), Err(SegmentError::Io(_))));
}

#[test]
fn what_cannot_be_published_is_told_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let scratch = folder.path().join("scratch");
    let mut writer = SegmentWriter::create(&scratch, &head()).expect("begun");
    let incoming = folder.path().join("in");
    let error = writer
        .publish(&incoming, &name(0), Some(&TaskEnd::Time))
        .expect_err("no folder");
    let start = format!(
        "can't write {}: ",
        incoming.join(name(0).to_string()).display()
    );
    assert!(format!("{error:#}").starts_with(&start), "{error:#}");
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);
    let error = SegmentWriter::create(&incoming.join("x"), &head()).err();
    let error = format!("{:#}", error.expect("no folder"));
    let start = format!("can't write {}: ", incoming.join("x").display());
    assert!(error.starts_with(&start), "{error}");
    // What could not be published is whole the next time.
    fs::create_dir(&incoming).expect("made");
    (writer.publish(&incoming, &name(0), Some(&TaskEnd::Time))).expect("published");
    let segment = read_segment(&incoming.join(name(0).to_string())).expect("whole");
    assert_eq!(
        (segment.trials.len(), segment.end),
        (0, Some(TaskEnd::Time))
    );
}

/// If this fails, a trial has other bytes than before: then [`VERSION`] has to be counted up, and these have to be replaced.
#[test]
fn the_bytes_of_a_segment_are_those_of_its_version() {
    assert_eq!(VERSION, 1);
    let digests = [0, 1, 2].map(|number| {
        let bytes = frame::encode(&trial(number)).expect("written");
        Digest::of(&bytes).to_string()[..16].to_owned()
    });
    assert_eq!(
        digests,
        ["9374ef42c7b6b81b", "c27f7cb55d11fd99", "7840d21e249b9694"]
    );
    let whole = bytes(&[trial(0)], Some(TaskEnd::Time));
    assert_eq!(Digest::of(&whole).to_string()[..16], *"b1294740c61e70d9");
}

proptest! {
    #[test]
    fn any_bytes_are_a_segment_or_refused(contents in vec(vec(any::<u8>(), 0..60), 0..5), cut in 0..64_usize) {
        let bytes = of_contents(&contents);
        parse(bytes.as_slice()).expect_err("no segment");
        parse(&bytes[cut.min(bytes.len())..]).expect_err("no segment");
    }

    #[test]
    fn a_head_and_any_trials_are_read_or_refused(trials in vec(vec(any::<u8>(), 0..200), 0..3), is_real: bool, flip: usize) {
        let mut real = contents(&bytes(&[trial(1)], None));
        let mut frames = vec![real[0].clone()];
        frames.extend(trials.iter().map(|trial| [&[TRIAL], trial.as_slice()].concat()));
        if is_real {
            // A trial of which one byte is another, under a right checksum.
            let place = 1 + flip % (real[1].len() - 1);
            real[1][place] = real[1][place].wrapping_add(1);
            frames.push(real[1].clone());
        }
        frames.push(real[2].clone());
        parse(of_contents(&frames).as_slice()).expect_err("not what the last frame counts");
    }
}
