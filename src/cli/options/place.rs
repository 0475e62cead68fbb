//! `--local`, `--on ENGINE`: where simulators are run, out of the project file, the user's own file and the command line.

use clap::Args;

use crate::project::cluster::merge::Stated;
use crate::project::cluster::{ClusterSpec, EngineKind, user_file};
use crate::project::{ProjectError, Study};

/// Where simulators are run.
#[derive(Debug, PartialEq)]
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// On others, or on this one as if it were another.
    Cluster(Box<ClusterSpec>),
}

/// Where the user wants them to be run.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct PlaceOptions {
    #[arg(
        long,
        conflicts_with = "on",
        help = "The simulators are run on this machine, whatever [cluster] says"
    )]
    local: bool,
    /// The engine that runs the simulators: slurm, gridengine, command or local
    #[arg(long, value_name = "ENGINE")]
    on: Option<EngineKind>,
}

impl PlaceOptions {
    /// Where that is: by `[cluster]` unless the options say otherwise. Only a cluster has the user's own file read.
    pub(crate) fn place(self, study: &Study) -> Result<Place, ProjectError> {
        let is_asked_for = self.on.is_some() || study.cluster.is_some();
        match is_asked_for && !self.local {
            true => Ok(Place::Cluster(Box::new(on(study, self.on)?))),
            false => Ok(Place::Here),
        }
    }
}

/// The cluster of the project and the user, by this engine if one is named.
pub(crate) fn on(study: &Study, engine: Option<EngineKind>) -> Result<ClusterSpec, ProjectError> {
    let user = user_file::read(&|name| std::env::var_os(name))?;
    let stated = Stated {
        file: &study.common().file,
        project: study.cluster.as_ref(),
        user: user.as_ref(),
        on: engine,
    };
    stated.spec()
}
