//! What is simulated beside what was measured: the numbers in the product, what they rest on, and what is said of tables that can't be
//! compared.

use std::fs;

use crate::common::{Project, STEPS, discharge, id, json};

/// What was measured at hour `step` of a catchment: near to what its simulator makes.
fn measured(catchment: usize, step: usize) -> f64 {
    discharge(catchment, step) * 0.9 + ((step * 7 + catchment) % 5) as f64 * 0.3
}

fn hour(step: usize) -> String {
    format!("2009-01-01 {step:02}:00")
}

/// A column for each of these catchments, under these names; what is in no step is missing.
fn wide(gauges: &[(&str, usize)], is_missing: &dyn Fn(usize, usize) -> bool) -> String {
    let names: Vec<&str> = gauges.iter().map(|(name, _)| *name).collect();
    let mut text = format!("time,{}\n", names.join(","));
    for step in 0..STEPS {
        text.push_str(&hour(step));
        for &(_, catchment) in gauges {
            match is_missing(catchment, step) {
                true => text.push(','),
                false => text.push_str(&format!(",{}", measured(catchment, step))),
            }
        }
        text.push('\n');
    }
    text
}

/// Nash and Sutcliffe's efficiency of these pairs of a measured and a simulated value.
fn nse(pairs: &[(f64, f64)]) -> f64 {
    let mean = pairs.iter().map(|(o, _)| o).sum::<f64>() / pairs.len() as f64;
    let errors: f64 = pairs.iter().map(|(o, s)| (o - s).powi(2)).sum();
    let spread: f64 = pairs.iter().map(|(o, _)| (o - mean).powi(2)).sum();
    1.0 - errors / spread
}

fn hourly(catchment: usize, steps: impl Iterator<Item = usize>) -> Vec<(f64, f64)> {
    steps
        .map(|step| (measured(catchment, step), discharge(catchment, step)))
        .collect()
}

/// A variable along the catchments, or a number.
fn numbers(project: &Project, name: &str) -> Vec<f64> {
    let file = hdf5::File::open(project.path("output.h5")).expect("the product");
    let variable = file.dataset(name).expect(name);
    variable.read_raw::<f64>().expect(name)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
}

const OBJECTIVE: &str = "
[observations]
flow = { file = \"observed.csv\", variable = \"discharge\" }
[objective]
nse = { of = \"flow\", statistic = \"nse\" }
";

fn project() -> Project {
    let project = Project::new(6);
    project.write_toml(&(project.toml() + OBJECTIVE));
    let gauges = [("70002", 1), ("elsewhere", 3), ("70005", 4)];
    project.write("observed.csv", &wide(&gauges, &|_, step| step == 5));
    project
}

fn of(catchment: usize) -> f64 {
    nse(&hourly(catchment, (0..STEPS).filter(|step| *step != 5)))
}

#[test]
fn numbers_are_at_gauges_and_nothing_is_rerun_for_them() {
    let project = project();
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6);
    let found = numbers(&project, "nse");
    for (catchment, number) in found.iter().enumerate() {
        match catchment {
            1 | 4 => close(*number, of(catchment)),
            _ => assert!(number.is_nan(), "{}: {number}", id(catchment)),
        }
    }
    close(
        numbers(&project, "nse_over_gauges")[0],
        (of(1) + of(4)) / 2.0,
    );

    // The same again: not touched, by the fast path neither.
    let before = project.read("output.h5");
    let again = || {
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(run.stdout.contains("unchanged"), "{}", run.stdout);
        assert!(project.calls().is_empty());
    };
    again();
    project.settle();
    again();

    // An edit of what was measured runs nothing and changes the product.
    let gauges = [("70002", 1), ("70003", 2)];
    project.write("observed.csv", &wide(&gauges, &|_, step| step > 20));
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout.contains("0 run, 0 failed") && run.stdout.contains("written"),
        "{}",
        run.stdout
    );
    assert!(project.calls().is_empty());
    let found = numbers(&project, "nse");
    close(found[1], nse(&hourly(1, 0..21)));
    close(found[2], nse(&hourly(2, 0..21)));
    assert!(found[4].is_nan());
    assert_ne!(project.read("output.h5"), before);
    // What copied its parts is what would be made of nothing.
    let patched = project.read("output.h5");
    fs::remove_file(project.path("output.h5")).expect("removed");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.read("output.h5") == patched);
    // Everything back: the same bytes as at first.
    project.write(
        "observed.csv",
        &wide(
            &[("70002", 1), ("elsewhere", 3), ("70005", 4)],
            &|_, step| step == 5,
        ),
    );
    project.rerunoff(&["run"]).expect(0);
    assert!(project.read("output.h5") == before);
    assert!(project.calls().is_empty());
}

