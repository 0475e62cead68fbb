//! Times in text tables: forms, offsets from UTC, the ends of days.

use std::fs;

use super::imported::import_one;
use crate::common::random;

/// A table of these times, and what the project file has to say of it.
fn table(form: Option<&str>, times: &[&str]) -> (String, String) {
    let fields = form
        .map(|form| format!("time_format = \"{form}\""))
        .unwrap_or_default();
    let rows: String = (times.iter().enumerate())
        .map(|(at, time)| format!("{time};{at}\n"))
        .collect();
    (fields, format!("time;7\n{rows}"))
}

#[track_caller]
fn dates(form: Option<&str>, times: &[&str]) -> Vec<String> {
    let (fields, text) = table(form, times);
    let found = import_one(&fields, &text);
    found
        .unwrap_or_else(|told| panic!("{text}: {told}"))
        .dates()
}

#[track_caller]
fn refused(form: Option<&str>, times: &[&str]) -> String {
    let (fields, text) = table(form, times);
    import_one(&fields, &text).expect_err(&text)
}

#[test]
fn the_same_offsets_give_the_same_times_with_a_form_and_without() {
    let spring = [
        "2009-03-29 01:00+01:00",
        "2009-03-29 03:00+02:00",
        "2009-03-29 04:00+02:00",
    ];
    let autumn = [
        "2009-10-25 01:00+02:00",
        "2009-10-25 02:00+02:00",
        "2009-10-25 02:00+01:00",
        "2009-10-25 03:00+01:00",
    ];
    let winter = ["2009-01-01 00:00+01:00", "2009-01-01 01:00+01:00"];
    for form in [
        None,
        Some("%Y-%m-%d %H:%M%:z"),
        Some("%Y-%m-%d %H:%M%z"),
        Some("%F %R %Z"),
        Some("%F %R%Q"),
    ] {
        assert_eq!(
            dates(form, &spring),
            ["2009-03-29 00:00", "2009-03-29 01:00", "2009-03-29 02:00"]
        );
        let hours = [
            "2009-10-24 23:00",
            "2009-10-25 00:00",
            "2009-10-25 01:00",
            "2009-10-25 02:00",
        ];
        assert_eq!(dates(form, &autumn), hours);
        assert_eq!(
            dates(form, &winter),
            ["2008-12-31 23:00", "2009-01-01 00:00"]
        );
        for zone in ["Z", " UTC", "+0000", " -00"] {
            assert_eq!(
                dates(form, &[&format!("2009-01-01 00:00{zone}")]),
                ["2009-01-01 00:00"],
                "{zone}"
            );
        }
    }
    let java = [
        "2009-07-01T00:00+02:00[Europe/Berlin]",
        "2009-07-01T01:00+02:00[Europe/Berlin]",
    ];
    assert_eq!(dates(None, &java)[0], "2009-06-30 22:00");
}

#[test]
fn a_zone_that_is_only_a_name_is_an_error() {
    for (form, time) in [
        (None, "2009-07-01T00:00[Europe/Berlin]"),
        (None, "2009-07-01 00:00 CET"),
        (None, "2009-07-01 00:00 Europe/Berlin"),
        (Some("%F %R %Q"), "2009-07-01 00:00 Europe/Berlin"),
        (Some("%F %R %Z"), "2009-07-01 00:00 EST"),
        (Some("%FT%R%z"), "2009-07-01T00:00[Europe/Berlin]"),
    ] {
        let told = refused(form, &[time]);
        assert!(
            told.contains("line 2, column 1 (time)") && told.contains("write the offset"),
            "{told}"
        );
    }
    for form in ["%F %R CET", "%F %R+01:00", "%F %R[Europe/Berlin]"] {
        let told = refused(Some(form), &["2009-07-01 00:00 CET"]);
        assert!(
            told.contains("rerunoff.toml") && told.contains("would be passed over; write %z"),
            "{told}"
        );
    }
}

