//! rerunoff reruns an external simulator over thousands of river catchments, and only over those whose inputs changed.
//!
//! This page is the project's design note: the words, the way the data goes, what always holds. Each file opens with
//! what it is for and what it does not know.
//!
//! # Words
//! | word | meaning |
//! |---|---|
//! | project | a folder with a `rerunoff.toml`; all relative paths start there |
//! | scenario | one set of parameters, templates and catchments among several in a project; without any there is one, unnamed |
//! | study | the project in each of its scenarios |
//! | catchment | the unit of work, in each scenario; its id is text and never trusted as a path |
//! | parameter | a scalar for the templates: global, or a catchment's own |
//! | series | a catchment's input columns over time |
//! | simulator | the external executable with its support files |
//! | basin | all catchments with their parameters and series columns: project file and input joined |
//! | recipe | all that is the same for every catchment: simulator, templates, command, environment, extraction |
//! | survey | what is known of the input without reading it again: its catalog and a digest of every series |
//! | key | BLAKE3 of all that determines one catchment's result |
//! | plan | for every catchment: fresh, or stale with a typed reason |
//! | trial | one catchment's run, retries included, and what came of it |
//! | result | the extracted output columns of one successful, validated run, stored under its key |
//! | store | the SQLite database under `cache/` |
//! | product | the output HDF5 file |
//! | moment | every scenario's catchments with their keys and status at some time: what a run left, or what a tag names |
//! | account | what a run did: causes, cost, the slowest, failures |
//!
//! # The way the data goes
//! ```text
//! rerunoff.toml ─▶ Study: a Project per scenario, and of each
//!                  Project ─┐
//! input.h5 ─▶ Catalog ──────┼─▶ Basin ─▶ Recipe ─▶ Rendered ─▶ Key ─▶ Plan ─▶ Job ─▶ Trial ─▶ Store ─▶ product
//! tables ─▶ parameters ─────┘                                    ▲
//!           Survey (digests of the series) ──────────────────────┘
//! ```
//! One direction, nothing points back. Only [`inputs`] reads HDF5, only [`netcdf`] writes it, only [`store`] knows SQL,
//! only [`process`] starts children. One owner of each mutable thing: a feeder thread owns the inputs, the main thread
//! owns store and progress, every worker its work directory. Plain scoped threads and bounded channels, so that memory
//! grows with none of the number of catchments, the length of a run or the speed of the simulator.
//!
//! | step | module |
//! |---|---|
//! | the project file with its scenarios, validated | [`project`], [`scenario`] |
//! | text tables made into an input file | [`import`] |
//! | input files and parameter tables | [`inputs`], [`tables`], [`foreign`], [`time_axis`] |
//! | what a name means for a catchment | [`basin`], [`parameters`], [`expr`], [`value`], [`catchment`] |
//! | what a simulator will see | [`recipe`], [`support`], [`exclusion`], [`watch`], [`template`], [`xml`], [`charset`], [`format`], [`series_table`] |
//! | what determines a result | [`key`], [`digest`], [`record`], [`survey`], [`file_digests`], [`stamp`] |
//! | what has to be done | [`session`], [`plan`] |
//! | running it | [`update`], [`run`], [`trial`], [`judge`], [`timeouts`], [`work`], [`workplace`], [`evidence`], [`process`], [`output`], [`outcome`] |
//! | fitting in | [`makeflags`], [`slots`], [`dependencies`], [`depfile`], [`settled`] |
//! | numbers on their way | [`decimal`], [`short_number`], [`pieces`], `planes`, `parallel` |
//! | keeping it | [`store`], [`codec`], [`cache`], [`lock`], [`filesystem`], [`file_limit`], [`regular`] |
//! | the file for what comes next | [`assembly`], [`product`], [`written`], [`netcdf`] |
//! | why it is so | [`why`], [`text_diff`], [`prediction`] |
//! | what was, and the way back | [`moment`], [`history`], [`account`], [`difference`], [`collection`], [`size`] |
//! | people | [`cli`], [`progress`], [`timings`], [`listing`], [`example`] |
//!
//! # What always holds
//! - A key covers what the simulator receives: rendered files, the series' bits with the layout of their table, every
//!   support file by name, content and executable bit, the program, its arguments, the stated environment, and what
//!   makes its output a result. Never a time stamp, a timeout, the number of workers, nor anything of the product.
//! - What an input file points to is input: linked and virtual sources are watched like it, and one that is gone is an error,
//!   never HDF5's fill values.
//! - The key is computed twice: for the plan, and by the worker from what it is about to write. If they differ, the
//!   input changed in between, and nothing is run or stored.
//! - A result is stored only when it passed every check that the project states. Limits (`min`, `max`) stay outside of
//!   the key; each stored column keeps its range, so a tightened limit makes exactly the offenders stale.
//! - Scenarios differ in what they give the simulator and in nothing else: keys know no scenario, so what several of them
//!   have in common is run once. The key, not the scenario, names a result; a state, an attempt and a row of a moment
//!   belong to a catchment in a scenario.
//! - Results are content-addressed and stay: going back to earlier parameters is a hit.
//! - What a moment names is never collected while a tag, a catchment or one of the last runs has it, and a moment whose
//!   results are not all what they were is an error, never a product with gaps.
//! - What explains a change (old texts, old series) is beside the results; nothing is wrong or rerun without it.
//! - A catchment that fails is data: it has a reason, evidence under `cache/failed/`, and a flag in the product. It has failed
//!   until a run of it goes well, whatever an earlier run of the same inputs gave.
//! - What a run tells is what it left: exit code, last line, JSON, `runs`, `log`, `status` and the product's flags have one
//!   source, the report of its trials and the plan looked at once more.
//! - The same results give the same bytes of product; if nothing changed, the file is not touched.
//! - A run is told without a plan that nothing is left to do only while everything that it rests on looks the same, to the
//!   stamp, as when a whole run found so: see [`settled`].
//! - Under `make -j` every simulator at work has a token of make's, and no token is held without one: see [`slots`].
//! - A support file that changes during a run ends it: looked at before every start and after every end.
//! - Each worker's simulators run under a guard, a process of its own that ends them and all they started when rerunoff
//!   ends, however it ends, and that keeps the project's lock until then: see [`process`].
//! - A sum over all upstream is missing where any part of it is: none is too small in silence.
//! - A product that does not look as it did when it was written is written anew: see [`written`].
//! - A simulator gets a fixed small environment and what the project states. What `make` exports never reaches it.
//!
//! # Where this differs from what one might expect
//! - Formulas are parsed here with a parser library and computed with `libm`, not with an expression crate: see [`expr`].
//! - Formats in templates are Python's, because that is what the users' templates come from: see [`format`].
//! - The digest of the time steps is part of every recipe, whether a template uses them or not: results are series over
//!   these steps.
//! - A program found outside of the support files (`python3`) is digested like one: a new version is a new recipe.

