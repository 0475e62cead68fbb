//! A curve over time or along another axis, in dots, with round numbers at both axes.
//!
//! A line goes from every value to the next, however many of them share a dot: so the least and the greatest of each column are seen, and no
//! peak is lost. Where values are missing the line is broken.

use super::braille::Braille;
use super::dates;
use super::ticks::Ticks;
use crate::data::time_axis::TimeAxis;

/// How high a curve is, in characters.
const ROWS: usize = 10;

/// What a curve goes along.
#[derive(Clone, Copy)]
pub(crate) enum Along<'a> {
    /// Points in time.
    Time(&'a TimeAxis),
    /// Numbers of this name, such as depths.
    Numbers(&'a str, &'a [f64]),
}

/// A curve to be drawn.
pub(crate) struct Curve<'a> {
    /// What it shows, with its units.
    pub title: &'a str,
    /// What it goes along: as many places as there are values.
    pub along: Along<'a>,
    /// The values; NaN is missing.
    pub values: &'a [f64],
    /// The least and the greatest value that have to be within its axis, so that curves can be compared; see [`range_of`].
    pub range: Option<(f64, f64)>,
}

/// The least and the greatest of all values there are; none if all are missing.
pub(crate) fn range_of<'v>(all: impl IntoIterator<Item = &'v [f64]>) -> Option<(f64, f64)> {
    let values = all.into_iter().flatten().filter(|value| value.is_finite());
    values.fold(None, |range, &value| {
        let (least, greatest) = range.unwrap_or((value, value));
        Some((f64::min(least, value), f64::max(greatest, value)))
    })
}

impl Curve<'_> {
    /// The picture, at most so many characters wide.
    pub(crate) fn lines(&self, columns: usize) -> Vec<String> {
        let mut lines = vec![self.title.to_owned()];
        let Some((least, greatest)) = self.range.or_else(|| range_of([self.values])) else {
            lines.push("  all values are missing".to_owned());
            return lines;
        };
        // An axis from zero, unless what is to be seen is far from it.
        let least = if (0.0..=greatest / 2.0).contains(&least) {
            0.0
        } else {
            least
        };
        let ticks = Ticks::new(least, greatest, ROWS / 2);
        let labels: Vec<(usize, String)> = (ticks.values())
            .map(|value| (self.height(&ticks, value) as usize / 4, ticks.label(value)))
            .collect();
        let widths = labels.iter().map(|(_, label)| label.chars().count());
        let gutter = widths.max().unwrap_or(0);
        let columns = columns.saturating_sub(gutter + 2).max(1);
        for (row, dots) in self.canvas(&ticks, columns).rows().enumerate() {
            let mut at_row = labels.iter().filter(|(at, _)| *at == row);
            let (label, mark) = match at_row.next() {
                Some((_, label)) => (label.as_str(), '┤'),
                None => ("", '│'),
            };
            lines.push(
                format!("{label:>gutter$} {mark}{dots}")
                    .trim_end()
                    .to_owned(),
            );
        }
        lines.extend(self.foot(gutter, columns));
        lines
    }

    /// How far down a value lies, in dots.
    fn height(&self, ticks: &Ticks, value: f64) -> i64 {
        let share = 1.0 - ticks.share(value);
        (share.clamp(0.0, 1.0) * (4 * ROWS - 1) as f64).round() as i64
    }

    fn canvas(&self, ticks: &Ticks, columns: usize) -> Braille {
        let mut canvas = Braille::new(columns, ROWS);
        let shares = self.shares(columns);
        let mut before = None;
        for (share, &value) in shares.into_iter().zip(self.values) {
            before = match value.is_finite() && share.is_finite() {
                false => None,
                true => {
                    let x = (share * (2 * columns - 1) as f64).round() as i64;
                    let here = (x, self.height(ticks, value));
                    canvas.line(before.unwrap_or(here), here);
                    Some(here)
                }
            };
        }
        canvas
    }

    /// How far right each value lies, from 0 to 1.
    fn shares(&self, columns: usize) -> Vec<f64> {
        match self.along {
            Along::Time(time) => {
                let stamps = time.nanoseconds();
                let (first, last) = (stamps[0], stamps[stamps.len() - 1]);
                let span = (last as f64 - first as f64).max(1.0);
                let one = stamps.len() == 1;
                let share = |&stamp: &i64| (stamp as f64 - first as f64) / span;
                stamps
                    .iter()
                    .map(|stamp| if one { 0.5 } else { share(stamp) })
                    .collect()
            }
            Along::Numbers(_, numbers) => {
                let ticks = self.number_ticks(numbers, columns);
                let share = |&number: &f64| ticks.as_ref().map_or(0.5, |ticks| ticks.share(number));
                numbers.iter().map(share).collect()
            }
        }
    }

    fn number_ticks(&self, numbers: &[f64], columns: usize) -> Option<Ticks> {
        let (least, greatest) = range_of([numbers])?;
        Some(Ticks::new(least, greatest, (columns / 12).max(1)))
    }

    /// The axis across, and its labels.
    fn foot(&self, gutter: usize, columns: usize) -> [String; 2] {
        let ticks = match self.along {
            Along::Time(time) => dates::ticks(time, columns),
            Along::Numbers(name, numbers) => {
                let ticks = self.number_ticks(numbers, columns);
                let all = ticks.iter().flat_map(|ticks| {
                    let values = ticks.values();
                    values.map(move |value| (ticks.share(value), ticks.label(value)))
                });
                let mut all: Vec<(f64, String)> = all.collect();
                if let Some((_, label)) = all.last_mut() {
                    *label = format!("{name} {label}");
                }
                all
            }
        };
        foot(&ticks, gutter, columns)
    }
}

