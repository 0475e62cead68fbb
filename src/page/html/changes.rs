//! What changed since the tag: for every number that did, how many catchments, and which the most.

use maud::{Markup, html};

use super::histogram;
use super::words::{Names, count, number, signed, table, titled};
use crate::page::Page;
use crate::page::changes::{Change, Changes, are_compared};
use crate::page::failures::PageUnit;

/// The section; none without a tag.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let drawn = &page.drawn;
    let since = drawn.since.as_ref()?;
    let (changed, same): (Vec<_>, Vec<_>) =
        (drawn.changes.iter().enumerate()).partition(|(_, changes)| changes.changed > 0);
    Some(html! {
        section id="changes" {
            h2 { "What changed: " (since) " → " (drawn.now) }
            @if !are_compared(&drawn.colours, &page.arrays) {
                p { "Nothing can be compared: no catchment has a result in both." }
            } @else if changed.is_empty() {
                p { "No number of any catchment is another than it was." }
            }
            @for (at, changes) in &changed { (of_colour(page, *at, changes)) }
            @if !changed.is_empty() && !same.is_empty() {
                p class="soft" {
                    "Unchanged: "
                    @for (at, (_, changes)) in same.iter().enumerate() {
                        @if at > 0 { "; " }
                        (title(page, changes))
                    }
                    "."
                }
            }
        }
    })
}

/// How a colour is called, with its scenario.
fn title(page: &Page, changes: &Changes) -> String {
    let Some(colour) = page.drawn.colours.get(changes.colour) else {
        return String::new();
    };
    let (long_name, units) = (colour.long_name.as_deref(), colour.units.as_deref());
    let title = titled(&colour.name, long_name, units);
    match Names::of(page).scenario(colour.scenario) {
        "" => title,
        scenario => format!("{title} ({scenario})"),
    }
}

fn of_colour(page: &Page, at: usize, changes: &Changes) -> Markup {
    let names = Names::of(page);
    let scenario = page.drawn.colours.get(changes.colour);
    let scenario = scenario.map_or(0, |colour| colour.scenario);
    let title = title(page, changes);
    let head = html! {
        th scope="col" { "catchment" }
        th scope="col" class="number" { "then" }
        th scope="col" class="number" { "now" }
        th scope="col" class="number" { "change" }
        th scope="col" class="number" { "%" }
    };
    let row = |change: &Change| {
        let unit = PageUnit {
            catchment: change.catchment,
            scenario,
        };
        let difference = change.now - change.then;
        let percent = difference / change.then.abs() * 100.0;
        html! {
            tr {
                th scope="row" { (names.link(unit)) }
                td class="number" { (number(Some(change.then))) }
                td class="number" { (number(Some(change.now))) }
                td class="number" { (signed(difference)) }
                td class="number" { @if percent.is_finite() { (signed(percent)) } @else { "was 0" } }
            }
        }
    };
    let body = html! { @for change in &changes.most { (row(change)) } };
    html! {
        section class="change" data-change=(at) {
            h3 { (title) }
            p { (count(changes.changed)) " of " (count(changes.compared)) " catchments changed." }
            (histogram::picture(changes))
            (table(&format!("{title}: catchments that changed most"), &head, &body))
        }
    }
}
