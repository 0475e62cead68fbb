//! A histogram of changes, as a picture that needs no script, and its table.

use maud::{Markup, html};

use super::words::{count, signed, table, titled};
use crate::page::changes::Changes;

/// The height of the highest bar, in units of the picture.
const HEIGHT: f64 = 100.0;

/// Bars of the classes; below them the least and the greatest edge and 0.
pub(super) fn picture(changes: &Changes) -> Markup {
    let title = titled("change", None, changes.units.as_deref());
    let head = html! { th scope="col" { "change" } th scope="col" class="number" { "catchments" } };
    let body = html! {
        @for (at, many) in changes.counts.iter().enumerate() {
            tr { th scope="row" { (range(changes, at)) } td class="number" { (count(*many)) } }
        }
    };
    let most = changes.counts.iter().copied().max().unwrap_or(0).max(1);
    let classes = changes.counts.len();
    let bar = |many: usize| HEIGHT * many as f64 / most as f64;
    let length = |length: f64| format!("{length:.2}");
    html! {
        figure class="histogram" {
            figcaption { span class="axis" { (title) } }
            svg viewBox={ "0 0 " (classes) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label={ "Histogram: " (title) "; a table is below" } {
                @for (at, many) in changes.counts.iter().enumerate() {
                    rect class=(side(changes, at)) x=(length(at as f64 + 0.04)) y=(length(HEIGHT - bar(*many))) width="0.92" height=(length(bar(*many))) {
                        title { (range(changes, at)) ": " (count(*many)) }
                    }
                }
            }
            (edges(changes))
            details class="beside" {
                summary { "The histogram as a table" }
                div { (table(&title, &head, &body)) }
            }
        }
    }
}

/// How a class is painted: less, more, or 0 within.
fn side(changes: &Changes, class: usize) -> &'static str {
    match (changes.edges.get(class), changes.edges.get(class + 1)) {
        (_, Some(high)) if *high <= 0.0 => "less",
        (Some(low), _) if *low >= 0.0 => "more",
        _ => "same",
    }
}

/// A class in words; the outermost ones have what is beyond them, too.
fn range(changes: &Changes, class: usize) -> String {
    let edge = |at: usize| {
        changes
            .edges
            .get(at)
            .map_or_else(String::new, |edge| signed(*edge))
    };
    let (low, high) = (edge(class), edge(class + 1));
    match class {
        0 => format!("up to {high}"),
        _ if class + 1 == changes.counts.len() => format!("{low} and more"),
        _ => format!("{low} to {high}"),
    }
}

/// What the edges of the picture are; 0 in the middle, if it is there.
fn edges(changes: &Changes) -> Markup {
    let (low, high) = (changes.edges.first(), changes.edges.last());
    let text = |edge: Option<&f64>| edge.map_or_else(String::new, |edge| signed(*edge));
    let is_even =
        matches!((low, high), (Some(low), Some(high)) if (low + high).abs() <= 1e-9 * high.abs());
    html! {
        p class="ends" aria-hidden="true" {
            span { @if low != Some(&0.0) { "≤ " } (text(low)) }
            @if is_even { span { "0" } }
            span { @if high != Some(&0.0) { "≥ " } (text(high)) }
        }
    }
}