#[test]
fn a_table_has_offsets_in_all_rows_or_in_none() {
    let told = refused(None, &["2009-01-01 00:00", "2009-01-01 01:00Z"]);
    assert!(
        told.contains("line 3") && told.contains("has an offset from UTC, and the first"),
        "{told}"
    );
    let told = refused(None, &["2009-01-01 00:00Z", "2009-01-01 01:00"]);
    assert!(
        told.contains("line 3") && told.contains("has no offset from UTC"),
        "{told}"
    );
    let told = refused(Some("%F %R%z"), &["2009-01-01 00:00Z", "2009-01-01 01:00"]);
    assert!(
        told.contains("line 3") && told.contains("there is no offset"),
        "{told}"
    );
    let long = "id = \"id\"\nvalue = \"v\"\ntime = \"t\"";
    let told = import_one(
        long,
        "id;t;v\n7;2009-01-01 00:00Z;1\n7;2009-01-01 01:00;1\n",
    )
    .expect_err("mixed");
    assert!(told.contains("line 3, column 2 (t)"), "{told}");
    // A change of the clock without offsets looks like a gap.
    let told = refused(
        None,
        &["2009-03-29 00:00", "2009-03-29 01:00", "2009-03-29 03:00"],
    );
    assert!(
        told.contains("there is a gap; if the clock changed there, write the offset"),
        "{told}"
    );
}

#[test]
fn the_end_of_a_day_is_the_beginning_of_the_next() {
    let evening = ["2008-12-31 23:00", "2009-01-01 00:00", "2009-01-01 01:00"];
    for (form, times) in [
        (
            None,
            ["2008-12-31 23:00", "2008-12-31 24:00", "2009-01-01 01:00"],
        ),
        (
            None,
            [
                "2008-12-31T23:00:00",
                "2008-12-31T24:00:00",
                "2009-01-01T01:00:00",
            ],
        ),
        (
            None,
            [
                "2009-01-01 00:00+01:00",
                "2009-01-01 01:00+01:00",
                "2009-01-01 02:00+01:00",
            ],
        ),
        (
            None,
            [
                "2008-12-31 23:00Z",
                "2008-12-31 24:00Z",
                "2009-01-01 01:00Z",
            ],
        ),
        (
            Some("%d.%m.%Y %H:%M"),
            ["31.12.2008 23:00", "31.12.2008 24:00", "01.01.2009 01:00"],
        ),
        (
            Some("%d.%m.%Y %H:%M:%S"),
            [
                "31.12.2008 23:00:00",
                "31.12.2008 24:00:00",
                "01.01.2009 01:00:00",
            ],
        ),
        (
            Some("%d%b%Y %H%M"),
            ["31DEC2008 2300", "31DEC2008 2400", "01JAN2009 0100"],
        ),
        (Some("%Y%m%d%H"), ["2008123123", "2008123124", "2009010101"]),
        (
            Some("%H:%M %d.%m.%y"),
            ["23:00 31.12.08", "24:00 31.12.08", "01:00 01.01.09"],
        ),
    ] {
        assert_eq!(dates(form, &times), evening, "{times:?}");
    }
    for columns in [4, 5, 6] {
        let zeros = " 0".repeat(columns - 4);
        let text = format!("2008 12 31 23{zeros} 1\n2008 12 31 24{zeros} 2\n2009 1 1 1{zeros} 3\n");
        let found =
            import_one(&format!("ids = [\"7\"]\ntime_columns = {columns}"), text).expect("times");
        assert_eq!(found.dates(), evening);
    }
    let midnights = ["2008-12-31 24:00", "2009-01-01 24:00", "2009-01-02 24:00"];
    assert_eq!(
        dates(None, &midnights),
        ["2009-01-01 00:00", "2009-01-02 00:00", "2009-01-03 00:00"]
    );
    for (form, time) in [
        (None, "2008-12-31 24:30"),
        (Some("%F %R"), "2008-12-31 24:30"),
        (Some("%F %T"), "2008-12-31 24:00:01"),
    ] {
        let told = refused(form, &[time]);
        assert!(told.contains("a day ends at 24:00"), "{told}");
    }
    let told =
        import_one("ids = [\"7\"]\ntime_columns = 5", "2008 12 31 24 30 1\n").expect_err("no time");
    assert!(
        told.contains("\"2008 12 31 24 30\"") && told.contains("a day ends at 24:00"),
        "{told}"
    );
}

