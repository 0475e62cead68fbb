//! What `[observations]` and `[objective]` ask for, checked: what was measured where, and how it is compared with what is simulated.
//!
//! Only descriptions; nothing here opens a file or compares a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Span;

use super::import_spec::{Aggregate, SourceLayout, TextFormat};
use crate::data::catchment::CatchmentId;
use crate::data::observed::Observed;
use crate::language::formula::Expr;

/// A series that was measured at gauges: the same in all scenarios.
#[derive(Debug)]
pub struct ObservationSource {
    /// Its name.
    pub name: String,
    /// Where its values are.
    pub file: ObservedFile,
    /// What becomes of each `value`.
    pub formula: Option<Expr>,
    /// The units that the values then have.
    pub units: Option<String>,
    /// Which catchment a gauge is, by the gauge's name, where that is not the catchment's id.
    pub catchments: BTreeMap<String, CatchmentId>,
    /// From a value's time to that of the next, where the times themselves do not tell.
    pub step: Option<Span>,
    /// What of the simulated steps a value is compared with.
    pub steps: ComparedSteps,
    /// What is in the file, once it was read.
    pub observed: OnceLock<Arc<Observed>>,
}

impl ObservationSource {
    /// The files that are read, and the folder that is looked for files in.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        let (path, layout) = match &self.file {
            ObservedFile::Netcdf { path, .. } => (Some(path.as_path()), None),
            ObservedFile::Text { layout, .. } => (layout.folder(), Some(layout)),
        };
        let files = layout.into_iter().flat_map(SourceLayout::files);
        path.into_iter().chain(files)
    }
}

/// Where measured values are.
#[derive(Clone, Debug)]
pub enum ObservedFile {
    /// In text tables.
    Text {
        /// How they lie in them.
        layout: SourceLayout,
        /// How the text is written.
        format: TextFormat,
    },
    /// In a NetCDF or HDF5 file.
    Netcdf {
        /// The file.
        path: PathBuf,
        /// The variable with the ids, where it is not obvious.
        id: Option<String>,
        /// The time coordinate, where it is not obvious.
        time: Option<String>,
        /// The variable with the values, where there are several.
        value: Option<String>,
    },
}

/// Which simulated steps a measured value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparedSteps {
    /// The one of the same time and length.
    Same,
    /// The one in which the value's time is: it was measured at an instant.
    At,
    /// All within the measured step, and what becomes of their values.
    Within(Aggregate),
    /// One; what becomes of the measured values within it.
    Around(Aggregate),
}

/// How what is simulated is compared with what was measured.
#[derive(Clone, Debug)]
pub struct Objective {
    /// What was measured.
    pub observations: Arc<ObservationSource>,
    /// How they are compared.
    pub measure: Measure,
    /// What of them is compared.
    pub period: Period,
}

/// Which part of a simulation counts.
#[derive(Clone, Debug, Default)]
pub struct Period {
    /// What is left out at the beginning, from the first simulated step on.
    pub warm_up: Option<Span>,
    /// The earliest time that counts, nanoseconds since 1970.
    pub from: Option<i64>,
    /// The earliest time that does not count any more.
    pub before: Option<i64>,
}

impl PartialEq for Period {
    /// As they are stated: a day is not 24 hours.
    fn eq(&self, other: &Self) -> bool {
        let stated = |it: &Self| (it.warm_up.map(Span::fieldwise), it.from, it.before);
        stated(self) == stated(other)
    }
}

/// A number that says how well simulated values fit measured ones; its formula is where it is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// What is computed.
    pub statistic: FitStatistic,
    /// Of the logarithms of the values, if they are to be taken, with what is added to the values before.
    pub logarithm: Option<Epsilon>,
}

/// What is added to measured and simulated values before their logarithms are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epsilon {
    /// This, which may be 0.
    Number(f64),
    /// A hundredth of the mean of the gauge's measured values that count.
    MeanHundredth,
}

