//! What stands in braces, as it is written: placeholders, `{#each step wrap=8 sep=", "}` and `{/each}`.

use std::borrow::Cow;
use std::fmt;

use super::error::TemplateProblem;
use super::placeholder::{Place, Wanted};
use crate::language::format::Format;
use crate::language::xml;
use crate::text::name::split_name;

/// What ends a block.
pub(super) const END: &str = "{/each}";
/// The name that stands for the time steps.
const STEP: &str = "step";
/// More in a line than this is a slip.
const MOST_IN_LINE: usize = 9_999;

/// What a block is repeated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The time steps.
    Steps,
    /// The elements of these lists, side by side.
    Lists(Vec<String>),
}

/// The tag that begins a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    pub over: Over,
    /// How many go on a line.
    pub wrap: Option<usize>,
    /// What stands between two.
    pub separator: String,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => f.write_str("step"),
            Self::Lists(names) => f.write_str(&names.join(", ")),
        }
    }
}

/// Reads the tag at the start of `rest`, and its length.
pub(super) fn opening(rest: &str) -> Result<(Opening, usize), TemplateProblem> {
    let fault = |what: &str| TemplateProblem::Block(what.to_owned());
    let mut inside = rest
        .strip_prefix("{#each")
        .filter(|inside| inside.starts_with([' ', '\t']))
        .ok_or_else(|| fault("it is followed by `each` and what the block is repeated for"))?;
    let mut lists = Vec::new();
    loop {
        let (name, behind) = split_name(blanks_off(inside));
        if name.is_empty() {
            return Err(fault(
                "`each` takes `step`, or the names of lists with commas between them",
            ));
        }
        lists.push(name.to_owned());
        inside = blanks_off(behind);
        match inside.strip_prefix(',') {
            Some(more) => inside = more,
            None => break,
        }
    }
    let over = match lists.as_slice() {
        [only] if only == STEP => Over::Steps,
        lists if lists.iter().any(|name| name == STEP) => {
            return Err(fault("`step` goes alone, not side by side with lists"));
        }
        _ => Over::Lists(lists),
    };
    let mut opening = Opening {
        over,
        wrap: None,
        separator: String::new(),
    };
    loop {
        if let Some(behind) = inside.strip_prefix('}') {
            return Ok((opening, rest.len() - behind.len()));
        }
        if let Some(number) = inside.strip_prefix("wrap=") {
            let length = number.bytes().take_while(u8::is_ascii_digit).count();
            let wrap = number[..length].parse().ok();
            opening.wrap = Some(
                wrap.filter(|wrap| (1..=MOST_IN_LINE).contains(wrap))
                    .ok_or_else(|| fault("`wrap` is a whole number from 1 to 9999"))?,
            );
            inside = blanks_off(&number[length..]);
        } else if let Some(text) = inside.strip_prefix("sep=") {
            let quoted = text.strip_prefix(['"', '\'']).zip(text.chars().next());
            let separator = quoted.and_then(|(inner, quote)| inner.split_once(quote));
            let (separator, behind) = separator
                .filter(|(separator, _)| !separator.contains(['\n', '{', '}']))
                .ok_or_else(|| {
                    fault("`sep` is a text in quotes such as sep=\", \", without braces and on one line")
                })?;
            opening.separator = separator.to_owned();
            inside = blanks_off(behind);
        } else {
            return Err(fault(
                "behind what it is repeated for there may be wrap=8 and sep=\", \", then `}`",
            ));
        }
    }
}

/// Reads `{name}`, `{name[0]}` or `{name:format}` at the start of `rest`: name, what of it, format and length.
pub(super) fn placeholder(
    rest: &str,
    place: Place,
) -> Result<(&str, Wanted, Option<Format>, usize), TemplateProblem> {
    let (name, mut behind) = split_name(&rest[1..]);
    if name.is_empty() {
        return Err(TemplateProblem::Opening);
    }
    let mut wanted = Wanted::Value;
    if let Some(inside) = behind.strip_prefix('[') {
        let element = inside.split_once(']').and_then(|(number, behind)| {
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            Some((number.parse().ok().filter(|_| is_number)?, behind))
        });
        let (number, after) = element.ok_or(TemplateProblem::Opening)?;
        (wanted, behind) = (Wanted::Element(number), after);
    }
    let length = rest.len() - behind.len();
    if behind.starts_with('}') {
        return Ok((name, wanted, None, length + 1));
    }
    let format = behind.strip_prefix(':').ok_or(TemplateProblem::Opening)?;
    let end = format
        .find(['{', '}', '\n'])
        .filter(|end| format[*end..].starts_with('}'));
    let end = end.ok_or_else(|| TemplateProblem::Unclosed(name.to_owned()))?;
    let text = match place {
        Place::Xml(xml::XmlPlace::Text | xml::XmlPlace::Attribute) => xml::unescape(&format[..end]),
        Place::Plain | Place::Xml(xml::XmlPlace::CData | xml::XmlPlace::Instruction) => {
            Cow::Borrowed(&format[..end])
        }
    };
    let parsed = Format::parse(&text).map_err(|problem| TemplateProblem::Format {
        name: name.to_owned(),
        problem,
    })?;
    Ok((name, wanted, Some(parsed), length + 1 + end + 1))
}

fn blanks_off(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str) -> (Over, Option<usize>, String) {
        let (opening, length) = opening(&format!("{tag}behind")).expect(tag);
        assert_eq!(length, tag.len());
        (opening.over, opening.wrap, opening.separator)
    }

    #[test]
    fn tags_say_what_is_repeated() {
        assert_eq!(read("{#each step}"), (Over::Steps, None, String::new()));
        assert_eq!(
            read("{#each  step  wrap=10 }"),
            (Over::Steps, Some(10), String::new())
        );
        let lists = Over::Lists(vec!["depths".to_owned(), "k.sat".to_owned()]);
        assert_eq!(
            read("{#each depths , k.sat sep=', ' wrap=3}"),
            (lists, Some(3), ", ".to_owned())
        );
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for (tag, why) in [
            ("{#if k}", "followed by `each`"),
            ("{#each}", "followed by `each`"),
            ("{#each }", "takes `step`"),
            ("{#each 1}", "takes `step`"),
            ("{#each a b}", "there may be"),
            ("{#each a,}", "takes `step`"),
            ("{#each a, step}", "goes alone"),
            ("{#each a wrap=0}", "whole number"),
            ("{#each a wrap=x}", "whole number"),
            ("{#each a sep=,}", "text in quotes"),
            ("{#each a sep=\", }", "text in quotes"),
            ("{#each a", "there may be"),
        ] {
            let problem = opening(tag).expect_err(tag).to_string();
            assert!(problem.contains(why), "{tag}: {problem}");
        }
    }
}
