//! Blocks over lists and over time steps: what they become, line by line, and what is refused.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::series_table::BoundTable;
use crate::language::template::{Scope, Template};
use crate::text::charset::Charset;

const DAY: i64 = 86_400_000_000_000;

fn scope() -> BTreeMap<String, Value> {
    let numbers =
        |numbers: &[f64]| Value::List(numbers.iter().copied().map(Value::Number).collect());
    BTreeMap::from([
        ("id".to_owned(), Value::Text("70007".to_owned())),
        ("depths".to_owned(), numbers(&[0.1, 0.3, 1.0])),
        ("ks".to_owned(), numbers(&[12.0, 3.5, 0.25])),
        ("two".to_owned(), numbers(&[1.0, 2.0])),
        ("none".to_owned(), numbers(&[])),
        (
            "soils".to_owned(),
            Value::List(vec![
                Value::Text("loam <1>".to_owned()),
                Value::Text("]]>".to_owned()),
            ]),
        ),
    ])
}

/// The template with seven days of the series `q`: 0.5, 1.5, …
fn write(template: &Template, scope: &dyn Scope) -> Result<Vec<u8>, String> {
    let days = TimeAxis::new(
        (0..7)
            .map(|day| 1_230_768_000_000_000_000 + day * DAY)
            .collect(),
    );
    let days = days.expect("an axis");
    let q: Vec<f64> = (0..7).map(|day| f64::from(day) + 0.5).collect();
    let bound = BoundTable::of_template(template, &["q".to_owned()], &days);
    let bound = bound.map_err(|error| error.to_string())?;
    let mut out = b"kept".to_vec();
    let written = bound.write(scope, &[&q], &mut out);
    if let Err((_, error)) = written {
        assert_eq!(out, b"kept");
        return Err(error.to_string());
    }
    Ok(out.split_off(4))
}

fn render(source: &str) -> Result<String, String> {
    let template = Template::text(source).map_err(|error| error.to_string())?;
    let written = write(&template, &scope())?;
    if !template.has_rows() {
        let mut out = Vec::new();
        template
            .render(&scope(), &mut out)
            .expect("what was written");
        assert_eq!(out, written);
    }
    Ok(String::from_utf8(written).expect("UTF-8"))
}

#[test]
fn rows_stand_in_the_middle() {
    for (source, wanted) in [
        (
            "[TS]\n{#each step}\n a {time:%d} {q}\n{/each}\n[END]\n",
            "[TS]\n a 01 0.5\n a 02 1.5\n a 03 2.5\n a 04 3.5\n a 05 4.5\n a 06 5.5\n a 07 6.5\n[END]\n",
        ),
        ("x{#each step} {step}{/each}|{id}", "x 0 1 2 3 4 5 6|70007"),
        (
            "  {#each step wrap=3}  \r\n{q:5.1f}\r\n\t{/each}\r\nend",
            "  0.5  1.5  2.5\r\n  3.5  4.5  5.5\r\n  6.5\r\nend",
        ),
        (
            "\n 1 {#each step wrap=3} {q:.1f}{/each} /\n",
            "\n 1  0.5 1.5 2.5 /\n 1  3.5 4.5 5.5 /\n 1  6.5 /\n",
        ),
        (
            "{time:%d} {id}:{#each step wrap=4 sep=\", \"}{q}{/each};{step}",
            "01 70007:0.5, 1.5, 2.5, 3.5,;3\n05 70007:4.5, 5.5, 6.5;6",
        ),
        (
            "a{#each step wrap=7}{q} {/each}\nb{#each step wrap=4}{step}{/each}\n{#each step}{q}{/each}",
            "a0.5 1.5 2.5 3.5 4.5 5.5 6.5 \nb0123\nb456\n0.51.52.53.54.55.56.5",
        ),
        (
            "{#each step}\n{step}:{#each depths sep=\"/\"}{depths}{/each}\n{/each}\n",
            "0:0.1/0.3/1\n1:0.1/0.3/1\n2:0.1/0.3/1\n3:0.1/0.3/1\n4:0.1/0.3/1\n5:0.1/0.3/1\n6:0.1/0.3/1\n",
        ),
    ] {
        assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
    }
}

#[test]
fn lists_are_repeated_side_by_side() {
    for (source, wanted) in [
        ("{depths[0]}|{depths[2]:.2f}", "0.1|1.00"),
        (
            "{#each depths sep=\", \"}{depths:.2f}{/each}",
            "0.10, 0.30, 1.00",
        ),
        (
            "{#each depths, ks}\n{number}/{index} {id} {depths:4} {ks:6.2f}\n{/each}\n",
            "1/0 70007  0.1  12.00\n2/1 70007  0.3   3.50\n3/2 70007    1   0.25\n",
        ),
        (
            "[{#each none}{none}{/each}]\n{#each none wrap=2}{none}{/each}\n|",
            "[]\n|",
        ),
        (
            "  d = {#each depths wrap=2} {depths}{/each}",
            "  d =  0.1 0.3\n  d =  1",
        ),
        (
            "{#each depths}{depths} of {depths[0]};{/each}",
            "0.1 of 0.1;0.3 of 0.1;1 of 0.1;",
        ),
    ] {
        assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
    }
}

