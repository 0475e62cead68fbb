//! Times after ISO 8601, with a blank or `T` between date and clock, down to dates alone.
//!
//! 24:00 is the next day's 0:00. What is made of an offset from UTC is not known here.

use jiff::civil::DateTime;

use super::{NO_LEAP_SECONDS, midnight_after, zone};

/// The civil time and, where one is stated, its offset from UTC in seconds; else what is wrong, if more can be told than that it
/// is no time.
pub(crate) fn read(text: &str) -> Result<(DateTime, Option<i64>), Option<String>> {
    let Some((date, rest)) = text.split_once(['T', 't', ' ']) else {
        let bare = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = bare.then(|| text.parse::<DateTime>().ok()).flatten();
        return Ok((date.ok_or(None)?, None));
    };
    let of_clock = |byte: u8| byte.is_ascii_digit() || b":.,".contains(&byte);
    let end = rest
        .bytes()
        .position(|byte| !of_clock(byte))
        .unwrap_or(rest.len());
    let (clock, stated) = rest.split_at(end);
    let ends_day = clock.starts_with("24");
    let clock = if ends_day {
        clock.replacen("24", "00", 1)
    } else {
        clock.to_owned()
    };
    let mut time: DateTime = format!("{date}T{clock}").parse().map_err(|_| None)?;
    // The library reads a second 60 as 59.
    let seconds: String = clock
        .chars()
        .filter(|c| *c != ':')
        .skip(4)
        .take(2)
        .collect();
    if seconds == "60" {
        return Err(Some(NO_LEAP_SECONDS.to_owned()));
    }
    if ends_day {
        time = midnight_after(time).map_err(Some)?;
    }
    let stated = stated.trim();
    let offset = (!stated.is_empty())
        .then(|| zone::offset(stated))
        .transpose();
    Ok((time, offset.map_err(Some)?))
}
