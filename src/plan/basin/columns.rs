//! The series columns that templates can use: the input's own, and those computed from them.
//!
//! It knows names and formulas; values are computed by [`super::Basin::compute`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::inputs::Catalog;
use crate::language::formula::Expr;
use crate::project::{Project, ProjectError};

/// A series column that templates can use.
pub struct BasinColumn<'p> {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub source: ColumnSource<'p>,
}

/// Where a series column comes from.
pub enum ColumnSource<'p> {
    /// The input's column with this index.
    Input(usize),
    /// A formula over input columns, and their indices by name.
    Formula(&'p Expr, BTreeMap<String, usize>),
}

impl BasinColumn<'_> {
    /// What the column's values depend on besides the input: `precipitation`, `= precipitation * 25.4`.
    pub fn definition(&self) -> Cow<'_, str> {
        match &self.source {
            ColumnSource::Input(_) => Cow::Borrowed(&self.name),
            ColumnSource::Formula(formula, _) => Cow::Owned(format!("= {}", formula.source())),
        }
    }
}

/// All columns of a project: the input's, then the computed ones.
pub(super) fn of<'p>(
    project: &'p Project,
    catalog: &Catalog,
) -> Result<Vec<BasinColumn<'p>>, ProjectError> {
    let mut columns: Vec<BasinColumn<'p>> = (catalog.columns.iter().enumerate())
        .map(|(i, column)| BasinColumn {
            name: column.name.clone(),
            source: ColumnSource::Input(i),
        })
        .collect();
    for (name, formula) in &project.series {
        if columns.iter().any(|column| &column.name == name) {
            let message = format!("the input has a series {name:?} already");
            return Err(project.error(&format!("series.{name}"), message));
        }
        let mut names = BTreeMap::new();
        for used in formula.names() {
            let Some(at) = catalog
                .columns
                .iter()
                .position(|column| column.name == used)
            else {
                let there = catalog
                    .columns
                    .iter()
                    .map(|column| column.name.as_str())
                    .collect::<Vec<_>>();
                let message = match there.is_empty() {
                    true => format!("the input has no series {used:?}, and no others either"),
                    false => format!(
                        "the input has no series {used:?}; it has {}",
                        there.join(", ")
                    ),
                };
                return Err(project.error(&format!("series.{name}"), message));
            };
            names.insert(used, at);
        }
        columns.push(BasinColumn {
            name: name.clone(),
            source: ColumnSource::Formula(formula, names),
        });
    }
    Ok(columns)
}
