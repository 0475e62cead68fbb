//! The directives of a `time_format`: what each states, and whether all of them together state exactly one time.
//!
//! A form that lacks a part, states one twice or would ignore a zone is refused before anything is read. The texts of that form
//! are not known here.

use super::zone;

/// How much of the date a form states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Year,
    Month,
    Day,
    /// Seconds since 1970.
    Epoch,
}

/// What a directive states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirectivePart {
    Year,
    Month,
    Day,
    DayOfYear,
    WeekYear,
    IsoWeek,
    Week,
    Weekday,
    Hour,
    HalfDayHour,
    HalfDay,
    Minute,
    Second,
    Fraction,
    Epoch,
    Zone,
}

impl DirectivePart {
    /// What the directive with this letter states; `None` if it stands for white space or a percent sign.
    pub(crate) fn of(letter: u8) -> Result<Option<Self>, String> {
        Ok(Some(match letter {
            b'Y' | b'y' => Self::Year,
            b'm' | b'b' | b'B' | b'h' => Self::Month,
            b'd' | b'e' => Self::Day,
            b'j' => Self::DayOfYear,
            b'G' | b'g' => Self::WeekYear,
            b'V' => Self::IsoWeek,
            b'U' | b'W' => Self::Week,
            b'a' | b'A' | b'u' | b'w' => Self::Weekday,
            b'H' | b'k' => Self::Hour,
            b'I' | b'l' => Self::HalfDayHour,
            b'p' | b'P' => Self::HalfDay,
            b'M' => Self::Minute,
            b'S' => Self::Second,
            b'f' | b'N' => Self::Fraction,
            b's' => Self::Epoch,
            b'z' | b'Z' | b'Q' => Self::Zone,
            b'n' | b't' | b'%' => return Ok(None),
            b'c' | b'x' | b'X' | b'r' | b'C' => {
                let letter = char::from(letter);
                return Err(format!(
                    "%{letter} is not the same everywhere; spell it out, as in %Y-%m-%d %H:%M:%S"
                ));
            }
            other => {
                let other = char::from(other).escape_debug();
                return Err(format!(
                    "%{other} is unknown; there are %Y %y %m %b %B %d %j %H %I %p %M %S %f %s %z, %F and %T"
                ));
            }
        }))
    }

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Year => "the year (%Y)",
            Self::Month => "the month (%m)",
            Self::Day => "the day (%d)",
            Self::DayOfYear => "the day of the year (%j)",
            Self::WeekYear => "the year of the week (%G)",
            Self::IsoWeek | Self::Week => "the week",
            Self::Weekday => "the day of the week (%u)",
            Self::Hour | Self::HalfDayHour => "the hour (%H)",
            Self::HalfDay => "%p, before or after noon",
            Self::Minute => "the minute (%M)",
            Self::Second => "the second (%S)",
            Self::Fraction => "the fraction of a second (%f)",
            Self::Epoch => "the seconds since 1970 (%s)",
            Self::Zone => "the zone (%z)",
        }
    }
}

/// A directive within a form.
pub(crate) struct Directive {
    /// The position of its percent sign.
    pub at: usize,
    /// The position after its letter.
    pub end: usize,
    /// Its letter, see [`DirectivePart::of`].
    pub letter: u8,
}

/// The directives of a form, from left to right.
pub(crate) fn directives(form: &str) -> Result<Vec<Directive>, String> {
    let bytes = form.as_bytes();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(at) = memchr::memchr(b'%', &bytes[next..]).map(|at| next + at) {
        let modifies = |byte: &u8| b"_-^#:.".contains(byte) || byte.is_ascii_digit();
        let modifiers = bytes[at + 1..]
            .iter()
            .take_while(|byte| modifies(byte))
            .count();
        let end = at + 1 + modifiers;
        let letter = *bytes.get(end).ok_or("it ends within a directive")?;
        found.push(Directive {
            at,
            end: end + 1,
            letter,
        });
        next = end + 1;
    }
    Ok(found)
}

/// An error if a form spells out a zone other than UTC, which would be ignored.
pub(crate) fn check_literals(form: &str) -> Result<(), String> {
    let mut literals = form.to_owned();
    for directive in directives(form)?.iter().rev() {
        literals.replace_range(directive.at..directive.end, " ");
    }
    for word in literals.split_whitespace() {
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        let capitals = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let named = capitals || (letters > 0 && word.contains('/'));
        let counts = zone::offset(word).map_or(named, |offset| offset != 0);
        if counts {
            return Err(format!(
                "{word} would be passed over; write %z in its place, for offsets such as +01:00"
            ));
        }
    }
    Ok(())
}

/// How much of the date these parts state, if together they state exactly one time.
pub(crate) fn said(parts: &[DirectivePart]) -> Result<Said, String> {
    let has = |part: DirectivePart| parts.contains(&part);
    let needs = |part: DirectivePart, of: DirectivePart| {
        Err(format!("{} is missing, beside {}", part.name(), of.name()))
    };
    if has(DirectivePart::Epoch) {
        return match parts.len() {
            1 => Ok(Said::Epoch),
            _ => Err("%s is a whole time; nothing else may say it again".to_owned()),
        };
    }
    for (part, of) in [
        (DirectivePart::Minute, DirectivePart::Second),
        (DirectivePart::Second, DirectivePart::Fraction),
        (DirectivePart::HalfDay, DirectivePart::HalfDayHour),
        (DirectivePart::HalfDayHour, DirectivePart::HalfDay),
        (DirectivePart::Weekday, DirectivePart::IsoWeek),
        (DirectivePart::Weekday, DirectivePart::Week),
        (DirectivePart::WeekYear, DirectivePart::IsoWeek),
        (DirectivePart::IsoWeek, DirectivePart::WeekYear),
        (DirectivePart::Month, DirectivePart::Day),
    ] {
        if has(of) && !has(part) {
            return needs(part, of);
        }
    }
    let clock = has(DirectivePart::Hour) || has(DirectivePart::HalfDayHour);
    if has(DirectivePart::Minute) && !clock {
        return needs(DirectivePart::Hour, DirectivePart::Minute);
    }
    if has(DirectivePart::Hour) && has(DirectivePart::HalfDayHour) {
        return Err("it says the hour twice, %H and %I".to_owned());
    }
    let ways = [
        has(DirectivePart::Month),
        has(DirectivePart::DayOfYear),
        has(DirectivePart::WeekYear),
        has(DirectivePart::Week),
    ];
    if ways.iter().filter(|way| **way).count() > 1
        || (has(DirectivePart::WeekYear) && has(DirectivePart::Year))
    {
        return Err("it says the day in two ways; keep one of %m with %d, %j, %G with %V and %u, %U or %W with %u".to_owned());
    }
    if !has(DirectivePart::Year) && !has(DirectivePart::WeekYear) {
        return Err(format!("{} is missing", DirectivePart::Year.name()));
    }
    let said = match ways {
        [true, ..] if !has(DirectivePart::Day) => Said::Month,
        [false, false, false, false] => Said::Year,
        _ => Said::Day,
    };
    if said != Said::Day && (clock || has(DirectivePart::Weekday)) {
        return Err(format!("{} is missing", DirectivePart::Day.name()));
    }
    Ok(said)
}
