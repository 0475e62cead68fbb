//! The map of a page: where the catchments are, in small whole numbers.
//!
//! Their shapes are those of the file that `[report]` names; without one, cells around the places that parameters tell; without
//! these, squares. What reads and simplifies shapes is [`crate::shapes`].

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::array::{Array, Arrays};
use super::sources::Sources;
use crate::data::size::Size;
use crate::plan::position_names::PositionNames;
use crate::product::positions::are_degrees;
use crate::shapes::{Drawing, DrawingKind, MapPoint, Place};
use crate::text::wording::first_few;

/// How many points a map may have for each byte of a page: with the two to three bytes that each takes, a sixth of the page.
const POINTS_PER_BYTE: f64 = 0.06;

/// What stands for a catchment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MapKind {
    /// Its polygons out of a file.
    Polygons,
    /// All that is nearer to it than to any other, as far as it is near.
    Cells,
    /// A square, in the order of the input, as it is not known where it is.
    Grid,
}

/// The shapes of all catchments.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Map {
    /// What stands for a catchment.
    pub kind: MapKind,
    /// The greatest x of all points, which are whole numbers from 0 on, x to the right and y down.
    pub width: u16,
    /// The greatest y.
    pub height: u16,
    /// The projection of the plane that is drawn, as PROJ writes it; `null` if it is not known.
    pub proj: Option<String>,
    /// The left, lower, right and upper edge on that plane: metres if its projection is known, else x and y as they are in the file or
    /// in the parameters; `null` for a grid.
    pub edges: Option<[f64; 4]>,
    /// The name of the array (U16) with the points of all rings: x, y, x, y and so on, each as what is to be added to the one before
    /// it, modulo 65536, and the first to 0, 0. A ring's first point is not said again at its end. `null`, like the next two, for a grid,
    /// whose squares are alike.
    pub ring_points: Option<String>,
    /// The name of the array (U32) with the number of points up to the end of each ring.
    pub ring_ends: Option<String>,
    /// The name of the array (U32) with the number of rings up to the last of each catchment. Within a catchment is what an odd number of
    /// its rings is around. One may have none: it is a point then.
    pub catchment_rings: Option<String>,
    /// The name of the array (U16) with x, y of a point within each catchment; 65535, 65535 where it is not known where it is.
    pub centres: String,
}

