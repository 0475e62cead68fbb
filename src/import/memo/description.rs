//! The text that tells whether an import has the same description as an earlier one, field by field.
//!
//! What is not named here would not lead to a new import when it changes, so every type is taken apart whole: a further field
//! does not compile until it is looked at.

use crate::data::record::{Described, record, tuple};
use crate::inputs::tables::{Decimal, TableSpec};
use crate::language::formula::Expr;
use crate::project::import_spec::{
    Aggregate, CellSeparator, Fill, Ids, ImportSpec, OnMissing, ParameterSpec, SeriesSpec,
    SourceLayout, TextFormat,
};

impl Described for ImportSpec {
    fn describe(&self, text: &mut String) {
        let Self {
            file,
            on_missing,
            filter,
            time,
            compression,
            series,
            tables,
            parameters,
        } = self;
        record(
            text,
            "ImportSpec",
            &[
                ("file", file),
                ("on_missing", on_missing),
                ("filter", filter),
                ("time", time),
                ("compression", compression),
                ("series", series),
                ("tables", tables),
                ("parameters", parameters),
            ],
        );
    }
}

impl Described for SeriesSpec {
    fn describe(&self, text: &mut String) {
        let Self {
            name,
            units,
            long_name,
            formula,
            fill,
            aggregate,
            layout,
            format,
        } = self;
        record(
            text,
            "SeriesSpec",
            &[
                ("name", name),
                ("units", units),
                ("long_name", long_name),
                ("formula", formula),
                ("fill", fill),
                ("aggregate", aggregate),
                ("layout", layout),
                ("format", format),
            ],
        );
    }
}

impl Described for SourceLayout {
    fn describe(&self, text: &mut String) {
        match self {
            Self::Wide {
                path,
                ids,
                time_columns,
            } => record(
                text,
                "Wide",
                &[("path", path), ("ids", ids), ("time_columns", time_columns)],
            ),
            Self::Long {
                path,
                id,
                time,
                value,
            } => record(
                text,
                "Long",
                &[("path", path), ("id", id), ("time", time), ("value", value)],
            ),
            Self::Files {
                folder,
                prefix,
                suffix,
                time,
                value,
            } => record(
                text,
                "Files",
                &[
                    ("folder", folder),
                    ("prefix", prefix),
                    ("suffix", suffix),
                    ("time", time),
                    ("value", value),
                ],
            ),
        }
    }
}

impl Described for Ids {
    fn describe(&self, text: &mut String) {
        match self {
            Self::List(ids) => tuple(text, "List", &[ids]),
            Self::Lines(path) => tuple(text, "Lines", &[path]),
            Self::Column(path, column) => tuple(text, "Column", &[path, column]),
            Self::Variable(path, variable) => tuple(text, "Variable", &[path, variable]),
        }
    }
}

impl Described for TextFormat {
    fn describe(&self, text: &mut String) {
        let Self {
            separator,
            decimal_comma,
            missing,
            time_format,
            skip_lines,
        } = self;
        record(
            text,
            "TextFormat",
            &[
                ("separator", separator),
                ("decimal_comma", decimal_comma),
                ("missing", missing),
                ("time_format", time_format),
                ("skip_lines", skip_lines),
            ],
        );
    }
}

impl Described for ParameterSpec {
    fn describe(&self, text: &mut String) {
        let Self {
            name,
            formula,
            units,
            long_name,
        } = self;
        record(
            text,
            "ParameterSpec",
            &[
                ("name", name),
                ("formula", formula),
                ("units", units),
                ("long_name", long_name),
            ],
        );
    }
}

impl Described for TableSpec {
    fn describe(&self, text: &mut String) {
        let Self { path, id, decimal } = self;
        record(
            text,
            "TableSpec",
            &[("path", path), ("id", id), ("decimal", decimal)],
        );
    }
}

impl Described for Expr {
    fn describe(&self, text: &mut String) {
        tuple(text, "Expr", &[&self.source()]);
    }
}

impl Described for CellSeparator {
    fn describe(&self, text: &mut String) {
        match self {
            Self::Byte(byte) => tuple(text, "Byte", &[byte]),
            Self::White => text.push_str("White"),
        }
    }
}

impl Described for OnMissing {
    fn describe(&self, text: &mut String) {
        text.push_str(match self {
            Self::Fail => "Fail",
            Self::Drop => "Drop",
        });
    }
}

impl Described for Fill {
    fn describe(&self, text: &mut String) {
        text.push_str(match self {
            Self::None => "None",
            Self::Previous => "Previous",
            Self::Linear => "Linear",
        });
    }
}

