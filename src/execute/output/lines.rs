//! The lines of an output that count: blocks of a report, what is before the header, comments, where the rows end.
//!
//! A table that is the whole file stays where it lies; only where lines are left out in its midst are the others copied
//! together. Every line keeps its number in the file, for messages. It knows nothing of cells.

use std::borrow::Cow;

use memchr::memmem;

use super::OutputError;
use crate::project::output_format::OutputFormat;

/// A first line beyond this is no header; the limit bounds the memory that a garbage file can take.
const LONGEST_HEADER: usize = 1 << 20;
/// A line of nothing but one of these so often in a row, and blanks, is drawn and says nothing.
const SHORTEST_RULE: usize = 5;

/// Lines that lie one behind the other: a file, or a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub text: &'a [u8],
    /// The number of its first line.
    pub first_line: usize,
    /// The number of the line that begins it, if it is a block.
    pub block: Option<usize>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn whole(text: &'a [u8]) -> Self {
        Self {
            text,
            first_line: 1,
            block: None,
        }
    }

    /// The blocks of a file, each behind a line that has this text.
    pub(super) fn blocks(text: &'a [u8], begin: &str) -> Result<Vec<Self>, OutputError> {
        let mut found: Vec<Self> = Vec::new();
        let (mut counted, mut line) = (0, 1);
        for at in memmem::find_iter(text, begin) {
            if at < counted {
                continue;
            }
            line += memchr::memchr_iter(b'\n', &text[counted..at]).count();
            let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
            if let Some(before) = found.last_mut() {
                let length = before.text.len() - (text.len() - start);
                before.text = &before.text[..length];
            }
            let behind = line_end(text, at) + 1;
            line += 1;
            counted = behind.min(text.len());
            found.push(Self {
                text: &text[counted..],
                first_line: line,
                block: Some(line - 1),
            });
        }
        match found.is_empty() {
            true => Err(OutputError::NoBlock {
                text: begin.to_owned(),
            }),
            false => Ok(found),
        }
    }

    /// Its lines without comments.
    pub(super) fn lines(&self, format: &OutputFormat) -> Lines<'a> {
        let is_comment = |line: &[u8]| {
            let line = line.trim_ascii_start();
            (format.comments.iter()).any(|comment| line.starts_with(comment.as_bytes()))
        };
        let lines = Lines {
            text: Cow::Borrowed(self.text),
            numbers: LineNumbers::From(self.first_line),
        };
        let any = || lines.from(0).any(|line| is_comment(line.text));
        if format.comments.is_empty() || !any() {
            return lines;
        }
        // Those before the header are counted as the file has them.
        let mut ahead = format.skip_lines;
        lines.chosen(|line| {
            let is_ahead = ahead > 0;
            ahead = ahead.saturating_sub(1);
            is_ahead || !is_comment(line.text)
        })
    }
}

/// Lines of an output, with their numbers.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    pub text: Cow<'a, [u8]>,
    pub numbers: LineNumbers,
}

/// The numbers that lines have in the file.
#[derive(Clone, Debug)]
pub(super) enum LineNumbers {
    /// One after the other from this one on.
    From(usize),
    /// These.
    Listed(Vec<usize>),
}

impl LineNumbers {
    /// The number of one of the lines, counted from 0.
    pub(super) fn of(&self, line: usize) -> usize {
        match self {
            Self::From(first) => first + line,
            Self::Listed(numbers) => (numbers.get(line).or(numbers.last())).map_or(0, |n| *n),
        }
    }
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'l> {
    /// Which of the lines it is, counted from 0.
    pub at: usize,
    /// Its text, without the line end.
    pub text: &'l [u8],
    /// Where it begins and where the next one does, or would.
    pub start: usize,
    pub next: usize,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// Whether it is drawn, as below a title.
    fn is_rule(&self) -> bool {
        let drawn = |byte: &u8| b"-=_*+|".contains(byte) || byte.is_ascii_whitespace();
        let same = |run: &[u8]| run[0] != b' ' && run.iter().all(|byte| *byte == run[0]);
        self.text.iter().all(drawn) && self.text.windows(SHORTEST_RULE).any(same)
    }
}

/// What comes before the rows of a table.
enum Part {
    /// So many lines before the header.
    Before(usize),
    /// The header, unless there is none.
    Header,
    /// So many lines behind it.
    Behind(usize),
}