#[test]
fn forms_of_months_years_and_seconds_are_read() {
    for (form, times, expected) in [
        (
            "%Y-%m",
            ["2009-01", "2009-02"],
            ["2009-01-01 00:00", "2009-02-01 00:00"],
        ),
        (
            "%Y",
            ["2009", "2010"],
            ["2009-01-01 00:00", "2010-01-01 00:00"],
        ),
        (
            "%b %Y",
            ["Jan 2009", "FEB 2009"],
            ["2009-01-01 00:00", "2009-02-01 00:00"],
        ),
        (
            "%s",
            ["1230768000", "1230771600"],
            ["2009-01-01 00:00", "2009-01-01 01:00"],
        ),
        (
            "%Y-%j",
            ["2009-031", "2009-032"],
            ["2009-01-31 00:00", "2009-02-01 00:00"],
        ),
        (
            "%d.%m.%y",
            ["31.01.09", "01.02.09"],
            ["2009-01-31 00:00", "2009-02-01 00:00"],
        ),
        (
            "%m/%d/%Y %I:%M %p",
            ["1/1/2009 12:00 AM", "1/1/2009 12:00 PM"],
            ["2009-01-01 00:00", "2009-01-01 12:00"],
        ),
        (
            "%G-W%V-%u",
            ["2009-W01-1", "2009-W02-1"],
            ["2008-12-29 00:00", "2009-01-05 00:00"],
        ),
        (
            "%Y %U %w",
            ["2009 01 0", "2009 02 0"],
            ["2009-01-04 00:00", "2009-01-11 00:00"],
        ),
    ] {
        assert_eq!(dates(Some(form), &times), expected, "{form}");
    }
}

#[test]
fn what_is_no_time_is_refused_with_what_to_do() {
    for (form, time, told) in [
        (
            None,
            "2009-01",
            "`time_format = \"%Y-%m\"`, which takes the first day of the month",
        ),
        (None, "2009", "`time_format = \"%Y\"`"),
        (
            None,
            "01/02/2009",
            "`time_format = \"%d/%m/%Y\"` or `time_format = \"%m/%d/%Y\"`",
        ),
        (None, "39814.5", "a spreadsheet or a Julian calendar"),
        (None, "2454832.5", "Julian"),
        (None, "1230768000", "\"%s\" if it is seconds"),
        (None, "2009-W01-1", "%G-W%V-%u"),
        (None, "1600-01-01", "outside the years 1678 to 2261"),
        (None, "2300-01-01", "outside the years 1678 to 2261"),
        (None, "2008-12-31 23:59:60", "leap seconds"),
        (None, "2009-01-01 12:00 PM", "is no offset"),
        (None, "\"\"", "there is no time"),
        (Some("%F %T"), "2008-12-31 23:59:60", "leap seconds"),
        (Some("%F"), "2009-02-30", "no such day"),
        (
            Some("%d %b %Y"),
            "1 Okt 2009",
            "names of months are English",
        ),
        (Some("%s"), "1230768000.5", "whole seconds"),
        (Some("%s"), "1230768000000", "whole seconds"),
        (Some("%Y-%m-%d"), "09-01-02", "outside the years"),
        (Some("%H:%M"), "12:00", "the year (%Y) is missing"),
        (Some("%Y-%m %H"), "2009-01 12", "the day (%d) is missing"),
        (Some("%F %M"), "2009-01-01 30", "the hour (%H) is missing"),
        (
            Some("%F %I:%M"),
            "2009-01-01 12:30",
            "before or after noon is missing",
        ),
        (
            Some("%Y %U"),
            "2009 01",
            "the day of the week (%u) is missing",
        ),
        (Some("%c"), "2009-01-01", "spell it out"),
        (Some("%K"), "2009-01-01", "%K is unknown"),
    ] {
        let found = refused(form, &[time]);
        assert!(found.contains(told), "{form:?} {time}: {found}");
    }
}

#[test]
fn random_times_are_what_pythons_datetime_reads() {
    let (folder, rounds) = random::written("write_times.py", 40);
    for round in 0..rounds {
        let read = |name: &str| {
            fs::read_to_string(folder.path().join(round.to_string()).join(name)).expect(name)
        };
        let (fields, text) = (read("fields.toml"), read("Q.csv"));
        let expected: Vec<i64> = serde_json::from_str(&read("expected.json")).expect("numbers");
        let found = import_one(&fields, &text);
        let found = found.unwrap_or_else(|told| panic!("round {round}: {fields}\n{text}\n{told}"));
        assert_eq!(found.times, expected, "round {round}: {fields}\n{text}");
        let values: Vec<f64> = (0..expected.len()).map(|at| at as f64).collect();
        assert_eq!(found.values(), [values]);
    }
}
