//! The key of a catchment's run, its parts, and the sinks that one walk over them feeds.
//!
//! [`Recipe`](crate::plan::recipe::Recipe) walks over everything that the simulator will see and names each part. The same walk feeds
//! [`Hasher`], which makes the key, [`Explanation`], which remembers the parts so that a later run can say what changed, and
//! [`LongTexts`], which collects the texts for that. As there is only one walk, they can't drift apart.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;

/// Counted up whenever the walk itself changes meaning: old results then no longer match.
const WALK_VERSION: &[u8] = b"rerunoff key 1";

/// The BLAKE3 digest of everything that determines one catchment's result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Key(pub Digest);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The same without what is taken from the outputs and what makes a run a good one: it determines what a simulator leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RawKey(pub Digest);

/// The name of one part of what determines a result. Stored: variants are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyPart {
    /// The executable that the command names, unless it is a support file.
    Program,
    /// A support file, by its path in the work directory.
    Support(String),
    /// The program's arguments.
    Command,
    /// An environment variable.
    Environment(String),
    /// The folders made beforehand.
    Directories,
    /// What is taken from the output, and what makes a run a good one.
    Output,
    /// A template's own text, by the name of the file it makes. Explains; the key has the rendered file.
    Template(String),
    /// A rendered file.
    File(String),
    /// Header, row and footer of a series table, or the rows in the middle of a template, by the name of the file.
    Table(String),
    /// The time steps.
    Time,
    /// A series column.
    Series(String),
    /// A parameter that some file, argument or variable uses.
    Parameter(String),
    /// One field of what makes a run a good one or of what is taken from its output. Explains; the key has [`Self::Output`].
    Contract(String),
    /// The class of the processor, where the project asks for one.
    Processor,
    /// The commands that are run after the simulator, with their arguments.
    After,
    /// A program of theirs, as the project names it, unless it is a support file.
    AfterProgram(String),
    /// A file or folder that is read where it is, as the project names it.
    Read(String),
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str("the program"),
            Self::Support(name) => write!(f, "support file {name}"),
            Self::Command => f.write_str("the command"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Directories => f.write_str("the folders made beforehand"),
            Self::Output => f.write_str("what is taken from the output"),
            Self::Template(name) => write!(f, "the template of {name}"),
            Self::File(name) => write!(f, "the content of {name}"),
            Self::Table(name) => write!(f, "the layout of {name}"),
            Self::Time => f.write_str("the time steps"),
            Self::Series(name) => f.write_str(name),
            Self::Parameter(name) => f.write_str(name),
            Self::Contract(field) => write!(f, "`{field}` of a good run"),
            Self::Processor => f.write_str("the class of the processor"),
            Self::After => f.write_str("what is run after the simulator"),
            Self::AfterProgram(name) => write!(f, "the program {name} that is run after it"),
            Self::Read(name) => write!(f, "what is read in {name}"),
        }
    }
}

/// Receives the parts of a walk.
pub(crate) trait Sink {
    /// A part that determines the result.
    fn part(&mut self, part: KeyPart, content: &[u8]);

    /// A part known by its digest only.
    fn digest(&mut self, part: KeyPart, digest: &Digest) {
        self.part(part, digest.as_bytes());
    }

    /// A part, with its text, that shows in other parts already: remembered, but not hashed.
    fn note(&mut self, note: &dyn Fn() -> (KeyPart, String));
}

/// Computes the digest of a walk.
#[derive(Clone)]
pub(crate) struct Hasher(blake3::Hasher);

impl Hasher {
    /// Starts a walk that builds on `base`, the digest of what came before it.
    pub(crate) fn new(base: Option<&Digest>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(WALK_VERSION);
        if let Some(base) = base {
            hasher.update(base.as_bytes());
        }
        Self(hasher)
    }

    /// Takes what [`HashedBytes`] collected.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all parts taken.
    pub(crate) fn finish(&self) -> Digest {
        self.0.finalize().into()
    }
}

impl Sink for Hasher {
    fn part(&mut self, part: KeyPart, content: &[u8]) {
        hashed(&part, content, &mut |bytes| self.bytes(bytes));
    }

    fn note(&mut self, _: &dyn Fn() -> (KeyPart, String)) {}
}

/// Collects the bytes that a [`Hasher`] takes of a walk, for several of them.
#[derive(Default)]
pub(crate) struct HashedBytes(pub Vec<u8>);

