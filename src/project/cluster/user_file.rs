//! Where the user's own file about the cluster is: what belongs to a person and a site, such as an account, and not to a project.

use std::ffi::OsString;
use std::path::PathBuf;

use super::table::ClusterTable;
use crate::project::ProjectError;

/// Names another file; empty: there is none.
pub const VARIABLE: &str = "RERUNOFF_CLUSTER_FILE";

/// The file's place in the folder for configuration.
const PLACE: &str = "rerunoff/cluster.toml";

/// The user's own file and what it states; `None` if there is none. One that [`VARIABLE`] names must be there.
///
/// `environment` has the variables that say where it is.
pub fn read(
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<ClusterTable>, ProjectError> {
    if let Some(named) = environment(VARIABLE) {
        if named.is_empty() {
            return Ok(None);
        }
        let file = PathBuf::from(named);
        let table = ClusterTable::of_user(&file)?;
        return table.map(Some).ok_or_else(|| ProjectError {
            file,
            place: None,
            message: format!("is not there, and {VARIABLE} names it"),
        });
    }
    match default_place(environment) {
        Some(file) => ClusterTable::of_user(&file),
        None => Ok(None),
    }
}

/// Below `$XDG_CONFIG_HOME` if that is an absolute path, as it has to be, else below `~/.config`.
fn default_place(environment: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = environment(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let configuration =
        absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(configuration.join(PLACE))
}
