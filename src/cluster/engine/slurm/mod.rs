//! Slurm: `sbatch`, `squeue`, `scancel`, and `scontrol` and `sinfo` for what a site allows.
//!
//! What was found with a real one, and is why this is as it is:
//! - `sbatch` may fail and have submitted (the controller stood still while it answered), and may hang for minutes (a full queue: it
//!   tries again by itself). So it has a time limit, and only what the controller said about the request itself proves a refusal.
//! - A job that was accepted can be forgotten by a controller that is killed soon after, and then job ids begin again where they were. So
//!   jobs are asked for by name, which no other ever has, and an id counts only together with its name, most of all when jobs are ended.
//! - `squeue` without `-r` prints the waiting tasks of an array as one line, cut short where it gets long; with it every task has its own.
//!   Without states named it is not said to list suspended tasks: it is asked for all, and those that ended are left out here.
//! - A submission that was refused may leave a record as of a job that failed, with the name that it was to have.
//! - People set `SQUEUE_STATES`, `SQUEUE_FORMAT` and the like to have lists look as they want them; the commands here do not get them.
//! - The controller may take a request that no node can ever fulfil, and leave it waiting: see [`Engine::incurable`].
//!
//! Tasks are submitted with `--requeue`: if a node dies, Slurm itself starts its tasks elsewhere, also while no head is there to see it.
//! It is the same job then, so the claim of its batch lets it in again; and should the node only have hung and go on, there are two attempts
//! whose segments have different names. Slurm holds a task that is requeued too often, and that is told. Who does not want it
//! says `--no-requeue` in `options`; a task that is lost then is planned again by the head.

mod answers;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::scheduler::{
    ACTION, Listed, QUESTION, Scheduler, failure, ids_there, names, option, presence, words,
};
use super::{Engine, EngineLimits, Presence, Submission, Submitted};
use crate::project::cluster::{ClusterSpec, MemoryRequest};

/// Slurm, with the options that a project states.
#[derive(Debug)]
pub(super) struct Slurm {
    scheduler: Scheduler,
    spec: ClusterSpec,
}

impl Slurm {
    pub(super) fn new(spec: &ClusterSpec, root: &Path) -> Self {
        Self {
            scheduler: Scheduler {
                root: root.to_owned(),
                without: &[
                    "SQUEUE_",
                    "SCANCEL_",
                    "SINFO_",
                    "SBATCH_WAIT",
                    "SBATCH_CLUSTERS",
                    "SLURM_CLUSTERS",
                ],
            },
            spec: spec.clone(),
        }
    }

    /// The user's options, and after them, so that they win, those that hold for every task.
    fn request(&self, minutes: u64, memory: Option<u64>, cores: u32) -> Vec<String> {
        let mut request = self.spec.options.clone();
        request.extend(words(&["--nodes=1", "--ntasks=1", "--export=NONE"]));
        request.push(format!("--cpus-per-task={cores}"));
        request.push(format!("--time={minutes}"));
        // Slurm takes one statement of memory, and a project's own is the one it means.
        let is_stated = request.iter().any(|option| option.starts_with("--mem"));
        if let Some(memory) = memory.filter(|_| !is_stated) {
            request.push(format!("--mem={}M", memory.div_ceil(1 << 20)));
        }
        request
    }

    /// The command that submits.
    fn sbatch(&self, submission: &Submission<'_>) -> Vec<String> {
        let mut sbatch = words(&["sbatch", "--parsable"]);
        let minutes = submission.seconds.div_ceil(60).max(1);
        sbatch.extend(self.request(minutes, submission.memory, submission.cores));
        sbatch.push(format!("--array=0-{}", submission.tasks.saturating_sub(1)));
        sbatch.push(format!("--job-name={}", submission.name));
        // The script itself sends what is printed where it belongs.
        sbatch.extend(words(&["--output=/dev/null", "--error=/dev/null"]));
        // A folder that each node has; the script goes where it has to be.
        sbatch.push("--chdir=/".to_owned());
        if !(self.spec.options.iter()).any(|option| option == "--no-requeue") {
            sbatch.push("--requeue".to_owned());
        }
        if !submission.exclude.is_empty() {
            let own = option(&self.spec.options, "--exclude", "-x").map(str::to_owned);
            let nodes = own.iter().chain(submission.exclude);
            let nodes: Vec<&str> = nodes.map(String::as_str).collect();
            sbatch.push(format!("--exclude={}", nodes.join(",")));
        }
        sbatch.push(submission.script.display().to_string());
        sbatch
    }

    /// All tasks of the jobs of these names, ended ones as well: a line each.
    fn squeue(&self, names: &[&str]) -> Result<Vec<Listed>> {
        let mut squeue = words(&["squeue", "-h", "-r", "--states=all"]);
        squeue.push(format!("--user={}", rustix::process::getuid().as_raw()));
        squeue.push(format!("--name={}", names.join(",")));
        squeue.push(format!("--format={}", answers::FORMAT));
        let listing = self.scheduler.listing(&squeue, QUESTION)?;
        let tasks = listing.lines().map(answers::task);
        tasks.filter_map(Result::transpose).collect()
    }

