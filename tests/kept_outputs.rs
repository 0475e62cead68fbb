//! `keep_outputs`: what simulators leave is kept, and a change of what is taken of it runs none of them.

use crate::common::{Project, id, json, precipitation};

/// A project that keeps outputs.
fn project(catchments: usize) -> Project {
    let project = Project::new(catchments);
    project.write_toml(&format!(
        "{}\n[cache]\nkeep_outputs = true\n",
        project.toml()
    ));
    project
}

/// The same, already run.
fn ran(catchments: usize) -> Project {
    let project = project(catchments);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), catchments);
    project
}

/// One more column is taken.
fn take_more(project: &Project, header: &str) {
    let column = format!("discharge = \"Q\"\nday = \"{header}\"\n\n[product]");
    project.edit("discharge = \"Q\"\n\n[product]", &column);
}

#[test]
fn one_more_column_runs_nothing() {
    let project = ran(3);
    let key = |project: &Project| {
        let query = "SELECT count(*) FROM attempt";
        project
            .store()
            .query_row(query, [], |row| row.get::<_, i64>(0))
            .expect("counted")
    };
    let attempts = key(&project);
    take_more(&project, "t");
    let status = project.rerunoff(&["status"]).expect(0).stdout;
    assert!(
        status.contains("      3 to be read again from kept outputs\n"),
        "{status}"
    );
    assert!(!status.contains("to run:"), "{status}");
    let dry = project.rerunoff(&["run", "--dry-run"]).expect(0).stdout;
    assert!(dry.starts_with("would run 0 of 3\n"), "{dry}");
    assert!(
        dry.contains("      3 to be read again from kept outputs, 0 to run\n"),
        "{dry}"
    );
    let dry = json(&project.rerunoff(&["run", "-n", "--json"]).expect(0).stdout);
    assert_eq!(
        (&dry["would_run"], &dry["would_read_again"]),
        (&0.into(), &3.into())
    );
    let why = project.rerunoff(&["why", &id(0)]).expect(0).stdout;
    assert!(why.contains("`columns` of a good run"), "{why}");

    let run = project.rerunoff(&["run", "--max-rerun", "0"]).expect(0);
    assert!(
        run.stdout
            .starts_with("3 fresh, 0 run, 0 failed, 3 read again in "),
        "{}",
        run.stdout
    );
    run.says("ran 0 of 3, read 3 again from kept outputs\n");
    assert!(project.calls().is_empty());
    assert_eq!(key(&project), attempts, "nothing was started");
    assert_eq!(project.product("day")[6], [0.25; 3]);
    assert_eq!(
        project.product("concentration")[5][2],
        precipitation(2, 5) * 2.0
    );
    let runs = project.rerunoff(&["runs"]).expect(0).stdout;
    assert!(runs.contains("0 run, 0 failed, 3 read again in "), "{runs}");
    assert!(runs.contains("3 `columns` of a good run"), "{runs}");
    assert!(project.is_tidy());
    let again = project.rerunoff(&["run"]).expect(0);
    assert!(
        again.stdout.starts_with("3 fresh, 0 run, 0 failed in "),
        "{}",
        again.stdout
    );

    // What the simulator sees is another matter.
    project.set_factors(&[], &[(1, 3.0)]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(1)]);
    project.rerunoff(&["run", "--force"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    project.rerunoff(&["verify"]).expect(0);
}

#[test]
fn every_field_of_a_good_run_is_looked_at_again_and_what_fails_is_told() {
    let project = ran(2);
    take_more(&project, "u");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says(&format!(
        "catchment {} failed: its output: the output has no column `u`",
        id(0)
    ));
    assert!(
        run.stdout
            .starts_with("0 fresh, 0 run, 2 failed, 2 read again"),
        "{}",
        run.stdout
    );
    assert!(project.calls().is_empty());
    let kept = project.path("cache/failed").join(id(0));
    assert!(kept.join("out.txt").exists());
    // The same again gives the same; once it is mended there is nothing to be run either.
    project.rerunoff(&["run"]).expect(1);
    project.edit("day = \"u\"", "day = \"t\"");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty() && !kept.exists());

    project.edit("missing = [\"NA\"]", "missing = [\"none\"]");
    project
        .rerunoff(&["run"])
        .expect(1)
        .says("`NA` is no number");
    project.edit(
        "\"not valid\"]",
        "\"not valid\", \"unheard\"]\nexit_codes = [0, 2]",
    );
    project.edit("missing = [\"none\"]", "missing = [\"NA\"]");
    project.rerunoff(&["run"]).expect(0);
    project.edit("exit_codes = [0, 2]", "exit_codes = [2]");
    project
        .rerunoff(&["run"])
        .expect(1)
        .says("failed: exit code 0");
    assert!(project.calls().is_empty());
    // A file that was not kept has to be made.
    project.edit(
        "exit_codes = [2]",
        "require = [{ file = \"param.txt\", contains = \"k=\" }]",
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    project.edit("contains = \"k=\"", "contains = \"mode=\"");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn what_failed_in_its_simulator_is_run_again() {
    let project = project(2);
    project.set(&[(0, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.calls();
    take_more(&project, "t");
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stdout
            .starts_with("1 fresh, 1 run, 1 failed, 1 read again"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls(), [id(0)]);
}

#[test]
fn damaged_outputs_are_no_loss_and_gc_removes_what_nothing_needs() {
    let project = ran(3);
    let kept = |project: &Project| {
        let query = "SELECT count(*) FROM kept";
        project
            .store()
            .query_row(query, [], |row| row.get::<_, i64>(0))
            .expect("counted")
    };
    assert_eq!(kept(&project), 3);
    let gc = project.rerunoff(&["gc"]).expect(0).stdout;
    assert!(gc.contains("are the kept outputs of 3 runs\n"), "{gc}");
    let damage = "UPDATE kept SET bytes = x'00' WHERE id = 1";
    project.store().execute(damage, []).expect("damaged");
    let doctor = project.rerunoff(&["doctor", "-n"]).expect(1).stdout;
    assert!(
        doctor.contains("2 kept outputs are sound, 1 damaged\n"),
        "{doctor}"
    );
    // Whether doctor was asked or not.
    take_more(&project, "t");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout
            .starts_with("3 fresh, 1 run, 0 failed, 2 read again"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls().len(), 1);
    project.store().execute(damage, []).expect("damaged");
    project.rerunoff(&["doctor"]).expect(1);
    assert_eq!(kept(&project), 2);
    // What no catchment has any more goes with its results.
    project.set_factors(&[], &[(0, 3.0), (1, 3.0), (2, 3.0)]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    assert_eq!(kept(&project), 5);
    project.rerunoff(&["gc", "--keep-runs", "0"]).expect(0);
    assert_eq!(kept(&project), 3);
    project.edit("keep_outputs = true", "keep_outputs = false");
    project.rerunoff(&["gc"]).expect(0);
    assert_eq!(kept(&project), 0);
    project.edit("keep_outputs = false", "keep_outputs = true");
    project.edit("day = \"t\"\n", "");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
}

#[test]
fn without_it_nothing_is_kept() {
    let project = Project::ran(2);
    let query = "SELECT (SELECT count(*) FROM kept) + (SELECT count(*) FROM kept_use)";
    let kept: i64 = project
        .store()
        .query_row(query, [], |row| row.get(0))
        .expect("counted");
    assert_eq!(kept, 0);
    take_more(&project, "t");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
}

#[test]
fn failures_in_reading_again_and_in_running_are_counted_together() {
    let project = project(8);
    let three = [0, 1, 2].map(id).join(",");
    project.rerunoff(&["run", "--only", &three]).expect(0);
    project.calls();
    take_more(&project, "nowhere");
    let run = project.rerunoff(&["run", "-j", "1", "--max-failures", "4"]);
    let run = run.expect(1);
    run.says("stopped after 4 failures (--max-failures)");
    assert!(
        run.stdout.starts_with("0 fresh, 1 run, 4 failed"),
        "{}",
        run.stdout
    );
}
