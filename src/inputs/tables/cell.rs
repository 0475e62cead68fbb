//! What a cell of a text table means: no value, a number, a text, or a fault.
//!
//! A number that other programs read as another one, or that may as well be a text, is a fault: nobody would notice the
//! wrong one. It knows texts only; the caller says which cell of which file it is.

use crate::data::value::Value;

/// Whole numbers from here on may not be held exactly by a 64-bit floating point number.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Words that programs write where there is no value, or where a formula went wrong.
const NO_VALUES: [&str; 12] = [
    "null", "n/a", "<na>", "#n/a", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!",
    "#error!", "#nan!",
];

/// What may stand between thousands, beside comma and point: apostrophes and blanks that do not break.
const BETWEEN_THOUSANDS: [char; 5] = ['\'', '\u{2019}', '\u{a0}', '\u{202f}', '\u{2009}'];

/// The decimal marks of the numbers of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecimalMarks {
    /// The project file says which.
    Stated(char),
    /// Points, as far as is known.
    Point,
    /// Points or commas, as in tables with semicolons; where one of them is decimal, the other may stand between thousands.
    Either {
        /// Points are decimal marks.
        point: bool,
        /// Commas are.
        comma: bool,
    },
}

impl DecimalMarks {
    /// What the unambiguous numbers of a table with semicolons say together.
    pub(super) fn among<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let (mut point, mut comma) = (false, false);
        for cell in cells {
            if memchr::memchr2(b'.', b',', cell.as_bytes()).is_none() {
                continue;
            }
            let is_plain = |mark| {
                cell.contains(mark) && !is_grouped(cell, mark) && number(cell, &[mark]).is_some()
            };
            point = point || is_plain('.');
            comma = comma || is_plain(',');
        }
        Self::Either { point, comma }
    }

    /// The same for a column, which may look as if it had marks between thousands: `1.234` beside `987`.
    pub(super) fn within<'a>(self, column: impl Iterator<Item = &'a str> + Clone) -> Self {
        match self {
            Self::Either { point, comma } => Self::Either {
                point: point || (!comma && has_thousands(column.clone(), ',')),
                comma: comma || (!point && has_thousands(column, '.')),
            },
            other => other,
        }
    }

    fn decimal(&self) -> &[char] {
        match self {
            Self::Stated(mark) => std::slice::from_ref(mark),
            Self::Point => &['.'],
            Self::Either { .. } => &['.', ','],
        }
    }
}

/// Whether numbers from a thousand on have a mark three digits before their end, and some below have none.
fn has_thousands<'a>(column: impl Iterator<Item = &'a str>, mark: char) -> bool {
    let (mut grouped, mut plain) = (false, false);
    for cell in column {
        if is_grouped(cell, mark) {
            grouped = true;
        } else if !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()) {
            if cell.len() > 3 {
                return false;
            }
            plain = true;
        }
    }
    grouped && plain
}

/// The value of a cell: whole numbers are [`Value::Integer`], other finite ones [`Value::Number`], all else is text. `None`
/// without a value.
///
/// # Errors
/// What is wrong with a cell that has two readings.
pub(super) fn value(cell: &str, marks: DecimalMarks) -> Result<Option<Value>, String> {
    if cell.is_empty() || cell == "NA" || cell.eq_ignore_ascii_case("nan") {
        return Ok(None);
    }
    if NO_VALUES.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
        return Err(format!(
            "{cell:?} seems to stand for no value; leave the cell empty then"
        ));
    }
    if let Some(number) = number(cell, marks.decimal()) {
        return match marks {
            DecimalMarks::Either { comma: true, .. } if is_grouped(cell, '.') => {
                Err(two_marks(cell))
            }
            DecimalMarks::Either { point: true, .. } if is_grouped(cell, ',') => {
                Err(two_marks(cell))
            }
            _ => Ok(Some(number)),
        };
    }
    if cell.starts_with('=') {
        return Err(format!(
            "{cell:?} is a formula of a spreadsheet; save its value"
        ));
    }
    if cell.contains(".#") || cell.parse().is_ok_and(|number: f64| !number.is_finite()) {
        return Err(format!("{cell:?} is no finite number"));
    }
    if is_grouped_number(cell) {
        return Err(format!(
            "{cell:?} may be a number with something between thousands; write nothing between them, and a decimal point"
        ));
    }
    if marks == DecimalMarks::Point && number(cell, &[',']).is_some() {
        return Err(format!(
            "{cell:?} may be a number with a decimal comma or a text; write a decimal point, or say by `decimal = \",\"` \
             beside the table's `id` that it is a number, by `decimal = \".\"` that it is a text"
        ));
    }
    if let Some(digits) = cell.strip_prefix('\u{2212}')
        && number(digits, marks.decimal()).is_some()
    {
        return Err(format!("{cell:?} has a typographic minus sign; write `-`"));
    }
    if let Some(c) = cell.chars().find(|c| ('\u{80}'..='\u{9f}').contains(c)) {
        return Err(undecodable(cell, c));
    }
    Ok(Some(Value::Text(cell.to_owned())))
}

