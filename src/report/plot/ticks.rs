//! Round numbers for an axis, and numbers as people write them.

/// The most digits of a number that is written out; a larger or smaller one has an exponent.
const WRITTEN_OUT: std::ops::Range<f64> = 1e-4..1e7;

/// The greatest number of an axis, and the least length of one: with others there is no counting.
const GREATEST: f64 = 1e300;
const SHORTEST: f64 = 1e-300;

/// Round numbers, evenly spaced, that begin at or below the least and end at or above the greatest value.
#[derive(Debug, PartialEq)]
pub(super) struct Ticks {
    /// From the first to the last.
    pub from: f64,
    /// The last one.
    pub to: f64,
    /// The distance between two.
    pub step: f64,
}

impl Ticks {
    /// For values between these two, with at most `parts` steps and no fewer than one.
    ///
    /// Values that are all the same, as far as numbers can tell, are put in the middle.
    pub(super) fn new(least: f64, greatest: f64, parts: usize) -> Self {
        let [least, greatest] = [least, greatest].map(|end| end.clamp(-GREATEST, GREATEST));
        let size = least.abs().max(greatest.abs());
        let (least, greatest) = match greatest - least > SHORTEST.max(4.0 * f64::EPSILON * size) {
            true => (least, greatest),
            false => {
                let around = if size < SHORTEST { 1.0 } else { size / 2.0 };
                (least - around, least + around)
            }
        };
        // One that just fits may need one more where neither end is round.
        let mut step = round_step((greatest - least) / parts.max(1) as f64);
        let steps = |step: f64| (greatest / step).ceil() - (least / step).floor();
        while steps(step) > parts.max(2) as f64 {
            step = round_step(step * 1.5);
        }
        Self {
            from: (least / step).floor() * step,
            to: (greatest / step).ceil() * step,
            step,
        }
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        let count = ((self.to - self.from) / self.step).round() as usize;
        // Exactly zero, where it is one of them.
        let first = (self.from / self.step).round();
        (0..=count).map(move |at| (first + at as f64) * self.step)
    }

    /// One of them in words, with as many digits as tell it from the next.
    pub(super) fn label(&self, value: f64) -> String {
        let largest = self.from.abs().max(self.to.abs());
        if !WRITTEN_OUT.contains(&largest) {
            let digits = largest.log10().floor() - (self.step.log10() + 1e-9).floor();
            let digits = digits.clamp(0.0, 6.0) as usize;
            return match value == 0.0 {
                true => "0".to_owned(),
                false => format!("{value:.digits$e}"),
            };
        }
        // A step of 0.2 needs one digit, one of 20 none.
        let digits = (-(self.step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize;
        grouped(&format!("{:.digits$}", value + 0.0))
    }

    /// Where a value lies: 0 at the first tick, 1 at the last.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not less.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|factor| factor * power);
    let found = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
    found.unwrap_or(10.0 * power)
}

/// A number to three digits, as people write it: `0.0123`, `1,230`, `1.23e9`.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !WRITTEN_OUT.contains(&size) {
        return format!("{value:.2e}");
    }
    let whole = if size == 0.0 {
        0.0
    } else {
        size.log10().floor()
    };
    let digits = (2.0 - whole).clamp(0.0, 6.0) as usize;
    let text = format!("{:.digits$}", value + 0.0);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    grouped(text)
}

/// The digits before the point in groups of three, where there are more than four.
fn grouped(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    if whole.len() < 5 {
        return format!("{sign}{number}");
    }
    let mut text = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(least: f64, greatest: f64, parts: usize) -> Vec<String> {
        let ticks = Ticks::new(least, greatest, parts);
        ticks.values().map(|value| ticks.label(value)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 83.0, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(-0.13, 0.31, 5), ["-0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(labels(0.0, 12_345.0, 3), ["0", "5000", "10,000", "15,000"]);
        assert_eq!(labels(7.0, 7.0, 2), ["0", "10", "20"]);
        assert_eq!(labels(0.0, 3e9, 3), ["0", "1e9", "2e9", "3e9"]);
        assert_eq!(labels(0.0, 2e-8, 2), ["0", "1e-8", "2e-8"]);
    }

    #[test]
    fn numbers_are_as_people_write_them() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.012_345, "0.0123"),
            (-12.5, "-12.5"),
            (1234.5, "1234"),
            (-123_456.0, "-123,456"),
            (2.5e9, "2.50e9"),
            (1e-9, "1.00e-9"),
        ] {
            assert_eq!(short(number), text, "{number}");
        }
    }

    #[test]
    fn numbers_at_the_ends_of_what_there_is_have_an_axis() {
        let tiny = f64::from_bits(1);
        for (least, greatest) in [
            (0.0, tiny),
            (-tiny, tiny),
            (tiny, f64::MIN_POSITIVE),
            (-f64::MAX, f64::MAX),
            (f64::MAX, f64::MAX),
            (1.0, 1.0_f64.next_up()),
            (1e300_f64.next_down(), 1e300),
        ] {
            let ticks = Ticks::new(least, greatest, 6);
            let count = ticks.values().count();
            assert!((2..8).contains(&count), "{least} {greatest}: {ticks:?}");
            assert!(ticks.values().all(|value| !ticks.label(value).is_empty()));
        }
    }

    proptest! {
        #[test]
        fn every_value_lies_between_the_first_and_the_last(a in -1e12..1e12, b in -1e12..1e12, scale in -20..3, parts in 1usize..12) {
            let scale = 10_f64.powi(scale);
            let (least, greatest) = (f64::min(a, b) * scale, f64::max(a, b) * scale);
            let ticks = Ticks::new(least, greatest, parts);
            let slack = 1e-6 * ticks.step;
            prop_assert!(ticks.from <= least + slack && greatest <= ticks.to + slack, "{ticks:?}");
            let count = ticks.values().count();
            prop_assert!((2..=parts.max(2) + 1).contains(&count), "{ticks:?}");
        }
    }
}
