//! `[[simulator.input]]`: a file written for each catchment, from a template or as a table of series.

use std::path::Path;

use super::super::build::{ProjectBuilder, plain_path};
use super::super::template_file::{self, Stated};
use super::super::{Content, OwnTemplate, ProjectError, SimulatorInput, raw};
use crate::language::series_table::SeriesTable;
use crate::language::template::Template;

impl ProjectBuilder<'_> {
    pub(super) fn simulator_input(
        &self,
        field: &str,
        raw: raw::SimulatorInput,
    ) -> Result<SimulatorInput, ProjectError> {
        plain_path(&raw.file).map_err(|why| self.source.error(&format!("{field}.file"), why))?;
        let content = match (&raw.template, &raw.row) {
            (Some(name), None) if raw.header.is_none() && raw.footer.is_none() => {
                match self.own_path(&format!("{field}.template"), name)? {
                    Some(file) => Content::OwnTemplate(Box::new(OwnTemplate {
                        file,
                        stated: raw.clone(),
                    })),
                    None => {
                        let path = self.existing_file(&format!("{field}.template"), name)?;
                        let template = self.template_of(field, &raw, &path)?;
                        Content::Template { path, template }
                    }
                }
            }
            (None, Some(_)) if raw.encoding.is_some() => {
                let rule = "goes with `template`; series tables are written in UTF-8";
                return Err(self.source.error(&format!("{field}.encoding"), rule));
            }
            (None, Some(_)) if raw.style.is_some() => {
                let rule = "goes with `template`; a table's `row` is rerunoff's own";
                return Err(self.source.error(&format!("{field}.style"), rule));
            }
            (None, Some(row)) => {
                let (header, footer) = (raw.header.as_deref(), raw.footer.as_deref());
                let sign =
                    template_file::sign_of_xml(&raw.file, None, header.unwrap_or(row).as_bytes());
                let table = match raw.xml.unwrap_or(sign.is_some()) {
                    true => SeriesTable::parse_xml(header, row, footer),
                    false => SeriesTable::parse(header, row, footer),
                };
                let table = table.map_err(|fault| {
                    let part = format!("{field}.{}", fault.part);
                    let remedy =
                        template_file::remedy(&fault.error, sign.filter(|_| raw.xml.is_none()));
                    self.source.error(&part, format!("{}{remedy}", fault.error))
                })?;
                Content::Series(Box::new(match raw.fixed_width {
                    true => table.keeping_widths(),
                    false => table,
                }))
            }
            _ => {
                let rule = "needs either `template` (a file) or `row` (with `header` and `footer` if wanted)";
                return Err(self.source.error(field, rule));
            }
        };
        Ok(SimulatorInput {
            name: raw.file,
            content,
        })
    }

    /// The template in this file, with what is stated of it.
    pub(in crate::project) fn template_of(
        &self,
        field: &str,
        raw: &raw::SimulatorInput,
        path: &Path,
    ) -> Result<Template, ProjectError> {
        let stated = Stated {
            xml: raw.xml,
            encoding: raw.encoding.as_deref(),
            style: raw.style.as_deref(),
            fixed_width: raw.fixed_width,
        };
        self.template_file(field, &raw.file, path, &stated)
    }
}
