//! Rings with fewer points, whose shared edges still meet: nothing of what is between them shows.
//!
//! Of each arc the points that matter least are left out, by Visvalingam's measure: the area of the triangle of a point with its
//! neighbours, when all that matter less are gone (Visvalingam and Whyatt, Line generalisation by repeated elimination of points,
//! 1993). Ends of arcs stay, so that rings still meet where they met; of no catchment so much is left out that nothing is left. Two arcs
//! close beside each other may come to cross by a little.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::arcs::{Arcs, Use};
use super::frame::MapPoint;

/// A point that stays, whatever is left out.
const STAYS: u64 = u64::MAX;

/// The same catchments with about `most_points` points, if they have more, and none that matters less than `finest`, twice an area.
///
/// Rings of a catchment that are smaller than what is left out elsewhere are left out too, but for its largest and for those that
/// share an edge with a ring that stays. A catchment that is too small to have an area in whole numbers has no ring.
pub(super) fn simplified(
    catchments: Vec<Vec<Vec<MapPoint>>>,
    most_points: usize,
    finest: u64,
) -> Vec<Vec<Vec<MapPoint>>> {
    let mut simplified = vec![Vec::new(); catchments.len()];
    let (mut rings, mut owners) = (Vec::new(), Vec::new());
    for (owner, own) in catchments.into_iter().enumerate() {
        let own = own.into_iter().map(without_repeats);
        rings.extend(own.filter(|ring| twice_area(ring) > 0));
        owners.resize(rings.len(), owner);
    }
    let arcs = Arcs::of(&rings);
    let areas: Vec<u64> = rings.iter().map(|ring| twice_area(ring)).collect();
    let mut largest = vec![0; simplified.len()];
    for (area, owner) in areas.iter().zip(&owners) {
        largest[*owner] = largest[*owner].max(*area);
    }
    let own: Vec<u64> = (areas.iter().zip(&owners))
        .map(|(area, owner)| match *area == largest[*owner] {
            true => STAYS,
            false => *area,
        })
        .collect();
    let together = together(&arcs, &own, |ring| areas[ring] < finest);
    let mut weights: Vec<Vec<u64>> = arcs.points.iter().map(|arc| weights(arc)).collect();
    let limit = limit(&arcs, &weights, &together, most_points).max(finest);
    let mut kept = Vec::new();
    for ((matters, uses), owner) in together.into_iter().zip(&arcs.rings).zip(owners) {
        if matters >= limit {
            keep_an_area(uses, &arcs, &mut weights, limit);
            kept.push((owner, uses));
        }
    }
    for (owner, uses) in kept {
        simplified[owner].push(joined(uses, &arcs, &weights, limit));
    }
    simplified
}

/// How much each ring matters: as much as the one that does most of all those that it hangs together with by arcs.
///
/// A tiny one does not stay for the sake of one that isn't, beside which nobody sees it.
fn together(arcs: &Arcs, own: &[u64], is_tiny: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut users = vec![Vec::new(); arcs.points.len()];
    for (ring, uses) in arcs.rings.iter().enumerate() {
        for used in uses {
            users[used.arc].push(ring);
        }
    }
    let mut from: Vec<usize> = (0..own.len()).collect();
    from.sort_by_key(|ring| Reverse(own[*ring]));
    let mut together = vec![None; own.len()];
    for start in from {
        let mut reached = vec![start];
        while let Some(ring) = reached.pop() {
            if together[ring].is_some() {
                continue;
            }
            together[ring] = Some(own[start]);
            let beside = arcs.rings[ring].iter().flat_map(|used| &users[used.arc]);
            reached.extend(beside.filter(|other| is_tiny(ring) || !is_tiny(**other)));
        }
    }
    together.into_iter().flatten().collect()
}

