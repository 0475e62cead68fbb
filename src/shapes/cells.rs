//! Cells around points: what is nearer to a catchment's place than to any other, as far as it is near at all.
//!
//! The cells are Voronoi's, from Delaunay's triangles. So that none of them is without end, and none reaches far into where nobody
//! is, further points that stand for nobody are set around all others: their cells are left out.

use std::collections::{BTreeMap, BTreeSet};

use delaunator::{EMPTY, Triangulation, next_halfedge, triangulate};
use libm::{cos, floor, hypot, sin};

use super::geometry::{Place, Ring};

/// How many times the usual distance of neighbours is far from a place.
const FAR: f64 = 1.5;
/// No place is in a box farther away than so many.
const MOST_BOXES: f64 = 1e15;

/// The cells of places; places that are the same share theirs.
pub(super) fn cells(places: &[Place]) -> Vec<Ring> {
    let usual = usual_distance(places);
    let mut sites = apart(places, usual);
    let around = around(&sites, FAR * usual);
    sites.extend(around);
    let triangulation = triangulated(&sites);
    let centres: Vec<Place> = triangulation
        .triangles
        .chunks_exact(3)
        .map(|corners| circumcentre(sites[corners[0]], sites[corners[1]], sites[corners[2]]))
        .collect();
    // For each site an edge that leads to it.
    let mut leading = vec![EMPTY; sites.len()];
    for (edge, from) in triangulation.triangles.iter().enumerate() {
        let to = triangulation.triangles[next_halfedge(edge)];
        let _ = from;
        if leading[to] == EMPTY || triangulation.halfedges[edge] == EMPTY {
            leading[to] = edge;
        }
    }
    let cell = |site: usize| {
        let mut ring = Ring::new();
        let first = leading[site];
        let mut edge = first;
        while edge != EMPTY {
            ring.push(centres[edge / 3]);
            edge = triangulation.halfedges[next_halfedge(edge)];
            if edge == first {
                break;
            }
        }
        ring
    };
    (0..places.len()).map(cell).collect()
}

fn triangulated(sites: &[Place]) -> Triangulation {
    let points: Vec<delaunator::Point> = sites
        .iter()
        .map(|site| delaunator::Point::from(*site))
        .collect();
    triangulate(&points)
}

/// How far neighbours usually are from each other: half of the pairs are nearer. 1 if there is but one place.
fn usual_distance(places: &[Place]) -> f64 {
    let triangulation = triangulated(places);
    let length =
        |a: usize, b: usize| hypot(places[a][0] - places[b][0], places[a][1] - places[b][1]);
    let corners = &triangulation.triangles;
    let mut lengths: Vec<f64> = (0..corners.len())
        .map(|edge| length(corners[edge], corners[next_halfedge(edge)]))
        .collect();
    if lengths.is_empty() {
        // All are on one line, and in its order.
        let hull = &triangulation.hull;
        lengths = hull
            .windows(2)
            .map(|pair| length(pair[0], pair[1]))
            .collect();
    }
    lengths.retain(|length| *length > 0.0);
    lengths.sort_by(f64::total_cmp);
    lengths.get(lengths.len() / 2).copied().unwrap_or(1.0)
}

/// The places, with those that are the same a little apart from each other.
fn apart(places: &[Place], usual: f64) -> Vec<Place> {
    let mut seen: BTreeMap<[u64; 2], u32> = BTreeMap::new();
    let mut apart = Vec::with_capacity(places.len());
    for [x, y] in places {
        // Zero has two signs.
        let times = seen
            .entry([x + 0.0, y + 0.0].map(f64::to_bits))
            .or_insert(0);
        // On a spiral, as seeds in a sunflower are.
        let (radius, angle) = (
            0.1 * usual * f64::from(*times).sqrt(),
            2.4 * f64::from(*times),
        );
        apart.push([x + radius * cos(angle), y + radius * sin(angle)]);
        *times += 1;
    }
    apart
}

