//! The layout: an XML file that says what the catchment is made of and how columns and model units are connected.
//!
//! ```text
//! <layout catchment="70001">
//!   <data src="input.txt"> <column>Conc_70001</column> … </data>
//!   <model type="application" id="…"> <parameter name="R_appl" value="…"/> </model>
//!   <model type="transfer" id="…"> <parameter name="A_tot" value="…"/> <parameter name="A_appl" value="…"/> </model>
//!   <connection sourcedata="T" destobj="…" destport="T"/>
//!   <connection sourceobj="…" sourceport="a" destobj="…" destport="a"/>
//!   <connection sourceobj="…" sourceport="C" destdata="Conc_70001"/>
//! </layout>
//! ```
//!
//! The application takes the ports T and P and gives `a`, `Tsum`, `applied`; the transfer takes T, Q and `a` and gives
//! C, L, M, `degraded`, `washed_off`. Text between elements is a remark. Whatever does not fit is an error: there is
//! no layout that runs by half.

use std::collections::BTreeMap;

use anyhow::ensure;
use quick_xml::Reader;

use crate::draft::{Draft, Unit};
use crate::model::{Catchment, Forcing, Output};
use crate::table::Table;

/// Why a layout is not valid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    /// The XML or an element in it is wrong.
    #[error("line {line}: {problem}")]
    Element {
        /// The line at which reading ended, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Every element is fine but together they make no model.
    #[error("{0}")]
    Whole(String),
}

/// A valid layout.
#[derive(Debug, PartialEq)]
pub(crate) struct Layout {
    /// The path of the series table.
    pub series_file: String,
    /// Areas and application rate.
    pub catchment: Catchment,
    /// The computed columns in the order of their declaration.
    pub outputs: Vec<(String, Output)>,
    /// The columns that feed the application's T and P, and the transfer's T and Q.
    inputs: [String; 4],
}

impl Layout {
    /// Reads and checks a layout.
    pub(crate) fn parse(text: &str) -> Result<Self, LayoutError> {
        let mut reader = Reader::from_str(text);
        let mut draft = Draft::default();
        if let Err(problem) = draft.read(&mut reader) {
            let at = usize::try_from(reader.buffer_position())
                .unwrap_or(usize::MAX)
                .min(text.len());
            let line = 1 + text.as_bytes()[..at]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            return Err(LayoutError::Element { line, problem });
        }
        draft.finish().map_err(LayoutError::Whole)
    }

    /// Takes the columns that the layout connects out of the series table.
    pub(crate) fn forcing<'a>(&self, series: &'a Table) -> anyhow::Result<Forcing<'a>> {
        let time = series.first();
        let mut step_days: Vec<f64> = time.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let backwards = step_days
            .iter()
            .position(|days| days.is_nan() || *days <= 0.0);
        ensure!(
            backwards.is_none(),
            "line {}: time does not advance",
            backwards.unwrap_or_default() + 3
        );
        // The last step is as long as the one before it; a single one lasts an hour.
        step_days.push(step_days.last().copied().unwrap_or(1.0 / 24.0));
        let [
            season_temperature,
            precipitation,
            temperature,
            local_discharge,
        ] = &self.inputs;
        let local_discharge = series.column(local_discharge)?;
        let negative = local_discharge
            .iter()
            .position(|discharge| *discharge < 0.0);
        ensure!(
            negative.is_none(),
            "line {}: the local discharge is negative",
            negative.unwrap_or_default() + 2
        );
        Ok(Forcing {
            step_days,
            season_temperature: series.column(season_temperature)?,
            precipitation: series.column(precipitation)?,
            temperature: series.column(temperature)?,
            local_discharge,
        })
    }
}

