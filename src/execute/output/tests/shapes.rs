//! Tables in every declared shape, written here and read back to the same bits; and garbage, which is columns or an error.

use proptest::prelude::*;

use super::*;
use crate::language::template::Template;
use crate::project::output_format::{
    Characters, Condition, Dates, DimensionPlaces, DimensionSpec, Which,
};

/// How a table is written.
#[derive(Clone, Debug)]
struct Shape {
    lines_before: usize,
    header: bool,
    units: bool,
    comments: bool,
    /// `None`: every cell at its own characters, without anything between them.
    separator: Option<Separator>,
    decimal_comma: bool,
    behind: Behind,
    /// Rows of other catchments among those of this one.
    others: bool,
    /// Each row is a block of a report.
    blocks: bool,
    /// The number of this shape's exponents.
    exponent: Exponent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Behind {
    Nothing,
    Lines(usize),
    Total,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Exponent {
    E,
    D,
    /// As Fortran drops the letter before three digits.
    None,
}

const WIDTH: usize = 26;

fn shape() -> impl Strategy<Value = Shape> {
    let separator = prop_oneof![
        Just(None),
        Just(Some(Separator::Tab)),
        Just(Some(Separator::Comma)),
        Just(Some(Separator::Semicolon)),
        Just(Some(Separator::Whitespace)),
    ];
    let behind = prop_oneof![
        Just(Behind::Nothing),
        (1..4_usize).prop_map(Behind::Lines),
        Just(Behind::Total)
    ];
    let exponent = prop_oneof![Just(Exponent::E), Just(Exponent::D), Just(Exponent::None)];
    let flags = proptest::collection::vec(any::<bool>(), 6);
    (0..4_usize, separator, behind, exponent, flags).prop_map(
        |(lines_before, separator, behind, exponent, flags)| {
            let shape = Shape {
                lines_before,
                header: flags[0] && separator.is_some(),
                units: flags[1],
                comments: flags[2],
                decimal_comma: flags[3] && separator != Some(Separator::Comma),
                separator,
                behind,
                others: flags[4],
                blocks: flags[5],
                exponent,
            };
            match shape.blocks {
                // What ends a block is a blank line here.
                true => Shape {
                    behind: Behind::Nothing,
                    ..shape
                },
                false => shape,
            }
        },
    )
}

impl Shape {
    fn number(&self, number: f64) -> String {
        let mut text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a number");
        let has_point = mantissa.contains('.');
        text = match self.exponent {
            Exponent::D => format!("{mantissa}D{exponent:+03}"),
            Exponent::None if exponent.abs() >= 100 => {
                format!("{mantissa}{}{exponent:+}", if has_point { "" } else { "." })
            }
            Exponent::E | Exponent::None => format!("{mantissa}E{exponent:+03}"),
        };
        match self.decimal_comma {
            true => text.replace('.', ","),
            false => text,
        }
    }

    fn line(&self, cells: &[String]) -> String {
        match self.separator {
            None => cells.iter().map(|cell| format!("{cell:>WIDTH$}")).collect(),
            Some(Separator::Tab) => cells.join("\t"),
            Some(Separator::Comma) => cells.join(","),
            Some(Separator::Semicolon) => cells.join(";"),
            Some(Separator::Whitespace) => cells.join("   "),
        }
    }

    fn written(&self, rows: &[[f64; 2]]) -> String {
        let names = ["id", "a", "b"].map(str::to_owned);
        let front = |text: &mut String| {
            for line in 0..self.lines_before {
                text.push_str(&format!("title {line}, of something\n"));
            }
            if self.header {
                text.push_str(&format!("{}\n", self.line(&names)));
            }
            if self.units {
                text.push_str(&format!(
                    "{}\n",
                    self.line(&["-", "m", "kg"].map(str::to_owned))
                ));
            }
        };
        let mut text = String::new();
        if !self.blocks {
            front(&mut text);
        }
        for (at, row) in rows.iter().enumerate() {
            if self.blocks {
                text.push_str(&format!("Results at step {at}\n"));
                front(&mut text);
            }
            if self.comments {
                text.push_str("  # a remark, 1 2 3\n");
            }
            let cells = |id: &str| [id.to_owned(), self.number(row[0]), self.number(row[1])];
            if self.others {
                text.push_str(&format!("{}\n", self.line(&cells("6"))));
            }
            text.push_str(&format!("{}\n", self.line(&cells("7"))));
            if self.others {
                text.push_str(&format!("{}\n", self.line(&cells("70"))));
            }
            if self.blocks {
                text.push_str("\nsomething else\n");
            }
        }
        match self.behind {
            Behind::Nothing => {}
            Behind::Lines(lines) => text.push_str(&"\nmore 1\n".repeat(lines)),
            Behind::Total => text.push_str("\n Total 1 2 3 4\n5 6 7\n"),
        }
        text
    }

    fn format(&self) -> OutputFormat {
        let column = match (self.header, self.separator) {
            (true, _) => "id",
            (false, Some(_)) => "1",
            (false, None) => "1-26",
        };
        let condition = |text| Condition {
            column: column.to_owned(),
            text: Template::text(text).expect("a template"),
        };
        OutputFormat {
            separator: self.separator,
            skip_lines: self.lines_before,
            headless: !self.header,
            skip_rows: usize::from(self.units),
            comments: self.comments.then(|| "#".to_owned()).into_iter().collect(),
            decimal_comma: self.decimal_comma,
            skip_last: match self.behind {
                Behind::Lines(lines) => lines,
                Behind::Nothing | Behind::Total => 0,
            },
            until: (self.behind == Behind::Total).then(|| "Total".to_owned()),
            conditions: self.others.then(|| condition("7.0")).into_iter().collect(),
            ..OutputFormat::default()
        }
    }

    fn place(&self, column: usize) -> ColumnPlace {
        match self.separator {
            None => ColumnPlace::Characters(Characters {
                from: (column - 1) * WIDTH + 1,
                to: column * WIDTH,
                touches: false,
            }),
            Some(_) if self.header => ColumnPlace::Header,
            Some(_) => ColumnPlace::Number(column),
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_in_a_shape_is_read_back(
        shape in shape(),
        rows in proptest::collection::vec(proptest::array::uniform2(any::<f64>().prop_filter("finite", |x| x.is_finite())), 1..9),
    ) {
        let text = shape.written(&rows);
        let columns = [
            WantedColumn { place: shape.place(3), text: "b" },
            WantedColumn { place: shape.place(2), text: "a" },
        ];
        let wanted = Wanted {
            format: &shape.format(),
            axes: &RowAxes::default(),
            steps: &days(rows.len()),
            columns: &columns,
            conditions: &["7.0".to_owned()],
            block: shape.blocks.then_some("Results at"),
        };
        let read = parse(text.as_bytes(), &wanted);
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        for (at, row) in rows.iter().enumerate() {
            let found = [read.columns[1][at], read.columns[0][at]].map(f64::to_bits);
            prop_assert_eq!(found, row.map(f64::to_bits), "{}", &text);
        }
    }

    #[test]
    fn any_bytes_in_any_shape_give_columns_or_an_error(
        shape in shape(),
        text in "(Results at|id|a|b|Total|#|[0-9.eD+-]{1,4}|\\*{1,3}|[,;\t \"\r]|é|\n){0,80}",
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        touches in any::<bool>(),
        time in 0..3_usize,
        which in prop_oneof![Just(Which::Only), Just(Which::Last), Just(Which::All), Just(Which::At(2))],
        dimension in proptest::option::of(1..3_usize),
        from in 1..60_usize,
        reads_places in any::<bool>(),
    ) {
        let format = OutputFormat {
            dates: (time == 2).then(|| Dates {
                columns: vec![if shape.header { "id" } else { "1" }.to_owned()],
                format: Some("%Y".to_owned()),
            }),
            ..shape.format()
        };
        let column = if shape.header { "a" } else { "2" };
        let axes = RowAxes {
            time: [OutputTime::Steps, OutputTime::None, OutputTime::Read { name: "day".to_owned() }][time].clone(),
            dimension: dimension.map(|count| DimensionSpec {
                name: "layer".to_owned(),
                places: match reads_places {
                    true => DimensionPlaces::Read(column.to_owned()),
                    false => DimensionPlaces::Count(count),
                },
            }),
        };
        let characters = Characters { from, to: from + 5, touches };
        let columns = [
            WantedColumn { place: shape.place(2), text: "a" },
            WantedColumn { place: ColumnPlace::Characters(characters), text: "" },
            WantedColumn { place: ColumnPlace::Text(which), text: "b" },
        ];
        for text in [text.as_bytes(), &bytes] {
            for columns in [&columns[..1], &columns[1..2], &columns[2..], &columns[..2], &columns] {
                let wanted = Wanted {
                    format: &format,
                    axes: &axes,
                    steps: &days(2),
                    columns,
                    conditions: &["7".to_owned()],
                    block: shape.blocks.then_some("Results at"),
                };
                if let Ok(found) = parse(text, &wanted) {
                    prop_assert_eq!(found.columns.len(), columns.len());
                    let length = found.columns[0].len();
                    prop_assert!(found.columns.iter().all(|column| column.len() == length));
                    prop_assert!(found.columns.iter().flatten().all(|value| !value.is_infinite()));
                }
            }
        }
    }
}
