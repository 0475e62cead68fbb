//! One part of a key in words, as it is now or as it changed.

use std::collections::HashMap;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::plan::key::{KeyPart, Remembered};
use crate::plan::loaded::LoadedScenario;
use crate::plan::support::SupportFile;
use crate::report::text_diff::changed_lines;
use crate::store::Store;
use crate::system::regular;

/// Where an earlier text or series is missing.
const UNKNOWN: &str = "it is not in the store any more";

/// The present of one catchment, and the store, which knows the past.
pub(super) struct Words<'a> {
    loaded: &'a LoadedScenario<'a>,
    store: Option<&'a Store>,
    /// The present texts, by digest.
    texts: HashMap<Digest, Vec<u8>>,
    /// The catchment's present series, in the order of the recipe's columns.
    series: Vec<Vec<f64>>,
    /// The files that it has for itself.
    own: Vec<SupportFile>,
}

impl<'a> Words<'a> {
    pub(super) fn new(
        loaded: &'a LoadedScenario<'a>,
        store: Option<&'a Store>,
        texts: Vec<Vec<u8>>,
        series: Vec<Vec<f64>>,
        own: Vec<SupportFile>,
    ) -> Self {
        let texts = texts.into_iter().map(|text| (Digest::of(&text), text));
        Self {
            loaded,
            store,
            texts: texts.collect(),
            series,
            own,
        }
    }

