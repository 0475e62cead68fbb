//! Outputs whose rows are not the project's time steps: other ones, a further dimension, a single number.

use std::fs;

use crate::common::{characters, json, rerunoff};

const PROJECT: &str = r#"
[[parameters.table]]
file = "catchments.csv"
id = "catchment"

[simulator]
command = ["sh", "model.sh", "{a}", "{first}"]
support = ["model.sh"]

[[simulator.output]]
file = "month.txt"
time = { start = "1998-01-01", step = "1 month", steps = 12, name = "month" }
columns = { melt = "melt" }

[[simulator.output]]
file = "soil.txt"
time = { columns = ["date"], name = "day" }
dimension = { name = "layer", values = ["top", "bottom"] }
columns = { wet = "wet" }

[[simulator.output]]
file = "report.txt"
time = "none"
columns = { total = { text = "TOTAL OUT =" } }

[product]
file = "output.nc"
downstream = "next"
[product.variables]
share = { formula = "melt / total * a" }
below = { formula = "total", accumulate = "upstream" }
[product.summary]
wet_max = { of = "wet", statistic = "max" }
"#;

/// Writes months 1 to 12 times `a`; three days of two layers from `first` on; a number.
const MODEL: &str = r#"
[ "$1" = 0 ] && exit 1
echo melt > month.txt
for m in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $((m * $1)); done >> month.txt
echo date wet > soil.txt
for d in 0 1 2; do for l in 1 2; do echo 1998-05-0$(($2 + d)) $((100 * $1 + 10 * d + l)); done; done >> soil.txt
echo "TOTAL OUT = $((4 * $1)).0" > report.txt
"#;

struct Basin(tempfile::TempDir);

impl Basin {
    fn new(rows: &str) -> Self {
        let basin = Self(tempfile::tempdir().expect("a folder"));
        basin.write("rerunoff.toml", PROJECT);
        basin.write("model.sh", MODEL);
        basin.set(rows);
        basin
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect(name);
    }

    /// The catchments: id, where it drains to, `a`, the first day.
    fn set(&self, rows: &str) {
        self.write("catchments.csv", &format!("catchment,next,a,first\n{rows}"));
    }

