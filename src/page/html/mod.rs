//! The document for a browser: one file that needs no other.
//!
//! What is told in words and tables is there without any script, for paper and for who listens to the page; [`pictures`] are drawn by the
//! scripts of `src/page/assets`. All that comes from outside is escaped by the templates, or is JSON without `<`; and [`assets::policy`] has a
//! browser run nothing that is not of these assets, nor ask anybody for anything. It forbids `style` attributes, too: what has a size that
//! depends on a number is an SVG.

mod assets;
mod changes;
mod failures;
mod figures;
mod gauges;
mod histogram;
mod pictures;
mod runs;
mod scenarios;
mod words;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;

use super::array::{Entry, Packed};
use super::{Drawn, Page};

/// How every page begins, by which a file is known as one.
pub(crate) const BEGINNING: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"generator\" content=\"rerunoff report\">";

/// A drop of water, beside the title in a browser's tabs.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 1c3 4 5 6 5 9a5 5 0 0 1-10 0c0-3 2-5 5-9z' fill='%231768a0'/%3E%3C/svg%3E";

/// The document.
pub(crate) fn document(page: &Page) -> Result<String> {
    let sections: Vec<Section> = [
        Section::of("catchments", "Map and curves", pictures::section(page)),
        Section::of("changes", "What changed", changes::section(page)),
        Section::of("gauges", "Gauges", gauges::section(page)),
        Section::of(
            "scenarios",
            scenarios::title(page),
            scenarios::section(page),
        ),
        Section::of("failures", "Failures", failures::section(page)),
        Section::of("runs", "Runs", runs::section(page)),
        Section::of("notes", "Notes", notes(page)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content="rerunoff report";
                meta http-equiv="Content-Security-Policy" content=(assets::policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href=(ICON);
                title { (page.drawn.title) }
                style { (PreEscaped(assets::STYLE)) }
            }
            body {
                a class="skip" href="#catchments" { "To the map and the curves" }
                (top(page, &sections))
                main {
                    (figures::section(page))
                    p id="trouble" class="bad" role="alert" hidden { "The map and the curves can’t be drawn in this browser; the tables hold." }
                    @for section in &sections { (section.body) }
                }
                (data(page)?)
                script { (PreEscaped(assets::SCRIPT)) }
            }
        }
    };
    Ok(words::without_controls(document.into_string()))
}

/// A part of the page, and how it is called where one chooses where to go.
struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

impl Section {
    fn of(id: &'static str, title: &'static str, body: Option<Markup>) -> Option<Self> {
        body.map(|body| Self { id, title, body })
    }
}

/// The title, what the page is of, and where to go.
fn top(page: &Page, sections: &[Section]) -> Markup {
    let drawn = &page.drawn;
    html! {
        header class="top" {
            h1 { (drawn.title) }
            p {
                "As of " (drawn.now)
                @if let Some(since) = &drawn.since { ", compared with " (since) }
            }
            nav aria-label="Sections" {
                ul { @for section in sections { li { a href={ "#" (section.id) } { (section.title) } } } }
            }
            button type="button" class="quiet" id="theme" { "Colours: as the system" }
        }
    }
}

/// What was thinned, left out or not placed; none if nothing was.
fn notes(page: &Page) -> Option<Markup> {
    let notes = &page.drawn.notes;
    (!notes.is_empty()).then(|| {
        html! {
            section id="notes" {
                h2 { "Notes" }
                ul { @for note in notes { li { (note) } } }
            }
        }
    })
}

/// What the script draws: the facts with the directory of the arrays, and these, packed.
fn data(page: &Page) -> Result<Markup> {
    #[derive(Serialize)]
    struct Facts<'a> {
        #[serde(flatten)]
        drawn: &'a Drawn,
        arrays: BTreeMap<String, Entry>,
    }
    let Packed { directory, text } = page.arrays.packed();
    let facts = Facts {
        drawn: &page.drawn,
        arrays: directory,
    };
    let facts = serde_json::to_string(&facts).context("can't put down what is drawn")?;
    // In a script, nothing else could end it or begin a comment.
    let facts = facts.replace('<', "\\u003c");
    Ok(html! {
        script type="application/json" id="facts" { (PreEscaped(facts)) }
        script type="text/plain" id="arrays" { (PreEscaped(text)) }
    })
}
