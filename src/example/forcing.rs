//! Synthetic but plausible forcing: a pure function from a seed and a catchment's index to its hourly series.
//!
//! Nothing here depends on how many catchments there are or on the order in which they are asked for, so any number
//! of them is made in constant memory, and catchment 7 is the same in an example of 10 and of 10,000. Randomness is a
//! hash of what is being drawn; `libm` computes cosines and exponentials: every machine makes the same bits.
//!
//! What is common to the basin (the year, the day, weather fronts, warm and cold spells) makes neighbours alike; what
//! belongs to a region of 64 catchments (summer storms, how much is farmed) makes regions differ; the rest is a
//! catchment's own. Rain becomes discharge through two linear reservoirs.

use std::f64::consts::TAU;

use crate::example::random::{Draw, RandomNumbers};

/// Hourly steps.
pub(crate) const STEPS_PER_DAY: usize = 24;
/// How many catchments share summer storms and drain one into the next.
const REGION: usize = 64;
/// The id of the first catchment.
const FIRST_ID: i64 = 70_001;
/// m³ in a millimetre of water on a square metre, times the seconds of an hour: mm/h · m² to m³/s.
const MM_M2_PER_HOUR: f64 = 1e-3 / 3600.0;

/// What a catchment has for all time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Site {
    /// The id: 70001, 70002, …
    pub id: i64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Area of the catchment, m².
    pub area: f64,
    /// Area on which the herbicide is applied, m².
    pub application_area: f64,
    /// What grows there: `maize`, `sugar beet`, or `none` of the crops that the herbicide is for.
    pub crop: &'static str,
    /// Application rate, g/m² of application area; 0 where the crop is `none`.
    pub application_rate: f64,
    /// Metres above the sea.
    altitude: f64,
    /// What leaks out of the stream bed, mm/h; such streams fall dry.
    leak: f64,
}

/// The columns of a catchment, one value per hour each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExampleSeries {
    /// °C, 2 decimals.
    pub temperature: Vec<f64>,
    /// mm/h, 1 decimal.
    pub precipitation: Vec<f64>,
    /// At the outlet, from all upstream catchments, m³/s, 4 digits.
    pub discharge: Vec<f64>,
    /// From the catchment itself, m³/s, 4 digits.
    pub local_discharge: Vec<f64>,
}

/// Rain from `start` on, at most `peak` mm/h.
struct Event {
    start: usize,
    hours: usize,
    peak: f64,
}

/// What all catchments share; memory grows with the number of steps only.
pub(crate) struct ExampleBasin {
    random: RandomNumbers,
    steps: usize,
    /// 1 in mid-January, −1 in mid-July.
    winter: Vec<f64>,
    /// Warmth of the hour in summer, added to that of the spell, °C.
    warmth: Vec<f64>,
    fronts: Vec<Event>,
}

impl ExampleBasin {
    /// The basin that belongs to `seed`, for `steps` hours from the first of January.
    pub(crate) fn new(seed: u64, steps: usize) -> Self {
        let random = RandomNumbers::new(seed);
        let day = |step: usize| step as f64 / STEPS_PER_DAY as f64;
        let winter: Vec<f64> = (0..steps)
            .map(|step| libm::cos(TAU * (day(step) - 17.0) / 365.25))
            .collect();
        let warmth = (0..steps).map(|step| {
            let hour = libm::cos(TAU * (day(step) - 15.0 / 24.0));
            // Spells of warm and cold air, four days from one turn to the next.
            let (turn, way) = (step / 96, (step % 96) as f64 / 96.0);
            let [from, to] = [turn, turn + 1].map(|turn| 3.4 * random.bell(Draw::Spell, turn, 0));
            let spell = from + (to - from) * way * way * (3.0 - 2.0 * way);
            spell + hour * (3.2 - 1.8 * winter[step]) - 9.2 * winter[step]
        });
        let fronts = (0..steps.div_ceil(STEPS_PER_DAY))
            .filter(|day| random.uniform(Draw::Front, *day, 0) < 0.38);
        let fronts = fronts.map(|day| Event {
            start: day * STEPS_PER_DAY + random.between(0.0..24.0, Draw::Front, day, 1) as usize,
            hours: random.between(3.0..17.0, Draw::Front, day, 2) as usize,
            peak: 0.15 - 0.6 * libm::log(1.0 - random.uniform(Draw::Front, day, 3)),
        });
        Self {
            random,
            steps,
            warmth: warmth.collect(),
            fronts: fronts.collect(),
            winter,
        }
    }

