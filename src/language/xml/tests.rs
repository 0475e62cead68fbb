//! Documents: what survives, what is refused with which position, and in which encoding they are.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::data::value::Value;
use crate::language::template::{Template, TemplateProblem};

/// What becomes of a document without placeholders.
fn passed_on(source: &str) -> String {
    let mut out = Vec::new();
    Template::xml(source)
        .expect("XML")
        .render(&BTreeMap::<String, Value>::new(), &mut out)
        .expect("no values");
    String::from_utf8(out).expect("UTF-8")
}

const LAYOUT: &str = "\u{feff}<?xml version=\"1.0\" encoding='utf-8' standalone = \"yes\"?>\r\n\
    <!-- {left} as {{it}} is -->\n<?app also this?>\n\
    <layout  a='1'\n\tb=\"x &amp; y\" >\n  <empty/>\t<e />\n<![CDATA[raw <&]] >]]>\n\
    <text>a &lt; b &#65; > ]]&gt; \u{1F30D}</text ></layout>\n<!--end-->\n";

#[test]
fn a_document_survives_byte_for_byte() {
    assert_eq!(passed_on(LAYOUT), LAYOUT);
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
    assert_eq!(passed_on(document), document);
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

proptest! {
    #[test]
    fn any_source_is_passed_on_or_refused(source in "(<a( [bc]=['\"]?[xé&;]{0,3}['\"])*/?>|</a>|<!--|-->|<\\?p|\\?>|[<>&;\\[\\]!é\n]|<!\\[CDATA\\[|<!DOCTYPE){0,8}") {
        if Template::xml(&source).is_ok() {
            prop_assert_eq!(passed_on(&source), source);
        }
    }
}
