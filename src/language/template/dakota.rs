//! Dakota's templates, as its `dprepro` reads them: `{x1}`, `{x1 * sqrt(x2)}`, `{"%8.3f" % x1}`; `\{` is a brace.
//!
//! Expressions are computed by [`crate::language::formula`]; only those are read that mean there what they mean in Python. Numbers
//! print as by `%0.10g`. `dprepro` runs Python, and this does not: lines and blocks of code, assignments, other delimiters and
//! methods are refused, with what to do instead.

use super::error::{At, TemplateError, TemplateProblem};
use super::expression::expression;
use super::placeholder::{Place, Placeholder};
use super::{Piece, Template, end_literal};
use crate::text::charset::Charset;

/// Parses a template.
pub(super) fn parse(source: &str, charset: Charset) -> Result<Template, TemplateError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut start = 0;
    for (at, line) in source.split_inclusive('\n').enumerate() {
        let fault = |offset: usize, problem: TemplateProblem| {
            At {
                offset: start + offset,
                problem,
            }
            .in_source(source)
        };
        let foreign = |offset: usize, what: &str| {
            fault(
                offset,
                TemplateProblem::Foreign(format!("{what}{NOT_READ}")),
            )
        };
        if at == 0 && line.contains("PREPRO_") {
            return Err(foreign(0, "the first line sets other delimiters"));
        }
        let is_last = start + line.len() == source.len();
        if is_last && line.trim_end_matches(['\r', '\n']).ends_with("\\\\") {
            return Err(foreign(0, "`\\\\` at the end joins lines"));
        }
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line[indent..].starts_with('%') {
            return Err(foreign(
                indent,
                "a line that begins with `%` is Python code",
            ));
        }
        let mut done = 0;
        if line[indent..].starts_with("\\%") {
            literal.push_str(&line[..indent]);
            done = indent + 1;
        }
        while let Some(found) = line[done..].find(['{', '}']) {
            let brace = done + found;
            let before = &line[done..brace];
            let slashes = before.len() - before.trim_end_matches('\\').len();
            if slashes > 0 {
                literal.push_str(&before[..before.len() - 1]);
                literal.push_str(&line[brace..=brace]);
                done = brace + 1;
                continue;
            }
            literal.push_str(before);
            if line[brace..].starts_with('}') {
                literal.push('}');
                done = brace + 1;
                continue;
            }
            if line[brace..].starts_with("{%") {
                return Err(foreign(brace, "`{%` begins a block of Python code"));
            }
            let length = end(&line[brace + 1..]).ok_or_else(|| {
                let rule = "`{` is not closed by `}` on its line; write `\\{` for a brace";
                fault(brace, TemplateProblem::Foreign(rule.to_owned()))
            })?;
            let inside = &line[brace + 1..brace + 1 + length];
            let (name, wanted, format) = expression(inside.trim())
                .map_err(|what| fault(brace, TemplateProblem::Foreign(what)))?;
            end_literal(&mut literal, &mut pieces);
            pieces.push(Piece::Hole(Placeholder {
                name,
                format: Some(format),
                line: at + 1,
                column: line[..brace].chars().count() + 1,
                place: Place::Plain,
                wanted,
                width: None,
            }));
            done = brace + 1 + length + 1;
        }
        literal.push_str(&line[done..]);
        start += line.len();
    }
    end_literal(&mut literal, &mut pieces);
    Ok(Template::of_pieces(source, charset, pieces))
}

const NOT_READ: &str =
    ", which rerunoff does not run; write its result, or a parameter for it in rerunoff.toml";

/// Where the expression ends that a text begins with: at the first `}` outside of quotes.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '}') => return Some(at),
            (None, '\n') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::value::Value;

    fn render(source: &str) -> Result<String, String> {
        let template = parse(source, Charset::UTF_8).map_err(|error| error.to_string())?;
        let scope = BTreeMap::from([
            ("x1".to_owned(), Value::Number(0.1234567890123)),
            ("x2".to_owned(), Value::Number(-2.5e-7)),
            ("n".to_owned(), Value::Integer(12_345_678_901)),
            ("soil".to_owned(), Value::Text("loam".to_owned())),
            ("d".to_owned(), Value::List(vec![Value::Number(0.5)])),
        ]);
        let mut out = Vec::new();
        template
            .render(&scope, &mut out)
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    /// The texts on the right are what Python 3 prints for `'%0.10g' % …`.
    #[test]
    fn numbers_print_as_dprepro_does() {
        for (source, wanted) in [
            ("a = {x1}\r\n{ x2 }", "a = 0.123456789\r\n-2.5e-07"),
            ("{n} {soil} {d[0]}", "1.23456789e+10 loam 0.5"),
            ("{x1 * 2 + 1}", "1.246913578"),
            ("{2**-1 + -x2**2}", "0.5"),
            ("{2 ** 3 ** 2} {7 % 3} {-7 % 3}", "512 1 2"),
            ("{log(10)} {log10(1e5)}", "2.302585093 5"),
            ("{ sqrt( 2 ) }", "1.414213562"),
            (
                "{\"%8.3f\" % x1}|{'%-12.4E' % (x1*10)}|{'%010.2e'%x2}|{'%+d' % n}",
                "   0.123|1.2346E+00  |-02.50e-07|+12345678901",
            ),
        ] {
            assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
        }
    }

    #[test]
    fn braces_are_escaped() {
        for (source, wanted) in [
            ("\\{A=5\\} {x1}", "{A=5} 0.123456789"),
            ("\\\\{A\\\\} }", "\\{A\\} }"),
            ("  \\% {x1}\n 5 % 3", "  % 0.123456789\n 5 % 3"),
        ] {
            assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
        }
    }

    #[test]
    fn what_is_python_is_refused() {
        for (source, why) in [
            (
                "a\n % x = 3",
                "line 2, column 2: a line that begins with `%` is Python code",
            ),
            ("a {% x = 3 %}", "line 1, column 3: `{%` begins a block"),
            ("{x = 3}", "line 1, column 1: `x = 3` sets a variable"),
            (
                "# DPREPRO_INLINE << >>\n",
                "line 1, column 1: the first line sets",
            ),
            ("{x1 > 3}", "line 1, column 1: `x1 > 3` is more of Python"),
            ("{x1 and 1}", "line 1, column 1: `and` of Python"),
            (
                "{round(x1)}",
                "line 1, column 1: the function `round` is not read",
            ),
            ("{\"a\"}", "line 1, column 1: of texts only a format"),
            (
                "{'%s' % x1}",
                "line 1, column 1: the format \"%s\" is not read",
            ),
            ("{'%5.2f' % x1 * 3}", "line 1, column 1: write parentheses"),
            ("{x1", "line 1, column 1: `{` is not closed"),
            ("{}", "line 1, column 1: in ``"),
            ("{1/0}", "line 1, column 1: placeholder `1/0`: it gives inf"),
            (
                "{soil * 2}",
                "line 1, column 1: placeholder `soil * 2`: soil is no number",
            ),
            ("{d}", "line 1, column 1: placeholder `d`: d is a list"),
            ("a \\\\\n", "line 1, column 1: `\\\\` at the end"),
        ] {
            let message = render(source).expect_err(source);
            assert!(message.starts_with(why), "{source}: {message}");
        }
    }
}
