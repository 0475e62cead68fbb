//! `support` under `[simulator]`: the files and folders that the simulator gets as they are.
//!
//! Only their names and places; [`crate::plan::support`] walks and digests them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::build::{ProjectBuilder, plain_name, plain_path};
use super::super::own_path::{OwnPath, has_placeholders};
use super::super::{OwnSupport, ProjectError, Support, raw};
use crate::project::exclusion::Exclusion;

/// What a project names under `support`.
#[derive(Default)]
pub(super) struct Supports {
    /// What is the same for all catchments, each with a name of its own.
    pub common: Vec<Support>,
    /// What each catchment has for itself.
    pub own: Vec<OwnSupport>,
    /// The folders in which patterns may find more.
    pub listed: Vec<PathBuf>,
}

impl ProjectBuilder<'_> {
    /// Files and folders. Those that are the same for all are there.
    pub(super) fn support(
        &self,
        list: &[raw::Support],
        exclude: &[Exclusion],
    ) -> Result<Supports, ProjectError> {
        let mut supports = Supports::default();
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
            if let Some(matched) = self.matched(&file_field, file, exclude)? {
                if name.is_some() {
                    let rule = "goes with one file, not with a pattern";
                    return Err(self.source.error(&name_field, rule));
                }
                for support in matched.support {
                    self.add(&mut supports.common, &file_field, support)?;
                }
                supports.listed.extend(matched.listed);
                continue;
            }
            let is_own = |(_, template): &(&str, _)| has_placeholders(template);
            let own_path = match name.as_ref().is_some_and(is_own) {
                true => Some(self.any_path(&file_field, file)?),
                false => self.own_path(&file_field, file)?,
            };
            if let Some(file) = own_path {
                let name = name.map(|(_, template)| template);
                supports.own.push(OwnSupport { file, name });
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
            self.add(&mut supports.common, &field, Support { name, path })?;
        }
        Ok(supports)
    }

    /// Adds a file or folder that has a name of its own.
    fn add(
        &self,
        known: &mut Vec<Support>,
        field: &str,
        support: Support,
    ) -> Result<(), ProjectError> {
        let Support { name, path } = &support;
        let place = Path::new(name);
        let is_there = |other: &&Support| {
            let other = Path::new(&other.name);
            other.starts_with(place) || place.starts_with(other)
        };
        if let Some(other) = known.iter().find(is_there) {
            // A pattern may match what is named as well.
            if other.path == *path && other.name == *name {
                return Ok(());
            }
            let message = format!(
                "there is a support file named {:?} already, {}, so {} can't be {name:?} in the work directory; `{{ file = \"…\", as = \"…\" }}` gives one of them another name",
                other.name,
                other.path.display(),
                path.display()
            );
            return Err(self.source.error(field, message));
        }
        known.push(support);
        Ok(())
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
