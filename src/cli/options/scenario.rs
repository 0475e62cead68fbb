//! `--scenario NAME,…`: the scenarios that the user names.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;

use crate::cli::exit::Usage;
use crate::data::scenario::ScenarioName;
use crate::project::Study;
use crate::text::wording::{self, Quotes, first_few};

/// Which scenarios are meant.
#[derive(Args)]
pub(crate) struct ScenarioOption {
    /// Only these scenarios, comma-separated; * stands for any text
    #[arg(id = "scenario", long = "scenario", value_name = "NAME,…")]
    names: Option<String>,
}

impl ScenarioOption {
    /// Whether all are meant.
    pub(crate) fn are_all(&self) -> bool {
        self.names.is_none()
    }

    /// Their places in the study, all of them where none is named.
    pub(crate) fn of(&self, study: &Study) -> Result<Vec<usize>> {
        let names: Vec<&ScenarioName> = study.names().collect();
        let mut chosen = BTreeSet::new();
        let Some(patterns) = &self.names else {
            return Ok((0..names.len()).collect());
        };
        if !study.is_named() {
            return Err(Usage("--scenario: the project has no scenarios".to_owned()).into());
        }
        for pattern in patterns.split(',') {
            let places = (0..names.len()).filter(|at| names[*at].matches(pattern));
            let before = chosen.len();
            chosen.extend(places);
            if chosen.len() == before && !names.iter().any(|name| name.matches(pattern)) {
                return Err(Usage(format!("--scenario: {}", unknown(pattern, &names))).into());
            }
        }
        Ok(chosen.into_iter().collect())
    }

    /// The place of the scenario meant, which must be a single one.
    pub(crate) fn only(&self, study: &Study) -> Result<usize> {
        let chosen = self.of(study)?;
        match chosen.as_slice() {
            [only] => Ok(*only),
            _ => {
                let names: Vec<&ScenarioName> = study.names().collect();
                let message = format!(
                    "this is about one scenario; name it with --scenario: {}",
                    first_few(&names)
                );
                Err(Usage(message).into())
            }
        }
    }
}

/// The place of the scenario of this name; the first where none is named.
pub(crate) fn place_of(study: &Study, wanted: Option<&str>) -> Result<usize> {
    let Some(wanted) = wanted else {
        return Ok(0);
    };
    let names: Vec<&ScenarioName> = study.names().collect();
    let found = names.iter().position(|name| name.as_str() == wanted);
    Ok(found.ok_or_else(|| Usage(format!("--scenario: {}", unknown(wanted, &names))))?)
}

/// The message for an unknown scenario, with the one that was probably meant.
fn unknown(name: &str, known: &[&ScenarioName]) -> String {
    let names = known.iter().map(|name| name.as_str());
    let hint = wording::hint(name, names, Quotes::Double)
        .unwrap_or_else(|| format!("; there are {}", first_few(known)));
    format!("there is no scenario {name:?}{hint}")
}
