//! Finds the table in a text: where its rows are, what separates its cells, and what stands before and behind it.

/// What may separate the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    Tab,
    Semicolon,
    Comma,
    Space,
}

/// A table in a text.
#[derive(Debug, PartialEq)]
pub(super) struct Found<'t> {
    pub between: Between,
    /// Whether its numbers have a decimal comma.
    pub decimal_comma: bool,
    /// The cells of its header; `None` if it has none.
    pub header: Option<Vec<&'t str>>,
    /// Lines before the header, or before the first row if there is none.
    pub before: usize,
    /// Lines between the header and the first row.
    pub skipped: usize,
    pub rows: Vec<Vec<&'t str>>,
    /// Which columns are numbers.
    pub numbers: Vec<bool>,
    /// The lines behind the last row up to the end of the text, blank ones at the end left out.
    pub behind: Vec<&'t str>,
    /// What begins each of several equal tables, and how many there are.
    pub blocks: Option<(&'t str, usize)>,
}

/// What stands for a number that is missing.
pub(super) fn is_missing(cell: &str) -> bool {
    let stars = !cell.is_empty() && cell.bytes().all(|byte| byte == b'*');
    stars || ["NA", "N/A", "NaN", "nan", "-", "--", "null", "NULL", "None"].contains(&cell)
}

/// Whether a cell is a number, as C, Fortran and spreadsheets write it.
pub(super) fn is_number(cell: &str, decimal_comma: bool) -> bool {
    let mut text = cell.replace(['D', 'd'], "e");
    if decimal_comma {
        if text.contains('.') {
            return false;
        }
        text = text.replace(',', ".");
    }
    if !text.contains(|c: char| c.is_ascii_digit())
        || !(text.chars()).all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
    {
        return false;
    }
    // Fortran leaves the letter out where an exponent has three digits.
    let sign = text.rfind(['+', '-']).filter(|at| *at > 0);
    let bare = sign.filter(|at| !text[..*at].ends_with(['e', 'E']));
    match bare {
        Some(at) => {
            text[..at].contains('.')
                && format!("{}e{}", &text[..at], &text[at..])
                    .parse::<f64>()
                    .is_ok()
        }
        None => text.parse::<f64>().is_ok(),
    }
}

impl Between {
    /// The cells of a line.
    pub(super) fn cells(self, line: &str) -> Vec<&str> {
        match self {
            Self::Space => line.split_whitespace().collect(),
            Self::Tab => line.split('\t').map(str::trim).collect(),
            Self::Semicolon => line.split(';').map(str::trim).collect(),
            Self::Comma => line.split(',').map(str::trim).collect(),
        }
    }

    /// What is taken for the separator where none is stated.
    pub(super) fn recognised(line: &str) -> Self {
        if line.contains('\t') {
            Self::Tab
        } else if line.contains(';') {
            Self::Semicolon
        } else if line.contains(',') {
            Self::Comma
        } else {
            Self::Space
        }
    }

    /// Its name in a project file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tab => "tab",
            Self::Semicolon => "semicolon",
            Self::Comma => "comma",
            Self::Space => "whitespace",
        }
    }
}

fn says_something(line: &&&str) -> bool {
    line.contains(|c: char| c.is_alphanumeric())
}

/// Rows that follow each other.
#[derive(Clone, Debug)]
struct Stretch {
    from: usize,
    to: usize,
    cells: usize,
    numbers: Vec<bool>,
}

impl Stretch {
    fn len(&self) -> usize {
        self.to - self.from
    }

    /// How much of a table it is: its rows, as far as they are numbers.
    fn worth(&self) -> f64 {
        let numbers = self.numbers.iter().filter(|is| **is).count();
        self.len() as f64 * numbers as f64 / self.cells as f64
    }
}

