//! What an errand takes: tasks, cores, hours and memory, told before anything is submitted.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cluster::pack::{Item, Rules};
use crate::data::size::Size;
use crate::project::cluster::EngineKind;
use crate::system::progress::seconds;

/// What an errand takes, as far as it is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Bill {
    /// Where it goes.
    pub engine: &'static str,
    /// How many tasks.
    pub tasks: usize,
    /// The cores of each.
    pub cores: u32,
    /// The longest time that one asks for, in seconds.
    pub seconds: u64,
    /// The most memory that one asks for, in bytes; `null` if the site's default is taken.
    pub memory_bytes: Option<u64>,
    /// What all runs of these tasks are expected to take, in hours of one core; `null` if nothing is known of how long runs take.
    pub core_hours: Option<f64>,
    /// The cores of all tasks times the time that they ask for, in hours: what an account is charged at most.
    pub most_core_hours: f64,
    /// How many runs come later, in tasks that are packed by what these took.
    pub later: usize,
}

impl Bill {
    pub(super) fn of(engine: EngineKind, rules: &Rules, items: &[Item]) -> Self {
        let parcels = rules.pack(items, usize::MAX);
        let packed: usize = parcels.iter().map(|parcel| parcel.items.len()).sum();
        let predicted: f64 = parcels.iter().map(|parcel| parcel.predicted).sum();
        let asked: u64 = parcels.iter().map(|parcel| parcel.seconds).sum();
        Self {
            engine: engine.name(),
            tasks: parcels.len(),
            cores: rules.cores,
            seconds: (parcels.iter().map(|parcel| parcel.seconds).max()).unwrap_or_default(),
            memory_bytes: parcels.iter().filter_map(|parcel| parcel.memory).max(),
            core_hours: rules.is_anything_known().then_some(predicted / 3600.0),
            most_core_hours: f64::from(rules.cores) * asked as f64 / 3600.0,
            later: items.len() - packed,
        }
    }
}

/// `on slurm: 12 tasks of 16 cores, each for 45 min at most, with 4 GB; about 60 core hours, at most 144`.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = if self.tasks == 1 { "task" } else { "tasks" };
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let time = seconds(self.seconds as f64);
        write!(
            f,
            "on {}: {} {tasks} of {} {cores}, each for {time} at most, with ",
            self.engine, self.tasks, self.cores
        )?;
        match self.memory_bytes {
            Some(bytes) => write!(f, "{}", Size(bytes))?,
            None => f.write_str("the site's default of memory")?,
        }
        f.write_str("; ")?;
        if let Some(hours) = self.core_hours {
            write!(f, "about {} core hours, ", rounded(hours))?;
        }
        write!(f, "{} core hours asked for", rounded(self.most_core_hours))?;
        if self.later > 0 {
            let later = self.later;
            write!(
                f,
                "; they tell how to pack {later} further runs, of which nothing is known yet"
            )?;
        }
        Ok(())
    }
}

/// As many digits as tell something.
fn rounded(hours: f64) -> String {
    match hours {
        0.0..0.1 => format!("{hours:.2}"),
        0.0..10.0 => format!("{hours:.1}"),
        _ => format!("{hours:.0}"),
    }
}
