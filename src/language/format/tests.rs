//! Format specifications against what Python 3.11 prints.

use proptest::prelude::*;

use super::*;

fn number(format: &str, number: f64) -> String {
    let mut out = Vec::new();
    let parsed = Format::parse(format).expect("a format");
    parsed.push_number(number, &mut out).expect("a number");
    String::from_utf8(out).expect("UTF-8")
}

fn text(format: &str, text: &str) -> Result<String, Misfit> {
    let mut out = b"before ".to_vec();
    let parsed = Format::parse(format).expect("a format");
    parsed.push_value(&Value::Text(text.into()), &mut out)?;
    Ok(String::from_utf8(out).expect("UTF-8")["before ".len()..].to_owned())
}

#[test]
fn numbers_print_as_in_python() {
    for (format, value, expected) in [
        ("f", 0.1, "0.100000"),
        (".2f", 2.675, "2.67"),
        (".0f", 0.5, "0"),
        (".0f", 2.5, "2"),
        (".3e", 12345.678, "1.235e+04"),
        ("E", 1e-300, "1.000000E-300"),
        ("g", 1e5, "100000"),
        ("g", 1e6, "1e+06"),
        ("g", 0.0001, "0.0001"),
        ("g", 0.00001, "1e-05"),
        ("G", 1e-10, "1E-10"),
        (".3g", 0.0, "0"),
        (".0g", 123.0, "1e+02"),
        (".6", 3.0, "3.0"),
        (".6", 123456.0, "1.23456e+05"),
        (".6", 12345.0, "12345.0"),
        (".6", 0.1, "0.1"),
        (".17", 0.1, "0.10000000000000001"),
        ("10.3f", -1.5, "    -1.500"),
        ("<10.3f", -1.5, "-1.500    "),
        ("^11.3f", -1.5, "  -1.500   "),
        ("=10.3f", -1.5, "-    1.500"),
        ("010.3f", -1.5, "-00001.500"),
        ("<010.3f", -1.5, "-1.5000000"),
        ("*>9.2e", 1.0, "*1.00e+00"),
        ("°^7.1f", 1.0, "°°1.0°°"),
        ("+.1f", 1.0, "+1.0"),
        (" .1f", 1.0, " 1.0"),
        ("-.1f", 1.0, "1.0"),
        ("+09.1f", 1.0, "+000001.0"),
        ("z.1f", -0.04, "0.0"),
        ("z.1f", -0.06, "-0.1"),
        ("+z.0f", -0.1, "+0"),
        ("z.2e", -0.0, "0.00e+00"),
        ("z8.2f", -0.001, "    0.00"),
        ("f", f64::INFINITY, "inf"),
        ("F", f64::NEG_INFINITY, "-INF"),
        ("06f", f64::NAN, "000nan"),
        ("+g", f64::NAN, "+nan"),
    ] {
        assert_eq!(number(format, value), expected, "{format:?} of {value:?}");
    }
}

#[test]
fn numbers_without_type_and_precision_keep_their_shortest_text() {
    for (format, value, expected) in [
        ("", 3.0, "3"),
        ("z", -0.0, "0"),
        ("z", -0.5, "-0.5"),
        ("", -0.0, "-0"),
        ("8", 0.012, "   0.012"),
        ("08", -1.5, "-00001.5"),
        ("s", 2.5, "2.5"),
        ("6s", 2.5, "2.5   "),
        ("d", 8760.0, "8760"),
        ("06d", 12.0, "000012"),
        ("d", 1e22, "10000000000000000000000"),
    ] {
        assert_eq!(number(format, value), expected, "{format:?} of {value:?}");
    }
}

