//! Series of other steps than the project's: aggregated as stated, never sampled in silence.

use super::imported::{Imported, import};

/// Six-hourly precipitation beside daily temperature, with these fields of `P`.
fn six_hourly(values: &[&str], fields: &str, time: &str) -> Result<Imported, String> {
    let rows: String = (values.iter().enumerate())
        .map(|(at, value)| format!("2009-01-{:02} {:02}:00,{value}\n", 1 + at / 4, at % 4 * 6))
        .collect();
    let toml = format!(
        "{time}\n[import.series.P]\nfile = \"P.csv\"\n{fields}\n[import.series.T]\nfile = \"T.csv\""
    );
    let precipitation = format!("time,7\n{rows}");
    import(
        &toml,
        &[
            ("P.csv", precipitation.as_bytes()),
            ("T.csv", b"time,7\n2009-01-01,1\n2009-01-02,2\n"),
        ],
    )
}

const EIGHT: [&str; 8] = ["1", "2", "3", "4", "5", "6", "8", "7"];

#[test]
fn a_finer_series_is_aggregated_as_stated() {
    for (aggregate, expected) in [
        ("sum", [10.0, 26.0]),
        ("mean", [2.5, 6.5]),
        ("min", [1.0, 5.0]),
        ("max", [4.0, 8.0]),
        ("first", [1.0, 5.0]),
        ("last", [4.0, 7.0]),
    ] {
        for compression in ["", "compression = 1\n"] {
            let time = format!("{compression}time = \"T\"");
            let found = six_hourly(&EIGHT, &format!("aggregate = \"{aggregate}\""), &time)
                .expect("aggregated");
            assert_eq!(found.series["P"], [expected], "{aggregate}");
            assert_eq!(found.series["T"], [[1.0, 2.0]]);
        }
    }
    let missing = ["1", "", "3", "4", "5", "6", "8", "7"];
    for aggregate in ["sum", "mean", "min", "max"] {
        let found = six_hourly(
            &missing,
            &format!("aggregate = \"{aggregate}\""),
            "time = \"T\"",
        )
        .expect("aggregated");
        assert!(
            found.series["P"][0][0].is_nan() && !found.series["P"][0][1].is_nan(),
            "{aggregate}"
        );
    }
    let formula = "aggregate = \"sum\"\nformula = \"value * 10\"";
    assert_eq!(
        six_hourly(&EIGHT, formula, "time = \"T\"")
            .expect("aggregated")
            .series["P"],
        [[100.0, 260.0]]
    );
}

#[test]
fn a_finer_series_is_never_sampled_in_silence() {
    for (fields, fill) in [
        ("", "none"),
        ("fill = \"previous\"", "previous"),
        ("fill = \"linear\"", "linear"),
    ] {
        let told = six_hourly(&EIGHT, fields, "time = \"T\"").expect_err("values are left over");
        let expected = format!(
            "P has 4 values for each time step of T; with `fill = \"{fill}\"`, 6 of 8 would not be used"
        );
        assert!(
            told.contains(&expected) && told.contains("`aggregate = \"sum\"`"),
            "{told}"
        );
    }
    for (values, told) in [(&EIGHT[..7], "do not cover"), (&EIGHT[..4], "do not cover")] {
        let found = six_hourly(values, "aggregate = \"sum\"", "time = \"T\"")
            .expect_err("a part of a step");
        assert!(found.contains(told), "{found}");
    }
    let both = six_hourly(
        &EIGHT,
        "aggregate = \"sum\"\nfill = \"linear\"",
        "time = \"T\"",
    )
    .expect_err("both");
    assert!(both.contains("state one"), "{both}");
    // Aggregating is for the finer one.
    let told = six_hourly(&EIGHT, "", "time = \"P\"").expect_err("T needs a fill");
    assert!(told.contains("`fill = \"previous\"`"), "{told}");
}

#[test]
fn months_are_months_where_series_are_aggregated_or_filled() {
    let days: String = (0..59)
        .map(|day| {
            if day < 31 {
                format!("2009-01-{:02},1\n", day + 1)
            } else {
                format!("2009-02-{:02},1\n", day - 30)
            }
        })
        .collect();
    let days = format!("time,7\n{days}");
    let months: &[u8] = b"time,7\n2009-01,1\n2009-02,2\n";
    let of = |time: &str, aggregate: &str, fill: &str, days: &str| {
        let toml = format!(
            "time = \"{time}\"\n[import.series.D]\nfile = \"D.csv\"\n{aggregate}\n[import.series.M]\nfile = \"M.csv\"\n\
             time_format = \"%Y-%m\"\n{fill}"
        );
        import(&toml, &[("D.csv", days.as_bytes()), ("M.csv", months)])
    };
    let sums = of("M", "aggregate = \"sum\"", "", &days).expect("aggregated");
    assert_eq!(sums.series["D"], [[31.0, 28.0]]);
    let short = days.replace("2009-02-28,1\n", "");
    assert!(
        of("M", "aggregate = \"sum\"", "", &short)
            .expect_err("a day is missing")
            .contains("do not cover")
    );
    let told = of("M", "", "", &days).expect_err("values are left over");
    assert!(
        told.contains("28 to 31 values") && told.contains("57 of 59"),
        "{told}"
    );
    let filled = of("D", "", "fill = \"previous\"", &days).expect("filled");
    assert_eq!(filled.series["M"][0][30..32], [1.0, 2.0]);
    // February's value holds to the end of February, not for 31 days.
    let told = of(
        "D",
        "",
        "fill = \"previous\"",
        &format!("{days}2009-03-01,1\n"),
    )
    .expect_err("March");
    assert!(told.contains("M reaches from"), "{told}");
}