fn two_marks(cell: &str) -> String {
    format!(
        "{cell:?} has two readings by the other numbers of the table: its mark is a decimal one, or stands between thousands; \
         say by `decimal` beside the table's `id` which mark is decimal, and write nothing between thousands"
    )
}

/// What to say of a text with a control character that is a letter in other encodings.
pub(super) fn undecodable(text: &str, c: char) -> String {
    let code = u32::from(c);
    format!(
        "{text:?} has a byte {code:#04x}, which is no letter in Latin-1; save the file as UTF-8"
    )
}

/// The number that a cell is with one of these decimal marks.
fn number(text: &str, marks: &[char]) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Names such as `007` stay text.
    if matches!(digits.as_bytes(), [b'0', b'0'..=b'9', ..]) {
        return None;
    }
    match text.find(['.', ',']) {
        Some(at) if !marks.contains(&char::from(text.as_bytes()[at])) => None,
        Some(at) if text.as_bytes()[at] == b',' && !text.contains('.') => {
            plain_number(&text.replacen(',', ".", 1))
        }
        _ => plain_number(text),
    }
}

/// The finite number that a text with a decimal point is, or the next to it that there is.
pub(super) fn float(text: &str) -> Option<f64> {
    // A reader of floating point numbers knows words, too.
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.filter(|_| text.bytes().all(is_plain))
}

/// The number that a text with a decimal point is; `None` too for a whole number that can't be held to the last digit.
pub(super) fn plain_number(text: &str) -> Option<Value> {
    let number = float(text)?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, zeros) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let is_whole = are_digits(digits) && zeros.bytes().all(|byte| byte == b'0');
    let is_large = number.abs() >= EXACT;
    match whole.parse() {
        Ok(integer) if is_whole && (is_large || !text.contains('.')) => {
            Some(Value::Integer(integer))
        }
        Err(_)
            if is_whole
                && is_large
                && format!("{:.0}", number.abs()) != digits.trim_start_matches('0') =>
        {
            None
        }
        _ => Some(Value::Number(number)),
    }
}

/// Whether a mark in a text may stand between thousands: `1.234`, but not `0.123` or `1.23`.
pub(super) fn is_grouped(text: &str, mark: char) -> bool {
    let are_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut groups = digits.split(mark);
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && are_digits(first)
        && digits.contains(mark)
        && groups.all(|group| group.len() == 3 && are_digits(group))
}

