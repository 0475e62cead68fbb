//! What is looked at in a browser: one file with the facts of a study, the map and the curves of its catchments.
//!
//! | step | file |
//! |---|---|
//! | what all of it is made of | [`sources`] |
//! | what is told in words and tables | [`told`]: [`counts`], [`runs`], [`failures`], [`scenarios`] |
//! | what is drawn | [`map`], [`rivers`], [`mod@colours`], [`curves`], [`mod@gauges`], [`mod@changes`] |
//! | the bulk of it, which the facts refer to by name | [`mod@array`] |
//! | the document for a browser | [`html`] |
//!
//! [`Page`] is all of it, once: the document for a browser and the JSON for programs are made of the same. It is made of the store, the
//! project and the input alone: no time of making, no path and no number of cores is on it, so that the same state gives the same bytes.
//! It runs nothing and writes no file. Only [`crate::cli`] uses it.

pub(crate) mod array;
pub(crate) mod changes;
pub(crate) mod colours;
pub(crate) mod counts;
pub(crate) mod curves;
pub(crate) mod failures;
pub(crate) mod gather;
pub(crate) mod gauges;
pub(crate) mod html;
pub(crate) mod map;
mod rivers;
pub(crate) mod runs;
pub(crate) mod scenarios;
pub(crate) mod sources;
pub(crate) mod told;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use self::array::{Array, Arrays};
use self::changes::{Changes, changes, most_changed};
use self::colours::{Colour, colours};
use self::curves::Curves;
use self::gather::Gathered;
use self::gauges::{Gauge, gauges};
use self::map::Map;
use self::sources::Sources;
use self::told::Told;
use crate::data::scenario::ScenarioName;

/// The bytes that the levels of curves and the notes of them take in the facts, about.
const BYTES_OF_LEVELS: usize = 4_000;

/// A page.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Page {
    /// What is told in words and tables.
    #[serde(flatten)]
    pub told: Told,
    /// What is drawn.
    #[serde(flatten)]
    pub drawn: Drawn,
    /// The arrays to which the rest refers, by name.
    pub arrays: Arrays,
}

/// What scripts draw, and what it is called.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Drawn {
    /// What the study is called.
    pub title: String,
    /// What the numbers are of: `the last run (2026-03-01T09:12:44Z)`.
    pub now: String,
    /// What they are compared with, `tag "calibrated"`; `null` without a tag.
    pub since: Option<String>,
    /// The scenarios; a single one without a name where the project has none.
    pub scenarios: Vec<ScenarioName>,
    /// The variables of the product.
    pub variables: Vec<Variable>,
    /// The name of the array (texts) with the catchments' ids.
    pub ids: String,
    /// The name of the array (I32) with the place of the catchment downstream of each, -1 where there is none; `null` if the project has no such links.
    pub downstream: Option<String>,
    /// Where the catchments are.
    pub map: Option<Map>,
    /// What the map can be coloured by.
    pub colours: Vec<Colour>,
    /// The curves.
    pub curves: Curves,
    /// What was measured.
    pub gauges: Vec<Gauge>,
    /// What changed since the tag.
    pub changes: Vec<Changes>,
    /// What was thinned, left out or not placed, in sentences.
    pub notes: Vec<String>,
}

/// A variable of the product.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Variable {
    /// Its name.
    pub name: String,
    /// What it is, for people; `null` if nobody says.
    pub long_name: Option<String>,
    /// Its units, as UDUNITS writes them; `null` if nobody says.
    pub units: Option<String>,
}

impl Page {
    /// The page of these sources.
    pub(crate) fn of(sources: &Sources<'_>) -> Result<Self> {
        let mut arrays = Arrays::default();
        let ids = sources.catchments.iter().map(|id| id.as_str().to_owned());
        let ids = arrays.add("ids", Array::Text(ids.collect()));
        let mut notes = sources.notes();
        let downstream = rivers::downstream(sources, &mut arrays);
        let map = Map::of(sources, &mut arrays, &mut notes)?;
        let names = sources.scenarios.iter();
        let names = names.map(|scenario| scenario.loaded.project.scenario.name.clone());
        let mut gathered = Gathered::of(sources)?;
        notes.extend(gathered.notes.iter().cloned());
        let colours = colours(sources, &gathered.numbers, &mut arrays, &mut notes)?;
        let changes = changes(&colours, &arrays, &mut notes);
        gathered.look_closer(sources, &most_changed(&changes))?;
        let gauges = gauges(sources, &gathered, &mut arrays, &mut notes)?;
        let drawn = Drawn {
            title: sources.title.clone(),
            now: sources.now.title.to_owned(),
            since: sources.then.map(|then| then.title.to_owned()),
            scenarios: names.collect(),
            variables: gathered.variables().to_vec(),
            ids,
            downstream,
            map,
            colours,
            curves: Curves::default(),
            gauges,
            changes,
            notes,
        };
        let mut page = Self {
            told: Told::of(sources, &gathered, &drawn, &arrays)?,
            drawn,
            arrays,
        };
        // Curves get the room that all else leaves.
        let taken = html::document(&page)?.len() + BYTES_OF_LEVELS;
        let left = (sources.size.0 as usize).saturating_sub(taken);
        let Self { drawn, arrays, .. } = &mut page;
        drawn.curves = gathered.curves(left, arrays, &mut drawn.notes);
        Ok(page)
    }
}
