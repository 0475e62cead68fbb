//! The substance-transfer model of one catchment; pure, knows no files.
//!
//! After Moser et al. (2018), Modelling biocide and herbicide concentrations in catchments of the Rhine basin,
//! Hydrol. Earth Syst. Sci. 22, 4229-4249, <https://doi.org/10.5194/hess-22-4229-2018>, reduced to one stock:
//!
//! ```text
//! dM/dt = a(t) − k θ^(T−20) M − β q M      stock on the application area, g
//! L     = β q M                            load, g/d inside, g/h in the output
//! C     = L / Q_loc + C_back               concentration in the local runoff, ng/L
//! q     = Q_loc / A_tot                    local discharge as a depth over the catchment, mm/d
//! ```
//!
//! The application a(t) brings R_appl · A_appl grams on the fields at a constant rate over `D_appl` dry days. Its
//! season opens when the sum of max(T − T_threshold, 0) over time passes T_objective, and pauses while precipitation
//! is above `P_pause`.
//!
//! **Integration.** Precipitation and discharge are means over a time step; temperature is a reading at its start and
//! goes linearly to the next. A step is cut into sub-steps with constant coefficients, for which the equation is
//! solved exactly: stable for any rate, and mass is conserved to rounding. `libm` computes the exponentials, so that
//! every machine writes the same bytes.

use crate::parameters::Parameters;

const SECONDS_PER_DAY: f64 = 86_400.0;
const MM_PER_M: f64 = 1_000.0;
/// 1 g/m³ in ng/L.
const NG_PER_L: f64 = 1e6;

/// What the layout says of the catchment itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Catchment {
    /// Area of the catchment, m²; above 0.
    pub a_tot: f64,
    /// Area on which the substance is applied, m²; 0 to `a_tot`.
    pub a_appl: f64,
    /// Application rate of the season, g/m² of application area; not negative.
    pub r_appl: f64,
}

/// The forcing: one value per time step in every slice.
#[derive(Debug)]
pub(crate) struct Forcing<'a> {
    /// Length of each step, d.
    pub step_days: Vec<f64>,
    /// Temperature for the degree sum, °C.
    pub season_temperature: &'a [f64],
    /// Precipitation, mm/h.
    pub precipitation: &'a [f64],
    /// Temperature for the degradation, °C.
    pub temperature: &'a [f64],
    /// Local discharge, m³/s; not negative.
    pub local_discharge: &'a [f64],
}

/// What can become a column of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Concentration, ng/L, a mean over the step; NaN where no water flows.
    Concentration,
    /// Load, g/h, a mean over the step.
    Load,
    /// Stock at the end of the step, g.
    Stock,
    /// Degree sum at the end of the step, °C d.
    DegreeSum,
    /// What has been applied since the first step, g.
    Applied,
    /// What has degraded since the first step, g.
    Degraded,
    /// What has been washed off since the first step, g.
    WashedOff,
}

impl Output {
    const COUNT: usize = 7;
}

/// The columns of a run, one value per time step each.
#[derive(Debug)]
pub(crate) struct Results([Vec<f64>; Output::COUNT]);

impl Results {
    /// One column, in the units told at [`Output`].
    pub(crate) fn column(&self, output: Output) -> &[f64] {
        &self.0[output as usize]
    }
}