/// Whether a text is a number to readers who know what stands between thousands: `1,234.5`, `1.234.567`, `1'234`.
fn is_grouped_number(text: &str) -> bool {
    let is_grouped_by = |mark: char, decimal: char| {
        let (groups, decimals) = text.rsplit_once(decimal).unwrap_or((text, ""));
        is_grouped(groups, mark) && decimals.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_grouped_by(',', '.')
        || is_grouped_by('.', ',')
        || (BETWEEN_THOUSANDS.into_iter())
            .any(|mark| is_grouped_by(mark, '.') || is_grouped_by(mark, ','))
}

/// The id that a text is: whole numbers lose a decimal mark and zeros, all else stays as it stands.
pub(super) fn id(text: &str, marks: DecimalMarks) -> String {
    match text.split_once(marks.decimal()) {
        Some((whole, zeros))
            if !whole.is_empty()
                && whole.bytes().all(|byte| byte.is_ascii_digit())
                && zeros.bytes().all(|byte| byte == b'0') =>
        {
            whole.to_owned()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEMICOLONS: DecimalMarks = DecimalMarks::Either {
        point: false,
        comma: false,
    };

    #[test]
    fn whole_numbers_are_exact_or_no_numbers() {
        for (text, expected) in [
            ("9223372036854775807", Some(Value::Integer(i64::MAX))),
            (
                "9007199254740993.00",
                Some(Value::Integer(9007199254740993)),
            ),
            ("12345678901234567891", None),
            ("-12345678901234567891.0", None),
            ("100000000000000000000", Some(Value::Number(1e20))),
            ("12.0", Some(Value::Number(12.0))),
            ("-0", Some(Value::Integer(0))),
            (".5", Some(Value::Number(0.5))),
            ("1e999", None),
            ("inf", None),
            (".", None),
        ] {
            assert_eq!(plain_number(text), expected, "{text}");
        }
    }

    #[test]
    fn what_has_two_readings_is_a_fault() {
        let either = |point, comma| DecimalMarks::Either { point, comma };
        for (cell, marks) in [
            ("12,5", DecimalMarks::Point),
            ("1,234", DecimalMarks::Point),
            ("1,234", DecimalMarks::Stated('.')),
            ("1,234.50", DecimalMarks::Point),
            ("1.234,50", SEMICOLONS),
            ("1,234.50", SEMICOLONS),
            ("1.234.567", SEMICOLONS),
            ("1'234", DecimalMarks::Point),
            ("1\u{a0}234,5", SEMICOLONS),
            ("1.234", either(false, true)),
            ("1,234", either(true, false)),
            ("\u{2212}3", DecimalMarks::Point),
            ("NULL", DecimalMarks::Point),
            ("#DIV/0!", SEMICOLONS),
            ("20 \u{80}", DecimalMarks::Point),
            ("=5+5", DecimalMarks::Point),
            ("-inf", DecimalMarks::Point),
            ("1e999", DecimalMarks::Point),
            ("1.#QNAN", DecimalMarks::Point),
        ] {
            assert!(value(cell, marks).is_err(), "{cell} with {marks:?}");
        }
    }

    #[test]
    fn what_has_one_reading_is_read() {
        let (number, text) = (Value::Number, |text: &str| Value::Text(text.to_owned()));
        for (cell, marks, expected) in [
            ("12,5", SEMICOLONS, number(12.5)),
            ("1.234", SEMICOLONS, number(1.234)),
            ("1,234", SEMICOLONS, number(1.234)),
            (
                "0,123",
                DecimalMarks::Either {
                    point: true,
                    comma: false,
                },
                number(0.123),
            ),
            ("12,5", DecimalMarks::Stated(','), number(12.5)),
            ("12,5", DecimalMarks::Stated('.'), text("12,5")),
            ("1,2,3", DecimalMarks::Point, text("1,2,3")),
            ("01.02.2009", DecimalMarks::Point, text("01.02.2009")),
            ("1.5D+03", DecimalMarks::Point, text("1.5D+03")),
            ("none", DecimalMarks::Point, text("none")),
            (
                "12345678901234567891",
                DecimalMarks::Point,
                text("12345678901234567891"),
            ),
        ] {
            assert_eq!(
                value(cell, marks),
                Ok(Some(expected)),
                "{cell} with {marks:?}"
            );
        }
        assert_eq!(
            DecimalMarks::among(["1.234", "0,5", "x,y"].into_iter()),
            DecimalMarks::Either {
                point: false,
                comma: true
            }
        );
    }

    #[test]
    fn marks_between_thousands_are_known_by_the_numbers_beside_them() {
        let unknown = SEMICOLONS;
        let comma = DecimalMarks::Either {
            point: false,
            comma: true,
        };
        for (column, expected) in [
            (["1.234", "987", ""], comma),
            (["1.234", "5.678", ""], unknown),
            (["1.234", "987", "5000"], unknown),
            (["0.234", "987", ""], unknown),
        ] {
            assert_eq!(unknown.within(column.into_iter()), expected, "{column:?}");
        }
        let point = DecimalMarks::Either {
            point: true,
            comma: false,
        };
        assert_eq!(point.within(["1.234", "987"].into_iter()), point);
        assert_eq!(unknown.within(["1,234", "987"].into_iter()), point);
    }

    #[test]
    fn ids_of_whole_numbers_have_no_decimals() {
        assert_eq!(id("70007.0", DecimalMarks::Point), "70007");
        assert_eq!(id("70007,0", SEMICOLONS), "70007");
        assert_eq!(id("70007,0", DecimalMarks::Point), "70007,0");
        assert_eq!(id("007", DecimalMarks::Point), "007");
    }
}
