//! `time_format`: times in a stated form, such as `%d.%m.%Y %H:%M`.
//!
//! A library reads most directives. What it would silently take for another time is handled here: a zone, which [`zone`] reads as
//! in ISO 8601, the hour 24 and the second 60. Whether a form says exactly one time is checked in
//! [`directives`](mod@directives).

pub(crate) mod directives;
pub(crate) mod iso;
pub(crate) mod zone;

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;

use crate::language::time_format::directives::{
    Directive, DirectivePart, Said, check_literals, directives, said,
};

/// The message about a second 60, which the library takes for 59.
pub(crate) const NO_LEAP_SECONDS: &str =
    "leap seconds are not known here: a minute's last second is 59";

/// A checked form of times.
#[derive(Clone, Debug)]
pub(crate) struct TimeFormat {
    /// As the library reads it: without the zone.
    form: String,
    /// The position of the hour in it.
    hour: Option<usize>,
    /// The position of the second.
    second: Option<usize>,
    zone: Option<Zone>,
    /// How many of year, month and day a time states; where one is missing, it is the first.
    said: Said,
}

/// The place of a zone in a form.
#[derive(Clone, Copy, Debug)]
struct Zone {
    at: usize,
    /// The byte after it, unless it is the last.
    until: Option<u8>,
}

impl TimeFormat {
    /// Checks a form; the error says what it lacks, states twice or is unknown in it.
    pub(crate) fn new(stated: &str) -> Result<Self, String> {
        Self::checked(stated).map_err(|why| format!("{stated:?} can't be read as times: {why}"))
    }

    fn checked(stated: &str) -> Result<Self, String> {
        let mut spelled = stated.to_owned();
        for directive in directives(stated)?.iter().rev() {
            let parts = match directive.letter {
                b'F' => "%Y-%m-%d",
                b'T' => "%H:%M:%S",
                b'R' => "%H:%M",
                b'D' => "%m/%d/%y",
                _ => continue,
            };
            spelled.replace_range(directive.at..directive.end, parts);
        }
        let mut found: Vec<(DirectivePart, usize)> = Vec::new();
        let mut zone = None;
        let mut removed = 0;
        let mut form = spelled.clone();
        for Directive { at, end, letter } in directives(&spelled)? {
            let Some(part) = DirectivePart::of(letter)? else {
                continue;
            };
            if found.iter().any(|(other, _)| *other == part) {
                return Err(format!("it says {} twice", part.name()));
            }
            found.push((part, at - removed));
            if part == DirectivePart::Zone {
                let until = spelled.as_bytes().get(end).copied();
                if until == Some(b'%') {
                    return Err(
                        "something must stand between a zone and what is behind it".to_owned()
                    );
                }
                zone = Some(Zone { at, until });
                form.replace_range(at..end, "");
                removed = end - at;
            }
        }
        check_literals(&spelled)?;
        let parts: Vec<DirectivePart> = found.iter().map(|(part, _)| *part).collect();
        let place = |wanted| {
            found
                .iter()
                .find(|(part, _)| *part == wanted)
                .map(|(_, at)| *at)
        };
        Ok(Self {
            said: said(&parts)?,
            hour: place(DirectivePart::Hour),
            second: place(DirectivePart::Second),
            form,
            zone,
        })
    }

    /// The civil time that a text states and, if the form has a zone, how many seconds east of UTC that is; the error says what is
    /// wrong, if more is known than that the text is not of this form.
    pub(crate) fn read(&self, text: &str) -> Result<(DateTime, Option<i64>), Option<String>> {
        let (text, ends_day) = self.without_24(text);
        let (text, offset) = self.without_zone(&text)?;
        let mut parsed = strtime::parse(&self.form, &*text).map_err(|_| self.hint())?;
        if parsed.second() == Some(59) && self.stands(self.second, &text, "60").is_some() {
            return Err(Some(NO_LEAP_SECONDS.to_owned()));
        }
        let set = match self.said {
            Said::Year => (parsed.set_month(Some(1))).and_then(|()| parsed.set_day(Some(1))),
            Said::Month => parsed.set_day(Some(1)),
            Said::Day => Ok(()),
            Said::Epoch => {
                let instant = parsed.timestamp().ok_or(None)?;
                return Ok((Offset::UTC.to_datetime(instant), None));
            }
        };
        set.map_err(|_| None)?;
        let no_such = |_| Some("there is no such day or time".to_owned());
        let mut time = parsed.to_datetime().map_err(no_such)?;
        if ends_day {
            time = midnight_after(time).map_err(Some)?;
        }
        Ok((time, offset))
    }

