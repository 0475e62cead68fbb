//! From a plane to the small whole numbers of a map.

use super::geometry::Place;

/// The greatest number; one more means that it is not known where something is.
const MOST: f64 = 65_534.0;

/// A point of a map: x to the right and y down, from 0 to 65,534.
pub(crate) type MapPoint = [u16; 2];

/// The rectangle of a plane that a map shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    left: f64,
    upper: f64,
    /// Of the plane's units, how many one of the map's is.
    pub step: f64,
    /// The greatest x and y.
    pub size: MapPoint,
}

impl Frame {
    /// The least one with all these places on it; `None` if there are none.
    pub(super) fn around(places: impl Iterator<Item = Place>) -> Option<Self> {
        let mut edges: Option<[f64; 4]> = None;
        for [x, y] in places {
            let [left, right, low, high] = edges.unwrap_or([x, x, y, y]);
            edges = Some([left.min(x), right.max(x), low.min(y), high.max(y)]);
        }
        let [left, right, low, high] = edges?;
        let longest = (right - left).max(high - low);
        let step = if longest > 0.0 {
            (longest / MOST).max(f64::MIN_POSITIVE)
        } else {
            1.0
        };
        let units = |length: f64| (length / step).round() as u16;
        Some(Self {
            left,
            upper: high,
            step,
            size: [units(right - left), units(high - low)],
        })
    }

    /// The point that is nearest to a place.
    pub(super) fn point(&self, [x, y]: Place) -> MapPoint {
        let unit = |length: f64, most: u16| {
            (length / self.step).round().clamp(0.0, f64::from(most)) as u16
        };
        [
            unit(x - self.left, self.size[0]),
            unit(self.upper - y, self.size[1]),
        ]
    }

    /// Its left, lower, right and upper edge on the plane.
    pub(super) fn edges(&self) -> [f64; 4] {
        let [width, height] = self.size.map(|units| f64::from(units) * self.step);
        [
            self.left,
            self.upper - height,
            self.left + width,
            self.upper,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_has_all_numbers() {
        let frame = Frame::around([[100.0, 7.0], [300.0, 8.0], [200.0, 107.0]].into_iter())
            .expect("a frame");
        assert_eq!(frame.size, [65_534, 32_767]);
        assert_eq!(frame.point([100.0, 107.0]), [0, 0]);
        assert_eq!(frame.point([300.0, 7.0]), [65_534, 32_767]);
        assert_eq!(frame.edges(), [100.0, 7.0, 300.0, 107.0]);
    }

    #[test]
    fn one_place_is_a_frame_and_none_is_not() {
        let frame = Frame::around([[5.0, 5.0]].into_iter()).expect("a frame");
        assert_eq!((frame.size, frame.point([5.0, 5.0])), ([0, 0], [0, 0]));
        assert_eq!(Frame::around(std::iter::empty()), None);
        let tiny = f64::from_bits(1);
        let frame = Frame::around([[0.0, 0.0], [tiny, tiny]].into_iter()).expect("a frame");
        assert_eq!((frame.size, frame.point([tiny, 0.0])), ([0, 0], [0, 0]));
    }
}
