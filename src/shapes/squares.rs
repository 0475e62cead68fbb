//! A square for every catchment, in its order, where nobody knows where they are.

use super::frame::MapPoint;

/// The side of a square.
const SIDE: u16 = 64;

/// The middles of squares side by side, as many in a row as there are rows, from the upper left; and the size of all of them.
///
/// There is room for a million.
pub(super) fn squares(count: usize) -> (Vec<MapPoint>, MapPoint) {
    let columns = (1..).find(|columns| columns * columns >= count);
    let columns = columns.unwrap_or(1);
    let side = SIDE.min(u16::MAX / columns.max(1) as u16);
    let edge = |squares: usize| squares as u16 * side;
    let middle = |at: usize| [edge(at % columns) + side / 2, edge(at / columns) + side / 2];
    let size = [edge(columns.min(count)), edge(count.div_ceil(columns))];
    ((0..count).map(middle).collect(), size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_fill_a_square() {
        let (middles, size) = squares(7);
        assert_eq!(middles[..4], [[32, 32], [96, 32], [160, 32], [32, 96]]);
        assert_eq!(size, [192, 192]);
        assert_eq!(squares(2).1, [128, 64]);
        let (middles, size) = squares(1_000_000);
        assert_eq!(middles.len(), 1_000_000);
        assert_eq!(size, [64_000, 64_000]);
        assert_eq!(squares(0), (Vec::new(), [0, 0]));
    }
}
