//! Shapes in the well-known binary format, with the header that a GeoPackage puts before it.
//!
//! Read here: a reader that is at hand (`wkb`) takes the codes of curves for those of other shapes, so that a CurvePolygon came
//! out as a line. Both dialects are understood, ISO's codes in thousands and the bits of PostGIS, as is either order of bytes,
//! anew in every part. Sources: OGC 06-103r4 with ISO 13249-3, and OGC 12-128r19 for the header.

use anyhow::{Context, Result, bail, ensure};

use super::geometry::{Parts, Place, Ring, Shape, Unfit};

/// The names of all codes.
const NAMES: [&str; 18] = [
    "Geometry",
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
    "CircularString",
    "CompoundCurve",
    "CurvePolygon",
    "MultiCurve",
    "MultiSurface",
    "Curve",
    "Surface",
    "PolyhedralSurface",
    "TIN",
    "Triangle",
];

/// How deep collections may lie in each other.
const DEPTH: usize = 8;

/// The bytes of each envelope that a GeoPackage's header may have.
const ENVELOPES: [usize; 5] = [0, 32, 48, 48, 64];

/// The shape in a blob of a GeoPackage; `None` if it is empty.
pub(super) fn of_geopackage(blob: &[u8]) -> Result<Option<Shape>> {
    let head = blob.first_chunk::<8>().context("is too short")?;
    ensure!(
        &head[..2] == b"GP",
        "does not begin as a GeoPackage's shapes do"
    );
    let flags = head[3];
    ensure!(
        flags & 0x20 == 0,
        "is of an extension of GeoPackage that is not known"
    );
    let envelope = ENVELOPES
        .get(usize::from(flags >> 1 & 7))
        .context("has a damaged header")?;
    of_wkb(blob.get(8 + envelope..).context("is too short")?)
}

/// The shape in these bytes; `None` if it is empty.
fn of_wkb(bytes: &[u8]) -> Result<Option<Shape>> {
    let mut reader = Reader {
        rest: bytes,
        is_little: true,
    };
    let mut parts = Parts::default();
    reader.geometry(&mut parts, 0)?;
    parts.shape()
}

