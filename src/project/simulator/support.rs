//! `support` under `[simulator]`: the files and folders that the simulator gets as they are.
//!
//! Only their names and places; [`crate::plan::support`] walks and digests them.

use std::ffi::OsStr;
use std::path::Path;

use super::super::build::{ProjectBuilder, plain_name, plain_path};
use super::super::own_path::{OwnPath, has_placeholders};
use super::super::{OwnSupport, ProjectError, Support, raw};

/// The supports of a project: those of all catchments, and those of each.
type Supports = (Vec<Support>, Vec<OwnSupport>);

impl ProjectBuilder<'_> {
    /// Files and folders, each with a name of its own. Those that are the same for all are there.
    pub(super) fn support(&self, list: &[raw::Support]) -> Result<Supports, ProjectError> {
        let (mut support, mut own): Supports = Default::default();
        for (i, raw) in list.iter().enumerate() {
            let field = format!("simulator.support.{i}");
            let (file_field, file, name) = match raw {
                raw::Support::Named(file) => (field.clone(), file, None),
                raw::Support::As(raw) => (format!("{field}.file"), &raw.file, raw.name.as_deref()),
            };
            let name_field = format!("{field}.as");
            let name = name
                .map(|name| {
                    let template = self.template(&name_field, name)?;
                    if template.placeholders().next().is_none() {
                        plain_path(name).map_err(|why| self.source.error(&name_field, why))?;
                    }
                    Ok((name, template))
                })
                .transpose()?;
            let is_own = |(_, template): &(&str, _)| has_placeholders(template);
            let own_path = match name.as_ref().is_some_and(is_own) {
                true => Some(self.any_path(&file_field, file)?),
                false => self.own_path(&file_field, file)?,
            };
            if let Some(file) = own_path {
                let name = name.map(|(_, template)| template);
                own.push(OwnSupport { file, name });
                continue;
            }
            let path = self.existing(&file_field, file)?;
            let name = match name {
                Some((name, _)) => Some(plain_name(Path::new(name))),
                None => path.file_name().map(OsStr::to_string_lossy).map(Into::into),
            };
            let Some(name) = name else {
                let message = format!("{file:?} has no name of its own");
                return Err(self.source.error(&field, message));
            };
            if let Some(other) = support.iter().find(|other| other.name == name) {
                let message = format!(
                    "there is a support file named {name:?} already, {}; `{{ file = {file:?}, as = \"…\" }}` gives it another name",
                    other.path.display()
                );
                return Err(self.source.error(&field, message));
            }
            support.push(Support { name, path });
        }
        Ok((support, own))
    }

    /// A path as one that each catchment has for itself, if it has placeholders in it and is no file that is really called so.
    pub(in crate::project) fn own_path(
        &self,
        field: &str,
        path: &str,
    ) -> Result<Option<OwnPath>, ProjectError> {
        if !path.contains(['{', '}']) || self.is_there(path) {
            return Ok(None);
        }
        let own = self.any_path(field, path)?;
        Ok(Some(own).filter(|own| has_placeholders(&own.template)))
    }

    fn any_path(&self, field: &str, path: &str) -> Result<OwnPath, ProjectError> {
        Ok(OwnPath {
            field: field.to_owned(),
            template: self.template(field, path)?,
        })
    }
}