/// Points on a grid that are far from all sites, but not much farther.
fn around(sites: &[Place], far: f64) -> Vec<Place> {
    // Where all others are close together, one may be more boxes away than can be counted.
    let number = |x: f64| floor(x / far).clamp(-MOST_BOXES, MOST_BOXES) as i64;
    let box_of = |place: Place| place.map(number);
    let mut boxes: BTreeMap<[i64; 2], Vec<Place>> = BTreeMap::new();
    for site in sites {
        boxes.entry(box_of(*site)).or_default().push(*site);
    }
    let beside = |[x, y]: [i64; 2], reach: i64| {
        (-reach..=reach)
            .flat_map(move |right| (-reach..=reach).map(move |down| [x + right, y + down]))
    };
    let candidates: BTreeSet<[i64; 2]> = boxes.keys().flat_map(|at| beside(*at, 2)).collect();
    let mut points = Vec::new();
    for at in candidates {
        let corner = at.map(|number| number as f64 * far);
        for [right, down] in [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]] {
            let point = [corner[0] + right * far, corner[1] + down * far];
            let near = beside(at, 1).filter_map(|at| boxes.get(&at)).flatten();
            let mut near = near.map(|site| hypot(site[0] - point[0], site[1] - point[1]));
            if near.all(|distance| distance >= far) {
                points.push(point);
            }
        }
    }
    points
}

/// The point that is as far from each of three. The same for the same three in any order, to the bit, as neighbours meet there.
fn circumcentre(a: Place, b: Place, c: Place) -> Place {
    let mut corners = [a, b, c];
    corners.sort_by(|one, other| {
        one[0]
            .total_cmp(&other[0])
            .then(one[1].total_cmp(&other[1]))
    });
    let [a, b, c] = corners;
    let [dx, dy, ex, ey] = [b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]];
    let (bl, cl, area) = (
        dx * dx + dy * dy,
        ex * ex + ey * ey,
        0.5 / (dx * ey - dy * ex),
    );
    [
        a[0] + (ey * bl - dy * cl) * area,
        a[1] + (dx * cl - ex * bl) * area,
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn area(ring: &[Place]) -> f64 {
        let next = ring.iter().cycle().skip(1);
        let twice: f64 = ring
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum();
        twice.abs() / 2.0
    }

    fn is_within(ring: &[Place], [x, y]: Place) -> bool {
        let next = ring.iter().cycle().skip(1);
        let crossed = ring.iter().zip(next).filter(|(a, b)| {
            (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        });
        crossed.count() % 2 == 1
    }

    #[test]
    fn a_lattice_has_square_cells() {
        let places: Vec<Place> = (0..25)
            .map(|at| [f64::from(at % 5), f64::from(at / 5)])
            .collect();
        let cells = cells(&places);
        assert!((area(&cells[12]) - 1.0).abs() < 1e-9, "{:?}", cells[12]);
        assert!(cells.iter().all(|cell| area(cell) < 2.0));
    }

    #[test]
    fn a_cell_is_there_however_few_places_there_are() {
        for places in [
            vec![[5.0, 5.0]],
            vec![[0.0, 0.0], [1000.0, 0.0]],
            (0..9).map(|at| [f64::from(at), f64::from(at)]).collect(),
            vec![[3.0, 3.0]; 5],
        ] {
            let cells = cells(&places);
            assert!(cells.iter().all(|cell| area(cell) > 0.0), "{places:?}");
        }
        assert!(cells(&[]).is_empty());
    }

    #[test]
    fn a_place_may_be_far_from_all_others() {
        let mut places: Vec<Place> = (0..9).map(|at| [f64::from(at) * 1e-30, 0.0]).collect();
        places.push([1e12, -1e12]);
        assert_eq!(cells(&places).len(), 10);
    }

    proptest! {
        #[test]
        fn every_place_lies_in_its_own_cell(places in proptest::collection::vec((-1e6..1e6_f64, -1e6..1e6_f64), 1..60)) {
            let places: Vec<Place> = places.into_iter().map(|(x, y)| [x, y]).collect();
            let cells = cells(&places);
            for (at, place) in places.iter().enumerate() {
                let within: Vec<usize> = (0..cells.len()).filter(|cell| is_within(&cells[*cell], *place)).collect();
                prop_assert_eq!(within, vec![at]);
            }
        }
    }
}
