//! `[cluster]` as it is written, and a user's own file, which has the same fields.

use serde::Deserialize;

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Cluster {
    pub engine: Option<String>,
    pub cores: Option<usize>,
    pub task: Option<String>,
    pub max_time: Option<String>,
    pub max_queued: Option<usize>,
    #[serde(default)]
    pub options: Vec<String>,
    #[serde(default)]
    pub setup: Vec<String>,
    pub memory: Option<String>,
    pub scratch: Option<String>,
    pub on_interrupt: Option<String>,
    pub ask_every: Option<String>,
    pub submit: Option<String>,
    pub job: Option<String>,
    pub index: Option<String>,
    pub first: Option<u32>,
    pub alive: Option<String>,
    pub cancel: Option<String>,
}
