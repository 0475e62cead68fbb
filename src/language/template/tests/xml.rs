//! XML templates: what values are refused, and that the others come back as they went in.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::data::value::Value;
use crate::language::template::{RenderProblem, Template};
use crate::language::xml::{EscapeProblem, is_xml};
use crate::text::charset::Charset;

fn render(source: &str, values: &[(&str, &str)]) -> String {
    let scope: BTreeMap<_, _> = values
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Value::Text((*text).to_owned())))
        .collect();
    let mut out = Vec::new();
    Template::xml(source)
        .expect("XML")
        .render(&scope, &mut out)
        .expect("values");
    String::from_utf8(out).expect("UTF-8")
}

/// The attributes and the text of the root element, as an XML reader gives them.
fn read_back(document: &str) -> (Vec<String>, String) {
    let mut reader = Reader::from_str(document);
    let (mut attributes, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("an attribute");
                    let value = attribute
                        .normalized_value(XmlVersion::Explicit1_0)
                        .expect("a value");
                    attributes.push(value.into_owned());
                }
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().expect("a reference") {
                    Some(c) => text.push(c),
                    None => text
                        .push_str(resolve_predefined_entity(&reference).expect("a known entity")),
                }
            }
            Event::Eof => return (attributes, text),
            _ => {}
        }
    }
}

#[test]
fn values_are_escaped_for_their_place() {
    let source = "<a b='{x}' c=\"{x}{{}}\">{x} {{{x}}}</a>";
    let document = render(source, &[("x", "<\"&'>\t\r\n")]);
    let attribute = "&lt;&quot;&amp;&apos;&gt;&#9;&#13;&#10;";
    let text = "&lt;\"&amp;'&gt;\t&#13;\n";
    assert_eq!(
        document,
        format!("<a b='{attribute}' c=\"{attribute}{{}}\">{text} {{{text}}}</a>")
    );
    assert_eq!(
        render("<a>{x:&gt;5}{x:*&lt;3}</a>", &[("x", "1")]),
        "<a>    11**</a>"
    );
    assert_eq!(render("<a b='{x:&lt;3}'/>", &[("x", "1")]), "<a b='1  '/>");
}

#[test]
fn a_value_can_not_complete_a_section_end() {
    for source in [
        "<a>{x}></a>",
        "<a>]{x}></a>",
        "<a>{x}]></a>",
        "<a>{x}{x}></a>",
        "<a>]]{y}></a>",
    ] {
        for x in ["]]", "]", ""] {
            let document = render(source, &[("x", x), ("y", "")]);
            assert!(!document.contains("]]>"), "{document}");
            let plain = source.replace("{x}", x).replace("{y}", "");
            assert_eq!(read_back(&document).1, plain[3..plain.len() - 4]);
        }
    }
}

#[test]
fn a_value_can_not_end_a_cdata_section() {
    for source in [
        "<a><![CDATA[{x}]]></a>",
        "<a><![CDATA[{x}>]]></a>",
        "<a><![CDATA[]{x}]>]]></a>",
        "<a><![CDATA[]]{x}]]></a>",
        "<a><![CDATA[{x}{x}]><{{]]>{x}</a>",
    ] {
        for x in [
            "]]>",
            "]]",
            "]",
            ">",
            "",
            "]>",
            "a]]]>b]]>",
            "<b>&amp;",
            "€",
        ] {
            let document = render(source, &[("x", x)]);
            let markup = ["<a>", "<![CDATA[", "</a>"];
            let content = markup
                .iter()
                .fold(source.to_owned(), |text, part| text.replacen(part, "", 1));
            let content = match content.rsplit_once("]]>") {
                Some((section, behind)) => format!("{section}{behind}"),
                None => content,
            };
            let plain = content.replace("{x}", x).replace("{{", "{");
            assert_eq!(read_back(&document).1, plain, "{document}");
        }
    }
    assert_eq!(
        render("<a><![CDATA[{x}]]></a>", &[("x", "a]]>b")]),
        "<a><![CDATA[a]]]]><![CDATA[>b]]></a>"
    );
}

