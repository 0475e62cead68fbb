//! A coarse map: a mark for each character's place, where catchments lie or the nearest one is not far.
//!
//! It has positions alone, no shapes. Degrees are drawn as wide as they are in the middle of the map, other coordinates as they are; north is up.

use super::classes::Classes;
use super::ticks::short;

/// The most rows.
const ROWS: usize = 24;
/// How much higher than wide a character is.
const HEIGHT: f64 = 2.0;
/// The room for coordinates at the left.
const GUTTER: usize = 10;
/// How far beyond a catchment its mark goes on: so many times the distance that catchments would have if they were spread evenly.
const REACH: f64 = 0.9;

/// The places of a map's characters with the catchments that each stands for, once for all that is drawn.
pub(crate) struct Raster {
    columns: usize,
    /// Row by row from the north: the catchments there, or else the nearest.
    cells: Vec<Vec<u32>>,
    /// West, east, south, north.
    bounds: [f64; 4],
    is_lon_lat: bool,
    /// Catchments without a position.
    lost: usize,
}

impl Raster {
    /// The places of these positions, x and y of each catchment; none if no catchment has one. At most so many characters wide.
    pub(crate) fn new(
        positions: &[Option<[f64; 2]>],
        is_lon_lat: bool,
        columns: usize,
    ) -> Option<Self> {
        let placed = || positions.iter().flatten();
        let count = placed().count();
        if count == 0 {
            return None;
        }
        let bound = |axis: usize, of: fn(f64, f64) -> f64, start: f64| {
            placed().map(|place| place[axis]).fold(start, of)
        };
        let [west, south] = [0, 1].map(|axis| bound(axis, f64::min, f64::INFINITY));
        let [east, north] = [0, 1].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY));
        let squeeze = match is_lon_lat {
            true => ((south + north) / 2.0).to_radians().cos().max(0.01),
            false => 1.0,
        };
        let (wide, high) = ((east - west) * squeeze, north - south);
        // One catchment, or a row of them, has no extent of its own.
        let least = (wide.max(high) / 50.0).max(f64::MIN_POSITIVE);
        let (wide, high) = (wide.max(least), high.max(least));
        let most = columns.saturating_sub(GUTTER + 2).max(1);
        let size = (wide / most as f64).max(high / HEIGHT / ROWS as f64);
        // Rounding may make it a little more than there is room for.
        let [columns, rows] = [(wide / size, most), (high / size / HEIGHT, ROWS)]
            .map(|(count, most)| (count.ceil() as usize).clamp(1, most));
        let place = |&[x, y]: &[f64; 2]| {
            let x = (x - west) * squeeze / size;
            let y = (north - y) / size / HEIGHT;
            [x, y]
        };
        let mut cells = vec![Vec::new(); columns * rows];
        for (catchment, position) in positions.iter().enumerate() {
            if let Some([x, y]) = position.as_ref().map(place) {
                let (x, y) = ((x as usize).min(columns - 1), (y as usize).min(rows - 1));
                cells[y * columns + x].push(catchment as u32);
            }
        }
        let all: Vec<(u32, [f64; 2])> = (0..)
            .zip(positions)
            .filter_map(|(catchment, position)| Some((catchment, place(position.as_ref()?))))
            .collect();
        let reach = REACH * (wide * high / count as f64).sqrt() / size;
        for (at, cell) in cells
            .iter_mut()
            .enumerate()
            .filter(|(_, cell)| cell.is_empty())
        {
            let middle = [(at % columns) as f64 + 0.5, (at / columns) as f64 + 0.5];
            let distance =
                |[x, y]: &[f64; 2]| (x - middle[0]).powi(2) + (HEIGHT * (y - middle[1])).powi(2);
            let distances = all.iter().map(|(catchment, at)| (*catchment, distance(at)));
            let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1));
            let near = nearest.filter(|(_, distance)| *distance <= reach * reach);
            cell.extend(near.map(|(catchment, _)| catchment));
        }
        Some(Self {
            columns,
            cells,
            bounds: [west, east, south, north],
            is_lon_lat,
            lost: positions.len() - count,
        })
    }

    /// The map of a value of each catchment, NaN where it is missing, which `missing` says in words. Where several catchments share a mark,
    /// it is that of the largest, whatever its sign.
    pub(crate) fn lines(
        &self,
        title: &str,
        values: &[f64],
        classes: &Classes,
        [units, missing]: [&str; 2],
    ) -> Vec<String> {
        let [west, east, south, north] = self.bounds;
        let rows = self.cells.len() / self.columns;
        let mut lines = vec![title.to_owned()];
        for (row, cells) in self.cells.chunks(self.columns).enumerate() {
            let label = match row {
                0 => self.degrees(north, 'N', 'S'),
                _ if row + 1 == rows => self.degrees(south, 'N', 'S'),
                _ => String::new(),
            };
            let mark = if label.is_empty() { '│' } else { '┤' };
            let marks: String = (cells.iter())
                .map(|cell| {
                    let all = cell.iter().map(|&catchment| values[catchment as usize]);
                    // Any value is more than none.
                    let size = |value: &f64| if value.is_nan() { -1.0 } else { value.abs() };
                    let largest = all.max_by(|a, b| size(a).total_cmp(&size(b)));
                    largest.map_or(' ', |value| classes.mark(value))
                })
                .collect();
            let line = format!("{label:>GUTTER$} {mark}{marks}");
            lines.push(line.trim_end().to_owned());
        }
        let axis = "─".repeat(self.columns);
        lines.push(format!("{:GUTTER$} └{axis}", ""));
        let [west, east] = [west, east].map(|x| self.degrees(x, 'E', 'W'));
        let between =
            (self.columns + 1).saturating_sub(west.chars().count() + east.chars().count());
        lines.push(format!("{:GUTTER$}{west}{:between$} {east}", "", ""));
        let has_missing = values.iter().any(|value| value.is_nan());
        let missing = has_missing.then_some(missing);
        lines.push(format!("  {}", classes.legend(units, missing)));
        if self.cells.iter().any(|cell| cell.len() > 1) {
            lines.push("  where several catchments share a place, the largest of them".to_owned());
        }
        if self.lost > 0 {
            let (catchments, have) = match self.lost {
                1 => ("catchment", "has"),
                _ => ("catchments", "have"),
            };
            lines.push(format!("  {} {catchments} {have} no position", self.lost));
        }
        lines
    }

    /// A coordinate in words.
    fn degrees(&self, value: f64, positive: char, negative: char) -> String {
        match (self.is_lon_lat, value < 0.0) {
            (true, false) => format!("{value:.1}°{positive}"),
            (true, true) => format!("{:.1}°{negative}", -value),
            (false, _) => short(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_north_is_up_and_the_east_is_right() {
        let positions: Vec<Option<[f64; 2]>> = [[8.0, 50.0], [9.0, 50.0], [8.0, 51.0], [9.0, 51.0]]
            .map(Some)
            .into();
        let raster = Raster::new(&positions, true, 60).expect("positions");
        let values = [1.0, -9.0, 0.0, f64::NAN];
        let classes = Classes::of_changes(&values).expect("changes");
        let lines = raster.lines("change", &values, &classes, ["%", "no result"]);
        let text = lines.join("\n");
        let row = |line: &str| line.split(['┤', '│']).nth(1).unwrap_or_default().to_owned();
        let (top, bottom) = (row(&lines[1]), row(&lines[ROWS]));
        assert!(lines[1].contains("51.0°N"), "{text}");
        assert!(lines[ROWS].contains("50.0°N"), "{text}");
        assert!(top.starts_with('·') && top.ends_with('×'), "{text}");
        assert!(bottom.starts_with('△') && bottom.ends_with('▼'), "{text}");
        // A degree of longitude is shorter than one of latitude there.
        let across = top.chars().count() as f64 / (HEIGHT * ROWS as f64);
        assert!(
            (across - 50.5_f64.to_radians().cos()).abs() < 0.03,
            "{text}"
        );
        assert!(text.contains("8.0°E") && text.contains("9.0°E"), "{text}");
    }

    #[test]
    fn it_is_as_wide_as_there_is_room() {
        let values = [1.0, 2.0];
        let classes = Classes::of_changes(&values).expect("changes");
        for (room, east) in (40..120).flat_map(|room| [9.1, 23.7, 170.3].map(|east| (room, east))) {
            let positions = [Some([0.0, 0.0]), Some([east, 0.3])];
            let raster = Raster::new(&positions, false, room).expect("positions");
            let lines = raster.lines("change", &values, &classes, ["%", ""]);
            let widths = lines[1..=raster.cells.len() / raster.columns + 2].iter();
            assert_eq!(widths.map(|line| line.chars().count()).max(), Some(room));
        }
    }

    #[test]
    fn one_place_is_one_mark() {
        let places = [Some([3.0, 4.0]), Some([3.0, 4.0]), None];
        let raster = Raster::new(&places, false, 60).expect("positions");
        let values = [0.0, -5.0, 7.0];
        let classes = Classes::of_changes(&values).expect("changes");
        let lines = raster.lines("change", &values, &classes, ["", ""]);
        let text = lines.join("\n");
        assert!(text.contains('▽') || text.contains('▼'), "{text}");
        assert!(text.contains("the largest of them"), "{text}");
        assert!(text.contains("1 catchment has no position"), "{text}");
        assert!(Raster::new(&[None], true, 60).is_none());
    }
}
