//! All orders of rows become one, and what is amiss with them is told.

use proptest::prelude::*;

use super::*;
use crate::project::output_format::DimensionSpec;

fn spec(time: OutputTime, places: DimensionPlaces) -> RowAxes {
    RowAxes {
        time,
        dimension: Some(DimensionSpec {
            name: "layer".to_owned(),
            places,
        }),
    }
}

fn axis(times: usize) -> Vec<i64> {
    (0..times as i64)
        .map(|day| day * 86_400_000_000_000)
        .collect()
}

fn read() -> OutputTime {
    OutputTime::Read {
        name: "day".to_owned(),
    }
}

/// Rows of all times and places, in the order of the table, each with its time and its place.
fn table(times: usize, places: usize, by_time: bool) -> Vec<(usize, usize)> {
    let by =
        |outer: usize, inner: usize| (0..outer).flat_map(move |a| (0..inner).map(move |b| (a, b)));
    match by_time {
        true => by(times, places).collect(),
        false => by(places, times)
            .map(|(place, time)| (time, place))
            .collect(),
    }
}

proptest! {
    #[test]
    fn all_orders_become_one(
        times in 1..6_usize, places in 1..5_usize, by_time in any::<bool>(),
        tells_time in any::<bool>(), tells_place in any::<bool>(),
    ) {
        // What tells neither has to be in order.
        let by_time = by_time || !(tells_time || tells_place);
        let rows = table(times, places, by_time);
        let steps = axis(times);
        let places_spec = match tells_place {
            true => DimensionPlaces::Read("layer".to_owned()),
            false => DimensionPlaces::Count(places),
        };
        let spec = spec(if tells_time { read() } else { OutputTime::Steps }, places_spec);
        let told = Told {
            rows: rows.len(),
            lines: (0..rows.len()).collect(),
            stamps: tells_time.then(|| rows.iter().map(|(time, _)| steps[*time]).collect()),
            places: tells_place.then(|| rows.iter().map(|(_, place)| *place as f64).collect()),
        };
        let axes = Axes { spec: &spec, steps: &steps, skipped: 0 };
        let order = axes.order(&told).expect("an order");
        let in_order = order.rows.unwrap_or_else(|| (0..rows.len()).collect());
        let found: Vec<_> = in_order.iter().map(|row| rows[*row]).collect();
        prop_assert_eq!(found, table(times, places, true));
        prop_assert_eq!(order.times, tells_time.then(|| steps.clone()));
        let along = tells_place.then(|| (0..places).map(|place| place as f64).collect());
        prop_assert_eq!(order.places, along);
    }
}

#[test]
fn what_is_amiss_is_told_with_its_line() {
    let day = |days: &[i64]| days.iter().map(|day| day * 86_400_000_000_000).collect();
    let of = |time: OutputTime,
              places: DimensionPlaces,
              stamps: Option<&[i64]>,
              along: Option<&[f64]>| {
        let rows = stamps
            .map_or(0, <[_]>::len)
            .max(along.map_or(0, <[_]>::len));
        let told = Told {
            rows,
            lines: (11..11 + rows).collect(),
            stamps: stamps.map(day),
            places: along.map(<[f64]>::to_vec),
        };
        let (spec, steps) = (spec(time, places), axis(2));
        let axes = Axes {
            spec: &spec,
            steps: &steps,
            skipped: 0,
        };
        axes.order(&told).expect_err("amiss").to_string()
    };
    let count = DimensionPlaces::Count;
    let layers = || DimensionPlaces::Read("layer".to_owned());
    for (error, told) in [
        (
            of(read(), count(2), Some(&[0, 0, 1, 2]), None),
            "line 14: the time is 1970-01-03T00:00:00, where 1970-01-02",
        ),
        (
            of(read(), count(2), Some(&[1, 1, 0, 0]), None),
            "line 13: the time 1970-01-01T00:00:00 comes after",
        ),
        (
            of(read(), count(1), Some(&[1, 1]), None),
            "line 12: the time 1970-01-02T00:00:00 is there twice",
        ),
        (
            of(read(), count(2), Some(&[0, 1, 0, 2]), None),
            "line 14: the time is 1970-01-03",
        ),
        (of(read(), count(2), Some(&[0, 1, 2]), None), "3 rows"),
        (of(read(), count(2), Some(&[0, 0, 1]), None), "3 rows"),
        (
            of(OutputTime::Steps, count(1), Some(&[0, 2]), None),
            "line 12: the time is 1970-01-03T00:00:00, where 1970-01-02",
        ),
        (of(OutputTime::Steps, count(1), Some(&[0]), None), "1 rows"),
        (
            of(OutputTime::Steps, layers(), None, Some(&[1.0, 2.0, 1.0])),
            "3 rows",
        ),
        (
            of(
                OutputTime::Steps,
                layers(),
                None,
                Some(&[1.0, 2.0, 2.0, 1.0]),
            ),
            "line 13: `layer` is 2, where 1 is expected",
        ),
        (
            of(
                OutputTime::Steps,
                layers(),
                None,
                Some(&[1.0, 1.0, 1.0, 1.0]),
            ),
            "line 13: `layer` is 1 as in line 11 already",
        ),
        (
            of(read(), layers(), Some(&[0, 0, 1]), Some(&[1.0, 2.0, 2.0])),
            "no row is for `layer` = 1 at 1970-01-02",
        ),
        (
            of(read(), layers(), Some(&[0, 0, 1]), Some(&[1.0, 1.0, 2.0])),
            "line 12: `layer` is 1 at 1970-01-01T00:00:00 as in line 11",
        ),
        (
            of(read(), layers(), Some(&[1, 0]), Some(&[1.0, 1.0])),
            "line 12: the time 1970-01-01T00:00:00 comes after",
        ),
    ] {
        assert!(error.contains(told), "{error}: {told}");
    }
}
