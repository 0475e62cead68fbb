//! What Slurm's commands say: ids, lists of tasks, refusals, reasons.

use anyhow::{Result, anyhow};

use crate::cluster::engine::scheduler::{Listed, number};
use crate::cluster::engine::{Submitted, TaskState};
use crate::system::process::Answer;

/// The fields of a task as [`task`] reads them: the array's id, the index, the state, the reason, which may hold anything.
pub(super) const FORMAT: &str = "%F|%K|%T|%r";

/// What a task is called once it has ended, whatever its end was.
const ENDED: [&str; 10] = [
    "COMPLETED",
    "CANCELLED",
    "FAILED",
    "TIMEOUT",
    "NODE_FAIL",
    "BOOT_FAIL",
    "DEADLINE",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
];

/// Beginnings of the controller's verdict on a request as such. Other failures of a submission are those of the way to it.
const VERDICTS: [&str; 14] = [
    "Invalid ",
    "Requested ",
    "Memory ",
    "Node count specification invalid",
    "More processors requested than permitted",
    "User's group not permitted",
    "Access/permission denied",
    "Job violates accounting/QOS policy",
    "Job dependency problem",
    "Job size specification",
    "Batch script is empty",
    "Pathname of a file, directory or other parameter too long",
    // A rule of the site's own was against it.
    "Unspecified error",
    "Job cannot be submitted without the current user account specified",
];

/// What `sbatch` says when it does not even ask the controller.
const NOT_ASKED: [&str; 8] = [
    "Try \"sbatch --help\"",
    "sbatch: error: Invalid ",
    "sbatch: error: invalid ",
    "sbatch: fatal: --",
    "Unable to open file",
    "does not look like a batch script",
    "Batch script contains",
    "is not a valid",
];

/// The task of a line of `squeue`; `None` for what is left of a submission that was refused: Slurm keeps a record of some of them, as of a
/// job that failed.
pub(super) fn task(line: &str) -> Result<Option<Listed>> {
    let mut fields = line.trim().splitn(4, '|');
    let mut next = || fields.next();
    let (job, index, state, reason) = (next(), next(), next(), next());
    // A list with a line left out would have tasks ended that are not.
    let unreadable = || anyhow!("squeue printed a line that can't be read: {line:?}");
    let index = index.and_then(|index| index.parse().ok());
    let (Some(job), Some(index), Some(state)) = (job.and_then(number), index, state) else {
        return Err(unreadable());
    };
    let reason = match reason.unwrap_or_default() {
        "BadConstraints" if state == "FAILED" => return Ok(None),
        "None" => "",
        reason => reason,
    };
    let has_ended = ENDED.contains(&state);
    Ok(Some(Listed {
        job,
        index,
        state: (!has_ended).then(|| TaskState {
            running: state != "PENDING",
            reason: reason.to_owned(),
        }),
    }))
}

/// The id in what `sbatch --parsable` printed: a number, and after a semicolon perhaps the cluster's name. A site's wrapper may have
/// printed more before it.
pub(super) fn job(printed: &str) -> Option<String> {
    let line = printed.trim_end().lines().next_back()?;
    number(line.split(';').next()?.trim())
}

/// What a failed `sbatch` proves; `None` if the job may have been submitted.
pub(super) fn verdict(answer: &Answer) -> Option<fn(String) -> Submitted> {
    let said = &answer.stderr;
    let told = said.lines().find_map(|line| {
        let (_, verdict) = line.split_once("Batch job submission failed: ")?;
        Some(verdict)
    });
    let Some(told) = told else {
        let is_proof = NOT_ASKED.iter().any(|words| said.contains(words));
        return is_proof.then_some(Submitted::Refused);
    };
    // Names of limits on how many jobs somebody may have submitted, and a partition that is closed for a while.
    let is_full = said.contains("SubmitJob") || told.starts_with("Required partition");
    if is_full {
        return Some(Submitted::Full);
    }
    let is_verdict = VERDICTS.iter().any(|words| told.starts_with(words));
    is_verdict.then_some(Submitted::Refused)
}

/// Whether `scancel` complains of nothing but jobs that have ended by themselves.
pub(super) fn is_about_ended_jobs(said: &str) -> bool {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    lines.all(|line| {
        line.contains("Invalid job id") || line.contains("already completing or completed")
    })
}

/// What is known of the nodes that jobs may go to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    /// What each of them has.
    pub cores: Option<u32>,
    /// The longest that a job may take there, in seconds; `None` if there is no limit.
    pub longest: Option<u64>,
}

/// The nodes in a list of `sinfo`: partition, cores, longest time. Without a partition named, jobs go to the one with an asterisk.
pub(super) fn nodes(listing: &str, named: bool) -> Nodes {
    let mut nodes = Nodes::default();
    let mut is_unlimited = false;
    for line in listing.lines() {
        let fields: Vec<&str> = line.trim().split('|').collect();
        let [partition, cores, longest] = fields[..] else {
            continue;
        };
        if !named && !partition.ends_with('*') {
            continue;
        }
        // "8+": eight or more.
        if let Ok(cores) = cores.trim_end_matches('+').parse::<u32>() {
            nodes.cores = Some(nodes.cores.map_or(cores, |least| least.min(cores)));
        }
        // Of several partitions the job goes to the one that lets it in.
        match seconds(longest) {
            Some(longest) => nodes.longest = nodes.longest.max(Some(longest)),
            None => is_unlimited = true,
        }
    }
    if is_unlimited {
        nodes.longest = None;
    }
    nodes
}