    /// How many hours the series have.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The catchment with index `catchment`, from 0.
    pub(crate) fn site(&self, catchment: usize) -> Site {
        let random = self.random;
        let region = catchment / REGION;
        let own = |low, high, what| random.between(low..high, Draw::Site, catchment, what);
        let near = |low, high, spread: f64, what| {
            random.between(low..high, Draw::Region, region, what)
                + random.between(-spread..spread, Draw::Site, catchment, what)
        };
        let area = hundreds(self.area(catchment));
        let farmed = near(0.05, 0.3, 0.04, 3);
        let (crop, application_rate) = match own(0.0, 1.0, 4) {
            share if share < 0.1 => ("none", 0.0),
            share if share < 0.75 => ("maize", own(0.045, 0.075, 5)),
            _ => ("sugar beet", own(0.02, 0.04, 5)),
        };
        Site {
            id: FIRST_ID + catchment as i64,
            latitude: decimals(near(46.8, 51.2, 0.2, 0), 1e4),
            longitude: decimals(near(6.2, 9.8, 0.3, 1), 1e4),
            area,
            application_area: hundreds(area * farmed),
            crop,
            application_rate: decimals(application_rate, 1e4),
            altitude: near(180.0, 900.0, 80.0, 2),
            leak: if own(0.0, 1.0, 6) < 0.04 { 0.012 } else { 0.0 },
        }
    }

    /// The series of the catchment with index `catchment`; a millisecond or two for a year.
    pub(crate) fn series(&self, catchment: usize) -> ExampleSeries {
        let site = self.site(catchment);
        let precipitation = self.precipitation(catchment, &site);
        let mean = 12.6 - 0.0063 * site.altitude - 0.7 * (site.latitude - 48.5);
        let air = (0..self.steps).map(|step| 0.35 * self.random.bell(Draw::Air, catchment, step));
        let warmth = self.warmth.iter().zip(air);
        let temperature = warmth
            .map(|(warmth, air)| decimals(mean + warmth + air, 1e2))
            .collect();
        let [discharge, local_discharge] = self.discharges(catchment, &site, &precipitation);
        ExampleSeries {
            temperature,
            precipitation,
            discharge,
            local_discharge,
        }
    }

    /// Fronts, which cross the basin from west to east, and in summer the storms of the region.
    fn precipitation(&self, catchment: usize, site: &Site) -> Vec<f64> {
        let random = self.random;
        let mut rain = vec![0.0; self.steps];
        let delay = (1.8 * (site.longitude - 5.9)) as usize;
        for front in &self.fronts {
            let share = random.between(0.35..1.5, Draw::FrontHere, catchment, front.start);
            let event = Event {
                start: front.start + delay,
                hours: front.hours,
                peak: front.peak * share,
            };
            self.add_rain(&mut rain, catchment, &event);
        }
        let region = catchment / REGION;
        for day in 0..self.steps.div_ceil(STEPS_PER_DAY) {
            let draw = |what| random.uniform(Draw::Storm, region, 4 * day + what);
            let summer = -self.winter[day * STEPS_PER_DAY];
            if draw(0) < 0.24 * summer && random.uniform(Draw::StormHere, catchment, day) < 0.6 {
                let event = Event {
                    start: day * STEPS_PER_DAY + 13 + (9.0 * draw(1)) as usize,
                    hours: 1 + (3.0 * draw(2)) as usize,
                    peak: 2.0 - 3.5 * libm::log(1.0 - draw(3)),
                };
                self.add_rain(&mut rain, catchment, &event);
            }
        }
        for value in &mut rain {
            *value = decimals(*value, 10.0);
        }
        rain
    }

    /// Adds an event that swells and fades, gusty from hour to hour.
    fn add_rain(&self, rain: &mut [f64], catchment: usize, event: &Event) {
        let Event { start, hours, peak } = *event;
        for (hour, value) in rain.iter_mut().skip(start).take(hours).enumerate() {
            let way = (hour as f64 + 0.5) / hours as f64;
            let gust = (self.random).between(0.3..1.7, Draw::Rain, catchment, start + hour);
            *value += peak * 4.0 * way * (1.0 - way) * gust;
        }
    }

    /// Discharge at the outlet and from the catchment itself.
    fn discharges(&self, catchment: usize, site: &Site, precipitation: &[f64]) -> [Vec<f64>; 2] {
        let own = |low, high, what| self.random.between(low..high, Draw::Site, catchment, what);
        // What share of its content each reservoir gives off in an hour.
        let (fast, slow) = (1.0 / own(5.0, 20.0, 7), 1.0 / own(500.0, 1300.0, 8));
        let to_fast = own(0.3, 0.6, 9);
        let upstream: f64 = (catchment - catchment % REGION..catchment)
            .map(|at| hundreds(self.area(at)))
            .sum();
        // Water from upstream arrives later and smoother, the more so the longer its way.
        let river = 1.0 / (3.0 + libm::sqrt(upstream) / 2000.0);
        let [mut quick, mut ground] = [0.0, own(0.015, 0.03, 10) / slow];
        let mut from_upstream = ground * slow;
        let mut discharge = Vec::with_capacity(self.steps);
        let mut local_discharge = Vec::with_capacity(self.steps);
        for (rain, winter) in precipitation.iter().zip(&self.winter) {
            // In summer most of the rain goes back to the air.
            let runoff = rain * (0.37 + 0.22 * winter);
            quick += runoff * to_fast;
            ground += runoff * (1.0 - to_fast);
            let depth = quick * fast + ground * slow;
            quick -= quick * fast;
            ground -= ground * slow;
            from_upstream += (depth - from_upstream) * river;
            let local = significant((depth - site.leak).max(0.0) * site.area * MM_M2_PER_HOUR);
            discharge.push(significant(
                local + from_upstream * upstream * MM_M2_PER_HOUR,
            ));
            local_discharge.push(local);
        }
        [discharge, local_discharge]
    }

