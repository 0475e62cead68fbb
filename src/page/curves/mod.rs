//! The curves of a page: its time axis, and levels of values over it, from a coarse one of every catchment to whole series of some.
//!
//! In every array of a level the order is catchment, variable, scenario, side, bucket, the last the fastest. [`buckets`] thins series so that
//! peaks stay, [`shelf`] keeps what a pass over the results leaves, [`fit`] makes of it the levels for which there is room.

pub(in crate::page) mod buckets;
pub(in crate::page) mod curve;
mod draft;
mod fit;
mod quantised;
pub(in crate::page) mod shelf;

use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::page) use self::fit::Shelves;
use crate::data::time_axis::TimeAxis;
use crate::page::array::{Array, Arrays};

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

/// Curves of some catchments in so many buckets of time: bucket `k` of `n` has the steps from `k * steps / n`, rounded down, to before those of the next.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
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
    /// Where `scenarios` are not all: the names of the arrays (F32) with the least and the greatest of all, as it is now, by catchment, variable and bucket;
    /// else `null`.
    pub bands: Option<[String; 2]>,
    /// The name of the array (F32) with the duration curves, a value for each of `exceeded` where values have buckets; `null`: none, and those of
    /// whole series are made of them.
    pub durations: Option<String>,
}

impl Curves {
    /// The curves that fit into so many bytes, with what was thinned in sentences.
    pub(in crate::page) fn of(
        time: Option<&TimeAxis>,
        shelves: &Shelves<'_>,
        bytes: usize,
        arrays: &mut Arrays,
        notes: &mut Vec<String>,
    ) -> Self {
        let Some(time) = time else {
            return Self::default();
        };
        let steps = time.len();
        let time = Time::of(time, arrays);
        let stamps = time.times.as_ref().and_then(|name| arrays.get(name));
        let left = bytes.saturating_sub(Arrays::packed_size(stamps.into_iter()));
        let (levels, counts) = shelves.levels(left, arrays);
        notes.extend(note(&levels, &counts, shelves, steps));
        Self {
            time: Some(time),
            levels,
            exceeded: EXCEEDED.to_vec(),
        }
    }
}

impl Time {
    fn of(time: &TimeAxis, arrays: &mut Arrays) -> Self {
        let stamps = time.nanoseconds();
        let seconds = |nanoseconds: i64| nanoseconds as f64 / 1e9;
        let steps = || stamps.windows(2).map(|pair| pair[1] - pair[0]);
        let step = steps().next().unwrap_or(0);
        let is_regular = steps().all(|other| other == step);
        let times = (!is_regular).then(|| {
            let times = stamps.iter().map(|stamp| seconds(*stamp)).collect();
            arrays.add("curves/times", Array::F64(times))
        });
        Self {
            start: seconds(stamps[0]),
            step: if is_regular { seconds(step) } else { 0.0 },
            steps: stamps.len(),
            times,
        }
    }
}

/// What was thinned, in words; `counts` are the catchments of each level.
fn note(levels: &[Level], counts: &[usize], shelves: &Shelves<'_>, steps: usize) -> Option<String> {
    let fineness = |level: &Level| match level.buckets {
        whole if whole == steps => "every time step".to_owned(),
        buckets => format!("the least and the greatest value of {buckets} parts of the time"),
    };
    let Some((first, others)) = levels.split_first() else {
        return Some("There is no room for curves; `--size` makes more.".to_owned());
    };
    let has_all = first.catchments.is_none() && first.scenarios.len() == shelves.scenarios;
    if first.buckets == steps && others.is_empty() && has_all {
        return None;
    }
    let all = match first.catchments {
        None => "Curves of all catchments".to_owned(),
        Some(_) => format!("Curves of {} catchments", counts[0]),
    };
    let mut note = format!("{all} have {}, so that peaks stay", fineness(first));
    for (level, count) in others.iter().zip(&counts[1..]) {
        note += &format!("; {count} of them {}", fineness(level));
    }
    let scenarios = shelves.scenarios;
    if first.scenarios.len() < scenarios {
        let few = first.scenarios.len();
        note += &format!(
            "; of most, {few} of {scenarios} scenarios are drawn, and the least and the greatest of all"
        );
    }
    Some(note + ". `--size` makes room for more.")
}

/// What arrays of levels are called.
struct Names {
    values: &'static str,
    highs: &'static str,
    range: &'static str,
    catchments: &'static str,
    band_lows: &'static str,
    band_highs: &'static str,
    durations: &'static str,
}

const NAMES: Names = Names {
    values: "values",
    highs: "highs",
    range: "range",
    catchments: "catchments",
    band_lows: "band_lows",
    band_highs: "band_highs",
    durations: "durations",
};
