//! A comparison for people: of each variable, how many catchments changed, and where most.

use std::io::{Result, Write};

use super::objectives::ObjectiveChange;
use super::{Comparison, Pair, Place};
use crate::data::catchment::CatchmentId;
use crate::history::difference::{Compared, Extreme, ValueChange};
use crate::text::wording::first_few;

/// The width of the bars, in characters.
const BAR: usize = 20;

impl Comparison<'_> {
    /// Prints both titles, then scenario by scenario what changed.
    pub(super) fn print(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "{} → {}", self.then, self.now)?;
        let mut same = Vec::new();
        for pair in &self.pairs {
            if self.is_named && !pair.difference.has_changes() {
                same.push(pair.scenario.as_str());
                continue;
            }
            if self.is_named {
                writeln!(out, "\n{}", pair.scenario)?;
            }
            pair.print(out)?;
            if let Some(pictured) = &pair.pictured {
                writeln!(out)?;
                pair.draw(pictured, out)?;
            }
        }
        if !same.is_empty() {
            writeln!(out, "\nnothing changed in {}", same.join(", "))?;
        }
        Ok(())
    }
}

impl Pair<'_> {
    fn print(&self, out: &mut dyn Write) -> Result<()> {
        let difference = &self.difference;
        let all = difference.catchments.len();
        write!(out, "{all} catchments have results in both")?;
        let [then, now] = difference.alone;
        for (count, which) in [(then, "earlier"), (now, "later")] {
            if count > 0 {
                write!(out, ", {count} only in the {which}")?;
            }
        }
        writeln!(out)?;
        let width = difference.variables.iter().map(|name| name.chars().count());
        let width = width.max().unwrap_or(0);
        for (variable, name) in difference.variables.iter().enumerate() {
            let padding = " ".repeat(width - name.chars().count());
            let changed = self.changes(variable).filter(|change| change.steps > 0);
            let changed = changed.count();
            let filled = (BAR * changed).div_ceil(all.max(1));
            let bar = "█".repeat(filled) + &"·".repeat(BAR - filled);
            writeln!(out, "{name}{padding}  {bar} {changed} of {all} changed")?;
            self.print_extremes(variable, &" ".repeat(width + 2), out)?;
        }
        if !self.not_compared.is_empty() {
            let names = first_few(&self.not_compared);
            writeln!(
                out,
                "not compared, as it is newer than some of these results: {names}"
            )?;
        }
        for line in ObjectiveChange::lines(&self.objectives) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// Where a variable changed most, and how many values became missing or are no longer.
    fn print_extremes(&self, variable: usize, indent: &str, out: &mut dyn Write) -> Result<()> {
        let difference = &self.difference;
        let groups = self.product.axis_groups();
        let place = |step: usize| match self.place(&groups, variable, step) {
            Place {
                time: Some(time),
                along: Some(along),
            } => format!(" at {time}, {along}"),
            Place { time, along } => match time.or(along) {
                Some(place) => format!(" at {place}"),
                None => String::new(),
            },
        };
        let most = |of: fn(&ValueChange) -> Option<Extreme>, size: fn(&Extreme) -> f64| {
            largest(&difference.catchments, variable, of, size)
        };
        if let Some((id, most)) = most(|change| change.absolute, Extreme::absolute) {
            let unit = match self.units[variable].as_str() {
                "" => String::new(),
                unit => format!(" {unit}"),
            };
            let (Extreme { step, then, now }, by) = (most, short(most.absolute()));
            writeln!(
                out,
                "{indent}most {by}{unit}: {} → {} in {id}{}",
                short(then).trim_start_matches('+'),
                short(now).trim_start_matches('+'),
                place(step)
            )?;
        }
        if let Some((id, most)) = most(|change| change.relative, Extreme::relative) {
            let by = short(100.0 * most.relative());
            writeln!(out, "{indent}most {by} % in {id}{}", place(most.step))?;
        }
        let missing: usize = self.changes(variable).map(|change| change.missing).sum();
        if missing > 0 {
            writeln!(
                out,
                "{indent}{missing} values became missing or are it no more"
            )?;
        }
        Ok(())
    }

    /// How each catchment's values of a variable changed.
    pub(super) fn changes(&self, variable: usize) -> impl Iterator<Item = &ValueChange> {
        let catchments = self.difference.catchments.iter();
        catchments.map(move |compared| &compared.changes[variable])
    }
}

/// The catchment where a variable changed most; the first of several.
pub(super) fn largest(
    catchments: &[Compared],
    variable: usize,
    of: fn(&ValueChange) -> Option<Extreme>,
    size: fn(&Extreme) -> f64,
) -> Option<(&CatchmentId, Extreme)> {
    let mut found: Option<(&CatchmentId, Extreme)> = None;
    for compared in catchments {
        if let Some(most) = of(&compared.changes[variable])
            && found.is_none_or(|(_, other)| size(&most).abs() > size(&other).abs())
        {
            found = Some((&compared.id, most));
        }
    }
    found
}

/// A number with its sign and three or four digits.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        0.001..1e6 => {
            let digits = (3 - number.abs().log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{number:+.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        _ => format!("{number:+.3e}"),
    }
}