/// An axis across, and the labels below: where each lies, from 0 to 1, and what it says. A label that has no room is left out.
pub(super) fn foot(ticks: &[(f64, String)], gutter: usize, columns: usize) -> [String; 2] {
    let mut axis = vec!['─'; columns];
    let mut labels = vec![' '; gutter + 2 + columns];
    let mut free = 0;
    for (share, label) in ticks {
        let at = (share * columns.saturating_sub(1) as f64).round() as usize;
        let width = label.chars().count();
        // In the middle below its mark, as far as both ends allow.
        let most = labels.len().saturating_sub(width);
        let first = (gutter + 2 + at).saturating_sub(width / 2).min(most);
        if at >= columns || first < free {
            continue;
        }
        axis[at] = '┬';
        for (place, character) in labels[first..].iter_mut().zip(label.chars()) {
            *place = character;
        }
        free = first + width + 1;
    }
    let axis: String = axis.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    [
        format!("{:gutter$} └{axis}", ""),
        labels.trim_end().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(count: usize) -> TimeAxis {
        let start = "2009-01-01".parse().expect("a date");
        TimeAxis::regular(start, "1h".parse().expect("a span"), count).expect("an axis")
    }

    #[test]
    fn peaks_and_gaps_are_seen() {
        let time = hours(2000);
        let mut values = vec![1.0; 2000];
        values[1000] = 9.0;
        values[1500..1700].fill(f64::NAN);
        let curve = Curve {
            title: "discharge of a, m³/s",
            along: Along::Time(&time),
            values: &values,
            range: None,
        };
        let expected = "\
discharge of a, m³/s
10 ┤
   │               ⢸
 8 ┤               ⢸
   │               ⢸
 6 ┤               ⢸
 4 ┤               ⣿
   │               ⣿
 2 ┤               ⣿
   │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣿⣀⣀⣀⣀⣀⣀⣀⡀  ⣀⣀⣀⣀⣀
 0 ┤
   └┬──────────┬─────────┬─────────
 2009-01    2009-02   2009-03";
        assert_eq!(curve.lines(35).join("\n"), expected);
        let widths = curve.lines(35).into_iter().map(|line| line.chars().count());
        assert!(widths.max() <= Some(35));
    }
}
