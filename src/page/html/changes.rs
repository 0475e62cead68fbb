//! What changed since the tag: for every number that did, how many catchments, and which the most.

use maud::{Markup, html};

use super::histogram;
use super::words::{Names, count, counted, number, signed, table, titled};
use crate::page::Page;
use crate::page::changes::{Change, Changes, are_compared};
use crate::page::failures::PageUnit;

/// The section; none without a tag.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let drawn = &page.drawn;
    let since = drawn.since.as_ref()?;
    let (changed, same): (Vec<&Changes>, Vec<&Changes>) =
        (drawn.changes.iter()).partition(|changes| changes.changed > 0);
    Some(html! {
        section id="changes" {
            h2 { "What changed: " (since) " → " (drawn.now) }
            @if !are_compared(&drawn.colours, &page.arrays) {
                p { "Nothing can be compared: no catchment has a result in both." }
            } @else if changed.is_empty() {
                p { "No number of any catchment is another than it was." }
            }
            @for (at, alike) in changed.chunk_by(|a, b| scenario(page, a) == scenario(page, b)).enumerate() {
                (of_scenario(page, alike, at == 0))
            }
            @if !changed.is_empty() && !same.is_empty() {
                p class="soft" {
                    "Unchanged: "
                    @for (at, changes) in same.iter().enumerate() {
                        @if at > 0 { "; " }
                        (title(page, changes))
                    }
                    "."
                }
            }
        }
    })
}

/// The changes of one scenario; those of all but the first are to be unfolded.
fn of_scenario(page: &Page, changed: &[&Changes], is_first: bool) -> Markup {
    let all = html! { @for changes in changed { (of_colour(page, changes)) } };
    let scenario = changed.first().map(|changes| scenario(page, changes));
    let name = scenario.map_or("", |scenario| Names::of(page).scenario(scenario));
    match is_first {
        true => all,
        false => html! {
            details {
                summary { (name) ": " (counted(changed.len(), "number")) " changed" }
                (all)
            }
        },
    }
}

/// The scenario whose numbers these are.
fn scenario(page: &Page, changes: &Changes) -> usize {
    let colour = page.drawn.colours.get(changes.colour);
    colour.map_or(0, |colour| colour.scenario)
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

fn of_colour(page: &Page, changes: &Changes) -> Markup {
    let names = Names::of(page);
    let scenario = scenario(page, changes);
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
        section class="change" {
            h3 { (title) }
            p { (count(changes.changed)) " of " (count(changes.compared)) " catchments changed." }
            (histogram::picture(changes))
            (table(&format!("{title}: catchments that changed most"), &head, &body))
        }
    }
}
