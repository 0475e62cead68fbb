//! The command lines of an engine that rerunoff does not know, as a user writes them: words with placeholders.
//!
//! `qsub -t 1-{tasks} -N {name} {options} {script}` is split into words as a shell would do it, with its quotes; then the
//! placeholders in each word are filled in, so that no value can become several words or anything else that a shell reads. No
//! shell runs it. What the placeholders' values are is known to those who fill them in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::wording::{self, Quotes};

/// A command line with placeholders.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandLine {
    text: String,
    words: Vec<Vec<Part>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Filled(Placeholder),
}

/// What is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// The number of tasks.
    Tasks,
    /// The index of the first task.
    First,
    /// The index of the last task.
    Last,
    /// The job's name.
    Name,
    /// The time that a task may take, in seconds.
    Seconds,
    /// The same as `HH:MM:SS`.
    Hms,
    /// The same in minutes, rounded up.
    Minutes,
    /// A task's memory in units of 1024 × 1024 bytes, rounded up.
    MemoryMb,
    /// A task's cores.
    Cores,
    /// All options; a word with it in it is repeated for each.
    Options,
    /// The script to run.
    Script,
    /// A file for what the engine itself prints about a job.
    Log,
    /// The ids of jobs; a word with it in it is repeated for each.
    Jobs,
}

impl Placeholder {
    const ALL: [(&str, Self); 13] = [
        ("tasks", Self::Tasks),
        ("first", Self::First),
        ("last", Self::Last),
        ("name", Self::Name),
        ("seconds", Self::Seconds),
        ("hms", Self::Hms),
        ("minutes", Self::Minutes),
        ("memory_mb", Self::MemoryMb),
        ("cores", Self::Cores),
        ("options", Self::Options),
        ("script", Self::Script),
        ("log", Self::Log),
        ("jobs", Self::Jobs),
    ];

    fn find(name: &str) -> Result<Self, String> {
        match Self::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, placeholder)) => Ok(*placeholder),
            None => {
                let known = || Self::ALL.iter().map(|(known, _)| *known);
                let hint = wording::hint(name, known(), Quotes::Braces).unwrap_or_else(|| {
                    let known: Vec<String> = known().map(|known| format!("{{{known}}}")).collect();
                    format!("; there are {}", known.join(" "))
                });
                Err(format!("{{{name}}} is not known{hint}"))
            }
        }
    }

    /// Whether it has several values.
    fn is_list(self) -> bool {
        matches!(self, Self::Options | Self::Jobs)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, known)| known == self);
        write!(f, "{{{}}}", name.map_or("", |(name, _)| name))
    }
}

impl CommandLine {
    /// Reads a command line.
    ///
    /// # Errors
    /// What is wrong with it and what to write.
    pub fn new(text: &str) -> Result<Self, String> {
        let words = shlex::split(text).ok_or("has a quotation mark that is not closed")?;
        if words.is_empty() {
            return Err("is empty; name the command".to_owned());
        }
        let words = words.iter().map(|word| parts(word));
        Ok(Self {
            text: text.to_owned(),
            words: words.collect::<Result<_, _>>()?,
        })
    }

    /// The command line as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The program, where it does not depend on a placeholder.
    pub fn program(&self) -> Option<&str> {
        match self.words.first().map(Vec::as_slice) {
            Some([Part::Text(program)]) => Some(program),
            _ => None,
        }
    }

    /// All placeholders, in the order in which they stand.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.words.iter().flatten().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Filled(placeholder) => Some(*placeholder),
        })
    }

    /// Whether this placeholder stands in it.
    pub fn has(&self, wanted: Placeholder) -> bool {
        self.placeholders().any(|placeholder| placeholder == wanted)
    }

    /// The program and its arguments, with these values. A word with a list in it is repeated for each of the list's values, and
    /// left out if there are none; of the other placeholders each has one value.
    pub fn fill(&self, values: &dyn Fn(Placeholder) -> Vec<String>) -> Vec<String> {
        let mut filled = Vec::new();
        for word in &self.words {
            let list = word.iter().find_map(|part| match part {
                Part::Filled(placeholder) if placeholder.is_list() => Some(values(*placeholder)),
                _ => None,
            });
            // A word without a list stands once.
            for item in list.unwrap_or_else(|| vec![String::new()]) {
                let part = |part: &Part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Filled(placeholder) if placeholder.is_list() => item.clone(),
                    Part::Filled(placeholder) => values(*placeholder).concat(),
                };
                filled.push(word.iter().map(part).collect());
            }
        }
        filled
    }
}

