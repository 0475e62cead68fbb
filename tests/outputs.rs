//! Outputs in every declared shape, through the built binary: each example of `docs/simulators.md` gives what stands beside its
//! columns; what is taken is part of the key, and what only shows in the product is not; what is wrong is told with its remedy.

use std::fs;
use std::path::{Path, PathBuf};

use rerunoff::project::Study;
use tempfile::TempDir;

use crate::common::{Run, rerunoff};

/// Two days in which a simulator leaves what lies in `left`.
const PROJECT: &str = r#"
[input]
catchments = ["7"]
time = { start = "2010-01-01", step = "1d", steps = 2 }
[product]
file = "output.h5"
[simulator]
command = ["sh", "-c", "cp left/* . && echo {id} >> $LOG"]
support = ["left"]
writes = ["calls"]
[simulator.env]
LOG = "LOG_FILE"
"#;

struct Place(TempDir);

impl Place {
    /// A project with these files left by its simulator, and this at the end of its project file.
    fn new(left: &[(&str, &str)], more: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(place.path("left")).expect("a folder");
        fs::create_dir(place.path("calls")).expect("a folder");
        for (name, text) in left {
            fs::write(place.path("left").join(name), text).expect(name);
        }
        place.describe(more);
        place
    }

    fn describe(&self, more: &str) {
        let log = self.path("calls/log").display().to_string();
        let text = PROJECT.replace("LOG_FILE", &log);
        fs::write(self.path("rerunoff.toml"), format!("{text}\n{more}")).expect("a project file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self) -> Run {
        let run = rerunoff(self.0.path(), &["run"]).output();
        Run::from(run.expect("the binary"))
    }

    /// Runs it; as many simulators must have been started since the last time.
    #[track_caller]
    fn starts(&self, count: usize) {
        fs::remove_file(self.path("calls/log")).ok();
        self.run().expect(0);
        let log = fs::read_to_string(self.path("calls/log")).unwrap_or_default();
        assert_eq!(log.lines().count(), count);
    }

    /// It must refuse or fail with this message.
    #[track_caller]
    fn says(&self, code: i32, told: &str) {
        let run = self.run().expect(code);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains(told), "{text}");
    }
}

/// The values of a variable of a product with one catchment.
fn values(product: &Path, variable: &str) -> Vec<f64> {
    let file = hdf5::File::open(product).expect("the product");
    let dataset = file.dataset(variable).expect(variable);
    dataset.read_raw().expect("numbers")
}

/// An example of the documentation: a part of a project file, and the files that its simulator leaves.
struct Example<'d> {
    toml: &'d str,
    left: Vec<(Option<&'d str>, &'d str)>,
}

/// The examples in which a column has its values beside it.
fn examples(documentation: &str) -> Vec<Example<'_>> {
    let mut examples: Vec<Example<'_>> = Vec::new();
    for block in documentation.split("```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a line");
        if kind == "toml" {
            let left = Vec::new();
            examples.push(Example { toml: text, left });
        } else if let (Some(name), Some(example)) = (kind.strip_prefix("text"), examples.last_mut())
        {
            let name = Some(name.trim()).filter(|name| !name.is_empty());
            example.left.push((name, text));
        }
    }
    examples.retain(|example| example.toml.contains('→'));
    examples
}

/// The columns in a line of a project file, with the values that stand beside them.
fn expected(line: &str) -> Vec<(String, Vec<f64>)> {
    let Some((stated, beside)) = line.split_once("# →") else {
        return Vec::new();
    };
    let stated: toml::Table = stated.parse().expect("a line of a project file");
    let columns = stated.get("columns").and_then(|columns| columns.as_table());
    let names = columns.unwrap_or(&stated).keys().cloned();
    let numbers = |text: &str| {
        let numbers = text.split(',').map(|number| number.trim().parse());
        numbers.collect::<Result<Vec<f64>, _>>().expect("numbers")
    };
    names.zip(beside.split(';').map(numbers)).collect()
}

