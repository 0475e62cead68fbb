//! A template's file: whether it is XML or plain text, in which encoding, and what it says.
//!
//! Any sign of XML makes a template XML, because a value that breaks a document, or a broken document, shows only in wrong
//! results. The signs can be wrong, so the project file has the last word.

use std::path::Path;

use super::ProjectError;
use super::build::ProjectBuilder;
use crate::language::template::{Template, TemplateError, TemplateProblem};
use crate::language::xml;
use crate::system::regular;
use crate::text::charset::Charset;

/// What the project file states of a template.
pub(super) struct Stated<'a> {
    pub xml: Option<bool>,
    pub encoding: Option<&'a str>,
}

impl ProjectBuilder<'_> {
    /// Reads the template at `path` that makes the file of this name.
    pub(super) fn template_file(
        &self,
        field: &str,
        file: &str,
        path: &Path,
        stated: &Stated<'_>,
    ) -> Result<Template, ProjectError> {
        let bytes = regular::read(path).map_err(|error| ProjectError {
            file: path.to_owned(),
            place: None,
            message: format!("the template can't be read: {error}"),
        })?;
        let sign = match stated.xml {
            Some(_) => None,
            None => sign_of_xml(file, Some(path), &bytes),
        };
        if stated.xml.unwrap_or(sign.is_some()) {
            if stated.encoding.is_some() {
                let rule =
                    "goes with plain text; an XML template names its encoding in its declaration";
                return Err(self.source.error(&format!("{field}.encoding"), rule));
            }
            return Template::xml_of_bytes(&bytes)
                .map_err(|error| template_error(path, &error, sign));
        }
        let charset = match stated.encoding {
            None => Charset::UTF_8,
            Some(label) => Charset::named(label).ok_or_else(|| {
                let message = format!(
                    "the encoding {label:?} is not known; write \"windows-1252\", \"ISO-8859-1\", \"UTF-16LE\", …"
                );
                self.source.error(&format!("{field}.encoding"), message)
            })?,
        };
        Template::text_of_bytes(&bytes, charset).map_err(|error| template_error(path, &error, None))
    }
}

/// The sign that a template is XML, if there is one: the name of the file made from it, its own name, or its first bytes.
pub(super) fn sign_of_xml(
    file: &str,
    template: Option<&Path>,
    bytes: &[u8],
) -> Option<&'static str> {
    if xml::named_as_xml(Path::new(file)) {
        Some("the name of the file that is made")
    } else if template.is_some_and(xml::named_as_xml) {
        Some("its name")
    } else if xml::begins_as_xml(bytes) {
        Some("its first bytes")
    } else {
        None
    }
}

/// The remedy where a sign was misleading and the text is not meant as XML.
pub(super) fn remedy(error: &TemplateError, sign: Option<&str>) -> String {
    match (&error.problem, sign) {
        (TemplateProblem::Xml(_), Some(sign)) => {
            format!(" (it is XML by {sign}; if it is none, say `xml = false` beside `file`)")
        }
        _ => String::new(),
    }
}

/// A fault in a template file.
fn template_error(path: &Path, error: &TemplateError, sign: Option<&str>) -> ProjectError {
    ProjectError {
        file: path.to_owned(),
        place: Some((error.line, error.column)),
        message: format!("{}{}", error.problem, remedy(error, sign)),
    }
}