    /// The area before rounding, m²: 0.5 to 90 km², most about 7.
    fn area(&self, catchment: usize) -> f64 {
        7e6 * libm::exp(0.85 * self.random.bell(Draw::Site, catchment, 100))
    }
}

/// Rounds to the next hundred.
fn hundreds(value: f64) -> f64 {
    (value / 100.0).round() * 100.0
}

/// Rounds to decimals, given as a power of ten; never gives −0.
fn decimals(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale + 0.0
}

/// Rounds a value that is not negative to 4 digits, and to whole numbers from 1,000 on; below 1e-5 is 0.
fn significant(value: f64) -> f64 {
    if value < 1e-5 {
        return 0.0;
    }
    let mut scale = 1.0;
    while value * scale < 1000.0 && scale < 1e8 {
        scale *= 10.0;
    }
    decimals(value, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::Digest;

    const YEAR: usize = 8760;

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let (mean_a, mean_b) = (mean(a), mean(b));
        let products = |x: &[f64], y: &[f64], mx: f64, my: f64| -> f64 {
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
        };
        products(a, b, mean_a, mean_b)
            / (products(a, a, mean_a, mean_a) * products(b, b, mean_b, mean_b)).sqrt()
    }

    #[test]
    fn the_first_catchments_are_the_same_everywhere() {
        let basin = ExampleBasin::new(2018, YEAR);
        let digests: Vec<String> = (0..3)
            .map(|catchment| {
                let series = basin.series(catchment);
                let columns = [
                    series.temperature,
                    series.precipitation,
                    series.discharge,
                    series.local_discharge,
                ]
                .concat();
                Digest::of_numbers(&columns).to_string()[..16].to_owned()
            })
            .collect();
        assert_eq!(
            digests,
            ["ea691b983b6017e6", "11f2ef742a150392", "978d1817338d3250"]
        );
        assert_eq!(basin.site(0).id, 70_001);
    }

    #[test]
    fn a_shorter_run_is_the_beginning_of_a_longer_one() {
        let (long, short) = (
            ExampleBasin::new(5, 3000).series(9),
            ExampleBasin::new(5, 1234).series(9),
        );
        assert_eq!(long.temperature[..1234], short.temperature);
        assert_eq!(long.precipitation[..1234], short.precipitation);
        assert_eq!(long.discharge[..1234], short.discharge);
        assert_eq!(ExampleBasin::new(5, 1).series(0).temperature.len(), 1);
    }

    #[test]
    fn the_climate_is_that_of_central_europe() {
        let basin = ExampleBasin::new(2018, YEAR);
        let mut sums = [0.0; 3];
        let mut dry = 0;
        const N: usize = 200;
        for catchment in 0..N {
            let (site, series) = (basin.site(catchment), basin.series(catchment));
            sums[0] += mean(&series.temperature) / N as f64;
            sums[1] += series.precipitation.iter().sum::<f64>() / N as f64;
            sums[2] += mean(&series.local_discharge) / (site.area * MM_M2_PER_HOUR) * YEAR as f64
                / N as f64;
            dry += usize::from(series.local_discharge.contains(&0.0));
            assert!(series.temperature.iter().all(|t| (-35.0..45.0).contains(t)));
            assert!(series.precipitation.iter().all(|p| (0.0..90.0).contains(p)));
            assert!(
                series
                    .discharge
                    .iter()
                    .zip(&series.local_discharge)
                    .all(|(all, local)| all >= local)
            );
            assert!(site.application_area > 0.0 && site.application_area < site.area);
            assert_eq!(site.application_rate == 0.0, site.crop == "none");
        }
        let [temperature, precipitation, runoff] = sums;
        assert!((7.0..13.0).contains(&temperature), "{temperature} °C");
        assert!(
            (600.0..1200.0).contains(&precipitation),
            "{precipitation} mm"
        );
        assert!((150.0..600.0).contains(&runoff), "{runoff} mm");
        assert!((1..N / 8).contains(&dry), "{dry} streams fall dry");
    }

    #[test]
    fn neighbours_are_more_alike_than_strangers() {
        let basin = ExampleBasin::new(1, YEAR);
        let [here, near, far] =
            [0, 1, 10 * REGION].map(|catchment| basin.series(catchment).precipitation);
        let (near, far) = (correlation(&here, &near), correlation(&here, &far));
        assert!(near > far + 0.1 && far > 0.05, "near {near}, far {far}");
    }

    #[test]
    fn instruments_have_few_digits() {
        assert_eq!(significant(0.071_234_9), 0.07123);
        assert_eq!(significant(12_345.6), 12_346.0);
        assert_eq!(significant(9e-6), 0.0);
        assert_eq!(decimals(-0.001, 1e2).to_bits(), 0.0_f64.to_bits());
    }
}
