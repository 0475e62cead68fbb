//! The map and the curves: what is chosen for them, and the room that scripts draw into. Whatever has a size has it before, so that nothing
//! moves when they do.

use maud::{Markup, html};

use super::words::{table, titled};
use crate::page::colours::{Colour, ColourKind};
use crate::page::map::Map;
use crate::page::{Drawn, Page};

/// The section; none without anything to draw.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let drawn = &page.drawn;
    if drawn.colours.is_empty() && drawn.curves.levels.is_empty() {
        return None;
    }
    let variable = drawn.gauges.first().map_or(0, |gauge| gauge.variable);
    let variable = drawn.variables.get(variable);
    let curves = variable.map_or_else(String::new, |variable| {
        titled(
            &variable.name,
            variable.long_name.as_deref(),
            variable.units.as_deref(),
        )
    });
    Some(html! {
        section id="catchments" aria-labelledby="catchments-title" {
            h2 id="catchments-title" { "Map and curves" }
            noscript { p { "The map and the curves are drawn by a script within this file, and this browser runs none. The tables hold without." } }
            (choices(drawn))
            div class="atlas" {
                @if let Some(shapes) = &drawn.map { (map(shapes)) }
                div class="column" {
                    (card(drawn))
                    (hydrograph(&curves))
                    (duration(&curves))
                }
            }
        }
    })
}

fn choices(drawn: &Drawn) -> Markup {
    let mut colours: Vec<&Colour> = Vec::new();
    for colour in &drawn.colours {
        if colours.iter().all(|other| other.name != colour.name) {
            colours.push(colour);
        }
    }
    html! {
        div class="choices" {
            @if !colours.is_empty() {
                label { "Map of"
                    select id="choose-colour" {
                        @for colour in colours { option value=(colour.name) { (titled(&colour.name, colour.long_name.as_deref(), colour.units.as_deref())) } }
                    }
                }
            }
            @if let Some(since) = &drawn.since {
                label { "as it"
                    select id="choose-show" {
                        option value="now" { "is now" }
                        option value="then" { "was as of " (since) }
                        option value="change" { "changed since " (since) }
                        option value="percent" { "changed since " (since) ", in %" }
                    }
                }
            }
            @if drawn.scenarios.len() > 1 {
                label { "Scenario"
                    select id="choose-scenario" {
                        @for (at, scenario) in drawn.scenarios.iter().enumerate() { option value=(at) { (scenario) } }
                    }
                }
            }
            @if drawn.variables.len() > 1 {
                label { "Curves of"
                    select id="choose-variable" {
                        @for (at, variable) in drawn.variables.iter().enumerate() {
                            option value=(at) { (titled(&variable.name, variable.long_name.as_deref(), variable.units.as_deref())) }
                        }
                    }
                }
            }
            div class="field" {
                label for="find" { "Find a catchment" }
                input id="find" type="search" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list"
                    autocomplete="off" spellcheck="false" placeholder="its id";
                ul id="found" role="listbox" aria-label="Catchments" hidden {}
                p id="not-found" class="skip" role="status" {}
            }
        }
    }
}

/// The map, in a room as flat or as high as the catchments lie.
fn map(shapes: &Map) -> Markup {
    let (width, height) = (u32::from(shapes.width), u32::from(shapes.height));
    let form = match (4 * width > 5 * height, 4 * height > 5 * width) {
        (true, _) => "sheet broad",
        (_, true) => "sheet high",
        _ => "sheet",
    };
    html! {
        figure id="map" {
            div class=(form) {
                canvas tabindex="0" role="application" aria-label="Map of the catchments" {}
                div class="buttons" {
                    (button("nearer", "Zoom in", "+"))
                    (button("farther", "Zoom out", "−"))
                    (button("whole", "Show all", "⤢"))
                }
                div class="note" hidden {}
            }
            label class="tick" { input type="checkbox" data-do="rivers" checked; "rivers" }
            div class="legend" {}
            (beside("The map as a table"))
        }
    }
}

/// The numbers of a catchment, yet without any.
fn card(drawn: &Drawn) -> Markup {
    let colours = drawn.colours.iter().filter(|colour| colour.scenario == 0);
    let colours: Vec<&Colour> = colours
        .filter(|colour| colour.kind != ColourKind::Status)
        .collect();
    let has_then = colours.iter().any(|colour| colour.then.is_some());
    let columns: &[&str] = if has_then {
        &["now", "then", "change", "%"]
    } else {
        &["now"]
    };
    let head = html! {
        th scope="col" {}
        @for name in columns { th scope="col" class="number" { (name) } }
    };
    let body = html! {
        @for colour in colours {
            tr {
                th scope="row" { (titled(&colour.name, colour.long_name.as_deref(), colour.units.as_deref())) }
                @for _ in columns { td class="number" { "–" } }
            }
        }
    };
    html! {
        div id="card" {
            h3 aria-live="polite" { "Catchment" }
            div class="numbers" { (table("the chosen one", &head, &body)) }
        }
    }
}

fn hydrograph(title: &str) -> Markup {
    html! {
        figure id="hydrograph" {
            figcaption {
                span class="axis" { (title) }
                span class="time" {
                    (button("nearer", "Zoom in", "+"))
                    (button("farther", "Zoom out", "−"))
                    (button("earlier", "Earlier", "‹"))
                    (button("later", "Later", "›"))
                    (button("whole", "All of the time", "⤢"))
                    label class="tick" { input type="checkbox" data-do="log"; "logarithmic" }
                }
            }
            (plot("time, UTC"))
            (beside("The curve as a table"))
        }
    }
}

fn duration(title: &str) -> Markup {
    html! {
        figure id="duration" {
            figcaption { span class="axis" { (title) } }
            (plot("exceeded in so much of the time, %"))
            (beside("The duration curve as a table"))
        }
    }
}

/// Room for a plot; below it where the cursor is, what was thinned and what the axis is, then the key.
fn plot(axis: &str) -> Markup {
    html! {
        div class="plot" tabindex="0" role="group" {}
        p class="under" { output class="when" {} span class="thinned" {} span class="across" { (axis) } }
        div class="key" {}
    }
}

fn button(does: &str, name: &str, sign: &str) -> Markup {
    html! { button type="button" class="small" data-do=(does) aria-label=(name) title=(name) { (sign) } }
}

/// Where a table of a picture is made, when somebody wants it.
fn beside(title: &str) -> Markup {
    html! { details class="beside" { summary { (title) } } }
}
