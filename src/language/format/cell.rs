//! Numbers in cells of which only the width is given, as PEST's templates have them: as many significant digits as there is
//! room for.
//!
//! There is always a point: a program that reads columns by Fortran's `F8.3` takes digits without one for thousandths. A number
//! takes the shortest digits that read back where they fit, and else those of the nearest number that fits. It is written plainly
//! where that keeps as many digits as a power of ten would.

use super::Misfit;

/// The most significant digits that any `f64` needs.
const MOST_DIGITS: usize = 17;
/// Beyond these powers of ten a number is easier read with an exponent.
const PLAIN: std::ops::Range<i32> = -5..16;

/// Appends a number, right-aligned in this many characters.
pub(super) fn push(number: f64, width: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if !number.is_finite() {
        return Err(Misfit::NotFinite(number));
    }
    let sign = if number.is_sign_negative() && number != 0.0 {
        "-"
    } else {
        ""
    };
    let room = width.saturating_sub(sign.len());
    let text = text(number.abs(), room).ok_or(Misfit::NoForm { number, width })?;
    out.extend(std::iter::repeat_n(b' ', room - text.len()));
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// The text of a positive number in at most `room` characters.
fn text(number: f64, room: usize) -> Option<String> {
    if number == 0.0 {
        return ["0.0", "0."]
            .into_iter()
            .find(|text| text.len() <= room)
            .map(str::to_owned);
    }
    let shortest = format!("{number:e}");
    let rounded = (1..=MOST_DIGITS).rev();
    let rounded = rounded.map(|digits| format!("{number:.*e}", digits - 1));
    std::iter::once(shortest)
        .chain(rounded)
        .find_map(|scientific| {
            let (digits, power) = parts(&scientific)?;
            let plain = plain(&digits, power, room);
            match PLAIN.contains(&power) {
                true => plain.or_else(|| with_exponent(&digits, power, room)),
                false => with_exponent(&digits, power, room).or(plain),
            }
        })
}

/// The significant digits of `1.25e-7`, without zeros at their end, and the power of ten of the first one.
fn parts(scientific: &str) -> Option<(String, i32)> {
    let (mantissa, power) = scientific.split_once('e')?;
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let kept = digits.trim_end_matches('0').len().max(1);
    Some((digits[..kept].to_owned(), power.parse().ok()?))
}

/// The digits without an exponent.
fn plain(digits: &str, power: i32, room: usize) -> Option<String> {
    let zeros = |count: i32| "0".repeat(count.unsigned_abs() as usize);
    let mut text = if power < 0 {
        format!(".{}{digits}", zeros(power + 1))
    } else {
        let whole = power as usize + 1;
        match digits.split_at_checked(whole) {
            Some((whole, fraction)) => format!("{whole}.{fraction}"),
            None => format!("{digits}{}.", zeros(power + 1 - digits.len() as i32)),
        }
    };
    if text.len() > room {
        return None;
    }
    if text.len() < room && text.starts_with('.') {
        text.insert(0, '0');
    }
    if text.len() < room && text.ends_with('.') {
        text.push('0');
    }
    Some(text)
}

/// The digits with an exponent: behind the first one is the point, or where the exponent is shorter.
fn with_exponent(digits: &str, power: i32, room: usize) -> Option<String> {
    let at = |before: usize| {
        let (whole, fraction) = digits.split_at(before);
        format!("{whole}.{fraction}E{}", power + 1 - before as i32)
    };
    let usual = at(1);
    if usual.len() <= room {
        return Some(usual);
    }
    let mut others = (0..=digits.len()).map(at);
    others.find(|text| text.len() <= room)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(number: f64, width: usize) -> Result<String, Misfit> {
        let mut out = Vec::new();
        push(number, width, &mut out)?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn numbers_fill_their_cells_from_the_right() {
        for (number, width, wanted) in [
            (0.012, 13, "        0.012"),
            (0.012, 4, ".012"),
            (0.012, 3, ".01"),
            (5.0, 10, "       5.0"),
            (5.0, 2, "5."),
            (123.456, 6, "123.46"),
            (123.456, 4, "123."),
            (-123.456, 5, "-123."),
            (99.96, 4, "100."),
            (1234567.0, 6, "1.23E6"),
            (123456.0, 5, "1.2E5"),
            (0.000012345, 8, "1.234E-5"),
            (1.2e-10, 6, ".12E-9"),
            (1.25e10, 6, "12.5E9"),
            (1e300, 23, "                1.E300"),
            (0.0, 5, "  0.0"),
            (-0.0, 2, "0."),
            (1.0 / 3.0, 12, ".33333333333"),
            (2.0 / 3.0, 25, "       0.6666666666666666"),
        ] {
            let wanted = wanted.trim_start();
            let text = cell(number, width).expect("room");
            assert_eq!(text.len(), width);
            assert_eq!(text.trim_start(), wanted, "{number} in {width}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (number, width) in [(-1e-100, 5), (123456.0, 3), (1.0, 1), (-1.0, 2), (0.0, 1)] {
            assert_eq!(cell(number, width), Err(Misfit::NoForm { number, width }));
        }
        assert!(cell(f64::NAN, 20).is_err() && cell(f64::INFINITY, 20).is_err());
    }

    proptest! {
        #[test]
        fn wide_cells_hold_every_number(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = cell(number, 25).expect("room");
            prop_assert_eq!(text.len(), 25);
            prop_assert_eq!(text.trim().parse::<f64>().expect("a number"), number);
        }

        #[test]
        fn no_printed_form_is_nearer(mantissa in -9.999_f64..9.999, power in -12_i32..12, width in 3_usize..16) {
            let number: f64 = format!("{mantissa}e{power}").parse().expect("a number");
            let Ok(text) = cell(number, width) else { return Ok(()) };
            prop_assert_eq!(text.len(), width);
            prop_assert!(text.contains('.'));
            let error = (text.trim().parse::<f64>().expect("a number") - number).abs();
            let plain = (0..20).map(|digits| format!("{number:.digits$}"));
            let powers = (0..17).map(|digits| format!("{number:.digits$e}"));
            for other in plain.chain(powers).filter(|other| other.len() <= width && other.contains('.')) {
                let its = (other.parse::<f64>().expect("a number") - number).abs();
                prop_assert!(error <= its, "{} for {}, {} is nearer", text, number, other);
            }
        }
    }
}