/// Runs the model from an empty stock.
pub(crate) fn simulate(
    catchment: &Catchment,
    parameters: &Parameters,
    forcing: &Forcing<'_>,
) -> Results {
    let steps = forcing.step_days.len();
    let mut results = Results(std::array::from_fn(|_| Vec::with_capacity(steps)));
    let mut fields = Fields::new(catchment, parameters);
    for (step, &days) in forcing.step_days.iter().enumerate() {
        let next = (step + 1).min(steps - 1);
        let h = days / f64::from(parameters.substeps);
        let q_loc = forcing.local_discharge[step];
        let wash_off = parameters.beta * q_loc * SECONDS_PER_DAY * MM_PER_M / catchment.a_tot;
        let dry = forcing.precipitation[step] <= parameters.p_pause;
        let before = fields.washed_off;
        for part in 0..parameters.substeps {
            let at = (f64::from(part) + 0.5) / f64::from(parameters.substeps);
            let between = |series: &[f64]| series[step] + (series[next] - series[step]) * at;
            fields.warm(between(forcing.season_temperature), h);
            let rate =
                parameters.k * libm::pow(parameters.theta, between(forcing.temperature) - 20.0);
            let applied = if dry { fields.application(h) } else { 0.0 };
            fields.advance(applied, rate, wash_off, h);
        }
        let load = (fields.washed_off - before) / days;
        let concentration = if q_loc > 0.0 {
            load / (q_loc * SECONDS_PER_DAY) * NG_PER_L + parameters.c_back
        } else {
            f64::NAN
        };
        // In the order of `Output`.
        let row = [
            concentration,
            load / 24.0,
            fields.stock,
            fields.degree_sum,
            fields.applied,
            fields.degraded,
            fields.washed_off,
        ];
        for (column, value) in results.0.iter_mut().zip(row) {
            column.push(value);
        }
    }
    results
}

/// The state of the fields, g and °C d, with the accounts of where the substance went.
struct Fields<'a> {
    parameters: &'a Parameters,
    /// What the season brings in all, g.
    total: f64,
    stock: f64,
    degree_sum: f64,
    applied: f64,
    degraded: f64,
    washed_off: f64,
}

impl<'a> Fields<'a> {
    fn new(catchment: &Catchment, parameters: &'a Parameters) -> Self {
        let total = catchment.r_appl * catchment.a_appl;
        Self {
            parameters,
            total,
            stock: 0.0,
            degree_sum: 0.0,
            applied: 0.0,
            degraded: 0.0,
            washed_off: 0.0,
        }
    }

    /// Adds `h` days at a temperature to the degree sum.
    fn warm(&mut self, temperature: f64, h: f64) {
        self.degree_sum += (temperature - self.parameters.t_threshold).max(0.0) * h;
    }

    /// What is applied within `h` dry days, g.
    fn application(&self, h: f64) -> f64 {
        if self.degree_sum < self.parameters.t_objective {
            return 0.0;
        }
        (self.total * h / self.parameters.d_appl).min(self.total - self.applied)
    }