    fn edit(&self, from: &str, to: &str) {
        assert!(PROJECT.contains(from), "no {from:?}");
        self.write("rerunoff.toml", &PROJECT.replace(from, to));
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        let run = rerunoff(self.0.path(), arguments)
            .output()
            .expect("the binary");
        let [out, error] =
            [run.stdout, run.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(run.status.code(), Some(code), "{out}{error}");
        (out, error)
    }

    /// What a run refuses to start for.
    #[track_caller]
    fn refuses(&self, from: &str, to: &str, message: &str) {
        self.edit(from, to);
        let (_, error) = self.run(&["run"], 2);
        assert!(error.contains(message), "{error}");
    }

    /// A variable of the product: its shape and its values.
    fn values(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = hdf5::File::open(self.0.path().join("output.nc")).expect("the product");
        let dataset = file.dataset(name).expect(name);
        (dataset.shape(), dataset.read_raw().expect(name))
    }
}

#[test]
fn every_output_has_its_own_axes_in_the_product() {
    let basin = Basin::new("a,b,1,1\nb,0,2,1\nc,0,3,1\n");
    basin.run(&["run"], 0);
    let (shape, melt) = basin.values("melt");
    assert_eq!(shape, [12, 3]);
    assert_eq!(melt[3..6], [2.0, 4.0, 6.0]);
    let (shape, wet) = basin.values("wet");
    assert_eq!(shape, [3, 2, 3]);
    assert_eq!(wet[6..12], [111.0, 211.0, 311.0, 112.0, 212.0, 312.0]);
    assert_eq!(basin.values("total"), (vec![3], vec![4.0, 8.0, 12.0]));
    assert_eq!(basin.values("below"), (vec![3], vec![4.0, 12.0, 12.0]));
    assert_eq!(basin.values("share").1[33..], [3.0, 6.0, 9.0]);
    let (shape, most) = basin.values("wet_max");
    assert_eq!(
        (shape, &most[..]),
        (vec![2, 3], &[121.0, 221.0, 321.0, 122.0, 222.0, 322.0][..])
    );
    let file = hdf5::File::open(basin.0.path().join("output.nc")).expect("the product");
    assert!(file.dataset("time").is_err());
    assert_eq!(characters(&file, "layer"), ["top", "bottom"]);
    assert_eq!(basin.values("day").1, [0.0, 1.0, 2.0]);
    // Nothing is left to do, and nothing is written.
    let (out, _) = basin.run(&["run"], 0);
    assert!(out.trim_end().ends_with("unchanged"), "{out}");
    let (out, _) = basin.run(&["assemble"], 0);
    assert!(out.trim_end().ends_with("unchanged"), "{out}");
}

#[test]
fn diff_and_export_know_the_axes() {
    let basin = Basin::new("a,b,1,1\nb,0,2,1\n");
    basin.run(&["run"], 0);
    let (out, hint) = basin.run(&["export", "b", "--csv"], 0);
    assert!(
        out.starts_with("catchment,month,share,melt\nb,1998-01-01T00:00:00,0.5,2\n"),
        "{out}"
    );
    assert!(hint.contains("`--axis day,layer`, `--axis none`"), "{hint}");
    let (out, hint) = basin.run(&["export", "b", "--csv", "--axis", "day,layer"], 0);
    assert!(out.starts_with("catchment,day,layer,wet\nb,1998-05-01T00:00:00,top,201\nb,1998-05-01T00:00:00,bottom,202\n"), "{out}");
    assert_eq!(hint, "");
    let (out, _) = basin.run(&["export", "a", "b", "--csv", "--axis", "none"], 0);
    assert_eq!(out, "catchment,total\na,4\nb,8\n");
    let (_, error) = basin.run(&["export", "b", "--axis", "day"], 2);
    assert!(
        error.contains("there are month and day,layer and none"),
        "{error}"
    );
    basin.set("a,b,1,1\nb,0,3,1\n");
    basin.run(&["run"], 0);
    let (out, _) = basin.run(&["diff"], 0);
    assert!(
        out.contains("most +12: 24 → 36 in b at 1998-12-01T00:00:00"),
        "{out}"
    );
    assert!(
        out.contains("most +100: 201 → 301 in b at 1998-05-01T00:00:00, layer top"),
        "{out}"
    );
    assert!(out.contains("most +4: 8 → 12 in b\n"), "{out}");
    let (out, _) = basin.run(&["diff", "--json"], 0);
    let changes = json(&out)["changes"].clone();
    let of = |name: &str| {
        let mut lines = changes.as_array().expect("a list").iter();
        lines
            .find(|line| line["variable"] == name && line["catchment"] == "b")
            .expect(name)
    };
    assert_eq!(of("wet")["largest_absolute_place"], "layer top");
    assert_eq!(
        of("total")["largest_absolute_time"],
        serde_json::Value::Null
    );
    let (out, _) = basin.run(&["diff", "--csv"], 0);
    assert!(
        out.lines()
            .next()
            .is_some_and(|header| header.contains("largest_relative_place")),
        "{out}"
    );
    // What an axis tells has changed: no value has a counterpart.
    basin.set("a,b,1,2\nb,0,3,2\n");
    basin.run(&["run"], 0);
    let (_, error) = basin.run(&["diff"], 4);
    assert!(
        error.contains("differ in what they have along `day`"),
        "{error}"
    );
    basin.run(&["verify", "--sample", "100%"], 0);
    basin.run(&["doctor"], 0);
}

#[test]
fn an_axis_that_outputs_tell_is_one_for_all() {
    let basin = Basin::new("a,b,1,1\nb,0,2,2\n");
    let (_, error) = basin.run(&["run"], 4);
    assert!(
        error.contains("catchment b and catchment a have different values along the axis `day`")
            && error.contains("value 1 is 1998-05-02T00:00:00 in place of 1998-05-01T00:00:00"),
        "{error}"
    );
    // No result tells the axis: the product is without it.
    basin.set("a,b,0,1\nb,0,0,2\n");
    let (_, error) = basin.run(&["run"], 1);
    assert!(
        error.contains("is without wet: no catchment has a result"),
        "{error}"
    );
    let file = hdf5::File::open(basin.0.path().join("output.nc")).expect("the product");
    assert!(file.dataset("wet").is_err() && file.dataset("wet_max").is_err());
    assert!(basin.values("melt").1.iter().all(|value| value.is_nan()));
    // One that fails has no part in it, whatever is wrong with it.
    basin.edit(
        "[product.variables]",
        "[product.variables]\ntotal = { min = 0, max = 5 }\nwet = { max = 221 }",
    );
    basin.set("a,b,1,1\nb,0,2,2\nc,0,3,3\n");
    let (_, error) = basin.run(&["run"], 1);
    assert!(
        error.contains("total is 8, outside of the stated limits"),
        "{error}"
    );
    assert_eq!(basin.values("wet").0, [3, 2, 3]);
    basin.set("a,b,1,1\nb,0,0,2\n");
    basin.run(&["run"], 1);
    assert_eq!(basin.values("wet").0, [3, 2, 2]);
    assert!(basin.values("below").1[1].is_nan());
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_run() {
    let basin = Basin::new("a,0,1,1\n");
    basin.refuses(
        "melt / total",
        "melt / wet",
        "uses `melt`, which goes over `month`, and `wet`, which goes over `day` and `layer`",
    );
    basin.refuses(
        "[product.summary]",
        "[product.axes]\nlayers = { units = \"m\" }\n[product.summary]",
        "there is no axis \"layers\"; the outputs have day, layer, month; did you mean \"layer\"?",
    );
    basin.refuses(
        "[product.summary]",
        "[product.axes]\nmonth = { units = \"d\" }\n[product.summary]",
        "product.axes.month.units: follows from what it is: an axis of time steps",
    );
    basin.refuses(
        "of = \"wet\"",
        "of = \"total\"",
        "`total` has no time steps: it is a number for each catchment already",
    );
    basin.refuses(
        "downstream",
        "layout = \"steps\"\ndownstream",
        "can't hold `below`, which goes over no time; write layout = \"grid\"",
    );
    basin.refuses(
        "name = \"layer\"",
        "name = \"share\"",
        "the axis has the name of the product variable, parameter or summary `share`",
    );
    basin.refuses(
        "name = \"layer\"",
        "name = \"month\"",
        "another axis has the name `month`",
    );
    basin.refuses(
        "name = \"day\"",
        "name = \"month\"",
        "another axis has the name `month`",
    );
    basin.refuses(
        "name = \"layer\"",
        "name = \"status\"",
        "the name \"status\" must be",
    );
    let without_time = PROJECT.replace("time = \"none\"\n", "");
    basin.write(
        "rerunoff.toml",
        &without_time.replace("melt / total", "melt"),
    );
    let (_, error) = basin.run(&["run"], 2);
    assert!(
        error.contains("should have a row for each time step of the project, and that has none"),
        "{error}"
    );
    // An axis may be called so where the project has no time steps of its own.
    basin.edit("name = \"month\"", "name = \"time\"");
    basin.run(&["run"], 0);
    let (out, _) = basin.run(&["export", "a", "--csv"], 0);
    assert!(
        out.starts_with("catchment,time,share,melt\na,1998-01-01T00:00:00,0.25,1\n"),
        "{out}"
    );
    let (_, error) = basin.run(&["diff"], 2);
    assert!(error.contains("no run before"), "{error}");
}

#[test]
fn a_hundredth_changed_rewrites_its_part_on_every_axis() {
    let rows = |changed: usize| -> String {
        (0..100)
            .map(|at| format!("{},0,{},1\n", 1000 + at, if at == changed { 7 } else { 2 }))
            .collect()
    };
    let basin = Basin::new(&rows(100));
    basin.run(&["run"], 0);
    basin.set(&rows(50));
    let (out, _) = basin.run(&["run"], 0);
    assert!(out.starts_with("100 fresh, 1 run"), "{out}");
    let patched = fs::read(basin.0.path().join("output.nc")).expect("the product");
    fs::remove_file(basin.0.path().join("output.nc")).expect("removed");
    basin.run(&["run"], 0);
    let whole = fs::read(basin.0.path().join("output.nc")).expect("the product");
    assert!(patched == whole);
    assert_eq!(basin.values("melt").1[50], 7.0);
}

#[test]
fn a_report_has_what_lies_along_every_axis() {
    let basin = Basin::new("a,b,1,1\nb,0,2,1\nc,0,3,1\n");
    basin.run(&["run"], 0);
    let page = json(&basin.run(&["report", "--json"], 0).0);
    let names = |list: &str| -> Vec<String> {
        let list = page[list].as_array().expect("a list").iter();
        list.map(|it| it["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    let variables = names("variables");
    for name in ["share", "below", "wet [top]", "wet [bottom]", "total"] {
        assert!(variables.iter().any(|it| it == name), "{variables:?}");
    }
    let colours = names("colours");
    let place = colours.iter().position(|name| name == "wet_max [bottom]");
    let colour = &page["colours"][place.unwrap_or_else(|| panic!("{colours:?}"))];
    let array = |name: &serde_json::Value| page["arrays"][name.as_str().expect("a name")].clone();
    assert_eq!(array(&colour["values"]), json("[122.0, 222.0, 322.0]"));
    // Months are of several lengths, so every time is told.
    let time = &page["curves"]["time"];
    assert_eq!((&time["steps"], &time["step"]), (&json("12"), &json("0.0")));
    assert_eq!(array(&time["times"])[1], 886_291_200.0);
    let notes = page["notes"].to_string();
    assert!(
        notes.contains("No curves are drawn of wet: these do not go over `month`."),
        "{notes}"
    );
}

#[test]
fn a_report_tells_places_apart_and_draws_what_goes_over_one_time() {
    let basin = Basin::new("a,b,1,1\nb,0,2,1\n");
    basin.run(&["run"], 0);
    let (page, _) = basin.run(&["report", "--json"], 0);
    let page = json(&page);
    let named = |list: &str| -> Vec<[Option<String>; 2]> {
        let of = |entry: &serde_json::Value, field: &str| entry[field].as_str().map(str::to_owned);
        let list = page[list].as_array().expect("a list").iter();
        list.map(|entry| [of(entry, "name"), of(entry, "long_name")])
            .collect()
    };
    let known = |list: &str, name: &str| {
        named(list)
            .into_iter()
            .find(|[own, _]| own.as_deref() == Some(name))
    };
    for place in ["top", "bottom"] {
        let variable = known("variables", &format!("wet [{place}]"));
        let words = format!("wet, layer {place}");
        assert_eq!(variable.and_then(|[_, words]| words), Some(words));
        assert!(known("colours", &format!("wet_max [{place}]")).is_some());
    }
    let notes = page["notes"].to_string();
    assert!(notes.contains("No curves are drawn of"), "{notes}");
}
