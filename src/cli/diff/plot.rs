//! A comparison to look at: of each variable that changed, a histogram of the catchments, a map, and the curve that changed most.
//!
//! Catchments are told apart by the change of their means, which is no matter of a single time step, as the largest change may be.

use std::io::{Result as IoResult, Write};

use anyhow::Result;

use super::Pair;
use super::text::largest;
use crate::cli::pictures::{along, curves, picture, with_units};
use crate::data::catchment::CatchmentId;
use crate::history::difference::{Difference, Extreme};
use crate::product::SnapshotResults;
use crate::product::positions::Positions;
use crate::report::plot::{Classes, Raster, histogram, range_of};
use crate::store::Store;

/// What pictures need beside the comparison.
pub(super) struct Pictured {
    /// How wide they may be.
    columns: usize,
    /// Where the catchments are, in the later one's order; `None` if no parameters say so.
    positions: Option<Positions>,
    /// By compared catchment: its place in that order.
    places: Vec<usize>,
    /// By variable: the catchment that changed most.
    most: Vec<Option<MostChanged>>,
}

/// A catchment's values of a variable then and now.
struct MostChanged {
    id: CatchmentId,
    extreme: Extreme,
    then: Vec<f64>,
    now: Vec<f64>,
}

impl Pictured {
    /// Fetches the values that are drawn.
    pub(super) fn of(
        store: &Store,
        [then, now]: [&SnapshotResults; 2],
        difference: &Difference,
        positions: Option<Positions>,
        columns: usize,
    ) -> Result<Self> {
        let mut most = Vec::with_capacity(difference.variables.len());
        for variable in 0..difference.variables.len() {
            let found = largest(
                &difference.catchments,
                variable,
                |change| change.absolute,
                Extreme::absolute,
            );
            let values = |of: &SnapshotResults, id: &CatchmentId| -> Result<Vec<f64>> {
                let variables = match of.find(id) {
                    Some(at) => of.variables(store, at)?,
                    None => None,
                };
                Ok(variables.map_or_else(Vec::new, |mut all| all.swap_remove(variable)))
            };
            most.push(match found {
                None => None,
                Some((id, extreme)) => Some(MostChanged {
                    id: id.clone(),
                    extreme,
                    then: values(then, id)?,
                    now: values(now, id)?,
                }),
            });
        }
        // Both are in the order of the later one.
        let mut rows = now.product.catchments.iter().enumerate();
        let places = difference.catchments.iter().filter_map(|compared| {
            let found = rows.by_ref().find(|(_, row)| row.id == compared.id);
            found.map(|(at, _)| at)
        });
        Ok(Self {
            columns,
            positions,
            places: places.collect(),
            most,
        })
    }
}

/// How the means of all compared catchments changed.
struct MeanChanges {
    /// By compared catchment; 0 where nothing changed, NaN where no value is in both, infinite where there is no fraction of what it was.
    values: Vec<f64>,
    units: String,
}

impl MeanChanges {
    /// In per cent of what they were, if they are of a kind that is never negative; else in the variable's units.
    fn of(difference: &Difference, variable: usize, units: &str) -> Self {
        let changes = || {
            let catchments = difference.catchments.iter();
            catchments.map(|compared| &compared.changes[variable])
        };
        let pairs = || changes().filter_map(|change| change.means);
        let positive = pairs().filter(|[then, _]| *then > 0.0).count();
        let is_fraction =
            pairs().flatten().all(|mean| mean >= 0.0) && 2 * positive >= pairs().count();
        let values = changes().map(|change| match change.means {
            None if change.steps == 0 => 0.0,
            None => f64::NAN,
            Some([then, now]) if then == now => 0.0,
            Some([then, now]) if is_fraction => 100.0 * (now - then) / then,
            Some([then, now]) => now - then,
        });
        Self {
            values: values.collect(),
            units: if is_fraction { "%" } else { units }.to_owned(),
        }
    }
}