#[test]
fn wrong_blocks_are_named_with_their_place() {
    for (source, why) in [
        (
            "a\n {#each}",
            "line 2, column 2: `{#` begins a block such as",
        ),
        (
            "{#each step}",
            "line 1, column 1: the block `{#each step}` is not ended",
        ),
        ("a {/each}", "line 1, column 3: `{/each}` ends no block"),
        ("a {/if}", "line 1, column 3: `{/` only stands in"),
        (
            "{#each step}{#each step}{/each}{/each}",
            "line 1, column 13: of blocks in blocks",
        ),
        (
            "{#each depths}{#each ks}{/each}{/each}",
            "line 1, column 15: of blocks in blocks",
        ),
        (
            "{#each step wrap=2}\n{q}\n{q}\n{/each}",
            "line 4, column 1: with `wrap`",
        ),
        (
            "{#each step wrap=2}\n{q}\n {step}{/each}",
            "line 3, column 8: with `wrap`",
        ),
        (
            "{#each step wrap=2}{q}{/each} {#each depths}{/each}",
            "line 1, column 1: a block with `wrap` has",
        ),
        (
            "{#each depths}{/each} {#each step wrap=2}{q}{/each}",
            "line 1, column 23: a block with `wrap` has",
        ),
        (
            "{depths}",
            "line 1, column 1: placeholder `depths`: depths is a list; write {#each depths}{depths} {/each}",
        ),
        (
            "{depths[3]}",
            "line 1, column 1: placeholder `depths`: the list has 3 elements",
        ),
        (
            "{id[0]}",
            "line 1, column 1: placeholder `id`: its value is no list",
        ),
        (
            "{#each id}{/each}",
            "line 1, column 1: placeholder `#each id`: its value is no list",
        ),
        (
            "{#each depths, two}{/each}",
            "line 1, column 1: placeholder `#each depths, two`: its lists have 3 and 2 elements",
        ),
        (
            "{#each step}\n {q:d}{/each}",
            "line 2, column 2: placeholder `q`: at time step 0, 0.5 is no whole number",
        ),
    ] {
        let message = render(source).expect_err(source);
        assert!(message.starts_with(why), "{source}: {message}");
    }
}

#[test]
fn cells_keep_their_width_or_are_refused() {
    let written = |source: &str| {
        let template = Template::text(source).expect("a template").keeping_widths();
        write(&template, &scope()).map(|out| String::from_utf8(out).expect("UTF-8"))
    };
    assert_eq!(
        written("{id:>6}|{#each step}{q:3.1f}{/each}").as_deref(),
        Ok(" 70007|0.51.52.53.54.55.56.5")
    );
    for (source, why) in [
        (
            "a {id:3}",
            "line 1, column 3: placeholder `id`: \"70007\" has 5 characters, and its cell has 3",
        ),
        (
            "{#each step}\n{q:4.2f}{step:1}{q:3.2f}{/each}",
            "line 2, column 17: placeholder `q`: at time step 0, \"0.50\" has 4",
        ),
        (
            "{#each depths}{depths:2}{/each}",
            "line 1, column 15: placeholder `depths`: \"0.1\" has 3",
        ),
    ] {
        let message = written(source).expect_err(source);
        assert!(message.starts_with(why), "{message}");
    }
}

#[test]
fn what_is_around_the_rows_is_told_without_them() {
    let around = |source: &str| {
        let mut out = Vec::new();
        let template = Template::text(source).expect("a template");
        template
            .render_around_rows(&scope(), &mut out)
            .expect("values");
        out
    };
    let lengths = |lengths: [&[u8]; 2]| -> Vec<u8> {
        let each = lengths.map(|text| [&(text.len() as u64).to_le_bytes(), text].concat());
        each.concat()
    };
    assert_eq!(
        around("a{id}\n{#each step}\n{q}\n{/each}\nb"),
        lengths([b"a70007\n", b"b"])
    );
    assert_eq!(
        around("a\n{id} {#each step wrap=2}{q}{/each}\nb"),
        lengths([b"a\n", b"b"])
    );
    let template = Template::text("a\n{id} {#each step wrap=2}{q}{/each}\nb").expect("a template");
    let sources: Vec<&str> = template.rows().map(|block| block.source.as_str()).collect();
    assert_eq!(sources, ["{id} {#each step wrap=2}{q}{/each}"]);
}