pub mod account;
pub mod assembly;
pub mod basin;
pub mod cache;
pub mod catchment;
pub mod charset;
pub mod cli;
pub mod codec;
pub mod collection;
pub mod decimal;
pub mod dependencies;
pub mod depfile;
pub mod difference;
pub mod digest;
pub mod environment;
pub mod evidence;
pub mod example;
pub mod exclusion;
pub mod expr;
pub mod file_digests;
pub mod file_limit;
pub mod filesystem;
pub mod folder;
pub mod foreign;
pub mod format;
pub mod heap;
pub mod history;
pub mod import;
pub mod inputs;
pub mod judge;
pub mod key;
pub mod listing;
pub mod lock;
pub mod makeflags;
pub mod moment;
pub mod names;
pub mod netcdf;
pub mod outcome;
pub mod output;
pub(crate) mod parallel;
pub mod parameters;
pub mod pieces;
pub mod plan;
pub(crate) mod planes;
pub mod prediction;
pub mod problem;
pub mod process;
pub mod product;
pub mod progress;
pub mod project;
pub mod recipe;
pub mod record;
pub mod regular;
pub mod run;
pub mod scenario;
pub mod series_table;
pub mod session;
pub mod settled;
pub mod shell;
pub mod short_number;
pub mod size;
pub mod slots;
pub mod stamp;
pub mod store;
pub mod support;
pub mod survey;
pub mod tables;
pub mod template;
pub mod text_diff;
pub mod time_axis;
pub mod timeouts;
pub mod timings;
pub mod traces;
pub mod trial;
pub mod update;
pub mod value;
pub mod watch;
pub mod why;
pub mod work;
pub mod workplace;
pub mod written;
pub mod xml;
