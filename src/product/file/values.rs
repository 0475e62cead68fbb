//! A variable's values of one catchment: a column of its result, or a formula over columns and the catchment's numbers.
//!
//! A column without axes is one number, and goes with any other column in a formula.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};

use super::{AxisGroup, ProductContent};
use crate::data::record::Described;
use crate::language::formula::{EvalError, Expr, Operand};
use crate::project::product_spec::{ProductVariable, VariableSource};

impl ProductContent {
    /// The values of one of a group's variables (by number) in a row, from the group's columns of the row's result.
    pub(in crate::product) fn values<'c>(
        &self,
        group: &AxisGroup<'_>,
        row: usize,
        variable: usize,
        columns: &'c [Vec<f64>],
    ) -> Result<Cow<'c, [f64]>> {
        let variable = &self.spec.variables[variable];
        let values = match &variable.source {
            VariableSource::Column(column) => {
                let place = group.columns.iter().position(|known| known == column);
                let column = place.and_then(|place| columns.get(place));
                let context = || {
                    format!(
                        "{}: its result has no column for `{}`",
                        self.row_name(row),
                        variable.name
                    )
                };
                Cow::Borrowed(column.with_context(context)?.as_slice())
            }
            VariableSource::Formula(formula) => {
                let context = || format!("{}: `{}`", self.row_name(row), variable.name);
                let values = self.computed(group, formula, row, columns);
                Cow::Owned(values.with_context(context)?)
            }
        };
        ensure!(
            values.len() == group.rows(),
            "{}: `{}` has {} values for {}",
            self.row_name(row),
            variable.name,
            values.len(),
            group.wanted()
        );
        Ok(values)
    }

    fn computed(
        &self,
        group: &AxisGroup<'_>,
        formula: &Expr,
        row: usize,
        columns: &[Vec<f64>],
    ) -> Result<Vec<f64>, EvalError> {
        let scalars = &self.catchments[row].scalars;
        let operand = |name: &str| {
            let mut names = group.columns.iter().map(|&column| &self.columns[column]);
            match names.position(|column| column.name == name) {
                Some(place) => {
                    let is_number = self.columns[group.columns[place]].axes.is_none();
                    match (columns.get(place)?.as_slice(), is_number) {
                        ([number], true) => Some(Operand::Scalar(*number)),
                        (column, _) => Some(Operand::Column(column)),
                    }
                }
                None => {
                    let at = self.scalars.iter().position(|scalar| scalar == name)?;
                    Some(Operand::Scalar(scalars[at]))
                }
            }
        };
        // The names were checked before anything was run.
        formula.eval_columns(group.rows(), &operand)
    }

    /// The source of a variable in words, for the digests: the header of its column, or its formula with all names that it
    /// might use.
    pub(super) fn definition(&self, variable: &ProductVariable) -> String {
        match &variable.source {
            VariableSource::Column(at) => self.columns[*at].header.clone(),
            VariableSource::Formula(formula) => {
                let columns: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
                let (columns, scalars) = (columns.description(), self.scalars.description());
                format!("= {} of {columns}, {scalars}", formula.source())
            }
        }
    }
}