/// `D-HH:MM:SS`, `HH:MM:SS` or `MM:SS` in seconds; `None` for `infinite`.
fn seconds(text: &str) -> Option<u64> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let days: u64 = days.parse().ok()?;
    let mut seconds: u64 = 0;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    days.checked_mul(86_400)?.checked_add(seconds)
}

/// The most tasks of an array by what `scontrol show config` prints. The index of a task must be below `MaxArraySize`, so from 0 on there can
/// be as many.
pub(super) fn most_tasks(listing: &str) -> Option<u32> {
    let value = |wanted: &str| {
        let lines = listing.lines().filter_map(|line| line.split_once('='));
        let mut values = lines.filter(|(name, _)| name.trim() == wanted);
        values.next().map(|(_, value)| value.trim())
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let parameters = value("SchedulerParameters").unwrap_or_default();
    let in_one = parameters
        .split(',')
        .find_map(|parameter| parameter.trim().strip_prefix("max_array_tasks="));
    let limits = [
        value("MaxArraySize").and_then(number),
        value("MaxJobCount").and_then(number),
        in_one.and_then(number),
    ];
    limits.into_iter().flatten().min()
}

/// What is wrong where a task waits for something that does not come, and what to do.
pub(super) fn incurable(reason: &str) -> Option<&'static str> {
    // Some have details after a comma: "ReqNodeNotAvail, UnavailableNodes:node7".
    let name = reason.split([',', '(']).next().unwrap_or_default().trim();
    let is_per_job =
        name.contains("PerJob") && (name.starts_with("QOSM") || name.starts_with("AssocM"));
    Some(match name {
        "PartitionConfig" | "PartitionNodeLimit" | "BadConstraints" => {
            "no node of the partition has what a task asks for; lower `cores` or `memory`, or choose another partition or constraint in `options`"
        }
        "PartitionTimeLimit" | "QOSTimeLimit" | "AssociationTimeLimit" | "DeadLine" => {
            "a task asks for more time than it may have; lower `max_time`"
        }
        "AccountNotAllowed" | "InvalidAccount" => {
            "the account may not be used there; choose another with --account in `options`"
        }
        "QOSNotAllowed" | "InvalidQOS" => {
            "the quality of service may not be used there; choose another with --qos in `options`"
        }
        "JobHeldUser" => "somebody holds the job; `scontrol release` lets it go on",
        "JobHeldAdmin" => "an administrator holds the job; ask why",
        "JobHoldMaxRequeue" => {
            "Slurm holds the task because it was started anew too often; `rerunoff cancel` gives it up, and the next run looks at what is left"
        }
        "DependencyNeverSatisfied" => {
            "what the job is to wait for never comes; look at --dependency in `options`"
        }
        // Some versions print it with blanks, others with underscores.
        _ if reason.replace('_', " ").contains("requeued held") => {
            "Slurm could not start the task and holds it; `scontrol release` tries again, `rerunoff cancel` gives it up"
        }
        _ if is_per_job || name.ends_with("NotSatisfied") => {
            "a task asks for more, or for less, than a job there may have; look at `cores`, `memory` and `max_time`"
        }
        _ if name.ends_with("MinutesLimit") || name.ends_with("MinutesLimits") => {
            "the account's computing time is used up; choose another with --account in `options`, or ask for more"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::system::process::End;

    #[test]
    fn tasks_are_read_line_by_line() {
        let read = |line: &str| task(line).expect(line).expect("a task");
        let waits = TaskState {
            running: false,
            reason: "ReqNodeNotAvail, UnavailableNodes:node[1-2]|x".into(),
        };
        let expected = Listed {
            job: "81".into(),
            index: 7,
            state: Some(waits),
        };
        let line = "81|7|PENDING|ReqNodeNotAvail, UnavailableNodes:node[1-2]|x";
        assert_eq!(read(line), expected);
        for state in [
            "RUNNING",
            "COMPLETING",
            "SUSPENDED",
            "REQUEUED",
            "STAGE_OUT",
        ] {
            let task = read(&format!("81|7|{state}|None"));
            let state = task.state.expect("not ended");
            assert!(state.running && state.reason.is_empty());
        }
        for state in ENDED {
            assert_eq!(read(&format!("81|7|{state}|NonZeroExitCode")).state, None);
        }
    }

    #[test]
    fn what_is_left_of_a_refused_submission_is_no_task() {
        let left = task("81|7|FAILED|BadConstraints").expect("a line");
        assert_eq!(left, None);
        // One that waits for what no node has is there.
        let waits = task("81|7|PENDING|BadConstraints").expect("a line");
        assert!(waits.is_some_and(|task| task.state.is_some()));
    }

    #[test]
    fn a_list_that_can_not_be_read_is_no_answer() {
        for line in [
            "",
            "81",
            "81|N/A|PENDING|x",
            "81|5-9%3|PENDING|x",
            "x|1|PENDING|",
        ] {
            assert!(task(line).is_err(), "{line}");
        }
    }

    #[test]
    fn ids_are_numbers() {
        assert_eq!(job("81\n").as_deref(), Some("81"));
        assert_eq!(job("welcome\n81;east\n").as_deref(), Some("81"));
        for printed in ["", "\n", "Submitted batch job 81", "81 82", "-81"] {
            assert_eq!(job(printed), None, "{printed}");
        }
    }

    /// What it says of a failure: `r`efused, `f`ull, `u`nclear.
    fn verdict_on(said: &str) -> char {
        let answer = Answer {
            end: End::Exited(1),
            stdout: String::new(),
            stderr: said.to_owned(),
        };
        match verdict(&answer).map(|submitted| submitted(String::new())) {
            Some(Submitted::Refused(_)) => 'r',
            Some(Submitted::Full(_)) => 'f',
            _ => 'u',
        }
    }

    #[test]
    fn a_refusal_is_what_proves_that_nothing_was_submitted() {
        // As Slurm 22.05 says them.
        for said in [
            "sbatch: unrecognized option '--bogus'\nTry \"sbatch --help\" for more information",
            "sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: Requested \
             node configuration is not available",
            "sbatch: error: Invalid --mem specification",
            "sbatch: error: invalid partition specified: no\nsbatch: error: Batch job submission failed: Invalid partition name specified",
            "sbatch: error: Batch job submission failed: Invalid job array specification",
            "sbatch: error: Batch job submission failed: Invalid feature specification",
            "sbatch: error: Invalid generic resource (gres) specification",
            "sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.",
            "sbatch: error: Unable to open file /tmp/none.sh",
            "sbatch: error: This does not look like a batch script.  The first",
        ] {
            assert_eq!(verdict_on(said), 'r', "{said}");
        }
        for said in [
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS \
             policy (job submit limit, user's size and/or time limits)",
            "sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)",
        ] {
            assert_eq!(verdict_on(said), 'f', "{said}");
        }
        for said in [
            "",
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
            "sbatch: error: Batch job submission failed: I/O error writing script/environment to file",
        ] {
            assert_eq!(verdict_on(said), 'u', "{said}");
        }
    }

    #[test]
    fn nodes_are_those_of_the_partition() {
        let listing = "main*|16|1-02:00:00\nmain*|8+|1-02:00:00\nbig|4|infinite\n";
        let main = Nodes {
            cores: Some(8),
            longest: Some(26 * 3600),
        };
        assert_eq!(nodes(listing, false), main);
        let all = Nodes {
            cores: Some(4),
            longest: None,
        };
        assert_eq!(nodes(listing, true), all);
        assert_eq!(nodes("", true), Nodes::default());
        assert_eq!(seconds("30:00"), Some(1800));
        assert_eq!(seconds("04:00:00"), Some(14_400));
    }

    #[test]
    fn the_lowest_limit_of_an_array_counts() {
        let text = "MaxArraySize            = 1001\nMaxJobCount = 25000\n";
        assert_eq!(most_tasks(text), Some(1001));
        let more = format!("{text}SchedulerParameters     = bf_interval=1,max_array_tasks=300\n");
        assert_eq!(most_tasks(&more), Some(300));
        assert_eq!(most_tasks("Slurmctld(primary) is UP"), None);
    }

    #[test]
    fn reasons_that_time_does_not_cure_are_told() {
        for (reason, said) in [
            ("PartitionConfig", "cores"),
            ("JobHeldUser", "scontrol release"),
            ("launch failed requeued held", "rerunoff cancel"),
            ("launch_failed_requeued_held", "rerunoff cancel"),
            ("QOSMaxCpuPerJobLimit", "cores"),
            ("AssocGrpCPUMinutesLimit", "used up"),
        ] {
            assert!(
                incurable(reason).is_some_and(|text| text.contains(said)),
                "{reason}"
            );
        }
        for reason in [
            "",
            "Priority",
            "Resources",
            "BeginTime",
            "QOSMaxJobsPerUserLimit",
            "AssocGrpCpuLimit",
            "ReqNodeNotAvail, UnavailableNodes:node7",
            "PartitionDown",
        ] {
            assert_eq!(incurable(reason), None, "{reason}");
        }
    }

    #[test]
    fn ended_jobs_are_no_fault_of_a_cancellation() {
        assert!(is_about_ended_jobs(
            "scancel: error: Kill job error on job id 5: Invalid job id specified\n"
        ));
        assert!(!is_about_ended_jobs(
            "scancel: error: Kill job error on job id 5: Socket timed out on send/recv operation"
        ));
    }

    proptest! {
        #[test]
        fn nothing_that_is_printed_breaks_it(text in "[ -~\n]{0,200}") {
            let _ = (task(&text), job(&text), nodes(&text, false), most_tasks(&text), incurable(&text));
        }
    }
}