    /// What may be wrong with a text that is not of this form.
    fn hint(&self) -> Option<String> {
        let names = self.form.contains("%b") || self.form.contains("%B");
        match self.said {
            Said::Epoch => Some("%s is whole seconds since 1970".to_owned()),
            _ => names.then(|| "names of months are English, as in Jan or January".to_owned()),
        }
    }

    /// The text with the hour 0 in place of 24, and whether it had the hour 24.
    fn without_24<'t>(&self, text: &'t str) -> (Cow<'t, str>, bool) {
        match self.stands(self.hour, text, "24") {
            Some(at) => (
                Cow::Owned(format!("{}00{}", &text[..at], &text[at + 2..])),
                true,
            ),
            None => (Cow::Borrowed(text), false),
        }
    }

    /// The text without its zone, and the zone's offset.
    fn without_zone<'t>(
        &self,
        text: &'t str,
    ) -> Result<(Cow<'t, str>, Option<i64>), Option<String>> {
        let Some(zone) = self.zone else {
            return Ok((Cow::Borrowed(text), None));
        };
        let at = self.place(zone.at, text).ok_or_else(|| self.hint())?;
        let rest = &text[at..];
        let end = match zone.until {
            None => Some(rest.len()),
            Some(until) if until.is_ascii_whitespace() => rest.find(char::is_whitespace),
            Some(until) => rest.bytes().position(|byte| byte == until),
        };
        let end = end.ok_or(None)?;
        let offset = match rest[..end].trim() {
            "" => return Err(Some("there is no offset from UTC".to_owned())),
            stated => zone::offset(stated)?,
        };
        let without = format!("{}{}", text[..at].trim_ascii_end(), &rest[end..]);
        Ok((Cow::Owned(without), Some(offset)))
    }

    /// The position of `what` in a text, if it is where the form has its part at `at`.
    fn stands(&self, at: Option<usize>, text: &str, what: &str) -> Option<usize> {
        // Most texts do not contain it at all, which is faster to find out.
        let at = at.filter(|_| text.contains(what))?;
        self.place(at, text)
            .filter(|at| text[*at..].starts_with(what))
    }

    /// The position in a text of the form's part at `at`, if everything before it matches.
    fn place(&self, at: usize, text: &str) -> Option<usize> {
        let (_, read) = BrokenDownTime::parse_prefix(&self.form[..at], text).ok()?;
        Some(text.len() - text.get(read..)?.trim_ascii_start().len())
    }
}