/// A ring without points that repeat the one before.
fn without_repeats(mut ring: Vec<MapPoint>) -> Vec<MapPoint> {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// Twice the area of a ring; 0 if it is only a line.
pub(super) fn twice_area(ring: &[MapPoint]) -> u64 {
    signed_area(ring).unsigned_abs()
}

/// Twice the area of a ring, below 0 where it runs against the clock.
pub(super) fn signed_area(ring: &[MapPoint]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    (ring.iter().zip(next))
        .map(|(a, b)| {
            let [ax, ay, bx, by] = [a[0], a[1], b[0], b[1]].map(i64::from);
            ax * by - bx * ay
        })
        .sum()
}

/// How much each point of an arc matters, twice an area: its ends are never left out.
fn weights(points: &[MapPoint]) -> Vec<u64> {
    let last = points.len() - 1;
    let mut weights = vec![STAYS; points.len()];
    let mut before: Vec<usize> = (0..points.len()).map(|at| at.saturating_sub(1)).collect();
    let mut after: Vec<usize> = (1..=points.len()).collect();
    let area = |a: usize, b: usize, c: usize| twice_area(&[points[a], points[b], points[c]]);
    let mut areas: Vec<u64> = vec![STAYS; points.len()];
    let mut heap = BinaryHeap::new();
    for (at, own) in areas.iter_mut().enumerate().take(last).skip(1) {
        *own = area(at - 1, at, at + 1);
        heap.push(Reverse((*own, at)));
    }
    let mut least = 0;
    while let Some(Reverse((found, at))) = heap.pop() {
        // It has another area since a neighbour is gone, or is gone itself.
        if found != areas[at] || weights[at] != STAYS {
            continue;
        }
        least = found.max(least);
        weights[at] = least;
        let (left, right) = (before[at], after[at]);
        (after[left], before[right]) = (right, left);
        for neighbour in [left, right] {
            if neighbour > 0 && neighbour < last {
                areas[neighbour] = area(before[neighbour], neighbour, after[neighbour]);
                heap.push(Reverse((areas[neighbour], neighbour)));
            }
        }
    }
    weights
}

/// How much a point or a ring must matter at least, so that all rings together have so many points at most.
///
/// What always stays may take nearly all of these, or more: a quarter of them is there for the rest, so that what is seen of it stays.
fn limit(arcs: &Arcs, weights: &[Vec<u64>], rings: &[u64], most_points: usize) -> u64 {
    let mut all: Vec<(u64, usize)> = Vec::new();
    let mut used_by = vec![(0, 0); weights.len()];
    for (uses, matters) in arcs.rings.iter().zip(rings) {
        // Where its arcs meet it has a point each, and three in any case.
        all.push((*matters, uses.len().max(3)));
        for used in uses {
            used_by[used.arc] = (used_by[used.arc].0 + 1, *matters.max(&used_by[used.arc].1));
        }
    }
    for (weights, (uses, ring)) in weights.iter().zip(used_by) {
        let inner = weights.iter().filter(|weight| **weight != STAYS);
        all.extend(inner.map(|weight| (ring.min(*weight), uses)));
    }
    all.sort_unstable_by_key(|(matters, _)| Reverse(*matters));
    let rest = all.partition_point(|(matters, _)| *matters == STAYS);
    let always: usize = all[..rest].iter().map(|(_, points)| points).sum();
    let room = most_points.saturating_sub(always).max(most_points / 4);
    let mut points = 0;
    for (matters, more) in &all[rest..] {
        points += more;
        if points > room {
            return matters + 1;
        }
    }
    0
}

/// Sees to it that a ring has an area: points that matter most stay, whatever the limit.
fn keep_an_area(ring: &[Use], arcs: &Arcs, weights: &mut [Vec<u64>], limit: u64) {
    if twice_area(&joined(ring, arcs, weights, limit)) > 0 {
        return;
    }
    let mut left_out: Vec<(Reverse<u64>, usize, usize)> = Vec::new();
    for used in ring {
        let weights = weights[used.arc].iter().enumerate();
        let below = weights.filter(|(_, weight)| **weight < limit);
        left_out.extend(below.map(|(at, weight)| (Reverse(*weight), used.arc, at)));
    }
    left_out.sort_unstable();
    let mut kept = 0;
    while kept < left_out.len() && twice_area(&joined(ring, arcs, weights, limit)) == 0 {
        let more = (2 * kept + 1).min(left_out.len());
        for (_, arc, at) in &left_out[kept..more] {
            weights[*arc][*at] = STAYS;
        }
        kept = more;
    }
}

/// The points of a ring that stay.
fn joined(ring: &[Use], arcs: &Arcs, weights: &[Vec<u64>], limit: u64) -> Vec<MapPoint> {
    let mut points = Vec::new();
    for used in ring {
        let arc = arcs.points[used.arc].iter().zip(&weights[used.arc]);
        let stay = arc.filter(|(_, weight)| **weight >= limit);
        let stay = stay.map(|(point, _)| *point);
        if used.is_reversed {
            points.extend(stay.rev());
        } else {
            points.extend(stay);
        }
        // The next one begins with it.
        points.pop();
    }
    points
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// A lattice of catchments whose edges are made of many points that are not on a line.
    fn lattice(columns: u16, rows: u16, jags: u16) -> Vec<Vec<Vec<MapPoint>>> {
        let step = 50_000 / columns.max(rows);
        let jag = |at: u16, along: u16| (31 * at + 17 * along) % 23 * (step / 500);
        // From a corner to the next, to the right or down.
        let edge = |x: u16, y: u16, is_right: bool| -> Vec<MapPoint> {
            let inner = (0..=jags).map(|at| {
                let along = (u32::from(step) * u32::from(at) / u32::from(jags)) as u16;
                // Beside a corner it would meet the other edges there.
                let is_free = (600..step - 600).contains(&along);
                let off = if is_free { jag(x ^ y, at) } else { 0 };
                if is_right {
                    [x * step + along, y * step + off]
                } else {
                    [x * step + off, y * step + along]
                }
            });
            inner.collect()
        };
        let mut catchments = Vec::new();
        for (x, y) in (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))) {
            let mut ring = edge(x, y, true);
            ring.extend(edge(x + 1, y, false));
            ring.extend(edge(x, y + 1, true).into_iter().rev());
            ring.extend(edge(x, y, false).into_iter().rev());
            catchments.push(vec![ring]);
        }
        catchments
    }

    fn points(catchments: &[Vec<Vec<MapPoint>>]) -> usize {
        catchments.iter().flatten().map(Vec::len).sum()
    }

    /// The edges of all rings, each with how often it is there in either direction.
    fn edges(catchments: &[Vec<Vec<MapPoint>>]) -> HashMap<[MapPoint; 2], usize> {
        let mut edges = HashMap::new();
        for ring in catchments.iter().flatten() {
            for (at, a) in ring.iter().enumerate() {
                let b = ring[(at + 1) % ring.len()];
                *edges.entry([*a.min(&b), *a.max(&b)]).or_insert(0) += 1;
            }
        }
        edges
    }

    proptest! {
        #[test]
        fn edges_still_meet_and_areas_stay(columns in 1..6_u16, rows in 1..6_u16, jags in 1..60_u16, share in 20..100_usize) {
            let whole = lattice(columns, rows, jags);
            let area = |catchments: &[Vec<Vec<MapPoint>>]| catchments.iter().flatten().map(|ring| signed_area(ring)).sum::<i64>();
            let before = area(&whole);
            // Corners take four of each.
            let most = (points(&whole) * share / 100).max(10 * whole.len());
            let fewer = simplified(whole, most, 1);
            prop_assert!(fewer.iter().all(|rings| rings.len() == 1 && rings[0].len() > 2));
            prop_assert!(points(&fewer) <= most, "{} of {most}", points(&fewer));
            let outer = edges(&fewer).values().filter(|count| **count == 1).count();
            let all = edges(&fewer).len();
            prop_assert!(edges(&fewer).values().all(|count| *count <= 2));
            // Every edge but those around all of it is there from both sides; what one catchment loses another has.
            prop_assert!(columns * rows == 1 || outer < all);
            let outline = area(&fewer);
            prop_assert!((outline - before).abs() * 20 < before.abs(), "{before} {outline}");
        }

        #[test]
        fn any_rings_are_simplified(rings in proptest::collection::vec(proptest::collection::vec((0..9_u16, 0..9_u16), 0..12), 0..6), most in 0..40_usize, finest in 0..30_u64) {
            let catchments: Vec<Vec<Vec<MapPoint>>> = rings.into_iter().map(|ring| vec![ring.into_iter().map(|(x, y)| [x, y]).collect()]).collect();
            let had: Vec<bool> = catchments.iter().map(|own| twice_area(&without_repeats(own[0].clone())) > 0).collect();
            let fewer = simplified(catchments, most, finest);
            for (had, rings) in had.into_iter().zip(&fewer) {
                prop_assert_eq!(had, !rings.is_empty());
            }
        }
    }

    #[test]
    fn islands_that_are_too_small_go_but_for_the_only_one() {
        let square = |at: u16, size: u16| {
            vec![
                [at, at],
                [at + size, at],
                [at + size, at + size],
                [at, at + size],
            ]
        };
        let coast = vec![square(0, 1000), square(2000, 3), square(3000, 100)];
        let fewer = simplified(vec![coast, vec![square(5000, 3)]], 1000, 100);
        assert_eq!(fewer[0].iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
        assert!(twice_area(&fewer[1][0]) > 0, "{:?}", fewer[1]);
    }

    #[test]
    fn islands_and_holes_stay_where_corners_alone_are_too_many() {
        let square = |x: u16, y: u16, size: u16| {
            vec![[x, y], [x + size, y], [x + size, y + size], [x, y + size]]
        };
        let chequered = |odd: u16| {
            let all = (0..20).flat_map(|x| (0..20).map(move |y| (x, y)));
            let own = all.filter(|(x, y)| (x + y) % 2 == odd);
            own.map(|(x, y)| square(20_000 + x * 500, y * 500, 500))
                .collect()
        };
        // One with a hole that is another catchment and an island, and two whose parts are all beside each other's.
        let hole = square(3000, 3000, 900);
        let first = vec![square(0, 0, 9000), hole.clone(), square(0, 20_000, 700)];
        let fewer = simplified(
            vec![first.clone(), vec![hole], chequered(0), chequered(1)],
            100,
            64,
        );
        assert_eq!(fewer[0], first);
        assert_eq!([fewer[2].len(), fewer[3].len()], [200, 200]);
        // A hole that can hardly be seen stays too, if what is in it does.
        let tiny = square(3000, 3000, 3);
        let fewer = simplified(
            vec![vec![square(0, 0, 9000), tiny.clone()], vec![tiny]],
            100,
            64,
        );
        assert_eq!([fewer[0].len(), fewer[1].len()], [2, 1]);
    }

    #[test]
    fn what_has_no_area_has_no_ring() {
        let line = vec![[0, 0], [5, 5], [9, 9]];
        let spike = vec![[0, 0], [5, 0], [5, 0], [0, 0]];
        assert_eq!(
            simplified(vec![vec![line], vec![spike]], 10, 1),
            [vec![], Vec::<Vec<MapPoint>>::new()]
        );
    }
}
