//! PEST's template files: `ptf ~` on the first line, then text with cells between delimiters, `~  hk1   ~`.
//!
//! A cell is as wide as it is written, delimiters included, and its number stands at its right end, as exactly as there is room
//! for: see [`crate::language::format`]. PEST and PEST++ do the same, each with details of its own about the last digits. Names of
//! parameters are looked up whatever their capitals. Line ends stay as they are, and the first line falls away.

use super::error::{TemplateError, TemplateProblem};
use super::placeholder::{Place, Placeholder, Wanted};
use super::{Piece, Template, end_literal};
use crate::language::format::Format;
use crate::text::charset::Charset;

/// The longest name; that of PEST++.
const LONGEST_NAME: usize = 200;

/// Whether a text begins as PEST's template files do.
pub(crate) fn begins_as_pest(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(bytes);
    line.len() <= 80 && std::str::from_utf8(line).is_ok_and(|line| delimiter(line).is_some())
}

/// The delimiter that the first line names.
fn delimiter(line: &str) -> Option<char> {
    let mut words = line.split_whitespace();
    let kind = words.next()?.to_ascii_lowercase();
    let mark = words.next()?;
    let mut marks = mark.chars();
    let delimiter = marks.next().filter(|mark| !mark.is_alphanumeric())?;
    let is_alone = marks.next().is_none() && words.next().is_none();
    (is_alone && matches!(kind.as_str(), "ptf" | "jtf")).then_some(delimiter)
}

/// Parses a template file.
pub(super) fn parse(source: &str, charset: Charset) -> Result<Template, TemplateError> {
    let fault = |line: usize, column: usize, problem: String| TemplateError {
        line,
        column,
        problem: TemplateProblem::Foreign(problem),
    };
    let (first, text) = source.split_once('\n').unwrap_or((source, ""));
    let delimiter = delimiter(first.trim_start_matches('\u{feff}')).ok_or_else(|| {
        let rule = "the first line of one of PEST's template files is `ptf` and a delimiter, such as `ptf ~`";
        fault(1, 1, rule.to_owned())
    })?;
    let (mut pieces, mut literal) = (Vec::new(), String::new());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let mut parts = line.split(delimiter);
        let mut column = 1;
        while let Some(before) = parts.next() {
            literal.push_str(before);
            column += before.chars().count();
            let Some(cell) = parts.next() else { break };
            // What follows a cell is there, if only to be empty, where the delimiter that ends it is.
            if parts.clone().next().is_none() {
                let problem =
                    format!("the cell that `{delimiter}` begins is not ended on its line");
                return Err(fault(at + 2, column, problem));
            }
            let width = cell.chars().count() + 2;
            let name = name(cell).map_err(|problem| fault(at + 2, column, problem))?;
            end_literal(&mut literal, &mut pieces);
            pieces.push(Piece::Hole(Placeholder {
                name: name.to_owned(),
                format: Some(Format::Cell(width)),
                line: at + 2,
                column,
                place: Place::Plain,
                wanted: Wanted::InAnyCase,
                width: None,
            }));
            column += width;
        }
    }
    end_literal(&mut literal, &mut pieces);
    Ok(Template::of_pieces(source, charset, pieces))
}

/// The name of a parameter in a cell.
fn name(cell: &str) -> Result<&str, String> {
    let name = cell.trim();
    if name.is_empty() {
        Err("the cell names no parameter".to_owned())
    } else if name.contains(char::is_whitespace) {
        Err(format!(
            "{name:?} is no name of a parameter: a cell has one name, without blanks in it"
        ))
    } else if name.chars().count() > LONGEST_NAME {
        Err(format!(
            "the parameter's name has more than {LONGEST_NAME} characters"
        ))
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::value::Value;

    fn render(source: &str) -> Result<String, String> {
        let template = parse(source, Charset::UTF_8).map_err(|error| error.to_string())?;
        let scope = BTreeMap::from([
            ("hk1".to_owned(), Value::Number(0.012345678)),
            ("n".to_owned(), Value::Integer(5)),
            ("t".to_owned(), Value::Text("loam".to_owned())),
        ]);
        let mut out = Vec::new();
        template
            .render(&scope, &mut out)
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn cells_keep_their_places() {
        let rendered =
            render("ptf ~\r\nk ~ hk1  ~ {k}\r\n~hk1~~n~\n\n~     n      ~").expect("values");
        assert_eq!(rendered, "k .0123457 {k}\r\n.01235.0\n\n           5.0");
        assert_eq!(render("PTF  #\n#n #~").expect("values"), " 5.0~");
        assert_eq!(render("jtf @").expect("nothing"), "");
    }

    #[test]
    fn what_is_no_template_file_is_named_with_its_place() {
        for (source, why) in [
            ("k = 1", "line 1, column 1: the first line"),
            ("ptf x\n", "line 1, column 1: the first line"),
            ("ptf ~ ~\n", "line 1, column 1: the first line"),
            (
                "ptf ~\na\nb ~hk1\n~",
                "line 3, column 3: the cell that `~` begins is not ended",
            ),
            (
                "ptf ~\n~hk1~ ~ ~",
                "line 2, column 7: the cell names no parameter",
            ),
            ("ptf ~\n~a b~", "line 2, column 1: \"a b\" is no name"),
            (
                "ptf ~\n~ t ~",
                "line 2, column 1: placeholder `t`: the text \"loam\" is no number",
            ),
            (
                "ptf ~\n~HK1~",
                "line 2, column 1: placeholder `HK1`: nothing has this name",
            ),
        ] {
            let message = render(source).expect_err(source);
            assert!(message.starts_with(why), "{message}");
        }
    }

    #[test]
    fn the_first_line_tells() {
        assert!(
            begins_as_pest(b"ptf ~\r\nk")
                && begins_as_pest(b"JTF #")
                && begins_as_pest(b" ptf  $ \n")
        );
        for other in [
            &b""[..],
            b"ptf",
            b"ptf k\n",
            b"ptf ~~\n",
            b"ptf ~ k\n",
            b"k\nptf ~\n",
            b"\xff ~\n",
        ] {
            assert!(!begins_as_pest(other));
        }
    }
}
