//! A work directory as a simulator gets it: links and copies, and the files that are made for its catchment.

use std::path::PathBuf;

use crate::execute::failure::Failure;
use crate::execute::local::forcing::Forcing;
use crate::execute::local::laid_deck::DeckChanged;
use crate::execute::local::work_directory::{Layout, WorkDirectory};
use crate::plan::recipe::{Recipe, Rendered};
use crate::project::Project;

/// Makes a catchment's work directory as its simulator gets it.
pub(crate) fn prepare_directory(
    recipe: &Recipe<'_>,
    project: &Project,
    rendered: &Rendered,
    forcing: &Forcing,
    work: &WorkDirectory,
) -> Result<(), Failure> {
    let trouble = |error: anyhow::Error| match error.downcast::<DeckChanged>() {
        Ok(DeckChanged(file)) if rendered.own.deck.is_some() => Failure::OwnChanged(file),
        Ok(DeckChanged(file)) => Failure::DeckChanged(file),
        Err(error) => Failure::WorkDirectory(format!("{error:#}")),
    };
    let required = rendered.require.iter().map(|(file, _)| file);
    let layout = Layout {
        links: (project.simulator.support.iter())
            .chain(&rendered.own.links)
            .collect(),
        deck: rendered.deck(recipe),
        directories: &project.simulator.directories,
        left: (rendered
            .outputs
            .iter()
            .chain(required)
            .map(PathBuf::as_path))
        .collect(),
    };
    work.prepare(&layout).map_err(trouble)?;
    for (i, (input, content)) in project
        .simulator
        .inputs
        .iter()
        .zip(&rendered.files)
        .enumerate()
    {
        if let Some(bytes) = content {
            work.write(&input.name, bytes).map_err(trouble)?;
            continue;
        }
        match forcing.printed(i, recipe, rendered) {
            Some(text) => work.write(&input.name, &text?).map_err(trouble)?,
            None => work
                .write_made(&input.name, |table| {
                    forcing.print(i, recipe, rendered, table)
                })
                .map_err(trouble)??,
        }
    }
    Ok(())
}
