//! Rules of XML 1.0 that quick-xml leaves to its caller: characters, names, entities.

use std::collections::BTreeSet;

use quick_xml::escape::{EscapeError, resolve_predefined_entity, unescape_with};

use super::problem::{XmlFault, XmlProblem, at};

/// The entities that a template may refer to besides the five predefined ones.
#[derive(Default)]
pub(super) struct Entities {
    declared: BTreeSet<String>,
    /// A DTD elsewhere may declare more, which only a validating reader would know.
    any: bool,
}

impl Entities {
    pub(super) fn declare(&mut self, doctype: &str) {
        let (external, internal) = doctype.split_once('[').unwrap_or((doctype, ""));
        self.any = ["SYSTEM", "PUBLIC"]
            .iter()
            .any(|word| external.contains(word));
        for declaration in internal.split("<!ENTITY").skip(1) {
            match declaration.split_ascii_whitespace().next() {
                Some("%") => self.any = true,
                Some(name) => drop(self.declared.insert(name.to_owned())),
                None => {}
            }
        }
    }

    /// Checks all `&…;` of a text that starts at `offset` in the source.
    pub(super) fn check(&self, text: &str, offset: usize) -> Result<(), XmlFault> {
        let known = |name: &str| {
            let declared = self.any || self.declared.contains(name);
            resolve_predefined_entity(name).or(declared.then_some(""))
        };
        let resolved = unescape_with(text, known).map_err(|error| {
            let ampersand = text.find('&').unwrap_or(0);
            match error {
                // The range is that of the name.
                EscapeError::UnrecognizedEntity(range, name) => {
                    at(offset + range.start - 1, XmlProblem::Entity(name))
                }
                EscapeError::UnterminatedEntity(range) => {
                    let problem = "`&` starts no reference; write `&amp;` for an ampersand";
                    at(offset + range.start, XmlProblem::Syntax(problem.to_owned()))
                }
                other => at(offset + ampersand, XmlProblem::Syntax(other.to_string())),
            }
        })?;
        match resolved.chars().find(|c| !is_xml(*c)) {
            Some(c) => Err(at(offset, XmlProblem::Character(c))),
            None => Ok(()),
        }
    }
}

/// `Char` of XML 1.0; surrogates are no `char` anyway.
pub(crate) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// `Name` of XML 1.0, fifth edition.
pub(super) fn is_name(text: &str) -> bool {
    let starts = |c: char| {
        matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
            | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
            | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
    };
    let continues = |c: char| {
        starts(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    text.starts_with(starts) && text.chars().all(continues)
}