    /// What is known of the nodes of the partitions that jobs go to.
    fn sinfo(&self) -> Result<answers::Nodes> {
        let mut sinfo = words(&["sinfo", "-h", "--format=%P|%c|%l"]);
        let partition = option(&self.spec.options, "--partition", "-p").map(str::to_owned);
        let partition = partition.or_else(|| std::env::var("SBATCH_PARTITION").ok());
        if let Some(partition) = &partition {
            sinfo.push(format!("--partition={partition}"));
        }
        let listing = self.scheduler.listing(&sinfo, QUESTION)?;
        Ok(answers::nodes(&listing, partition.is_some()))
    }

    /// The most tasks that an array may have.
    fn most_tasks(&self) -> Result<Option<u32>> {
        let scontrol = words(&["scontrol", "show", "config"]);
        let listing = self.scheduler.listing(&scontrol, QUESTION)?;
        Ok(answers::most_tasks(&listing))
    }
}

impl Engine for Slurm {
    fn check(&self) -> Result<Vec<String>> {
        let limits = self.limits();
        let cores = self.spec.cores.map(|cores| cores.get());
        let cores = cores.and_then(|cores| u32::try_from(cores).ok());
        let cores = cores.or(limits.node_cores).unwrap_or(1);
        let memory = match self.spec.memory {
            MemoryRequest::Auto => None,
            MemoryRequest::Size(size) => Some(size.0),
        };
        let minutes = self.spec.task.as_secs().div_ceil(60).max(1);
        let mut sbatch = words(&["sbatch", "--test-only", "--array=0-0", "--wrap=true"]);
        sbatch.extend(self.request(minutes, memory, cores));
        let answer = self.scheduler.ask(&sbatch, ACTION)?;
        if !answer.is_good() {
            bail!("{}", failure("sbatch", &answer));
        }
        let mut found = vec![format!(
            "Slurm would take a task of {cores} cores and {minutes} minutes"
        )];
        if let Some(most) = limits.most_tasks {
            found.push(format!("an array may have {most} tasks"));
        }
        if let Some(cores) = limits.node_cores {
            found.push(format!("each node has at least {cores} cores"));
        }
        if let Some(longest) = limits.longest {
            found.push(format!("a task may take {} minutes", longest / 60));
        }
        Ok(found)
    }

    fn limits(&self) -> EngineLimits {
        let nodes = self.sinfo().unwrap_or_default();
        EngineLimits {
            most_tasks: self.most_tasks().ok().flatten(),
            node_cores: nodes.cores,
            longest: nodes.longest,
        }
    }

    fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let sbatch = self.sbatch(submission);
        let verdict = |answer: &_| answers::verdict(answer);
        self.scheduler.submit(&sbatch, answers::job, verdict)
    }

    fn find(&self, name: &str) -> Result<Option<String>> {
        let tasks = self.squeue(&[name])?;
        Ok(tasks.into_iter().map(|task| task.job).next())
    }

    fn presence(&self, jobs: &[(String, String)]) -> Result<BTreeMap<String, Presence>> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(presence(jobs, self.squeue(&names(jobs))?))
    }

    fn cancel(&self, jobs: &[(String, String)]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        // Whatever has one of the names is ours, also what was submitted twice by mistake.
        let there = ids_there(self.squeue(&names(jobs))?);
        if there.is_empty() {
            return Ok(());
        }
        let mut scancel = words(&["scancel", "--quiet"]);
        scancel.extend(there);
        let answer = self.scheduler.ask(&scancel, ACTION)?;
        if !answer.is_good() && !answers::is_about_ended_jobs(&answer.stderr) {
            bail!("{}", failure("scancel", &answer));
        }
        Ok(())
    }

    fn incurable(&self, reason: &str) -> Option<String> {
        answers::incurable(reason).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::cluster::EngineKind;

    fn slurm(options: &[&str]) -> Slurm {
        let mut spec = ClusterSpec::plain(EngineKind::Slurm);
        spec.options = words(options);
        Slurm::new(&spec, Path::new("/"))
    }

    #[test]
    fn what_rerunoff_decides_comes_after_the_options_and_excluded_nodes_are_added() {
        let submission = Submission {
            name: "rr-1.0.0",
            script: Path::new("/a/script"),
            tasks: 40,
            seconds: 61,
            memory: Some(1 << 30),
            cores: 4,
            exclude: &["node3".to_owned(), "node4".to_owned()],
        };
        let line = |options: &[&str]| slurm(options).sbatch(&submission).join(" ");
        assert_eq!(
            line(&["-p", "short", "-xnode1"]),
            "sbatch --parsable -p short -xnode1 --nodes=1 --ntasks=1 --export=NONE --cpus-per-task=4 --time=2 --mem=1024M \
             --array=0-39 --job-name=rr-1.0.0 --output=/dev/null --error=/dev/null --chdir=/ --requeue \
             --exclude=node1,node3,node4 /a/script"
        );
        assert!(!line(&["--no-requeue"]).contains("--requeue"));
        assert!(!line(&["--mem-per-cpu=2G"]).contains("--mem="));
    }
}
