//! `rerunoff run --at`: the products of a tag, made again.

use std::io::{Write, stdout};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::Arguments;
use crate::cli::document::Products;
use crate::cli::exit::Exit;
use crate::cli::named_snapshot::{Named, named};
use crate::cli::open::ProjectPlace;
use crate::cli::options::jobs::cores;
use crate::cli::terminal::{print_document, say};
use crate::product::{self, AssembleOptions, AssembledProduct, Beginning};
use crate::system::process::Interrupt;
use crate::system::progress::duration;

/// The products of a tag made again, with `--at`.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Restored<'a> {
    /// The tag.
    at: &'a str,
    /// How many catchments have a result in it, counted in each scenario.
    results: usize,
    /// How many have none.
    missing: usize,
    /// The whole time.
    seconds: f64,
    #[serde(flatten)]
    products: Products,
}

/// Makes the products of a tag again, without running anything or reading the input.
pub(super) fn restore(place: &ProjectPlace, name: &str, arguments: &Arguments) -> Result<Exit> {
    let started = Instant::now();
    let opened = place.open()?;
    let (_lock, mut store) = opened.store_alone(arguments.wait)?;
    let Named {
        title, snapshot, ..
    } = named(&store, Some(name), 0)?;
    let interrupt = Interrupt::new().context("can't prepare for signals")?;
    let products = opened.study.products();
    let beginning = Beginning::of(SystemTime::now(), &products, &store)?;
    let options = AssembleOptions {
        beginning: &beginning,
        workers: cores(None),
        interrupt: &interrupt,
        quiet: arguments.quiet || arguments.json,
    };
    let products = product::restore(&opened.study, &mut store, &snapshot, &options);
    let products = products.context(title.clone())?;
    (products.iter().filter_map(AssembledProduct::note)).for_each(|note| say(&note));
    if arguments.json {
        print_document(&Restored {
            at: name,
            results: snapshot.results(),
            missing: snapshot.catchments() - snapshot.results(),
            seconds: started.elapsed().as_secs_f64(),
            products: Products::of(&products),
        })?;
        return Ok(Exit::Fine);
    }
    let missing = match snapshot.catchments() - snapshot.results() {
        0 => String::new(),
        missing => format!(", {missing} missing"),
    };
    let (results, took) = (snapshot.results(), duration(started.elapsed()));
    let mut out = stdout();
    write!(out, "{title}: {results} results, 0 run{missing} in {took}").ok();
    for product in products {
        write!(out, "; {} {}", product.path.display(), product.state).ok();
    }
    writeln!(out).ok();
    Ok(Exit::Fine)
}
