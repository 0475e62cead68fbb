//! Templates that make XML: what is one, what becomes of values in each place of it, and in which encoding.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rerunoff::data::value::Value;
use rerunoff::language::template::Template;

use crate::common::{Project, python, random};

/// As many as take about a second.
const ROUNDS: u64 = 300;

#[test]
fn random_documents_hold_the_values_that_were_put_in() {
    let (seed, rounds) = random::draw("RERUNOFF_ROUNDS", ROUNDS);
    let folder = tempfile::tempdir().expect("a folder");
    let (seed, rounds_text) = (seed.to_string(), rounds.to_string());
    python(
        "documents.py",
        &[
            Path::new("make"),
            folder.path(),
            seed.as_ref(),
            rounds_text.as_ref(),
        ],
    );
    let documents = fs::read(folder.path().join("documents.json")).expect("documents");
    let documents: Vec<serde_json::Value> = serde_json::from_slice(&documents).expect("JSON");
    for (at, document) in documents.iter().enumerate() {
        let values = document["values"].as_object().expect("values");
        let scope: BTreeMap<String, Value> = (values.iter())
            .map(|(name, value)| {
                (
                    name.clone(),
                    Value::Text(value.as_str().expect("a text").to_owned()),
                )
            })
            .collect();
        let source = fs::read(folder.path().join(format!("{at}.xml"))).expect("a template");
        let template = Template::xml_of_bytes(&source)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&source)));
        let mut out = Vec::new();
        if template.render(&scope, &mut out).is_ok() {
            fs::write(folder.path().join(format!("{at}.out")), out).expect("a document");
        }
    }
    let told = python("documents.py", &[Path::new("check"), folder.path()]);
    assert!(told.starts_with(&format!("{rounds} documents")), "{told}");
}

const TEMPLATES: &str = "file = \"layout.xml\"\ntemplate = \"templates/layout.xml\"\n";
const TABLE: &str = "file = \"input.txt\"\n";

/// A project of two catchments with a text of their own, of which the first would break a document.
fn named() -> Project {
    let project = Project::new(2);
    let rows = "70001,ok,2,\"Aare < Rhein & \"\"co\"\"\"\n70002,ok,2,Elbe\n";
    project.write(
        "catchments.csv",
        &format!("catchment,mode,factor,s\n{rows}"),
    );
    project
}

/// Has this file made of this template, with further lines in its table.
fn make(project: &Project, file: &str, template: &str, content: impl AsRef<[u8]>, more: &str) {
    project.write_toml(&project.toml());
    let input = format!("file = \"{file}\"\ntemplate = \"templates/{template}\"\n{more}\n");
    project.edit(TEMPLATES, &input);
    fs::write(project.path("templates").join(template), content).expect("a template");
}

/// What `check --render` makes of a file for the first catchment.
#[track_caller]
fn rendered(project: &Project, file: &str) -> Vec<u8> {
    project
        .rerunoff(&["check", "70001", "--render", "look"])
        .expect(0);
    let made = project.read(&format!("look/{file}"));
    fs::remove_dir_all(project.path("look")).expect("a folder");
    made
}

const ESCAPED: &str =
    "<a n=\"Aare &lt; Rhein &amp; &quot;co&quot;\">Aare &lt; Rhein &amp; \"co\"</a>\n";

