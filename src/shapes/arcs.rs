//! The lines of which rings are made: each that two rings share is one arc, so that what is done to it is done to both.
//!
//! Rings meet and part at junctions: points that have other neighbours in one ring than in another, or twice in the same. Between two
//! junctions is an arc. A ring without any is an arc by itself, from the same point on whichever ring it is found in. The way of
//! doing it is TopoJSON's (<https://bost.ocks.org/mike/topology/>). Rings that run beside each other without having points in common
//! share nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::frame::MapPoint;

/// An arc in a ring, from its first point to its last or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Which one.
    pub arc: usize,
    /// Whether it is gone along from its end.
    pub is_reversed: bool,
}

/// All rings, made of arcs.
#[derive(Debug, Default)]
pub(super) struct Arcs {
    /// The points of each arc. Where one is a whole ring, or begins and ends at one junction, its first point is its last.
    pub points: Vec<Vec<MapPoint>>,
    /// The arcs of each ring, each of which ends where the next begins.
    pub rings: Vec<Vec<Use>>,
}

impl Arcs {
    /// The arcs of rings, none of which has the same point twice in a row.
    pub(super) fn of(rings: &[Vec<MapPoint>]) -> Self {
        let junctions = Junctions::of(rings);
        let mut arcs = Self::default();
        let mut known = HashMap::new();
        for ring in rings {
            let uses = (junctions.lines(ring).into_iter()).map(|line| arcs.take(line, &mut known));
            let uses = uses.collect();
            arcs.rings.push(uses);
        }
        arcs
    }

    /// Takes a line, if it is not known in one direction or the other.
    fn take(&mut self, mut line: Vec<MapPoint>, known: &mut HashMap<Vec<MapPoint>, usize>) -> Use {
        let backwards = line.iter().rev();
        let is_reversed = backwards.lt(line.iter());
        if is_reversed {
            line.reverse();
        }
        let arc = match known.entry(line) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.points.push(new.key().clone());
                *new.insert(self.points.len() - 1)
            }
        };
        Use { arc, is_reversed }
    }
}

/// The neighbours of every point, and whether it has several pairs of them.
struct Junctions(HashMap<MapPoint, ([MapPoint; 2], bool)>);

impl Junctions {
    fn of(rings: &[Vec<MapPoint>]) -> Self {
        let mut points: HashMap<MapPoint, ([MapPoint; 2], bool)> = HashMap::new();
        for ring in rings {
            for (at, point) in ring.iter().enumerate() {
                let before = ring[(at + ring.len() - 1) % ring.len()];
                let after = ring[(at + 1) % ring.len()];
                let pair = [before.min(after), before.max(after)];
                let known = points.entry(*point).or_insert((pair, false));
                known.1 |= known.0 != pair;
            }
        }
        Self(points)
    }

    fn has(&self, point: MapPoint) -> bool {
        self.0
            .get(&point)
            .is_some_and(|(_, is_junction)| *is_junction)
    }

    /// A ring cut at its junctions.
    fn lines(&self, ring: &[MapPoint]) -> Vec<Vec<MapPoint>> {
        let cuts: Vec<usize> = (0..ring.len()).filter(|at| self.has(ring[*at])).collect();
        let walk = |from: usize, to: usize| (from..=to).map(|at| ring[at % ring.len()]).collect();
        if let [first, ..] = cuts.as_slice() {
            let ends = cuts[1..].iter().copied().chain([first + ring.len()]);
            return cuts
                .iter()
                .zip(ends)
                .map(|(from, to)| walk(*from, to))
                .collect();
        }
        let least = (0..ring.len()).min_by_key(|at| ring[*at]);
        least
            .map(|at| walk(at, at + ring.len()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rings as they were, but for where they begin.
    fn joined(arcs: &Arcs) -> Vec<Vec<MapPoint>> {
        let rings = arcs.rings.iter().map(|ring| {
            let mut points = Vec::new();
            for used in ring {
                let mut line = arcs.points[used.arc].clone();
                if used.is_reversed {
                    line.reverse();
                }
                line.pop();
                points.extend(line);
            }
            points
        });
        rings.collect()
    }

    fn turned(ring: &[MapPoint]) -> Vec<MapPoint> {
        let least = (0..ring.len()).min_by_key(|at| ring[*at]).unwrap_or(0);
        [&ring[least..], &ring[..least]].concat()
    }

    #[test]
    fn neighbours_share_their_edge() {
        let left = vec![[0, 0], [4, 0], [5, 2], [4, 4], [0, 4]];
        let right = vec![[4, 0], [9, 0], [9, 4], [4, 4], [5, 2]];
        let arcs = Arcs::of(&[left.clone(), right.clone()]);
        assert_eq!(arcs.points.len(), 3);
        let shared = arcs.rings[0]
            .iter()
            .filter(|used| arcs.rings[1].iter().any(|other| other.arc == used.arc));
        assert_eq!(shared.count(), 1);
        let rings: Vec<_> = joined(&arcs).iter().map(|ring| turned(ring)).collect();
        assert_eq!(rings, [turned(&left), turned(&right)]);
    }

    #[test]
    fn an_island_and_the_hole_around_it_are_one_arc() {
        let hole = vec![[3, 3], [3, 6], [6, 6], [6, 3]];
        let island = vec![[6, 6], [6, 3], [3, 3], [3, 6]];
        let outer = vec![[0, 0], [9, 0], [9, 9], [0, 9]];
        let arcs = Arcs::of(&[outer, hole, island]);
        assert_eq!(arcs.points.len(), 2);
        assert_eq!(arcs.rings[1][0].arc, arcs.rings[2][0].arc);
    }

    #[test]
    fn a_ring_that_touches_itself_or_another_at_a_point_is_whole_again() {
        let eight = vec![[0, 0], [2, 2], [4, 0], [4, 4], [2, 2], [0, 4]];
        let other = vec![[4, 4], [8, 8], [8, 4]];
        let arcs = Arcs::of(&[eight.clone(), other.clone()]);
        let rings: Vec<_> = joined(&arcs).iter().map(|ring| turned(ring)).collect();
        assert_eq!(rings, [turned(&eight), turned(&other)]);
    }
}
