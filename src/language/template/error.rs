//! What can be wrong with a template, and with the values for its placeholders.

use std::fmt;

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
    /// `{#` that begins no block.
    #[error(
        "`{{#` begins a block such as {{#each step}} or {{#each depths wrap=8 sep=\", \"}}, which {{/each}} ends: {0}"
    )]
    Block(String),
    /// `{/` that ends no block.
    #[error("`{{/` only stands in `{{/each}}`, which ends a block; write `{{{{` for a brace")]
    BlockEnd,
    /// `{/each}` without a block.
    #[error("`{{/each}}` ends no block: none is open here")]
    NoBlock,
    /// A block that goes on to the end.
    #[error("the block `{{#each {0}}}` is not ended by `{{/each}}`")]
    OpenBlock(String),
    /// A block in a block.
    #[error("of blocks in blocks there are only those over lists in {{#each step}}")]
    BlockInBlock,
    /// A block with `wrap` of more than one line.
    #[error("with `wrap` a block is of one line, of which as many as asked for are joined")]
    WrappedLines,
    /// A block with `wrap` beside another one.
    #[error(
        "a block with `wrap` has its line to itself and what each of its lines repeats; put the other block on a line of its own"
    )]
    WrappedBeside,
    /// `{#each step}` elsewhere than in a template.
    #[error(
        "`{{#each step}}` has a place only in the file that `template` names; the `row` of a table is repeated by itself"
    )]
    Rows,
    /// What a template of another program holds and rerunoff does not read.
    #[error("{0}")]
    Foreign(String),
    /// The template should be XML and is not.
    #[error(transparent)]
    Xml(#[from] XmlProblem),
}

/// Why a template can't be rendered with the given values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct RenderError {
    /// The placeholder's name; of a block, how it begins.
    pub name: String,
    /// Its line in the template, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// The time step, in a row.
    pub step: Option<usize>,
    /// What is wrong with its value.
    pub problem: RenderProblem,
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, line, column, ..
        } = self;
        write!(f, "line {line}, column {column}: placeholder `{name}`: ")?;
        if let Some(step) = self.step {
            write!(f, "at time step {step}, ")?;
        }
        self.problem.fmt(f)
    }
}

impl RenderError {
    /// The same in the row of a time step.
    pub(crate) fn at_step(self, step: usize) -> Self {
        Self {
            step: Some(step),
            ..self
        }
    }
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
    /// A list where one value is wanted.
    #[error(
        "{0} is a list; write {{#each {0}}}{{{0}}} {{/each}} for all of it, {{{0}[0]}} for its first element"
    )]
    List(String),
    /// One value where a list is wanted.
    #[error("its value is no list")]
    NoList,
    /// A list without this element.
    #[error("the list has {length} elements, counted from 0, and none with the number {at}")]
    NoElement {
        /// The element asked for.
        at: usize,
        /// How many there are.
        length: usize,
    },
    /// Lists that go side by side and end at different places.
    #[error("its lists have {0} elements; lists that go side by side have equally many")]
    UnequalLists(String),
    /// A block for time steps where there are none.
    #[error("rows for each time step have a place only in the template of a simulator's input")]
    Rows,
    /// A text with more characters than its cell.
    #[error("{text:?} has {} characters, and its cell has {width}", text.chars().count())]
    TooWide {
        /// The text.
        text: String,
        /// The cell's width.
        width: usize,
    },
    /// Text in a formula.
    #[error("{0} is no number that a formula can compute with")]
    NoNumber(String),
    /// A formula that gives nothing.
    #[error("{0}")]
    Formula(String),
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
