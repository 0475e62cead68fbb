//! The expressions of Dakota's templates: those of Python that mean the same in a formula of rerunoff.

use super::placeholder::Wanted;
use crate::language::format::{Format, FormatLayout};
use crate::language::formula::Expr;
use crate::text::name::{continues_name, split_name};

/// How numbers print.
const FORMAT: &str = ".10g";
/// The functions that compute what Python's of the same name do.
const FUNCTIONS: [&str; 21] = [
    "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "exp", "floor", "log", "log10",
    "log2", "max", "min", "pow", "sin", "sinh", "sqrt", "tan", "tanh",
];
/// Words that operate on truth in Python.
const TRUTH: [&str; 6] = ["and", "or", "not", "if", "else", "in"];

/// The name, what of it, and the format of an expression in braces.
pub(super) fn expression(text: &str) -> Result<(String, Wanted, Format), String> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let form = "of texts only a format is read, such as {\"%8.3f\" % x1}";
        let (format, behind) = text[1..].split_once(quote).ok_or(form)?;
        let value = behind.trim_start().strip_prefix('%').ok_or(form)?.trim();
        let format = printf(format).ok_or_else(|| {
            format!("the format {format:?} is not read; it has one `%`, such as \"%8.3f\" or \"%-12.4E\"")
        })?;
        let value = match parenthesised(value) {
            Some(inside) => inside.trim().trim_end_matches(',').trim(),
            None if value.contains(|c: char| !continues_name(c)) => {
                // Python formats before it adds or multiplies.
                return Err(format!(
                    "write parentheses around `{value}` behind the format"
                ));
            }
            None => value,
        };
        let (name, wanted) = computed(value)?;
        return Ok((name, wanted, Format::Layout(format)));
    }
    let format = FormatLayout::parse(FORMAT).map_err(|error| error.to_string())?;
    let (name, wanted) = computed(text)?;
    Ok((name, wanted, Format::Numbers(format)))
}

/// What is within parentheses that enclose all of a text.
fn parenthesised(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    let stays = inside.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    });
    (stays && depth == 0).then_some(inside)
}

/// A name, an element of a list, or a formula.
fn computed(text: &str) -> Result<(String, Wanted), String> {
    let (name, behind) = split_name(text);
    if !name.is_empty() && behind.is_empty() {
        return Ok((name.to_owned(), Wanted::Value));
    }
    let element = behind
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let (false, Some(Ok(at))) = (name.is_empty(), element.map(str::parse::<usize>)) {
        return Ok((name.to_owned(), Wanted::Element(at)));
    }
    let bare = text.replace(">=", " ").replace("<=", " ");
    let bare = bare.replace("==", " ").replace("!=", " ");
    if bare.contains('=') {
        return Err(format!(
            "`{text}` sets a variable; state it under [parameters] of rerunoff.toml, and write only its name here"
        ));
    }
    if let Some(c) = text
        .chars()
        .find(|c| !(continues_name(*c) || " \t+-*/^%(),".contains(*c)))
    {
        return Err(format!(
            "`{text}` is more of Python than is read (`{c}`): names, numbers, + - * / % ^ **, parentheses and functions"
        ));
    }
    let formula = translated(text)?;
    let parsed = Expr::parse(&formula).map_err(|error| format!("in `{text}`, {error}"))?;
    Ok((text.to_owned(), Wanted::Formula(parsed)))
}

/// The expression with the names that formulas have for functions.
fn translated(text: &str) -> Result<String, String> {
    let mut formula = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (word, behind) = split_name(rest);
        if word.is_empty() {
            // Digits with what belongs to them, so that no letter of `1e5` is taken for a name.
            let length = match c.is_ascii_digit() {
                true => rest.find(|c| !continues_name(c)).unwrap_or(rest.len()),
                false => c.len_utf8(),
            };
            formula.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if TRUTH.contains(&word) {
            return Err(format!(
                "`{word}` of Python is not read; compute it as a parameter in rerunoff.toml"
            ));
        }
        let is_function = behind.trim_start().starts_with('(');
        if is_function && !FUNCTIONS.contains(&word) {
            return Err(format!(
                "the function `{word}` is not read; there are {}",
                FUNCTIONS.join(", ")
            ));
        }
        formula.push_str(match (is_function, word) {
            (true, "log") => "ln",
            _ => word,
        });
        rest = behind;
    }
    Ok(formula)
}

/// The layout of one of C's formats for a number.
fn printf(format: &str) -> Option<FormatLayout> {
    let mut rest = format.strip_prefix('%')?;
    let (mut align, mut sign, mut zero) = (">", "", "");
    while let Some(flag) = rest.chars().next() {
        match flag {
            '-' => align = "<",
            '+' => sign = "+",
            ' ' if sign.is_empty() => sign = " ",
            '0' => zero = "0",
            _ => break,
        }
        rest = &rest[1..];
    }
    if !rest.ends_with(['e', 'E', 'f', 'F', 'g', 'G', 'd']) {
        return None;
    }
    let layout = match (align, zero) {
        (">", "0") => format!("{sign}0{rest}"),
        _ => format!("{align}{sign}{rest}"),
    };
    FormatLayout::parse(&layout).ok()
}
