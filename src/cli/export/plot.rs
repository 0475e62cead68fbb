//! `rerunoff export --plot`: the same to look at. Curves of catchments; with `--summary` of each number a histogram and a map.

use std::fmt::Write as _;

use anyhow::Result;

use super::summary::SummaryTable;
use crate::cli::exit::Usage;
use crate::cli::pictures::{along, curves, picture, with_units};
use crate::cli::terminal::print;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::product::file::{AxisGroup, ProductContent};
use crate::report::plot::{Classes, Raster, histogram, range_of};

/// Curves of catchments, one below the other.
pub(super) struct Curves {
    columns: usize,
    text: String,
}

impl Curves {
    /// None yet, each to be of this width at most; `title` says of what state they are.
    ///
    /// # Errors
    /// If there is nothing along which a curve of the group's variables could go.
    pub(super) fn new(title: &str, group: &AxisGroup<'_>, columns: usize) -> Result<Self> {
        if along(group).is_none() {
            let message = "there is no curve of variables that go over no time and no numbers; leave `--plot` out for a table";
            return Err(Usage(message.to_owned()).into());
        }
        Ok(Self {
            columns,
            text: format!("{title}\n"),
        })
    }

    /// Adds a catchment in several scenarios, in each with the values of all of the product's variables. A variable has the same axis in all
    /// of them, so that they can be compared.
    pub(super) fn add(
        &mut self,
        id: &CatchmentId,
        product: &ProductContent,
        group: &AxisGroup<'_>,
        scenarios: &[(&ScenarioName, Vec<Vec<f64>>)],
    ) {
        let Some(along) = along(group) else { return };
        for &variable in &group.variables {
            let described = &product.spec.variables[variable];
            let all = scenarios.iter().map(|(_, values)| &values[variable][..]);
            let range = range_of(all);
            for (scenario, values) in scenarios {
                for (place, values) in curves(group, &values[variable]) {
                    let place = place.map_or(String::new(), |place| format!(" at {place}"));
                    let what = format!("{} of {}{place}", described.name, scenario.label(id));
                    let title = with_units(&what, described.units.as_deref());
                    self.text.push('\n');
                    for line in picture(&title, along, &values, range, self.columns) {
                        self.text += &line;
                        self.text.push('\n');
                    }
                }
            }
        }
    }

    pub(super) fn print(&self) -> Result<()> {
        print(self.text.as_bytes())
    }
}

impl SummaryTable {
    /// Draws every summary in every scenario; `title` says of what state they are.
    ///
    /// # Errors
    /// If the product has no summaries.
    pub(super) fn draw(&self, title: &str, columns: usize) -> Result<()> {
        let mut text = format!("{title}\n");
        let mut has_map = false;
        for part in self.parts() {
            let positions = part.positions.as_ref();
            let raster = positions.and_then(|positions| {
                Raster::new(&positions.places, positions.is_lon_lat, columns)
            });
            has_map |= raster.is_some();
            for summary in &part.summaries {
                let values = self.numbers(part, summary);
                let what = match part.scenario.is_unnamed() {
                    true => summary.to_string(),
                    false => format!("{summary} of {}", part.scenario),
                };
                let title = format!("{what}: number of catchments by it");
                let title = with_units(&title, summary.units.as_deref());
                let mut lines = histogram(&title, &values, columns);
                let known = values.iter().filter(|value| !value.is_nan()).count();
                // What is known at gauges alone is no map.
                if let (Some(raster), Some(classes)) = (&raster, Classes::of_amounts(&values))
                    && 2 * known >= values.len()
                {
                    lines.push(String::new());
                    let words = [summary.units.as_deref().unwrap_or_default(), "no number"];
                    let title = format!("{what}, by place");
                    lines.extend(raster.lines(&title, &values, &classes, words));
                }
                write!(text, "\n{}\n", lines.join("\n")).ok();
            }
        }
        if self.parts().iter().all(|part| part.summaries.is_empty()) {
            let message =
                "the product has no summaries to draw; state some under [product.summary]";
            return Err(Usage(message.to_owned()).into());
        }
        if !has_map {
            text += "\nno map: no `lat` and `lon` among the parameters, nor `x` and `y` under [product.parameters]\n";
        }
        print(text.as_bytes())
    }
}
