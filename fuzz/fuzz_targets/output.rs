//! Any bytes as a simulator's table: as many finite or missing numbers as there are time steps, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerunoff::execute::output::parse;
use rerunoff::project::output_format::{OutputFormat, Separator};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (layout, skip_rows, text) = input;
    let separators = [
        None,
        Some(Separator::Tab),
        Some(Separator::Comma),
        Some(Separator::Semicolon),
        Some(Separator::Whitespace),
    ];
    let format = OutputFormat {
        separator: separators[usize::from(layout) % separators.len()],
        missing: vec!["NA".to_owned(), "-9999".to_owned(), String::new()],
        skip_rows: usize::from(skip_rows % 4),
    };
    let steps = usize::from(layout / 5 % 4);
    if let Ok(columns) = parse(text, &format, &["t", "Q", "t"], steps) {
        assert!(columns.len() == 3 && columns.iter().all(|column| column.len() == steps));
        assert!(columns.iter().flatten().all(|value| !value.is_infinite()));
    }
});
