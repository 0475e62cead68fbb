//! `[simulator.output]`, one or a list of them: the files that a run leaves, and the columns wanted of each.
//!
//! Only what is stated; [`crate::execute::output`] reads such files.

use super::super::build::ProjectBuilder;
use super::super::{Output, OutputColumn, ProjectError, raw};
use crate::project::output_format::{OutputFormat, RowAxes, Separator};

impl ProjectBuilder<'_> {
    /// The outputs, and the columns of all of them by name.
    pub(super) fn outputs(
        &self,
        raw: raw::Outputs,
    ) -> Result<(Vec<Output>, Vec<OutputColumn>), ProjectError> {
        let (mut outputs, mut columns): (Vec<Output>, Vec<OutputColumn>) = Default::default();
        let is_only = raw.list.len() == 1;
        for (at, output) in raw.list.into_iter().enumerate() {
            let field = match raw.is_list {
                true => format!("simulator.output.{at}"),
                false => "simulator.output".to_owned(),
            };
            let file = output.file.clone();
            if outputs.iter().any(|other| other.file.source() == file) {
                let rule = format!("another output is {file:?} already");
                return Err(self.source.error(&format!("{field}.file"), rule));
            }
            for (name, header) in &output.columns {
                let field = format!("{field}.columns.{name}");
                self.product_name(&field, name)?;
                if columns.iter().any(|other| other.name == *name) {
                    let rule = "another output has a column of this name; give one another name";
                    return Err(self.source.error(&field, rule));
                }
                columns.push(OutputColumn {
                    name: name.clone(),
                    source: match is_only {
                        true => header.clone(),
                        false => format!("{file}: {header}"),
                    },
                    header: self.template(&field, header)?,
                    output: at,
                });
            }
            outputs.push(self.output(field, output)?);
        }
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((outputs, columns))
    }

    fn output(&self, field: String, raw: raw::Output) -> Result<Output, ProjectError> {
        let separator = match raw.separator.as_deref() {
            None => None,
            Some("\t" | "tab") => Some(Separator::Tab),
            Some("," | "comma") => Some(Separator::Comma),
            Some(";" | "semicolon") => Some(Separator::Semicolon),
            Some(" " | "space" | "whitespace") => Some(Separator::Whitespace),
            Some(_) => {
                let rule = "must be one of \"tab\", \"comma\", \"semicolon\", \"whitespace\"";
                return Err(self.source.error(&format!("{field}.separator"), rule));
            }
        };
        if raw.columns.is_empty() {
            let rule = "names no column to take from the output";
            return Err(self.source.error(&format!("{field}.columns"), rule));
        }
        Ok(Output {
            file: self.template(&format!("{field}.file"), &raw.file)?,
            format: OutputFormat {
                separator,
                missing: raw.missing,
                skip_rows: raw.skip_rows,
            },
            axes: RowAxes::default(),
            field,
        })
    }
}
