//! Phrases that messages share: the beginning of a long list, the name that was probably meant, a point in time.

use std::fmt::Display;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex_lite::{Captures, Regex};

/// How many items are listed.
const NAMED: usize = 10;

/// The first ten items, with commas between them, and an ellipsis if there are more.
pub(crate) fn first_few<T: Display>(items: &[T]) -> String {
    let named: Vec<String> = items.iter().take(NAMED).map(T::to_string).collect();
    let more = if items.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// How a message quotes names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quotes {
    /// `"name"`, with escapes as in TOML.
    Double,
    /// `` `name` ``
    Backticks,
    /// `{name}`, as in templates.
    Braces,
}

/// The end of a message about an unknown name, if a known one comes close: `; did you mean "name"?`
pub(crate) fn hint<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    quotes: Quotes,
) -> Option<String> {
    let near = nearest(name, known)?;
    Some(format!("; {}", did_you_mean(near, quotes)))
}

/// Asks whether a known name was meant.
pub(crate) fn did_you_mean(near: &str, quotes: Quotes) -> String {
    match quotes {
        Quotes::Double => format!("did you mean {near:?}?"),
        Quotes::Backticks => format!("did you mean `{near}`?"),
        Quotes::Braces => format!("did you mean {{{near}}}?"),
    }
}

/// The known name that `name` was most likely meant to be, if any comes close.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&name, &candidate.to_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// A point in time, seconds since 1970, as documents and files show it: `2026-11-22T20:15:02Z`.
pub(crate) fn utc(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

/// The text with what [`utc`] gives in it as people read it, by the clock on their wall: `2026-11-22 21:15:02 CET`. Where nothing says
/// where they are, it is UTC.
pub(crate) fn here(text: &str) -> String {
    in_zone(text, &TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

fn in_zone(text: &str, zone: &TimeZone) -> String {
    static UTC: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").ok());
    let shown = |found: &Captures<'_>| match found[0].parse::<Timestamp>() {
        Ok(at) => {
            let at = at.to_zoned(zone.clone());
            at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
        }
        Err(_) => found[0].to_owned(),
    };
    match &*UTC {
        Some(utc) => utc.replace_all(text, shown).into_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_hinted_at() {
        assert_eq!(first_few(&[1, 2]), "1, 2");
        let many: Vec<u32> = (0..11).collect();
        assert_eq!(first_few(&many), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …");
    }

    #[test]
    fn times_are_those_of_the_clock_on_the_wall() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let text = format!("since {}, till {}", utc(1_795_378_502), utc(1_780_000_000));
        assert_eq!(
            in_zone(&text, &zone),
            "since 2026-11-22 21:15:02 CET, till 2026-05-28 22:26:40 CEST"
        );
        assert_eq!(in_zone(&utc(0), &TimeZone::UTC), "1970-01-01 00:00:00 UTC");
        for other in ["2009-01-18T04:00:00", "2026-13-01T00:00:00Z"] {
            assert_eq!(in_zone(other, &zone), other);
        }
    }

    #[test]
    fn only_a_name_that_comes_close_is_asked_for() {
        let known = ["discharge", "area"];
        let asked = |name, quotes| hint(name, known, quotes);
        let double = asked("Dischrge", Quotes::Double);
        assert_eq!(double.as_deref(), Some("; did you mean \"discharge\"?"));
        let backticks = asked("AREAA", Quotes::Backticks);
        assert_eq!(backticks.as_deref(), Some("; did you mean `area`?"));
        let braces = asked("dischrge", Quotes::Braces);
        assert_eq!(braces.as_deref(), Some("; did you mean {discharge}?"));
        assert_eq!(asked("zz", Quotes::Double), None);
    }
}
