//! `rerunoff export`: the columns of a catchment with their times, as they are or as they were at a tag.

use crate::common::{Project, STEPS, discharge, precipitation};

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
