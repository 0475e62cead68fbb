//! Any text as a template, an output or a project file gives a result or an error, never a panic.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use rerunoff::data::value::Value;
use rerunoff::execute::output::{Wanted, WantedColumn, parse};
use rerunoff::language::template::{Template, TemplateStyle};
use rerunoff::project::Study;
use rerunoff::project::output_format::{ColumnPlace, OutputFormat, RowAxes};
use rerunoff::text::charset::Charset;

/// Texts with what has a meaning in the format more often than chance would have it.
fn sprinkled(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~\n\t]{0,12}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const TEMPLATE: &[&str] = &[
    "{",
    "}",
    "{{",
    "}}",
    "{k}",
    "{k:.3f}",
    "{time:%Y}",
    "{k:",
    "!r}",
    "<a>",
    "</a>",
    "<a b=\"",
    "\"",
    "'",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml",
    "?>",
    "<!DOCTYPE",
    "&amp;",
    "&#0;",
    "\0",
    "é",
    "\n",
    "{#each l}",
    "{#each l, k wrap=2 sep=\"]\"}",
    "{#each step wrap=2}",
    "{/each}",
    "{l}",
    "{l[1]}",
    "{number}",
    "~ k ~",
    "{k * (2 + ",
    "{'%5.2f' % k}",
    "\\{",
];
const ENCODINGS: &[&str] = &[
    "UTF-8",
    "UTF-16LE",
    "UTF-16BE",
    "ISO-8859-1",
    "ISO-8859-11",
    "US-ASCII",
    "windows-1252",
    "Shift_JIS",
    "ISO-2022-JP",
    "gb18030",
];
const TABLE: &[&str] = &[
    "t",
    "Q",
    "\t",
    ",",
    ";",
    " ",
    "\n",
    "\r\n",
    "\"",
    "1",
    "-1.5e300",
    "NA",
    "inf",
    "nan",
    "\u{feff}",
    "\0",
    "1e999999999",
];
const PROJECT: &[&str] = &[
    "[input]\nfile = \"rerunoff.toml\"\n",
    "[simulator]\n",
    "command = [\"true\"]\n",
    "[simulator.output]\nfile = \"o\"\n",
    "[simulator.output.columns]\na = \"b\"\n",
    "[product]\nfile = \"p\"\n",
    "[parameters]\n",
    "k = ",
    "\"= k + (\"\n",
    "[[",
    "]]",
    "=",
    "\"",
    "'''",
    "#",
    "\n",
    "timeout = \"9223372036854775807s\"\n",
    "timeout_floor = \"-1s\"\n",
    "[product.variables]\n",
    "{",
    "}",
    "1e400",
    "[[simulator.input]]\nfile = \"../x\"\nrow = \"{a:99999999999d}\"\n",
    "compression = 99\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn templates(text in sprinkled(TEMPLATE), bytes in any::<Vec<u8>>(), label in prop::sample::select(ENCODINGS)) {
        let hostile = Value::Text("</a>\0\u{1}&\"{".to_owned());
        let list = Value::List(vec![hostile.clone(), Value::Text("]".to_owned()), Value::Integer(7)]);
        let values = BTreeMap::from([
            ("k".to_owned(), Value::Number(-1.5e-300)),
            ("time".to_owned(), hostile),
            ("l".to_owned(), list),
        ]);
        let declared = format!("<?xml version=\"1.0\" encoding=\"{label}\"?><a>");
        let declared = [declared.as_bytes(), &bytes, b"{k}</a>"].concat();
        let charset = Charset::named(label).expect("a known encoding");
        let templates = [
            Template::text(&text),
            Template::xml(&text),
            Template::xml_of_bytes(&bytes),
            Template::xml_of_bytes(&declared),
            Template::text_of_bytes(&bytes, charset),
            Template::in_style_of_bytes(TemplateStyle::Pest, format!("ptf ~\n{text}").as_bytes(), charset),
            Template::in_style_of_bytes(TemplateStyle::Dakota, text.as_bytes(), charset),
        ];
        for template in templates.into_iter().flatten() {
            let mut out = Vec::new();
            template.keeping_widths().render(&values, &mut out).ok();
        }
        let mut out = Vec::new();
        if let Ok(template) = Template::xml(&text) && template.render(&values, &mut out).is_ok() {
            let literal = String::from_utf8_lossy(&out).replace('{', "{{").replace('}', "}}");
            prop_assert!(Template::xml(&literal).is_ok(), "{}", literal);
        }
    }

    #[test]
    fn outputs(text in sprinkled(TABLE), bytes in any::<Vec<u8>>(), skip_rows in 0..3usize, steps in 0..4usize) {
        let missing = vec!["NA".to_owned()];
        let format = OutputFormat { missing, skip_rows, ..OutputFormat::default() };
        for text in [text.as_bytes(), &bytes] {
            let wanted = Wanted {
                format: &format,
                axes: &RowAxes::default(),
                steps: &[0, 1, 2, 3][..steps],
                columns: &["t", "Q"].map(|text| WantedColumn { place: ColumnPlace::Header, text }),
                conditions: &[],
                block: None,
            };
            if let Ok(found) = parse(text, &wanted) {
                prop_assert!(found.columns.iter().all(|column| column.len() == steps));
                prop_assert!(found.columns.iter().flatten().all(|value| !value.is_infinite()));
            }
        }
    }

    #[test]
    fn project_files(text in sprinkled(PROJECT)) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("rerunoff.toml"), text).expect("written");
        if let Err(error) = Study::load(folder.path()) {
            prop_assert!(error.to_string().contains("rerunoff.toml"));
        }
    }
}
