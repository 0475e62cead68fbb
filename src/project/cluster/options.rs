//! The options that a user may not hand to an engine, because rerunoff states them itself. Engines rely on this and do not look again.
//!
//! Which value rerunoff gives them is known to [`crate::cluster`] alone.

use super::EngineKind;
use super::table::ClusterTable;
use crate::project::ProjectError;

const ARRAY: &str =
    "rerunoff makes the arrays itself; `max_queued` says how many tasks are in the queue at once";
const NAME: &str = "rerunoff finds its jobs again by their names";
const TIME: &str =
    "rerunoff asks for what each batch takes; `task` says how much that is, `max_time` the most";
const OUTPUT: &str = "what a task prints goes into the log that rerunoff keeps of it";
const CORES: &str =
    "a task is one process on one node; `cores` says how many simulators it runs at once";
const MEMORY: &str = "`memory` says how much a task asks for";
const ENVIRONMENT: &str = "nothing of your environment goes to the nodes, so that results do not depend on it; `setup` has lines for them, `pass_env` under [simulator] hands variables on";
const ANSWER: &str = "rerunoff reads the answer of the command, and does not wait in it";
const CLUSTER: &str =
    "the tasks go where the commands here lead; start rerunoff on a login node of that cluster";
const FOLDER: &str = "the script goes where it has to be, whatever folder it is started in";
const RESTART: &str = "rerunoff asks for tasks of dead nodes to be started anew";
const SCRIPT: &str = "rerunoff writes the script that a task runs";

/// Long options may be cut short where that is unambiguous, short ones have their values behind them: `-t10`.
const SLURM: [(&[&str], &str); 11] = [
    (&["--array", "-a"], ARRAY),
    (&["--job-name", "-J"], NAME),
    (&["--time", "-t"], TIME),
    (
        &["--output", "-o", "--error", "-e", "--input", "-i"],
        OUTPUT,
    ),
    (
        &[
            "--cpus-per-task",
            "-c",
            "--ntasks",
            "-n",
            "--nodes",
            "-N",
            "--ntasks-per-node",
        ],
        CORES,
    ),
    (&["--mem"], MEMORY),
    (
        &["--export", "--export-file", "--get-user-env"],
        ENVIRONMENT,
    ),
    (&["--parsable", "--wait", "-W", "--test-only"], ANSWER),
    (&["--clusters", "-M"], CLUSTER),
    (&["--chdir", "-D"], FOLDER),
    (&["--wrap"], SCRIPT),
];

/// Words of their own, with their values behind them.
const GRID_ENGINE: [(&[&str], &str); 8] = [
    (&["-t"], ARRAY),
    (&["-N"], NAME),
    (&["-o", "-e", "-j", "-i"], OUTPUT),
    (&["-V", "-v"], ENVIRONMENT),
    (&["-terse", "-sync", "-now", "-verify"], ANSWER),
    (&["-wd", "-cwd"], FOLDER),
    (&["-r"], RESTART),
    (&["-b", "-S", "-@"], SCRIPT),
];

/// Resources that Grid Engine is asked for with `-l`.
const RESOURCES: [(&[&str], &str); 1] = [(&["h_rt", "s_rt"], TIME)];

/// Refuses what rerunoff states itself, at the option's line.
pub(super) fn check(table: &ClusterTable, engine: EngineKind) -> Result<(), ProjectError> {
    for (i, option) in table.options.iter().enumerate() {
        let refused = match engine {
            EngineKind::Slurm => of_slurm(option),
            EngineKind::GridEngine => {
                let after = (i.checked_sub(1)).map(|before| table.options[before].as_str());
                of_grid_engine(option, after == Some("-l"))
            }
            EngineKind::Command => None,
            EngineKind::Local => {
                Some("engine = \"local\" starts processes here, and no command takes options")
            }
        };
        if let Some(why) = refused {
            return Err(table.error(
                &format!("options.{i}"),
                format!("{option:?} can't be given: {why}"),
            ));
        }
    }
    Ok(())
}

fn of_slurm(option: &str) -> Option<&'static str> {
    let name = option.split('=').next().unwrap_or_default();
    let is_meant = |known: &str| match known.starts_with("--") {
        true => name.len() > 2 && known.starts_with(name),
        false => !name.starts_with("--") && name.starts_with(known),
    };
    find(&SLURM, is_meant)
}

fn of_grid_engine(option: &str, is_resource: bool) -> Option<&'static str> {
    if is_resource {
        let mut names = option.split(',').filter_map(|one| one.split('=').next());
        return names.find_map(|name| find(&RESOURCES, |known| name == known));
    }
    find(&GRID_ENGINE, |known| option == known)
}

fn find(list: &[(&[&str], &'static str)], is_meant: impl Fn(&str) -> bool) -> Option<&'static str> {
    let found = list
        .iter()
        .find(|(names, _)| names.iter().any(|name| is_meant(name)));
    found.map(|(_, why)| *why)
}
