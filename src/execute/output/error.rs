//! What can be wrong with a simulator's output, and how it is said: where it stands, what was found, what to do.

use std::fmt;

use super::netcdf::NetcdfError;

/// How many names of a header an error repeats.
pub(super) const NAMES_SHOWN: usize = 20;

/// What is wrong with a simulator's output; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// It is NetCDF or HDF5.
    #[error(transparent)]
    Netcdf(#[from] NetcdfError),
    /// Nothing, or white space only.
    #[error("the output is empty")]
    Empty,
    /// Nothing but what is passed over before the header.
    #[error("line {line}: the output ends here, before its {what}")]
    Short {
        /// Its last line, or that of the block.
        line: usize,
        /// What is missing.
        what: &'static str,
    },
    /// Bytes that are no text in UTF-8 or a relative of ASCII.
    #[error("the output is no table of text: {0}")]
    NotText(&'static str),
    /// The header lacks a column.
    #[error(
        "the output has no column `{column}`; its header has {}",
        listed(header)
    )]
    NoColumn {
        /// The column asked for.
        column: String,
        /// The header's columns, the most similar first; at most twenty.
        header: Vec<String>,
    },
    /// The header has a wanted column twice.
    #[error("the output's header has the column `{column}` more than once")]
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// The table has fewer columns than the number of a wanted one.
    #[error("line {line}: there is no column {number}, the table has {found}")]
    NoNumber {
        /// The line in the file.
        line: usize,
        /// The number of the column, from 1.
        number: usize,
        /// How many columns there are.
        found: usize,
    },
    /// A row of another width than the header.
    #[error(
        "line {line}: {found} cells, where {} {expected}{}",
        if *.headless { "the first row has" } else { "the header has" },
        if *.blanks {
            "; where cells may touch, hold blanks or be left out, take them by place: `{ characters = [12, 20] }`"
        } else {
            ""
        }
    )]
    Ragged {
        /// The line in the file.
        line: usize,
        /// How many cells it has.
        found: usize,
        /// How many columns the header has, or the first row.
        expected: usize,
        /// Whether there is no header.
        headless: bool,
        /// Whether there are blanks between cells.
        blanks: bool,
    },
    /// A line without anything among the rows of a table that is taken apart by characters.
    #[error("line {line}: an empty line among the rows")]
    BlankLine {
        /// The line in the file.
        line: usize,
    },
    /// A cell that is neither a number nor marked as missing.
    #[error(
        "line {line}, column `{column}`: `{found}` is no number and not among the marks of missing values{}",
        hint(found)
    )]
    NotANumber {
        /// The line in the file.
        line: usize,
        /// The column's name.
        column: String,
        /// The cell's text, shortened.
        found: String,
    },
    /// An infinite number or NaN that is not marked as missing.
    #[error(
        "line {line}, column `{column}`: `{found}` is not finite and not among the marks of missing values"
    )]
    NotFinite {
        /// The line in the file.
        line: usize,
        /// The column's name.
        column: String,
        /// The cell's text, shortened.
        found: String,
    },
    /// The stated characters end within a number.
    #[error(
        "line {line}: {column} end within `{found}`; mend their places, or write `touches = true` beside `characters` if two \
         numbers touch there"
    )]
    CutNumber {
        /// The line in the file.
        line: usize,
        /// The characters, in words.
        column: String,
        /// What stands around the cut.
        found: String,
    },
    /// More or fewer rows than time steps, or than these and the places along a dimension ask for.
    #[error("{0}")]
    RowCount(RowCount),
    /// In a block, a line that is passed over reads as a row.
    #[error(
        "line {line}: `skip_lines` passes over what reads as a row; in a block, drawn and blank lines before the rows do not count"
    )]
    PassedRow {
        /// The line in the file.
        line: usize,
    },
    /// No line begins a block.
    #[error("the output has no line with {text:?}, which begins a block")]
    NoBlock {
        /// The text.
        text: String,
    },
    /// A block has other rows than the first one.
    #[error(
        "line {line}: {found} rows in the block that begins here, where the first one has {expected}"
    )]
    UnevenBlocks {
        /// The line in which the block begins.
        line: usize,
        /// Its rows.
        found: usize,
        /// The rows of the first block.
        expected: usize,
    },
    /// No row meets the conditions.
    #[error(
        "{}no row has {wanted}{}",
        block.map(|line| format!("line {line}: in the block that begins here, ")).unwrap_or_default(),
        there(found)
    )]
    NoRow {
        /// The line in which the block begins, if there are blocks.
        block: Option<usize>,
        /// The conditions, in words.
        wanted: String,
        /// Texts that do stand in the column of the first condition that no row meets.
        found: Vec<String>,
    },
    /// A row lacks the cell that a condition, a time or a dimension needs.
    #[error("line {line}: there is no cell for {column}")]
    NoCell {
        /// The line in the file.
        line: usize,
        /// The column, in words.
        column: String,
    },
    /// The line that ends the rows is missing.
    #[error(
        "line {line}: the output ends here, and no line begins with {text:?}, which is to end its rows"
    )]
    NoEnd {
        /// The last line.
        line: usize,
        /// The text.
        text: String,
    },
    /// A text of the report is not there, or not so often.
    #[error("{}{text:?} {}", of_block(*block), times(*found, *wanted))]
    NoText {
        /// The line in which the block begins, if there are blocks.
        block: Option<usize>,
        /// The text.
        text: String,
        /// How often it is there.
        found: usize,
        /// Which was wanted, from 1.
        wanted: usize,
    },
    /// A text of which there should be one is there twice.
    #[error(
        "{text:?} stands in line {line} and in line {again}; say which: `which = \"first\"`, \"last\", \"all\" or a number"
    )]
    TextTwice {
        /// The text.
        text: String,
        /// The first line with it.
        line: usize,
        /// The next.
        again: usize,
    },
    /// No number stands behind a text.
    #[error("line {line}: {} behind {text:?}", no_number(found))]
    NoNumberBehind {
        /// The line in the file.
        line: usize,
        /// The text.
        text: String,
        /// What stands there, shortened.
        found: String,
    },
    /// Columns of one output that do not have equally many values.
    #[error(
        "the column `{column}` has {found} values, where the others of this output have {expected}; write two outputs of the \
         same file"
    )]
    Lengths {
        /// The column.
        column: String,
        /// Its values.
        found: usize,
        /// Those of the others.
        expected: usize,
    },
    /// The cells of a time are no time.
    #[error("line {line}: {why}")]
    NotATime {
        /// The line in the file.
        line: usize,
        /// Why.
        why: String,
    },
    /// A time that is not later than the one before it.
    #[error("line {line}: the time {time} {}", follows(time, before))]
    TimeOrder {
        /// The line in the file.
        line: usize,
        /// The time.
        time: String,
        /// The one before it.
        before: String,
    },
    /// A time that is not the one that it must be.
    #[error(
        "line {line}: the time is {found}, where {expected} is expected, {}",
        whose(*of_input)
    )]
    TimeDiffers {
        /// The line in the file.
        line: usize,
        /// The time.
        found: String,
        /// The time that it should be.
        expected: String,
        /// Whether the times are those of the project.
        of_input: bool,
    },
    /// A place along a dimension that is there twice, or where another belongs.
    #[error("line {line}: `{dimension}` is {found}{why}")]
    Place {
        /// The line in the file.
        line: usize,
        /// The dimension.
        dimension: String,
        /// The place.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A place along a dimension that is nowhere at some time.
    #[error("no row is for {place}{}", at.as_ref().map(|time| format!(" at {time}")).unwrap_or_default())]
    NoPlace {
        /// The place, with the name of the dimension.
        place: String,
        /// The time, where times are read.
        at: Option<String>,
    },
    /// Two outputs of one run whose axes of one name differ.
    #[error(
        "its axis `{axis}` has other values than that of another output; give one of them another name"
    )]
    AxesDiffer {
        /// The axis.
        axis: String,
    },
}

