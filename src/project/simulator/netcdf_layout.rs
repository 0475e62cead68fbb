//! What `[simulator.output]` states of a file that is NetCDF or HDF5, checked.
//!
//! Such a file says of itself what its variables are; what is left to be stated is what is wanted along their axes.

use super::super::build::ProjectBuilder;
use super::super::raw::output::OutputTime as RawTime;
use super::super::{ProjectError, raw};
use crate::project::output_format::{NetcdfFormat, OutputFormat, is_named_netcdf};

impl ProjectBuilder<'_> {
    /// Whether the output in this field is such a file: as stated, or by its name.
    pub(super) fn is_netcdf(&self, field: &str, raw: &raw::Output) -> Result<bool, ProjectError> {
        match raw.format.as_deref() {
            Some("netcdf") => Ok(true),
            Some("text") => Ok(false),
            Some(_) => {
                let rule = "must be \"text\" or \"netcdf\", which stands for HDF5, too";
                Err(self.source.error(&format!("{field}.format"), rule))
            }
            None => Ok(is_named_netcdf(&raw.file)),
        }
    }

    /// What is wanted along its axes.
    pub(super) fn netcdf_layout(
        &self,
        field: &str,
        raw: raw::Output,
    ) -> Result<OutputFormat, ProjectError> {
        let (columns, format) = match &raw.time {
            Some(RawTime::Read(read)) => (read.columns.is_some(), read.format.is_some()),
            _ => (false, false),
        };
        let stated = [
            ("separator", raw.separator.is_some()),
            ("skip_rows", raw.skip_rows != 0),
            ("skip_lines", raw.skip_lines != 0),
            ("header", raw.header.is_some()),
            ("comments", !raw.comments.is_empty()),
            ("decimal", raw.decimal.is_some()),
            ("skip_last", raw.skip_last != 0),
            ("until", raw.until.is_some()),
            ("blocks", raw.blocks.is_some()),
            ("time.columns", columns),
            ("time.format", format),
        ];
        if let Some((name, _)) = stated.iter().find(|(_, is_stated)| *is_stated) {
            let rule = "goes with text, and this output is NetCDF; `format = \"text\"` says that it is not";
            return Err(self.source.error(&format!("{field}.{name}"), rule));
        }
        for name in raw.index.keys() {
            if raw.conditions.contains_key(name) {
                let rule = "chooses a place where `where` chooses one already";
                return Err(self.source.error(&format!("{field}.index.{name}"), rule));
            }
        }
        let is_steps = matches!(&raw.time, Some(RawTime::Word(word)) if word == "steps");
        Ok(OutputFormat {
            missing: raw.missing,
            conditions: self.conditions(field, raw.conditions, false)?,
            netcdf: Some(NetcdfFormat {
                indices: raw.index.into_iter().collect(),
                compares_times: !is_steps,
            }),
            ..OutputFormat::default()
        })
    }
}