impl Draft {
    fn finish(&mut self) -> Result<Layout, String> {
        let catchment = self.catchment.take().ok_or("there is no <layout>")?;
        if catchment.trim().is_empty() {
            return Err("the catchment has no id".to_owned());
        }
        let series_file = self.series_file.take().ok_or("there is no <data>")?;
        let application = self.unit("application", &["R_appl"])?;
        let transfer = self.unit("transfer", &["A_tot", "A_appl"])?;
        let catchment = Catchment {
            a_tot: transfer.parameters["A_tot"],
            a_appl: transfer.parameters["A_appl"],
            r_appl: application.parameters["R_appl"],
        };
        if !(catchment.a_tot > 0.0
            && (0.0..=catchment.a_tot).contains(&catchment.a_appl)
            && catchment.r_appl >= 0.0)
        {
            return Err(
                "A_tot must be above 0, A_appl between 0 and A_tot, R_appl not negative".to_owned(),
            );
        }
        let link = [
            ("sourceobj", &*application.id),
            ("sourceport", "a"),
            ("destobj", &*transfer.id),
            ("destport", "a"),
        ];
        self.connection(&link)?;
        let feeds = [
            (&application.id, "T"),
            (&application.id, "P"),
            (&transfer.id, "T"),
            (&transfer.id, "Q"),
        ];
        let mut inputs = [const { String::new() }; 4];
        for (input, (unit, port)) in inputs.iter_mut().zip(feeds) {
            let connection = self.connection(&[("destobj", unit), ("destport", port)])?;
            let source = connection.get("sourcedata");
            *input = source
                .cloned()
                .ok_or_else(|| format!("port {port} of {unit} needs a column of the table"))?;
        }
        let mut outputs = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let connection = self.connection(&[("destdata", column)])?;
            let end = |key| connection.get(key).map_or("", String::as_str);
            let (unit, port) = (end("sourceobj"), end("sourceport"));
            let output = match port {
                "Tsum" if unit == application.id => Output::DegreeSum,
                "applied" if unit == application.id => Output::Applied,
                "C" if unit == transfer.id => Output::Concentration,
                "L" if unit == transfer.id => Output::Load,
                "M" if unit == transfer.id => Output::Stock,
                "degraded" if unit == transfer.id => Output::Degraded,
                "washed_off" if unit == transfer.id => Output::WashedOff,
                _ => {
                    return Err(format!(
                        "column {column} comes from an unknown port '{port}' of '{unit}'"
                    ));
                }
            };
            outputs.push((column.clone(), output));
        }
        Ok(Layout {
            series_file,
            catchment,
            outputs,
            inputs,
        })
    }

    /// The only unit of a kind, with all of its parameters.
    fn unit(&self, kind: &str, parameters: &[&str]) -> Result<&Unit, String> {
        let mut units = self.units.iter().filter(|unit| unit.kind == kind);
        let (Some(unit), None) = (units.next(), units.next()) else {
            return Err(format!("there must be one model of type {kind}"));
        };
        match parameters
            .iter()
            .find(|name| !unit.parameters.contains_key(**name))
        {
            Some(missing) => Err(format!("{} has no parameter {missing}", unit.id)),
            None => Ok(unit),
        }
    }

    /// The only connection with these attributes.
    fn connection(&self, ends: &[(&str, &str)]) -> Result<&BTreeMap<String, String>, String> {
        let fits = |c: &&BTreeMap<String, String>| {
            ends.iter()
                .all(|(key, end)| c.get(*key).is_some_and(|e| e == end))
        };
        let mut found = self.connections.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(connection), None) => Ok(connection),
            (first, _) => {
                let ends: Vec<String> = ends
                    .iter()
                    .map(|(key, end)| format!("{key}=\"{end}\""))
                    .collect();
                let count = if first.is_none() {
                    "no connection"
                } else {
                    "more than one connection"
                };
                Err(format!("there is {count} with {}", ends.join(" ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> String {
        include_str!("../../../templates/layout.xml")
            .replace("{input_file_name}", "input.txt")
            .replace("{id}", "A&amp;B")
            .replace("{R_appl}", "0.05")
            .replace("{A_tot}", "9e6")
            .replace("{A_appl}", "1e6")
    }

    fn problem(layout: &str) -> String {
        Layout::parse(layout).expect_err("an error").to_string()
    }

    #[test]
    fn the_template_is_valid() {
        let layout = Layout::parse(&filled()).expect("a layout");
        assert_eq!(layout.series_file, "input.txt");
        assert_eq!(
            layout.catchment,
            Catchment {
                a_tot: 9e6,
                a_appl: 1e6,
                r_appl: 0.05
            }
        );
        assert_eq!(layout.inputs, ["T", "P", "T", "Qloc"]);
        assert_eq!(
            layout.outputs[0],
            ("Conc_A&B".to_owned(), Output::Concentration)
        );
        assert_eq!(layout.outputs.len(), 4);
    }

    #[test]
    fn every_mistake_is_found() {
        let broken = |from: &str, to: &str| {
            let layout = filled();
            assert!(layout.contains(from), "{from}");
            problem(&layout.replacen(from, to, 1))
        };
        assert!(broken("</model>", "</mode>").starts_with("line 16: "));
        assert!(broken("</layout>", "").contains("<layout> is not closed"));
        assert!(
            broken("type=\"transfer\"", "type=\"transport\"")
                .contains("one model of type transfer")
        );
        assert!(broken("name=\"A_appl\"", "name=\"A\"").contains("has no parameter A_appl"));
        assert!(
            broken("value=\"9e6\"", "value=\"{A_tot}\"")
                .contains("A_tot is not a number: '{A_tot}'")
        );
        assert!(broken("value=\"1e6\"", "value=\"1e7\"").contains("A_appl between 0 and A_tot"));
        assert!(broken("sourcedata=\"P\"", "sourcedta=\"P\"").contains("needs a column"));
        assert!(broken("sourceport=\"a\"", "sourceport=\"b\"").contains("no connection with"));
        assert!(broken("sourceport=\"L\"", "sourceport=\"l\"").contains("unknown port 'l'"));
        assert!(broken("<column>Load", "<column>Lo\tad").contains("cannot be the name"));
        assert!(broken("A&amp;B", "A&b;B").contains("b"));
        assert!(broken("<data src", "<data source").contains("no attribute src"));
        assert!(problem("").contains("there is no <layout>"));
        assert!(problem("<html/>").contains("is not a layout"));
    }

    #[test]
    fn the_forcing_is_checked() {
        let layout = Layout::parse(&filled()).expect("a layout");
        let forced = |rows: &str| {
            let series = Table::parse(&format!("step\tT\tP\tQ\tQloc\n{rows}")).expect("a table");
            layout
                .forcing(&series)
                .map(|forcing| forcing.step_days)
                .map_err(|error| format!("{error:#}"))
        };
        assert_eq!(forced("0\t1\t0\t1\t1\n2\t1\t0\t1\t1\n"), Ok(vec![2.0, 2.0]));
        assert_eq!(forced("0\t1\t0\t1\t1\n"), Ok(vec![1.0 / 24.0]));
        assert_eq!(
            forced("1\t1\t0\t1\t1\n1\t1\t0\t1\t1\n"),
            Err("line 3: time does not advance".into())
        );
        assert_eq!(
            forced("0\t1\t0\t1\t-1\n"),
            Err("line 2: the local discharge is negative".into())
        );
        assert_eq!(
            forced("0\tN/A\t0\t1\t1\n"),
            Err("line 2: T is missing".into())
        );
    }
}