    /// Solves dM/dt = a − (r + w) M over `h` days exactly; `applied` = a h in g, rates `r` and `w` in 1/d.
    fn advance(&mut self, applied: f64, degradation: f64, wash_off: f64, h: f64) {
        let a = applied / h;
        let x = (degradation + wash_off) * h;
        // φ1 = (1 − e^−x) / x and φ2 = (1 − φ1) / x, the shares of M h and of a h² in the integral of M.
        let (phi_1, phi_2) = if x < 1e-3 {
            (
                1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0)),
                0.5 - x / 6.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0)),
            )
        } else {
            let phi_1 = -libm::expm1(-x) / x;
            (phi_1, (1.0 - phi_1) / x)
        };
        let integral = h * (self.stock * phi_1 + a * h * phi_2);
        self.stock = self.stock * libm::exp(-x) + applied * phi_1;
        self.applied += applied;
        self.degraded += degradation * integral;
        self.washed_off += wash_off * integral;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURS: usize = 24 * 120;

    fn parameters(more: &str) -> Parameters {
        let text = format!(
            "k\t0.02\ntheta\t1.08\nbeta\t1e-3\nC_back\t3\nT_objective\t200\nP_pause\t0.1\n{more}"
        );
        Parameters::parse(&text).expect("parameters")
    }

    fn catchment() -> Catchment {
        Catchment {
            a_tot: 8e6,
            a_appl: 1.2e6,
            r_appl: 0.05,
        }
    }

    /// 120 days: warming from 2 to 22 °C, an hour of rain every fourth, a discharge that swells and falls dry.
    fn series() -> [Vec<f64>; 3] {
        let hour = |h: usize| h as f64;
        [
            (0..HOURS)
                .map(|h| 2.0 + 20.0 * hour(h) / HOURS as f64)
                .collect(),
            (0..HOURS)
                .map(|h| if h % 4 == 0 { 1.5 } else { 0.0 })
                .collect(),
            (0..HOURS)
                .map(|h| {
                    if h % 10 == 9 {
                        0.0
                    } else {
                        0.05 + 0.01 * hour(h % 24)
                    }
                })
                .collect(),
        ]
    }

    fn run(
        parameters: &Parameters,
        [temperature, precipitation, discharge]: &[Vec<f64>; 3],
    ) -> Results {
        let forcing = Forcing {
            step_days: vec![1.0 / 24.0; temperature.len()],
            season_temperature: temperature,
            precipitation,
            temperature,
            local_discharge: discharge,
        };
        simulate(&catchment(), parameters, &forcing)
    }

    fn last(results: &Results, output: Output) -> f64 {
        *results.column(output).last().expect("a step")
    }

    #[test]
    fn what_was_applied_is_degraded_washed_off_or_still_there() {
        for more in ["", "substeps\t1\n"] {
            let results = run(&parameters(more), &series());
            let applied = last(&results, Output::Applied);
            assert!(
                (applied - 60_000.0).abs() < 1e-6,
                "all of R_appl · A_appl: {applied}"
            );
            let found =
                [Output::Degraded, Output::WashedOff, Output::Stock].map(|o| last(&results, o));
            assert!(found.iter().all(|grams| *grams > 100.0), "{found:?}");
            assert!(
                (found.iter().sum::<f64>() / applied - 1.0).abs() < 1e-10,
                "{found:?}"
            );
        }
    }

    #[test]
    fn loads_add_up_to_what_was_washed_off() {
        let results = run(&parameters(""), &series());
        let loads: f64 = results.column(Output::Load).iter().sum();
        assert!((loads / last(&results, Output::WashedOff) - 1.0).abs() < 1e-10);
    }

    #[test]
    fn nothing_is_applied_before_the_season_opens_or_in_rain() {
        let series = series();
        let results = run(&parameters(""), &series);
        let (sums, applied) = (
            results.column(Output::DegreeSum),
            results.column(Output::Applied),
        );
        let opens = sums
            .iter()
            .position(|sum| *sum >= 200.0)
            .expect("the season opens");
        assert!(opens > 24 * 30);
        assert!(applied[..opens].iter().all(|grams| *grams == 0.0));
        assert!(applied[opens + 24] > 0.0);
        for h in opens + 1..HOURS {
            assert!(
                series[1][h] == 0.0 || applied[h] == applied[h - 1],
                "hour {h}"
            );
        }
    }

    #[test]
    fn a_concentration_needs_water() {
        let series = series();
        let results = run(&parameters(""), &series);
        for (h, concentration) in results.column(Output::Concentration).iter().enumerate() {
            assert_eq!(concentration.is_nan(), series[2][h] == 0.0, "hour {h}");
        }
        assert_eq!(results.column(Output::Concentration)[0], 3.0);
        assert_eq!(results.column(Output::Load)[9], 0.0);
    }

    #[test]
    fn a_constant_decay_is_the_textbook_exponential() {
        let mut fields = Fields {
            stock: 100.0,
            ..Fields::new(&catchment(), &PARAMETERS)
        };
        for _ in 0..1000 {
            fields.advance(0.0, 0.03, 0.02, 0.1);
        }
        assert!((fields.stock / (100.0 * libm::exp(-5.0)) - 1.0).abs() < 1e-12);
        assert!((fields.degraded / fields.washed_off - 1.5).abs() < 1e-12);
    }

    const PARAMETERS: Parameters = Parameters {
        k: 0.0,
        theta: 1.0,
        beta: 0.0,
        c_back: 0.0,
        t_objective: 0.0,
        t_threshold: 0.0,
        d_appl: 1.0,
        p_pause: 0.0,
        substeps: 1,
    };

    #[test]
    fn the_series_and_the_closed_form_meet() {
        for rate in [0.999_999e-3, 1.000_001e-3] {
            let mut fields = Fields {
                stock: 7.0,
                ..Fields::new(&catchment(), &PARAMETERS)
            };
            fields.advance(2.0, rate, 0.0, 1.0);
            let missing = 9.0 - fields.stock - fields.degraded;
            assert!(missing.abs() < 1e-13, "rate {rate}: {missing}");
        }
    }
}
