//! What was measured at gauges: times and values, as they were read.
//!
//! Where a gauge is, what it is compared with, and how long a value counts, is said elsewhere.

/// A series that was measured at some gauges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The gauges, in the order of the file.
    pub gauges: Vec<GaugeSeries>,
    /// The units that the file itself states, of the values as they are here; `None` if it states none.
    pub units: Option<String>,
}

/// What was measured at one gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeSeries {
    /// The gauge's name in the file.
    pub name: String,
    /// The times, nanoseconds since 1970-01-01T00:00:00 UTC, each later than the one before; and the values, NaN where they are
    /// missing.
    pub values: Vec<(i64, f64)>,
}
