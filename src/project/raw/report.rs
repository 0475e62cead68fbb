//! `[report]` as it is written.

use serde::Deserialize;

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Report {
    pub shapes: Option<String>,
    pub id: Option<String>,
    pub layer: Option<String>,
    pub crs: Option<String>,
}
