//! Catchments without a result: by reason, with what one of them printed and the command to look again.

use maud::{Markup, html};

use super::words::{Names, count, counted};
use crate::page::Page;
use crate::page::failures::FailureGroup;

/// How many reasons are shown, and how many catchments of each.
const REASONS: usize = 20;
const SHOWN: usize = 40;

/// The section; none if every catchment can be run and has not failed.
pub(super) fn section(page: &Page) -> Option<Markup> {
    let names = Names::of(page);
    let told = &page.told;
    if told.failures.is_empty() && told.cannot_run.is_empty() {
        return None;
    }
    Some(html! {
        section id="failures" {
            h2 { "Failures" }
            @if !told.failures.is_empty() {
                p { (counted(told.counts.failed, "catchment")) " failed when last run, by reason." }
                (groups(names, &told.failures))
            }
            @if !told.cannot_run.is_empty() {
                section {
                    h3 { "Can't be run" }
                    p { (counted(told.counts.bad, "catchment")) " can't be run, by reason." }
                    (groups(names, &told.cannot_run))
                }
            }
        }
    })
}

fn groups(names: Names<'_>, groups: &[FailureGroup]) -> Markup {
    let more: usize = groups
        .iter()
        .skip(REASONS)
        .map(|group| group.units.len())
        .sum();
    html! {
        @for (at, group) in groups.iter().take(REASONS).enumerate() {
            details open[at == 0] {
                summary { b { (count(group.units.len())) " ×" } " " (group.reason) }
                (inside(names, group))
            }
        }
        @if more > 0 {
            p class="soft" {
                "Further reasons: " (count(groups.len() - REASONS)) ", of " (counted(more, "catchment")) "; "
                code { "rerunoff status --json" } " lists all."
            }
        }
    }
}

fn inside(names: Names<'_>, group: &FailureGroup) -> Markup {
    let more = group.units.len().saturating_sub(SHOWN);
    html! {
        p {
            @for (at, unit) in group.units.iter().take(SHOWN).enumerate() {
                @if at > 0 { ", " }
                (names.link(*unit))
                @if names.has_scenarios() { small { " (" (names.scenario(unit.scenario)) ")" } }
            }
            @if more > 0 { " and " (count(more)) " more" }
        }
        @if !group.printed.is_empty() {
            p class="soft" { "The end of what " (names.link(group.example)) " printed:" }
            pre tabindex="0" { (group.printed) }
        }
        @if let Some(command) = &group.reproduce {
            p class="soft" {
                "To look again: " code { (command) }
                @if let Some(folder) = &group.work_directory { "; its work directory is kept in " code { (folder) } }
            }
        }
    }
}