#[test]
fn a_template_is_xml_by_any_sign_of_it() {
    let project = named();
    let source = "<a n=\"{s}\">{s}</a>\n";
    for (file, template, more) in [
        ("layout.xml", "layout.xml", ""),
        ("layout.xml", "layout.xml.tpl", ""),
        ("layout.xml", "layout.tpl", ""),
        ("layout.XML", "layout.tpl", ""),
        ("run/layout.svg", "layout", ""),
        ("layout.dat", "layout.Xml", ""),
        ("layout.dat", "layout.xml.in", ""),
        ("layout.dat", "layout.dat", "xml = true"),
    ] {
        make(&project, file, template, source, more);
        let made = rendered(&project, file);
        assert_eq!(
            String::from_utf8_lossy(&made),
            ESCAPED,
            "{file} of {template}"
        );
    }
    for begin in [
        "<?xml version=\"1.0\"?>",
        "\u{feff}<?xml version=\"1.0\"?>\n",
    ] {
        make(
            &project,
            "layout.dat",
            "layout.tpl",
            format!("{begin}{source}"),
            "",
        );
        let made = rendered(&project, "layout.dat");
        assert_eq!(String::from_utf8_lossy(&made), format!("{begin}{ESCAPED}"));
    }
    make(&project, "layout.xml", "layout.tpl", "<a><b n={s}></a>", "");
    let run = project.rerunoff(&["run"]).expect(2);
    run.says("templates/layout.tpl:1:9: placeholders stand in quoted attribute values");
    run.says(
        "it is XML by the name of the file that is made; if it is none, say `xml = false` beside `file`",
    );
    make(
        &project,
        "layout.dat",
        "layout.tpl",
        "\n<?xml version=\"1.0\"?><a/>",
        "",
    );
    let run = project.rerunoff(&["status"]).expect(2);
    run.says(
        "templates/layout.tpl:2:1: not well-formed XML: the XML declaration may stand only once, at the beginning (it is XML by its first bytes",
    );
}

#[test]
fn what_is_no_xml_can_be_called_so() {
    let project = named();
    make(
        &project,
        "layout.xml",
        "layout.xml",
        "n = {s} & more\n",
        "xml = false",
    );
    assert_eq!(
        rendered(&project, "layout.xml"),
        b"n = Aare < Rhein & \"co\" & more\n"
    );
    make(&project, "layout.dat", "layout.dat", "<a n=\"{s}\"/>\n", "");
    let check = project.rerunoff(&["check"]).expect(0);
    let note = "layout.dat is plain text, but could be XML; `xml = true` beside `file` has its values escaped";
    assert!(check.stdout.contains(note), "{}", check.stdout);
}

#[test]
fn only_what_is_written_otherwise_is_run_again() {
    let project = named();
    make(
        &project,
        "layout.xml",
        "layout.tpl",
        "<a n=\"{s}\"><![CDATA[{{{s}}}]]></a>",
        "xml = false",
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), ["70001", "70002"]);
    project.edit("xml = false\n", "");
    let why = project.rerunoff(&["why", "70001"]).expect(0);
    assert!(
        why.stdout.contains("layout.xml renders to another text"),
        "{}",
        why.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), ["70001"]);

    // The key has a table's layout and values in the place of its text.
    let table = "header = \"<s n='{s}'><![CDATA[{s}\"\nrow = \"{step};{discharge}\"\nfooter = \"]]></s>\"\n\n";
    let more = format!(
        "[[simulator.input]]\nfile = \"table.xml\"\nxml = false\n{table}[[simulator.input]]\n{TABLE}"
    );
    project.edit(&format!("[[simulator.input]]\n{TABLE}"), &more);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), ["70001", "70002"]);
    project.edit("xml = false\n", "");
    let why = project.rerunoff(&["why", "70001"]).expect(0);
    assert!(
        why.stdout.contains("table.xml renders to another text"),
        "{}",
        why.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), ["70001"]);
    let made = String::from_utf8(rendered(&project, "table.xml")).expect("UTF-8");
    let start =
        "<s n='Aare &lt; Rhein &amp; &quot;co&quot;'><![CDATA[Aare < Rhein & \"co\"\n0;0\n1;0.25\n";
    assert!(made.starts_with(start), "{made}");
    project.edit("footer = \"]]></s>\"", "footer = \"</s>\"");
    let run = project.rerunoff(&["run"]).expect(2);
    run.says("if it is none, say `xml = false` beside `file`");
}