#[test]
fn the_examples_in_the_documentation_are_read() {
    let examples = examples(include_str!("../docs/simulators.md"));
    assert!(examples.len() > 12, "{}", examples.len());
    for Example { toml, left } in examples {
        let stated: toml::Table = toml.parse().expect(toml);
        let output = &stated["simulator"]["output"];
        let file = output.get("file").and_then(|file| file.as_str());
        let named = left
            .iter()
            .map(|(name, text)| (name.or(file).expect("a name"), *text));
        let place = Place::new(&named.collect::<Vec<_>>(), toml);
        place.run().expect(0);
        for (name, values_beside) in toml.lines().flat_map(expected) {
            let found = values(&place.path("output.h5"), &name);
            assert_eq!(found, values_beside, "{name} of {toml}");
        }
    }
}

const FLOWS: &str = "gauge Q\n7 1.5\n8 2.5\n7 1.75\n8 2.75\n";

#[test]
fn what_is_taken_is_in_the_key_and_what_shows_in_the_product_is_not() {
    let left = [("flow.txt", FLOWS), ("years.txt", "Q\n1\n2\n3\n")];
    let flow = "[[simulator.output]]\nfile = \"flow.txt\"\nwhere = { gauge = \"{id}\" }\ncolumns = { q = \"Q\" }\n";
    let years = "[[simulator.output]]\nfile = \"years.txt\"\n\
                 time = { start = \"2000-01-01\", step = \"1 year\", steps = 3, name = \"year\" }\ncolumns = { mean_q = \"Q\" }\n";
    let place = Place::new(&left, &format!("{flow}{years}"));
    place.starts(1);
    assert_eq!(values(&place.path("output.h5"), "q"), [1.5, 1.75]);
    // Nothing of this changes what is read.
    let of_input = flow.replace(
        "columns",
        "time = \"input\"\nheader = true\nskip_lines = 0\ncolumns",
    );
    for more in [
        format!("{years}{flow}"),
        format!("{of_input}{years}"),
        format!(
            "{flow}{}",
            years
                .replace("2000-01", "1900-07")
                .replace("year\" }", "y\" }")
        ),
    ] {
        place.describe(&more);
        place.starts(0);
    }
    for more in [
        format!("{}{years}", flow.replace("{id}", "8")),
        format!(
            "{flow}{}",
            years
                .replace("time = ", "skip_rows = 1\ntime = ")
                .replace("steps = 3", "steps = 2")
        ),
        flow.to_owned(),
    ] {
        place.describe(&more);
        place.starts(1);
    }
    place.describe(&format!("{flow}{years}"));
    place.starts(0);
}

#[test]
fn a_failure_says_where_and_what_to_do() {
    let output = |text: &str| {
        format!("[simulator.output]\nfile = \"flow.txt\"\ncolumns = {{ q = \"Q\" }}\n{text}\n")
    };
    let place = Place::new(&[("flow.txt", FLOWS)], "");
    for (text, told) in [
        (
            "",
            "4 rows (after the header and 0 skipped), but there are 2 time steps; rows that are no time steps of the input need `time`",
        ),
        (
            "where = { gauge = 9 }",
            "no row has `gauge` = \"9\"; there is `7`, `8`",
        ),
        (
            "where = { place = \"{id}\" }",
            "no column `place`; its header has `gauge`, `Q`",
        ),
        (
            "until = \"Total\"",
            "line 5: the output ends here, and no line begins with \"Total\"",
        ),
        (
            "time = { columns = \"gauge\", format = \"%y\", name = \"t\" }",
            "line 4: the time 2007-01-01T00:00:00 comes after 2008-01-01T00:00:00",
        ),
        (
            "blocks = \"Results\"",
            "no line with \"Results\", which begins a block",
        ),
        (
            "dimension = { name = \"place\", column = \"gauge\" }\ntime = \"none\"",
            "line 4: `place` is 7 as in line 2 already",
        ),
    ] {
        place.describe(&output(text));
        place.says(1, told);
    }
    let place = Place::new(
        &[
            ("flow.txt", "Q\n1.5\n"),
            ("b.txt", "d Q\n2 1\n3 1\n"),
            ("a.txt", "d Q\n1 1\n2 1\n"),
        ],
        "",
    );
    let dated = |file: &str| {
        format!(
            "[[simulator.output]]\nfile = \"{file}.txt\"\ntime = {{ columns = \"d\", format = \"%y\", name = \"year\" }}\ncolumns = {{ {file} = \"Q\" }}\n"
        )
    };
    place.describe(&format!("{}{}", dated("a"), dated("b")));
    place.says(
        1,
        "its output b.txt: its axis `year` has other values than that of another output",
    );
}

