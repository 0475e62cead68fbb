//! The script that an engine starts for each task of an array.
//!
//! It does what only a shell on the node can: it finds the task's place in the array in the engine's variables, sends what is printed to
//! the package's log, makes what `setup` says, and becomes `rerunoff work`. Since it is that by `exec`, the signals that an engine sends to a
//! job's first process reach rerunoff.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch, job_name};
use crate::cluster::package::Package;
use crate::cluster::package::manifest::Manifest;
use crate::project::cluster::{ClusterSpec, EngineKind};
use crate::text::shell;

/// The variables in which batch systems tell a job's id, for an engine whose commands the project states. Where none of them is set,
/// the job's name stands for it: no other submission has the same.
const JOBS: [&str; 7] = [
    "SLURM_ARRAY_JOB_ID",
    "PBS_ARRAY_ID",
    "PBS_JOBID",
    "LSB_JOBID",
    "JOB_ID",
    "FLUX_JOB_ID",
    "HQ_JOB_ID",
];

/// The script for an array, the first task of which has the batch `first`.
///
/// # Errors
/// A path that is no text cannot be written in a script.
pub fn job_script(
    package: &Package,
    manifest: &Manifest,
    array: ArrayNumber,
    epoch: Epoch,
    first: BatchNumber,
) -> Result<String> {
    let spec = &manifest.spec;
    let name = job_name(&manifest.id, array, epoch);
    let place = place(spec, &name);
    let log = quoted(&package.logs().join(format!("{array}.{epoch}-")))?;
    let root = quoted(&manifest.root)?;
    let mut script = match spec.setup.is_empty() {
        true => "#!/bin/sh\n".to_owned(),
        // `module` and the like are functions of bash that a site makes there.
        false => "#!/bin/bash\n".to_owned(),
    };
    let _ = write!(
        script,
        "# One task of {name}.\n{place}exec >>{log}\"$index\" 2>&1\ncd {root} || exit\n"
    );
    if !spec.setup.is_empty() {
        script.push_str("if [ -r /etc/profile ]; then . /etc/profile; fi\n");
    }
    for line in &spec.setup {
        let _ = writeln!(script, "{line}");
    }
    for (name, value) in &manifest.passed {
        let _ = writeln!(script, "export {name}={}", shell::word(value));
    }
    let (binary, folder) = (quoted(&package.binary())?, quoted(package.folder())?);
    let _ = write!(
        script,
        "exec {binary} work {folder} --array {array} --epoch {epoch} --first {first} --job \"$job\" --index \"$index\" --restart \"$restart\""
    );
    if let Some(scratch) = &spec.scratch {
        // The shell fills in its variables; that nothing else is in it was checked when it was read.
        let _ = write!(script, " --scratch \"{scratch}\"");
    }
    script.push('\n');
    Ok(script)
}

/// Lines that set `job`, `index`, from 0, and `restart`, how often the task was started before.
fn place(spec: &ClusterSpec, name: &str) -> String {
    let lines = |job: &str, index: &str, restart: &str| {
        format!("job={job}\nindex={index}\nrestart={restart}\n")
    };
    match (spec.engine, &spec.templates) {
        (EngineKind::Slurm, _) => lines(
            "${SLURM_ARRAY_JOB_ID:?}",
            "${SLURM_ARRAY_TASK_ID:?}",
            "${SLURM_RESTART_COUNT:-0}",
        ),
        (EngineKind::GridEngine, _) => lines(
            "${JOB_ID:?}",
            "$((${SGE_TASK_ID:?} - 1))",
            "${RESTARTED:-0}",
        ),
        (EngineKind::Command, Some(templates)) => {
            let job = JOBS.iter().rev().fold(name.to_owned(), |else_, variable| {
                format!("${{{variable}:-{else_}}}")
            });
            let index = match &templates.index {
                Some(variable) => format!("$((${{{variable}:?}} - {}))", templates.first),
                None => "0".to_owned(),
            };
            lines(&job, &index, "0")
        }
        (EngineKind::Local | EngineKind::Command, _) => {
            lines("${RERUNOFF_JOB:?}", "${RERUNOFF_INDEX:?}", "0")
        }
    }
}

