//! The parameter file: lines of a name, white space and a value; `#` opens a comment.
//!
//! A name that the model does not know is an error rather than a silent no-op: a misspelt `beta` would otherwise run
//! with nobody noticing.

use anyhow::{Context, bail, ensure};

/// The parameters of the substance and of the integration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    /// Degradation rate of the stock at 20 °C, 1/d.
    pub k: f64,
    /// Factor by which degradation speeds up per degree, dimensionless.
    pub theta: f64,
    /// Share of the stock that a millimetre of discharge washes off, 1/mm.
    pub beta: f64,
    /// Background concentration, ng/L.
    pub c_back: f64,
    /// The sum of degree-days above `t_threshold` that opens the application season, °C d.
    pub t_objective: f64,
    /// The temperature above which degrees count, °C; 5 unless given (`T_threshold`).
    pub t_threshold: f64,
    /// How many dry days the application takes, d; 21 unless given (`D_appl`).
    pub d_appl: f64,
    /// Above this precipitation the application pauses, mm/h; 0.1 unless given (`P_pause`).
    pub p_pause: f64,
    /// Into how many parts a time step is cut, 1 to 3,600; 20 unless given.
    pub substeps: u32,
}

impl Parameters {
    /// Reads the file's text; every required parameter must be there once and lie within its range.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let [mut k, mut theta, mut beta, mut c_back, mut t_objective] = [None; 5];
        let [mut t_threshold, mut d_appl, mut p_pause, mut substeps] = [None; 4];
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.split('#').next().unwrap_or_default();
            let mut fields = content.split_whitespace();
            let Some(name) = fields.next() else { continue };
            let value = fields
                .next()
                .with_context(|| format!("line {line}: {name} has no value"))?;
            if let Some(surplus) = fields.next() {
                bail!("line {line}: '{surplus}' after the value of {name}");
            }
            let number: f64 = value
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .with_context(|| format!("line {line}: {name} is not a number: '{value}'"))?;
            let (slot, range) = match name {
                "k" => (&mut k, 0.0..=1e6),
                "theta" => (&mut theta, 0.5..=1.5),
                "beta" => (&mut beta, 0.0..=1e3),
                "C_back" => (&mut c_back, 0.0..=1e12),
                "T_objective" => (&mut t_objective, 0.0..=1e6),
                "T_threshold" => (&mut t_threshold, -50.0..=50.0),
                "D_appl" => (&mut d_appl, 0.01..=366.0),
                "P_pause" => (&mut p_pause, 0.0..=1e3),
                "substeps" => (&mut substeps, 1.0..=3600.0),
                _ => bail!("line {line}: unknown parameter '{name}'"),
            };
            ensure!(
                range.contains(&number),
                "line {line}: {name} = {number} is not within {} and {}",
                range.start(),
                range.end()
            );
            ensure!(
                slot.replace(number).is_none(),
                "line {line}: {name} is given twice"
            );
        }
        let required =
            |name: &str, value: Option<f64>| value.with_context(|| format!("{name} is missing"));
        Ok(Self {
            k: required("k", k)?,
            theta: required("theta", theta)?,
            beta: required("beta", beta)?,
            c_back: required("C_back", c_back)?,
            t_objective: required("T_objective", t_objective)?,
            t_threshold: t_threshold.unwrap_or(5.0),
            d_appl: d_appl.unwrap_or(21.0),
            p_pause: p_pause.unwrap_or(0.1),
            substeps: substeps.unwrap_or(20.0) as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "# substance\nk\t0.012\ntheta\t1.08\n\nbeta 6e-5 # per mm\nC_back\t0\nT_objective\t250\n";

    fn problem(text: &str) -> String {
        format!("{:#}", Parameters::parse(text).expect_err("an error"))
    }

    #[test]
    fn comments_and_defaults() {
        let parameters = Parameters::parse(GOOD).expect("parameters");
        assert_eq!(parameters.beta, 6e-5);
        assert_eq!(parameters.substeps, 20);
        let parameters = Parameters::parse(&format!("{GOOD}substeps\t4\n")).expect("parameters");
        assert_eq!(parameters.substeps, 4);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(problem("k\t0.012\n"), "theta is missing");
        assert_eq!(
            problem(&format!("{GOOD}Beta\t1\n")),
            "line 8: unknown parameter 'Beta'"
        );
        assert_eq!(
            problem(&format!("{GOOD}k\t1\n")),
            "line 8: k is given twice"
        );
        assert_eq!(problem("k\tnan\n"), "line 1: k is not a number: 'nan'");
        assert_eq!(
            problem("k\t-1\n"),
            "line 1: k = -1 is not within 0 and 1000000"
        );
        assert_eq!(problem("k\n"), "line 1: k has no value");
    }
}
