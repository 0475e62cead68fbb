//! `deck` under `[simulator]`: the folder whose contents are laid out at the top of each work directory, as copies.
//!
//! Only where it is; [`crate::plan::deck`] says what is in it.

use std::fs;

use super::super::build::ProjectBuilder;
use super::super::{DeckPlace, DeckSpec, ProjectError, raw};
use crate::project::exclusion::Exclusion;

impl ProjectBuilder<'_> {
    /// The deck, if one is stated: a folder that is there and not around the project itself.
    pub(super) fn deck(&self, raw: &raw::Simulator) -> Result<Option<DeckSpec>, ProjectError> {
        let field = "simulator.deck";
        let Some(folder) = &raw.deck else {
            let rule = "goes with `deck`; `support_exclude` leaves files out of support folders";
            return match raw.deck_exclude.is_empty() {
                true => Ok(None),
                false => Err(self.source.error("simulator.deck_exclude", rule)),
            };
        };
        let exclude = self.exclusions("simulator.deck_exclude", &raw.deck_exclude)?;
        if let Some(own) = self.own_path(field, folder)? {
            let place = DeckPlace::Own(own);
            return Ok(Some(DeckSpec { place, exclude }));
        }
        let path = self.existing(field, folder)?;
        if !self.places.are_frozen() {
            if !path.is_dir() {
                let rule = "is no folder; a file goes into `support`, or into `[[simulator.input]]` as a template";
                let message = format!("{} {rule}", path.display());
                return Err(self.source.error(field, message));
            }
            let (root, place) = (fs::canonicalize(self.root), fs::canonicalize(&path));
            if matches!((root, place), (Ok(root), Ok(place)) if root.starts_with(&place)) {
                let rule = "holds the project itself, its cache and its product; put rerunoff.toml beside the deck's folder and name that: `deck = \"TxtInOut\"`";
                return Err(self.source.error(field, format!("{folder:?} {rule}")));
            }
        }
        let place = DeckPlace::Common(path);
        Ok(Some(DeckSpec { place, exclude }))
    }

    /// The patterns in this field.
    pub(super) fn exclusions(
        &self,
        field: &str,
        patterns: &[String],
    ) -> Result<Vec<Exclusion>, ProjectError> {
        let exclusion = |(i, text): (usize, &String)| {
            Exclusion::new(text).map_err(|fault| self.source.error(&format!("{field}.{i}"), fault))
        };
        patterns.iter().enumerate().map(exclusion).collect()
    }
}
