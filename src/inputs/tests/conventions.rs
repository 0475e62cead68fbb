//! What attributes say of numbers, and which of them make no sense.

use crate::inputs::conventions::Conventions;
use crate::inputs::conventions::decoding::{DecodedValues, Decoding, Inexact};
use crate::inputs::number::{Attribute, Number, Stored};

const BYTE: Stored = whole(true, 1);
const UBYTE: Stored = whole(false, 1);
const SHORT: Stored = whole(true, 2);
const INT: Stored = whole(true, 4);
const INT64: Stored = whole(true, 8);
const UINT64: Stored = whole(false, 8);
const FLOAT: Stored = Stored::Real { bytes: 4 };
const DOUBLE: Stored = Stored::Real { bytes: 8 };

const fn whole(signed: bool, bytes: usize) -> Stored {
    Stored::Whole { signed, bytes }
}

fn numbers(stored: Stored, numbers: &[f64]) -> Attribute {
    let number = |number: &f64| match stored {
        Stored::Whole { .. } => Number::Whole(*number as i128),
        Stored::Real { .. } => Number::Real(*number),
    };
    Attribute::Numbers(stored, numbers.iter().map(number).collect())
}

fn text(text: &str) -> Attribute {
    Attribute::Texts(vec![text.to_owned()])
}

fn decoding(stored: Stored, attributes: &[(&str, Attribute)]) -> anyhow::Result<Decoding> {
    let conventions = Conventions {
        stored,
        attributes,
        never_written: None,
    };
    conventions.decoding()
}

/// What becomes of stored numbers; both ways to decode must agree.
#[track_caller]
fn values(stored: Stored, attributes: &[(&str, Attribute)], numbers: &[f64]) -> Vec<Option<f64>> {
    let decoding = decoding(stored, attributes).expect("attributes that make sense");
    let mut together = numbers.to_vec();
    decoding.apply_all(&mut together);
    let each: Vec<f64> = numbers
        .iter()
        .map(|&number| decoding.apply(number))
        .collect();
    let some = |values: &[f64]| -> Vec<Option<f64>> {
        let values = values.iter().copied();
        values
            .map(|value| Some(value).filter(|v| !v.is_nan()))
            .collect()
    };
    assert_eq!(some(&together), some(&each));
    if stored.is_whole() {
        let whole = numbers.iter().map(|&number| decoding.value(number as i128));
        let whole: Vec<f64> = whole.collect::<Result<_, _>>().expect("exact numbers");
        assert_eq!(some(&whole), some(&each));
    }
    some(&each)
}

#[test]
fn the_sign_is_what_the_attribute_says() {
    let stored = [-128.0, -1.0, 0.0, 127.0];
    assert_eq!(
        values(BYTE, &[("_Unsigned", text("true"))], &stored),
        [Some(128.0), Some(255.0), Some(0.0), Some(127.0)]
    );
    assert_eq!(
        values(
            UBYTE,
            &[("_Unsigned", text("False"))],
            &[0.0, 127.0, 128.0, 255.0]
        ),
        [Some(0.0), Some(127.0), Some(-128.0), Some(-1.0)]
    );
    // Limits beyond a signed byte are those of one without a sign.
    let range = [("valid_range", numbers(SHORT, &[0.0, 254.0]))];
    assert_eq!(
        values(BYTE, &range, &stored),
        [Some(128.0), None, Some(0.0), Some(127.0)]
    );
    let range = [("valid_range", numbers(SHORT, &[-200.0, 254.0]))];
    assert_eq!(values(BYTE, &range, &stored), stored.map(Some));
    // Some write the marks in the type of the variable, some as they are meant.
    for fill in [
        numbers(BYTE, &[-1.0]),
        numbers(UBYTE, &[255.0]),
        text("255"),
    ] {
        for range in [numbers(BYTE, &[1.0, -2.0]), numbers(SHORT, &[1.0, 254.0])] {
            let attributes = [
                ("_Unsigned", text("true")),
                ("_FillValue", fill.clone()),
                ("valid_range", range),
                ("scale_factor", numbers(DOUBLE, &[0.5])),
            ];
            assert_eq!(
                values(BYTE, &attributes, &stored),
                [Some(64.0), None, None, Some(63.5)]
            );
        }
    }
}

