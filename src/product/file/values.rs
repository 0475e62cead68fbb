//! A variable's values of one catchment: a column of its result, or a formula over all columns and the catchment's numbers.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};

use super::ProductContent;
use crate::data::record::Described;
use crate::language::formula::{Expr, Operand};
use crate::project::product_spec::{ProductVariable, VariableSource};

impl ProductContent {
    /// The values of a variable (by number) in a row, one for each time step, from the columns of the row's result.
    pub(in crate::product) fn values<'c>(
        &self,
        row: usize,
        variable: usize,
        columns: &'c [Vec<f64>],
    ) -> Result<Cow<'c, [f64]>> {
        let (variable, steps) = (&self.spec.variables[variable], self.time.len());
        let values = match &variable.source {
            VariableSource::Column(column) => {
                let column = columns.get(*column);
                let context = || {
                    format!(
                        "{}: its result has no column for `{}`",
                        self.row_name(row),
                        variable.name
                    )
                };
                Cow::Borrowed(column.with_context(context)?.as_slice())
            }
            VariableSource::Formula(formula) => Cow::Owned(self.computed(formula, row, columns)),
        };
        ensure!(
            values.len() == steps,
            "{}: `{}` has {} values for {steps} time steps",
            self.row_name(row),
            variable.name,
            values.len()
        );
        Ok(values)
    }

    fn computed(&self, formula: &Expr, row: usize, columns: &[Vec<f64>]) -> Vec<f64> {
        let length = columns.first().map_or(0, Vec::len);
        let scalars = &self.catchments[row].scalars;
        let operand = |name: &str| {
            let mut names = self.columns.iter();
            match names.position(|column| column.name == name) {
                Some(at) => columns.get(at).map(|column| Operand::Column(column)),
                None => {
                    let at = self.scalars.iter().position(|scalar| scalar == name)?;
                    Some(Operand::Scalar(scalars[at]))
                }
            }
        };
        // The names were checked before anything was run, and all columns of a result have one length.
        formula.eval_columns(length, &operand).unwrap_or_default()
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