/// A path as a word of the script.
fn quoted(path: &Path) -> Result<String> {
    ensure!(
        path.to_str().is_some(),
        "{} can't be written in a job's script: its name is no text; rename the folder",
        path.display()
    );
    Ok(shell::word(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;
    use crate::cluster::ids::PackageId;
    use crate::cluster::package::manifest::Purpose;
    use crate::project::cluster::EngineTemplates;
    use crate::project::cluster::command_line::CommandLine;
    use crate::project::overrides::Overrides;

    fn manifest(root: PathBuf, spec: ClusterSpec) -> Manifest {
        Manifest {
            head: crate::data::machine::Machine::default(),
            id: PackageId::random(),
            created: 0,
            purpose: Purpose::Run,
            spec,
            root,
            text: String::new(),
            scenarios: BTreeMap::new(),
            recipes: Vec::new(),
            files: Vec::new(),
            passed: vec![("PASSED".to_owned(), "it's $HOME\n`two`".to_owned())],
            causes: Vec::new(),
            overrides: Overrides::None,
        }
    }

    fn script(spec: ClusterSpec) -> String {
        let package = Package::at(PathBuf::from("/a package"));
        let manifest = manifest(PathBuf::from("/"), spec);
        let (array, epoch, first) = (ArrayNumber(1), Epoch(2), BatchNumber(3));
        job_script(&package, &manifest, array, epoch, first).expect("a script")
    }

    #[test]
    fn a_shell_makes_of_it_what_is_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("it's a root");
        let package = Package::at(root.join("package"));
        fs::create_dir_all(package.logs()).expect("a folder");
        let binary = "#!/bin/sh\npwd\nprintf '%s|' \"$@\" \"$PASSED\" \"$SET_UP\"\n";
        fs::write(package.binary(), binary).expect("a program");
        fs::set_permissions(package.binary(), fs::Permissions::from_mode(0o755)).expect("so");
        let mut spec = ClusterSpec::plain(EngineKind::Slurm);
        spec.engine = EngineKind::Local;
        spec.setup = vec!["export SET_UP=\"$(basename \"$PWD\")\"".to_owned()];
        spec.scratch = Some("$RERUNOFF_JOB/x".to_owned());
        let manifest = manifest(root.clone(), spec);
        let (array, epoch, first) = (ArrayNumber(1), Epoch(2), BatchNumber(3));
        let text = job_script(&package, &manifest, array, epoch, first).expect("a script");
        fs::write(folder.path().join("script"), text).expect("a script");
        let script = folder.path().join("script").display().to_string();
        let order = [
            "env".to_owned(),
            "RERUNOFF_JOB=17 a".to_owned(),
            "RERUNOFF_INDEX=4".to_owned(),
            "bash".to_owned(),
            script,
        ];
        let scheduler = crate::cluster::engine::scheduler::Scheduler {
            root: folder.path().to_owned(),
            without: &[],
        };
        let limit = crate::cluster::engine::scheduler::QUESTION;
        let printed = scheduler.listing(&order, limit).expect("it runs");
        assert_eq!(printed, "");
        let log = fs::read_to_string(package.log(array, epoch, 4)).expect("a log");
        let root = root.display();
        assert_eq!(
            log,
            format!(
                "{root}\nwork|{root}/package|--array|1|--epoch|2|--first|3|--job|17 a|--index|4|--restart|0|--scratch|17 a/x|\
                 it's $HOME\n`two`|it's a root|"
            )
        );
    }

    #[test]
    fn each_engine_tells_job_and_index_in_its_own_way() {
        let mut spec = ClusterSpec::plain(EngineKind::Slurm);
        let slurm = script(spec.clone());
        assert!(slurm.starts_with("#!/bin/sh\n") && !slurm.contains("/etc/profile"));
        assert!(
            slurm.contains("\nindex=${SLURM_ARRAY_TASK_ID:?}\nrestart=${SLURM_RESTART_COUNT:-0}\n")
        );
        spec.engine = EngineKind::GridEngine;
        spec.setup = vec!["module load x".to_owned()];
        let grid_engine = script(spec.clone());
        assert!(grid_engine.starts_with("#!/bin/bash\n") && grid_engine.contains("/etc/profile"));
        assert!(grid_engine.contains("\nindex=$((${SGE_TASK_ID:?} - 1))\n"));
        spec.engine = EngineKind::Command;
        let line = |text: &str| CommandLine::new(text).expect("a command line");
        spec.templates = Some(EngineTemplates {
            submit: line("qsub {script}"),
            job: "(x)".to_owned(),
            index: Some("PBS_ARRAY_INDEX".to_owned()),
            first: 7,
            alive: line("qstat"),
            cancel: line("qdel {jobs}"),
        });
        let other = script(spec);
        assert!(
            other.contains("\nindex=$((${PBS_ARRAY_INDEX:?} - 7))\n"),
            "{other}"
        );
        assert!(other.contains("${HQ_JOB_ID:-rr-"), "{other}");
    }
}
