//! What a product is by itself: ids as whole numbers where all are such, positions where tables have them, time to be joined along.

use std::fs;

use crate::common::{characters, rerunoff};

const PROJECT: &str = r#"
[input]
catchments = IDS
time = { start = "1998-01-01", step = "1d", steps = 2 }
[[parameters.table]]
file = "links.csv"
id = "id"
[simulator]
command = ["sh", "-c", "printf 'q\n1\n2\n' > out.txt"]
timeout = "20s"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.nc"
downstream = "next"
FORM
[product.parameters]
next = {}
name = {}
MORE
"#;

struct Place(tempfile::TempDir);

impl Place {
    fn new(links: &str) -> Self {
        Self::with(&format!("id,next,name\n{links}"))
    }

    /// A project with this table of parameters.
    fn with(table: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write("links.csv", table);
        place
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect(name);
    }

    /// Runs it with these ids and this line in [product], and behind a `|` what follows its parameters; what it printed.
    #[track_caller]
    fn run(&self, ids: &str, form: &str, code: i32) -> String {
        let (form, more) = form.split_once('|').unwrap_or((form, ""));
        let text = PROJECT
            .replace("IDS", ids)
            .replace("FORM", form)
            .replace("MORE", more);
        self.write("rerunoff.toml", &text);
        self.call(&["run"], code)
    }

