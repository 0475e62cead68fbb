//! The past runs: a table over time with bars of what ran and failed, and why.

use maud::{Markup, html};

use super::words::{count, counted, table, time, took};
use crate::page::Page;
use crate::page::runs::RunBar;

/// How many are seen at once; the others can be unfolded.
const SEEN: usize = 12;

/// How many causes of a run are listed.
const CAUSES: usize = 4;

/// The width of the longest bar, in its own units.
const WIDTH: f64 = 100.0;

/// The section; none if there was no run.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let runs = &page.told.runs;
    if runs.is_empty() {
        return None;
    }
    let most = runs.iter().map(|bar| bar.ran.max(bar.failed)).max();
    let most = most.unwrap_or(0).max(1);
    let (seen, others) = runs.split_at(runs.len().min(SEEN));
    let head = html! {
        th scope="col" { "run" }
        th scope="col" { "ended, UTC" }
        th scope="col" class="number" { "ran" }
        th scope="col" { span class="skip" { "bar" } }
        th scope="col" class="number" { "failed" }
        th scope="col" class="number" { "took" }
        th scope="col" { "why" }
    };
    let body = |bars: &[RunBar]| html! { @for bar in bars { (row(bar, most)) } };
    Some(html! {
        section id="runs" {
            h2 { "Runs" }
            (table("What the last runs did, the latest first", &head, &body(seen)))
            @if !others.is_empty() {
                details {
                    summary { (count(others.len())) " earlier" }
                    (table("What earlier runs did", &head, &body(others)))
                }
            }
        }
    })
}

fn row(bar: &RunBar, most: usize) -> Markup {
    let duration = match bar.running_seconds {
        duration if duration > 0.0 => took(duration),
        _ => "–".to_owned(),
    };
    html! {
        tr {
            th scope="row" { (bar.run) }
            td {
                (time(&bar.ended))
                @if bar.runs > 1 { br; small { (count(bar.runs)) " alike since " (time(&bar.since)) } }
            }
            td class="number" { (count(bar.ran)) }
            td { (picture(bar, most)) }
            td class=(if bar.failed > 0 { "number bad" } else { "number" }) { (count(bar.failed)) }
            td class="number" { (duration) }
            td {
                @for (at, cause) in bar.causes.iter().take(CAUSES).enumerate() {
                    @if at > 0 { br; }
                    (count(cause.count)) " " (cause.cause)
                }
                @if bar.causes.len() > CAUSES { br; "and " (counted(bar.causes.len() - CAUSES, "more cause")) }
                @if !bar.set.is_empty() { br; small { "with " (bar.set) " (--set)" } }
                @if bar.gave_up { br; small class="bad" { "stopped early: too many failed" } }
            }
        }
    }
}

/// What ran, and what of it failed.
fn picture(bar: &RunBar, most: usize) -> Markup {
    let length = |many: usize| match many {
        0 => 0.0,
        many => (WIDTH * many as f64 / most as f64).max(1.0),
    };
    let width = |many| format!("{:.1}", length(many));
    html! {
        svg class="runs" viewBox="0 0 100 10" width="120" height="12" preserveAspectRatio="none" aria-hidden="true" {
            rect class="ran" width=(width(bar.ran.max(bar.failed))) height="10" {}
            rect class="failed" width=(width(bar.failed)) height="10" {}
        }
    }
}
