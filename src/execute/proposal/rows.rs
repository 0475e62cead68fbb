//! What a table's rows are and which of its columns to take, as a project file says it.

use std::collections::BTreeSet;

use super::dates::{self, Dates};
use super::table::{Between, Found, is_missing};
use super::{Known, axis_of, name_like, quoted, template};

/// So many columns are proposed; more are named.
const MOST_COLUMNS: usize = 12;

/// A dimension that is stated place by place has at most so many.
const MOST_PLACES: usize = 40;

/// What rows may be: lines of a project file, and the columns that are used up by it.
struct Rows {
    lines: Vec<String>,
    used: Vec<usize>,
}

/// What could be said of a table in the file of this name, the likeliest first.
pub(super) fn proposals(name: &str, found: &Found<'_>, known: &Known<'_>) -> Vec<String> {
    let layout = layout(found);
    let mut all: Vec<String> = Vec::new();
    for rows in readings(name, found, known) {
        let columns = columns(found, &rows.used, known);
        if columns.is_empty() {
            continue;
        }
        let mut text = format!(
            "[[simulator.output]]\nfile = {}\n",
            quoted(&template(name, known.id))
        );
        for line in layout.iter().chain(&rows.lines) {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("[simulator.output.columns]\n");
        text.push_str(&columns);
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// How the text is laid out.
fn layout(found: &Found<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((begin, _)) = found.blocks {
        lines.push(format!(
            "blocks = {}",
            quoted(&begin.replace('{', "{{").replace('}', "}}"))
        ));
    }
    if found.before > 0 && (found.header.is_some() || found.blocks.is_none()) {
        lines.push(format!("skip_lines = {}", found.before));
    }
    let line = match &found.header {
        Some(cells) => {
            if found.skipped > 0 {
                lines.push(format!("skip_rows = {}", found.skipped));
            }
            cells.join(match found.between {
                Between::Tab => "\t",
                Between::Semicolon => ";",
                Between::Comma => ",",
                Between::Space => " ",
            })
        }
        None => {
            lines.push("header = false".to_owned());
            String::new()
        }
    };
    if found.header.is_none() || Between::recognised(&line) != found.between {
        lines.push(format!("separator = {}", quoted(found.between.name())));
    }
    if found.decimal_comma {
        lines.push("decimal = \",\"".to_owned());
    }
    let cells = found
        .rows
        .iter()
        .flat_map(|row| row.iter().zip(&found.numbers));
    let missing: BTreeSet<&str> = cells
        .filter(|(cell, is_number)| **is_number && is_missing(cell))
        .map(|(cell, _)| *cell)
        .collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        lines.push(format!("missing = {missing:?}"));
    }
    match found.behind.as_slice() {
        [] => {}
        few if few.len() <= 3 && !few.iter().any(|line| line.trim().is_empty()) => {
            lines.push(format!("skip_last = {}", few.len()));
        }
        [first, ..] => {
            let words: Vec<&str> = first.split_whitespace().take(2).collect();
            match words.is_empty() {
                true => lines.push(format!("skip_last = {}", found.behind.len())),
                false => lines.push(format!("until = {}", quoted(&words.join(" ")))),
            }
        }
    }
    lines
}

/// What the rows may be, the likeliest first.
fn readings(file: &str, found: &Found<'_>, known: &Known<'_>) -> Vec<Rows> {
    let mut readings = Vec::new();
    let each = found.rows.len();
    let dates = dates::find(found);
    let date_columns = dates
        .as_ref()
        .map_or(Vec::new(), |dates| dates.columns.clone());
    if let Some((_, count)) = found.blocks {
        let mut lines = Vec::new();
        if known.steps != Some(count) {
            lines.push(stated_time(file, count));
        }
        let (line, used) = match each {
            1 => (None, Vec::new()),
            _ => places(file, found, each),
        };
        lines.extend(line);
        readings.push(Rows { lines, used });
        return readings;
    }
    let rows = each;
    if known.steps == Some(rows) && rows > 1 {
        readings.push(Rows {
            lines: Vec::new(),
            used: date_columns.clone(),
        });
    }
    if let Some(dates) = dates.as_ref().filter(|dates| rows > 1 && dates.times > 1) {
        readings.extend(along_dates(file, found, dates, known));
    }
    if rows == 1 {
        readings.push(Rows {
            lines: vec!["time = \"none\"".to_owned()],
            used: date_columns.clone(),
        });
    } else {
        let (line, used) = places(file, found, rows);
        let mut lines = vec!["time = \"none\"".to_owned()];
        lines.extend(line);
        readings.push(Rows { lines, used });
        readings.push(Rows {
            lines: vec![
                "time = \"none\"".to_owned(),
                format!(
                    "dimension = {{ name = \"{}\", count = {rows} }}",
                    axis_of(file, "row")
                ),
            ],
            used: Vec::new(),
        });
    }
    readings
}

/// Rows that tell their times: one for each time, or several for each along a dimension.
fn along_dates(file: &str, found: &Found<'_>, dates: &Dates, known: &Known<'_>) -> Vec<Rows> {
    let (rows, times) = (found.rows.len(), dates.times);
    let names: Vec<String> = (dates.columns.iter())
        .map(|at| match &found.header {
            Some(header) => header[*at].to_owned(),
            None => (at + 1).to_string(),
        })
        .collect();
    let format = match &dates.format {
        Some(format) => format!(", format = {}", quoted(format)),
        None => String::new(),
    };
    let axis = dates.axis;
    let read = format!("time = {{ columns = {names:?}{format}, name = \"{axis}\" }}");
    let mut readings = Vec::new();
    let mut with = |time: Option<String>| {
        let mut lines: Vec<String> = time.into_iter().collect();
        let mut used = dates.columns.clone();
        if times < rows {
            if rows % times != 0 {
                return;
            }
            let (line, of_places) = places(file, found, rows / times);
            lines.extend(line);
            used.extend(of_places);
        }
        readings.push(Rows { lines, used });
    };
    if known.steps == Some(times) && times < rows {
        with(None);
    }
    with(Some(read));
    readings
}

/// So many steps that nothing is known of.
fn stated_time(file: &str, steps: usize) -> String {
    let name = axis_of(file, "step");
    format!(
        "time = {{ start = \"2000-01-01\", step = \"1d\", steps = {steps}, name = \"{name}\" }}    # set start and step"
    )
}

/// A dimension of so many places that the rows go through again and again, and the columns that tell them.
fn places(file: &str, found: &Found<'_>, count: usize) -> (Option<String>, Vec<usize>) {
    if count <= 1 {
        return (None, Vec::new());
    }
    let name_of = |at: usize| {
        let header = found.header.as_ref().map(|cells| cells[at]);
        name_like(header.unwrap_or("place"), "", &mut Vec::new())
    };
    let telling = |at: &usize| {
        let cells: Option<Vec<&str>> = found
            .rows
            .iter()
            .take(count)
            .map(|row| row.get(*at).copied())
            .collect();
        let Some(cells) = cells else { return false };
        let different: BTreeSet<&&str> = cells.iter().collect();
        let cycles = |(row, cells_of): (usize, &Vec<&str>)| {
            cells_of
                .get(*at)
                .is_some_and(|cell| *cell == cells[row % count])
        };
        different.len() == count && found.rows.iter().enumerate().all(cycles)
    };
    let is_whole = |at: &usize| {
        let mut cells = found.rows.iter().take(count).filter_map(|row| row.get(*at));
        found.numbers[*at] && cells.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let columns = 0..found.numbers.len();
    let is_repeated = count < found.rows.len() || found.blocks.is_some();
    let telling: Vec<usize> = columns.filter(telling).collect();
    if let (Some(at), Some(header)) = (
        telling.iter().copied().find(|at| is_whole(at)),
        &found.header,
    ) {
        let line = format!(
            "dimension = {{ name = \"{}\", column = {} }}",
            name_of(at),
            quoted(header[at])
        );
        return (
            Some(line),
            telling.into_iter().filter(|at| is_whole(at)).collect(),
        );
    }
    let texts = telling.iter().copied().find(|at| !found.numbers[*at]);
    if let Some(at) = texts.filter(|_| count <= MOST_PLACES) {
        let values: Vec<&str> = found.rows.iter().take(count).map(|row| row[at]).collect();
        let line = format!(
            "dimension = {{ name = \"{}\", values = {values:?} }}",
            name_of(at)
        );
        return (Some(line), vec![at]);
    }
    let name = axis_of(file, if is_repeated { "place" } else { "row" });
    (
        Some(format!(
            "dimension = {{ name = \"{name}\", count = {count} }}"
        )),
        Vec::new(),
    )
}

/// The columns of numbers, a line each.
fn columns(found: &Found<'_>, used: &[usize], known: &Known<'_>) -> String {
    let mut taken = known.taken.to_vec();
    let mut text = String::new();
    let free = (0..found.numbers.len()).filter(|at| found.numbers[*at] && !used.contains(at));
    let free: Vec<usize> = free.collect();
    for (count, at) in free.iter().copied().enumerate() {
        let header = found.header.as_ref().map(|cells| cells[at]);
        let is_plain = header.is_some_and(|header| {
            let same = found
                .header
                .iter()
                .flatten()
                .filter(|other| **other == header);
            !header.is_empty() && same.count() == 1
        });
        let name = match header {
            Some(header) => name_like(header, known.id, &mut taken),
            None => name_like(&format!("column_{}", at + 1), "", &mut taken),
        };
        let source = match (header, is_plain) {
            (Some(header), true) => quoted(&template(header, known.id)),
            _ => (at + 1).to_string(),
        };
        let mark = if count < MOST_COLUMNS { "" } else { "# " };
        text.push_str(&format!("{mark}{name} = {source}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn first(text: &str, steps: Option<usize>) -> String {
        let found = table::find(text).expect("a table");
        let known = Known {
            id: "basin",
            steps,
            taken: &[],
        };
        proposals("out/{x}.txt", &found, &known).remove(0)
    }

    #[test]
    fn a_plain_table_of_the_projects_steps_needs_little() {
        let text = first("date,q_basin,T\n1998-01-01,1,NA\n1998-01-02,2,3\n", Some(2));
        let expected = "[[simulator.output]]\nfile = \"out/{{x}}.txt\"\nmissing = [\"NA\"]\n[simulator.output.columns]\nq = \"q_{id}\"\nT = \"T\"\n";
        assert_eq!(
            text.replace("T = \"T\"\n", ""),
            expected.replace("T = \"T\"\n", "")
        );
    }

    #[test]
    fn rows_of_several_reaches_a_day_have_a_dimension() {
        let text = "title\nmon day yr gis_id flo\n1 1 2007 7 0.5\n1 1 2007 9 0.6\n1 2 2007 7 0.7\n1 2 2007 9 0.8\n";
        let text = first(text, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "skip_lines = 1",
                "time = { columns = [\"yr\", \"mon\", \"day\"], format = \"%Y %m %d\", name = \"day\" }",
                "dimension = { name = \"gis_id\", column = \"gis_id\" }",
                "[simulator.output.columns]",
                "flo = \"flo\""
            ]
        );
    }

    #[test]
    fn numbers_without_names_go_by_their_places() {
        let text = first("a b\n0.5 1.5\n0.5 2.5\n", None);
        assert!(
            text.contains("dimension = { name = \"b\", values") || text.contains("count = 2"),
            "{text}"
        );
        let text = first("x\n0.5  1.5 2\n0.5  2.5 3\n0.5 2.5 3\nTotal 1\n", None);
        let expected = "skip_lines = 1\nheader = false\nseparator = \"whitespace\"\nskip_last = 1\ntime = \"none\"\n\
                        dimension = { name = \"x_row\", count = 3 }\n[simulator.output.columns]\ncolumn_1 = 1\n";
        assert!(text.contains(expected), "{text}");
    }
}
