//! A run that leaves its work to a cluster and does not wait: exit codes, counts, and the product that the last of such runs makes.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{Project, json};

/// A project whose tasks are processes of this machine.
fn project(catchments: usize) -> Project {
    let project = Project::new(catchments);
    let table = "[cluster]\nengine = \"local\"\ntask = \"30s\"\nask_every = \"1s\"\n";
    project.write_toml(&format!("{}\n{table}", project.toml()));
    project
}

/// Runs without waiting, again and again, until nothing is under way; the last run's exit code, and how many said 6.
fn until_done(project: &Project) -> (i32, usize) {
    let since = Instant::now();
    let mut under_way = 0;
    loop {
        let run = project.rerunoff(&["run", "--detach"]);
        if run.code != 6 {
            return (run.code, under_way);
        }
        under_way += 1;
        assert!(since.elapsed() < Duration::from_secs(120), "{}", run.stdout);
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn what_is_under_way_is_counted_and_no_product_is_made_before_the_end() {
    let project = project(4);
    let run = project.rerunoff(&["run", "--detach", "--json"]).expect(6);
    let summary = json(&run.stdout);
    assert_eq!(
        (&summary["under_way"], &summary["stale"]),
        (&4.into(), &0.into())
    );
    assert!(!project.path("output.h5").exists());
    let (code, _) = until_done(&project);
    assert_eq!(code, 0);
    assert_eq!(project.calls().len(), 4, "each is run once");
    project.rerunoff(&["run", "--detach"]).expect(0);
    let made = project.read("output.h5");
    fs::remove_file(project.path("output.h5")).expect("removed");
    fs::remove_dir_all(project.path("cache")).expect("removed");
    project.rerunoff(&["run", "--local"]).expect(0);
    assert!(project.read("output.h5") == made, "not the same bytes");
}

#[test]
fn a_failure_is_told_when_nothing_is_under_way_any_more() {
    let project = project(4);
    project.set(&[(1, "fail")]);
    let (code, under_way) = until_done(&project);
    assert_eq!(code, 1);
    assert!(under_way > 0);
    let status = project.rerunoff(&["status"]).expect(1);
    assert!(status.stdout.contains("3 fresh of 4"), "{}", status.stdout);
}

#[test]
fn without_a_cluster_there_is_nobody_to_leave_it_to() {
    let run = Project::new(2).rerunoff(&["run", "--detach"]).expect(2);
    run.says("[cluster] in rerunoff.toml or --on ENGINE names one");
}
