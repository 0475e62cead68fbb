//! Options that several verbs have.

pub(crate) mod count;
pub(crate) mod given;
pub(crate) mod jobs;
pub(crate) mod max_rerun;
pub(crate) mod only;
pub(crate) mod place;
pub(crate) mod plot;
pub(crate) mod scenario;
pub(crate) mod sets;