/// A table among lines.
pub(super) struct TableLines<'l> {
    /// The header with the number of its line, unless there is none.
    pub header: Option<(&'l [u8], usize)>,
    /// The rows.
    pub rows: Lines<'l>,
    /// Of a block, what is passed over before the header and says something.
    pub passed_over: Lines<'l>,
}

impl Lines<'_> {
    /// The lines from a position on, which must be the beginning of one; its index goes on from 0.
    fn from(&self, start: usize) -> impl Iterator<Item = Line<'_>> {
        let mut next = start;
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = next;
            let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
            let end = start + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            next = end + 1;
            at += 1;
            let text = &self.text[start..end];
            Some(Line {
                at: at - 1,
                text: text.strip_suffix(b"\r").unwrap_or(text),
                start,
                next,
            })
        })
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Line<'_>> {
        self.from(0)
    }

    /// Each of them alone.
    pub(super) fn each(&self) -> impl Iterator<Item = Lines<'_>> {
        self.all().map(|line| Lines {
            text: Cow::Borrowed(line.text),
            numbers: LineNumbers::From(self.numbers.of(line.at)),
        })
    }

    /// Some of them.
    pub(super) fn chosen<'b>(&self, mut counts: impl FnMut(Line<'_>) -> bool) -> Lines<'b> {
        let (mut text, mut numbers) = (Vec::new(), Vec::new());
        for line in self.all() {
            if counts(line) {
                text.extend_from_slice(line.text);
                text.push(b'\n');
                numbers.push(self.numbers.of(line.at));
            }
        }
        Lines {
            text: Cow::Owned(text),
            numbers: LineNumbers::Listed(numbers),
        }
    }

    /// The header and the rows of the table that these lines are, as far as the format says where they stand.
    pub(super) fn table(
        &self,
        format: &OutputFormat,
        is_block: bool,
    ) -> Result<TableLines<'_>, OutputError> {
        let says_nothing = |line: &Line<'_>| line.is_blank() || (is_block && line.is_rule());
        let mut lines = self.all().peekable();
        // Where what is not passed over yet begins, and which line that is.
        let (mut start, mut first) = (0, 0);
        let mut header = None;
        let mut passed_over = Lines {
            text: Cow::default(),
            numbers: LineNumbers::Listed(Vec::new()),
        };
        for part in [
            Part::Before(format.skip_lines),
            Part::Header,
            Part::Behind(format.skip_rows),
        ] {
            match part {
                Part::Header if format.headless => {}
                Part::Header => {
                    let line = lines.find(|line| !says_nothing(line));
                    let line = line.ok_or_else(|| OutputError::Short {
                        line: self.last_number(),
                        what: "header",
                    })?;
                    if line.text.len() > LONGEST_HEADER {
                        let long = "its first line is longer than 1 MiB";
                        return Err(OutputError::NotText(long));
                    }
                    header = Some((line.text, self.numbers.of(line.at)));
                    (start, first) = (line.next, line.at + 1);
                }
                // In a block only lines count that say something.
                Part::Before(count) | Part::Behind(count) => {
                    let mut passed = 0;
                    while passed < count {
                        let Some(line) = lines.next() else {
                            start = self.text.len();
                            break;
                        };
                        passed += usize::from(!is_block || !says_nothing(&line));
                        (start, first) = (line.next, line.at + 1);
                    }
                    if is_block && matches!(part, Part::Before(1..)) {
                        passed_over =
                            self.chosen(|line| line.start < start && !says_nothing(&line));
                    }
                }
            }
        }
        // A table without a header begins with its first row, wherever that is; so does one in a block.
        if is_block || format.headless {
            while let Some(line) = lines.next_if(says_nothing) {
                (start, first) = (line.next, line.at + 1);
            }
        }
        let start = start.min(self.text.len());
        let end = start + self.end_of_rows(&self.text[start..], first, format, is_block)?;
        let text = &self.text[start..end];
        Ok(TableLines {
            header,
            passed_over,
            rows: Lines {
                text: Cow::Borrowed(text),
                numbers: match &self.numbers {
                    LineNumbers::From(number) => LineNumbers::From(number + first),
                    LineNumbers::Listed(numbers) => {
                        LineNumbers::Listed(numbers.get(first..).unwrap_or(&[]).to_vec())
                    }
                },
            },
        })
    }

    /// How much of `text`, which begins with the line `first` of these, is rows.
    fn end_of_rows(
        &self,
        text: &[u8],
        first: usize,
        format: &OutputFormat,
        is_block: bool,
    ) -> Result<usize, OutputError> {
        let rest = Lines {
            text: Cow::Borrowed(text),
            numbers: LineNumbers::From(0),
        };
        let mut end = text.len();
        if let Some(until) = &format.until {
            let begins = |line: &Line<'_>| {
                (line.text.trim_ascii_start()).starts_with(until.trim_start().as_bytes())
            };
            let line = rest.all().find(begins);
            end = (line.map(|line| line.start)).ok_or_else(|| OutputError::NoEnd {
                line: self.numbers.of(first).max(self.last_number()),
                text: until.clone(),
            })?;
        } else if is_block {
            let blank = rest.all().find(Line::is_blank);
            end = blank.map_or(end, |line| line.start);
        }
        end -= blank_lines_at_end(&text[..end]);
        for _ in 0..format.skip_last {
            let kept = memchr::memrchr(b'\n', &text[..end]).unwrap_or(0);
            end = kept - blank_lines_at_end(&text[..kept]);
        }
        Ok(end)
    }

    /// The number of the last line.
    fn last_number(&self) -> usize {
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        (self.numbers).of(memchr::memchr_iter(b'\n', text).count())
    }
}

