//! The main job as a user does it: run, tweak, run again; and how often the simulator was called.

use std::fs;

use crate::common::{Project, STEPS, discharge, id, precipitation};

fn all(project_size: usize) -> Vec<String> {
    (0..project_size).map(id).collect()
}

#[test]
fn the_first_run_runs_all_and_the_second_none() {
    let project = Project::new(12);
    let first = project.rerunoff(&["run"]).expect(0);
    assert!(
        first.stdout.starts_with("12 fresh, 12 run, 0 failed in "),
        "{}",
        first.stdout
    );
    assert!(
        first.stdout.trim_end().ends_with("output.h5 written"),
        "{}",
        first.stdout
    );
    assert_eq!(project.calls(), all(12));
    let product = fs::metadata(project.path("output.h5"))
        .expect("the product")
        .modified()
        .expect("a time");
    let second = project.rerunoff(&["run"]).expect(0);
    assert!(
        second.stdout.starts_with("12 fresh, 0 run, 0 failed in "),
        "{}",
        second.stdout
    );
    assert!(
        second.stdout.trim_end().ends_with("output.h5 unchanged"),
        "{}",
        second.stdout
    );
    assert!(project.calls().is_empty());
    let again = fs::metadata(project.path("output.h5"))
        .expect("the product")
        .modified()
        .expect("a time");
    assert_eq!(product, again);
}

#[test]
fn every_value_of_the_product_is_what_the_simulator_printed() {
    let project = Project::new(5);
    project.rerunoff(&["run"]).expect(0);
    let (concentration, flow, load) = (
        project.product("concentration"),
        project.product("discharge"),
        project.product("herbicide_load"),
    );
    for step in 0..STEPS {
        for catchment in 0..5 {
            let printed = precipitation(catchment, step) * 2.0;
            assert_eq!(flow[step][catchment], discharge(catchment, step));
            if discharge(catchment, step) == 0.0 {
                assert!(concentration[step][catchment].is_nan());
                assert!(load[step][catchment].is_nan());
            } else {
                assert_eq!(concentration[step][catchment], printed);
                assert_eq!(
                    load[step][catchment],
                    printed * flow[step][catchment] * 3600.0 * 1e-6
                );
            }
        }
    }
    assert_eq!(project.flags(), [0; 5]);
}

#[test]
fn only_what_changed_is_run_again() {
    let project = Project::new(8);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let first = project.read("output.h5");

    project.set_factors(&[], &[(3, 5.0)]);
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status.stdout.contains("1 factor 2 → 5"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(3)]);
    assert_ne!(project.read("output.h5"), first);

    project.set_factors(&[], &[]);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty(), "going back is a hit");
    assert_eq!(project.read("output.h5"), first, "and gives the same bytes");

    project.edit("k = 0.012", "k = 0.013");
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status.stdout.contains("8 k 0.012 → 0.013"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), all(8));
    project.edit("k = 0.013", "k = 0.012");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn what_the_simulator_does_not_see_reruns_nothing() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    for (from, to) in [
        ("[parameters]", "[parameters] # a comment"),
        ("timeout = \"20s\"", "timeout = \"30s\""),
        ("[parameters]", "[parameters]\nunused = 7"),
        ("k * 2)\"", "2 * k)\""),
        ("\"= precipitation * 1\"", "\"= precipitation / 1\""),
        ("timeout = \"30s\"", "timeout = \"30s\"\nretries = 2"),
    ] {
        let before = project.read("output.h5");
        project.edit(from, to);
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(project.calls().is_empty(), "{from} → {to}");
        assert!(
            run.stdout.trim_end().ends_with("unchanged"),
            "{from} → {to}: {}",
            run.stdout
        );
        assert_eq!(project.read("output.h5"), before);
    }
    for (from, to) in [
        ("3600 * 1e-6\"", "3600 * 1e-3\""),
        ("herbicide_load = {", "washed_off = {"),
        (
            "long_name = \"concentration\"",
            "long_name = \"concentration in runoff\"",
        ),
        (
            "discharge = { units",
            "flow = { column = \"discharge\", units",
        ),
    ] {
        project.edit(from, to);
        if to.starts_with("flow") {
            project.edit("concentration * discharge", "concentration * discharge * 1");
        }
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(project.calls().is_empty(), "{from} → {to}");
        assert!(
            run.stdout.trim_end().ends_with("written"),
            "{from} → {to}: {}",
            run.stdout
        );
    }
    assert_eq!(project.product("flow")[4][1], discharge(1, 4));
}

