//! Any bytes as a simulator's output in any declared shape: finite or missing numbers, as many for each column, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerunoff::execute::output::{Wanted, WantedColumn, parse};
use rerunoff::language::template::Template;
use rerunoff::project::output_format::{
    Characters, ColumnPlace, Condition, Dates, DimensionPlaces, DimensionSpec, OutputFormat,
    OutputTime, RowAxes, Separator, Which,
};

fuzz_target!(|input: (u8, u8, u8, u8, &[u8])| {
    let (layout, lines, flags, axes, text) = input;
    let flag = |bit: u8| flags >> bit & 1 == 1;
    let separators = [
        None,
        Some(Separator::Tab),
        Some(Separator::Comma),
        Some(Separator::Semicolon),
        Some(Separator::Whitespace),
    ];
    let headless = flag(0);
    let column = |name: &str, number: &str| if headless { number } else { name }.to_owned();
    let condition = Condition {
        column: column("t", "1-3"),
        text: Template::text("1").expect("a template"),
    };
    let format = OutputFormat {
        separator: separators[usize::from(layout) % separators.len()],
        missing: vec!["NA".to_owned(), "-9999".to_owned(), String::new()],
        skip_rows: usize::from(lines % 4),
        skip_lines: usize::from(lines / 4 % 4),
        headless,
        comments: flag(1).then(|| "#".to_owned()).into_iter().collect(),
        decimal_comma: flag(2),
        skip_last: usize::from(lines / 16 % 4),
        until: flag(3).then(|| "Total".to_owned()),
        conditions: flag(4).then_some(condition).into_iter().collect(),
        blocks: None,
        dates: flag(5).then(|| Dates {
            columns: vec![column("t", "1")],
            format: flag(6).then(|| "%Y".to_owned()),
        }),
    };
    let axes = RowAxes {
        time: match axes % 3 {
            0 => OutputTime::Steps,
            1 => OutputTime::None,
            _ if format.dates.is_none() => OutputTime::Steps,
            _ => OutputTime::Read {
                name: "day".to_owned(),
            },
        },
        dimension: (axes / 3 % 3 > 0).then(|| DimensionSpec {
            name: "layer".to_owned(),
            places: match axes / 9 % 2 {
                0 => DimensionPlaces::Count(2),
                _ => DimensionPlaces::Read(column("Q", "2")),
            },
        }),
    };
    let characters = Characters {
        from: 1 + usize::from(layout / 8),
        to: 6 + usize::from(layout / 8),
        touches: flag(6),
    };
    let places = match headless {
        true => [ColumnPlace::Number(1), ColumnPlace::Number(2)],
        false => [ColumnPlace::Header; 2],
    };
    let columns = [
        (places[0], "t"),
        (places[1], "Q"),
        (places[0], "t"),
        (ColumnPlace::Characters(characters), ""),
        (ColumnPlace::Text(Which::Last), "Q"),
        (ColumnPlace::Text(Which::All), "t"),
    ]
    .map(|(place, text)| WantedColumn { place, text });
    let count = 1 + usize::from(layout / 5) % columns.len();
    let wanted = Wanted {
        format: &format,
        axes: &axes,
        steps: &[0, 1, 2, 3][..usize::from(layout / 32 % 4)],
        columns: &columns[..count],
        conditions: &["1".to_owned()],
        block: flag(7).then_some("Node"),
    };
    if let Ok(found) = parse(text, &wanted) {
        assert_eq!(found.columns.len(), count);
        let length = found.columns[0].len();
        assert!(found.columns.iter().all(|column| column.len() == length));
        let values = found.columns.iter().flatten();
        assert!(values.clone().all(|value| !value.is_infinite()));
    }
});