/// How many rows there are, and how many there should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// The rows that there are.
    pub found: usize,
    /// The rows passed over before them.
    pub skipped: usize,
    /// The number of time steps.
    pub steps: usize,
    /// Whether these are the project's.
    pub of_input: bool,
    /// How many places there are along the further dimension, if there is one.
    pub places: Option<usize>,
}

impl RowCount {
    /// How many rows there should be.
    pub(super) fn wanted(&self) -> usize {
        self.steps.saturating_mul(self.places.unwrap_or(1))
    }

    /// The error for a table with so many rows.
    pub(super) fn with(&self, found: usize) -> OutputError {
        OutputError::RowCount(Self {
            found,
            ..self.clone()
        })
    }
}

impl fmt::Display for RowCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            found,
            skipped,
            steps,
            of_input,
            places,
        } = self;
        write!(
            f,
            "{found} rows (after the header and {skipped} skipped), but there are {steps} time steps"
        )?;
        if let Some(places) = places {
            write!(f, " of {places} rows each")?;
        }
        if !of_input {
            return Ok(());
        }
        if places.is_none() && *found == steps + 1 {
            f.write_str("; `skip_rows` passes over a row for the time before the first step")?;
        }
        f.write_str("; rows that are no time steps of the input need `time` beside `file`")
    }
}