impl Sink for HashedBytes {
    fn part(&mut self, part: KeyPart, content: &[u8]) {
        hashed(&part, content, &mut |bytes| self.0.extend_from_slice(bytes));
    }

    fn note(&mut self, _: &dyn Fn() -> (KeyPart, String)) {}
}

/// What is hashed of a part: name and content with their lengths, so that no two walks look alike by shifting bytes between them.
fn hashed(part: &KeyPart, content: &[u8], put: &mut dyn FnMut(&[u8])) {
    let (kind, name) = match part {
        KeyPart::Program => ("program", ""),
        KeyPart::Support(name) => ("support", name.as_str()),
        KeyPart::Command => ("command", ""),
        KeyPart::Environment(name) => ("environment", name.as_str()),
        KeyPart::Directories => ("directories", ""),
        KeyPart::Output => ("output", ""),
        KeyPart::Template(name) => ("template", name.as_str()),
        KeyPart::File(name) => ("file", name.as_str()),
        KeyPart::Table(name) => ("table", name.as_str()),
        KeyPart::Time => ("time", ""),
        // A column is known by its place in the row; what the project calls it the simulator never sees.
        KeyPart::Series(_) => ("series", ""),
        KeyPart::Parameter(name) => ("parameter", name.as_str()),
        KeyPart::Contract(field) => ("contract", field.as_str()),
        KeyPart::Processor => ("processor", ""),
        KeyPart::After => ("after", ""),
        KeyPart::AfterProgram(name) => ("after program", name.as_str()),
        KeyPart::Read(name) => ("read", name.as_str()),
    };
    for bytes in [kind.as_bytes(), name.as_bytes(), content] {
        put(&(bytes.len() as u64).to_le_bytes());
        put(bytes);
    }
}

/// Computes the digest of a walk without the parts that only say what is taken from outputs.
pub(crate) struct RawHasher(pub Hasher);

impl Sink for RawHasher {
    fn part(&mut self, part: KeyPart, content: &[u8]) {
        if part != KeyPart::Output {
            self.0.part(part, content);
        }
    }

    fn note(&mut self, _: &dyn Fn() -> (KeyPart, String)) {}
}

/// Collects the texts that an [`Explanation`] of the same walk knows by their digests only, except for files rendered from
/// templates, which follow from template and parameters.
#[derive(Default)]
pub(crate) struct LongTexts(pub Vec<Vec<u8>>);

impl Sink for LongTexts {
    fn part(&mut self, part: KeyPart, content: &[u8]) {
        if content.len() > LONGEST_TEXT && !matches!(part, KeyPart::File(_)) {
            self.0.push(content.to_vec());
        }
    }

    fn digest(&mut self, _: KeyPart, _: &Digest) {}

    fn note(&mut self, note: &dyn Fn() -> (KeyPart, String)) {
        let (part, text) = note();
        self.part(part, text.as_bytes());
    }
}

/// Remembers the parts of a walk: short texts as they are, all else as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation(BTreeMap<KeyPart, Remembered>);

/// What is remembered of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remembered {
    /// The part's text.
    Text(String),
    /// The digest of a part that is long or no text.
    Digest(Digest),
}

impl Remembered {
    /// The digest of what was there: remembered as such, or what a text spells.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Digest(digest) => Some(*digest),
            Self::Text(text) => Digest::from_hex(text),
        }
    }
}

/// Texts up to this length are remembered as they are.
const LONGEST_TEXT: usize = 200;

impl Sink for Explanation {
    fn part(&mut self, part: KeyPart, content: &[u8]) {
        let short = std::str::from_utf8(content)
            .ok()
            .filter(|text| text.len() <= LONGEST_TEXT);
        let is_file = matches!(part, KeyPart::File(_) | KeyPart::Series(_));
        let remembered = match short {
            Some(text) if !is_file => Remembered::Text(text.to_owned()),
            _ => Remembered::Digest(Digest::of(content)),
        };
        self.0.insert(part, remembered);
    }

    fn digest(&mut self, part: KeyPart, digest: &Digest) {
        self.0.insert(part, Remembered::Digest(*digest));
    }

    fn note(&mut self, note: &dyn Fn() -> (KeyPart, String)) {
        let (part, text) = note();
        self.part(part, text.as_bytes());
    }
}

