//! `rerunoff gc`: what is collected, in which order, and what never is.

use std::fs;

use crate::common::{Project, STEPS, id};

/// The bytes of the store on disk.
fn size(project: &Project) -> u64 {
    let file = fs::metadata(project.path("cache/store.sqlite")).expect("the store");
    file.len()
}

#[test]
fn what_nothing_needs_is_collected_and_the_file_shrinks() {
    let project = Project::ran(400);
    let first = project.read("output.h5");
    project.rerunoff(&["tag", "kept"]).expect(0);
    for k in ["0.02", "0.03", "0.04"] {
        project.edit("k = ", &format!("k = {k} # "));
        project.write_input(&|catchment, step| {
            let seed = (catchment * STEPS + step) as f64;
            (seed * 12.9898).sin().abs() * k.parse::<f64>().expect("a number")
        });
        project.rerunoff(&["run"]).expect(0);
    }
    project.calls();
    let before = size(&project);
    let dry = project.rerunoff(&["gc", "--dry-run"]).expect(0).stdout;
    assert!(
        dry.starts_with("would remove 0 results, "),
        "all are of the last ten runs: {dry}"
    );
    let dry = project
        .rerunoff(&["gc", "--dry-run", "--keep-runs", "1"])
        .expect(0)
        .stdout;
    assert!(
        dry.starts_with("would remove 800 results, ") && dry.contains("; 800 stay"),
        "{dry}"
    );
    assert_eq!(size(&project), before);

    let roomy = ["gc", "--keep-runs", "1", "--max-size", "1 GB"];
    let told = project.rerunoff(&roomy).expect(0).stdout;
    assert!(told.starts_with("removed 0 results, "), "{told}");
    let tight = ["gc", "--keep-runs", "1", "--max-size", "1 kB"];
    let told = project.rerunoff(&tight).expect(0).stdout;
    assert!(told.starts_with("removed 800 results, "), "{told}");
    assert!(told.contains("need more than 1.0 kB"), "{told}");
    assert!(
        size(&project) * 4 < before * 3,
        "{} of {before} bytes left",
        size(&project)
    );
    assert!(
        project
            .rerunoff(&["gc"])
            .expect(0)
            .stdout
            .starts_with("removed 0 results")
    );

    assert!(
        project
            .rerunoff(&["run"])
            .expect(0)
            .stdout
            .starts_with("400 fresh, 0 run")
    );
    project.rerunoff(&["run", "--at", "kept"]).expect(0);
    assert_eq!(project.read("output.h5"), first);
    assert!(project.calls().is_empty());
    let diff = project.rerunoff(&["diff"]).expect(4);
    assert!(diff.stderr.contains("collected"), "{}", diff.stderr);

    // Without its tag and runs the first state goes as well, and is then as if never run.
    project.rerunoff(&["tag", "--delete", "kept"]).expect(0);
    let told = project
        .rerunoff(&["gc", "--keep-runs", "0"])
        .expect(0)
        .stdout;
    assert!(
        told.starts_with("removed 400 results, ") && told.contains("; 400 stay"),
        "{told}"
    );
    assert!(
        project
            .rerunoff(&["run"])
            .expect(0)
            .stdout
            .starts_with("400 fresh, 0 run")
    );
    let why = project.rerunoff(&["why", &id(5)]).expect(0).stdout;
    assert!(why.contains("is fresh"), "{why}");
    project.write_input(&|_, step| step as f64);
    let why = project.rerunoff(&["why", &id(5)]).expect(0).stdout;
    assert!(
        why.contains("24 of 24 time steps differ, the first at step 0"),
        "{why}"
    );
}

#[test]
fn the_least_recently_used_goes_first() {
    let project = Project::ran(50);
    for factor in [3.0, 4.0] {
        let factors: Vec<_> = (0..50).map(|catchment| (catchment, factor)).collect();
        project.set_factors(&[], &factors);
        project.rerunoff(&["run"]).expect(0);
    }
    project.calls();
    project.edit(
        "[product]\nfile",
        "[cache]\nkeep_runs = 1\nmax_size = \"1 B\"\n[product]\nfile",
    );
    let dry = project.rerunoff(&["gc", "-n"]).expect(0).stdout;
    assert!(dry.starts_with("would remove 100 results"), "{dry}");
    project.edit("\"1 B\"", "\"1 parsec\"");
    let fault = project.rerunoff(&["gc", "-n"]).expect(2).stderr;
    assert!(
        fault.contains("cache.max_size") && fault.contains("20 GB"),
        "{fault}"
    );
    project.edit("\"1 parsec\"", "\"1 GB\"");
    assert!(
        project
            .rerunoff(&["gc"])
            .expect(0)
            .stdout
            .starts_with("removed 0 results")
    );
}

#[test]
fn a_collected_tag_is_an_error_that_says_so() {
    let project = Project::ran(3);
    project.rerunoff(&["tag", "t"]).expect(0);
    // As if it had been lost some other way: a tag's results are never collected.
    let store = project.store();
    store
        .execute_batch("DELETE FROM result WHERE id = 2")
        .expect("deleted");
    drop(store);
    let before = project.read("output.h5");
    let gone = project.rerunoff(&["run", "--at", "t"]).expect(4);
    assert!(
        gone.stderr
            .contains("tag \"t\": 1 of 3 results are no longer in the store: 7000"),
        "{}",
        gone.stderr
    );
    assert_eq!(project.read("output.h5"), before);

    // What a tag protects is not known when its record is damaged: nothing goes then.
    let store = project.store();
    let damage = "UPDATE content SET bytes = x'00' WHERE digest = (SELECT moment FROM tag)";
    store.execute_batch(damage).expect("damaged");
    drop(store);
    let refused = project.rerunoff(&["gc", "--keep-runs", "0"]).expect(4);
    assert!(
        refused
            .stderr
            .contains("the store's record of tag \"t\" is damaged, so nothing was removed"),
        "{}",
        refused.stderr
    );
}
