//! A template's file: whose style it has, whether it is XML or plain text, in which encoding, and what it says.
//!
//! Any sign of XML makes a template XML, because a value that breaks a document, or a broken document, shows only in wrong
//! results. The signs can be wrong, so the project file has the last word.

use std::path::Path;

use super::ProjectError;
use super::build::ProjectBuilder;
use crate::language::template::{
    Template, TemplateError, TemplateProblem, TemplateStyle, begins_as_pest,
};
use crate::language::xml;
use crate::system::regular;
use crate::text::charset::Charset;

/// What the project file states of a template.
pub(super) struct Stated<'a> {
    pub xml: Option<bool>,
    pub encoding: Option<&'a str>,
    pub style: Option<&'a str>,
    pub fixed_width: bool,
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
        let style = match stated.style {
            Some("rerunoff") => TemplateStyle::Own,
            Some("pest") => TemplateStyle::Pest,
            Some("dakota") => TemplateStyle::Dakota,
            Some(other) => {
                let rule = format!("{other:?} is none of \"rerunoff\", \"pest\" and \"dakota\"");
                return Err(self.source.error(&format!("{field}.style"), rule));
            }
            None if begins_as_pest(&bytes) => TemplateStyle::Pest,
            None => TemplateStyle::Own,
        };
        if style != TemplateStyle::Own {
            for (is_stated, name) in [
                (stated.xml == Some(true), "xml"),
                (stated.fixed_width, "fixed_width"),
            ] {
                if is_stated {
                    let rule = "goes with rerunoff's own templates, not with those of PEST and Dakota (`style`)";
                    return Err(self.source.error(&format!("{field}.{name}"), rule));
                }
            }
        }
        let sign = match stated.xml {
            None if style == TemplateStyle::Own => sign_of_xml(file, Some(path), &bytes),
            _ => None,
        };
        let keeping_widths = |template: Template| match stated.fixed_width {
            true => template.keeping_widths(),
            false => template,
        };
        if stated.xml.unwrap_or(sign.is_some()) {
            if stated.encoding.is_some() {
                let rule =
                    "goes with plain text; an XML template names its encoding in its declaration";
                return Err(self.source.error(&format!("{field}.encoding"), rule));
            }
            return Template::xml_of_bytes(&bytes)
                .map(keeping_widths)
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
        Template::in_style_of_bytes(style, &bytes, charset)
            .map(keeping_widths)
            .map_err(|error| template_error(path, &error, None))
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