struct Reader<'a> {
    rest: &'a [u8],
    is_little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .context("ends too early")?;
        self.rest = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u32> {
        let bytes = self.take()?;
        Ok(if self.is_little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    fn place(&mut self, dimensions: usize) -> Result<Place> {
        let mut place = [0.0; 2];
        for at in 0..dimensions {
            let bytes = self.take()?;
            let read = if self.is_little {
                f64::from_le_bytes(bytes)
            } else {
                f64::from_be_bytes(bytes)
            };
            if let Some(number) = place.get_mut(at) {
                *number = read;
            }
        }
        Ok(place)
    }

    fn geometry(&mut self, parts: &mut Parts, depth: usize) -> Result<()> {
        self.is_little = match self.take()? {
            [0] => false,
            [1] => true,
            _ => bail!("is damaged: its order of bytes is none"),
        };
        let code = self.number()?;
        if code & 0x2000_0000 != 0 {
            self.number()?;
        }
        let kind = code & 0xffff;
        let (flag_z, flag_m) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0);
        let (iso_z, iso_m) = (matches!(kind / 1000, 1 | 3), matches!(kind / 1000, 2 | 3));
        let dimensions = 2 + usize::from(flag_z || iso_z) + usize::from(flag_m || iso_m);
        let kind = kind as usize % 1000;
        match kind {
            1 => parts.point(self.place(dimensions)?),
            3 | 17 => {
                for _ in 0..self.number()? {
                    let count = self.number()? as usize;
                    // As many as there can be, whatever is said.
                    let most = self.rest.len() / (8 * dimensions);
                    ensure!(count <= most, "ends too early");
                    let ring = (0..count).map(|_| self.place(dimensions));
                    parts.ring(ring.collect::<Result<Ring>>()?);
                }
            }
            4 | 6 | 7 => {
                ensure!(
                    depth < DEPTH,
                    "is a collection of collections of collections"
                );
                for _ in 0..self.number()? {
                    self.geometry(parts, depth + 1)?;
                }
            }
            _ => {
                let name = NAMES.get(kind).map(|name| (*name).to_owned());
                let name = name.unwrap_or_else(|| format!("shape of the unknown kind {code}"));
                return Err(Unfit(name).into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes of a number and of coordinates in one order.
    struct Writer(Vec<u8>, bool);

    impl Writer {
        fn head(&mut self, code: u32) {
            self.0.push(u8::from(self.1));
            self.number(code);
        }

        fn number(&mut self, number: u32) {
            self.0.extend(if self.1 {
                number.to_le_bytes()
            } else {
                number.to_be_bytes()
            });
        }

        fn polygon(&mut self, code: u32, rings: &[Vec<Vec<f64>>]) {
            self.head(code);
            self.number(rings.len() as u32);
            for ring in rings {
                self.number(ring.len() as u32);
                for number in ring.iter().flatten() {
                    self.0.extend(if self.1 {
                        number.to_le_bytes()
                    } else {
                        number.to_be_bytes()
                    });
                }
            }
        }
    }

    fn square(at: f64, more: &[f64]) -> Vec<Vec<f64>> {
        let corners = [
            [at, at],
            [at + 1.0, at],
            [at + 1.0, at + 1.0],
            [at, at + 1.0],
            [at, at],
        ];
        corners
            .iter()
            .map(|corner| [corner.as_slice(), more].concat())
            .collect()
    }

    #[test]
    fn polygons_are_read_with_and_without_heights_and_measures() {
        let area = |at: f64| {
            Shape::Area(vec![vec![
                [at, at],
                [at + 1.0, at],
                [at + 1.0, at + 1.0],
                [at, at + 1.0],
            ]])
        };
        for is_little in [false, true] {
            for (code, more) in [
                (3, &[][..]),
                (1003, &[7.0]),
                (2003, &[7.0]),
                (3003, &[7.0, 8.0]),
                (0x8000_0003, &[7.0]),
                (0xc000_0003, &[7.0, 8.0]),
            ] {
                let mut writer = Writer(Vec::new(), is_little);
                writer.polygon(code, &[square(2.0, more)]);
                assert_eq!(
                    of_wkb(&writer.0).expect("a polygon"),
                    Some(area(2.0)),
                    "{code}"
                );
            }
        }
    }

    #[test]
    fn parts_and_holes_are_rings() {
        let mut writer = Writer(Vec::new(), true);
        writer.head(6);
        writer.number(2);
        writer.polygon(3, &[square(0.0, &[]), square(0.2, &[])]);
        // Every part says its own order of bytes.
        writer.1 = false;
        writer.polygon(3, &[square(5.0, &[])]);
        let Some(Shape::Area(rings)) = of_wkb(&writer.0).expect("polygons") else {
            panic!("no area");
        };
        assert_eq!(rings.len(), 3);
        assert_eq!(rings[2][1], [6.0, 5.0]);
    }

    #[test]
    fn curves_are_refused_by_name() {
        for (code, name) in [
            (2, "LineString"),
            (8, "CircularString"),
            (10, "CurvePolygon"),
            (1012, "MultiSurface"),
            (15, "PolyhedralSurface"),
        ] {
            let mut writer = Writer(Vec::new(), true);
            writer.head(code);
            writer.number(0);
            let refused = of_wkb(&writer.0).expect_err(name).to_string();
            assert_eq!(
                refused,
                format!("is a {name}; only polygons and points will do")
            );
        }
    }

    #[test]
    fn the_header_of_a_geopackage_is_passed_over() {
        for (flags, envelope) in [(0x01, 0), (0x03, 32), (0x05, 48), (0x09, 64)] {
            let mut writer = Writer(vec![b'G', b'P', 0, flags, 0, 0, 0, 0], true);
            writer.0.extend(std::iter::repeat_n(0, envelope));
            writer.polygon(3, &[square(0.0, &[])]);
            assert!(of_geopackage(&writer.0).expect("a polygon").is_some());
        }
        let mut empty = Writer(b"GP\0\x11\0\0\0\0".to_vec(), true);
        empty.polygon(3, &[]);
        assert_eq!(of_geopackage(&empty.0).expect("nothing"), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_an_error_and_no_more(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
            code in prop::sample::select(vec![1_u32, 3, 4, 6, 7, 1003, 0xe000_0003]),
        ) {
            if let Some(head) = bytes.first_chunk_mut::<5>() {
                head[0] = 1;
                head[1..].copy_from_slice(&code.to_le_bytes());
            }
            let _ = of_wkb(&bytes);
            let _ = of_geopackage(&bytes);
        }
    }
}
