//! Files made again from what is filled in of their templates already, when only some parameters have other values.
//!
//! What one parameter is in a template, it is for each catchment that has its value from the project file: its text is made once for
//! all of them.

use super::{Recipe, Rendered};
use crate::language::template::{Filled, Scope, Template};
use crate::plan::problem::Problem;
use crate::project::Content;

/// An input whose file can be made so.
pub(crate) struct Refillable<'r> {
    /// The number of the input.
    pub(crate) input: usize,
    template: &'r Template,
    /// The pieces of the template that change.
    changing: Vec<usize>,
}

/// What the pieces that change become; `None` where that is to be found for each catchment.
pub(crate) type Texts = Vec<Option<Vec<u8>>>;

impl Recipe<'_> {
    /// The inputs whose files can be made so when these parameters change.
    pub(crate) fn refillable(&self, names: &[String]) -> Vec<Refillable<'_>> {
        let inputs = self.project.simulator.inputs.iter().enumerate();
        let refillable = inputs.filter_map(|(input, spec)| match &spec.content {
            Content::Template { template, .. } => {
                let changing = template.changing(names)?;
                (!changing.is_empty()).then_some(Refillable {
                    input,
                    template,
                    changing,
                })
            }
            Content::OwnTemplate(_) | Content::Series(_) => None,
        });
        refillable.collect()
    }
}

impl Refillable<'_> {
    /// How many pieces change.
    pub(crate) fn pieces(&self) -> usize {
        self.changing.len()
    }

    /// The texts of the pieces that change, as far as they are known from these values.
    pub(crate) fn texts(&self, values: &dyn Scope) -> Texts {
        let text = |&piece: &usize| {
            let mut text = Vec::new();
            let rendered = self.template.render_piece(piece, values, &mut text);
            rendered.ok().map(|()| text)
        };
        self.changing.iter().map(text).collect()
    }

    /// Fills in all that does not change; `None` if anything is wrong with that.
    pub(crate) fn fill(&self, rendered: &Rendered) -> Option<Filled> {
        self.template.fill(&self.changing, &rendered.values).ok()
    }

    /// Makes the file again; where the texts are not known, from the values as they are now. On an error it may be anything.
    pub(crate) fn refill(
        &self,
        filled: &Filled,
        texts: &Texts,
        rendered: &mut Rendered,
    ) -> Result<(), Problem> {
        let Rendered { files, values, .. } = rendered;
        let file = files[self.input].get_or_insert_default();
        file.clear();
        filled
            .render(file, &mut |piece, out| match &texts[piece] {
                Some(text) => {
                    out.extend_from_slice(text);
                    Ok(())
                }
                None => (self.template).render_piece(self.changing[piece], values, out),
            })
            .map_err(|error| Problem::Rendering(error.to_string()))
    }
}
