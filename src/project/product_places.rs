//! Where the products of a study are, and what each of them may not take the place of.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::build::{place, same_file};
use super::error::SourceText;
use super::import_spec::ImportSpec;
use super::product::SCENARIO;
use super::product_spec::{Per, ProductVariable, valid_name};
use super::{DeckPlace, Project, ProjectError, Study};
use crate::data::catchment::file_name;
use crate::data::scenario::ScenarioName;

impl Study {
    /// Puts the scenarios' names into those of their products, none of which may take the place of what is read.
    pub(super) fn place_products(&mut self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        let is_named = self.is_named();
        let mut places = BTreeSet::new();
        for project in &mut self.scenarios {
            let per_file = project.product.per == Per::File;
            if per_file {
                if !is_named {
                    let rule = "has \"{scenario}\" in its name, but the project has no scenarios";
                    return Err(source.error("product.file", rule));
                }
                let path = project.product.path.to_string_lossy();
                project.product.path = path
                    .replace(SCENARIO, &readable(&project.scenario.name))
                    .into();
            }
            let tables = project.tables.iter().map(|table| table.path.as_path());
            let observations = &project.observations;
            let sources = (project.input.files.iter().map(PathBuf::as_path))
                .chain(tables)
                .chain(self.samples.iter().map(|(path, _)| path.as_path()))
                .chain(project.import.iter().flat_map(ImportSpec::sources))
                .chain(observations.iter().flat_map(|source| source.sources()));
            let product = &project.product.path;
            let place = place(source, "product.file", product)?;
            for path in sources {
                if same_file(path, product) || path == place {
                    let message = format!("the product would overwrite {}", path.display());
                    return Err(source.error("product.file", message));
                }
            }
            let deck = project.simulator.deck.as_ref();
            let deck = deck.and_then(|deck| match &deck.place {
                DeckPlace::Common(path) => path.canonicalize().ok(),
                // A catchment's own is not known yet.
                DeckPlace::Own(_) => None,
            });
            if deck.is_some_and(|deck| place.starts_with(deck)) {
                let rule = "would be in the deck, which would be another one after each run; put it elsewhere";
                return Err(source.error("product.file", rule));
            }
            if per_file && !places.insert(place) {
                let message = format!(
                    "{} is a link to another scenario's product",
                    product.display()
                );
                return Err(source.error("product.file", message));
            }
        }
        Ok(())
    }

    /// A product that all scenarios share has the same variables for all.
    pub(super) fn check_shared_product(&self, source: &SourceText<'_>) -> Result<(), ProjectError> {
        let first = self.common();
        if first.product.per == Per::File {
            return Ok(());
        }
        let product = &first.product;
        let taken: BTreeSet<_> = product.names().collect();
        for name in first.scenario.coordinates.keys() {
            let field = format!("parameters.{name}");
            let fault = if !valid_name(name) {
                "can't be a coordinate of the product: a name has letters, digits and underscores, and none that the product uses itself"
            } else if taken.contains(name.as_str()) {
                "is a coordinate of the scenarios, and the product has something else of this name; rename one"
            } else {
                continue;
            };
            let source = source.with_moved(first.moved.clone());
            return Err(source.error(&field, fault));
        }
        let described = |project: &Project| -> Vec<_> {
            let variables = project.product.variables.iter();
            variables.map(ProductVariable::description).collect()
        };
        let own = described(first);
        match (self.scenarios.iter()).find(|project| described(project) != own) {
            None => Ok(()),
            Some(other) => Err(source.error(
                "product",
                format!(
                    "scenario {:?} has other product variables than {:?}, so they can't share a file; `file = \"output/{SCENARIO}.nc\"` gives each its own",
                    other.scenario.name.as_str(),
                    first.scenario.name.as_str()
                ),
            )),
        }
    }
}

/// A scenario's name as part of a file's name: as it is where that is harmless.
fn readable(name: &ScenarioName) -> String {
    let is_harmless = |c: char| c.is_alphanumeric() || "_.-=+@ ".contains(c);
    match name.as_str().chars().all(is_harmless) {
        true => name.as_str().to_owned(),
        false => file_name(name.as_str()),
    }
}