/// How many bytes at the end are lines of nothing but white space.
fn blank_lines_at_end(text: &[u8]) -> usize {
    let content = text.trim_ascii_end().len();
    let rest = &text[content..];
    memchr::memchr(b'\n', rest).map_or(if content == 0 { rest.len() } else { 0 }, |newline| {
        rest.len() - newline
    })
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, format: &OutputFormat, is_block: bool) -> Vec<(String, usize)> {
        let section = Section::whole(text.as_bytes());
        let lines = section.lines(format);
        let table = lines.table(format, is_block).expect("a table");
        let found = table.rows.all().map(|line| {
            let text = String::from_utf8_lossy(line.text).into_owned();
            (text, table.rows.numbers.of(line.at))
        });
        found.collect()
    }

    #[test]
    fn rows_are_what_is_left() {
        let format = OutputFormat {
            skip_lines: 2,
            skip_rows: 1,
            comments: vec!["#".to_owned()],
            until: Some("Total".to_owned()),
            skip_last: 1,
            ..OutputFormat::default()
        };
        let text = "title\n# two\n\na b\n # units\nm s\n1 2\n# here\n3 4\r\n5 6\n\n Total 9\n7 8\n";
        let found = rows(text, &format, false);
        let expected = [("1 2".to_owned(), 7), ("3 4".to_owned(), 9)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_block_ends_with_its_lines() {
        let text =
            "in front\nNode A\n-----  -----\n h\n m\n=====\n 1\n 2\n\nother\nNode B\nh\nm\n3\n";
        let blocks = Section::blocks(text.as_bytes(), "Node").expect("blocks");
        let format = OutputFormat {
            skip_rows: 1,
            ..OutputFormat::default()
        };
        let mut found = Vec::new();
        for block in &blocks {
            let lines = block.lines(&format);
            let table = lines.table(&format, true).expect("a table");
            let rows = table.rows.all().map(|line| table.rows.numbers.of(line.at));
            found.push((
                block.block,
                table.header.map(|(_, line)| line),
                rows.collect::<Vec<_>>(),
            ));
        }
        let expected = [
            (Some(2), Some(4), vec![7, 8]),
            (Some(11), Some(12), vec![14]),
        ];
        assert_eq!(found, expected);
        let none = Section::blocks(b"a\nb", "Node").map(|blocks| blocks.len());
        assert!(none.is_err());
        let twice = Section::blocks(b"Node, Node\n1", "Node").expect("one");
        assert_eq!((twice.len(), twice[0].text), (1, &b"1"[..]));
    }

    #[test]
    fn a_table_that_ends_early_is_told() {
        let format = OutputFormat {
            skip_lines: 3,
            until: Some("Total".to_owned()),
            ..OutputFormat::default()
        };
        let error = |text: &str| {
            let lines = Section::whole(text.as_bytes()).lines(&format);
            let table = lines
                .table(&format, false)
                .map(|table| table.header.is_some());
            table.expect_err("no table").to_string()
        };
        assert_eq!(
            error("a\nb\n"),
            "line 2: the output ends here, before its header"
        );
        assert!(error("a\nb\n\nh\n1\n").starts_with("line 5: the output ends here, and no line"));
    }
}
