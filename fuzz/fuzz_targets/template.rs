//! Any text as a template, plain and XML, filled with hostile values: rendered or refused, and what was XML stays XML.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rerunoff::language::template::Template;
use rerunoff::data::value::Value;

fuzz_target!(|text: &str| {
    let values = BTreeMap::from([
        ("k".to_owned(), Value::Number(-1.5e-300)),
        ("n".to_owned(), Value::Number(70_007.0)),
        ("t".to_owned(), Value::Text("</a>&\"'{é<!--]]>".to_owned())),
        ("c".to_owned(), Value::Text("\u{1}--".to_owned())),
    ]);
    if let Ok(template) = Template::text(text) {
        let mut rendered = Vec::new();
        template.render(&values, &mut rendered).ok();
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