impl Described for Aggregate {
    fn describe(&self, text: &mut String) {
        text.push_str(match self {
            Self::Sum => "Sum",
            Self::Mean => "Mean",
            Self::Min => "Min",
            Self::Max => "Max",
            Self::First => "First",
            Self::Last => "Last",
        });
    }
}

impl Described for Decimal {
    fn describe(&self, text: &mut String) {
        text.push_str(match self {
            Self::Point => "Point",
            Self::Comma => "Comma",
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// As the first stores have it; another text has every import done once more.
    const TEXT: &str = r#"ImportSpec { file: "/p/input.h5", on_missing: Drop, filter: Some(Expr("area > 2")), time: Some("Q"), compression: 4, series: [SeriesSpec { name: "Q", units: Some("mm \"d\""), long_name: None, formula: Some(Expr("value * 2")), fill: Linear, aggregate: Some(Sum), layout: Wide { path: "/p/Q.csv", ids: Some(Column("/p/ids.csv", "ID")), time_columns: Some(4) }, format: TextFormat { separator: Some(Byte(59)), decimal_comma: true, missing: ["-9"], time_format: Some("%d.%m.%Y"), skip_lines: 2 } }, SeriesSpec { name: "T", units: None, long_name: None, formula: None, fill: None, aggregate: None, layout: Long { path: "/p/T.csv", id: "id", time: None, value: "v" }, format: TextFormat { separator: Some(White), decimal_comma: false, missing: [], time_format: None, skip_lines: 0 } }, SeriesSpec { name: "S", units: None, long_name: None, formula: None, fill: Previous, aggregate: Some(Last), layout: Files { folder: "/p/s", prefix: "a_", suffix: ".csv", time: Some("t"), value: "v" }, format: TextFormat { separator: None, decimal_comma: false, missing: [], time_format: None, skip_lines: 0 } }], tables: [TableSpec { path: "/p/c.dbf", id: "ID", decimal: Some(Comma) }], parameters: [ParameterSpec { name: "A", formula: Expr("AREA"), units: None, long_name: Some("area") }] }"#;

    fn series(name: &str, layout: SourceLayout) -> SeriesSpec {
        SeriesSpec {
            name: name.to_owned(),
            units: None,
            long_name: None,
            formula: None,
            fill: Fill::None,
            aggregate: None,
            layout,
            format: TextFormat::default(),
        }
    }

    #[test]
    fn an_import_has_the_text_that_it_always_had() {
        let formula = |source: &str| Expr::parse(source).expect(source);
        let text = |text: &str| Some(text.to_owned());
        let mut flow = series(
            "Q",
            SourceLayout::Wide {
                path: PathBuf::from("/p/Q.csv"),
                ids: Some(Ids::Column(PathBuf::from("/p/ids.csv"), "ID".to_owned())),
                time_columns: Some(4),
            },
        );
        flow.units = text("mm \"d\"");
        flow.formula = Some(formula("value * 2"));
        flow.fill = Fill::Linear;
        flow.aggregate = Some(Aggregate::Sum);
        flow.format = TextFormat {
            separator: Some(CellSeparator::Byte(b';')),
            decimal_comma: true,
            missing: vec!["-9".to_owned()],
            time_format: text("%d.%m.%Y"),
            skip_lines: 2,
        };
        let mut temperature = series(
            "T",
            SourceLayout::Long {
                path: PathBuf::from("/p/T.csv"),
                id: "id".to_owned(),
                time: None,
                value: "v".to_owned(),
            },
        );
        temperature.format.separator = Some(CellSeparator::White);
        let mut storage = series(
            "S",
            SourceLayout::Files {
                folder: PathBuf::from("/p/s"),
                prefix: "a_".to_owned(),
                suffix: ".csv".to_owned(),
                time: text("t"),
                value: "v".to_owned(),
            },
        );
        storage.fill = Fill::Previous;
        storage.aggregate = Some(Aggregate::Last);
        let spec = ImportSpec {
            file: PathBuf::from("/p/input.h5"),
            on_missing: OnMissing::Drop,
            filter: Some(formula("area > 2")),
            time: text("Q"),
            compression: 4,
            series: vec![flow, temperature, storage],
            tables: vec![TableSpec {
                path: PathBuf::from("/p/c.dbf"),
                id: "ID".to_owned(),
                decimal: Some(Decimal::Comma),
            }],
            parameters: vec![ParameterSpec {
                name: "A".to_owned(),
                formula: formula("AREA"),
                units: None,
                long_name: text("area"),
            }],
        };
        assert_eq!(spec.description(), TEXT);
    }
}
