//! Cells that are the same characters of every line, as Fortran's formats print them: they may touch, and may be empty.
//!
//! Stated places are easily wrong by one, and a number without its first digit is still a number. So a place that ends within
//! what looks like one number is refused, unless the project says that numbers touch there.

use std::ops::Range;

use super::OutputError;
use super::cell::{Numbers, shortened};
use super::error::RowCount;
use super::lines::Lines;
use super::rows::Values;
use crate::project::output_format::Characters;

/// The bytes of a line that these characters are, as far as it has them. Bytes that are no UTF-8 count as a character each.
pub(super) fn range(line: &[u8], characters: Characters) -> Range<usize> {
    let Characters { from, to, .. } = characters;
    let text = match line.is_ascii() {
        true => None,
        false => std::str::from_utf8(line).ok(),
    };
    let Some(text) = text else {
        let end = to.min(line.len());
        return (from - 1).min(end)..end;
    };
    let place = |character: usize| {
        let mut places = text.char_indices().map(|(at, _)| at);
        places.nth(character).unwrap_or(text.len())
    };
    place(from - 1)..place(to)
}

/// Characters in words.
pub(super) fn shown(characters: Characters) -> String {
    format!("characters {} to {}", characters.from, characters.to)
}

/// The numbers at these characters of each line.
pub(super) fn columns(
    lines: &Lines<'_>,
    wanted: &[Characters],
    numbers: &Numbers<'_>,
    limit: Option<RowCount>,
) -> Result<Values, OutputError> {
    let mut columns = vec![Vec::new(); wanted.len()];
    let mut rows = 0;
    for line in lines.all() {
        let number = || lines.numbers.of(line.at);
        if line.text.trim_ascii().is_empty() {
            return Err(OutputError::BlankLine { line: number() });
        }
        for (characters, column) in wanted.iter().zip(&mut columns) {
            let range = range(line.text, *characters);
            if !characters.touches
                && let Some(at) = [range.start, range.end]
                    .into_iter()
                    .find(|at| is_within_number(line.text, *at, numbers.point))
            {
                let around = at.saturating_sub(12)..(at + 12).min(line.text.len());
                let word = |byte: &u8| byte.is_ascii_whitespace();
                let head = line.text[around.start..at].rsplit(word).next();
                let tail = line.text[at..around.end].split(word).next();
                let found = [head.unwrap_or_default(), tail.unwrap_or_default()].concat();
                return Err(OutputError::CutNumber {
                    line: number(),
                    column: shown(*characters),
                    found: shortened(&found),
                });
            }
            let cell = &line.text[range];
            let plain = fast_float2::parse::<f64, _>(cell.trim_ascii()).ok();
            let usual = |number: &f64| number.is_finite() && !numbers.missing.contains(number);
            column.push(match plain.filter(usual) {
                Some(plain) if numbers.point == b'.' => plain,
                _ => numbers.unusual(cell, number(), || shown(*characters))?,
            });
        }
        rows += 1;
    }
    match limit {
        Some(limit) if limit.wanted() != rows => Err(limit.with(rows)),
        _ => Ok(Values { rows, columns }),
    }
}

/// Whether the number before `at` goes on behind it, or its sign is before it. Two numbers, the second of them with a sign, are
/// taken for what they are.
fn is_within_number(line: &[u8], at: usize, point: u8) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_digit() || *b == point);
    let exponent = |byte: Option<&u8>| byte.is_some_and(|b| b"eEdD".contains(b));
    let sign = |byte: Option<&u8>| byte.is_some_and(|b| b"+-".contains(b));
    let before = |back: usize| at.checked_sub(back).and_then(|at| line.get(at));
    let after = |ahead: usize| line.get(at + ahead);
    if digit(before(1)) {
        return digit(after(0)) || (exponent(after(0)) && (digit(after(1)) || sign(after(1))));
    }
    if exponent(before(1)) && digit(before(2)) {
        return digit(after(0)) || sign(after(0));
    }
    sign(before(1)) && digit(after(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_as_people_do() {
        let place = |from, to| Characters {
            from,
            to,
            touches: false,
        };
        assert_eq!(range(b"abcdef", place(2, 3)), 1..3);
        assert_eq!(range(b"ab", place(2, 9)), 1..2);
        assert_eq!(range(b"ab", place(4, 9)), 2..2);
        assert_eq!(range("°C 12".as_bytes(), place(4, 5)), 4..6);
        assert_eq!(range(b"\xb0C 12", place(4, 5)), 3..5);
        assert_eq!(range("°".as_bytes(), place(3, 4)), 2..2);
    }

    #[test]
    fn a_number_that_is_cut_is_noticed() {
        for (left, right, cut) in [
            ("12", "3.4", true),
            ("12.", "34", true),
            ("-", "12.3", true),
            ("1.5", "E+03", true),
            ("1.5E", "+03", true),
            ("1.5E+", "03", true),
            ("1.5D+0", "3", true),
            ("12.345", "-67.890", false),
            ("12.345", " 67.890", false),
            ("12 ", "34", false),
            ("A", "12.3", false),
            ("12.3", "m", false),
            ("12.3", "Ebene", false),
            ("", "12", false),
            ("12", "", false),
        ] {
            let line = format!("{left}{right}");
            let found = is_within_number(line.as_bytes(), left.len(), b'.');
            assert_eq!(found, cut, "{left}|{right}");
        }
    }
}
