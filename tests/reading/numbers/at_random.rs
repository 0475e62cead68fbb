//! Files made at random, and what decoders that nobody here wrote make of them.

use std::fs;
use std::ops::ControlFlow;

use rerunoff::data::value::Value;
use rerunoff::inputs::{BadInput, Inputs};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::basin::spec;
use crate::common::random;

/// The folder with the files that a script wrote, and what it says is in them.
fn written(script: &str, rounds: u64) -> (TempDir, Vec<Json>) {
    let (folder, _) = random::written(script, rounds);
    let expected = fs::read(folder.path().join("expected.json")).expect("what is expected");
    let expected = serde_json::from_slice(&expected).expect("JSON");
    (folder, expected)
}

/// The digits of a number's 64 bits.
fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

/// Reads one series of all catchments, this many bytes at once, and compares it with what is expected of it.
fn compare_series(inputs: &Inputs, name: &str, expected: &[Json], block_bytes: usize, about: &str) {
    let columns = &inputs.catalog().columns;
    let column = (columns.iter().position(|column| column.name == name)).expect(name);
    let all: Vec<usize> = (0..expected.len()).collect();
    let mut count = 0;
    let read = inputs.read(&all, &[column], block_bytes, &mut |at, series| {
        count += 1;
        let expected = expected[at].as_array().expect("numbers");
        let is_gap = |one: &Json| one.as_str().is_none_or(|text| !is_finite(text));
        match (series, expected.iter().position(is_gap)) {
            (Ok(series), None) => {
                let series: Vec<String> = series[0].iter().copied().map(bits).collect();
                assert_eq!(series, *expected, "{about}: {name}, catchment {at}");
            }
            (Err(BadInput::MissingValue { step, .. }), gap) => {
                assert_eq!(Some(step), gap, "{about}: {name}, catchment {at}");
            }
            (found, gap) => {
                panic!("{about}: {name}, catchment {at}: {found:?}, not a gap at {gap:?}")
            }
        }
        ControlFlow::Continue(())
    });
    read.expect(about);
    assert_eq!(count, expected.len(), "{about}");
}

fn is_finite(digits: &str) -> bool {
    u64::from_str_radix(digits, 16).is_ok_and(|bits| f64::from_bits(bits).is_finite())
}

#[test]
fn random_numbers_are_what_another_decoder_makes_of_them() {
    let (folder, expected) = written("random_numbers.py", 40);
    for (round, expected) in expected.iter().enumerate() {
        let file = folder.path().join(format!("{round}.nc"));
        let about = format!("round {round}");
        let inputs = Inputs::open(&spec(&file)).expect(&about);
        let inputs = inputs.with_scratch(folder.path());
        let catalog = inputs.catalog();
        let ids: Vec<&str> = catalog.catchments.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(*expected["ids"].as_array().expect("ids"), ids, "{about}");
        for (name, values) in expected["parameters"].as_object().expect("parameters") {
            let text = |at: usize| match catalog.parameters.get(name, at) {
                Some(Value::Number(number)) => Json::from(bits(*number)),
                Some(value) => Json::from(value.to_string()),
                None => Json::Null,
            };
            let found: Vec<Json> = (0..ids.len()).map(text).collect();
            assert_eq!(
                found,
                *values.as_array().expect("values"),
                "{about}: {name}"
            );
        }
        for (name, values) in expected["series"].as_object().expect("series") {
            let values = values.as_array().expect("catchments");
            for catchments in [1, 3, 1000] {
                let bytes = catchments * catalog.time.as_ref().expect("time steps").len() * 8;
                compare_series(&inputs, name, values, bytes, &about);
            }
        }
    }
}

#[test]
fn random_times_are_those_that_cftime_finds() {
    let (folder, expected) = written("random_times.py", 60);
    for (round, expected) in expected.iter().enumerate() {
        let file = folder.path().join(format!("{round}.nc"));
        let expected = expected.as_array().expect("times");
        match Inputs::open(&spec(&file)) {
            Ok(inputs) => {
                let stamps = inputs
                    .catalog()
                    .time
                    .as_ref()
                    .expect("time steps")
                    .nanoseconds();
                assert_eq!(*expected, stamps, "round {round}");
            }
            Err(error) => {
                let error = format!("{error:#}");
                let gap = format!("time step {} has no value", expected[1]);
                assert!(
                    expected[0] == "gap" && error.contains(&gap),
                    "round {round}: {error}"
                );
            }
        }
    }
}