    #[track_caller]
    fn call(&self, arguments: &[&str], code: i32) -> String {
        let run = rerunoff(self.0.path(), arguments).output();
        let run = run.expect("the binary");
        let [out, error] =
            [run.stdout, run.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(run.status.code(), Some(code), "{out}{error}");
        out + &error
    }

    fn product(&self) -> hdf5::File {
        hdf5::File::open(self.0.path().join("output.nc")).expect("the product")
    }
}

#[test]
fn plain_whole_numbers_are_integers_unless_the_project_says_otherwise() {
    let place = Place::new("7,8,creek\n8,,brook\n");
    place.run("[\"7\", \"8\"]", "", 0);
    let ids = |name: &str| {
        let dataset = place.product().dataset(name).expect(name);
        assert_eq!(dataset.dtype().expect("a type").size(), 4, "{name}");
        dataset.read_raw::<i32>().expect("integers")
    };
    assert_eq!(ids("catchment"), [7, 8]);
    assert_eq!(ids("next"), [8, 0], "an outlet is 0");
    assert_eq!(characters(&place.product(), "name"), ["creek", "brook"]);
    assert_eq!(characters(&place.product(), "key")[0].len(), 64);
    // The other way is one line, and nothing is run for it.
    let told = place.run("[\"7\", \"8\"]", "ids = \"text\"", 0);
    assert!(
        told.contains(" 0 run, ") && told.contains(" written"),
        "{told}"
    );
    assert_eq!(characters(&place.product(), "catchment"), ["7", "8"]);
    let told = place.run("[\"7\", \"8\"]", "ids = \"integer\"", 0);
    assert!(
        told.contains(" 0 run, ") && told.contains(" written"),
        "{told}"
    );
    assert_eq!(ids("catchment"), [7, 8]);
}

#[test]
fn ids_that_are_no_numbers_are_texts() {
    let place = Place::new("7,Bä,x\nBä,,y\n");
    place.run("[\"7\", \"Bä\"]", "", 0);
    assert_eq!(characters(&place.product(), "catchment"), ["7", "Bä"]);
    assert_eq!(characters(&place.product(), "next"), ["Bä", ""]);
    let told = place.run("[\"7\", \"Bä\"]", "ids = \"integer\"", 2);
    assert!(
        told.contains("product.ids") && told.contains("catchment Bä is no plain whole number"),
        "{told}"
    );
    // Of a zero before it a number would be silent.
    let place = Place::new("07,,x\n8,,y\n");
    place.run("[\"07\", \"8\"]", "", 0);
    assert_eq!(characters(&place.product(), "catchment"), ["07", "8"]);
}

#[test]
fn a_product_is_an_input_like_any_other() {
    for ids in ["[\"7\", \"8\"]", "[\"7\", \"Bä\"]"] {
        let place = Place::new("7,8,x\n8,7,y\nBä,7,z\n");
        place.run(ids, "", 0);
        let other = Place::new("");
        let product = place.0.path().join("output.nc");
        let input = format!("[input]\nfile = \"{}\"\n[simulator]", product.display());
        let text = PROJECT.replace("FORM", "").replace("MORE", "");
        let after = text.split_once("[simulator]").expect("a simulator").1;
        other.write("rerunoff.toml", &(input + after));
        let told = other.call(&["check"], 0);
        let overview = "2 catchments, 2 time steps from 1998-01-01T00:00:00 to 1998-01-02T00:00:00";
        assert!(told.starts_with(overview), "{told}");
        other.call(&["run"], 0);
        assert_eq!(characters(&other.product(), "name")[0], "x");
    }
}

#[test]
fn positions_are_found_where_tables_have_them() {
    const IDS: &str = "[\"7\", \"8\"]";
    let table =
        |last: &str| format!("id,next,name,Latitude,LONGITUDE\n7,8,x,48.5,7\n8,,y,{last}\n");
    let place = Place::with(&table("49,7.25"));
    let numbers = |name: &str| {
        let dataset = place.product().dataset(name).ok()?;
        Some(dataset.read_raw::<f64>().expect("numbers"))
    };
    place.run(IDS, "", 0);
    assert_eq!(numbers("lat"), Some(vec![48.5, 49.0]));
    assert_eq!(numbers("lon"), Some(vec![7.0, 7.25]));
    let time = place.product().dataset("time").expect("the time");
    assert!(time.is_resizable(), "files can be joined along it");
    drop(time);
    let told = place.run(IDS, "positions = false", 0);
    assert!(told.contains(" 0 run, "), "{told}");
    assert_eq!((numbers("lat"), numbers("lon")), (None, None));
    // What the project says itself wins.
    let own = "|lat = { parameter = \"LONGITUDE\" }";
    place.run(IDS, own, 0);
    assert_eq!(numbers("lat"), Some(vec![7.0, 7.25]));
    assert_eq!(numbers("lon"), None);
    // A scenario that leaves a catchment out has its position still.
    let scenarios = "|[scenario.all.parameters]\nk = 1\n[scenario.one]\ncatchments = [\"8\"]";
    place.run(IDS, scenarios, 0);
    assert_eq!(numbers("lat"), Some(vec![48.5, 49.0]));
    // One of both that the project states has none beside it.
    place.run(IDS, "|latitude = { parameter = \"Latitude\" }", 0);
    assert_eq!(numbers("latitude"), Some(vec![48.5, 49.0]));
    assert_eq!((numbers("lat"), numbers("lon")), (None, None));
    for gap in [",7.25", "n/a,7.25", "95,7.25", "49,400", "48.5,7"] {
        place.write("links.csv", &table(gap));
        place.run(IDS, "", 0);
        assert_eq!((numbers("lat"), numbers("lon")), (None, None), "{gap}");
    }
    // The middle of the basin is no catchment's position, whatever the scenarios.
    place.write("links.csv", "id,next,name\n7,8,x\n8,,y\n");
    let middle = "|[parameters]\nlat = 51.5\nlon = 7.1\n";
    for scenarios in ["", "[scenario.all]\n[scenario.one]\ncatchments = [\"8\"]\n"] {
        place.run(IDS, &format!("{middle}{scenarios}"), 0);
        assert_eq!(
            (numbers("lat"), numbers("lon")),
            (None, None),
            "{scenarios}"
        );
    }
    place.run("[\"7\"]", middle, 0);
    assert_eq!(numbers("lat"), Some(vec![51.5]), "the only catchment's");
}

#[test]
fn the_order_of_scenarios_does_not_matter_to_positions_and_links() {
    const IDS: &str = "[\"7\", \"8\"]";
    let place = Place::new("7,8,x\n8,-9999.0,y\n");
    place.write("places.csv", "id,lat,lon\n7,48.5,7\n8,49,7.25\n");
    let table = "[[scenario.one.parameters.table]]\nfile = \"places.csv\"\nid = \"id\"\n";
    let one = format!("[scenario.one]\ncatchments = [\"7\", \"8\"]\n{table}");
    let other = "[scenario.other]\ncatchments = [\"8\"]\n";
    for scenarios in [format!("|{one}{other}"), format!("|{other}{one}")] {
        place.run(IDS, &scenarios, 0);
        let product = place.product();
        let next = product.dataset("next").expect("the links");
        let links = next.read_raw::<i32>().expect("whole numbers");
        assert_eq!((next.shape(), links), (vec![2], vec![8, -9999]));
        let lat = product.dataset("lat").expect("positions");
        assert_eq!(lat.read_raw::<f64>().expect("numbers"), [48.5, 49.0]);
    }
}

#[test]
fn tables_of_time_steps_have_no_say_in_ids_and_positions() {
    let place = Place::new("7,8,x\n");
    for stated in ["ids = \"text\"", "positions = false"] {
        let form = format!("layout = \"steps\"\n{stated}");
        let told = place.run("[\"7\"]", &form, 2);
        let name = stated.split(' ').next().expect("a name");
        assert!(told.contains(&format!("product.{name}")), "{told}");
        assert!(told.contains("layout = \"steps\""), "{told}");
    }
}