#[test]
fn a_scenario_has_its_templates_read_alike() {
    let project = named();
    let scenario = "\n[scenario.one]\n[scenario.two]\n[[scenario.two.simulator.input]]\nfile = \"layout.xml\"\ntemplate = \"templates/two.tpl\"\n";
    project.write_toml(&(project.toml() + scenario));
    project.write("templates/two.tpl", "<a n=\"{s}\">{s}</a>\n");
    let check = ["check", "70001", "--scenario", "two", "--render", "look"];
    project.rerunoff(&check).expect(0);
    assert_eq!(project.read("look/layout.xml"), ESCAPED.as_bytes());
    project
        .rerunoff(&["repro", "70001", "again", "--scenario", "two"])
        .expect(0);
    assert_eq!(project.read("again/layout.xml"), ESCAPED.as_bytes());
    project.write("templates/two.tpl", "<a>\n<b></a>");
    let run = project.rerunoff(&["run"]).expect(2);
    run.says("templates/two.tpl:2:");
}

#[test]
fn placeholders_in_cdata_are_filled_in() {
    let project = named();
    let of = |source: &str| {
        make(&project, "layout.xml", "layout.xml", source, "");
        String::from_utf8(rendered(&project, "layout.xml")).expect("UTF-8")
    };
    assert_eq!(
        of("<a><script><![CDATA[ rate = {k}; f = {k:.4f}; {{x}} {s} ]]></script><k>{k}</k></a>"),
        "<a><script><![CDATA[ rate = 0.012; f = 0.0120; {x} Aare < Rhein & \"co\" ]]></script><k>0.012</k></a>"
    );
    assert_eq!(of("<a><?r k={k} {{}}?></a>"), "<a><?r k=0.012 {}?></a>");
    let rows = "70001,ok,2,x]]>y\n70002,ok,2,Elbe\n";
    project.write(
        "catchments.csv",
        &format!("catchment,mode,factor,s\n{rows}"),
    );
    assert_eq!(
        of("<a><![CDATA[{s}]]></a>"),
        "<a><![CDATA[x]]]]><![CDATA[>y]]></a>"
    );
    for (source, place, message) in [
        (
            "<a><![CDATA[\nif (x) { y }]]></a>",
            "2:8",
            "braces count in a CDATA section as they do elsewhere: `{` starts no placeholder such as {name} or {name:.6}; write `{{` for a brace",
        ),
        ("<a><![CDATA[f(x){x}]]></a>", "1:17", "nothing provides {x}"),
        (
            "<a><?r f(x){x}?></a>",
            "1:12",
            "braces count in a processing instruction as they do elsewhere: write `{{` for one",
        ),
        (
            "<!DOCTYPE a [<!ENTITY k \"{k}\">]><a>&k;</a>",
            "1:26",
            "a DOCTYPE takes no placeholders",
        ),
    ] {
        make(&project, "layout.xml", "layout.xml", source, "");
        let run = project.rerunoff(&["run"]).expect(2);
        run.says(&format!("templates/layout.xml:{place}: "));
        run.says(message);
    }
    make(&project, "layout.xml", "layout.xml", "<a><?r {s}?></a>", "");
    let run = project.rerunoff(&["check", "70001"]).expect(4);
    run.says("the value holds '>', which can't stand in a processing instruction");
}

#[test]
fn comments_are_left_alone_and_named() {
    let project = named();
    let source = "<a>\n<!-- {k} {not} {{id}} { -->{id}</a>";
    make(&project, "layout.xml", "layout.tpl", source, "");
    let check = project
        .rerunoff(&["check", "70001", "--render", "look"])
        .expect(0);
    let note = "templates/layout.tpl:2:6: {k} stands in a comment, where nothing is filled in";
    assert!(check.stdout.contains(note), "{}", check.stdout);
    assert_eq!(
        check.stdout.matches("comment").count(),
        1,
        "{}",
        check.stdout
    );
    let made = project.read("look/layout.xml");
    assert_eq!(made, source.replace("{id}<", "70001<").as_bytes());
}

