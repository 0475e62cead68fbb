//! Any text as a template, plain, XML, PEST's and Dakota's, filled with hostile values: rendered or refused, what was XML stays
//! XML, and no cell leaves its width.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rerunoff::language::template::{Template, TemplateStyle};
use rerunoff::text::charset::Charset;
use rerunoff::data::value::Value;

fuzz_target!(|text: &str| {
    let values = BTreeMap::from([
        ("k".to_owned(), Value::Number(-1.5e-300)),
        ("n".to_owned(), Value::Number(70_007.0)),
        ("t".to_owned(), Value::Text("</a>&\"'{é<!--]]>".to_owned())),
        ("c".to_owned(), Value::Text("\u{1}--".to_owned())),
        (
            "l".to_owned(),
            Value::List(vec![Value::Number(0.1), Value::Text("]]>&".to_owned())]),
        ),
        ("e".to_owned(), Value::List(Vec::new())),
    ]);
    if let Ok(template) = Template::text(text) {
        let mut rendered = Vec::new();
        template.render(&values, &mut rendered).ok();
    }
    for style in [TemplateStyle::Pest, TemplateStyle::Dakota] {
        let template = Template::in_style_of_bytes(style, text.as_bytes(), Charset::UTF_8);
        let mut rendered = Vec::new();
        if let Ok(template) = template
            && template.render(&values, &mut rendered).is_ok()
            && style == TemplateStyle::Pest
        {
            let first = text.split_inclusive('\n').next().map_or(0, |line| line.chars().count());
            let rendered = String::from_utf8(rendered).expect("text");
            assert_eq!(rendered.chars().count(), text.chars().count() - first);
        }
    }
    if let Ok(template) = Template::xml(text) {
        let mut rendered = Vec::new();
        if template.render(&values, &mut rendered).is_ok() {
            let rendered = String::from_utf8(rendered).expect("text");
            let literal = rendered.replace('{', "{{").replace('}', "}}");
            assert!(Template::xml(&literal).is_ok(), "{rendered}");
        }
    }
});
