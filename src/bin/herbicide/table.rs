//! Tab-separated tables of numbers with a header line: the series that come in and the results that go out.
//!
//! Numbers are written with six significant digits, as most programs of this kind do; what is missing is read as
//! `N/A` or `NA` and written as `NA`.

use anyhow::{Context, bail, ensure};

/// A table in columns; a missing value is NaN.
#[derive(Debug)]
pub(crate) struct Table {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Table {
    /// Reads a header line and at least one row; every row has as many fields as the header.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = text.lines();
        let header = lines.next().context("the table is empty")?;
        let names: Vec<String> = header.split('\t').map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for (line, row) in (2..).zip(lines) {
            let mut fields = row.split('\t');
            for (name, column) in names.iter().zip(&mut columns) {
                let field = fields
                    .next()
                    .with_context(|| format!("line {line}: {name} is missing"))?;
                column.push(match field {
                    "N/A" | "NA" => f64::NAN,
                    _ => number(field).with_context(|| {
                        format!("line {line}: {name} is not a number: '{field}'")
                    })?,
                });
            }
            if let Some(surplus) = fields.next() {
                bail!("line {line}: '{surplus}' beyond the last column");
            }
        }
        ensure!(!columns[0].is_empty(), "the table has no rows");
        Ok(Self { names, columns })
    }

    /// The number of rows, at least 1.
    pub(crate) fn len(&self) -> usize {
        self.columns[0].len()
    }

    /// The first column, which holds the time in days.
    pub(crate) fn first(&self) -> &[f64] {
        &self.columns[0]
    }

    /// A column without gaps.
    pub(crate) fn column(&self, name: &str) -> anyhow::Result<&[f64]> {
        let at = self.names.iter().position(|n| n == name).with_context(|| {
            format!("there is no column {name}, only {}", self.names.join(", "))
        })?;
        match self.columns[at].iter().position(|value| value.is_nan()) {
            Some(row) => bail!("line {}: {name} is missing", row + 2),
            None => Ok(&self.columns[at]),
        }
    }

    /// The text of this table with further columns behind its own.
    pub(crate) fn with_columns(&self, computed: &[(&str, &[f64])]) -> Vec<u8> {
        let names = self
            .names
            .iter()
            .map(String::as_str)
            .chain(computed.iter().map(|(name, _)| *name));
        let mut text = names.collect::<Vec<_>>().join("\t").into_bytes();
        text.push(b'\n');
        for row in 0..self.len() {
            let own = self.columns.iter().map(|column| column[row]);
            for (at, value) in own
                .chain(computed.iter().map(|(_, column)| column[row]))
                .enumerate()
            {
                if at > 0 {
                    text.push(b'\t');
                }
                push_six_digits(&mut text, value);
            }
            text.push(b'\n');
        }
        text
    }
}

fn number(field: &str) -> Option<f64> {
    fast_float2::parse(field)
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Appends `value` as C's `%g` prints it, and NaN as `NA`.
///
/// Six significant digits, without trailing zeros, with an exponent below 1e-4 and from 1e6 on.
fn push_six_digits(text: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return text.extend_from_slice(b"NA");
    }
    if value == 0.0 {
        return text.push(b'0');
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    text.extend_from_slice(sign.as_bytes());
    let push_with_point = |text: &mut Vec<u8>, before: usize| {
        let (whole, fraction) = digits.split_at(before.min(digits.len()));
        text.extend_from_slice(whole.as_bytes());
        text.extend(std::iter::repeat_n(b'0', before - whole.len()));
        if !fraction.is_empty() {
            text.push(b'.');
            text.extend_from_slice(fraction.as_bytes());
        }
    };
    match exponent {
        0..=5 => push_with_point(text, exponent as usize + 1),
        -4..=-1 => {
            text.extend_from_slice(b"0.");
            text.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
            text.extend_from_slice(digits.as_bytes());
        }
        _ => {
            push_with_point(text, 1);
            let sign = if exponent < 0 { '-' } else { '+' };
            text.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn six_digits(value: f64) -> String {
        let mut text = Vec::new();
        push_six_digits(&mut text, value);
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn numbers_look_as_c_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (100.0, "100"),
            (123456.0, "123456"),
            (1234567.0, "1.23457e+06"),
            (999999.7, "1e+06"),
            (0.1, "0.1"),
            (-12.345678, "-12.3457"),
            (0.000123456789, "0.000123457"),
            (0.0000123456789, "1.23457e-05"),
            (1e-300, "1e-300"),
            (f64::NAN, "NA"),
        ] {
            assert_eq!(six_digits(value), text);
        }
    }

    #[test]
    fn a_table_goes_out_as_it_came_in() {
        let text = "step\tT\tEmptymeas\n0\t-1.5\tN/A\n0.5\t20.25\tN/A\n";
        let table = Table::parse(text).expect("a table");
        assert_eq!(table.column("T").expect("a column"), [-1.5, 20.25]);
        let out = table.with_columns(&[("C", &[1.0, f64::NAN])]);
        let expected = "step\tT\tEmptymeas\tC\n0\t-1.5\tNA\t1\n0.5\t20.25\tNA\tNA\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let problem = |text: &str| format!("{:#}", Table::parse(text).expect_err("an error"));
        assert_eq!(problem(""), "the table is empty");
        assert_eq!(problem("step\tT\n"), "the table has no rows");
        assert_eq!(problem("step\tT\n0\t1\n1\n"), "line 3: T is missing");
        assert_eq!(problem("step\tT\n0\tx\n"), "line 2: T is not a number: 'x'");
        assert_eq!(
            problem("step\tT\n0\tinf\n"),
            "line 2: T is not a number: 'inf'"
        );
        assert_eq!(
            problem("step\tT\n0\t1\t2\n"),
            "line 2: '2' beyond the last column"
        );
        let table = Table::parse("step\tT\n0\tN/A\n").expect("a table");
        assert_eq!(
            format!("{:#}", table.column("T").expect_err("a gap")),
            "line 2: T is missing"
        );
        assert!(table.column("P").is_err());
    }

    proptest! {
        #[test]
        fn six_digits_read_back_closely(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_normal());
            let back: f64 = six_digits(value).parse().expect("a number");
            prop_assert!(((back - value) / value).abs() <= 5.1e-6);
        }
    }
}
