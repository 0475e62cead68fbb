//! Amounts of bytes as people write them: `20 GB`, `512 MiB`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 10] = [
    ("B", 1),
    ("", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("{text:?} is no size; write \"20 GB\", \"500 MB\" or \"1.5 TB\"");
        let trimmed = text.trim();
        let end = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let number: f64 = number.parse().map_err(|_| fault())?;
        let (_, factor) = (UNITS.iter())
            .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))
            .ok_or_else(fault)?;
        Ok(Self((number * *factor as f64) as u64))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", amount / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", amount / 1e6),
            _ => write!(f, "{:.1} GB", amount / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in [
            ("20 GB", 20_000_000_000),
            ("1.5kb", 1500),
            ("2 MiB", 2 << 20),
            (" 17 ", 17),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "GB", "5 parsecs", "-1 GB", "1.2.3"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert_eq!(Size(20_000_000_000).to_string(), "20.0 GB");
        assert_eq!(Size(17).to_string(), "17 B");
    }
}
