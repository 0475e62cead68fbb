//! The numbers and curves of a report's page: they are those of the product, now and as of a tag.

use serde_json::Value;

use crate::common::{Project, STEPS, discharge, id, json};

const SUMMARIES: &str = r#"
[product.summary]
c_p95 = { of = "concentration", statistic = "quantile", q = 0.95 }
total_sum = { of = "discharge_total", statistic = "sum" }
"#;

/// Of six catchments the first three drain into the fourth, and this into the fifth.
fn project() -> Project {
    let project = Project::new(6);
    let links = ["70004", "70004", "70004", "70005", "", ""];
    let links = links.iter().enumerate();
    let links: Vec<String> = links.map(|(at, to)| format!("{},{to}\n", id(at))).collect();
    project.write("links.csv", &format!("catchment,to\n{}", links.concat()));
    project.edit(
        "[simulator]\n",
        "[[parameters.table]]\nfile = \"links.csv\"\nid = \"catchment\"\n\n[simulator]\n",
    );
    project.edit("[product]\n", "[product]\ndownstream = \"to\"\n");
    let sums = "discharge_total = { formula = \"discharge\", accumulate = \"upstream\" }\n";
    let tables = format!("{SUMMARIES}[product.variables]\n{sums}");
    project.edit("[product.variables]\n", &tables);
    project
}

/// What a report would have, with these options.
fn page(project: &Project, options: &[&str]) -> Value {
    let report = project.rerunoff(&[&["report", "--json"], options].concat());
    json(&report.expect(0).stdout)
}

