//! The numbers that are told first: how many catchments are in which state, and what the last run took.

use maud::{Markup, html};

use super::words::{count, counted, took};
use crate::data::size::Size;
use crate::page::Page;

/// How many causes are listed.
const CAUSES: usize = 10;

/// The numbers, and why what is stale is stale.
pub(super) fn section(page: &Page) -> Markup {
    let told = &page.told;
    let counts = told.counts;
    let waiting = counts.stale - counts.failed;
    let last = told.runs.first();
    html! {
        dl class="figures" {
            (figure(&format!("fresh of {}", count(counts.catchments)), &count(counts.fresh), "good"))
            @if counts.failed > 0 { (figure("failed", &count(counts.failed), "bad")) }
            @if waiting > 0 { (figure("stale, to be run", &count(waiting), "")) }
            @if counts.bad > 0 { (figure("can't be run", &count(counts.bad), "bad")) }
            @if let Some(last) = last {
                (figure(&label("run", last.runs), &count(last.ran), ""))
                @if last.cpu_seconds > 0.0 { (figure(&label("processor time", last.runs), &took(last.cpu_seconds), "")) }
                @if last.peak_bytes > 0 { (figure("most memory of one", &Size(last.peak_bytes).to_string(), "")) }
            }
            @if let Some(slowest) = told.slowest.first() {
                (figure(&format!("slowest: {}", slowest.label), &took(slowest.seconds), ""))
            }
            @if let Some(prediction) = &told.prediction {
                (figure(&format!("to run again, {} at once", prediction.workers), &format!("about {}", took(prediction.seconds)), ""))
            }
        }
        // What failed alone is told by reason below.
        @if waiting + counts.bad > 0 {
            p { "Why they are not fresh:" }
            ul {
                @for cause in told.causes.iter().take(CAUSES) { li { (count(cause.count)) " " (cause.cause) } }
                @if told.causes.len() > CAUSES { li { "and " (counted(told.causes.len() - CAUSES, "more cause")) } }
            }
        }
    }
}

/// What is told of the last run, or of the last ones for the same cause.
fn label(what: &str, runs: usize) -> String {
    match runs {
        1 => format!("{what}, last time"),
        runs => format!("{what}, in the last {} runs", count(runs)),
    }
}

fn figure(label: &str, value: &str, class: &str) -> Markup {
    html! { div { dt { (label) } dd class=[Some(class).filter(|class| !class.is_empty())] { (value) } } }
}
