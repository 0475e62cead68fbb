//! What to say of a text that is no time in ISO 8601: most often it is one in another form, which can be stated.

/// What is wrong with a text that messages show as `shown`, and what to do about it.
pub(super) fn no_iso(text: &str, shown: &str) -> String {
    if text.is_empty() {
        return "there is no time".to_owned();
    }
    let stated = |form: &str| {
        format!("{shown} is no time without its form; state it: `time_format = \"{form}\"`")
    };
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match shape.as_str() {
        "0000" => return stated("%Y") + ", which takes the first day of the year",
        "000000" => return stated("%Y%m") + ", which takes the first day of the month",
        "0000-00" => return stated("%Y-%m") + ", which takes the first day of the month",
        "0000-000" => return stated("%Y-%j"),
        "0000/00/00" => return stated("%Y/%m/%d"),
        "0000000000" => return stated("%Y%m%d%H") + ", or \"%s\" if it is seconds since 1970",
        "000000000000" => return stated("%Y%m%d%H%M"),
        "0000-W00-0" => return stated("%G-W%V-%u"),
        _ => {}
    }
    if text.parse::<f64>().is_ok() {
        return format!(
            "{shown} is a number and no time: days that a spreadsheet or a Julian calendar counts have to be written as \
             dates, 2009-01-31; seconds since 1970 are `time_format = \"%s\"`"
        );
    }
    day_and_month(text, shown).unwrap_or_else(|| {
        format!(
            "{shown} is no time; write 2009-01-31 or 2009-01-31 12:00, or state its form as `time_format = \"%d.%m.%Y %H:%M\"`"
        )
    })
}

/// For dates that begin with day or month.
fn day_and_month(text: &str, shown: &str) -> Option<String> {
    let (date, clock) = text.split_once(' ').unwrap_or((text, ""));
    let between = date.chars().find(|c| ['/', '.', '-'].contains(c))?;
    let parts: Vec<&str> = date.split(between).collect();
    let [one, other, year] = parts.as_slice() else {
        return None;
    };
    let [one, other]: [u8; 2] = [one.parse().ok()?, other.parse().ok()?];
    year.parse::<u16>().ok()?;
    let year = if year.len() == 2 { "%y" } else { "%Y" };
    let clock = match clock.matches(':').count() {
        0 => "",
        1 => " %H:%M",
        _ => " %H:%M:%S",
    };
    let form = |first: &str, second: &str| {
        format!("`time_format = \"{first}{between}{second}{between}{year}{clock}\"`")
    };
    let (day_first, month_first) = (form("%d", "%m"), form("%m", "%d"));
    Some(match (one, other) {
        (1..=12, 1..=12) => format!(
            "{shown} may begin with the day or the month; state which: {day_first} or {month_first}"
        ),
        (13..=31, 1..=12) => format!("{shown} is no time without its form; state it: {day_first}"),
        (1..=12, 13..=31) => {
            format!("{shown} is no time without its form; state it: {month_first}")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_to_state_is_told() {
        for (text, told) in [
            ("2009", "\"%Y\""),
            ("2009-01", "\"%Y-%m\""),
            ("2009-W05-1", "%G-W%V-%u"),
            ("39814.5", "spreadsheet"),
            ("1230768000", "%s"),
            ("01/02/2009", "or `time_format = \"%m/%d/%Y\"`"),
            ("31.01.09 12:00", "`time_format = \"%d.%m.%y %H:%M\"`"),
            ("01/31/2009", "state it: `time_format = \"%m/%d/%Y\"`"),
            ("31. Jan 2009", "is no time; write"),
            ("", "there is no time"),
        ] {
            let message = no_iso(text, "it");
            assert!(message.contains(told), "{text}: {message}");
        }
    }
}
