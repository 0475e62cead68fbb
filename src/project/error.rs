//! Errors in the project file: where, what, and what to do.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::text::wording::{self, Quotes};

/// The fields that are durations, which people state as numbers of seconds.
const DURATIONS: [&str; 5] = ["timeout", "timeout_floor", "task", "max_time", "ask_every"];

/// A fault in `rerunoff.toml` or in a file that it names.
#[derive(Debug)]
pub struct ProjectError {
    /// The file with the fault.
    pub file: PathBuf,
    /// Line and column, counted from 1, where they are known.
    pub place: Option<(usize, usize)>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ProjectError {}

/// Fields that a scenario replaces: their path in the project, and where they really stand.
pub(super) type Moved = Vec<(String, String)>;

/// The text of a project file and where each of its fields stands.
#[derive(Clone)]
pub(super) struct SourceText<'a> {
    path: &'a Path,
    text: &'a str,
    /// Where its fields stand, read when an error has to say so: catchments' own templates take a source each.
    table: OnceLock<Option<Arc<Spanned<DeTable<'a>>>>>,
    moved: Moved,
}

impl<'a> SourceText<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self {
            path,
            text,
            table: OnceLock::new(),
            moved: Moved::new(),
        }
    }

    /// The same source with some fields that stand elsewhere.
    pub(super) fn with_moved(&self, moved: Moved) -> Self {
        Self {
            moved,
            ..self.clone()
        }
    }

    /// The fields that stand elsewhere.
    pub(super) fn moved(&self) -> &Moved {
        &self.moved
    }

    /// Where this field really stands.
    fn origin(&self, field: &str) -> String {
        let inside = |(place, _): &&(String, String)| {
            field
                .strip_prefix(place.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        // The last one to take a place has it.
        match self.moved.iter().rev().find(inside) {
            Some((place, origin)) => format!("{origin}{}", &field[place.len()..]),
            None => field.to_owned(),
        }
    }

    /// An error at the field with this dotted path (`simulator.input.1.template`), or at its nearest parent.
    pub(super) fn error(&self, field: &str, message: impl fmt::Display) -> ProjectError {
        let field = self.origin(field);
        let place = self.find(&field).map(|offset| self.place(offset));
        ProjectError {
            file: self.path.to_owned(),
            place,
            message: format!("{field}: {message}"),
        }
    }

    /// An error of the TOML reader, with the nearest known name where a field is unknown.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> ProjectError {
        let message = error.message();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let unknown = quoted
            .next()
            .filter(|_| message.starts_with("unknown field"));
        let meant = unknown.and_then(|name| {
            let hint = wording::hint(name, quoted, Quotes::Backticks)?;
            Some(format!("unknown field `{name}`{hint}"))
        });
        let form = error.span().and_then(|span| self.right_form(message, span));
        let message = match (meant, form) {
            (Some(meant), _) => meant,
            (None, Some(form)) => format!("{message}; write {form}"),
            (None, None) if message == "missing field `product`" => {
                "there is no [product]; add it with `file = \"output.nc\"`, the file that all results go into".to_owned()
            }
            (None, None) => message.to_owned(),
        };
        ProjectError {
            file: self.path.to_owned(),
            place: error.span().map(|span| self.place(span.start)),
            message: message.replace('\n', " "),
        }
    }

    /// How a value of the wrong type is written, where its text tells what was meant.
    fn right_form(&self, message: &str, span: Range<usize>) -> Option<String> {
        let value = self.text.get(span.clone())?.trim();
        let before = self.text.get(..span.start)?.trim_end();
        let key = before.strip_suffix('=')?.trim_end();
        let is_of_key = |c: char| c.is_alphanumeric() || "_-".contains(c);
        let key = &key[key.trim_end_matches(is_of_key).len()..];
        if key.is_empty() {
            return None;
        }
        let is_number = value.parse::<f64>().is_ok();
        let words = value
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let form = if message.ends_with("expected a string") && is_number {
            match DURATIONS.contains(&key) {
                true => format!("\"{value}s\""),
                false => format!("\"{value}\""),
            }
        } else if message.ends_with("expected a string") && ["true", "false"].contains(&value) {
            format!("\"{value}\"")
        } else if message.ends_with("expected a sequence")
            && let Some(words) = words.filter(|words| !words.contains(['\\', '\'']))
        {
            let is_command = ["command", "after"].contains(&key);
            let words: Vec<&str> = match is_command {
                true => words.split_whitespace().collect(),
                false => vec![words],
            };
            format!("{words:?}")
        } else {
            return None;
        };
        Some(format!("`{key} = {form}`"))
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        (
            line,
            1 + String::from_utf8_lossy(&before[start..]).chars().count(),
        )
    }

    fn find(&self, field: &str) -> Option<usize> {
        let read = || DeTable::parse(self.text).ok().map(Arc::new);
        let table = self.table.get_or_init(read).as_ref()?;
        let mut steps = field.split('.');
        let (key, value) = table.get_ref().get_key_value(steps.next()?)?;
        let (mut offset, mut value) = (key.span().start, value);
        for step in steps {
            let found = match value.get_ref() {
                DeValue::Table(table) => table
                    .get_key_value(step)
                    .map(|(key, value)| (key.span().start, value)),
                DeValue::Array(array) => step
                    .parse()
                    .ok()
                    .and_then(|i: usize| array.get(i))
                    .map(|value| (value.span().start, value)),
                _ => None,
            };
            let Some(next) = found else { break };
            (offset, value) = next;
        }
        Some(offset)
    }
}
