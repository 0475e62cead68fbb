//! What a run has to do: what each catchment's simulator will receive, the key of that, and whether its result is there.
//!
//! Nothing is run and no product is written here. A project in its scenarios goes through the files in this order:
//!
//! | step | file |
//! |---|---|
//! | the input's catalog, and digests of its series that are not read again | [`input_index`], read by [`series`] |
//! | what a name means for a catchment: project file, tables and input joined | [`basin`] |
//! | what is the same for all catchments: templates, command, program, support files | [`recipe`], [`support`], [`deck`], [`environment`], [`file_digests`] |
//! | the key, and its parts as the next run can compare them | [`key`], [`problem`] where there is none |
//! | all of that put together | [`loaded`] |
//! | the keys of scenarios that have much in common, and the plan made of them with the store | [`side_by_side`], [`decide`], [`Plan`] |
//! | what the store knows of catchments' last runs | [`last_states`] |
//! | what simulators left that is kept and need not be made again | [`kept`] |
//! | what a product needs of it, and what it was at some time | [`product_needs`], [`position_names`], [`snapshot`] |
//! | when all of it may be skipped, what make has to know, what may not change meanwhile | [`fast_path`], [`dependencies`], [`depfile`], [`watch`], [`reads`] |
//!
//! It is used by [`crate::execute`], [`crate::product`], [`crate::history`], [`crate::report`] and [`crate::cli`]; it knows none of them.

pub(crate) mod basin;
pub(crate) mod decide;
pub(crate) mod deck;
pub(crate) mod dependencies;
pub(crate) mod depfile;
pub(crate) mod environment;
pub(crate) mod fast_path;
pub(crate) mod file_digests;
pub(crate) mod input_index;
pub(crate) mod kept;
pub(crate) mod key;
pub(crate) mod last_states;
pub(crate) mod loaded;
pub(crate) mod position_names;
pub(crate) mod problem;
pub(crate) mod product_needs;
pub(crate) mod reads;
pub(crate) mod recipe;
pub(crate) mod series;
pub(crate) mod side_by_side;
pub mod snapshot;
mod state;
pub(crate) mod support;
pub(crate) mod watch;

pub use self::state::{Counts, Entry, Found, Plan, Staleness, State, Unit, causes};
