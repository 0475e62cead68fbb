//! What a file says of where a catchment is, whatever the format: rings, or a point.
//!
//! Which ring is an outer one and which is a hole is not told apart: a place is within a catchment where an odd number of its
//! rings is around it, as it is drawn. Heights and measures are dropped by whoever reads them.

use std::fmt;

/// A place: x and y, or longitude and latitude.
pub(crate) type Place = [f64; 2];

/// No plane has places beyond this, in whatever unit: what is there stands for a value that is missing.
const FARTHEST: f64 = 1e12;

/// Whether there may be such a place.
pub(super) fn is_place(place: &Place) -> bool {
    place.iter().all(|number| number.abs() <= FARTHEST)
}

/// A closed line; its first place is not said again at the end.
pub(crate) type Ring = Vec<Place>;

/// What a file says of where a catchment is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Its area, within these rings.
    Area(Vec<Ring>),
    /// A point of it.
    Point(Place),
}

/// A kind of shape that is no area and no point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit(pub String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is a {}; only polygons and points will do", self.0)
    }
}

impl std::error::Error for Unfit {}

/// The parts of one shape, as they are read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    rings: Vec<Ring>,
    points: Vec<Place>,
}

impl Parts {
    /// Takes a ring; one that is no area is left out.
    pub(super) fn ring(&mut self, mut ring: Ring) {
        if ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        if ring.len() > 2 {
            self.rings.push(ring);
        }
    }

    /// Takes a point; what an empty one is made of is left out, and what stands for a missing one.
    pub(super) fn point(&mut self, point: Place) {
        if is_place(&point) {
            self.points.push(point);
        }
    }

    /// The shape of all parts; `None` if there are none. Areas count before points.
    ///
    /// # Errors
    /// A coordinate is none of a place.
    pub(super) fn shape(self) -> anyhow::Result<Option<Shape>> {
        let mut places = self.rings.iter().flatten();
        if let Some([x, y]) = places.find(|place| !is_place(place)) {
            anyhow::bail!("has a corner that is no place: {x:e}, {y:e}");
        }
        if !self.rings.is_empty() {
            return Ok(Some(Shape::Area(self.rings)));
        }
        let count = self.points.len() as f64;
        let mean = |axis: usize| self.points.iter().map(|point| point[axis]).sum::<f64>() / count;
        Ok((count > 0.0).then(|| Shape::Point([mean(0), mean(1)])))
    }
}

impl Shape {
    /// All places of it.
    pub(super) fn places_mut(&mut self) -> Box<dyn Iterator<Item = &mut Place> + '_> {
        match self {
            Self::Area(rings) => Box::new(rings.iter_mut().flatten()),
            Self::Point(point) => Box::new(std::iter::once(point)),
        }
    }

    /// Adds what another feature of the same catchment says.
    pub(super) fn join(&mut self, other: Self) {
        match (self, other) {
            (Self::Area(rings), Self::Area(more)) => rings.extend(more),
            (this @ Self::Point(_), area @ Self::Area(_)) => *this = area,
            (_, Self::Point(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Place; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

    #[test]
    fn a_ring_is_closed_whether_the_file_says_so_or_not() {
        let (mut open, mut closed) = (Parts::default(), Parts::default());
        open.ring(SQUARE.to_vec());
        closed.ring([SQUARE.as_slice(), &SQUARE[..1]].concat());
        let area = Some(Shape::Area(vec![SQUARE.to_vec()]));
        assert_eq!(open.shape().expect("a shape"), area);
        assert_eq!(closed.shape().expect("a shape"), area);
    }

    #[test]
    fn what_is_no_area_is_none() {
        let mut parts = Parts::default();
        parts.ring(vec![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]);
        parts.point([f64::NAN, f64::NAN]);
        assert_eq!(parts.shape().expect("no shape"), None);
    }

    #[test]
    fn areas_count_before_points() {
        let mut shape = Shape::Point([3.0, 3.0]);
        shape.join(Shape::Area(vec![SQUARE.to_vec()]));
        shape.join(Shape::Point([5.0, 5.0]));
        shape.join(Shape::Area(vec![SQUARE.to_vec()]));
        assert_eq!(shape, Shape::Area(vec![SQUARE.to_vec(), SQUARE.to_vec()]));
        let mut parts = Parts::default();
        parts.point([1.0, 2.0]);
        parts.point([3.0, 4.0]);
        assert_eq!(
            parts.shape().expect("a shape"),
            Some(Shape::Point([2.0, 3.0]))
        );
    }

    #[test]
    fn what_is_no_place_is_no_point_and_no_corner() {
        for far in [f64::INFINITY, f64::NAN, 9.969_21e36, -1e20] {
            let mut parts = Parts::default();
            parts.ring(vec![[0.0, 0.0], [1.0, 0.0], [far, 1.0]]);
            let refused = parts.shape().expect_err("no shape").to_string();
            assert!(refused.contains("no place"), "{refused}");
            let mut parts = Parts::default();
            parts.point([far, 0.0]);
            assert_eq!(parts.shape().expect("no shape"), None);
        }
    }
}