fn listed(names: &[String]) -> String {
    let more = if names.len() < NAMES_SHOWN {
        ""
    } else {
        ", …"
    };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{}{more}", quoted.join(", "))
}

fn there(found: &[String]) -> String {
    match found {
        [] => String::new(),
        found => format!("; there is {}", listed(found)),
    }
}

/// What a cell that is no number may be.
fn hint(found: &str) -> &'static str {
    let inner = found
        .char_indices()
        .filter(|(at, c)| *at > 0 && matches!(c, '-' | '+'));
    let is_of_numbers = |c: char| c.is_ascii_digit() || "+-.eEdD".contains(c);
    let points = found.matches('.').count();
    match found {
        _ if !found.is_empty() && found.chars().all(|c| c == '*') => {
            "; it did not fit into the width that the program has for it"
        }
        _ if points > 1 && inner.count() > 0 && found.chars().all(is_of_numbers) => {
            "; where numbers touch, take them by place: `{ characters = [12, 20] }`"
        }
        _ if found.contains(',') && !found.contains('.') => {
            "; `decimal = \",\"` if commas are its decimal points"
        }
        _ => "",
    }
}

fn of_block(block: Option<usize>) -> String {
    block.map_or_else(String::new, |line| {
        format!("line {line}: in the block that begins here, ")
    })
}

fn times(found: usize, wanted: usize) -> String {
    match found {
        0 => "is nowhere in the output".to_owned(),
        found => format!("is there {found} times only, number {wanted} is wanted"),
    }
}

fn no_number(found: &str) -> String {
    match found {
        "" => "there is no number".to_owned(),
        found => format!("`{found}` is no number{}", hint(found)),
    }
}

fn follows(time: &str, before: &str) -> String {
    match time == before {
        true => "is there twice".to_owned(),
        false => format!("comes after {before}"),
    }
}

fn whose(of_input: bool) -> &'static str {
    match of_input {
        true => {
            "a time step of the input; give the output's own a `name` in `time` if they are others"
        }
        false => "as before for the same step",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_may_be_is_told() {
        for (found, told) in [
            ("********", "did not fit"),
            ("-12.345-67.890", "touch"),
            ("1,5", "decimal"),
            ("2009-01-01", ""),
            ("x", ""),
        ] {
            assert!(
                hint(found).contains(told) && hint(found).is_empty() == told.is_empty(),
                "{found}"
            );
        }
    }
}
