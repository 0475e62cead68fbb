//! Numbers that stand behind a text in a report, in no table.
//!
//! The first number on the text's line counts. Where what stands there is like a number and is none, such as `*****`, that is an
//! error: the next number on the line would be another.

use memchr::memmem;

use super::OutputError;
use super::cell::{Numbers, shortened};
use super::lines::Section;
use crate::project::output_format::Which;

/// The numbers behind a text in a section: one, or as many as there are where all are wanted.
pub(super) fn behind(
    section: &Section<'_>,
    text: &str,
    which: Which,
    numbers: &Numbers<'_>,
) -> Result<Vec<f64>, OutputError> {
    let found: Vec<usize> = places(section.text, text).collect();
    let wanted = match which {
        Which::Only | Which::All => 1,
        Which::Last => found.len().max(1),
        Which::At(number) => number,
    };
    if found.len() < wanted {
        return Err(OutputError::NoText {
            block: section.block,
            text: text.to_owned(),
            found: found.len(),
            wanted,
        });
    }
    let line =
        |at: usize| section.first_line + memchr::memchr_iter(b'\n', &section.text[..at]).count();
    if let (Which::Only, [first, again, ..]) = (which, found.as_slice()) {
        return Err(OutputError::TextTwice {
            text: text.to_owned(),
            line: line(*first),
            again: line(*again),
        });
    }
    let chosen = match which {
        Which::All => &found[..],
        _ => &found[wanted - 1..wanted],
    };
    let number = |at: &usize| {
        number_behind(&section.text[at + text.len()..], numbers).map_err(|found| {
            OutputError::NoNumberBehind {
                line: line(*at),
                text: text.to_owned(),
                found: shortened(found),
            }
        })
    };
    chosen.iter().map(number).collect()
}

/// Where a text stands, and not as the beginning of a longer word.
fn places<'t>(section: &'t [u8], text: &'t str) -> impl Iterator<Item = usize> + 't {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let ends_in_word = text.as_bytes().last().is_some_and(of_word);
    memmem::find_iter(section, text.as_bytes()).filter(move |at| {
        let next = section.get(at + text.len());
        !(ends_in_word && next.is_some_and(of_word))
    })
}

/// The first number of a line; else what looks like one, or nothing.
fn number_behind<'t>(rest: &'t [u8], numbers: &Numbers<'_>) -> Result<f64, &'t [u8]> {
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    for word in words {
        let end = word.iter().rposition(|byte| !b",;%)]".contains(byte));
        let word = &word[..end.map_or(0, |end| end + 1)];
        let number = numbers.number(word);
        if numbers.is_missing(word, number) && !word.is_empty() {
            return Ok(f64::NAN);
        }
        match number {
            Some(number) if number.is_finite() => return Ok(number),
            Some(_) => return Err(word),
            None if is_like_a_number(word) => return Err(word),
            None => {}
        }
    }
    Err(&[])
}

/// Whether a word begins as numbers do, or is what Fortran prints for one that is too wide.
fn is_like_a_number(word: &[u8]) -> bool {
    let bare = match word {
        [b'+' | b'-', bare @ ..] => bare,
        bare => bare,
    };
    match bare {
        [b'.', digit, ..] | [digit, ..] if digit.is_ascii_digit() => true,
        stars => !stars.is_empty() && stars.iter().all(|byte| *byte == b'*'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, behind_text: &str, which: Which) -> Result<Vec<f64>, String> {
        let missing = ["N/A".to_owned()];
        let section = Section::whole(text.as_bytes());
        let numbers = Numbers::new(false, &missing);
        behind(&section, behind_text, which, &numbers).map_err(|error| error.to_string())
    }

    /// In the form of `gwf2bas7.f` of MODFLOW-2005.
    const BUDGET: &str = "
  VOLUMETRIC BUDGET FOR ENTIRE MODEL AT END OF TIME STEP    1 IN STRESS PERIOD    1
  ------------------------------------------------------------------------------

     CUMULATIVE VOLUMES      L**3       RATES FOR THIS TIME STEP      L**3/T
     ------------------                 ------------------------

          OUT:                                     OUT:
          ----                                     ----
          CONSTANT HEAD =   318463.2500            CONSTANT HEAD =       3.6860
                  WELLS =        *******                    WELLS =   0.1500E-02

          TOTAL OUT =     1.5000+103              TOTAL OUT =       3.6875

           IN - OUT =      -0.6250                 IN - OUT =  -7.1526E-06

 PERCENT DISCREPANCY =           0.00     PERCENT DISCREPANCY =          -0.10
";

    #[test]
    fn budgets_are_read() {
        let of = |text, which| read(BUDGET, text, which);
        assert_eq!(of("TOTAL OUT =", Which::Last), Ok(vec![3.6875]));
        assert_eq!(of("TOTAL OUT =", Which::At(1)), Ok(vec![1.5e103]));
        assert_eq!(of("IN - OUT =", Which::At(2)), Ok(vec![-7.1526e-6]));
        assert_eq!(of("DISCREPANCY =", Which::All), Ok(vec![0.0, -0.1]));
        assert_eq!(of("WELLS =", Which::Last), Ok(vec![0.0015]));
        let told = |text, which| of(text, which).expect_err("an error");
        assert!(told("WELLS =", Which::At(1)).contains("did not fit"));
        assert!(told("TOTAL OUT =", Which::Only).contains("stands in line 13 and in line 13"));
        assert!(told("TOTAL OUT =", Which::At(3)).contains("is there 2 times only"));
        assert!(told("TOTAL IN =", Which::Last).contains("nowhere"));
        assert!(told("CUMULATIVE", Which::Only).contains("there is no number"));
    }

    #[test]
    fn words_are_whole_and_units_passed_over() {
        let text = "Outflow2 = 7\nOutflow (m3) ..... 12.5, then 3\nError: -0.04%\nDepth: N/A 5\nLoss: 3mm 5\n";
        assert_eq!(read(text, "Outflow", Which::Only), Ok(vec![12.5]));
        assert_eq!(read(text, "Error:", Which::Only), Ok(vec![-0.04]));
        let depth = read(text, "Depth:", Which::Only).expect("a mark");
        assert!(depth[0].is_nan());
        assert!(
            read(text, "Loss:", Which::Only)
                .expect_err("no number")
                .contains("3mm")
        );
    }
}