#[test]
fn what_can_not_stand_there_is_no_value() {
    let problem = |document: &[u8], x: &str| {
        let scope = BTreeMap::from([("x".to_owned(), Value::Text(x.to_owned()))]);
        let template = Template::xml_of_bytes(document).expect("XML");
        let rendered = template.render(&scope, &mut Vec::new());
        rendered.map_err(|error| error.problem)
    };
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a><![CDATA[\xe9{x}]]></a>";
    for (document, x) in [
        (b"<a><![CDATA[{x}]]></a>".as_slice(), "\r"),
        (b"<a><?r {x}?></a>", "?"),
        (b"<a><?r ?{x}?></a>", ">"),
        (latin, "€"),
        (latin, "\u{80}"),
    ] {
        let found = problem(document, x);
        assert!(
            matches!(found, Err(RenderProblem::Xml(EscapeProblem::NotThere(..)))),
            "{x:?}: {found:?}"
        );
    }
    assert_eq!(problem(latin, "ü"), Ok(()));
    assert_eq!(
        render("<a><?r k={x}?></a>", &[("x", "é<&")]),
        "<a><?r k=é<&?></a>"
    );
}

#[test]
fn a_document_is_read_and_written_in_its_encoding() {
    let scope = BTreeMap::from([("x".to_owned(), Value::Text("ü€😀".to_owned()))]);
    for (charset, name, written) in [
        ("ISO-8859-1", "ISO-8859-1", "ü&#8364;&#128512;"),
        ("ISO-8859-15", "iso-8859-15", "ü€&#128512;"),
        ("windows-1252", "Windows-1252", "ü€&#128512;"),
        ("US-ASCII", "us-ascii", "&#252;&#8364;&#128512;"),
        ("UTF-8", "utf-8", "ü€😀"),
        ("UTF-16LE", "UTF-16LE", "ü€😀"),
    ] {
        let charset = Charset::named(charset).expect("a name");
        let document =
            |x: &str| format!("<?xml version=\"1.0\" encoding='{name}'?>\r\n<a b='{x}'>{x}</a>");
        let template = Template::xml_of_bytes(&charset.encode(&document("{x}"))).expect(name);
        let mut out = b"kept".to_vec();
        template.render(&scope, &mut out).expect("values");
        let expected = [b"kept".to_vec(), charset.encode(&document(written))].concat();
        assert_eq!(out, expected, "{name}");
    }
}

#[test]
fn braces_are_checked_where_placeholders_count() {
    for (source, line, column) in [
        ("<a>\n{ }</a>", 2, 1),
        ("<a b='}'/>", 1, 7),
        ("<a>é{k:.}</a>", 1, 5),
        ("<a><![CDATA[\n if (x) { }]]></a>", 2, 9),
        ("<a><![CDATA[}]]></a>", 1, 13),
        ("<a><?r }?></a>", 1, 8),
    ] {
        let error = Template::xml(source).expect_err(source);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{source:?}: {error}"
        );
    }
    let template = Template::xml("<a b='{k}'>\n {id}</a>").expect("XML");
    let places: Vec<_> = template
        .placeholders()
        .map(|p| (p.name.as_str(), p.line, p.column))
        .collect();
    assert_eq!(places, [("k", 1, 7), ("id", 2, 2)]);
}

#[test]
fn characters_that_xml_excludes_are_no_values() {
    for c in ['\0', '\u{1b}', '\u{fffe}', '\u{ffff}'] {
        let scope = BTreeMap::from([("x".to_owned(), Value::Text(format!("a{c}")))]);
        for source in ["<a>{x}</a>", "<a b='{x}'/>"] {
            let error = Template::xml(source)
                .expect("XML")
                .render(&scope, &mut Vec::new());
            assert_eq!(
                error.expect_err("no XML").problem,
                EscapeProblem::NotInXml(c).into()
            );
        }
    }
}

proptest! {
    #[test]
    fn values_read_back(x in any::<String>(), y in "[<>&'\"\\]\t\r\n{}\u{85}\u{2028}a]{0,12}") {
        prop_assume!(x.chars().all(is_xml));
        let z = y.replace(['\r', '\u{85}', '\u{2028}'], "]");
        let values = [("x", x.as_str()), ("y", &y), ("z", &z)];
        let document = render("<a b='{x}' c=\"é{y}\">{x}<![CDATA[{z}]{z}>]]></a>", &values);
        let (attributes, text) = read_back(&document);
        prop_assert_eq!(attributes, [x.clone(), format!("é{y}")]);
        prop_assert_eq!(text, format!("{x}{z}]{z}>"));
        let again = Template::xml(&document.replace('{', "{{").replace('}', "}}"));
        prop_assert!(again.is_ok(), "{}", document);
    }

    #[test]
    fn compiling_never_panics(source in any::<String>()) {
        let _ = Template::xml(&source);
        let _ = Template::xml(&format!("<a>{source}</a>"));
        let _ = Template::xml(&format!("<a b='{source}'/>"));
    }
}