#[test]
fn a_gauge_that_failed_leaves_no_number_over_gauges() {
    let project = project();
    project.edit(
        "statistic = \"nse\" }",
        "statistic = \"nse\", weights = { 70002 = 3 } }",
    );
    project.rerunoff(&["run"]).expect(0);
    close(
        numbers(&project, "nse_over_gauges")[0],
        (3.0 * of(1) + of(4)) / 4.0,
    );
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let found = numbers(&project, "nse");
    close(found[1], of(1));
    assert!(found[4].is_nan() && numbers(&project, "nse_over_gauges")[0].is_nan());
    // Unless it counts for nothing.
    project.edit("{ 70002 = 3 }", "{ 70005 = 0 }");
    project.rerunoff(&["run"]).expect(1);
    close(numbers(&project, "nse_over_gauges")[0], of(1));
}

#[test]
fn days_are_compared_with_hours_and_rivers_with_sums() {
    let project = Project::new(6);
    project.write(
        "links.csv",
        "catchment,NEXT\n70001,70003\n70002,70003\n70003,0\n70004,0\n70005,0\n70006,0\n",
    );
    project.edit(
        "[simulator]\n",
        "[[parameters.table]]\nfile = \"links.csv\"\nid = \"catchment\"\n\n[simulator]\n",
    );
    project.edit("[product]\n", "[product]\ndownstream = \"NEXT\"\n");
    project.edit(
        "[product.variables]\n",
        "[product.variables]\ntotal = { formula = \"discharge * 1\", accumulate = \"upstream\", outlets = [\"70003\"] }\n",
    );
    let objective = "
[observations.flow]
file = \"observed.csv\"
id = \"station\"
value = \"q\"
step = \"6h\"
variable = \"total\"
simulated = \"mean\"
catchments = { \"01463500\" = \"70003\" }
formula = \"value / 1000\"
[objective]
fit = { of = \"flow\", statistic = \"rmse\" }
late = { of = \"flow\", statistic = \"mae\", warm_up = \"12h\" }
early = { of = \"flow\", statistic = \"pbias\", positive = \"over\", before = \"2009-01-01 12:00\" }
";
    project
        .write_toml(&(fs::read_to_string(project.path("rerunoff.toml")).expect("it") + objective));
    let mut text = "station,when,q\n".to_owned();
    text = text.replace("station,when", "when,station");
    let quarters = [3000.0, 5000.0, 12000.0, 17500.0];
    for (quarter, value) in quarters.iter().enumerate() {
        text.push_str(&format!("{},01463500,{value}\n", hour(quarter * 6)));
    }
    project.write("observed.csv", &text);
    project.rerunoff(&["run"]).expect(0);
    let sum = |step: usize| {
        (0..3)
            .map(|catchment| discharge(catchment, step))
            .sum::<f64>()
    };
    let mean = |quarter: usize| (quarter * 6..quarter * 6 + 6).map(sum).sum::<f64>() / 6.0;
    let error = |quarter: usize| mean(quarter) - quarters[quarter] / 1000.0;
    let rmse = ((0..4).map(|quarter| error(quarter).powi(2)).sum::<f64>() / 4.0).sqrt();
    let found = numbers(&project, "fit");
    close(found[2], rmse);
    assert_eq!(found.iter().filter(|number| !number.is_nan()).count(), 1);
    close(
        numbers(&project, "late")[2],
        (error(2).abs() + error(3).abs()) / 2.0,
    );
    close(
        numbers(&project, "early")[2],
        100.0 * (error(0) + error(1)) / 8.0,
    );

    // One upstream of the gauge changes, and only what lies at it and below.
    project.write("observed.csv", &text.replace("17500", "17000"));
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    let patched = project.read("output.h5");
    fs::remove_file(project.path("output.h5")).expect("removed");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.read("output.h5") == patched);
}

#[test]
fn the_depfile_names_what_was_measured() {
    let project = project();
    project.rerunoff(&["run", "--depfile", "deps.d"]).expect(0);
    let rule = String::from_utf8(project.read("deps.d")).expect("text");
    assert!(rule.contains("observed.csv"), "{rule}");
}

#[test]
fn every_scenario_has_its_numbers() {
    let project = project();
    project.edit(
        "[simulator]\n",
        "[sweep.k]\nvalues = [0.01, 0.02]\n\n[simulator]\n",
    );
    project.rerunoff(&["run"]).expect(0);
    let found = numbers(&project, "nse");
    assert_eq!(found.len(), 12);
    close(found[1], of(1));
    close(found[7], of(1));
    let overall = numbers(&project, "nse_over_gauges");
    assert_eq!(overall.len(), 2);
    close(overall[0], (of(1) + of(4)) / 2.0);
    assert_eq!(overall[0].to_bits(), overall[1].to_bits());
}

#[test]
fn a_catchment_that_a_scenario_leaves_out_is_no_gauge_of_it() {
    let project = project();
    project.edit(
        "[simulator]\n",
        "[scenario.both]\n[scenario.one]\ncatchments = [\"70002\"]\n\n[simulator]\n",
    );
    let run = project.rerunoff(&["run", "--json"]).expect(0);
    let objectives = &json(&run.stdout)["objectives"];
    let told = |at: usize| {
        let gauges = objectives[at]["gauges"].as_array().expect("a list");
        let ids = gauges.iter().map(|gauge| gauge["catchment"].as_str());
        (
            objectives[at]["scenario"].as_str(),
            ids.collect::<Option<Vec<&str>>>().expect("texts"),
        )
    };
    assert_eq!(told(0), (Some("both"), vec!["70002", "70005"]));
    assert_eq!(told(1), (Some("one"), vec!["70002"]));
    let over_gauges = |at: usize| objectives[at]["over_gauges"].as_f64().expect("a number");
    close(over_gauges(0), (of(1) + of(4)) / 2.0);
    close(over_gauges(1), of(1));
}

#[test]
fn the_product_says_by_its_name_what_it_is_compared_with() {
    let project = project();
    project.edit(
        "statistic = \"nse\" }",
        "statistic = \"nse\", long_name = \"the fit\" }",
    );
    let observations = || {
        let file = hdf5::File::open(project.path("output.h5")).expect("the product");
        let attribute = file.dataset("nse").and_then(|it| it.attr("observations"));
        let text = attribute.and_then(|it| it.read_scalar::<hdf5::types::FixedAscii<64>>());
        text.expect("an attribute").to_string()
    };
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(observations(), "flow");
    project.edit("\nflow = {", "\nriver = {");
    project.edit("of = \"flow\"", "of = \"river\"");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.contains("0 run, 0 failed"), "{}", run.stdout);
    assert_eq!(observations(), "river");
}

#[test]
fn what_can_be_meant_in_two_ways_is_refused_before_anything_is_run() {
    let told = |change: &dyn Fn(&Project)| {
        let project = project();
        change(&project);
        let run = project.rerunoff(&["run", "--json"]).expect(2);
        assert!(project.calls().is_empty());
        json(&run.stdout)["error"]["message"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    let edited = |from: &'static str, to: &'static str| {
        told(&move |project: &Project| project.edit(from, to))
    };
    for (from, to, words) in [
        ("\"nse\" }", "\"nze\" }", "did you mean \"nse\"?"),
        ("of = \"flow\"", "of = \"flows\"", "did you mean \"flow\"?"),
        ("\"nse\" }", "\"pbias\" }", "positive = \"over\""),
        ("\"nse\" }", "\"nse\", epsilon = 1 }", "is for logarithms"),
        ("\"nse\" }", "\"nse\", warm_up = \"365\" }", "365 days"),
        (
            "\"nse\" }",
            "\"nse\", over = \"best\" }",
            "mean, min, max, median",
        ),
        (
            "\"nse\" }",
            "\"nse\", over = \"min\", weights = { 70002 = 2 } }",
            "for a mean",
        ),
        (
            "\"nse\" }",
            "\"nse\", weights = { 70001 = 2 } }",
            "no gauge at \"70001\"",
        ),
        (
            "\"nse\" }",
            "\"nse\", from = \"2010-01-01\" }",
            "nothing was measured",
        ),
        (
            "variable = \"discharge\"",
            "variable = \"discharg\"",
            "did you mean \"discharge\"?",
        ),
        (
            "variable = \"discharge\"",
            "variable = \"discharge\", units = \"ft3 s-1\"",
            "in \"m3 s-1\"",
        ),
        (
            "variable = \"discharge\"",
            "variable = \"discharge\", catchments = { elsewere = \"70001\" }",
            "did you mean \"elsewhere\"?",
        ),
        (
            "variable = \"discharge\"",
            "variable = \"discharge\", catchments = { elsewhere = \"70002\" }",
            "both in catchment 70002",
        ),
        (
            "variable = \"discharge\"",
            "variable = \"discharge\", catchments = { elsewhere = \"7\" }",
            "no catchment \"7\"",
        ),
        (
            "[objective]\nnse",
            "[objective]\nherbicide_load",
            "something else named `herbicide_load`",
        ),
    ] {
        let message = edited(from, to);
        assert!(message.contains(words), "{to}: {message}");
    }
    let other = told(&|project| {
        project.write(
            "observed.csv",
            "time,x\n2009-01-01 00:00,1\n2009-01-01 01:00,2\n",
        )
    });
    assert!(other.contains("no gauge is a catchment"), "{other}");
    let dry = told(&|project| {
        project.edit("\"nse\" }", "\"log_nse\" }");
        project.write(
            "observed.csv",
            &wide(&[("70002", 1)], &|_, _| false).replace("00:00,0.3", "00:00,0"),
        );
    });
    assert!(
        dry.contains("0.0 was measured at 70002") && dry.contains("mean/100"),
        "{dry}"
    );
    let daily = told(&|project| {
        project.write("observed.csv", "time,70001\n2009-01-01,1\n2009-01-02,2\n");
    });
    assert!(daily.contains("simulated = \"mean\""), "{daily}");
}

#[test]
fn they_are_told_wherever_a_run_is() {
    let project = project();
    let run = project.rerunoff(&["run", "--json"]).expect(0);
    let told = |document: &serde_json::Value| document["objectives"].clone();
    let objectives = told(&json(&run.stdout));
    close(
        objectives[0]["over_gauges"].as_f64().expect("a number"),
        (of(1) + of(4)) / 2.0,
    );
    assert_eq!(objectives[0]["objective"], "nse");
    assert_eq!(objectives[0]["gauges"][0]["catchment"], "70002");
    close(
        objectives[0]["gauges"][1]["number"]
            .as_f64()
            .expect("a number"),
        of(4),
    );
    // By the fast path, and where all is planned and the product is what it was.
    project.settle();
    assert!(project.is_short(&["--json"]));
    assert_eq!(
        told(&json(
            &project.rerunoff(&["run", "--json"]).expect(0).stdout
        )),
        objectives
    );
    assert_eq!(
        told(&json(
            &project
                .rerunoff(&["run", "--json", "--rehash"])
                .expect(0)
                .stdout
        )),
        objectives
    );
    assert_eq!(told(&project.status(&[0])), objectives);
    let runs = json(&project.rerunoff(&["runs", "--json"]).expect(0).stdout);
    assert_eq!(told(&runs["runs"][0]), objectives);
    let line = "nse 0.";
    for verb in ["status", "runs"] {
        let told = project.rerunoff(&[verb]).expect(0).stdout;
        assert!(
            told.contains(line) && told.contains("over 2 gauges: 70002"),
            "{verb}: {told}"
        );
    }
    // Another simulation: both are told, with what is measured now.
    project.edit("variable = \"discharge\"", "variable = \"concentration\"");
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["tag", "good"]).expect(0);
    project.set_factors(&[], &[(1, 3.0)]);
    project.rerunoff(&["run"]).expect(0);
    let diff = json(
        &project
            .rerunoff(&["diff", "good", "--json"])
            .expect(0)
            .stdout,
    );
    let line = &diff["objectives"][0];
    assert_eq!(line["objective"], "nse");
    assert!(line["catchment"].is_null());
    assert_eq!(line["now"], told(&project.status(&[0]))[0]["over_gauges"]);
    assert_ne!(line["now"], line["then"]);
    let text = project.rerunoff(&["diff", "good"]).expect(0).stdout;
    assert!(text.contains("nse over gauges "), "{text}");
}