#[test]
fn a_document_stays_in_its_encoding() {
    let project = named();
    project.write(
        "catchments.csv",
        "catchment,mode,factor,s\n70001,ok,2,Müller €\n70002,ok,2,Elbe\n",
    );
    let source = b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a n='\xfc{s}'>\xdf</a>\n";
    make(&project, "layout.xml", "layout.xml", source, "");
    let expected =
        b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a n='\xfcM\xfcller &#8364;'>\xdf</a>\n";
    assert_eq!(rendered(&project, "layout.xml"), expected);
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["repro", "70001", "again"]).expect(0);
    assert_eq!(project.read("again/layout.xml"), expected);
    assert_eq!(project.calls().len(), 2);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());

    // What changed is shown as text.
    let edited = b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a n='\xfc{s}'>\xe4</a>\n";
    fs::write(project.path("templates/layout.xml"), edited).expect("a template");
    let why = project.rerunoff(&["why", "70001"]).expect(0);
    assert!(
        why.stdout
            .contains("2 - <a n='ü{s}'>ß</a>\n     2 + <a n='ü{s}'>ä</a>"),
        "{}",
        why.stdout
    );

    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    make(
        &project,
        "layout.dat",
        "layout.tpl",
        utf16("\u{feff}<?xml version='1.0'?><a>{s}</a>"),
        "",
    );
    assert_eq!(
        rendered(&project, "layout.dat"),
        utf16("\u{feff}<?xml version='1.0'?><a>Müller €</a>")
    );

    make(
        &project,
        "layout.xml",
        "layout.xml",
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n<a><![CDATA[{s}]]></a>",
        "",
    );
    project
        .rerunoff(&["check", "70001"])
        .expect(4)
        .says("the value holds '€', which can't stand in a CDATA section of this encoding");
    for (source, message) in [
        (
            b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\xfc</a>".as_slice(),
            "templates/layout.xml:2:4: the byte 0xfc is no UTF-8 text, which the document declares",
        ),
        (
            b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            "says encoding=\"ISO-8859-1\", but the document is in UTF-8",
        ),
        (
            b"<a>\n\xfc</a>",
            "templates/layout.xml:2:1: the byte 0xfc is no UTF-8 text, which the document is in unless it says otherwise",
        ),
    ] {
        make(&project, "layout.xml", "layout.xml", source, "");
        project.rerunoff(&["run"]).expect(2).says(message);
    }
}

#[test]
fn plain_text_in_another_encoding_is_said_so() {
    let project = named();
    project.write(
        "catchments.csv",
        "catchment,mode,factor,s\n70001,ok,2,Müller €\n70002,ok,2,Δ\n",
    );
    make(&project, "a.txt", "a.txt", b"\xb0C {s}\r\n", "");
    let run = project.rerunoff(&["run"]).expect(2);
    run.says(
        "templates/a.txt:1:1: the byte 0xb0 is no UTF-8 text; save the template as UTF-8, or name the encoding",
    );
    make(
        &project,
        "a.txt",
        "a.txt",
        b"\xb0C {s}\r\n",
        "encoding = \"windows-1252\"",
    );
    assert_eq!(rendered(&project, "a.txt"), b"\xb0C M\xfcller \x80\r\n");
    let check = project.rerunoff(&["check", "70002"]).expect(4);
    check.says("the value holds 'Δ', which windows-1252 has not got");
    for (lines, message) in [
        (
            "encoding = \"ebcdic\"",
            "the encoding \"ebcdic\" is not known",
        ),
        (
            "xml = true\nencoding = \"UTF-8\"",
            "an XML template names its encoding in its declaration",
        ),
    ] {
        make(&project, "a.txt", "a.txt", "", lines);
        project.rerunoff(&["run"]).expect(2).says(message);
    }
}