#[test]
fn marks_of_any_type_are_those_numbers() {
    for mark in [
        numbers(SHORT, &[-99.0]),
        numbers(INT64, &[-99.0, 7.0]),
        numbers(FLOAT, &[-99.0]),
        numbers(DOUBLE, &[f64::NAN, -99.0]),
        text("-99"),
        text("-99.0 7"),
    ] {
        for stored in [SHORT, INT64, DOUBLE] {
            let read = values(stored, &[("missing_value", mark.clone())], &[-99.0, 1.0]);
            assert_eq!(read, [None, Some(1.0)], "{mark} for {stored}");
        }
    }
    let short = f64::from(-9999.9_f32);
    let mark = [("missing_value", numbers(DOUBLE, &[-9999.9]))];
    assert_eq!(values(FLOAT, &mark, &[short, 1.0]), [None, Some(1.0)]);
    let limit = [("valid_max", numbers(DOUBLE, &[0.1]))];
    assert_eq!(
        values(FLOAT, &limit, &[f64::from(0.1_f32), 0.11]),
        [Some(f64::from(0.1_f32)), None]
    );
    // What is left of it in a packed variable, whose gaps the fill value marks, says nothing.
    let packed = [
        ("_FillValue", numbers(SHORT, &[-1.0])),
        ("missing_value", numbers(FLOAT, &[1e20])),
    ];
    assert_eq!(values(SHORT, &packed, &[-1.0, 1.0]), [None, Some(1.0)]);
}

#[test]
fn limits_are_of_the_stored_numbers() {
    let scale = ("scale_factor", numbers(DOUBLE, &[0.1]));
    let range = ("valid_range", numbers(SHORT, &[0.0, 100.0]));
    let stored = [-1.0, 0.0, 100.0, 101.0];
    assert_eq!(
        values(SHORT, &[scale, range], &stored),
        [None, Some(0.0), Some(10.0), None]
    );
    let ends = [
        ("valid_min", numbers(DOUBLE, &[-0.5])),
        ("valid_max", text("100.5")),
    ];
    assert_eq!(
        values(SHORT, &ends, &stored),
        [None, Some(0.0), Some(100.0), None]
    );
}

#[test]
fn large_whole_numbers_are_exact_or_refused() {
    let plain = decoding(UINT64, &[]).expect("no attributes");
    let largest = i128::from(u64::MAX);
    assert_eq!(
        plain.values(vec![largest]),
        Ok(DecodedValues::Whole(vec![Some(largest)]))
    );
    assert_eq!(plain.value(largest), Err(Inexact(largest)));
    assert_eq!(plain.value(1 << 63), Ok(2.0_f64.powi(63)));
    let fill = Attribute::Numbers(UINT64, vec![Number::Whole(largest)]);
    let marked = decoding(UINT64, &[("_FillValue", fill)]).expect("a fill value");
    assert!(marked.value(largest).expect("a gap").is_nan());
    assert_eq!(marked.value(largest - 1), Err(Inexact(largest - 1)));
    let unsigned = decoding(INT64, &[("_Unsigned", text("true"))]).expect("a sign");
    assert_eq!(unsigned.whole(-1), Some(largest));
}