/// A statistic of measured and simulated values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitStatistic {
    /// Nash and Sutcliffe's efficiency.
    Nse,
    /// Kling and Gupta's efficiency of 2009.
    Kge,
    /// Kling and Gupta's efficiency as Kling, Fuchs and Paulin modified it in 2012.
    Kge2012,
    /// The root of the mean square error.
    Rmse,
    /// The mean absolute error.
    Mae,
    /// The squared correlation.
    R2,
    /// The bias in percent, positive where too much is simulated.
    PbiasOver,
    /// The bias in percent, positive where too little is simulated.
    PbiasUnder,
}

impl Measure {
    /// What the project file calls them.
    pub const NAMES: [&'static str; 13] = [
        "nse",
        "kge",
        "kge_2012",
        "rmse",
        "mae",
        "r2",
        "pbias",
        "log_nse",
        "log_kge",
        "log_kge_2012",
        "log_rmse",
        "log_mae",
        "log_r2",
    ];

    /// What it is, for people.
    pub fn words(&self) -> String {
        let words = match self.statistic {
            FitStatistic::Nse => "Nash-Sutcliffe efficiency",
            FitStatistic::Kge => "Kling-Gupta efficiency (2009)",
            FitStatistic::Kge2012 => "Kling-Gupta efficiency (2012)",
            FitStatistic::Rmse => "root mean square error",
            FitStatistic::Mae => "mean absolute error",
            FitStatistic::R2 => "squared correlation",
            FitStatistic::PbiasOver => "bias, positive where too much is simulated,",
            FitStatistic::PbiasUnder => "bias, positive where too little is simulated,",
        };
        match self.logarithm {
            None => words.to_owned(),
            Some(_) => format!("{words} of logarithms"),
        }
    }

    /// Its units, where the values have these.
    pub fn units(&self, of_values: Option<&str>) -> Option<String> {
        match (self.statistic, self.logarithm) {
            (FitStatistic::Rmse | FitStatistic::Mae, None) => of_values.map(str::to_owned),
            (FitStatistic::PbiasOver | FitStatistic::PbiasUnder, _) => Some("%".to_owned()),
            _ => Some("1".to_owned()),
        }
    }
}

impl fmt::Display for Measure {
    /// As the project file has it, with its settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.logarithm.is_some() {
            f.write_str("log_")?;
        }
        f.write_str(match self.statistic {
            FitStatistic::Nse => "nse",
            FitStatistic::Kge => "kge",
            FitStatistic::Kge2012 => "kge_2012",
            FitStatistic::Rmse => "rmse",
            FitStatistic::Mae => "mae",
            FitStatistic::R2 => "r2",
            FitStatistic::PbiasOver => "pbias, positive = \"over\"",
            FitStatistic::PbiasUnder => "pbias, positive = \"under\"",
        })?;
        match self.logarithm {
            None | Some(Epsilon::Number(0.0)) => Ok(()),
            Some(Epsilon::Number(number)) => write!(f, ", epsilon = {number:?}"),
            Some(Epsilon::MeanHundredth) => f.write_str(", epsilon = \"mean/100\""),
        }
    }
}

/// One number out of those of all gauges.
#[derive(Clone, Debug)]
pub struct ObjectiveSpec {
    /// The objective's name, which the summary of its numbers at gauges has.
    pub name: String,
    /// That summary, an index into [`ProductSpec::summaries`](super::product_spec::ProductSpec::summaries).
    pub summary: usize,
    /// How much gauges count, where that is not 1; for a mean only.
    pub weights: BTreeMap<CatchmentId, f64>,
    /// How one number is made of them.
    pub over: OverGauges,
}

impl ObjectiveSpec {
    /// The name of the one number in products.
    pub fn overall_name(&self) -> String {
        format!("{}_over_gauges", self.name)
    }
}

/// How one number is made of those of several gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverGauges {
    /// The weighted mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The one in the middle, or the mean of the two there.
    Median,
}

impl OverGauges {
    /// What the project file calls them.
    pub const NAMES: [&'static str; 4] = ["mean", "min", "max", "median"];

    /// What the project file calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Median => "median",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Mean, Self::Min, Self::Max, Self::Median];
        all.into_iter().find(|over| over.name() == name)
    }
}
