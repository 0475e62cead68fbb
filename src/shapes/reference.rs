//! Reference systems: what coordinates of a file mean, as longitudes and latitudes.
//!
//! A system is named by its number (`EPSG:25832`, also as a URN or an address), or described in well-known text, as `.prj` files
//! have it, or as PROJ does (`+proj=utm +zone=32`). Shifts between datums that take a grid are left out: they move a whole map by a
//! hundred metres at most, and none of its parts against another. Heights are not looked at.

use anyhow::{Context, Result, bail};
use proj4rs::Proj;
use proj4rs::transform::transform;

use super::geometry::Place;

/// What coordinates mean.
#[derive(Debug)]
pub(super) enum ReferenceSystem {
    /// Longitudes and latitudes, in degrees of WGS 84 or of a datum that is as good for a map.
    LonLat,
    /// A plane or a datum, and those of WGS 84.
    Known(Box<[Proj; 2]>),
}

/// The authorities of plain longitudes and latitudes, and their names for it.
const PLAIN: [&str; 6] = [
    "CRS84",
    "CRS:84",
    "OGC:CRS84",
    "OGC:CRS84H",
    "EPSG:4326",
    "EPSG:4979",
];

/// Longitudes and latitudes from Paris of the EPSG: all that it has in grads, of which a right angle has 100.
const IN_GRADS: [u16; 9] = [4807, 4810, 4811, 4816, 4819, 4821, 4901, 4902, 7400];
const GRAD: f64 = std::f64::consts::PI / 200.0;

impl ReferenceSystem {
    /// The system that a text means.
    pub(super) fn named(text: &str) -> Result<Self> {
        let text = text.trim();
        let name = short_name(text);
        if PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(&name)) {
            return Ok(Self::LonLat);
        }
        if text.starts_with('+') {
            return Self::of_proj(text);
        }
        if let Some(code) = name.to_ascii_uppercase().strip_prefix("EPSG:") {
            let number = code.parse().ok();
            if number.is_some_and(|number| IN_GRADS.contains(&number)) {
                bail!("EPSG:{code} counts in grads and not in degrees");
            }
            let known = number.and_then(crs_definitions::from_code);
            let known = known.with_context(|| format!("EPSG:{code} is not known; describe the system as PROJ does, `+proj=utm +zone=32`"))?;
            return Self::of_proj(known.proj4);
        }
        if text.contains('[') {
            // The parameters of a plane are in grads too, then.
            if units(text).any(|size| (size / GRAD - 1.0).abs() < 1e-6) {
                bail!("its angles are in grads and not in degrees");
            }
            if let Some(proj) = extension(text) {
                return Self::of_proj(proj);
            }
            let proj = proj4wkt::wkt_to_projstring(text);
            return match proj {
                Ok(proj) => Self::of_proj(&proj),
                Err(error) => bail!("its description is not understood ({error})"),
            };
        }
        bail!("it is no code like EPSG:25832, no well-known text and no description for PROJ");
    }

    fn of_proj(text: &str) -> Result<Self> {
        let words = text.split_whitespace();
        let words: Vec<&str> = words
            .filter(|word| !word.starts_with("+nadgrids=") && *word != "+wktext")
            .collect();
        let text = words.join(" ");
        match Proj::from_proj_string(&text) {
            Ok(proj) if proj.is_geocent() => {
                bail!("its coordinates are those of space, not of a map")
            }
            Ok(proj) => {
                let world = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs")?;
                Ok(Self::Known(Box::new([proj, world])))
            }
            Err(error) => bail!("it can't be computed with ({error}: {text})"),
        }
    }

    /// Makes longitudes and latitudes of coordinates.
    ///
    /// # Errors
    /// There is no such place in this system.
    pub(super) fn to_lon_lat(&self, place: &mut Place) -> Result<()> {
        if let Self::Known(systems) = self {
            let [proj, world] = systems.as_ref();
            let (is_degrees, [x, y]) = (proj.is_latlong(), *place);
            let scale = if is_degrees {
                1.0_f64.to_radians()
            } else {
                1.0
            };
            let mut point = (x * scale, y * scale, 0.0);
            if transform(proj, world, &mut point).is_err() {
                bail!("{x}, {y} is no place in it");
            }
            *place = [point.0.to_degrees(), point.1.to_degrees()];
        }
        let [lon, lat] = *place;
        // A little beyond is rounding; a whole turn beyond is how some count.
        if !(lon.abs() <= 360.0 && lat.abs() <= 90.000_001) {
            bail!("{lon}, {lat} is no longitude and latitude");
        }
        Ok(())
    }
}