#[test]
fn integers_are_whole_or_numbers() {
    for (format, value, expected) in [
        ("", i64::MIN, "-9223372036854775808"),
        ("d", -7, "-7"),
        ("05d", -7, "-0007"),
        ("+6", 12, "   +12"),
        (".1f", 12, "12.0"),
        (".3", 12, "12.0"),
        ("g", 1_000_000, "1e+06"),
        ("zd", 0, "0"),
    ] {
        let mut out = Vec::new();
        let format = Format::parse(format).expect("a format");
        format
            .push_value(&Value::Integer(value), &mut out)
            .expect("a number");
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}

#[test]
fn text_is_aligned_and_cut() {
    assert_eq!(text("", "Aare").as_deref(), Ok("Aare"));
    assert_eq!(text("7", "Aare").as_deref(), Ok("Aare   "));
    assert_eq!(text(">7s", "Aare").as_deref(), Ok("   Aare"));
    assert_eq!(text("0>7", "12").as_deref(), Ok("0000012"));
    assert_eq!(text("·^7", "Zürich"), Ok("Zürich·".into()));
    assert_eq!(text(".2", "Zürich"), Ok("Zü".into()));
    assert_eq!(text("4.9s", "Zürich"), Ok("Zürich".into()));
}

#[test]
fn values_that_do_not_fit_are_refused() {
    assert_eq!(text(".3f", "x"), Err(Misfit::TextForNumber("x".into())));
    assert_eq!(text("d", "12"), Err(Misfit::TextForNumber("12".into())));
    assert_eq!(text("08", "12"), Err(Misfit::TextWithZeros("12".into())));
    assert_eq!(text("%Y", "12"), Err(Misfit::NotATime("12".into())));
    let misfit = |format: &str, number| {
        Format::parse(format)
            .expect("a format")
            .push_number(number, &mut Vec::new())
    };
    assert_eq!(misfit("d", 0.5), Err(Misfit::NotWhole(0.5)));
    assert!(misfit("d", f64::NAN).is_err() && misfit("d", f64::INFINITY).is_err());
    assert_eq!(misfit(".2s", 0.5), Err(Misfit::NumberCut(0.5)));
    let time = DateTime::constant(2009, 1, 1, 0, 0, 0, 0);
    let format = Format::parse(".2f").expect("a format");
    assert_eq!(
        format.push_time(time, &mut Vec::new()),
        Err(Misfit::TimeForNumber)
    );
}

#[test]
fn wrong_formats_are_refused() {
    for format in [
        "x",
        "5%%%",
        ".f",
        ".",
        "1000",
        ".1000f",
        "99999999999999999999",
        ".2d",
        ",",
        "_f",
        "#g",
        "+s",
        "=s",
        "%Q%",
        "%!",
    ] {
        assert!(Format::parse(format).is_err(), "{format}");
    }
    let message = Format::parse(".f").expect_err("no digits").to_string();
    assert!(message.contains("`.f`"), "{message}");
}

#[test]
fn date_times_print_by_strftime_in_utc() {
    let time = DateTime::constant(2009, 3, 1, 5, 30, 0, 0);
    for (format, expected) in [
        ("%Y-%m-%d %H:%M", "2009-03-01 05:30"),
        ("%j", "060"),
        ("%d.%m.%y", "01.03.09"),
        ("%Y%m%dT%H%M%S%z", "20090301T053000+0000"),
        ("%s", "1235885400"),
        ("%c", "Sun Mar  1 05:30:00 2009"),
        ("100%%", "100%"),
        ("22", "2009-03-01 05:30:00   "),
        ("", "2009-03-01 05:30:00"),
    ] {
        let mut out = Vec::new();
        Format::parse(format)
            .expect("a format")
            .push_time(time, &mut out)
            .expect("a time");
        assert_eq!(String::from_utf8_lossy(&out), expected, "{format}");
    }
    let mut out = Vec::new();
    push_time(
        DateTime::constant(2009, 3, 1, 5, 30, 0, 250_000_000),
        &mut out,
    );
    assert_eq!(out, b"2009-03-01 05:30:00.25");
}

proptest! {
    #[test]
    fn parsing_and_printing_never_panic(format in "[<>=^+ \\-z0]{0,4}[0-9]{0,3}(\\.[0-9]{0,3})?[eEfFgGdsx]?|.{0,12}", bits in any::<u64>()) {
        if let Ok(format) = Format::parse(&format) {
            let _ = format.push_number(f64::from_bits(bits), &mut Vec::new());
            let _ = format.push_value(&Value::Integer(bits as i64), &mut Vec::new());
            let _ = format.push_value(&Value::Text(format!("{bits}ü")), &mut Vec::new());
        }
    }

    #[test]
    fn seventeen_digits_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for format in [".16e", ".17g", ".17"] {
            let back: f64 = number(format, value).parse().expect("a number");
            prop_assert_eq!(back.to_bits(), bits);
        }
    }
}