#[test]
fn what_can_be_meant_in_two_ways_is_refused_with_the_form_that_is_right() {
    let place = Place::new(&[("flow.txt", FLOWS)], "");
    let output = |text: &str| format!("[simulator.output]\nfile = \"flow.txt\"\n{text}\n");
    for (text, told) in [
        (
            "header = false\ncolumns = { q = \"Q\" }",
            "names a header, but `header = false` says that there is none",
        ),
        ("columns = { q = 0 }", "counts columns from 1"),
        (
            "columns = { q = { characters = [20, 12] } }",
            "needs the first and the last character",
        ),
        (
            "columns = { q = { characters = 3 } }",
            "a header, a column's number from 1, `{ characters = [12, 20] }`",
        ),
        ("columns = { q = { text = \"\" } }", "has an empty text"),
        (
            "columns = { q = { text = \"Q\", which = 0 } }",
            "counts texts from 1",
        ),
        (
            "columns = { q = { text = \"Q\" } }\nwhere = { a = 1 }",
            "is about rows, but all columns of this output are numbers behind a text",
        ),
        (
            "columns = { q = 1 }\ndecimal = \",\"\nseparator = \"comma\"",
            "a comma can't be the decimal point and stand between cells",
        ),
        (
            "columns = { q = 1 }\ncomments = [\"\"]",
            "holds an empty text",
        ),
        ("columns = { q = 1 }\nuntil = \"\"", "is empty"),
        (
            "columns = { q = 1 }\ntime = \"daily\"",
            "must be \"none\", \"input\"",
        ),
        (
            "columns = { q = 1 }\ntime = { columns = [\"y\", \"m\", \"d\"] }",
            "\"%Y %m %d\" for year, month and day",
        ),
        (
            "columns = { q = 1 }\ntime = { columns = [1] }",
            "names no header, which the table has",
        ),
        (
            "columns = { q = 1 }\ntime = { columns = [\"d\"], format = \"%d.%m.\" }",
            "the year (%Y) is missing",
        ),
        (
            "columns = { q = 1 }\ntime = { columns = [\"d\"], of = \"output\" }",
            "can only be \"input\"",
        ),
        (
            "columns = { q = 1 }\nheader = false\nwhere = { gauge = 7 }",
            "is no column of a table without a header",
        ),
        (
            "columns = { q = 1 }\ndimension = { name = \"layer\" }",
            "needs one of `values`",
        ),
        (
            "columns = { q = 1 }\ndimension = { name = \"layer\", values = [1, \"a\"] }",
            "must be numbers or texts",
        ),
        (
            "columns = { q = 1 }\ndimension = { name = \"layer\", values = [1, 1.0] }",
            "has a value twice",
        ),
    ] {
        place.describe(&output(text));
        let error = Study::load(place.0.path()).map(|_| text).expect_err(text);
        assert!(error.to_string().contains(told), "{error}");
    }
    for text in ["blocks = \"{place}\"", "where = { gauge = \"{place}\" }"] {
        place.describe(&output(&format!("columns = {{ q = 1 }}\n{text}")));
        place.says(2, "nothing provides {place}");
    }
}
