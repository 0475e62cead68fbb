//! What was measured, and how well the simulated values fit, gauge by gauge.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::words::{Names, number, table};
use crate::page::Page;
use crate::page::failures::PageUnit;
use crate::page::gauges::{Gauge, Score};

/// The section; none if nothing was measured.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let names = Names::of(page);
    let gauges = &page.drawn.gauges;
    if gauges.is_empty() {
        return None;
    }
    let scores = gauges.iter().flat_map(|gauge| &gauge.scores);
    let mut objectives: Vec<&str> = Vec::new();
    for score in scores.clone() {
        if !objectives.contains(&score.objective.as_str()) {
            objectives.push(&score.objective);
        }
    }
    let scenarios: BTreeSet<usize> = scores.map(|score| score.scenario).collect();
    let head = html! {
        th scope="col" { "gauge" }
        th scope="col" { "catchment" }
        th scope="col" { "compared with" }
        @if names.has_scenarios() { th scope="col" { "scenario" } }
        @for objective in &objectives { th scope="col" class="number" { (objective) } }
    };
    let row = |gauge: &Gauge, scenario: usize| {
        let unit = PageUnit {
            catchment: gauge.catchment,
            scenario,
        };
        let variable = page.drawn.variables.get(gauge.variable);
        html! {
            tr {
                th scope="row" { (gauge.name) }
                td { (names.link(unit)) }
                td { (variable.map_or("", |variable| variable.name.as_str())) }
                @if names.has_scenarios() { td { (names.scenario(scenario)) } }
                @for objective in &objectives { td class="number" { (score(gauge, objective, scenario)) } }
            }
        }
    };
    let body = html! {
        @for gauge in gauges {
            @if scenarios.is_empty() { (row(gauge, 0)) }
            @for scenario in &scenarios { (row(gauge, *scenario)) }
        }
    };
    let caption = match &page.drawn.since {
        Some(since) => format!("How well the simulated values fit; in parentheses as of {since}"),
        None => "How well the simulated values fit".to_owned(),
    };
    Some(html! {
        section id="gauges" {
            h2 { "Gauges" }
            (table(&caption, &head, &body))
        }
    })
}

/// The number of an objective, and what it was.
fn score(gauge: &Gauge, objective: &str, scenario: usize) -> Markup {
    let is_its = |score: &&Score| score.objective == objective && score.scenario == scenario;
    html! {
        @if let Some(score) = gauge.scores.iter().find(is_its) {
            (number(score.number))
            @if score.then.is_some() && score.then != score.number { br; small { "(" (number(score.then)) ")" } }
        } @else { "" }
    }
}