fn stretches(lines: &[&str], between: Between, decimal_comma: bool) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let mut cells = between.cells(line);
        if cells.len() > 1 && cells.last() == Some(&"") {
            cells.pop();
        }
        let is_row = cells.iter().any(|cell| is_number(cell, decimal_comma));
        let may_be = |cell: &&str| is_number(cell, decimal_comma) || is_missing(cell);
        let numbers: Vec<bool> = cells.iter().map(may_be).collect();
        let fits = |stretch: &Stretch| {
            let mut both = stretch.numbers.iter().zip(&numbers);
            stretch.to == at && stretch.cells == cells.len() && both.all(|(was, is)| !was || *is)
        };
        match all.last_mut() {
            Some(stretch) if is_row && fits(stretch) => stretch.to += 1,
            _ if is_row => all.push(Stretch {
                from: at,
                to: at + 1,
                cells: cells.len(),
                numbers,
            }),
            _ => {}
        }
    }
    all
}

/// The largest table in a text, if there is one.
pub(super) fn find(text: &str) -> Option<Found<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut best: Option<(f64, usize, Between, bool, Vec<Stretch>, usize)> = None;
    for (between, decimal_comma) in [
        (Between::Tab, false),
        (Between::Semicolon, false),
        (Between::Comma, false),
        (Between::Space, false),
        (Between::Tab, true),
        (Between::Semicolon, true),
        (Between::Space, true),
    ] {
        let all = stretches(&lines, between, decimal_comma);
        for (place, stretch) in all.iter().enumerate() {
            let (worth, cells) = (stretch.worth(), stretch.cells);
            let is_better = best
                .as_ref()
                .is_none_or(|(known, of, ..)| (worth, cells) > (*known, *of));
            if is_better {
                best = Some((worth, cells, between, decimal_comma, all.clone(), place));
            }
        }
    }
    let (_, _, between, decimal_comma, all, place) = best?;
    let stretch = &all[place];
    let header_at = header_of(&lines, stretch, between, decimal_comma);
    if stretch.len() < 2 && header_at.is_none() {
        return None;
    }
    let first = header_at.unwrap_or(stretch.from);
    let blocks = blocks(&lines, &all, place, first);
    let (blocks, first, stretch, header_at) = match blocks {
        Some((begin, count, block)) => {
            let first_of_all = &all[block];
            let shift = stretch.from - first_of_all.from;
            let header = header_at.map(|at| at - shift);
            (Some((begin, count)), first - shift, first_of_all, header)
        }
        None => (None, first, stretch, header_at),
    };
    let begin = match blocks {
        Some((begin, _)) => {
            lines[..first]
                .iter()
                .rposition(|line| line.contains(begin))?
                + 1
        }
        None => 0,
    };
    let behind = &lines[stretch.to..];
    let end = behind
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |at| at + 1);
    let rows: Vec<Vec<&str>> = (lines[stretch.from..stretch.to].iter())
        .map(|line| between.cells(line))
        .collect();
    let is_filled = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        cells.any(|cell| is_number(cell, decimal_comma))
    };
    let numbers = (stretch.numbers.iter().enumerate())
        .map(|(at, may_be)| *may_be && is_filled(at))
        .collect();
    Some(Found {
        between,
        decimal_comma,
        header: header_at.map(|at| between.cells(lines[at])),
        // In a block only lines count that say something.
        before: match blocks {
            Some(_) => lines[begin..first].iter().filter(says_something).count(),
            None => first,
        },
        skipped: match (header_at, blocks) {
            (None, _) => 0,
            (Some(at), None) => stretch.from - at - 1,
            (Some(at), Some(_)) => {
                let between = lines[at + 1..stretch.from].iter();
                between.filter(says_something).count()
            }
        },
        rows,
        numbers,
        behind: match blocks {
            Some(_) => Vec::new(),
            None => behind[..end].to_vec(),
        },
        blocks,
    })
}