/// The beginning of the next day, for a time at 24:00 that was read as 0:00.
pub(crate) fn midnight_after(time: DateTime) -> Result<DateTime, String> {
    let next = time.date().tomorrow().map(DateTime::from);
    match next {
        Ok(next) if time == time.date().into() => Ok(next),
        _ => Err("a day ends at 24:00".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, text: &str) -> Result<(String, Option<i64>), String> {
        let format = TimeFormat::new(form).expect(form);
        let (time, offset) = format.read(text).map_err(Option::unwrap_or_default)?;
        Ok((time.to_string(), offset))
    }

    #[test]
    fn what_a_form_says_is_read() {
        for (form, text, time) in [
            ("%d.%m.%Y %H:%M", "31.12.2008 23:00", "2008-12-31T23:00:00"),
            ("%d.%m.%Y %H:%M", "31.12.2008 24:00", "2009-01-01T00:00:00"),
            ("%d%b%Y %H%M", "31DEC2008 2400", "2009-01-01T00:00:00"),
            ("%Y%m%d%H", "2024022924", "2024-03-01T00:00:00"),
            ("%F %T.%f", "2009-01-31 12:00:00.5", "2009-01-31T12:00:00.5"),
            (
                "%m/%d/%y %I:%M %p",
                "1/2/09 12:30 AM",
                "2009-01-02T00:30:00",
            ),
            ("%Y-%m", "2009-02", "2009-02-01T00:00:00"),
            ("%Y", "2009", "2009-01-01T00:00:00"),
            ("%Y-%j", "2009-032", "2009-02-01T00:00:00"),
            ("%G-W%V-%u", "2009-W01-1", "2008-12-29T00:00:00"),
            ("%Y %U %w", "2009 01 0", "2009-01-04T00:00:00"),
            ("%s", "1230768000", "2009-01-01T00:00:00"),
            ("%FT%RZ", "2009-01-01T00:00Z", "2009-01-01T00:00:00"),
            (
                "%d/%m/%Y, %R Uhr",
                "01/01/2009, 00:00 Uhr",
                "2009-01-01T00:00:00",
            ),
        ] {
            assert_eq!(read(form, text), Ok((time.to_owned(), None)), "{form}");
        }
    }

    #[test]
    fn zones_count_wherever_they_stand() {
        let hour = |seconds| Ok(("2009-01-01T01:00:00".to_owned(), Some(seconds)));
        for form in ["%F %R%z", "%F %R%:z", "%F %R%Q", "%F %R %Z"] {
            for text in [
                "2009-01-01 01:00+01:00",
                "2009-01-01 01:00+0100",
                "2009-01-01 01:00 +01",
            ] {
                assert_eq!(read(form, text), hour(3600), "{form} {text}");
            }
            assert_eq!(read(form, "2009-01-01 01:00Z"), hour(0));
            assert!(
                read(form, "2009-01-01 01:00 Europe/Berlin")
                    .is_err_and(|why| why.contains("offset"))
            );
            assert!(read(form, "2009-01-01 01:00").is_err());
        }
        assert_eq!(
            read("%b %e %H:%M:%S %Z %Y", "Jan  1 01:00:00 UTC 2009"),
            hour(0)
        );
        let next = Ok(("2009-01-02T00:00:00".to_owned(), Some(-3600)));
        assert_eq!(read("%F %R (%z)", "2009-01-01 24:00 (-01:00)"), next);
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        for (form, text) in [
            ("%F %R", "2009-01-01 24:30"),
            ("%F %R", "2009-01-01 25:00"),
            ("%F %T", "2009-01-01 23:59:60"),
            ("%F %T", "2009-01-01 24:00:60"),
            ("%F", "2009-02-30"),
            ("%F", "2009-01-01 12:00"),
            ("%d. %b %Y", "1. Okt 2009"),
            ("%Y-%j", "2009-366"),
            ("%a %F", "Mon 2009-01-01"),
            ("%s", "1230768000.5"),
        ] {
            assert!(read(form, text).is_err(), "{form} {text}");
        }
    }

    #[test]
    fn a_form_that_says_no_time_is_refused_with_what_it_lacks() {
        for (form, told) in [
            ("%H:%M", "the year (%Y) is missing"),
            ("%d.%m.", "the year (%Y) is missing"),
            ("%d %Y", "the month (%m) is missing"),
            ("%Y-%m %H:%M", "the day (%d) is missing"),
            ("%F %M", "the hour (%H) is missing"),
            ("%F %I:%M", "%p, before or after noon is missing"),
            ("%F %H:%M %p", "the hour"),
            ("%G-%V", "the day of the week (%u) is missing"),
            ("%Y-W%V-%u", "the year of the week (%G) is missing"),
            ("%Y %U", "the day of the week (%u) is missing"),
            ("%F %Y", "the year (%Y) twice"),
            ("%F %j", "in two ways"),
            ("%s %z", "%s is a whole time"),
            ("%F %K", "%K is unknown"),
            ("%x %X", "%x is not the same everywhere"),
            ("%F %", "ends within"),
            ("%F %z%H", "something must stand between"),
            ("", "the year (%Y) is missing"),
            ("%F %R CET", "CET would be passed over"),
            ("%FT%R+01:00", "+01:00 would be passed over"),
            (
                "%F %R[Europe/Berlin]",
                "[Europe/Berlin] would be passed over",
            ),
        ] {
            let why = TimeFormat::new(form).expect_err(form);
            assert!(why.contains(told), "{form}: {why}");
        }
    }
}