/// The text and the placeholders of a word; `{{` and `}}` are braces.
fn parts(word: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        rest = match after.strip_prefix(brace) {
            Some(after) => {
                text.push_str(brace);
                after
            }
            None => {
                let close = after.find('}').filter(|_| brace == "{");
                let close = close.ok_or_else(|| {
                    format!("a brace in {word:?} stands alone; write {brace}{brace}")
                })?;
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Filled(Placeholder::find(&after[..close])?));
                &after[close + 1..]
            }
        };
    }
    text.push_str(rest);
    if !text.is_empty() || parts.is_empty() {
        parts.push(Part::Text(text));
    }
    let lists = parts
        .iter()
        .filter(|part| matches!(part, Part::Filled(placeholder) if placeholder.is_list()));
    match lists.count() {
        0 | 1 => Ok(parts),
        _ => Err(format!(
            "{word:?} has more than one list in it; {{options}} and {{jobs}} are words of their own"
        )),
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl TryFrom<String> for CommandLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<CommandLine> for String {
    fn from(line: CommandLine) -> Self {
        line.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fill(text: &str) -> Vec<String> {
        let values = |placeholder| match placeholder {
            Placeholder::Options => vec!["-q".to_owned(), "short jobs".to_owned()],
            Placeholder::Jobs => vec!["17".to_owned(), "18".to_owned()],
            Placeholder::Script => vec!["/a b/script; rm".to_owned()],
            other => vec![other.to_string().len().to_string()],
        };
        CommandLine::new(text)
            .expect("a command line")
            .fill(&values)
    }

    #[test]
    fn values_stay_in_their_words() {
        assert_eq!(
            fill("bsub -J '{name}[1-{tasks}]' {options} \"{script}\""),
            [
                "bsub",
                "-J",
                "6[1-7]",
                "-q",
                "short jobs",
                "/a b/script; rm"
            ]
        );
        assert_eq!(fill("qdel {jobs}[]"), ["qdel", "17[]", "18[]"]);
        assert_eq!(fill("say {{{cores}}} ''"), ["say", "{7}", ""]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fault = |text: &str| CommandLine::new(text).expect_err(text);
        assert_eq!(
            fault("qsub {task}"),
            "{task} is not known; did you mean {tasks}?"
        );
        assert!(fault("qsub {}").contains("there are {tasks} {first}"));
        assert_eq!(
            fault("qsub {tasks"),
            "a brace in \"{tasks\" stands alone; write {{"
        );
        assert!(fault("qsub }").contains("write }}"));
        assert!(fault("qsub 'a").contains("not closed"));
        assert!(fault(" ").contains("empty"));
        assert!(fault("qdel {jobs}{options}").contains("more than one list"));
    }

    #[test]
    fn the_program_is_known_unless_it_is_filled_in() {
        let program = |text: &str| {
            let line = CommandLine::new(text).expect("a command line");
            line.program().map(str::to_owned)
        };
        assert_eq!(program("'my qsub' {script}").as_deref(), Some("my qsub"));
        assert_eq!(program("{script}"), None);
    }

    proptest! {
        #[test]
        fn words_without_braces_are_themselves(words in prop::collection::vec("[ -z|~]+", 1..5)) {
            let text = shlex::try_join(words.iter().map(String::as_str)).expect("no NUL");
            let line = CommandLine::new(&text).expect("a command line");
            prop_assert_eq!(line.fill(&|_| Vec::new()), words);
            prop_assert_eq!(CommandLine::try_from(String::from(line.clone())), Ok(line));
        }

        #[test]
        fn nothing_breaks_it(text in ".*") {
            let _ = CommandLine::new(&text);
        }
    }
}