#[test]
fn numbers_that_were_never_written_are_missing() {
    let never_written = Some(Number::Whole(-2_147_483_647));
    let attributes = [("_FillValue", numbers(INT, &[7.0]))];
    let of = |stored, attributes| {
        let conventions = Conventions {
            stored,
            attributes,
            never_written,
        };
        conventions.decoding().expect("sense")
    };
    assert_eq!(of(INT, &[]).whole(-2_147_483_647), None);
    assert_eq!(
        of(INT, &attributes).whole(-2_147_483_647),
        Some(-2_147_483_647)
    );
    let byte = Conventions {
        stored: BYTE,
        attributes: &[],
        never_written: Some(Number::Whole(-127)),
    };
    assert_eq!(byte.decoding().expect("sense").whole(-127), Some(-127));
    assert_eq!(
        values(FLOAT, &[], &[9.969_209_968_386_869e36, 1e36]),
        [None, Some(1e36)]
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let nan = f64::NAN;
    for (stored, name, attribute, expected) in [
        (
            SHORT,
            "missing_value",
            text("none"),
            "is \"none\", but should be a number",
        ),
        (
            SHORT,
            "missing_value",
            numbers(INT, &[-99_999.0]),
            "is -99999, but should be a whole number from -32768",
        ),
        (
            SHORT,
            "missing_value",
            numbers(DOUBLE, &[0.5]),
            "is 0.5, but",
        ),
        (
            SHORT,
            "_FillValue",
            numbers(FLOAT, &[1e20]),
            "whole number from -32768 to 32767",
        ),
        (
            SHORT,
            "_FillValue",
            numbers(SHORT, &[1.0, 2.0]),
            "is 1, 2, but should be one number",
        ),
        (
            SHORT,
            "scale_factor",
            numbers(DOUBLE, &[0.0]),
            "one finite number other than 0",
        ),
        (
            SHORT,
            "scale_factor",
            numbers(DOUBLE, &[nan]),
            "is NaN, but",
        ),
        (
            SHORT,
            "scale_factor",
            numbers(DOUBLE, &[1.0, 1.0]),
            "is 1.0, 1.0, but",
        ),
        (
            SHORT,
            "add_offset",
            text("a"),
            "should be one finite number;",
        ),
        (
            DOUBLE,
            "valid_range",
            numbers(DOUBLE, &[1.0]),
            "two numbers, the lowest",
        ),
        (
            DOUBLE,
            "valid_range",
            numbers(DOUBLE, &[1.0, 2.0, 3.0]),
            "two numbers, the lowest",
        ),
        (
            DOUBLE,
            "valid_range",
            numbers(DOUBLE, &[2.0, 1.0]),
            "no number is valid",
        ),
        (
            DOUBLE,
            "valid_min",
            numbers(DOUBLE, &[nan]),
            "is NaN, but should be one number",
        ),
        (
            BYTE,
            "_Unsigned",
            text("yes"),
            "is \"yes\", but should be \"true\" or \"false\"",
        ),
        (
            BYTE,
            "_Unsigned",
            numbers(BYTE, &[1.0]),
            "is 1, but should be",
        ),
        (
            DOUBLE,
            "_Unsigned",
            text("true"),
            "these are floating point",
        ),
        (
            DOUBLE,
            "_FillValue",
            Attribute::Other,
            "is neither numbers nor text, but",
        ),
    ] {
        let error = decoding(stored, &[(name, attribute)]).expect_err(expected);
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{error}");
    }
    let scale = ("scale_factor", numbers(DOUBLE, &[0.1]));
    for attribute in [numbers(DOUBLE, &[0.0]), text("0.5")] {
        let error = decoding(SHORT, &[scale.clone(), ("valid_min", attribute)]);
        let error = error.expect_err("two meanings").to_string();
        assert!(error.contains("or the unpacked values"), "{error}");
    }
    let twice = [
        ("valid_range", numbers(SHORT, &[0.0, 9.0])),
        ("valid_max", numbers(SHORT, &[8.0])),
    ];
    let error = decoding(SHORT, &twice).expect_err("two limits").to_string();
    assert!(error.contains("the same as in `valid_range`"), "{error}");
}

#[test]
fn attributes_that_say_nothing_do_no_harm() {
    let nothing = [
        ("missing_value", numbers(DOUBLE, &[f64::NAN])),
        ("valid_range", text("")),
        ("valid_min", numbers(DOUBLE, &[])),
        ("scale_factor", numbers(DOUBLE, &[1.0])),
        ("_Unsigned", text("false")),
    ];
    assert_eq!(
        values(SHORT, &nothing, &[-1.0, 3.0]),
        [Some(-1.0), Some(3.0)]
    );
    assert_eq!(
        values(DOUBLE, &nothing, &[-1.0, 3.0]),
        [Some(-1.0), Some(3.0)]
    );
}
