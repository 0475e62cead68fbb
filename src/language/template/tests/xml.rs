//! XML templates: what survives, what is refused, and that values come back as they went in.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::data::value::Value;
use crate::language::template::{RenderProblem, Template, TemplateProblem};
use crate::language::xml::{EscapeProblem, XmlProblem, is_xml};
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

const LAYOUT: &str = "\u{feff}<?xml version=\"1.0\" encoding='utf-8' standalone = \"yes\"?>\r\n\
    <!-- {left} as {{it}} is -->\n<?app also this?>\n\
    <layout  a='1'\n\tb=\"x &amp; y\" >\n  <empty/>\t<e />\n<![CDATA[raw <&]] >]]>\n\
    <text>a &lt; b &#65; > ]]&gt; \u{1F30D}</text ></layout>\n<!--end-->\n";

#[test]
fn a_document_survives_byte_for_byte() {
    assert_eq!(render(LAYOUT, &[]), LAYOUT);
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
fn what_a_document_says_of_its_encoding_must_be_so() {
    let text = "<?xml version='1.0' encoding='UTF-16'?><a/>";
    let utf16 = Charset::UTF_16BE.encode(&format!("\u{feff}{text}"));
    assert!(Template::xml_of_bytes(&utf16).is_ok());
    for (document, line, column, message) in [
        (
            b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>".to_vec(),
            0,
            0,
            "",
        ),
        (
            [b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a/>".as_slice()].concat(),
            1,
            2,
            "the XML declaration says encoding=\"ISO-8859-1\", but the document is in UTF-8",
        ),
        (
            text.as_bytes().to_vec(),
            1,
            1,
            "says encoding=\"UTF-16\", but the document is in UTF-8",
        ),
        (
            Charset::UTF_16LE.encode(text),
            1,
            1,
            "says encoding=\"UTF-16\", but the document is in UTF-16LE",
        ),
        (
            Charset::UTF_16LE.encode("\u{feff}<?xml version='1.0' encoding='utf-8'?><a/>"),
            1,
            2,
            "says encoding=\"utf-8\", but the document is in UTF-16LE",
        ),
        (
            b"<?xml version='1.0' encoding='UTF-8'?>\n<a>M\xfcller</a>".to_vec(),
            2,
            5,
            "the byte 0xfc is no UTF-8 text, which the document declares",
        ),
        (
            b"<a>M\xfcller</a>".to_vec(),
            1,
            5,
            "the byte 0xfc is no UTF-8 text, which the document is in unless it says otherwise",
        ),
        (
            b"<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>".to_vec(),
            1,
            1,
            "the encoding \"EBCDIC-CP-US\" is not known",
        ),
        (
            b"\xff\xfe\0\0<\0\0\0".to_vec(),
            1,
            1,
            "\"UTF-32\" is not known",
        ),
    ] {
        match Template::xml_of_bytes(&document) {
            Ok(_) => assert_eq!(message, ""),
            Err(error) => {
                assert_eq!((error.line, error.column), (line, column), "{error}");
                assert!(error.to_string().contains(message), "{error}");
            }
        }
    }
}

#[test]
fn entities_of_the_document_are_known() {
    let document = "<!DOCTYPE a [<!ENTITY unit \"mm\"> <!ENTITY b SYSTEM 'b.xml'>]><a u='&unit;'>&b;&quot;</a>";
    assert_eq!(render(document, &[]), document);
    assert!(Template::xml("<!DOCTYPE a SYSTEM 'a.dtd'><a>&any;</a>").is_ok());
    assert!(Template::xml("<!DOCTYPE a [<!ENTITY unit 'mm'>]><a>&other;</a>").is_err());
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    use XmlProblem as P;
    for (source, line, column, expected) in [
        ("", 1, 1, Some(P::NoRoot)),
        ("<!-- -->\n", 2, 1, Some(P::NoRoot)),
        ("<a>\n <b>\n</a>", 3, 1, None),
        ("<a>\n <b></b>\n", 1, 1, Some(P::Unclosed("a".into()))),
        ("<a/></a>", 1, 5, None),
        ("<a/>\n<b/>", 2, 1, Some(P::SecondRoot("b".into()))),
        ("x<a/>", 1, 1, Some(P::TextOutside)),
        ("<a/>\n {k}", 2, 2, Some(P::TextOutside)),
        ("<a/>&amp;", 1, 5, Some(P::TextOutside)),
        ("<![CDATA[x]]><a/>", 1, 1, Some(P::TextOutside)),
        ("<a b='1' b='2'/>", 1, 10, None),
        ("<a b=1/>", 1, 6, None),
        ("<a b/>", 1, 5, None),
        ("<a b='1'c='2'/>", 1, 9, Some(P::NoBlank("c".into()))),
        ("<a b='<'/>", 1, 7, Some(P::LessThan)),
        ("<a>{k:<8}</a>", 1, 7, Some(P::LessThan)),
        ("<a b='1/>", 1, 1, None),
        ("<a>&nbsp;</a>", 1, 4, Some(P::Entity("nbsp".into()))),
        ("<a b='&x;'/>", 1, 7, Some(P::Entity("x".into()))),
        ("<a>a & b</a>", 1, 6, None),
        ("<a b='a & b'/>", 1, 9, None),
        ("<a>&#0;</a>", 1, 4, None),
        ("<a>&#1;</a>", 1, 4, Some(P::Character('\u{1}'))),
        ("<a>\n\u{1}</a>", 2, 1, Some(P::Character('\u{1}'))),
        ("<a>]]></a>", 1, 4, Some(P::CDataEnd)),
        ("<1a/>", 1, 2, Some(P::Name("1a".into()))),
        ("< a/>", 1, 2, Some(P::Name(String::new()))),
        ("<a 1='x'/>", 1, 4, Some(P::Name("1".into()))),
        ("<{k}/>", 1, 2, Some(P::PlaceholderInName)),
        ("<a{k}>x</a{k}>", 1, 3, Some(P::PlaceholderInName)),
        ("<a {k}='1'/>", 1, 4, Some(P::PlaceholderInName)),
        ("<a b='1' {k}/>", 1, 10, Some(P::PlaceholderInName)),
        ("<a><!-- -- --></a>", 1, 9, None),
        ("<a><!-- </a>", 1, 4, None),
        (
            " <?xml version='1.0'?><a/>",
            1,
            2,
            Some(P::Misplaced("the XML declaration")),
        ),
        (
            "<?xml version='1.0' encoding='latin1'?><a/>",
            1,
            1,
            Some(P::Encoding {
                declared: "latin1".into(),
                found: Charset::UTF_8,
            }),
        ),
        ("<?xml version='1.0' standalone='{s}'?><a/>", 1, 1, None),
        ("<?xml version='{v}'?><a/>", 1, 1, None),
        (
            "<?xml version='1.1'?><a>\u{80}</a>",
            1,
            1,
            Some(P::Character('\u{80}')),
        ),
        (
            "<!DOCTYPE a [<!ENTITY k '{k}'>]><a/>",
            1,
            26,
            Some(P::BraceInDoctype),
        ),
        ("<?xml encoding='utf-8'?><a/>", 1, 1, None),
        ("<?xml version='1.0' font='x'?><a/>", 1, 1, None),
        ("<a/><!DOCTYPE a>", 1, 5, Some(P::Misplaced("a DOCTYPE"))),
        ("<a><?XML x?></a>", 1, 4, Some(P::Name("XML".into()))),
    ] {
        let error = Template::xml(source).expect_err(source);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{source:?}: {error}"
        );
        let TemplateProblem::Xml(problem) = error.problem else {
            panic!("{source:?}: {error}");
        };
        if let Some(expected) = expected {
            assert_eq!(problem, expected, "{source:?}");
        }
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
    fn any_source_is_passed_on_or_refused(source in "(<a( [bc]=['\"]?[xé&;]{0,3}['\"])*/?>|</a>|<!--|-->|<\\?p|\\?>|[<>&;\\[\\]!é\n]|<!\\[CDATA\\[|<!DOCTYPE){0,8}") {
        if Template::xml(&source).is_ok() {
            prop_assert_eq!(render(&source, &[]), source);
        }
    }

    #[test]
    fn compiling_never_panics(source in any::<String>()) {
        let _ = Template::xml(&source);
        let _ = Template::xml(&format!("<a>{source}</a>"));
        let _ = Template::xml(&format!("<a b='{source}'/>"));
    }
}