impl Map {
    /// The map of these catchments; `None` if there are none.
    ///
    /// # Errors
    /// The file with their shapes can't be used.
    pub(crate) fn of(
        sources: &Sources<'_>,
        arrays: &mut Arrays,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>> {
        let count = sources.catchments.len();
        if count == 0 {
            return Ok(None);
        }
        let Size(bytes) = sources.size;
        let most_points = (bytes as f64 * POINTS_PER_BYTE) as usize;
        let from_file = match &sources.spec.shapes {
            Some(spec) => Drawing::of_file(spec.read(&sources.catchments)?, most_points),
            None => None,
        };
        let drawing = from_file.or_else(|| of_places(sources, notes));
        let mut drawing = drawing.unwrap_or_else(|| {
            notes.push("The map shows squares in the order of the input, as nothing says where the catchments are: name a file with their shapes as `shapes` under [report].".to_owned());
            Drawing::of_squares(count)
        });
        notes.append(&mut drawing.notes);
        Ok(Some(Self::new(drawing, arrays)))
    }

    fn new(drawing: Drawing, arrays: &mut Arrays) -> Self {
        let kind = match drawing.kind {
            DrawingKind::Polygons => MapKind::Polygons,
            DrawingKind::Cells => MapKind::Cells,
            DrawingKind::Squares => MapKind::Grid,
        };
        let [ring_points, ring_ends, catchment_rings] = match kind {
            MapKind::Grid => [None, None, None],
            MapKind::Polygons | MapKind::Cells => ring_arrays(&drawing.rings, arrays).map(Some),
        };
        let centres = drawing.centres.iter();
        let centres = centres.flat_map(|centre| centre.unwrap_or([u16::MAX; 2]));
        let [width, height] = drawing.size;
        Self {
            kind,
            width,
            height,
            proj: drawing.proj,
            edges: drawing.edges,
            ring_points,
            ring_ends,
            catchment_rings,
            centres: arrays.add("centres", Array::U16(centres.collect())),
        }
    }
}

/// Takes the arrays of all rings.
fn ring_arrays(catchments: &[Vec<Vec<MapPoint>>], arrays: &mut Arrays) -> [String; 3] {
    let (mut points, mut ring_ends, mut catchment_rings) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = [0, 0];
    for rings in catchments {
        for ring in rings {
            for [x, y] in ring {
                points.extend([x.wrapping_sub(before[0]), y.wrapping_sub(before[1])]);
                before = [*x, *y];
            }
            ring_ends.push((points.len() / 2) as u32);
        }
        catchment_rings.push(ring_ends.len() as u32);
    }
    [
        arrays.add("ring_points", Array::U16(points)),
        arrays.add("ring_ends", Array::U32(ring_ends)),
        arrays.add("catchment_rings", Array::U32(catchment_rings)),
    ]
}

/// Cells around the places that parameters tell; `None` if they tell none.
fn of_places(sources: &Sources<'_>, notes: &mut Vec<String>) -> Option<Drawing> {
    let PositionNames {
        east,
        north,
        is_lon_lat,
    } = position_names(sources)?;
    let places: Vec<Option<Place>> = (0..sources.catchments.len())
        .map(|catchment| {
            let [x, y] = [&east, &north].map(|name| sources.number(catchment, name));
            x.zip(y).map(|(x, y)| [x, y])
        })
        .collect();
    let is_degrees = are_degrees(&places);
    let drawing = Drawing::of_places(&places, is_lon_lat && is_degrees)?;
    if is_lon_lat && !is_degrees {
        notes.push(format!(
            "{east} and {north} are no longitudes and latitudes; they are drawn as x and y of a plane."
        ));
    }
    let lacking: Vec<_> = (sources.catchments.iter().zip(&places))
        .filter_map(|(id, place)| place.is_none().then_some(id))
        .collect();
    if !lacking.is_empty() {
        let (count, few) = (lacking.len(), first_few(&lacking));
        notes.push(format!(
            "{count} of {} catchments have no {east} and {north}, and are not on the map: {few}.",
            sources.catchments.len()
        ));
    }
    Some(drawing)
}

/// The parameters with the catchments' places: those that the product has, else those of the usual names.
fn position_names(sources: &Sources<'_>) -> Option<PositionNames> {
    let loaded = sources.scenarios.first()?.loaded;
    PositionNames::of(loaded.project, &loaded.basin.parameter_names())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_differences() {
        let square = vec![[10, 20], [12, 20], [12, 25], [10, 25]];
        let catchments = vec![
            vec![square.clone(), vec![[5, 5], [6, 5], [6, 6]]],
            vec![],
            vec![square],
        ];
        let mut arrays = Arrays::default();
        let [points, rings, owners] = ring_arrays(&catchments, &mut arrays);
        let Some(Array::U16(points)) = arrays.get(&points) else {
            panic!("no points");
        };
        assert_eq!(points[..8], [10, 20, 2, 0, 0, 5, 65534, 0]);
        let mut sum = [0_u16, 0];
        let last = points.chunks_exact(2).map(|step| {
            sum = [sum[0].wrapping_add(step[0]), sum[1].wrapping_add(step[1])];
            sum
        });
        assert_eq!(last.last(), Some([10, 25]));
        assert_eq!(arrays.get(&rings), Some(&Array::U32(vec![4, 7, 11])));
        assert_eq!(arrays.get(&owners), Some(&Array::U32(vec![2, 2, 3])));
    }
}
