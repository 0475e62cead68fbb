//! `support` under `[simulator]`: the files and folders that the simulator gets as they are.
//!
//! Only their names and places; [`crate::plan::support`] walks and digests them.

use super::super::build::ProjectBuilder;
use super::super::{ProjectError, Support};

impl ProjectBuilder<'_> {
    /// Files and folders that are there, each with a name of its own.
    pub(super) fn support(&self, files: &[String]) -> Result<Vec<Support>, ProjectError> {
        let mut support: Vec<Support> = Vec::new();
        for (i, file) in files.iter().enumerate() {
            let field = format!("simulator.support.{i}");
            let path = self.existing(&field, file)?;
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let Some(name) = name else {
                return Err(self
                    .source
                    .error(&field, format!("{file:?} has no name of its own")));
            };
            if support.iter().any(|other| other.name == name) {
                return Err(self.source.error(
                    &field,
                    format!("there is a support file named {name:?} already"),
                ));
            }
            support.push(Support { name, path });
        }
        Ok(support)
    }
}
