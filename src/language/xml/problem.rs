//! Why a template is not an XML document, in messages that say what to write instead.

use crate::text::charset::Charset;

/// Why a template is not well-formed XML, or can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlProblem {
    /// What the XML reader says.
    #[error("not well-formed XML: {0}")]
    Syntax(String),
    /// The end comes before an element's end tag.
    #[error("not well-formed XML: the element <{0}> is never closed")]
    Unclosed(String),
    /// A second root element.
    #[error("not well-formed XML: <{0}> is a second root element")]
    SecondRoot(String),
    /// No element at all.
    #[error("not well-formed XML: there is no root element")]
    NoRoot,
    /// Text, CDATA or a placeholder before or after the root element.
    #[error("not well-formed XML: text outside the root element")]
    TextOutside,
    /// A placeholder in the name of an element or attribute, or in place of an attribute.
    #[error(
        "placeholders stand in quoted attribute values and in text, not in the names of elements and attributes"
    )]
    PlaceholderInName,
    /// Not a name.
    #[error(
        "not well-formed XML: `{0}` is no name of an element, attribute or processing instruction"
    )]
    Name(String),
    /// No blank between two attributes.
    #[error("not well-formed XML: a blank is missing before the attribute `{0}`")]
    NoBlank(String),
    /// `<` in an attribute value or in a placeholder's format.
    #[error("not well-formed XML: `<` in an attribute value or a format; write `&lt;`")]
    LessThan,
    /// `]]>` in text.
    #[error("not well-formed XML: `]]>` in text; write `]]&gt;`")]
    CDataEnd,
    /// An entity that is neither predefined nor declared.
    #[error(
        "not well-formed XML: the entity `&{0};` is not defined; write `&amp;` for an ampersand"
    )]
    Entity(String),
    /// A character that XML 1.0 excludes.
    #[error("not well-formed XML: the character {0:?} is not allowed")]
    Character(char),
    /// The declaration or the DOCTYPE is misplaced.
    #[error("not well-formed XML: {0} may stand only once, at the beginning")]
    Misplaced(&'static str),
    /// Of two successive rows, the second is not in the same place of the document as the first.
    #[error(
        "each row must stand in the document as the one before it; let it close what it opens: a comment, a CDATA \
         section, an attribute"
    )]
    Rows,
    /// A brace in the DOCTYPE.
    #[error(
        "a DOCTYPE takes no placeholders; put them where the entity or the attribute is used, and write `&#123;` and \
         `&#125;` for braces in an entity"
    )]
    BraceInDoctype,
    /// A brace that is neither part of a placeholder nor doubled, where code might stand.
    #[error("braces count in {0} as they do elsewhere: {1}")]
    Brace(&'static str, String),
    /// The declaration names another encoding than the one that the document is in.
    #[error(
        "the XML declaration says encoding={declared:?}, but the document is in {found}; make the two agree"
    )]
    Encoding {
        /// What the declaration says.
        declared: String,
        /// What the byte order mark or the bytes say.
        found: Charset,
    },
    /// The document's encoding is unknown.
    #[error(
        "the encoding {0:?} is not known; save the template as UTF-8 and say encoding=\"UTF-8\""
    )]
    UnknownEncoding(String),
    /// A byte that is not text in the document's encoding.
    #[error(
        "the byte 0x{byte:02x} is no {charset} text, which the document {why}; save it as {charset}, or name the \
         encoding that it is in: <?xml version=\"1.0\" encoding=\"…\"?>"
    )]
    NoText {
        /// The byte.
        byte: u8,
        /// The encoding.
        charset: Charset,
        /// Why it should be in this encoding.
        why: &'static str,
    },
}

/// A problem at a byte of the document.
pub(crate) struct XmlFault {
    pub offset: usize,
    pub problem: XmlProblem,
}

/// The problem as a fault at a byte.
pub(super) fn at(offset: usize, problem: XmlProblem) -> XmlFault {
    XmlFault { offset, problem }
}
