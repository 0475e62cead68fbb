//! From longitudes and latitudes to a plane on which a map looks right.
//!
//! Up to a continent it is Lambert's azimuthal equal-area projection of a sphere around the middle of all places: areas are true,
//! north is up in the middle, and neither a pole nor the 180th meridian is an edge, so that a ring across it stays whole. What
//! spans more of the earth is drawn as a plate carrée, whose edge is opposite to its middle.
//!
//! The source of the formulas is Snyder, Map Projections: A Working Manual (USGS 1395, 1987), 24-2, 24-13 and 24-14. They are computed
//! with `libm`, as all bits of a page must be the same on every machine.

use libm::{asin, atan2, cos, hypot, sin, sqrt};

use super::geometry::Place;

/// The radius in metres of the sphere that has the earth's area.
const RADIUS: f64 = 6_371_007.181;

/// How far from the middle, in degrees of the great circle, a place may be on a map around it.
const REACH: f64 = 75.0;

/// A plane with x to the right and y up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Projection {
    /// Around a longitude and latitude.
    Azimuthal { lon: f64, lat: f64 },
    /// The whole earth around a longitude.
    PlateCarree { lon: f64 },
    /// The plane of the file.
    Plane,
}

impl Projection {
    /// The one for these longitudes and latitudes.
    pub(super) fn around(places: impl Iterator<Item = Place> + Clone) -> Self {
        let mut sum = [0.0; 2];
        for [lon, lat] in places.clone() {
            let (lon, weight) = (lon.to_radians(), cos(lat.to_radians()));
            sum = [sum[0] + weight * cos(lon), sum[1] + weight * sin(lon)];
        }
        let mean = atan2(sum[1], sum[0]).to_degrees();
        let mut edges = [
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        for [lon, lat] in places.clone() {
            let lon = turned(lon - mean);
            edges = [
                edges[0].min(lon),
                edges[1].max(lon),
                edges[2].min(lat),
                edges[3].max(lat),
            ];
        }
        // Whole hundredths, as they are told.
        let middle = |low: f64, high: f64| ((low + high) * 50.0).round() / 100.0;
        let lon = mean + middle(edges[0], edges[1]);
        let lon = Some(turned(middle(lon, lon)))
            .filter(|lon| *lon > -180.0)
            .unwrap_or(180.0);
        let lat = middle(edges[2], edges[3]);
        let mut places = places;
        if places.all(|place| distance([lon, lat], place) <= REACH) {
            Self::Azimuthal { lon, lat }
        } else {
            Self::PlateCarree { lon }
        }
    }

    /// Where a place is on the plane, in metres, or in whatever the file has.
    pub(super) fn project(&self, [x, y]: Place) -> Place {
        match *self {
            Self::Plane => [x, y],
            Self::PlateCarree { lon } => {
                [turned(x - lon), y].map(|degrees| RADIUS * degrees.to_radians())
            }
            Self::Azimuthal { lon, lat } => {
                let [turn, middle, phi] = [x - lon, lat, y].map(f64::to_radians);
                let closeness = sin(middle) * sin(phi) + cos(middle) * cos(phi) * cos(turn);
                let scale = RADIUS * sqrt(2.0 / (1.0 + closeness));
                let up = cos(middle) * sin(phi) - sin(middle) * cos(phi) * cos(turn);
                [scale * cos(phi) * sin(turn), scale * up]
            }
        }
    }

    /// The rings of an area on the plane. On a plate carrée, one that goes over the edge is drawn whole, beyond it.
    pub(super) fn ring(&self, ring: &[Place]) -> Vec<Place> {
        let mut projected: Vec<Place> = ring.iter().map(|place| self.project(*place)).collect();
        if let Self::PlateCarree { .. } = self {
            let turn = RADIUS * std::f64::consts::TAU;
            for at in 1..projected.len() {
                let step = projected[at][0] - projected[at - 1][0];
                projected[at][0] -= (step / turn).round() * turn;
            }
        }
        projected
    }

    /// As PROJ writes it; `None` if nobody knows.
    pub(super) fn proj(&self) -> Option<String> {
        match self {
            Self::Azimuthal { lon, lat } => {
                Some(format!("+proj=laea +lat_0={lat} +lon_0={lon} +R={RADIUS}"))
            }
            Self::PlateCarree { lon } => Some(format!("+proj=eqc +lon_0={lon} +R={RADIUS}")),
            Self::Plane => None,
        }
    }
}

/// The same longitude from -180 to 180.
fn turned(lon: f64) -> f64 {
    let lon = lon % 360.0;
    match lon {
        _ if lon > 180.0 => lon - 360.0,
        _ if lon < -180.0 => lon + 360.0,
        _ => lon,
    }
}

/// How far two places are from each other, in degrees of the great circle.
fn distance(a: Place, b: Place) -> f64 {
    let [lon, low, high] = [b[0] - a[0], a[1], b[1]].map(f64::to_radians);
    let half = |angle: f64| sin(angle / 2.0);
    let chord = hypot(half(high - low), sqrt(cos(low) * cos(high)) * half(lon));
    2.0 * asin(chord.min(1.0)).to_degrees()
}

#[cfg(test)]
mod tests {
    use proj4rs::Proj;
    use proj4rs::transform::transform;
    use proptest::prelude::*;