impl Pair<'_> {
    /// Draws what changed; nothing where nothing did.
    pub(super) fn draw(&self, pictured: &Pictured, out: &mut dyn Write) -> IoResult<()> {
        let raster = pictured.positions.as_ref().and_then(|positions| {
            Raster::new(&positions.places, positions.is_lon_lat, pictured.columns)
        });
        for (variable, name) in self.difference.variables.iter().enumerate() {
            if self.changes(variable).all(|change| change.steps == 0) {
                continue;
            }
            let changes = MeanChanges::of(&self.difference, variable, &self.units[variable]);
            let mut lines = changes.histogram(name, pictured.columns);
            lines.push(String::new());
            if let (Some(raster), Some(classes)) = (&raster, Classes::of_changes(&changes.values)) {
                let mut values =
                    vec![f64::NAN; pictured.positions.as_ref().map_or(0, |p| p.places.len())];
                for (&place, &value) in pictured.places.iter().zip(&changes.values) {
                    values[place] = value;
                }
                let title = format!("change of the mean of {name}, by place");
                let words = [changes.units.as_str(), "no result in both"];
                lines.extend(raster.lines(&title, &values, &classes, words));
                lines.push(String::new());
            }
            lines.extend(self.most_changed(variable, name, pictured));
            for line in lines {
                writeln!(out, "{line}")?;
            }
        }
        if raster.is_none() {
            writeln!(
                out,
                "no map: no `lat` and `lon` among the parameters, nor `x` and `y` under [product.parameters]"
            )?;
        }
        Ok(())
    }

    /// The curve of the catchment that changed most as it is now, and by how much it is another than before.
    fn most_changed(&self, variable: usize, name: &str, pictured: &Pictured) -> Vec<String> {
        let groups = self.product.axis_groups();
        let mut groups = groups.iter();
        let group = groups.find(|group| group.variables.contains(&variable));
        let (Some(group), Some(most)) = (group, &pictured.most[variable]) else {
            return Vec::new();
        };
        let Some(along) = along(group) else {
            return Vec::new();
        };
        let both = curves(group, &most.then)
            .zip(curves(group, &most.now))
            .enumerate();
        // Of several, where the largest change is.
        let each = group.dimension.filter(|_| group.time.is_some());
        let each = each.map_or(1, |axis| axis.len());
        let mut both = both.filter(|(place, _)| *place == most.extreme.step % each);
        let Some((_, ((place, then), (_, now)))) = both.next() else {
            return Vec::new();
        };
        let place = place.map_or(String::new(), |place| format!(" at {place}"));
        let units = Some(self.units[variable].as_str());
        let range = range_of([&then[..], &now[..]]);
        let what = format!("{name} of {}{place}, which changed most: later", most.id);
        let mut lines = picture(
            &with_units(&what, units),
            along,
            &now,
            range,
            pictured.columns,
        );
        lines.push(String::new());
        let change: Vec<f64> = (then.iter().zip(&now))
            .map(|(then, now)| now - then)
            .collect();
        let title = with_units("later less earlier", units);
        lines.extend(picture(&title, along, &change, None, pictured.columns));
        lines.push(String::new());
        lines
    }
}

impl MeanChanges {
    /// How many catchments changed by how much.
    fn histogram(&self, name: &str, columns: usize) -> Vec<String> {
        let changed = self.values.iter().copied().filter(|value| *value != 0.0);
        let changed: Vec<f64> = changed.collect();
        let title = format!("change of the mean of {name}: number of catchments by it");
        let mut lines = histogram(&with_units(&title, Some(&self.units)), &changed, columns);
        let unchanged = self.values.len() - changed.len();
        let from_zero = changed.iter().filter(|value| value.is_infinite()).count();
        for (count, what) in [
            (unchanged, "have the mean that they had, and are left out"),
            (from_zero, "had a mean of 0, of which there are no per cent"),
        ] {
            if count > 0 {
                lines.push(format!("  {count} more {what}"));
            }
        }
        lines
    }
}
