//! Templates: what is filled in, and what is refused with which position.

mod xml;

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;
use crate::data::value::Value;

fn scope() -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("id".into(), Value::Text("70007".into())),
        ("k".into(), Value::Number(0.012)),
        ("n".into(), Value::Integer(8760)),
        ("tmax".into(), Value::Number(-0.0)),
    ])
}

fn render(source: &str) -> String {
    let mut out = Vec::new();
    let template = Template::text(source).expect("a template");
    template.render(&scope(), &mut out).expect("values for all");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn values_fill_placeholders() {
    for (source, expected) in [
        ("", ""),
        ("no placeholder\r\n", "no placeholder\r\n"),
        ("{id}", "70007"),
        ("k = {k}\nn={n:>6}|", "k = 0.012\nn=  8760|"),
        ("{{id}} {{{id}}} }}{{", "{id} {70007} }{"),
        ("{k:.1e}{k:.1f}", "1.2e-020.0"),
        ("{tmax}/{tmax:z}", "-0/0"),
        ("\u{feff}°{id}°", "\u{feff}°70007°"),
    ] {
        assert_eq!(render(source), expected, "{source:?}");
    }
}

#[test]
fn wrong_braces_are_named_with_their_place() {
    for (source, line, column) in [
        ("{", 1, 1),
        ("a\nü{ id}", 2, 2),
        ("{}", 1, 1),
        ("{1}", 1, 1),
        ("{a-b}", 1, 1),
        ("{a b}", 1, 1),
        ("{a", 1, 1),
        ("x }", 1, 3),
        ("{{{id}}", 1, 7),
        ("{k:{n}}", 1, 1),
        ("{k:.3\n}", 1, 1),
        ("\n\n {k:.3", 3, 2),
        ("{k:.3q}", 1, 1),
        ("{k!r}", 1, 1),
    ] {
        let error = Template::text(source).expect_err(source);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{source:?}: {error}"
        );
    }
    let message = Template::text("a {").expect_err("a brace").to_string();
    assert_eq!(
        message,
        "line 1, column 3: `{` starts no placeholder such as {name} or {name:.6}; write `{{` for a brace"
    );
}

#[test]
fn placeholders_are_listed() {
    let template = Template::text("{id}\n  {k:.3}{id}").expect("a template");
    let listed: Vec<_> = template
        .placeholders()
        .map(|p| (p.name.as_str(), p.line, p.column))
        .collect();
    assert_eq!(listed, [("id", 1, 1), ("k", 2, 3), ("id", 2, 9)]);
}

#[test]
fn what_can_not_be_rendered_is_an_error_and_leaves_nothing() {
    for (source, expected) in [
        (
            "ab\n{id} {nothing}",
            "line 2, column 6: placeholder `nothing`: nothing has this name",
        ),
        (
            "{id:.3f}",
            "line 1, column 1: placeholder `id`: the text \"70007\" is no number, and the format is one for numbers",
        ),
    ] {
        let mut out = b"kept".to_vec();
        let error = Template::text(source)
            .expect("a template")
            .render(&scope(), &mut out);
        assert_eq!(error.expect_err("an error").to_string(), expected);
        assert_eq!(out, b"kept");
    }
}

#[test]
fn date_times_have_formats() {
    struct Start;
    impl Scope for Start {
        fn get(&self, name: &str) -> Option<Scoped<'_>> {
            (name == "start").then_some(Scoped::Time(DateTime::constant(2009, 1, 1, 0, 0, 0, 0)))
        }
    }
    let mut out = Vec::new();
    let template = Template::text("{start}|{start:%d.%m.%Y %H:%M}").expect("a template");
    template.render(&Start, &mut out).expect("a time");
    assert_eq!(out, b"2009-01-01 00:00:00|01.01.2009 00:00");
}

proptest! {
    #[test]
    fn any_text_survives_with_doubled_braces(text in any::<String>()) {
        prop_assert_eq!(render(&text.replace('{', "{{").replace('}', "}}")), text);
    }

    #[test]
    fn parsing_never_panics(text in "[{}:a-c0.%Yé\n]{0,40}|.{0,60}|(\\{#each (step|a|b, c)( wrap=[0-3])?( sep=',')?\\}|\\{/each\\}|\\{a\\}|[ a\n]){0,12}") {
        if let Ok(template) = Template::text(&text) {
            let _ = template.render(&scope(), &mut Vec::new());
        }
    }
}
