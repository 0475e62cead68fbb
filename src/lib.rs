//! rerunoff reruns an external simulator over thousands of river catchments, and only over those whose inputs changed.
//!
//! This page is the project's design note: the words, the house, the way the data goes, what always holds. Each wing's page says
//! what it is for, what it does not know and who may use it; each file opens likewise.
//!
//! # Words
//! | word | meaning |
//! |---|---|
//! | project | a folder with a `rerunoff.toml`; all relative paths start there |
//! | scenario | one set of parameters, templates and catchments among several in a project; without any there is one, unnamed |
//! | study | the project in each of its scenarios |
//! | set, sample | values that a call states in place of the project's; one of several such sets, each of which makes scenarios |
//! | catchment | the unit of work, in each scenario; its id is text and never trusted as a path |
//! | parameter | a scalar for the templates: global, or a catchment's own |
//! | series | a catchment's input columns over time |
//! | deck | a folder whose contents a simulator finds in its work directory, as copies |
//! | simulator | the external executable with its support files |
//! | basin | all catchments with their parameters and series columns: project file and input joined |
//! | recipe | all that is the same for every catchment: simulator, templates, command, environment, extraction |
//! | input index | what is known of the input without reading it again: its catalog and a digest of every series |
//! | key | BLAKE3 of all that determines one catchment's result |
//! | plan | for every catchment: fresh, or stale with a typed reason |
//! | order, trial | a run that is asked for; that run, retries included, with its result or its failure |
//! | result | the extracted output columns of one successful, validated run, stored under its key |
//! | store | the SQLite database under `cache/` |
//! | snapshot | every scenario's catchments with their keys and status at some time: what a run left, or what a tag names |
//! | account | what a run did: causes, cost, the slowest, failures |
//! | product | the output file, NetCDF-4 or PyTables |
//! | page | the one file for a browser, with facts, map and curves |
//! | gauge, objective | a catchment where something was measured; a number that says how well simulated values fit it |
//! | engine | the batch system of a cluster: Slurm, Grid Engine, another by its commands |
//! | package | the folder of frozen files, orders and results that head and tasks share |
//! | batch, task, array | the orders of one package that go together; an engine's job that carries them out; tasks submitted at once |
//! | segment | a file in which a task hands trials over, whole or not at all |
//! | head | the run that submits tasks and takes in what they publish |
//!
//! # The house
//! A wing may use the wings below it and none above; siblings in a folder form no circle. `tests/architecture/` holds that,
//! by file and line.
//!
//! | wing | what it is for |
//! |---|---|
//! | [`cli`] | the verbs, what they print, exit codes |
//! | [`page`] | what is looked at in a browser: the facts of a study, the curves and the map of them, the one file |
//! | [`report`] | why a catchment is fresh or stale |
//! | [`history`] | what runs did, what they will take, what may be deleted, how two snapshots differ |
//! | [`product`] | the file for what comes next, from a plan and the store's results |
//! | [`cluster`] | the orders carried out on other machines, by the engine that is there |
//! | [`execute`] | having orders carried out: the boundary, local threads behind it, trials into the store |
//! | [`plan`] | what determines each result, and what has to be run |
//! | [`import`] | the tables that people have, made into one input file; what was measured, read |
//! | [`project`] | `rerunoff.toml`, read and checked |
//! | [`example`] | what `rerunoff init` writes |
//! | [`shapes`] | where catchments are: polygons out of other people's files, cells and points |
//! | [`inputs`] | input files and parameter tables: the only reader of other people's HDF5 and NetCDF |
//! | [`language`] | what people write in a project: templates, formulas, series tables, formats |
//! | [`store`] | results and what is known of them: the only one to know SQL |
//! | [`netcdf`] | the only writer of HDF5 |
//! | [`system`] | processes, files, locks, threads, make's tokens: the only one to start processes |
//! | [`text`] | characters, digits, wording |
//! | [`data`] | catchment, scenario, value, time axis, digest |
//!
//! # The way the data goes
//! ```text
//! rerunoff.toml ─▶ Study: a Project per scenario, and of each
//!                  Project ─┐
//! input.h5 ─▶ Catalog ──────┼─▶ Basin ─▶ Recipe ─▶ Key ─▶ Plan ─▶ Order ─▶ Trial ─▶ Store ─▶ product
//! tables ─▶ parameters ─────┘                       ▲
//! input.h5 ─▶ series ─▶ InputIndex (digests) ───────┘
//! ```
//! On a cluster, orders go into batches and trials come back in segments: the same before and behind.
//!
//! One owner of each mutable thing: a feeder thread owns the inputs, the main thread owns store and progress, every worker its work
//! directory. Plain scoped threads and bounded channels, so that memory grows with none of the number of catchments, the length
//! of a run or the speed of the simulator.
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
//!   have in common is run once. The key, not the scenario, names a result; a state, an attempt and a row of a snapshot
//!   belong to a catchment in a scenario.
//! - Values that a call states give the keys that the same values in the project file give. What such a call only looks at is passing:
//!   it leaves results, and of what failed the last attempts, and no state, run or product.
//! - Results are content-addressed and stay: going back to earlier parameters is a hit.
//! - What a snapshot names is never collected while a tag, a catchment or one of the last runs has it, and a snapshot whose
//!   results are not all what they were is an error, never a product with gaps.
//! - What explains a change (old texts, old series) is beside the results; nothing is wrong or rerun without it.
//! - A catchment that fails is data: it has a reason, evidence under `cache/failed/`, and a flag in the product. It has failed
//!   until a run of it goes well, whatever an earlier run of the same inputs gave.
//! - What a run tells is what it left: exit code, last line, JSON, `runs`, `log`, `status` and the product's flags have one
//!   source, the report of its trials and the plan looked at once more.
//! - The same results give the same bytes of product, and the same state those of a page; if nothing changed, the file is not touched.
//! - A run is told without a plan that nothing is left to do only while everything that it rests on looks the same, to the
//!   stamp, as when a whole run found so: see [`plan::fast_path`].
//! - Under `make -j` every simulator at work has a token of make's, and no token is held without one; else callers on one project
//!   have no more simulators at work together than there are cores: see [`system::jobserver::slots`].
//! - A support file that changes during a run ends it: looked at before every start and after every end.
//! - Each worker's simulators run under a guard, a process of its own that ends them and all they started when rerunoff
//!   ends, however it ends, and that keeps its work folders its own until then: see [`system::process`].
//! - Several processes may be at work on one project: what two want is run once, by whoever claims it first; who removes results is
//!   alone: see [`execute::local::turns`] and [`store::cache_folder`].
//! - A cluster gives the bytes that one machine gives. Of it, only the head opens the store; what a task has published is taken in
//!   once, whoever dies in between; no lock and no scheduler's word is relied on: see [`cluster`].
//! - What is the machine's trouble is no catchment's failure: a full disk, want of memory, the end of a batch system's job.
//! - A sum over all upstream is missing where any part of it is: none is too small in silence.
//! - A product that does not look as it did when it was written is written anew: see [`product::on_disk`].
//! - A simulator reads and writes what its project lets it, and the kernel holds that: see [`system::process::fence`]. What it reads where it
//!   is (`reads`) is in the key, and no result is stored after it changed.
//! - A simulator gets a fixed small environment and what the project states. What `make` exports never reaches it.
//!
//! # Where this differs from what one might expect
//! - Formulas are parsed here with a parser library and computed with `libm`, not with an expression crate: see [`language::formula`].
//! - Formats in templates are Python's, because that is what the users' templates come from: see [`language::format`].
//! - The digest of the time steps is part of every recipe, whether a template uses them or not: results are series over
//!   these steps.
//! - No key knows the processor, although two may differ in the last bits: else a laptop would rerun what a cluster made. Results
//!   know their machines, and `same_processor` puts the class into the key for who needs it.
//! - Tasks do not connect to the head, as those of most others do. They publish files: a head need not live, and no port is open.
//! - A program found outside of the support files (`python3`) is digested like one: a new version is a new recipe.

pub mod cli;
pub mod cluster;
pub mod data;
pub mod example;
pub mod execute;
pub(crate) mod history;
pub mod import;
pub mod inputs;
pub mod language;
pub mod netcdf;
pub(crate) mod page;
pub mod plan;
pub mod product;
pub mod project;
pub(crate) mod report;
pub(crate) mod shapes;
pub(crate) mod store;
pub mod system;
pub mod text;
