//! A point within a catchment, where rivers meet and labels stand.

use super::frame::MapPoint;
use super::simplify::signed_area;

/// A point within the largest ring: its centre of gravity if that is within, else the middle of the widest stretch beside it. `None`
/// without rings.
pub(super) fn point_within(rings: &[Vec<MapPoint>]) -> Option<MapPoint> {
    let ring = rings.iter().max_by_key(|ring| signed_area(ring).abs())?;
    let [x, y] = gravity(ring);
    let crossings = crossings(rings, y);
    let stretches = crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let mut widest: Option<[f64; 2]> = None;
    for stretch in stretches {
        if stretch[0] <= x && x <= stretch[1] {
            return Some(rounded([x, y]));
        }
        if widest.is_none_or(|widest| widest[1] - widest[0] < stretch[1] - stretch[0]) {
            widest = Some(stretch);
        }
    }
    let x = widest.map_or(x, |[left, right]| (left + right) / 2.0);
    Some(rounded([x, y]))
}

/// The centre of gravity of a ring with an area.
fn gravity(ring: &[MapPoint]) -> [f64; 2] {
    let mut sum = [0.0; 2];
    // Seen from its first point, so that no digits are lost.
    let [from_x, from_y] = ring[0].map(f64::from);
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let [ax, bx] = [a[0], b[0]].map(|x| f64::from(x) - from_x);
        let [ay, by] = [a[1], b[1]].map(|y| f64::from(y) - from_y);
        let cross = ax * by - bx * ay;
        sum = [sum[0] + (ax + bx) * cross, sum[1] + (ay + by) * cross];
    }
    let area = signed_area(ring) as f64;
    [
        from_x + sum[0] / (3.0 * area),
        from_y + sum[1] / (3.0 * area),
    ]
}

/// Where the rings cross a height, from left to right.
fn crossings(rings: &[Vec<MapPoint>], y: f64) -> Vec<f64> {
    let mut crossings = Vec::new();
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let [ax, ay, bx, by] = [a[0], a[1], b[0], b[1]].map(f64::from);
            if (ay > y) != (by > y) {
                crossings.push(ax + (y - ay) / (by - ay) * (bx - ax));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    crossings
}

fn rounded(place: [f64; 2]) -> MapPoint {
    // A centre of gravity of rings that cross themselves may lie outside.
    place.map(|number| number.round().clamp(0.0, 65_534.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_within() {
        let square = vec![[0, 0], [10, 0], [10, 10], [0, 10]];
        assert_eq!(point_within(std::slice::from_ref(&square)), Some([5, 5]));
        // A horseshoe, whose centre of gravity is outside.
        let shoe = vec![
            [0, 0],
            [100, 0],
            [100, 90],
            [70, 90],
            [70, 10],
            [20, 10],
            [20, 90],
            [0, 90],
        ];
        assert_eq!(point_within(&[shoe]).map(|[x, _]| x), Some(85));
        // A ring around a lake.
        let lake = vec![[2, 2], [8, 2], [8, 8], [2, 8]];
        assert!(matches!(point_within(&[square, lake]), Some([1 | 9, 5])));
        assert_eq!(point_within(&[]), None);
    }
}
