//! Times: people get those of the clock on their wall, with the zone; documents and files have UTC.

use crate::common::{Project, Run, json};

/// What this call prints where the clock on the wall is eleven hours ahead, in a zone of that name.
#[track_caller]
fn told(project: &Project, arguments: &[&str]) -> String {
    let mut command = project.command(arguments);
    let output = command.env("TZ", "WALL-11").output().expect("the binary");
    Run::from(output).expect(0).stdout
}

#[test]
fn people_get_local_times_and_machines_utc() {
    let project = Project::ran(1);
    project.rerunoff(&["tag", "first"]).expect(0);
    for (arguments, document) in [
        (&["why", "70001"][..], true),
        (&["log", "70001"], true),
        (&["runs"], true),
        (&["tags"], true),
        (&["diff", "first"], true),
        (&["export", "70001", "--plot=always"], false),
    ] {
        let text = told(&project, arguments);
        let wall = text.matches(" WALL").count();
        assert_eq!(wall, 1, "{arguments:?}: {text}");
        if document {
            let machines = told(&project, &[arguments, &["--json"]].concat());
            json(&machines);
            assert!(!machines.contains("WALL"), "{machines}");
            assert!(machines.contains("Z"), "{machines}");
        }
    }
    let runs = json(&told(&project, &["runs", "--json"]));
    let utc: jiff::Timestamp = runs["runs"][0]["ended"]
        .as_str()
        .and_then(|it| it.parse().ok())
        .expect("a time");
    let ahead = jiff::tz::TimeZone::fixed(jiff::tz::offset(11));
    let local = utc
        .to_zoned(ahead)
        .strftime("%Y-%m-%d %H:%M:%S WALL")
        .to_string();
    let text = told(&project, &["runs"]);
    assert!(text.contains(&local), "{local} is not in {text}");
    told(&project, &["report", "there.html"]);
    project.rerunoff(&["report", "here.html"]).expect(0);
    assert!(project.read("there.html") == project.read("here.html"));
}