#[test]
fn blocks_leave_a_document_one() {
    let written = |source: &str| {
        let template = Template::xml(source).map_err(|error| error.to_string())?;
        write(&template, &scope()).map(|out| String::from_utf8(out).expect("UTF-8"))
    };
    for (source, wanted) in [
        (
            "<s>\n {#each soils}\n <soil n='{number}' t='{soils}'>{soils}></soil>\n {/each}\n</s>",
            "<s>\n <soil n='1' t='loam &lt;1&gt;'>loam &lt;1&gt;&gt;</soil>\n <soil n='2' t=']]&gt;'>]]&gt;&gt;</soil>\n</s>",
        ),
        (
            "<s d='{#each depths}{depths} {/each}'>\n<![CDATA[{#each soils}{soils}{/each}>]]></s>",
            "<s d='0.1 0.3 1 '>\n<![CDATA[loam <1>]]]]><![CDATA[>>]]></s>",
        ),
        (
            "<s>\n<row>{#each step wrap=4} {q}{/each}</row>\n</s>",
            "<s>\n<row> 0.5 1.5 2.5 3.5</row>\n<row> 4.5 5.5 6.5</row>\n</s>",
        ),
        ("<s>{#each soils}]{/each}></s>", "<s>]]&gt;</s>"),
        (
            "<s><!-- {#each step} {q} --></s>",
            "<s><!-- {#each step} {q} --></s>",
        ),
    ] {
        assert_eq!(written(source).as_deref(), Ok(wanted), "{source}");
    }
    for source in [
        "<s>{#each step}<e>{/each}</e></s>",
        "<s a='{#each step}{q}'>{/each}</s>",
        "<s><![CDATA[{#each soils}]{/each}>]]></s>",
        "<s>{#each step wrap=2}{q}{/each}</s>",
    ] {
        let message = written(source).expect_err(source);
        assert!(
            message.contains("each row must stand in the document"),
            "{source}: {message}"
        );
    }
}

#[test]
fn rows_are_written_in_the_templates_encoding() {
    let charset = Charset::named("ISO-8859-1").expect("a name");
    let source = charset.encode("é{#each step wrap=7}°{q}{/each}é");
    let template = Template::text_of_bytes(&source, charset).expect("a template");
    let written = write(&template, &scope()).expect("values");
    assert_eq!(written, charset.encode("é°0.5°1.5°2.5°3.5°4.5°5.5°6.5é"));
    let template =
        Template::text_of_bytes(b"{#each step}{name}{/each}", charset).expect("a template");
    let name = BTreeMap::from([("name".to_owned(), Value::Text("€".to_owned()))]);
    assert!(
        write(&template, &name)
            .expect_err("no euro")
            .contains("has not got")
    );
}

proptest! {
    /// Wrapped rows against their plain definition.
    #[test]
    fn lines_hold_as_many_as_they_should(
        numbers in proptest::collection::vec(-999_i64..9999, 0..40), wrap in 1_usize..9, before in "[a-z ]{0,4}", after in "[a-z ]{0,4}", sep in "[,; ]{0,2}"
    ) {
        let source = format!("{before}{{#each n wrap={wrap} sep=\"{sep}\"}}{{n:5d}}{{/each}}{after}\nend");
        let list = Value::List(numbers.iter().copied().map(Value::Integer).collect());
        let mut out = Vec::new();
        Template::text(&source).expect("a template").render(&BTreeMap::from([("n".to_owned(), list)]), &mut out).expect("values");
        let lines: Vec<String> = numbers.chunks(wrap).map(|chunk| {
            let cells: Vec<String> = chunk.iter().map(|number| format!("{number:5}")).collect();
            cells.join(&sep)
        }).collect();
        let count = lines.len();
        let lines = lines.into_iter().enumerate().map(|(at, line)| {
            let end = if at + 1 < count { sep.trim_end() } else { "" };
            format!("{before}{line}{end}{after}\n")
        });
        prop_assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{}end", lines.collect::<String>()));
    }

    /// Whatever stands in a block and around it, a document stays one, and its rows are as many as they should be.
    #[test]
    fn documents_stay_documents(
        parts in proptest::collection::vec(proptest::sample::select(&[
            "{soils}", "{id}", "]", ">", "]]", " ", "\n", "<e>", "</e>", "<e/>", "<e a='", "'/>", "<![CDATA[", "]]>", "<!-- ", " -->",
            "{#each soils}", "{#each soils wrap=1 sep=']'}", "{#each step}", "{/each}", "{q}",
        ][..]), 0..12)
    ) {
        let source = format!("<s>{}</s>", parts.concat());
        if let Ok(template) = Template::xml(&source)
            && let Ok(written) = write(&template, &scope())
        {
            let written = String::from_utf8(written).expect("UTF-8");
            let literal = written.replace('{', "{{").replace('}', "}}");
            prop_assert!(Template::xml(&literal).is_ok(), "{} became {}", source, written);
        }
    }
}
