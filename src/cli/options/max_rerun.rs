//! `--max-rerun`: how much a run may do before someone should look at it.

use std::fmt;
use std::str::FromStr;

/// A number of catchments, or a share of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MaxRerun {
    Count(usize),
    Percent(f64),
}

impl MaxRerun {
    /// How many of `all` catchments this is.
    pub(crate) fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (all as f64 * percent / 100.0).floor() as usize,
        }
    }
}

impl FromStr for MaxRerun {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || "write a number of catchments, or a share such as 5%".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => (percent.trim().parse::<f64>().ok())
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(Self::Percent)
                .ok_or_else(fault),
            None => text.parse().map(Self::Count).map_err(|_| fault()),
        }
    }
}

impl fmt::Display for MaxRerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down() {
        let of = |text: &str| text.parse::<MaxRerun>().map(|limit| limit.of(199));
        assert_eq!(of("5%"), Ok(9));
        assert_eq!(of("0"), Ok(0));
        assert_eq!(of("100%"), Ok(199));
        for text in ["", "%", "-1", "120%", "all", "NaN%"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
