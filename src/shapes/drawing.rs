//! What is drawn of catchments: rings of small whole numbers, and a point within each.

use super::cells::cells;
use super::frame::{Frame, MapPoint};
use super::geometry::{Place, Ring, Shape, is_place};
use super::inside::point_within;
use super::projection::Projection;
use super::read::FileShapes;
use super::simplify::simplified;
use super::squares::squares;

/// Twice the area, in units of a map, of the triangle that a point may make with its neighbours without being seen: of a map that is
/// a thousand pixels wide and enlarged eight times, half a pixel.
const FINEST: u64 = 64;

/// What stands for a catchment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DrawingKind {
    /// Its polygons out of a file.
    Polygons,
    /// What is nearer to it than to any other.
    Cells,
    /// A square, in its order.
    Squares,
}

/// Where catchments are on a map.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// What stands for a catchment.
    pub kind: DrawingKind,
    /// The greatest x and y; x is to the right and y down, both from 0.
    pub size: MapPoint,
    /// The left, lower, right and upper edge on the plane that is drawn; `None` where nobody knows where anything is.
    pub edges: Option<[f64; 4]>,
    /// The plane's projection, as PROJ writes it; `None` if it is not known, or if there is none.
    pub proj: Option<String>,
    /// Of every catchment the rings around it, each without its first point at its end. Within it is what an odd number of rings is
    /// around.
    pub rings: Vec<Vec<Vec<MapPoint>>>,
    /// Of every catchment a point within it; `None` where it is not known where it is.
    pub centres: Vec<Option<MapPoint>>,
    /// What is to be told, in sentences.
    pub notes: Vec<String>,
}

impl Drawing {
    /// The shapes of a file, with about so many points at most; cells, if it has only points. `None` if it has nothing.
    pub(crate) fn of_file(file: FileShapes, most_points: usize) -> Option<Self> {
        let is_area = |shape: &Option<Shape>| matches!(shape, Some(Shape::Area(_)));
        if !file.shapes.iter().any(is_area) {
            let places = file.shapes.into_iter().map(|shape| match shape {
                Some(Shape::Point(place)) => Some(place),
                _ => None,
            });
            let drawing = Self::of_places(&places.collect::<Vec<_>>(), file.is_lon_lat);
            return drawing.map(|drawing| Self {
                notes: file.notes,
                ..drawing
            });
        }
        let mut places = Vec::new();
        for shape in file.shapes.iter().flatten() {
            match shape {
                Shape::Area(rings) => places.extend(rings.iter().flatten()),
                Shape::Point(place) => places.push(*place),
            }
        }
        let projection = projection(&places, file.is_lon_lat);
        drop(places);
        let mut points = Vec::with_capacity(file.shapes.len());
        let mut rings = Vec::with_capacity(file.shapes.len());
        for shape in file.shapes {
            let (point, own) = match shape {
                Some(Shape::Area(own)) => {
                    (None, own.iter().map(|ring| projection.ring(ring)).collect())
                }
                Some(Shape::Point(place)) => (Some(projection.project(place)), Vec::new()),
                None => (None, Vec::new()),
            };
            points.push(point);
            rings.push(own);
        }
        let mut notes = file.notes;
        let drawing = Self::on_plane(DrawingKind::Polygons, &rings, &points, most_points)?;
        let had: usize = rings.iter().flatten().map(Vec::len).sum();
        let has: usize = drawing.rings.iter().flatten().map(Vec::len).sum();
        if has < had {
            notes.push(format!(
                "The catchments' edges are drawn with {has} of {had} points; neighbours still meet."
            ));
        }
        Some(Self {
            proj: projection.proj(),
            notes,
            ..drawing
        })
    }

    /// Cells around places; `None` if there are none. Numbers that stand for a missing place are none.
    pub(crate) fn of_places(places: &[Option<Place>], is_lon_lat: bool) -> Option<Self> {
        let had = places.iter().flatten().count();
        let places: Vec<Option<Place>> = (places.iter())
            .map(|place| place.filter(is_place))
            .collect();
        let known: Vec<Place> = places.iter().flatten().copied().collect();
        let projection = projection(&known, is_lon_lat);
        let points: Vec<Option<Place>> = (places.iter())
            .map(|place| place.map(|place| projection.project(place)))
            .collect();
        let known: Vec<Place> = points.iter().flatten().copied().collect();
        let mut cells = cells(&known).into_iter();
        let rings: Vec<Vec<Ring>> = (points.iter())
            .map(|point| point.and_then(|_| cells.next()).into_iter().collect())
            .collect();
        let drawing = Self::on_plane(DrawingKind::Cells, &rings, &points, usize::MAX)?;
        let notes = match had - known.len() {
            0 => Vec::new(),
            1 => vec!["1 catchment is where no place can be, and is not on the map.".to_owned()],
            far => vec![format!(
                "{far} catchments are where no place can be, and are not on the map."
            )],
        };
        Some(Self {
            proj: projection.proj(),
            notes,
            ..drawing
        })
    }

    /// Squares for so many catchments: their middles, as all are alike.
    pub(crate) fn of_squares(count: usize) -> Self {
        let (middles, size) = squares(count);
        Self {
            kind: DrawingKind::Squares,
            size,
            edges: None,
            proj: None,
            rings: vec![Vec::new(); count],
            centres: middles.into_iter().map(Some).collect(),
            notes: Vec::new(),
        }
    }

    /// What is drawn of rings on a plane. A catchment's centre is the point where it is, if that is known, else one within its
    /// rings.
    fn on_plane(
        kind: DrawingKind,
        rings: &[Vec<Ring>],
        points: &[Option<Place>],
        most_points: usize,
    ) -> Option<Self> {
        let places = rings
            .iter()
            .flatten()
            .flatten()
            .chain(points.iter().flatten());
        let frame = Frame::around(places.copied())?;
        let whole: Vec<Vec<Vec<MapPoint>>> = (rings.iter())
            .map(|own| {
                let own = own
                    .iter()
                    .map(|ring| ring.iter().map(|place| frame.point(*place)).collect());
                own.collect()
            })
            .collect();
        // What is too small to have an area is a point.
        let first: Vec<Option<MapPoint>> = whole
            .iter()
            .map(|own| own.first()?.first().copied())
            .collect();
        let fewer = simplified(whole, most_points, FINEST);
        let centres = (fewer.iter().zip(points).zip(first))
            .map(|((own, point), first)| match point {
                Some(place) => Some(frame.point(*place)),
                None => point_within(own).or(first),
            })
            .collect();
        Some(Self {
            kind,
            size: frame.size,
            edges: Some(frame.edges()),
            proj: None,
            rings: fewer,
            centres,
            notes: Vec::new(),
        })
    }
}

fn projection(places: &[Place], is_lon_lat: bool) -> Projection {
    if is_lon_lat {
        Projection::around(places.iter().copied())
    } else {
        Projection::Plane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_stand_for_nothing_are_no_places() {
        let places = [
            Some([3.0, 4.0]),
            Some([9.969_21e36, 1e20]),
            Some([5.0, 4.0]),
        ];
        let drawing = Drawing::of_places(&places, false).expect("a drawing");
        let known: Vec<bool> = drawing.centres.iter().map(Option::is_some).collect();
        assert_eq!(known, [true, false, true]);
        assert!(drawing.notes[0].starts_with("1 catchment is"));
        assert!(Drawing::of_places(&places[1..2], false).is_none());
    }
}
