//! What a page tells: states, failures, runs, scenarios, what it is compared with.

use std::fs;

use serde_json::Value;

use super::{facts, page};
use crate::common::{Project, STEPS, discharge};

#[test]
fn what_is_fresh_failed_and_stale_is_told() {
    let project = Project::new(6);
    project.set(&[(1, "said"), (2, "said"), (4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.set_factors(&[(1, "said"), (2, "said"), (4, "exit")], &[(5, 9.0)]);
    let facts = facts(&project, &[]);
    let counts = [
        ("catchments", 6),
        ("fresh", 2),
        ("stale", 4),
        ("failed", 3),
        ("bad", 0),
    ];
    for (name, count) in counts {
        assert_eq!(facts["counts"][name], count, "{name}: {facts}");
    }
    let failures = &facts["failures"];
    assert_eq!(failures.as_array().map(Vec::len), Some(2), "{failures}");
    let alike = &failures[0];
    assert!(
        alike["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("[Error]")),
        "{alike}"
    );
    assert_eq!(alike["units"][1]["catchment"], 2, "{alike}");
    assert_eq!(alike["printed"], "[Error]: as told");
    assert_eq!(alike["work_directory"], "cache/failed/70002");
    assert_eq!(alike["reproduce"], "rerunoff repro 70002 repro-70002");
    project
        .rerunoff(&["repro", "70002", "repro-70002"])
        .expect(0);
    let page = page(&project, &[]);
    for text in [
        "as told",
        "rerunoff repro 70002 repro-70002",
        "#catchment=70003",
        "factor 2 → 9",
    ] {
        assert!(page.contains(text), "no {text:?} in {page}");
    }
}

#[test]
fn runs_with_the_same_cause_are_folded() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    for _ in 0..4 {
        project.rerunoff(&["run"]).expect(1);
    }
    let facts = facts(&project, &[]);
    let runs = facts["runs"].as_array().expect("runs");
    let told: Vec<(i64, i64, i64)> = (runs.iter())
        .map(|run| ["runs", "ran", "failed"].map(|name| run[name].as_i64().expect("a number")))
        .map(|[runs, ran, failed]| (runs, ran, failed))
        .collect();
    assert_eq!(told, [(3, 3, 1), (1, 3, 1)]);
    let ended = [&runs[0]["since"], &runs[0]["ended"]];
    assert!(ended[0].as_str() <= ended[1].as_str(), "{ended:?}");
    let page = page(&project, &[]);
    assert!(page.contains("3 alike since"), "{page}");
}

#[test]
fn scenarios_and_catchments_are_chosen() {
    let project = Project::new(4);
    project.edit("k = 0.012", "k = \"= factor_k * 1\"\nfactor_k = 1");
    let toml = fs::read_to_string(project.path("rerunoff.toml")).expect("a text");
    project.write_toml(&format!("{toml}\n[sweep.factor_k]\nvalues = [1, 2, 3]\n"));
    project.rerunoff(&["run"]).expect(0);
    let all = facts(&project, &[]);
    assert_eq!(
        all["scenarios"],
        serde_json::json!(["factor_k=1", "factor_k=2", "factor_k=3"])
    );
    assert_eq!(all["counts"]["fresh"], 12);
    assert_eq!(all["scenario_table"]["parameters"][0], "factor_k");
    assert_eq!(all["scenario_table"]["rows"][2]["values"][0], 3);
    let some = facts(
        &project,
        &["--scenario", "factor_k=2,*3", "--only", "70002,70003"],
    );
    assert_eq!(
        some["scenarios"],
        serde_json::json!(["factor_k=2", "factor_k=3"])
    );
    assert_eq!(some["counts"]["catchments"], 4);
    let ids = some["ids"].as_str().expect("a name");
    assert_eq!(some["arrays"][ids], serde_json::json!(["70002", "70003"]));
    project
        .rerunoff(&["report", "--only", "7"])
        .expect(2)
        .says("there is no catchment \"7\" in the input");
}

#[test]
fn a_tag_is_compared_with() {
    let project = Project::ran(2);
    project.rerunoff(&["tag", "calibrated"]).expect(0);
    let unchanged = page(&project, &["--since", "calibrated"]);
    assert!(
        unchanged.contains("No number of any catchment is another than it was."),
        "{unchanged}"
    );
    project.edit("k = 0.012", "k = 0.013");
    project.rerunoff(&["run"]).expect(0);
    let facts = facts(&project, &["--since", "calibrated"]);
    assert_eq!(facts["since"], "tag \"calibrated\"");
    assert!(
        facts["now"]
            .as_str()
            .is_some_and(|now| now.starts_with("the last run ("))
    );
    let page = page(&project, &["--since", "calibrated"]);
    assert!(
        page.contains("What changed: tag &quot;calibrated&quot; → the last run"),
        "{page}"
    );
    project
        .rerunoff(&["report", "--since", "calibrate"])
        .expect(2)
        .says("there is no tag \"calibrate\"; did you mean \"calibrated\"?");
}

#[test]
fn what_cannot_be_run_is_told_apart() {
    let project = Project::new(3);
    project.edit("[input]\n", "[input]\non_bad_input = \"skip\"\n");
    project.write_input(&|catchment, step| {
        if catchment == 1 {
            f64::NAN
        } else {
            step as f64
        }
    });
    project.rerunoff(&["run"]).expect(0);
    let facts = facts(&project, &[]);
    assert_eq!(facts["counts"]["bad"], 1, "{facts}");
    assert_eq!(facts["failures"], serde_json::json!([]));
    assert_eq!(
        facts["cannot_run"][0]["units"][0]["catchment"], 1,
        "{facts}"
    );
    assert_eq!(facts["cannot_run"][0]["reproduce"], serde_json::Value::Null);
    assert!(page(&project, &[]).contains("Can't be run"));
}

#[test]
fn scores_are_those_of_the_product() {
    let project = Project::new(4);
    project.write_toml(&format!(
        "{}\n[observations]\nflow = {{ file = \"observed.csv\", variable = \"discharge\" }}\n[objective]\nnse = {{ of = \"flow\", statistic = \"nse\", over = \"min\" }}\n",
        project.toml()
    ));
    // The third has nothing within the simulated time, and is no gauge.
    let mut observed = "time,70002,70004,70003\n".to_owned();
    for step in 0..STEPS {
        let [one, other] = [1, 3].map(|at| discharge(at, step) * 0.9 + (step % 3) as f64 * 0.2);
        observed.push_str(&format!("2009-01-01 {step:02}:00,{one},{other},\n"));
    }
    observed.push_str("2010-01-01 00:00,,,1\n");
    project.write("observed.csv", &observed);
    project.rerunoff(&["run"]).expect(0);
    // Drawn numbers have seven digits.
    let drawn = |number: &Value| number.as_f64().map(|number| number as f32);
    let product = &project.status(&[0])["objectives"][0];
    let facts = facts(&project, &[]);
    let table = &facts["scenario_table"];
    assert_eq!(
        table["numbers"][0]["of_catchments"], "min over gauges",
        "{table}"
    );
    let overall = &table["rows"][0]["numbers"][0];
    assert_eq!(drawn(overall), drawn(&product["over_gauges"]), "{table}");
    let scores = facts["gauges"].as_array().expect("gauges").iter();
    let scores: Vec<_> = scores
        .filter_map(|gauge| drawn(&gauge["scores"][0]["number"]))
        .collect();
    let gauges = product["gauges"].as_array().expect("gauges").iter();
    let gauges: Vec<_> = gauges.filter_map(|gauge| drawn(&gauge["number"])).collect();
    assert_eq!(gauges.len(), 2);
    assert_eq!(scores, gauges);
    let page = page(&project, &[]);
    assert!(page.contains("<section id=\"gauges\">"), "{page}");
    // What is over all gauges is not told of some.
    let some = self::facts(&project, &["--only", "70002"]);
    assert_eq!(some["scenario_table"]["rows"][0]["numbers"][0], Value::Null);
}
