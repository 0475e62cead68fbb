//! `rerunoff export`: the columns of a catchment with their times, as they are or as they were at a tag.

use crate::common::{Project, STEPS, discharge, json, precipitation};

#[test]
fn columns_with_time_stamps() {
    let project = Project::ran(3);
    let table = project
        .rerunoff(&["export", "70002", "70003", "--csv"])
        .expect(0)
        .stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * STEPS);
    assert_eq!(
        lines[0],
        "catchment,time,concentration,discharge,herbicide_load"
    );
    assert_eq!(lines[1], "70002,2009-01-01T00:00:00,NaN,0,NaN");
    let step = 7;
    let (concentration, flow) = (precipitation(2, step) * 2.0, discharge(2, step));
    let load = concentration * flow * 3600.0 * 1e-6;
    assert_eq!(
        lines[1 + STEPS + step],
        format!("70003,2009-01-01T07:00:00,{concentration},{flow},{load}")
    );
    let plain = project.rerunoff(&["export", "70002"]).expect(0).stdout;
    assert!(
        plain.starts_with("#catchment\ttime\tconcentration\t"),
        "{plain}"
    );

    project.rerunoff(&["tag", "before"]).expect(0);
    project.set_factors(&[(0, "exit")], &[(1, 4.0)]);
    project.rerunoff(&["run"]).expect(1);
    let now = project
        .rerunoff(&["export", "70002", "--csv"])
        .expect(0)
        .stdout;
    assert_ne!(now.lines().nth(5), Some(lines[5]));
    let then = project
        .rerunoff(&["export", "70002", "--csv", "--at", "before"])
        .expect(0)
        .stdout;
    assert_eq!(then.lines().nth(5), Some(lines[5]));
    let failed = project.rerunoff(&["export", "70001"]).expect(4).stderr;
    assert!(
        failed.contains("70001 has no result; `rerunoff why 70001`"),
        "{failed}"
    );
    project.rerunoff(&["export", "8"]).expect(2);
}

#[test]
fn a_column_that_is_newer_than_results_is_left_out_and_told() {
    let project = Project::new(2);
    let whole = project.toml();
    let newer = [
        "discharge = \"Q\"\n",
        "discharge = { units = \"m3 s-1\", min = 0 }\n",
    ];
    let mut before = newer
        .iter()
        .fold(whole.clone(), |text, line| text.replace(line, ""));
    let load = before.find("herbicide_load = ").expect("a formula");
    before.truncate(load);
    project.write_toml(&before);
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["tag", "old"]).expect(0);
    project.write_toml(&format!(
        "{whole}\n[product.summary]\nload_mean = {{ of = \"herbicide_load\", statistic = \"mean\" }}\nc_max = {{ of = \"concentration\", statistic = \"max\" }}\n"
    ));
    project.rerunoff(&["run"]).expect(0);
    let told = "not compared, as it is newer than some of these results: discharge, herbicide_load";
    for pair in [&["diff", "old"][..], &["diff"]] {
        let diff = project.rerunoff(pair).expect(0).stdout;
        assert!(diff.contains(told), "{diff}");
        assert!(diff.contains("0 of 2 changed"), "{diff}");
    }
    let document = json(
        &project
            .rerunoff(&["diff", "old", "--json"])
            .expect(0)
            .stdout,
    );
    assert_eq!(
        document["not_compared"],
        serde_json::json!(["discharge", "herbicide_load"])
    );
    let export = project
        .rerunoff(&["export", "70001", "--at", "old", "--csv"])
        .expect(0);
    export.says("left out, as it is newer than these results: discharge, herbicide_load");
    assert!(
        export.stdout.starts_with("catchment,time,concentration\n"),
        "{}",
        export.stdout
    );
    let summary = project
        .rerunoff(&["export", "--summary", "--at", "old", "--csv"])
        .expect(0)
        .stdout;
    assert!(
        summary.contains("c_max") && !summary.contains("load_mean"),
        "{summary}"
    );
}

#[test]
fn a_table_in_a_file_says_beside_it_which_columns_are_numbers() {
    let project = Project::new(2);
    project.edit(
        "[product.variables]",
        "[product.summary]\nmost = { of = \"discharge\", statistic = \"max\" }\n\
         [product.parameters]\nkind = { parameter = \"mode\" }\n[product.variables]",
    );
    project.rerunoff(&["run"]).expect(0);
    let export = ["export", "--summary", "--csv"];
    let printed = project.rerunoff(&export).expect(0).stdout;
    let to_file = [&export[..], &["--output", "summary.csv"]].concat();
    assert_eq!(project.rerunoff(&to_file).expect(0).stdout, "");
    assert_eq!(
        String::from_utf8_lossy(&project.read("summary.csv")),
        printed
    );
    let types = || String::from_utf8_lossy(&project.read("summary.csvt")).into_owned();
    assert_eq!(types(), "\"Integer\",\"String\",\"Real\",\"String\"\n");
    // As ids are in the product.
    project.edit("[product]\n", "[product]\nids = \"text\"\n");
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&to_file).expect(0);
    assert_eq!(types(), "\"String\",\"String\",\"Real\",\"String\"\n");
    // Other tables have no such file, and none is written for them.
    project
        .rerunoff(&["export", "70001", "--csv", "--output", "x"])
        .expect(2);
}