/// The line with the names: the farthest of the few lines above the rows that has as many cells, none of them a number and none
/// twice.
fn header_of(
    lines: &[&str],
    stretch: &Stretch,
    between: Between,
    decimal_comma: bool,
) -> Option<usize> {
    let is_header = |line: &str| {
        let cells = between.cells(line);
        let mut names = cells.clone();
        names.sort_unstable();
        names.dedup();
        cells.len() == stretch.cells
            && !cells.iter().any(|cell| is_number(cell, decimal_comma))
            // A line of dashes is none.
            && (cells.iter()).all(|cell| cell.is_empty() || cell.contains(|c: char| c.is_alphabetic()))
            && names.len() + 1 >= cells.len()
    };
    let from = stretch.from.saturating_sub(4);
    (from..stretch.from).find(|at| is_header(lines[*at]))
}

/// What begins each of several tables of the same form, how many there are, and the first of them.
fn blocks<'t>(
    lines: &[&'t str],
    all: &[Stretch],
    place: usize,
    first: usize,
) -> Option<(&'t str, usize, usize)> {
    let one = &all[place];
    let alike: Vec<usize> = (0..all.len())
        .filter(|at| all[*at].cells == one.cells && all[*at].len() == one.len())
        .collect();
    if alike.len() < 3 {
        return None;
    }
    let lead = one.from - first;
    for above in 1..=5 {
        let line = |at: usize| Some(lines[all[at].from.checked_sub(lead + above)?]);
        let mut texts = alike.iter().filter_map(|at| line(*at));
        let first = texts.next()?;
        let common = texts.fold(first.len(), |common, text| {
            let same = first.bytes().zip(text.bytes()).take_while(|(a, b)| a == b);
            same.count().min(common)
        });
        let Some(common) = first.get(..common) else {
            continue;
        };
        let common = common.trim_end_matches(|c: char| c.is_ascii_digit()).trim();
        let elsewhere = lines.iter().filter(|line| line.contains(common)).count();
        if common.chars().filter(|c| c.is_alphabetic()).count() > 3 && elsewhere == alike.len() {
            return Some((common, alike.len(), alike[0]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_c_fortran_and_spreadsheets() {
        for number in ["1", "-1.5", "1e3", "1.5D+03", "1.5-103", ".5", "1."] {
            assert!(is_number(number, false), "{number}");
        }
        for word in ["", "-", "e", "1-2", "1998-01-01", "1,5", "inf", "1 2", "D"] {
            assert!(!is_number(word, false), "{word}");
        }
        assert!(is_number("1,5", true) && !is_number("1.5", true));
    }

    #[test]
    fn a_table_is_found_between_titles_units_and_totals() {
        let text = "SWAT+ output of a run\n  jday  mon  name  flo_out\n             m3/s  m3/s\n 1 1 cha1 0.5\n 2 1 cha1 0.25\n 3 1 cha1 NA\nTotal 0.75\n\n";
        let found = find(text).expect("a table");
        assert_eq!(found.between, Between::Space);
        assert_eq!(found.header, Some(vec!["jday", "mon", "name", "flo_out"]));
        assert_eq!((found.before, found.skipped, found.rows.len()), (1, 1, 3));
        assert_eq!(found.numbers, [true, true, false, true]);
        assert_eq!(found.behind, ["Total 0.75"]);
    }

    #[test]
    fn commas_are_told_apart() {
        let found = find("t;q\n0,5;1,5\n1,5;2\n").expect("a table");
        assert_eq!(
            (found.between, found.decimal_comma),
            (Between::Semicolon, true)
        );
        let found = find("0.5,1.5\n1.5,2\n").expect("a table");
        assert_eq!((found.between, found.header), (Between::Comma, None));
        assert!(find("It rained.\nIt rained again.\n").is_none());
    }

    #[test]
    fn blocks_are_found_by_the_line_that_begins_each() {
        let block = |hour: u32| {
            format!(
                "  Node Results at {hour}:00:00 hrs:\n  -------\n  Node  Demand  Head\n  -------\n  n1  1.0  2.{hour}\n  n2  3.0  4.0\n\n"
            )
        };
        let text: String = (0..4).map(block).collect();
        let found = find(&text).expect("a table");
        assert_eq!(found.blocks, Some(("Node Results at", 4)));
        assert_eq!((found.before, found.skipped, found.rows.len()), (0, 0, 2));
    }
}