#[test]
fn what_the_simulator_sees_reruns_what_it_concerns() {
    let project = Project::new(4);
    project.rerunoff(&["run"]).expect(0);
    project.calls();

    project.write_input(&|catchment, step| {
        precipitation(catchment, step)
            + if (catchment, step) == (2, 23) {
                1e-9
            } else {
                0.0
            }
    });
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status.stdout.contains("1 precipitation_mm changed"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(2)], "one value of one catchment");

    let layout = fs::read_to_string(project.path("templates/layout.xml")).expect("the template");
    project.write(
        "templates/layout.xml",
        &layout.replace("<layout>", "<layout version=\"2\">"),
    );
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status
            .stdout
            .contains("4 the template of layout.xml changed"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), all(4));

    let script = fs::read_to_string(project.path("simulator.sh")).expect("the simulator");
    project.write("simulator.sh", &format!("{script}\n# changed\n"));
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status
            .stdout
            .contains("4 support file simulator.sh changed"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), all(4));

    project.edit("N/A\"", "none\"");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), all(4), "the row of the series table");
}

#[test]
fn an_input_that_is_touched_is_read_again_and_nothing_is_run() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.write_input(&precipitation);
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["run", "--rehash"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn a_thousand_catchments() {
    let project = Project::new(1000);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 1000);
    project.set_factors(&[], &[(500, 3.0)]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(500)]);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn only_some_when_only_some_are_asked_for() {
    let project = Project::new(6);
    let run = project
        .rerunoff(&["run", "--only", "70002,70005"])
        .expect(0);
    assert!(
        run.stdout.starts_with("2 fresh, 2 run, 0 failed, 4 stale"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls(), [id(1), id(4)]);
    assert_eq!(project.flags(), [3, 0, 3, 3, 0, 3]);
    project.write("ids", "70001\n\n70002\n");
    project.rerunoff(&["run", "--only", "@ids"]).expect(0);
    assert_eq!(project.calls(), [id(0)]);
    project
        .rerunoff(&["run", "--only", "70001", "--force"])
        .expect(0);
    assert_eq!(project.calls(), [id(0)]);
    let unknown = project.rerunoff(&["run", "--only", "8"]).expect(2);
    assert!(
        unknown.stderr.contains("there is no catchment \"8\""),
        "{}",
        unknown.stderr
    );
}

#[test]
fn timings_tell_what_was_done() {
    let project = Project::new(3);
    let told = project.rerunoff(&["run", "--timings"]).expect(0).stderr;
    for phase in ["plan", "read", "render", "spawn", "wait", "assemble"] {
        assert!(told.contains(&format!("\n  {phase}")), "{told}");
    }
    assert!(told.contains("\nprocessor time: simulators "), "{told}");
    assert!(told.contains("ms a catchment that was run)"), "{told}");
    let idle = project.rerunoff(&["run", "--timings"]).expect(0).stderr;
    assert!(!idle.contains("a catchment"), "{idle}");
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let project = Project::new(3);
    let run = project.rerunoff(&["run", "--dry-run"]).expect(0);
    assert!(run.stdout.contains("would run 3 of 3"), "{}", run.stdout);
    assert!(run.stdout.contains("3 never run"), "{}", run.stdout);
    assert!(project.calls().is_empty());
    assert!(!project.path("cache").exists() && !project.path("output.h5").exists());
}

#[test]
fn the_product_can_be_left_and_made_later() {
    let project = Project::new(3);
    project.rerunoff(&["run", "--no-assemble"]).expect(0);
    assert!(!project.path("output.h5").exists());
    let made = project.rerunoff(&["assemble"]).expect(0);
    assert!(
        made.stdout.trim_end().ends_with("output.h5 written"),
        "{}",
        made.stdout
    );
    let bytes = project.read("output.h5");
    fs::remove_file(project.path("output.h5")).expect("removed");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.read("output.h5"), bytes);
    assert_eq!(project.calls().len(), 3);
}

#[test]
fn a_changed_part_of_a_product_gives_the_bytes_of_a_whole_one() {
    let project = Project::new(200);
    project.rerunoff(&["run"]).expect(0);
    project.set_factors(&[(7, "exit")], &[(150, 3.0)]);
    project.rerunoff(&["run"]).expect(1);
    let patched = project.read("output.h5");
    fs::remove_file(project.path("output.h5")).expect("removed");
    project.rerunoff(&["assemble"]).expect(1);
    assert!(project.read("output.h5") == patched);
}

#[test]
fn the_number_of_workers_does_not_show_in_the_product() {
    let one = Project::new(20);
    one.rerunoff(&["run", "-j", "1"]).expect(0);
    let many = Project::new(20);
    many.rerunoff(&["run", "-j", "8"]).expect(0);
    // The log's path, which differs, is in the parameter file and so in every key.
    assert_eq!(
        one.product("concentration")[5],
        many.product("concentration")[5]
    );
    let again = Project::new(20);
    assert_eq!(again.rerunoff(&["run", "-j", "0"]).code, 2);
}