/// An array of a page as numbers; NaN where they are missing.
fn array(page: &Value, name: &Value) -> Vec<f64> {
    let name = name.as_str().expect("a name");
    let values = page["arrays"][name].as_array().expect("an array");
    values
        .iter()
        .map(|value| value.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// The values of a colour by catchment: now, or as of the tag.
fn colour(page: &Value, name: &str, side: &str) -> Vec<f64> {
    let colours = page["colours"].as_array().expect("colours");
    let colour = colours.iter().find(|colour| colour["name"] == name);
    array(page, &colour.unwrap_or_else(|| panic!("no {name}"))[side])
}

/// A curve of whole series: by catchment, variable and side.
fn curve(page: &Value, catchment: usize, variable: &str, side: usize) -> Vec<f64> {
    let level = &page["curves"]["levels"][0];
    assert_eq!(level["buckets"], STEPS);
    let variables = page["variables"].as_array().expect("variables");
    let at = variables.iter().position(|it| it["name"] == variable);
    let at = at.expect("the variable");
    let of_level = level["variables"].as_array().expect("variables");
    let place = of_level.iter().position(|it| *it == at).expect("a curve");
    let sides = level["sides"].as_u64().expect("a number") as usize;
    let row = (catchment * of_level.len() + place) * sides + side;
    array(page, &level["values"])[row * STEPS..][..STEPS].to_vec()
}

#[track_caller]
fn same(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let expected = *expected as f32;
        let same = *found as f32 == expected || (found.is_nan() && expected.is_nan());
        assert!(same, "{found}, not {expected}");
    }
}

/// A variable of the product along the catchments.
fn summary(project: &Project, name: &str) -> Vec<f64> {
    let file = hdf5::File::open(project.path("output.h5")).expect("the product");
    let variable = file.dataset(name).expect(name);
    variable.read_raw::<f64>().expect(name)
}

/// A variable of one catchment over time.
fn series(project: &Project, name: &str, catchment: usize) -> Vec<f64> {
    let product = project.product(name);
    product.iter().map(|step| step[catchment]).collect()
}

#[test]
fn they_are_those_of_the_product() {
    let project = project();
    project.rerunoff(&["run"]).expect(0);
    let page = page(&project, &[]);
    for name in ["c_p95", "total_sum"] {
        same(&colour(&page, name, "values"), &summary(&project, name));
    }
    for catchment in 0..6 {
        for variable in ["concentration", "discharge_total", "herbicide_load"] {
            let expected = series(&project, variable, catchment);
            same(&curve(&page, catchment, variable, 0), &expected);
        }
    }
    assert_eq!(colour(&page, "status", "values"), [0.0; 6]);
    assert_eq!(page["curves"]["time"]["start"], 1_230_768_000.0);
    assert_eq!(page["curves"]["time"]["step"], 3600.0);
    assert_eq!(page["changes"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_was_is_beside_what_is() {
    let project = project();
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["tag", "before"]).expect(0);
    let (before, total) = (summary(&project, "c_p95"), summary(&project, "total_sum"));
    let then: Vec<Vec<f64>> = (0..6)
        .map(|catchment| series(&project, "concentration", catchment))
        .collect();
    // One fails, one has other values; the sums below the first are missing.
    project.set_factors(&[(1, "exit")], &[(2, 4.0)]);
    project.rerunoff(&["run"]).expect(1);
    let page = page(&project, &["--since", "before"]);
    let now = colour(&page, "c_p95", "values");
    same(&now, &summary(&project, "c_p95"));
    assert!(now[1].is_nan() && now[2] > before[2]);
    same(&colour(&page, "c_p95", "then"), &before);
    same(&colour(&page, "total_sum", "then"), &total);
    let sums = colour(&page, "total_sum", "values");
    assert!(sums[3].is_nan() && sums[4].is_nan() && sums[0] == total[0]);
    assert_eq!(
        colour(&page, "status", "values"),
        [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    );
    for (catchment, then) in then.iter().enumerate() {
        same(&curve(&page, catchment, "concentration", 1), then);
        let now = series(&project, "concentration", catchment);
        same(&curve(&page, catchment, "concentration", 0), &now);
    }
    let changes = page["changes"].as_array().expect("changes");
    // One changed; the other, of which fewer have a number, did not.
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!([&changes[1]["compared"], &changes[1]["changed"]], [3, 0]);
    assert_eq!(changes[0]["compared"], 5);
    assert_eq!(changes[0]["changed"], 1);
    assert_eq!(changes[0]["units"], "%");
    assert_eq!(changes[0]["most"][0]["catchment"], 2);
}

#[test]
fn a_project_without_summaries_has_means_and_greatest_values() {
    let project = Project::ran(3);
    let page = page(&project, &["--only", "70003,70001"]);
    let greatest: Vec<f64> = [0, 2].map(|at| discharge(at, STEPS - 1)).to_vec();
    assert_eq!(colour(&page, "discharge_max", "values"), greatest);
    let mean = |at| (0..STEPS).map(|step| discharge(at, step)).sum::<f64>() / STEPS as f64;
    same(
        &colour(&page, "discharge_mean", "values"),
        &[mean(0), mean(2)],
    );
}

#[test]
fn what_was_measured_is_there_with_its_scores() {
    let project = Project::new(3);
    let measured = |step: usize| discharge(1, step) * 0.5 + (step % 3) as f64;
    let rows = (0..STEPS).map(|step| format!("2009-01-01 {step:02}:00,{}\n", measured(step)));
    let rows: Vec<String> = rows.collect();
    project.write("observed.csv", &format!("time,weir\n{}", rows.concat()));
    let objective = "
[observations]
flow = { file = \"observed.csv\", variable = \"discharge\", catchments = { weir = \"70002\" } }
[objective]
nse = { of = \"flow\", statistic = \"nse\" }
rmse = { of = \"flow\", statistic = \"rmse\" }
";
    project.write_toml(&(project.toml() + objective));
    project.rerunoff(&["run"]).expect(0);
    let page = page(&project, &[]);
    let gauges = page["gauges"].as_array().expect("gauges");
    assert_eq!(gauges.len(), 1, "{gauges:?}");
    let gauge = &gauges[0];
    assert_eq!(
        (&gauge["name"], &gauge["catchment"]),
        (&"weir".into(), &1.into())
    );
    let variable = gauge["variable"].as_u64().expect("a number") as usize;
    assert_eq!(page["variables"][variable]["name"], "discharge");
    let expected: Vec<f64> = (0..STEPS).map(measured).collect();
    same(&array(&page, &gauge["values"]), &expected);
    assert_eq!(array(&page, &gauge["times"])[1], 1_230_771_600.0);
    for (at, name) in ["nse", "rmse"].into_iter().enumerate() {
        let score = &gauge["scores"][at];
        assert_eq!(score["objective"], name);
        let number = score["number"].as_f64().expect("a number");
        same(&[number], &summary(&project, name)[1..2]);
    }
    // Without other summaries the means are there beside them.
    assert!(colour(&page, "nse", "values")[0].is_nan());
    assert_eq!(colour(&page, "discharge_mean", "values").len(), 3);
}
