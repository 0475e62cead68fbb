//! How many catchments have which value: columns of eighths of a block over an axis of round numbers.
//!
//! Values far from most others would press these into one column: what lies beyond the 2nd and the 98th percentile is counted, in words, and not drawn.

use std::iter;

use super::curve::foot;
use super::ticks::{Ticks, round_step, short};

/// How high it is, in characters.
const ROWS: usize = 5;
/// The most bars, and how many characters one is wide at most.
const BARS: usize = 40;
const WIDEST: usize = 3;
/// The share of the values that is left out at each end, if they lie far away.
const TAIL: f64 = 0.02;
/// What part of a character is filled, in eighths.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The histogram of all values that are finite, below its title; at most so many characters wide.
pub(crate) fn histogram(title: &str, values: &[f64], columns: usize) -> Vec<String> {
    let mut lines = vec![title.to_owned()];
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(bins) = Bins::of(&sorted, columns) else {
        let what = match values.iter().any(|value| value.is_infinite()) {
            true => "no value is finite",
            false => "all values are missing",
        };
        lines.push(format!("  {what}"));
        return lines;
    };
    let most = bins.counts.iter().copied().max().unwrap_or(0).max(1);
    let (top, zero) = (grouped(most), "0");
    let gutter = top.chars().count();
    let room = columns.saturating_sub(gutter + 2);
    // As wide as there is room for, within reason.
    let each = (room / bins.counts.len()).clamp(1, WIDEST);
    for row in 0..ROWS {
        let (label, mark) = match row {
            0 => (top.as_str(), '┤'),
            _ if row == ROWS - 1 => (zero, '┤'),
            _ => ("", '│'),
        };
        let below = 8 * (ROWS - 1 - row);
        let bars = bins.counts.iter().map(|&count| {
            // One catchment alone is seen too.
            let height = (8 * ROWS * count).div_ceil(most);
            EIGHTHS[height.saturating_sub(below).min(8)]
        });
        let bars: String = bars.flat_map(|bar| iter::repeat_n(bar, each)).collect();
        lines.push(format!("{label:>gutter$} {mark}{}", bars.trim_end()));
    }
    let ticks: Vec<(f64, String)> = (bins.ticks.values())
        .map(|value| (bins.ticks.share(value), bins.ticks.label(value)))
        .collect();
    // One character more: the last mark is at the end of the last bar.
    let across = (each * bins.counts.len() + 1).min(columns - gutter - 2);
    lines.extend(foot(&ticks, gutter, across));
    for (count, which, bound) in [
        (bins.below, "below", sorted[0]),
        (bins.above, "above", sorted[sorted.len() - 1]),
    ] {
        if count > 0 {
            let farthest = short(bound);
            lines.push(format!("  {count} more {which}, as far as {farthest}"));
        }
    }
    lines
}

/// Counts of values in intervals of the same width.
struct Bins {
    /// The axis from the first to the last interval.
    ticks: Ticks,
    counts: Vec<usize>,
    /// How many are less, and how many are greater than all intervals.
    below: usize,
    above: usize,
}

impl Bins {
    /// For values in order; none without any.
    fn of(sorted: &[f64], columns: usize) -> Option<Self> {
        let last = sorted.len().checked_sub(1)?;
        let tail = (last as f64 * TAIL) as usize;
        let (low, high) = (sorted[tail], sorted[last - tail]);
        // A tail is only cut where it is long: as far again as all others.
        let far = high - low;
        let least = if low - sorted[0] > far {
            low
        } else {
            sorted[0]
        };
        let greatest = if sorted[last] - high > far {
            high
        } else {
            sorted[last]
        };
        let most = columns.saturating_sub(8).clamp(8, BARS);
        let ticks = Ticks::new(least, greatest, (columns / 12).clamp(2, 6));
        // Round intervals, so that none has values on both sides of zero.
        let parts = ticks.step / round_step((ticks.to - ticks.from) / most as f64);
        let width = ticks.step / parts.floor().max(1.0);
        let count = (((ticks.to - ticks.from) / width).round() as usize).max(1);
        let mut bins = Self {
            counts: vec![0; count],
            ticks,
            below: 0,
            above: 0,
        };
        for &value in sorted {
            if value < bins.ticks.from {
                bins.below += 1;
            } else if value > bins.ticks.to {
                bins.above += 1;
            } else {
                let at = ((value - bins.ticks.from) / width) as usize;
                bins.counts[at.min(count - 1)] += 1;
            }
        }
        Some(bins)
    }
}

/// A count as people write it.
fn grouped(count: usize) -> String {
    match count {
        0..10_000 => count.to_string(),
        _ => format!("{},{:03}", count / 1000, count % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_counted_once() {
        let mut values: Vec<f64> = (0..500).map(|at| f64::from(at % 50) / 10.0 - 1.0).collect();
        values.extend([1e6, -1e6, f64::NAN]);
        let lines = histogram("change, %", &values, 60);
        let text = lines.join("\n");
        assert!(
            text.contains("1 more below, as far as -1,000,000"),
            "{text}"
        );
        assert!(text.contains("1 more above, as far as 1,000,000"), "{text}");
        let mut sorted = values[..502].to_vec();
        sorted.sort_by(f64::total_cmp);
        let bins = Bins::of(&sorted, 60).expect("values");
        assert_eq!(
            bins.counts.iter().sum::<usize>() + bins.below + bins.above,
            502
        );
        assert!(
            lines.iter().all(|line| line.chars().count() <= 60),
            "{text}"
        );
    }

    #[test]
    fn a_single_value_is_one_full_column() {
        let lines = histogram("a", &[7.0; 3], 60);
        let full: usize = lines[1..=ROWS]
            .iter()
            .map(|line| line.matches('█').count())
            .sum();
        assert_eq!((full > 0, full % ROWS), (true, 0), "{}", lines.join("\n"));
        let missing = histogram("a", &[f64::NAN], 60);
        assert_eq!(missing, ["a", "  all values are missing"]);
        let infinite = histogram("a", &[f64::NAN, f64::INFINITY], 60);
        assert_eq!(infinite, ["a", "  no value is finite"]);
    }

    #[test]
    fn numbers_of_any_size_are_counted() {
        let tiny = f64::from_bits(1);
        for values in [[0.0, tiny, 2.0 * tiny], [-f64::MAX, 0.0, f64::MAX]] {
            let lines = histogram("a", &values, 60).join("\n");
            assert!(lines.contains('█') && !lines.contains("NaN"), "{lines}");
        }
    }
}
