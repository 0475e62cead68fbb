//! The document for a browser: one file that needs no other.

mod changes;
mod failures;
mod figures;
mod gauges;
mod runs;
mod scenarios;
mod words;

use anyhow::{Context, Result};
use maud::{DOCTYPE, PreEscaped, html};

use super::Page;

/// How every page begins, by which a file is known as one.
pub(crate) const BEGINNING: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"generator\" content=\"rerunoff report\">";

/// The document.
pub(crate) fn document(page: &Page) -> Result<String> {
    let facts = serde_json::to_string(&page.drawn).context("can't put down what is drawn")?;
    // In a script, nothing else could end it or begin a comment.
    let facts = facts.replace('<', "\\u003c");
    let sections = [
        runs::section(page),
        failures::section(page),
        scenarios::section(page),
        gauges::section(page),
        changes::section(page),
    ];
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content="rerunoff report";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.drawn.title) }
            }
            body {
                h1 { (page.drawn.title) }
                (figures::section(page))
                @for section in sections.into_iter().flatten() { (section) }
                script type="application/json" id="facts" { (PreEscaped(facts)) }
            }
        }
    };
    Ok(words::without_controls(document.into_string()))
}
