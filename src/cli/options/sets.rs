//! `--set NAME=VALUE`, `--samples FILE`: values that take the place of the project's.

use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::cli::exit::Usage;
use crate::cli::options::given;
use crate::project::overrides::{Overrides, ParameterSet};

/// What takes the place of the project's values.
#[derive(Args, Default)]
pub(crate) struct SetOptions {
    /// A value for a parameter in place of the project's, `k=0.013`; any number of times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A scenario of each row of a CSV or TOML file with values of parameters; - is CSV on standard input
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
}

impl SetOptions {
    /// Whether there are none.
    pub(crate) fn are_none(&self) -> bool {
        self.set.is_empty() && self.samples.is_none()
    }

    /// The file with samples, if they are in one that make could look at.
    pub(crate) fn file(&self) -> Option<&Path> {
        let samples = self.samples.as_deref();
        samples.filter(|path| !is_standard_input(path))
    }

    /// Reads them. What is on standard input can be read only once.
    pub(crate) fn overrides(&self) -> Result<Overrides> {
        let set = match self.set.is_empty() {
            true => None,
            false => {
                let set = ParameterSet::stated(&self.set);
                Some(set.map_err(|fault| Usage(format!("--set: {fault}")))?)
            }
        };
        let samples = self.samples.as_deref().map(read).transpose()?;
        Ok(Overrides::of(set, samples))
    }
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read(path: &Path) -> Result<Vec<ParameterSet>> {
    let fault = |error: anyhow::Error| Usage(format!("--samples {}: {error:#}", path.display()));
    let is_named = |extension: &str| {
        let own = path.extension().unwrap_or_default();
        own.eq_ignore_ascii_case(extension)
    };
    let bytes = match is_standard_input(path) {
        true => {
            let mut bytes = Vec::new();
            stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => given::read(path),
    };
    let bytes = bytes.map_err(|error| fault(error.into()))?;
    let samples = match is_named("toml") {
        true => String::from_utf8(bytes)
            .map_err(anyhow::Error::from)
            .and_then(|text| ParameterSet::of_toml(&text)),
        false => ParameterSet::of_table(&bytes, is_named("tsv")),
    };
    Ok(samples.map_err(fault)?)
}