    use super::*;

    fn around(places: &[Place]) -> Projection {
        Projection::around(places.iter().copied())
    }

    #[test]
    fn a_map_lies_around_the_middle() {
        let germany = around(&[[6.0, 47.0], [15.0, 55.0], [7.0, 48.0]]);
        assert_eq!(
            germany,
            Projection::Azimuthal {
                lon: 10.5,
                lat: 51.0
            }
        );
        assert_eq!(germany.project([10.5, 51.0]), [0.0, 0.0]);
        assert_eq!(
            germany.proj().as_deref(),
            Some("+proj=laea +lat_0=51 +lon_0=10.5 +R=6371007.181")
        );
        // Chukotka and Alaska, whichever way longitudes are counted.
        for fiji in [
            [[178.0, -18.0], [-178.0, -16.0]],
            [[178.0, -18.0], [182.0, -16.0]],
        ] {
            let map = around(&fiji);
            assert_eq!(
                map,
                Projection::Azimuthal {
                    lon: 180.0,
                    lat: -17.0
                }
            );
            let [west, east] = fiji.map(|place| map.project(place)[0]);
            assert!(
                west < 0.0 && east > 0.0 && east - west < 450_000.0,
                "{west} {east}"
            );
        }
        let world = around(&[[-120.0, 40.0], [0.0, -30.0], [120.0, 60.0]]);
        assert_eq!(world, Projection::PlateCarree { lon: 0.0 });
    }

    #[test]
    fn a_ring_over_the_edge_of_the_earth_stays_whole() {
        let world = Projection::PlateCarree { lon: 0.0 };
        let ring = world.ring(&[[170.0, 0.0], [-170.0, 0.0], [-170.0, 10.0], [170.0, 10.0]]);
        let width = ring[1][0] - ring[0][0];
        assert!(
            (width - RADIUS * 20_f64.to_radians()).abs() < 1.0,
            "{width}"
        );
    }

    proptest! {
        /// The same as other people's code has it.
        #[test]
        fn it_is_lamberts_projection(lon in -179.0..179.0_f64, lat in -85.0..85.0_f64, right in -40.0..40.0_f64, up in -40.0..40.0_f64) {
            let place = [lon + right, (lat + up).clamp(-90.0, 90.0)];
            let map = Projection::Azimuthal { lon, lat };
            let plane = Proj::from_proj_string(&map.proj().expect("a text")).expect("a projection");
            let world = Proj::from_proj_string("+proj=longlat +R=6371007.181").expect("a projection");
            let mut theirs = (place[0].to_radians(), place[1].to_radians(), 0.0);
            transform(&world, &plane, &mut theirs).expect("a place");
            let ours = map.project(place);
            prop_assert!((ours[0] - theirs.0).abs() < 0.01 && (ours[1] - theirs.1).abs() < 0.01, "{ours:?} {theirs:?}");
        }

        #[test]
        fn every_place_is_somewhere(places in proptest::collection::vec((-360.0..360.0_f64, -90.0..90.0_f64), 1..20)) {
            let places: Vec<Place> = places.into_iter().map(|(lon, lat)| [lon, lat]).collect();
            let map = around(&places);
            for place in places {
                let [x, y] = map.project(place);
                prop_assert!(x.is_finite() && y.is_finite());
            }
        }
    }
}