    /// The scenario of the catchment.
    pub(super) fn loaded(&self) -> &LoadedScenario<'a> {
        self.loaded
    }

    /// A part as it is now, in one line.
    pub(super) fn present(&self, part: &KeyPart, now: &Remembered) -> Result<String> {
        Ok(match part {
            KeyPart::Series(name) => {
                format!("{name}: a series of {} values", self.loaded.basin.steps())
            }
            KeyPart::Template(_)
            | KeyPart::Support(_)
            | KeyPart::Program
            | KeyPart::Read(_)
            | KeyPart::AfterProgram(_) => {
                let digest = now.digest().map(|digest| format!(", digest {digest:?}"));
                format!("{part}{}", digest.unwrap_or_default())
            }
            KeyPart::Time => {
                let time = self.loaded.basin.time();
                format!("{part}: {}", time.map_or("none".to_owned(), axis))
            }
            KeyPart::Directories
            | KeyPart::Command
            | KeyPart::After
            | KeyPart::Output
            | KeyPart::Table(_) => {
                let text = self.text(now)?.unwrap_or_default();
                format!("{part}: {}", words(&text))
            }
            KeyPart::Parameter(_)
            | KeyPart::Environment(_)
            | KeyPart::Contract(_)
            | KeyPart::Processor
            | KeyPart::File(_) => {
                format!("{part} = {}", self.text(now)?.unwrap_or_default())
            }
        })
    }

    /// What a part was or is, if it is a short text of its own.
    pub(super) fn value(
        &self,
        part: &KeyPart,
        remembered: Option<&Remembered>,
    ) -> Result<Option<String>> {
        match (part, remembered) {
            (
                KeyPart::Parameter(_)
                | KeyPart::Environment(_)
                | KeyPart::Contract(_)
                | KeyPart::Processor,
                Some(remembered),
            ) => self.text(remembered),
            _ => Ok(None),
        }
    }

    /// How a part changed; the first line names it.
    pub(super) fn change(
        &self,
        part: &KeyPart,
        then: Option<&Remembered>,
        now: Option<&Remembered>,
    ) -> Result<Vec<String>> {
        let (then, now) = match (then, now) {
            (None, None) => return Ok(Vec::new()),
            (None, Some(_)) if let KeyPart::File(name) = part => return Ok(vec![rendered(name)]),
            (None, Some(now)) => return Ok(vec![format!("{} (new)", self.present(part, now)?)]),
            (Some(then), None) => {
                let was = match part {
                    KeyPart::Parameter(_)
                    | KeyPart::Environment(_)
                    | KeyPart::Contract(_)
                    | KeyPart::Processor => {
                        format!(", was {}", self.text(then)?.unwrap_or_default())
                    }
                    _ => String::new(),
                };
                return Ok(vec![format!("{part} is no longer there{was}")]);
            }
            (Some(then), Some(now)) => (then, now),
        };
        Ok(match part {
            KeyPart::Series(name) => self.series(name, then)?,
            KeyPart::Template(_) | KeyPart::Table(_) => self.lines(part, then, now)?,
            KeyPart::Time => vec![self.time(then)?],
            KeyPart::Support(name) => vec![self.support(part, Some(name), then)?],
            KeyPart::Program | KeyPart::AfterProgram(_) => {
                vec![self.support(part, None, then)?]
            }
            KeyPart::Read(_) => vec![format!("{part} changed")],
            KeyPart::File(name) => vec![rendered(name)],
            KeyPart::Command | KeyPart::After | KeyPart::Directories | KeyPart::Output => {
                let text = |remembered| -> Result<String> {
                    Ok(self
                        .text(remembered)?
                        .map_or(UNKNOWN.to_owned(), |text| words(&text)))
                };
                vec![format!("{part}: {} → {}", text(then)?, text(now)?)]
            }
            KeyPart::Parameter(_)
            | KeyPart::Environment(_)
            | KeyPart::Contract(_)
            | KeyPart::Processor => {
                let text = |remembered| -> Result<String> {
                    Ok(self.text(remembered)?.unwrap_or_else(|| UNKNOWN.to_owned()))
                };
                vec![format!("{part}: {} → {}", text(then)?, text(now)?)]
            }
        })
    }

    /// The text of a part: its own, or the one with the remembered digest.
    fn text(&self, remembered: &Remembered) -> Result<Option<String>> {
        match remembered {
            Remembered::Text(text) => Ok(Some(text.clone())),
            Remembered::Digest(digest) => self.content(digest),
        }
    }

    fn content(&self, digest: &Digest) -> Result<Option<String>> {
        Ok(self
            .bytes(digest)?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        if let Some(text) = self.texts.get(digest) {
            return Ok(Some(text.clone()));
        }
        match self.store {
            Some(store) => Ok(store.content(digest)?),
            None => Ok(None),
        }
    }

    /// A template, remembered by the digest of its text, or a table's header, row and footer.
    fn lines(&self, part: &KeyPart, then: &Remembered, now: &Remembered) -> Result<Vec<String>> {
        let text = |remembered: &Remembered| match part {
            KeyPart::Template(_) => match remembered.digest() {
                Some(digest) => self.content(&digest),
                None => Ok(None),
            },
            _ => Ok(self.text(remembered)?.map(|text| text.replace('\0', ""))),
        };
        let (Some(then), Some(now)) = (text(then)?, text(now)?) else {
            return Ok(vec![format!(
                "{part}: another text than the earlier one; {UNKNOWN}"
            )]);
        };
        let mut lines = vec![format!("{part}:")];
        lines.extend(changed_lines(&then, &now));
        Ok(lines)
    }

    fn time(&self, then: &Remembered) -> Result<String> {
        let bytes = match then.digest() {
            Some(digest) => self.bytes(&digest)?,
            None => None,
        };
        let then = bytes.and_then(|bytes| TimeAxis::from_bytes(&bytes));
        let then_text = then.as_ref().map_or(UNKNOWN.to_owned(), axis);
        let Some(now) = self.loaded.basin.time() else {
            return Ok(format!("the time steps: {then_text} → none"));
        };
        let mut text = format!("the time steps: {then_text} → {}", axis(now));
        let differs = |at: &usize| {
            then.as_ref()
                .is_some_and(|then| then.nanoseconds().get(*at) != now.nanoseconds().get(*at))
        };
        if let Some(at) = (0..now.len()).find(differs) {
            text.push_str(&format!(
                "; they part at step {at}, now {}",
                now.date_time(at)
            ));
        }
        Ok(text)
    }

    /// A file of which only the digest is remembered.
    fn support(&self, part: &KeyPart, name: Option<&str>, then: &Remembered) -> Result<String> {
        let own = self.own.iter().map(|file| (file.part(), file));
        let mut files = self.loaded.recipe.files().chain(own);
        let file =
            files.find(|(other, file)| other == part && name.is_none_or(|name| file.name == name));
        let then = then.digest();
        let Some((_, file)) = file else {
            return Ok(format!("{part}: another file than before"));
        };
        let content = regular::digest(&file.path)?;
        if then == Some(file.with_executable(!file.executable).digest(&content)) {
            let (was, is) = if file.executable {
                ("not ", "")
            } else {
                ("", "not ")
            };
            return Ok(format!(
                "{part}: was {was}executable, is {is}executable now; the same content"
            ));
        }
        Ok(format!(
            "{part}: other content, now digest {content:?} ({})",
            file.path.display()
        ))
    }

    /// The first step that differs, with its values, and how many do.
    fn series(&self, name: &str, then: &Remembered) -> Result<Vec<String>> {
        let columns = self.loaded.recipe.column_names();
        let now = columns.iter().position(|column| column == name);
        let now = now.and_then(|at| self.series.get(at));
        let stored = match (self.store, then.digest()) {
            (Some(store), Some(digest)) => store.input(&digest)?.map(|column| (digest, column)),
            _ => None,
        };
        let then = stored.and_then(|(digest, column)| {
            let values = column.decode().ok()?;
            (Digest::of_numbers(&values) == digest).then_some(values)
        });
        let (Some(then), Some(now)) = (then, now) else {
            let why = match self.loaded.project.cache_limits.keep_series {
                true => UNKNOWN,
                false => "`keep_series = false` keeps none",
            };
            return Ok(vec![format!(
                "series {name}: other values than those of its last run; what they were can't be shown: {why}"
            )]);
        };
        let differing: Vec<usize> = (0..then.len().min(now.len()))
            .filter(|&at| then[at].to_bits() != now[at].to_bits())
            .collect();
        let mut text = format!("series {name}: ");
        if then.len() != now.len() {
            text.push_str(&format!("{} → {} time steps; ", then.len(), now.len()));
        }
        match differing.first() {
            None => text.push_str("the steps that both have are the same"),
            Some(&at) => {
                let value = |values: &[f64]| Value::Number(values[at]).to_string();
                let time = self.loaded.basin.time();
                let when = time.map(|time| format!(" ({})", time.date_time(at)));
                text.push_str(&format!(
                    "{} of {} time steps differ, the first at step {at}{}: {} → {}",
                    differing.len(),
                    then.len().min(now.len()),
                    when.unwrap_or_default(),
                    value(&then),
                    value(now)
                ));
            }
        }
        Ok(vec![text])
    }
}

/// A rendered file that changed, although neither its template nor its parameters did.
fn rendered(name: &str) -> String {
    format!(
        "{name} renders to another text; its template and all parameters in it are as they were, so it is {{start}}, {{end}}, {{steps}} or {{input_file_name}}, or that it is XML, in another encoding, of `fixed_width` or with rows of other series now"
    )
}

/// Texts joined by NUL as words, quoted where they have blanks or are empty.
fn words(joined: &str) -> String {
    if joined.is_empty() {
        return "none".to_owned();
    }
    let word = |word: &str| match word.is_empty()
        || word.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        true => format!("{word:?}"),
        false => word.to_owned(),
    };
    let words: Vec<String> = joined.split('\0').map(word).collect();
    words.join(" ")
}

fn axis(time: &TimeAxis) -> String {
    let (start, end) = (time.date_time(0), time.date_time(time.len() - 1));
    format!("{} from {start} to {end}", time.len())
}
