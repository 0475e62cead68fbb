//! What can be wrong with a template, and with the values for its placeholders.

use crate::language::format::{FormatProblem, Misfit};
use crate::language::xml::{EscapeProblem, XmlFault, XmlProblem};
use crate::text::charset::Charset;

/// Why a template can't be used, and where; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct TemplateError {
    /// The line in the template.
    pub line: usize,
    /// The column in the line.
    pub column: usize,
    /// What is wrong there.
    pub problem: TemplateProblem,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateProblem {
    /// `{` that is not followed by a name and `}` or `:`.
    #[error("`{{` starts no placeholder such as {{name}} or {{name:.6}}; write `{{{{` for a brace")]
    Opening,
    /// `}` without a `{` before it.
    #[error("`}}` ends no placeholder; write `}}}}` for a brace")]
    Closing,
    /// The line or the text ends within a placeholder's format.
    #[error("the placeholder `{{{0}:` is not closed by `}}` on its line")]
    Unclosed(String),
    /// The format is not valid.
    #[error("placeholder `{name}`: {problem}")]
    Format {
        /// The placeholder's name.
        name: String,
        /// What is wrong with its format.
        problem: FormatProblem,
    },
    /// A byte that is not text in the template's encoding.
    #[error(
        "the byte 0x{byte:02x} is no {charset} text; save the template as UTF-8, or name the encoding that it is in, such \
         as `encoding = \"windows-1252\"` beside `file`"
    )]
    NoText {
        /// The byte.
        byte: u8,
        /// The encoding.
        charset: Charset,
    },
    /// The template should be XML and is not.
    #[error(transparent)]
    Xml(#[from] XmlProblem),
}

/// Why a template can't be rendered with the given values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: placeholder `{name}`: {problem}")]
pub struct RenderError {
    /// The placeholder's name.
    pub name: String,
    /// Its line in the template, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// What is wrong with its value.
    pub problem: RenderProblem,
}

/// What is wrong with a placeholder's value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RenderProblem {
    /// The scope has no such name.
    #[error("nothing has this name")]
    UnknownName,
    /// The value does not suit the format.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The value holds a character that can't stand there in XML.
    #[error(transparent)]
    Xml(#[from] EscapeProblem),
    /// The value holds a character that the template's encoding lacks.
    #[error(
        "the value holds {0:?}, which {1} has not got; save the template in an encoding that has"
    )]
    NotInEncoding(char, Charset),
}

/// A problem at a byte of the source.
pub(crate) struct At {
    pub offset: usize,
    pub problem: TemplateProblem,
}

impl At {
    /// The error with line and column in the source.
    pub(super) fn in_source(self, source: &str) -> TemplateError {
        let before = &source[..source.floor_char_boundary(self.offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        TemplateError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: self.problem,
        }
    }

    /// In a source of several parts: the index of the part with the problem, and the error in it.
    pub(super) fn in_parts(mut self, parts: &[&str]) -> (usize, TemplateError) {
        let mut part = 0;
        while part + 1 < parts.len() && self.offset >= parts[part].len() {
            self.offset -= parts[part].len();
            part += 1;
        }
        (part, self.in_source(parts[part]))
    }
}

impl From<XmlFault> for At {
    fn from(fault: XmlFault) -> Self {
        Self {
            offset: fault.offset,
            problem: fault.problem.into(),
        }
    }
}
