//! `rerunoff report`: one file to look at in a browser, with all that the last run left; nothing is run, and nothing else written.

use std::fmt;
use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::exit::{Exit, Usage};
use super::named_snapshot::{Named, left_or_planned, named};
use super::open::ProjectPlace;
use super::options::jobs::cores;
use super::options::only;
use super::options::scenario::ScenarioOption;
use super::terminal::{print_long_document, say};
use super::wanted::wanted;
use crate::data::size::Size;
use crate::execute::parts::{Parts, kept};
use crate::history::account::Account;
use crate::history::prediction::Prediction;
use crate::page::Page;
use crate::page::html::{self, BEGINNING};
use crate::page::sources::{Side, Sources};
use crate::plan::Plan;
use crate::plan::loaded::LoadedStudy;
use crate::store::Store;
use crate::system::regular;
use crate::system::whole_file;

#[derive(Args)]
pub(super) struct Arguments {
    /// The file
    #[arg(value_name = "FILE", default_value = "report.html")]
    file: PathBuf,
    /// Compare with this tag
    #[arg(long, value_name = "TAG")]
    since: Option<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Only these catchments, comma-separated, or those in a file, one a line
    #[arg(long, value_name = "ID,…|@FILE")]
    only: Option<String>,
    /// The most megabytes that the file may have: curves are thinned until it fits
    #[arg(long, value_name = "MB", default_value_t = 5.0, value_parser = megabytes)]
    size: f64,
    /// What would be on it as one JSON document; no file is written
    #[arg(long, conflicts_with = "file")]
    pub(super) json: bool,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

/// A number of megabytes that a page can have.
fn megabytes(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let fits = number.filter(|number| (0.5..=1000.0).contains(number));
    fits.ok_or_else(|| "must be a number from 0.5 to 1000".to_owned())
}

pub(super) fn report(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let study = &opened.study;
    let chosen = arguments.scenarios.of(study)?;
    let store = (opened.store_to_read()?).context(
        "nothing has been run yet, so there is nothing to look at; `rerunoff run` first",
    )?;
    let quiet = arguments.quiet || arguments.json;
    let loaded_study = opened.load(Some(&store), false, quiet)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let now = left_or_planned(&store, &loaded_study.list, &plans)?;
    let then = (arguments.since.as_deref())
        .map(|tag| named(&store, Some(tag), 0))
        .transpose()?;
    let (loaded_study, plans) = loaded_study.chosen(plans, &chosen);
    let prediction = prediction(&store, &loaded_study, &plans, arguments.only.as_deref())?;
    let list: Vec<_> = loaded_study.list.iter().collect();
    let only = (arguments.only.as_deref())
        .map(|only| only::chosen(&list, "--only", only))
        .transpose()?;
    let catchments = Sources::catchments(&loaded_study.list, only.as_ref());
    let (now, then) = (side(&now), then.as_ref().map(side));
    let scenarios = Sources::scenarios(&loaded_study.list, &plans, now, then, &catchments);
    let page = Page::of(&Sources {
        // A folder's name would be other bytes elsewhere.
        title: (study.title.clone()).unwrap_or_else(|| "rerunoff report".to_owned()),
        spec: &study.report,
        store: &store,
        cache: opened.cache.folder(),
        now,
        then,
        scenarios,
        catchments,
        prediction,
        size: Size((arguments.size * 1e6) as u64),
        threads: cores(None),
        quiet,
    })?;
    if arguments.json {
        print_long_document(&page)?;
        return Ok(Exit::Fine);
    }
    let text = html::document(&page)?;
    let written = bring_up_to_date(&arguments.file, text.as_bytes())?;
    if !arguments.quiet {
        let (file, size) = (arguments.file.display(), Size(text.len() as u64));
        writeln!(stdout(), "{file}: {written}, {size}").ok();
        if text.len() as f64 > arguments.size * 1e6 {
            say(
                "note: what a report has of each catchment, scenario and gauge takes more than --size; `--only` and `--scenario` choose some",
            );
        }
    }
    Ok(Exit::Fine)
}

/// How long what is stale will take with as many simulators at once as the last run had: not as many as this machine has cores, so that
/// the page is the same wherever it is made.
fn prediction(
    store: &Store,
    loaded_study: &LoadedStudy<'_>,
    plans: &[Plan],
    only: Option<&str>,
) -> Result<Option<Prediction>> {
    let last = Account::latest(store)?;
    let Some(workers) = last.map(|last| last.workers).filter(|workers| *workers > 0) else {
        return Ok(None);
    };
    let all: Vec<usize> = (0..plans.len()).collect();
    let wanted = wanted(loaded_study, plans, &all, only, false)?;
    let parts = Parts::of(&wanted, kept(plans, &wanted));
    Prediction::of(store, loaded_study, parts.to_run.units(), workers)
}

fn side(named: &Named) -> Side<'_> {
    Side {
        title: &named.title,
        snapshot: &named.snapshot,
    }
}

/// What was done about the file.
#[derive(Clone, Copy)]
enum Written {
    Written,
    Unchanged,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
        })
    }
}

/// Puts these bytes into the file, unless it has them. A file that is no page is left alone.
fn bring_up_to_date(file: &Path, bytes: &[u8]) -> Result<Written> {
    let context = || format!("can't write {}", file.display());
    match regular::read(file) {
        Ok(there) if there == bytes => return Ok(Written::Unchanged),
        Ok(there) if there.is_empty() || there.starts_with(BEGINNING.as_bytes()) => {}
        Ok(_) => {
            let message = format!(
                "{} is no report, so it is not replaced; name another file, or remove it",
                file.display()
            );
            return Err(Usage(message).into());
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(context),
    }
    whole_file::write(file, bytes).with_context(context)?;
    Ok(Written::Written)
}
