//! `[simulator.output]`, one or a list of them: the files that a run leaves, and the columns wanted of each.
//!
//! Only what is stated; [`crate::execute::output`] reads such files. How their text is laid out is checked in
//! `text_layout`.

use super::super::build::ProjectBuilder;
use super::super::{Output, OutputColumn, ProjectError, raw};
use crate::project::output_format::{ColumnPlace, Which};

impl ProjectBuilder<'_> {
    /// The outputs, and the columns of all of them by name.
    pub(super) fn outputs(
        &self,
        raw: raw::Outputs,
    ) -> Result<(Vec<Output>, Vec<OutputColumn>), ProjectError> {
        let (mut outputs, mut columns): (Vec<Output>, Vec<OutputColumn>) = Default::default();
        let mut labels: Vec<String> = Vec::new();
        let is_only = raw.list.len() == 1;
        for (at, output) in raw.list.into_iter().enumerate() {
            let field = match raw.is_list {
                true => format!("simulator.output.{at}"),
                false => "simulator.output".to_owned(),
            };
            let wanted = output.columns.clone();
            let output = self.output(field, output)?;
            let mut label = label(&output);
            let same = labels.iter().filter(|other| **other == label).count();
            labels.push(label.clone());
            if same > 0 {
                label.push_str(&format!(" #{}", same + 1));
            }
            for (name, column) in wanted {
                let field = format!("{}.columns.{name}", output.field);
                self.product_name(&field, &name)?;
                if columns.iter().any(|other| other.name == name) {
                    let rule = "another output has a column of this name; give one another name";
                    return Err(self.source.error(&field, rule));
                }
                let (place, text) = self.column(&field, column, output.format.headless)?;
                if output.format.netcdf.is_some() && place != ColumnPlace::Header {
                    let rule =
                        "takes a place in text; a column of NetCDF is a variable: write its name";
                    return Err(self.source.error(&field, rule));
                }
                let source = source(place, &text);
                columns.push(OutputColumn {
                    name,
                    source: match is_only {
                        true => source,
                        false => format!("{label}: {source}"),
                    },
                    header: self.template(&field, &text)?,
                    place,
                    output: at,
                });
            }
            let own = columns.iter().filter(|column| column.output == at);
            self.check_rows(&output, own)?;
            outputs.push(output);
        }
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        let is_taken = |column: &&OutputColumn| {
            let mut others = columns.iter();
            others.any(|other| other.source == column.source && other.place != column.place)
        };
        if let Some(column) = columns.iter().find(is_taken) {
            let field = &outputs[column.output].field;
            let rule = "is named in the results like another column, which is another; take one of them by its number";
            return Err(self
                .source
                .error(&format!("{field}.columns.{}", column.name), rule));
        }
        Ok((outputs, columns))
    }

    fn output(&self, field: String, raw: raw::Output) -> Result<Output, ProjectError> {
        if raw.columns.is_empty() {
            let rule = "names no column to take from the output";
            return Err(self.source.error(&format!("{field}.columns"), rule));
        }
        let is_netcdf = self.is_netcdf(&field, &raw)?;
        Ok(Output {
            file: self.template(&format!("{field}.file"), &raw.file)?,
            axes: self.row_axes(&field, &raw, is_netcdf)?,
            format: match is_netcdf {
                true => self.netcdf_layout(&field, raw)?,
                false => self.text_layout(&field, raw)?,
            },
            field,
        })
    }
}

/// What tells an output from others: its file, and which rows of it.
fn label(output: &Output) -> String {
    let mut label = output.file.source().to_owned();
    if let Some(begin) = &output.format.blocks {
        label.push_str(&format!(" at {}", begin.source()));
    }
    for (at, condition) in output.format.conditions.iter().enumerate() {
        let word = if at == 0 { "where" } else { "and" };
        let text = condition.text.source();
        label.push_str(&format!(" {word} {} = {text}", condition.column));
    }
    label
}

/// A column's name among those of its output: its header, or where it is.
fn source(place: ColumnPlace, text: &str) -> String {
    match place {
        ColumnPlace::Header => text.to_owned(),
        ColumnPlace::Number(number) => format!("column {number}"),
        ColumnPlace::Characters(characters) => {
            let touching = if characters.touches { " touching" } else { "" };
            format!("characters {}-{}{touching}", characters.from, characters.to)
        }
        ColumnPlace::Text(Which::Only) => format!("number behind {text}"),
        ColumnPlace::Text(Which::At(number)) => format!("number {number} behind {text}"),
        ColumnPlace::Text(Which::Last) => format!("last number behind {text}"),
        ColumnPlace::Text(Which::All) => format!("numbers behind {text}"),
    }
}