/// The sizes of all units in well-known text.
fn units(text: &str) -> impl Iterator<Item = f64> {
    // ANGLEUNIT too.
    let units = text.split("UNIT[").skip(1);
    units.filter_map(|unit| {
        let (_name, rest) = unit.trim_start().strip_prefix('"')?.split_once('"')?;
        let size = rest.trim_start().strip_prefix(',')?;
        size.split([',', ']']).next()?.trim().parse().ok()
    })
}

/// What well-known text has for PROJ. GDAL writes it where the text alone means another system: Web Mercator of an ellipsoid.
fn extension(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("EXTENSION[\"PROJ4\"")?;
    let proj = rest.trim_start().strip_prefix(',')?.trim_start();
    proj.strip_prefix('"')?
        .split('"')
        .next()
        .filter(|proj| proj.starts_with('+'))
}

/// `EPSG:25832` of `urn:ogc:def:crs:EPSG::25832` and `http://www.opengis.net/def/crs/EPSG/0/25832`; other texts as they are.
fn short_name(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let separator = match lower.as_str() {
        urn if urn.starts_with("urn:ogc:def:crs:") => ':',
        address if address.starts_with("http") && address.contains("/def/crs/") => '/',
        _ => return text.to_owned(),
    };
    let parts: Vec<&str> = text.split(separator).collect();
    match parts.as_slice() {
        [.., authority, _version, code] => format!("{authority}:{code}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ArcGIS writes beside shapefiles.
    const UTM_32: &str = r#"PROJCS["ETRS_1989_UTM_Zone_32N",GEOGCS["GCS_ETRS_1989",DATUM["D_ETRS_1989",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    const USA_ALBERS: &str = r#"PROJCS["USA_Contiguous_Albers_Equal_Area_Conic",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Albers"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-96.0],PARAMETER["Standard_Parallel_1",29.5],PARAMETER["Standard_Parallel_2",45.5],PARAMETER["Latitude_Of_Origin",37.5],UNIT["Meter",1.0]]"#;
    const SWISS: &str = r#"PROJCS["CH1903+_LV95",GEOGCS["GCS_CH1903+",DATUM["D_CH1903+",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Hotine_Oblique_Mercator_Azimuth_Center"],PARAMETER["False_Easting",2600000.0],PARAMETER["False_Northing",1200000.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Azimuth",90.0],PARAMETER["Longitude_Of_Center",7.43958333333333],PARAMETER["Latitude_Of_Center",46.9524055555556],UNIT["Meter",1.0]]"#;
    const NAD_83: &str = r#"GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

    /// What GDAL writes.
    const WEB_MERCATOR: &str = r#"PROJCS["WGS 84 / Pseudo-Mercator",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]],PROJECTION["Mercator_1SP"],PARAMETER["central_meridian",0],PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]],AXIS["Easting",EAST],AXIS["Northing",NORTH],EXTENSION["PROJ4","+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs"],AUTHORITY["EPSG","3857"]]"#;
    const PARIS: &str = r#"GEOGCS["GCS_NTF_Paris",DATUM["Nouvelle_Triangulation_Francaise_(Paris)",SPHEROID["Clarke_1880_IGN",6378249.2,293.466021293627]],PRIMEM["Paris",2.33722917],UNIT["Grad",0.0157079632679489]]"#;

    fn lon_lat(system: &str, place: Place) -> Place {
        let mut place = place;
        let system = ReferenceSystem::named(system).expect(system);
        system.to_lon_lat(&mut place).expect("a place");
        place
    }

    /// What PROJ 9.5 (pyproj 3.7.2) gives for some systems.
    #[test]
    fn places_are_where_proj_has_them() {
        for (system, from, to) in [
            (
                "EPSG:25832",
                [560_000.0, 5_680_000.0],
                [9.860_045_6, 51.268_184_5],
            ),
            (
                "EPSG:32633",
                [400_000.0, 4_650_000.0],
                [13.792_619_0, 41.995_665_6],
            ),
            (
                "EPSG:3857",
                [1_000_000.0, 6_500_000.0],
                [8.983_152_8, 50.309_217_0],
            ),
            ("EPSG:3035", [4_321_000.0, 3_210_000.0], [10.0, 52.0]),
            (
                "EPSG:2056",
                [2_600_000.0, 1_200_000.0],
                [7.438_632_4, 46.951_082_8],
            ),
            (
                "EPSG:27700",
                [400_000.0, 300_000.0],
                [-2.001_433_1, 52.597_792_4],
            ),
            (
                "EPSG:31467",
                [3_500_000.0, 5_600_000.0],
                [8.998_956_0, 50.535_741_9],
            ),
            (
                "EPSG:5070",
                [1_500_000.0, 2_000_000.0],
                [-78.231_561_9, 39.753_548_0],
            ),
            (
                "EPSG:28992",
                [155_000.0, 463_000.0],
                [5.387_203_5, 52.155_172_3],
            ),
            // In feet.
            (
                "EPSG:2263",
                [980_000.0, 200_000.0],
                [-74.015_331_0, 40.715_629_5],
            ),
            ("EPSG:4269", [-75.0, 40.0], [-75.0, 40.0]),
            (
                UTM_32,
                [560_000.0, 5_680_000.0],
                [9.860_045_6, 51.268_184_5],
            ),
            (
                USA_ALBERS,
                [1_500_000.0, 300_000.0],
                [-78.433_325_7, 38.936_156_3],
            ),
            (
                SWISS,
                [2_600_000.0, 1_200_000.0],
                [7.438_632_4, 46.951_082_8],
            ),
            (NAD_83, [-75.0, 40.0], [-75.0, 40.0]),
            (
                WEB_MERCATOR,
                [1_000_000.0, 6_500_000.0],
                [8.983_152_8, 50.309_217_0],
            ),
        ] {
            let found = lon_lat(system, from);
            let off = [(found[0] - to[0]).abs(), (found[1] - to[1]).abs()];
            // About a metre; where PROJ takes a grid, what that grid moves.
            let most = if ["27700", "31467", "CH1903"]
                .iter()
                .any(|name| system.contains(name))
            {
                3e-3
            } else {
                2e-5
            };
            assert!(
                off[0] < most && off[1] < most,
                "{system}: {found:?}, not {to:?}"
            );
        }
    }

    #[test]
    fn names_of_all_kinds_are_understood() {
        for name in [
            "EPSG:25832",
            "epsg:25832",
            "urn:ogc:def:crs:EPSG::25832",
            "http://www.opengis.net/def/crs/EPSG/0/25832",
            "+proj=utm +zone=32 +ellps=GRS80",
        ] {
            let [lon, lat] = lon_lat(name, [500_000.0, 5_000_000.0]);
            assert!(
                (lon - 9.0).abs() < 1e-9 && (lat - 45.153).abs() < 1e-2,
                "{name}: {lon}, {lat}"
            );
        }
        for name in ["EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"] {
            assert_eq!(lon_lat(name, [8.0, 50.0]), [8.0, 50.0], "{name}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (name, word) in [
            ("EPSG:1", "not known"),
            ("Gauss", "no code"),
            ("PROJCS[\"x\"]", "not understood"),
            ("+proj=nonsense", "computed"),
            ("EPSG:4978", "space"),
            ("EPSG:4807", "grads"),
            (PARIS, "grads"),
        ] {
            let refused = ReferenceSystem::named(name).expect_err(name).to_string();
            assert!(refused.contains(word), "{name}: {refused}");
        }
        let plane = ReferenceSystem::named("EPSG:4326").expect("a system");
        let refused = plane
            .to_lon_lat(&mut [500_000.0, 5_000_000.0])
            .expect_err("no place");
        assert_eq!(
            refused.to_string(),
            "500000, 5000000 is no longitude and latitude"
        );
    }
}
