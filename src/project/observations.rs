//! The `[observations]` table: what was measured, checked.
//!
//! None of these files is opened here; whether they have what is named is known when they are read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::ProjectError;
use super::build::ProjectBuilder;
use super::import_spec::Aggregate;
use super::objective_spec::{ComparedSteps, ObservationSource, ObservedFile};
use super::raw::objective::Observations;
use super::stated_time::span;
use crate::data::catchment::CatchmentId;

/// How the names of files end that are no text.
const NETCDF: [&str; 6] = ["nc", "nc4", "cdf", "h5", "hdf5", "hdf"];

/// What `simulated` may be.
const SIMULATED: [&str; 7] = ["mean", "sum", "min", "max", "first", "last", "at"];

impl ProjectBuilder<'_> {
    /// All that was measured, by name.
    pub(super) fn observations(
        &self,
        raw: &BTreeMap<String, Observations>,
    ) -> Result<Vec<Arc<ObservationSource>>, ProjectError> {
        let sources = raw.iter();
        sources
            .map(|(name, raw)| Ok(Arc::new(self.observation(name, raw)?)))
            .collect()
    }

    fn observation(
        &self,
        name: &str,
        raw: &Observations,
    ) -> Result<ObservationSource, ProjectError> {
        let field = format!("observations.{name}");
        let wrong =
            |key: &str, message: String| self.source.error(&format!("{field}.{key}"), message);
        let formula = (raw.formula.as_deref())
            .map(|text| self.value_formula(&field, text))
            .transpose()?;
        let step = (raw.step.as_deref().map(span).transpose()).map_err(|why| wrong("step", why))?;
        let mut catchments = BTreeMap::new();
        for (gauge, id) in &raw.catchments {
            let id = CatchmentId::new(id);
            if let Some((other, _)) = catchments.iter().find(|(_, known)| **known == id) {
                let message =
                    format!("{other:?} and {gauge:?} are both in catchment {id}; remove one");
                return Err(wrong("catchments", message));
            }
            catchments.insert(gauge.clone(), id);
        }
        Ok(ObservationSource {
            name: name.to_owned(),
            file: self.observed_file(&field, raw)?,
            formula,
            units: raw.units.clone(),
            catchments,
            step,
            steps: self.compared_steps(&field, raw)?,
            observed: OnceLock::new(),
        })
    }

    /// Which simulated steps measured values are compared with.
    fn compared_steps(
        &self,
        field: &str,
        raw: &Observations,
    ) -> Result<ComparedSteps, ProjectError> {
        let aggregate = match (raw.simulated.as_deref(), raw.aggregate) {
            (None, None) => return Ok(ComparedSteps::Same),
            (None, Some(aggregate)) => return Ok(ComparedSteps::Around(aggregate)),
            (Some(_), Some(_)) => {
                let rule = "is for measured values of finer steps than the simulated ones, and `simulated` for coarser ones; state one";
                return Err(self.source.error(&format!("{field}.aggregate"), rule));
            }
            (Some("at"), None) => return Ok(ComparedSteps::At),
            (Some("mean"), None) => Aggregate::Mean,
            (Some("sum"), None) => Aggregate::Sum,
            (Some("min"), None) => Aggregate::Min,
            (Some("max"), None) => Aggregate::Max,
            (Some("first"), None) => Aggregate::First,
            (Some("last"), None) => Aggregate::Last,
            (Some(unknown), None) => {
                let message = format!("{unknown:?} is none of {}", SIMULATED.join(", "));
                let field = format!("{field}.simulated");
                return Err(self.unknown(&field, &message, unknown, SIMULATED));
            }
        };
        Ok(ComparedSteps::Within(aggregate))
    }

    fn observed_file(&self, field: &str, raw: &Observations) -> Result<ObservedFile, ProjectError> {
        let extension = Path::new(&raw.file).extension().unwrap_or_default();
        let extension = extension.to_string_lossy().to_ascii_lowercase();
        if !NETCDF.contains(&extension.as_str()) {
            let series = raw.series();
            return Ok(ObservedFile::Text {
                layout: self.import_layout(field, &series)?,
                format: self.text_format(field, &series)?,
            });
        }
        let of_text = [
            ("ids", raw.ids.is_some()),
            ("time_columns", raw.time_columns.is_some()),
            ("separator", raw.separator.is_some()),
            ("decimal", raw.decimal.is_some()),
            ("missing", !raw.missing.is_empty()),
            ("time_format", raw.time_format.is_some()),
            ("skip_lines", raw.skip_lines > 0),
        ];
        if let Some((key, _)) = of_text.iter().find(|(_, given)| *given) {
            let rule = "is for text tables; NetCDF says this itself";
            return Err(self.source.error(&format!("{field}.{key}"), rule));
        }
        Ok(ObservedFile::Netcdf {
            path: self.existing_file(&format!("{field}.file"), &raw.file)?,
            id: raw.id.clone(),
            time: raw.time.clone(),
            value: raw.value.clone(),
        })
    }
}
