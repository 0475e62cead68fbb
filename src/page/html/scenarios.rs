//! The scenarios: states, the parameters in which they differ, and what came of them. Without scenarios, the numbers alone.

use maud::{Markup, html};

use super::words::{Names, count, counted, number, table, titled};
use crate::data::value::Value;
use crate::history::values::PlainValue;
use crate::page::Page;
use crate::page::scenarios::{ScenarioRow, TableNumber};

/// How many scenarios are shown.
const SHOWN: usize = 200;

/// What the section is called.
pub(super) fn title(page: &Page) -> &'static str {
    match Names::of(page).has_scenarios() {
        true => "Scenarios",
        false => "Numbers",
    }
}

/// The section; none if there is nothing to tell.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let names = Names::of(page);
    let all = &page.told.scenario_table;
    if !names.has_scenarios() {
        let row = all.rows.first()?;
        return (!all.numbers.is_empty()).then(|| numbers(page, &all.numbers, row));
    }
    let head = html! {
        th scope="col" { "scenario" }
        th scope="col" class="number" { "fresh" }
        th scope="col" class="number" { "failed" }
        @for name in &all.parameters { th scope="col" class="number" { code { (name) } } }
        @for number in &all.numbers { th scope="col" class="number" { (heading(number)) } }
    };
    let body = html! {
        @for row in all.rows.iter().take(SHOWN) {
            tr {
                th scope="row" { (names.scenario(row.scenario)) }
                td class="number" { (count(row.counts.fresh)) " of " (count(row.counts.catchments)) }
                td class=(if row.counts.failed > 0 { "number bad" } else { "number" }) { (count(row.counts.failed)) }
                @for value in &row.values { td class="number" { (parameter(value.as_ref())) } }
                @for at in 0..row.numbers.len() { td class="number" { (now_and_then(row, at)) } }
            }
        }
    };
    let more = all.rows.len().saturating_sub(SHOWN);
    Some(html! {
        section id="scenarios" {
            h2 { (title(page)) }
            (table(&caption(page, "Scenarios, the parameters in which they differ, and their numbers"), &head, &body))
            @if more > 0 { p class="soft" { "And " (counted(more, "more scenario")) "; " code { "rerunoff report --json" } " has all." } }
        }
    })
}

/// The numbers of the only scenario.
fn numbers(page: &Page, numbers: &[TableNumber], row: &ScenarioRow) -> Markup {
    let has_then = !row.then.is_empty();
    let head = html! {
        th scope="col" { "number" }
        th scope="col" class="number" { "now" }
        @if has_then { th scope="col" class="number" { "as of " (page.drawn.since.as_deref().unwrap_or("the tag")) } }
    };
    let body = html! {
        @for (at, what) in numbers.iter().enumerate() {
            tr {
                th scope="row" { (heading(what)) }
                td class="number" { (number(row.numbers[at])) }
                @if has_then { td class="number" { (number(row.then[at])) } }
            }
        }
    };
    html! {
        section id="scenarios" {
            h2 { (title(page)) }
            (table("What the summaries and objectives come to", &head, &body))
        }
    }
}

fn heading(number: &TableNumber) -> Markup {
    html! { (titled(&number.name, None, number.units.as_deref())) br; small { (number.of_catchments) } }
}

fn caption(page: &Page, text: &str) -> String {
    match &page.drawn.since {
        Some(since) => format!("{text}; in parentheses what they were as of {since}"),
        None => text.to_owned(),
    }
}

fn now_and_then(row: &ScenarioRow, at: usize) -> Markup {
    let then = row.then.get(at).copied();
    let is_same = then.is_none_or(|then| then == row.numbers[at]);
    html! {
        (number(row.numbers[at]))
        @if let (false, Some(then)) = (is_same, then) { br; small { "(" (number(then)) ")" } }
    }
}

/// A parameter's value, in full.
fn parameter(value: Option<&PlainValue>) -> String {
    value.map_or("–".to_owned(), |value| Value::from(value).to_string())
}
