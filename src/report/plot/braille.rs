//! A canvas of dots: each character of Unicode's braille patterns has two columns of four.
//!
//! It knows dots alone, counted from the upper left corner, not what they stand for.

/// Where the patterns begin, with none of the dots.
const FIRST: u32 = 0x2800;

/// The bit of a dot in its character: first by column, then by row.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A canvas.
pub(super) struct Braille {
    columns: usize,
    cells: Vec<u8>,
}

impl Braille {
    /// An empty one of so many characters across and down.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            cells: vec![0; columns * rows],
        }
    }

    /// Sets a dot; nothing where it lies outside.
    fn dot(&mut self, x: i64, y: i64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x / 2 < self.columns
            && let Some(cell) = self.cells.get_mut(y / 4 * self.columns + x / 2)
        {
            *cell |= BITS[x % 2][y % 4];
        }
    }

    /// Sets the dots of a straight line, both ends included, by Bresenham's algorithm.
    pub(super) fn line(&mut self, from: (i64, i64), to: (i64, i64)) {
        let (mut x, mut y) = from;
        let (across, down) = ((to.0 - x).abs(), -(to.1 - y).abs());
        let (right, below) = ((to.0 - x).signum(), (to.1 - y).signum());
        let mut error = across + down;
        loop {
            self.dot(x, y);
            if (x, y) == to {
                return;
            }
            let doubled = 2 * error;
            if doubled >= down {
                error += down;
                x += right;
            }
            if doubled <= across {
                error += across;
                y += below;
            }
        }
    }

    /// Its rows as text; a character without a dot is a space.
    pub(super) fn rows(&self) -> impl Iterator<Item = String> {
        let character = |&cell: &u8| match cell {
            0 => ' ',
            _ => char::from_u32(FIRST + u32::from(cell)).unwrap_or(' '),
        };
        let rows = self.cells.chunks(self.columns.max(1));
        rows.map(move |row| row.iter().map(character).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_where_unicode_has_them() {
        // By the names of the characters: dots 1 to 3 and 7 are the left column, 4 to 6 and 8 the right one.
        for ((x, y), character) in [
            ((0, 0), '⠁'),
            ((0, 2), '⠄'),
            ((0, 3), '⡀'),
            ((1, 0), '⠈'),
            ((1, 3), '⢀'),
        ] {
            let mut canvas = Braille::new(1, 1);
            canvas.line((x, y), (x, y));
            assert_eq!(canvas.rows().next(), Some(character.to_string()));
        }
    }

    #[test]
    fn lines_have_both_ends_and_no_gap() {
        let mut canvas = Braille::new(4, 2);
        canvas.line((0, 7), (7, 0));
        assert_eq!(canvas.rows().collect::<Vec<_>>(), ["  ⡠⠊", "⡠⠊  "]);
        let mut canvas = Braille::new(2, 1);
        canvas.line((3, 3), (-5, 3));
        canvas.line((1, 9), (1, 9));
        assert_eq!(canvas.rows().collect::<Vec<_>>(), ["⣀⣀"]);
    }
}
