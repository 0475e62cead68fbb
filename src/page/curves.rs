//! The curves of a page: its time axis, and levels of values over it, from a coarse one of every catchment to whole series of some.
//!
//! In every array of a level the order is catchment, variable, scenario, side, bucket, the last the fastest.

use schemars::JsonSchema;
use serde::Serialize;

/// The shares of time, in percent, at which a duration curve has a value: what is exceeded in so much of the time.
pub(crate) const EXCEEDED: [f64; 25] = [
    0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 75.0, 80.0,
    85.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 100.0,
];

/// Values over time.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Curves {
    /// The time axis; `null` where the variables have none.
    pub time: Option<Time>,
    /// The coarsest first; the last that has a catchment is the one to be drawn.
    pub levels: Vec<Level>,
    /// The percents of the time for which the values of duration curves are exceeded.
    pub exceeded: Vec<f64>,
}

/// The time axis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Time {
    /// Its first time stamp, in seconds since 1970-01-01 UTC.
    pub start: f64,
    /// The seconds from each to the next; 0 where they differ.
    pub step: f64,
    /// How many there are.
    pub steps: usize,
    /// Where steps differ: the name of the array (F64) with all time stamps; else `null`.
    pub times: Option<String>,
}

/// Curves of some catchments in so many buckets of time, each with as many steps as the others, but for the last.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Level {
    /// The name of the array (U32, ascending) with the catchments that it has; `null`: all.
    pub catchments: Option<String>,
    /// The variables that it has, by their places among the page's.
    pub variables: Vec<usize>,
    /// The scenarios that it has, by their places among the page's.
    pub scenarios: Vec<usize>,
    /// 1: as it is now; 2: now, and as of the tag.
    pub sides: usize,
    /// How many buckets; as many as steps: whole series.
    pub buckets: usize,
    /// The name of the array with the values of whole series, or else the least of each bucket: F32, or U8 or U16 as `range` says.
    pub values: String,
    /// The name of the array with the greatest of each bucket; `null`: whole series.
    pub highs: Option<String>,
    /// The name of the array (F32) with the low and the high of each curve; then the values are U8 (255 is missing) or U16 (65535 is missing): low + value / 254 · (high - low),
    /// or 65534 in the place of 254.
    pub range: Option<String>,
    /// The names of the arrays with the least and the greatest of all scenarios, as values are; `null` with one scenario.
    pub bands: Option<[String; 2]>,
    /// The name of the array (F32) with the duration curves, a value for each of `exceeded`; `null`: none.
    pub durations: Option<String>,
}
