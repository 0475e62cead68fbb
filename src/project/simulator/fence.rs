//! `sandbox`, `reads`, `writes`, `system` and `network` under `[simulator]`: what a simulator may reach outside of its work directory.
//!
//! Only what is stated; what belongs to the system by itself and how all of it is enforced is not known here.

use std::path::PathBuf;

use super::super::build::ProjectBuilder;
use super::super::{FenceSpec, ProjectError, Stated, raw};

impl ProjectBuilder<'_> {
    /// All that is named has to be there: what is misspelt would be refused to the simulator without a word.
    pub(super) fn fence(&self, raw: &raw::Simulator) -> Result<FenceSpec, ProjectError> {
        let reads = self.all_where_they_are("reads", &raw.reads)?;
        let reads = raw.reads.iter().cloned().zip(reads);
        Ok(FenceSpec {
            sandbox: raw.sandbox,
            reads: reads.map(|(name, path)| Stated { name, path }).collect(),
            writes: self.all_where_they_are("writes", &raw.writes)?,
            system: self.all_where_they_are("system", &raw.system)?,
            network: raw.network,
        })
    }

    /// Paths that hold in a frozen project, too: these files are not frozen, since the simulator knows them by their places.
    fn all_where_they_are(
        &self,
        field: &str,
        names: &[String],
    ) -> Result<Vec<PathBuf>, ProjectError> {
        let places = names.iter().enumerate().map(|(i, name)| {
            let field = format!("simulator.{field}.{i}");
            if name.is_empty() {
                let rule = "is empty; name a file or a folder";
                return Err(self.source.error(&field, rule));
            }
            if !self.places.are_frozen() {
                self.existing(&field, name)?;
            }
            Ok(self.root.join(name))
        });
        places.collect()
    }
}
