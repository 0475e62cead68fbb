//! Which name of a header belongs to which cell of a row, where there are more cells than names.
//!
//! Two kinds of programs leave it open. Many end each line with a separator, so that an empty cell without a name comes last.
//! R writes the names of rows before them and none above those, so that the first cell has no name and each name belongs to the
//! cell right of it. A cell that somebody put behind a row looks like either. What a header and its first row can mean in
//! one of these ways only is taken so; the rest is refused. What holds for the first row is checked in all of them.

use crate::import::text::cells::{is_quoted, name};
use crate::import::text::fault::shown;

/// What a header's first name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Time,
    Catchment,
    Unclear,
}

/// The names of a header, without those of the empty cells at its end.
pub(crate) fn named(header: &[&[u8]]) -> Vec<String> {
    let mut names: Vec<String> = header.iter().map(|cell| name(cell)).collect();
    while names.last().is_some_and(String::is_empty) && names.len() > 1 {
        names.pop();
    }
    names
}

/// What the names of a header are names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderNames {
    /// Of the time and the catchments.
    All,
    /// Of the catchments alone, as R writes it.
    Catchments,
    /// Of the catchments alone, if any row has something in its last cell.
    Undecided,
}

/// What is said where none has.
pub(crate) const EITHER: &str = "either the first name of the header is the time's, or, as R writes it, the time has none and the last cell \
                          is missing; call the column of the time `time`";

/// What the names of a header are names of, as the first row tells, of which the time takes `time_cells`. Cells behind the last
/// name are none of anybody's and have to be empty.
pub(crate) fn align(
    header: &[&[u8]],
    row: &[&[u8]],
    time_cells: usize,
) -> Result<HeaderNames, String> {
    let names = named(header);
    let counts = format!(
        "there are {} cells, and {} names in the header",
        row.len(),
        names.len()
    );
    if row.len() < names.len() {
        return Err(counts);
    }
    let behind = &row[names.len()..];
    let something = behind.iter().find(|cell| !name(cell).is_empty());
    // With more on either side R's names would not fit.
    let fits = header.len() == names.len() && behind.len() == time_cells;
    let quoted = || header.iter().all(|cell| is_quoted(cell)) && is_quoted(row[0]);
    match (something, first(&names, time_cells)) {
        (None, First::Time) => Ok(HeaderNames::All),
        (None, First::Unclear) if row.len() <= header.len() => Ok(HeaderNames::All),
        (None, First::Catchment) if fits && names.len() <= time_cells => {
            Ok(HeaderNames::Catchments)
        }
        (None, First::Catchment) if fits => Ok(HeaderNames::Undecided),
        (None, _) => Err(format!("{counts}: {EITHER}")),
        (Some(_), First::Catchment) if fits => Ok(HeaderNames::Catchments),
        (Some(_), First::Unclear) if fits && quoted() => Ok(HeaderNames::Catchments),
        (Some(cell), _) => Err(format!("{counts}: {}", nameless(cell))),
    }
}

/// What a cell behind the last name may mean, and what to do about it.
pub(crate) fn nameless(cell: &[u8]) -> String {
    format!(
        "{} has no name, unless it is the first cell that has none, as R writes tables; one is dropped only if it is empty in \
         every row: remove it, or give every column a name",
        shown(cell)
    )
}

fn first(names: &[String], time_cells: usize) -> First {
    let (Some(first), others) = (names.first(), names.get(1..).unwrap_or_default()) else {
        return First::Unclear;
    };
    if first.is_empty() || is_time_word(first) {
        return First::Time;
    }
    // Ids are often numbered: 70001, 70002 or gauge_1, gauge_2.
    let numbered = |shape: &String| shape.contains('0');
    let Some(common) = others.first().map(|other| shape(other)).filter(numbered) else {
        return if names.len() <= time_cells {
            First::Catchment
        } else {
            First::Unclear
        };
    };
    if others.iter().any(|other| shape(other) != common) {
        First::Unclear
    } else if shape(first) == common {
        First::Catchment
    } else {
        First::Time
    }
}

/// Whether this is the name of a column of times, or of one of their parts.
fn is_time_word(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "time", "date", "zeit", "datum", "tag", "stunde", "jahr", "year", "month", "day", "hour",
        "stamp", "temps", "fecha", "data", "index",
    ];
    let name = name.to_lowercase();
    name == "t" || WORDS.iter().any(|word| name.contains(word))
}

/// A name with a zero for each of its numbers.
fn shape(name: &str) -> String {
    let mut shape = String::with_capacity(name.len());
    for c in name.chars() {
        if !c.is_ascii_digit() {
            shape.push(c);
        } else if !shape.ends_with('0') {
            shape.push('0');
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::text::cells::cells;
    use crate::project::import_spec::CellSeparator;

    fn align(header: &str, row: &str) -> Result<HeaderNames, String> {
        let cells = |line: &'static str| cells(line.as_bytes(), CellSeparator::Byte(b';'));
        super::align(
            &cells(header.to_owned().leak()),
            &cells(row.to_owned().leak()),
            1,
        )
    }

    #[test]
    fn a_surplus_cell_is_what_it_can_only_be() {
        for (header, row, expected) in [
            ("time;1;2", "d;11;22", Some(HeaderNames::All)),
            ("time;1;2", "d;11;22;", Some(HeaderNames::All)),
            ("time;1;2", "d;11;22;\"\";;", Some(HeaderNames::All)),
            ("time;1;2;", "d;11;22;", Some(HeaderNames::All)),
            ("time;1;2;", "d;11;22", Some(HeaderNames::All)),
            ("Rhein;Elbe;Oder;", "d;11;22;", Some(HeaderNames::All)),
            ("time;1;2", "d;11;22;99", None),
            ("time;1;2;", "d;11;22;99", None),
            ("when;1;2", "d;11;22;99", None),
            ("when;1;2", "d;11;22;", Some(HeaderNames::All)),
            ("\"\";1;2", "d;11;22;99", None),
            ("time;1;2", "d;11", None),
            // R's way.
            ("1;2;3", "d;11;22;33", Some(HeaderNames::Catchments)),
            ("X1;X2;X3", "d;11;22;33", Some(HeaderNames::Catchments)),
            (
                "\"Rhein\";\"Elbe\"",
                "\"d\";11;22",
                Some(HeaderNames::Catchments),
            ),
            ("Q", "d;11", Some(HeaderNames::Catchments)),
            // Either.
            ("7", "d;", Some(HeaderNames::Catchments)),
            ("1;2;3", "d;11;22;", Some(HeaderNames::Undecided)),
            ("1;2;", "d;11;22", None),
            ("1;2;3", "d;11;22", None),
            ("Rhein;Elbe", "d;11;22", None),
            ("Rhein;Elbe", "d;11;", None),
            ("\"time\";\"Elbe\"", "\"d\";11;22", None),
            ("1;2", "d;11;22;33", None),
        ] {
            assert_eq!(align(header, row).ok(), expected, "{header} {row}");
        }
    }
}
