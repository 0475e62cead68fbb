//! The zone after the clock time of a time stamp, read as an offset from UTC.
//!
//! An offset means one thing everywhere. A name does not: `Europe/Berlin` needs a list of zones that changes from machine to
//! machine, and `EST` is one thing in New York and another in Sydney. So names are refused, except for those of UTC. Where an
//! offset is followed by a name (RFC 9557), the offset counts.

/// Seconds east of UTC. The text begins with no white space and is not empty.
pub(crate) fn offset(text: &str) -> Result<i64, String> {
    let (stated, name) = match text.split_once('[') {
        Some((stated, rest)) => {
            let name = rest
                .strip_suffix(']')
                .filter(|name| !name.contains(['[', ']', '=']));
            (stated.trim_end(), Some(name.ok_or_else(|| refusal(text))?))
        }
        None => (text, None),
    };
    if is_utc(stated) || (stated.is_empty() && name.is_some_and(is_utc)) {
        return Ok(0);
    }
    numeric(stated).ok_or_else(|| refusal(text))
}

fn is_utc(name: &str) -> bool {
    ["Z", "UTC", "GMT", "Etc/UTC"]
        .iter()
        .any(|utc| utc.eq_ignore_ascii_case(name))
}

/// `+01`, `+0100`, `+01:00` and `+01:00:00`; the only minus sign is the hyphen.
fn numeric(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes() {
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return None,
    };
    let parts: Vec<&str> = match rest.contains(':') {
        true => rest.split(':').collect(),
        false if rest.len() == 4 && rest.is_ascii() => vec![&rest[..2], &rest[2..]],
        false => vec![rest],
    };
    let mut seconds = 0;
    for (at, part) in parts.iter().enumerate() {
        let number: i64 = part
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse().ok())??;
        let limit = if at == 0 { 24 } else { 60 };
        if part.len() != 2 || number >= limit || at > 2 {
            return None;
        }
        seconds += number * [3600, 60, 1][at];
    }
    Some(sign * seconds)
}

fn refusal(text: &str) -> String {
    format!(
        "{text:?} is no offset from UTC; write the offset in place of a zone's name, as in 2009-07-01 00:00+02:00, or times \
         in UTC"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_and_names_are_refused() {
        for (text, seconds) in [
            ("Z", 0),
            ("utc", 0),
            ("+01", 3600),
            ("-0330", -12_600),
            ("+05:45", 20_700),
            ("+00:00:30", 30),
            ("+02:00[Europe/Berlin]", 7200),
            ("[UTC]", 0),
        ] {
            assert_eq!(offset(text), Ok(seconds), "{text}");
        }
        for text in [
            "[Europe/Berlin]",
            "CET",
            "Europe/Berlin",
            "+1",
            "+24:00",
            "+01:60",
            "+01:00:00:00",
            "+",
            "+1:00",
            "AM",
            "+é1",
            "Z[Europe/Berlin",
            "+01:00[u-ca=hebrew]",
        ] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