/// A part that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The part.
    pub part: KeyPart,
    /// Its text then and now, where both are short texts.
    pub texts: Option<(String, String)>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.part, &self.texts) {
            (
                KeyPart::Parameter(_)
                | KeyPart::Environment(_)
                | KeyPart::Contract(_)
                | KeyPart::Processor,
                Some((then, now)),
            ) => {
                write!(f, "{} {then} → {now}", self.part)
            }
            _ => write!(f, "{} changed", self.part),
        }
    }
}

impl Explanation {
    /// The parts that changed from `then` to `self`; parts that only follow from other changed parts are left out.
    pub fn changes_since(&self, then: &Explanation) -> Vec<Change> {
        let mut changes = Vec::new();
        for (part, now) in &self.0 {
            let before = then.0.get(part);
            if before == Some(now) {
                continue;
            }
            let texts = match (before, now) {
                (Some(Remembered::Text(before)), Remembered::Text(now)) => {
                    Some((before.clone(), now.clone()))
                }
                _ => None,
            };
            changes.push(Change {
                part: part.clone(),
                texts,
            });
        }
        let gone = then.0.keys().filter(|part| !self.0.contains_key(part));
        changes.extend(gone.map(|part| Change {
            part: part.clone(),
            texts: None,
        }));
        leave_out_consequences(&mut changes);
        changes
    }

    /// All parts, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&KeyPart, &Remembered)> {
        self.0.iter()
    }

    /// What is remembered of a part.
    pub fn get(&self, part: &KeyPart) -> Option<&Remembered> {
        self.0.get(part)
    }
}

/// Leaves out what only follows from other changes.
pub(crate) fn leave_out_consequences(changes: &mut Vec<Change>) {
    let is_cause =
        |change: &Change| matches!(change.part, KeyPart::Parameter(_) | KeyPart::Template(_));
    if changes.iter().any(is_cause) {
        changes.retain(|change| !matches!(change.part, KeyPart::File(_)));
    }
    let templates: Vec<String> = (changes.iter())
        .filter_map(|change| match &change.part {
            KeyPart::Template(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    changes
        .retain(|change| !matches!(&change.part, KeyPart::Table(name) if templates.contains(name)));
    let is_contract = |change: &Change| matches!(change.part, KeyPart::Contract(_));
    if changes.iter().any(is_contract) {
        changes.retain(|change| change.part != KeyPart::Output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(parts: &[(KeyPart, &[u8])]) -> Digest {
        let mut hasher = Hasher::new(None);
        for (part, content) in parts {
            hasher.part(part.clone(), content);
        }
        hasher.finish()
    }

    #[test]
    fn bytes_cannot_move_between_parts() {
        let file = |name: &str| KeyPart::File(name.to_owned());
        let one = digest(&[(file("a"), b"bc"), (file("d"), b"")]);
        let other = digest(&[(file("ab"), b"c"), (file("d"), b"")]);
        assert_ne!(one, other);
        assert_ne!(
            digest(&[(file("a"), b"bcd")]),
            digest(&[(file("a"), b"bc"), (file(""), b"d")])
        );
    }

    #[test]
    fn stored_parts_keep_their_numbers() {
        let contract = KeyPart::Contract("file".to_owned());
        for (part, number) in [
            (KeyPart::Program, 0),
            (contract, 12),
            (KeyPart::Processor, 13),
        ] {
            assert_eq!(postcard::to_stdvec(&part).expect("written")[0], number);
        }
    }

    #[test]
    fn notes_never_count() {
        let mut hasher = Hasher::new(None);
        hasher.note(&|| (KeyPart::Parameter("k".to_owned()), "1".to_owned()));
        assert_eq!(hasher.finish(), digest(&[]));
    }

    #[test]
    fn a_changed_parameter_explains_the_file_it_shows_in() {
        let explain = |k: &str| {
            let mut explanation = Explanation::default();
            explanation.part(
                KeyPart::File("param.txt".to_owned()),
                format!("k = {k}").as_bytes(),
            );
            explanation.note(&|| (KeyPart::Parameter("k".to_owned()), k.to_owned()));
            explanation
        };
        let changes = explain("0.013").changes_since(&explain("0.012"));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].to_string(), "k 0.012 → 0.013");
        assert!(explain("1").changes_since(&explain("1")).is_empty());
    }
}
