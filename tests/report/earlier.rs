//! A state whose results are not as the page's is told in a note, and neither drawn nor compared: other places along a dimension, other time
//! steps, no such column.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{json, rerunoff};

const PROJECT: &str = r#"
[[parameters.table]]
file = "catchments.csv"
id = "catchment"

[simulator]
command = ["sh", "model.sh", "{days}", "{layers}"]
support = ["model.sh"]

[[simulator.output]]
file = "soil.txt"
time = { columns = ["date"], name = "day" }
dimension = { name = "layer", column = "depth" }
columns = { wet = "wet" }

[[simulator.output]]
file = "flow.txt"
time = { columns = ["date"], name = "day" }
columns = { q = "q" }

[product]
file = "output.nc"
"#;

const MODEL: &str = r#"
echo date depth wet > soil.txt
echo date q rain > flow.txt
for d in $(seq 1 $1); do
    echo 1998-05-0$d $d 2 >> flow.txt
    for l in $2; do echo 1998-05-0$d $l $((10 * d + l)); done >> soil.txt
done
"#;

/// A project whose runs have so many days and these layers.
struct Basin(TempDir);

impl Basin {
    fn tagged(days: usize, layers: &str) -> Self {
        let basin = Self(tempfile::tempdir().expect("a folder"));
        basin.write("rerunoff.toml", PROJECT);
        basin.write("model.sh", MODEL);
        basin.run(days, layers);
        basin.call(&["tag", "then"]);
        basin
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect(name);
    }

    fn run(&self, days: usize, layers: &str) {
        let rows = format!("catchment,days,layers\na,{days},{layers}\n");
        self.write("catchments.csv", &rows);
        self.call(&["run"]);
    }

    #[track_caller]
    fn call(&self, arguments: &[&str]) -> String {
        let run = rerunoff(self.0.path(), arguments)
            .output()
            .expect("the binary");
        let error = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{error}");
        String::from_utf8(run.stdout).expect("a text")
    }

    /// The page since the tag.
    #[track_caller]
    fn page(&self) -> Value {
        json(&self.call(&["report", "--json", "--since", "then"]))
    }
}

/// Whether a note says all of this.
#[track_caller]
fn notes(page: &Value, note: &str) {
    let notes = page["notes"].as_array().expect("notes");
    assert!(notes.iter().any(|it| it == note), "{notes:?}");
}

/// What a colour was as of the tag.
#[track_caller]
fn then<'p>(page: &'p Value, name: &str) -> &'p Value {
    let mut colours = page["colours"].as_array().expect("colours").iter();
    let colour = colours.find(|colour| colour["name"] == name);
    let array = &colour.unwrap_or_else(|| panic!("no {name}: {page}"))["then"];
    &page["arrays"][array.as_str().expect("a name")]
}

#[test]
fn other_places_are_neither_drawn_nor_compared() {
    for (before, now) in [("5 10", "5 10 20"), ("5", "5 10"), ("7 14", "5 10")] {
        let basin = Basin::tagged(4, before);
        basin.run(4, now);
        let page = basin.page();
        notes(
            &page,
            "The places along `layer` are others in tag \"then\", so nothing of wet is shown of it.",
        );
        assert_eq!(then(&page, "wet_mean [5]"), &serde_json::json!([null]));
        assert_eq!(then(&page, "q_mean"), &serde_json::json!([2.5]));
    }
}

#[test]
fn other_time_steps_are_neither_drawn_nor_compared() {
    let basin = Basin::tagged(3, "5 10");
    basin.run(4, "5 10");
    let page = basin.page();
    notes(
        &page,
        "The numbers in tag \"then\" are over other time steps, so they are not compared, and no curves of it are drawn.",
    );
    assert_eq!(then(&page, "q_mean"), &serde_json::json!([null]));
    assert_eq!(page["changes"], serde_json::json!([]));
}

#[test]
fn a_made_up_name_is_no_other_variables() {
    let basin = Basin::tagged(3, "5");
    let more = format!("{PROJECT}[product.variables]\nq_mean = {{ formula = \"q * 100\" }}\n");
    basin.write("rerunoff.toml", &more);
    basin.call(&["run"]);
    let page = basin.page();
    assert_eq!(then(&page, "q_mean_"), &serde_json::json!([2.0]));
    assert_eq!(then(&page, "q_mean_mean"), &serde_json::json!([200.0]));
}

#[test]
fn columns_that_results_lack_are_left_out() {
    let basin = Basin::tagged(3, "5 10");
    let columns = "columns = { q = \"q\"";
    assert!(PROJECT.contains(columns));
    let more = PROJECT.replace(columns, &format!("{columns}, rain = \"rain\""));
    basin.write("rerunoff.toml", &more);
    let note = |state: &str| {
        format!("There is nothing of rain in {state}: its results lack what that is made of.")
    };
    let page = basin.page();
    notes(&page, &note("tag \"then\""));
    notes(&page, &note(page["now"].as_str().expect("a title")));
    basin.call(&["run"]);
    let page = basin.page();
    notes(&page, &note("tag \"then\""));
    assert_eq!(then(&page, "rain_mean"), &serde_json::json!([null]));
    assert_eq!(then(&page, "q_mean"), &serde_json::json!([2.0]));
}
