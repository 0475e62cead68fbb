//! Products in the tools of the field: each reads every value of every form that a product has, and what it makes of them is right.
//!
//! What a tool is asked is in `tests/tools/`, a script each that prints what it found, a line a thing. A tool that is not installed is
//! passed over; `make test-tools` installs all. Readers in Python are those of `make test`, in [`crate::interop`].

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Project, STEPS, discharge, id, precipitation, python};

const CATCHMENTS: usize = 5;
/// The catchment that fails, and has no values.
const FAILED: usize = 3;

/// A product with what is in it.
struct Form {
    name: &'static str,
    project: Project,
    /// The factors of its scenarios; one alone is no dimension of the product.
    factors: &'static [f64],
}

/// Every form that products have by their ids, positions and scenarios.
fn forms() -> Vec<Form> {
    let form = |name, edits: &[&str], places: bool, factors: &'static [f64]| {
        let project = Project::new(CATCHMENTS);
        project.edit("output.h5", "output.nc");
        let mut toml = std::fs::read_to_string(project.path("rerunoff.toml")).expect("its file");
        for edit in edits {
            toml = match edit.starts_with('[') {
                true => toml + edit,
                false => toml.replace("[product]\n", &format!("[product]\n{edit}\n")),
            };
        }
        project.write_toml(&toml);
        let mut table =
            "catchment,mode,factor".to_owned() + if places { ",lat,lon\n" } else { "\n" };
        for catchment in 0..CATCHMENTS {
            let mode = if catchment == FAILED { "exit" } else { "ok" };
            table.push_str(&format!("{},{mode},2", id(catchment)));
            if places {
                table.push_str(&format!(",{},{}", 47.5 + catchment as f64 / 8.0, 7.25));
            }
            table.push('\n');
        }
        project.write("catchments.csv", &table);
        project.rerunoff(&["run"]).expect(1);
        Form {
            name,
            project,
            factors,
        }
    };
    let sweep = "[sweep.factor]\nvalues = [2, 3]\n";
    vec![
        form("numbers", &[], false, &[2.0]),
        form("places", &[], true, &[2.0]),
        form("texts", &["ids = \"text\""], false, &[2.0]),
        form("scenarios", &[sweep], false, &[2.0, 3.0]),
        form("all", &["ids = \"text\"", sweep], true, &[2.0, 3.0]),
    ]
}

impl Form {
    /// What the simulators printed and the formula made of it, `[time, scenario, catchment]`; NaN where there is nothing.
    fn values(&self, variable: &str) -> Vec<f64> {
        let value = |step: usize, factor: f64, catchment: usize| {
            let flow = discharge(catchment, step);
            let concentration = precipitation(catchment, step) * factor;
            match variable {
                _ if catchment == FAILED => f64::NAN,
                "discharge" => flow,
                // The simulator writes NA where nothing flows.
                _ if flow == 0.0 => f64::NAN,
                "concentration" => concentration,
                _ => concentration * flow * 3600.0 * 1e-6,
            }
        };
        let at = |step| {
            let scenarios = self.factors.iter();
            scenarios.flat_map(move |&f| (0..CATCHMENTS).map(move |c| value(step, f, c)))
        };
        (0..STEPS).flat_map(at).collect()
    }

    /// What must be found under this name, in words.
    fn expected(&self, what: &str) -> Vec<String> {
        match what {
            "catchment" => (0..CATCHMENTS).map(id).collect(),
            "time" => (0..STEPS)
                .map(|step| format!("2009-01-01T{step:02}:00:00"))
                .collect(),
            "scenario" => (self.factors.iter())
                .map(|factor| format!("factor={factor}"))
                .collect(),
            "mean of discharge" => {
                let all = self.values("discharge");
                let columns = all.len() / STEPS;
                let mean = |column| {
                    let values = all.iter().skip(column).step_by(columns);
                    values.sum::<f64>() / STEPS as f64
                };
                (0..columns)
                    .map(|column| mean(column).to_string())
                    .collect()
            }
            variable => (self.values(variable).iter()).map(f64::to_string).collect(),
        }
    }

    /// Asks the tool, and compares all that it says.
    fn ask(&self, tool: &Tool) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/tools")
            .join(tool.script);
        let output = Command::new(tool.interpreter[0])
            .args(&tool.interpreter[1..])
            .arg(script)
            .arg(self.project.path("output.nc"))
            .stdin(Stdio::null())
            .output()
            .expect("the interpreter");
        let told = String::from_utf8_lossy(&output.stdout);
        let what = format!("{} on {}", tool.script, self.name);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {told}{complaints}");
        let mut found = BTreeSet::new();
        for line in told.lines() {
            let (thing, words) = line.split_once(':').expect(line);
            let words: Vec<&str> = words.split_whitespace().collect();
            let expected = self.expected(thing);
            assert_eq!(words.len(), expected.len(), "{what}: {line}\n{complaints}");
            for (word, wanted) in words.iter().zip(&expected) {
                assert!(same(word, wanted), "{what}: {thing}: {word} for {wanted}");
            }
            found.insert(thing);
        }
        for thing in tool.things {
            assert!(found.contains(thing), "{what}: nothing of {thing}: {told}");
        }
    }
}

/// Whether both are the same text, or the same number but for the last digits, or both stand for none.
fn same(found: &str, expected: &str) -> bool {
    let number = |text: &str| match text {
        "_" | "NA" | "nan" | "NaN" => Some(f64::NAN),
        _ => text.parse::<f64>().ok(),
    };
    match (number(found), number(expected)) {
        (Some(found), Some(expected)) if found.is_nan() || expected.is_nan() => {
            found.is_nan() && expected.is_nan()
        }
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * expected.abs(),
        _ => found == expected,
    }
}

/// A program that others wrote, and what it is asked.
struct Tool {
    /// As a user calls it.
    name: &'static str,
    /// A command that fails where it is not installed.
    probe: &'static [&'static str],
    interpreter: &'static [&'static str],
    script: &'static str,
    /// What it must tell of every product.
    things: &'static [&'static str],
}

impl Tool {
    /// Whether it is installed; if not, it is said.
    fn is_there(&self) -> bool {
        let probe = Command::new(self.probe[0])
            .args(&self.probe[1..])
            .stdin(Stdio::null())
            .output();
        let is_there = probe.is_ok_and(|output| output.status.success());
        if !is_there {
            println!("skipped: {} is not installed", self.name);
        }
        is_there
    }
}

/// All by the names of their Debian packages.
const TOOLS: &[Tool] = &[
    Tool {
        name: "cdo",
        probe: &["cdo", "--version"],
        interpreter: &["sh"],
        script: "cdo.sh",
        things: &[
            "concentration",
            "discharge",
            "herbicide_load",
            "time",
            "mean of discharge",
        ],
    },
    Tool {
        name: "nco",
        probe: &["ncra", "--version"],
        interpreter: &["sh"],
        script: "nco.sh",
        things: &[
            "concentration",
            "discharge",
            "herbicide_load",
            "mean of discharge",
        ],
    },
    Tool {
        name: "netcdf-bin",
        probe: &["sh", "-c", "command -v ncdump"],
        interpreter: &["sh"],
        script: "ncdump.sh",
        things: &["concentration", "discharge", "herbicide_load", "catchment"],
    },
    Tool {
        name: "gdal-bin",
        probe: &["gdalmdiminfo", "--version"],
        interpreter: &["sh"],
        script: "gdal.sh",
        things: &["concentration", "discharge", "herbicide_load"],
    },
    Tool {
        name: "r-cran-ncdf4",
        probe: &["Rscript", "--vanilla", "-e", "library(ncdf4)"],
        interpreter: &["Rscript", "--vanilla"],
        script: "ncdf4.R",
        things: &[
            "concentration",
            "discharge",
            "herbicide_load",
            "catchment",
            "time",
            "mean of discharge",
        ],
    },
    Tool {
        name: "r-cran-stars",
        probe: &["Rscript", "--vanilla", "-e", "library(stars)"],
        interpreter: &["Rscript", "--vanilla"],
        script: "stars.R",
        things: &["concentration", "discharge", "herbicide_load"],
    },
    Tool {
        name: "r-cran-terra",
        probe: &["Rscript", "--vanilla", "-e", "library(terra)"],
        interpreter: &["Rscript", "--vanilla"],
        script: "terra.R",
        things: &["concentration", "discharge", "herbicide_load"],
    },
    Tool {
        name: "octave-netcdf",
        probe: &["octave-cli", "-q", "--eval", "pkg load netcdf"],
        interpreter: &["octave-cli", "-q"],
        script: "octave.m",
        things: &[
            "concentration",
            "discharge",
            "herbicide_load",
            "catchment",
            "time",
            "mean of discharge",
        ],
    },
];

#[test]
fn every_tool_reads_every_value_of_every_form() {
    let forms = forms();
    std::thread::scope(|scope| {
        for tool in TOOLS {
            let forms = &forms;
            scope.spawn(move || {
                if tool.is_there() {
                    forms.iter().for_each(|form| form.ask(tool));
                }
            });
        }
    });
    // Without a copy of the product: what is kept are the places of its chunks.
    for form in &forms {
        python("check_zarr.py", &[&form.project.path("output.nc")]);
    }
    lines_of_the_page(&forms[0].project);
}

/// The lines of docs/tools.md work as they stand there, in a folder with a product.
fn lines_of_the_page(project: &Project) {
    let page = include_str!("../docs/tools.md");
    let ours = Path::new(env!("CARGO_BIN_EXE_rerunoff")).parent();
    let path = std::env::var("PATH").expect("a PATH");
    let path = format!("{}:{path}", ours.expect("a folder").display());
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/interop/bin/python");
    let python = python.to_str().expect("a path");
    let mut count = 0;
    for block in page.split("```").skip(1).step_by(2) {
        let (language, lines) = block.split_once('\n').expect("lines");
        let first = lines.lines().next().expect("a line");
        let program = first.split(' ').next().unwrap_or_default();
        // What fails where the tool is not installed, and what runs the lines.
        let (probe, interpreter) = match language {
            "sh" => (format!("command -v {program}"), vec!["sh", "-e"]),
            "r" => (
                format!("Rscript --vanilla -e '{first}'"),
                vec!["Rscript", "--vanilla"],
            ),
            "octave" => (
                format!("octave-cli -q --eval '{first}'"),
                vec!["octave-cli", "-q"],
            ),
            "python" => ("true".to_owned(), vec![python]),
            _ => continue,
        };
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null());
            command.env("PATH", &path).current_dir(project.root());
            command.output().expect("a program")
        };
        if !run("sh", &["-c", &probe]).status.success() {
            println!("skipped: lines for {program} in docs/tools.md");
            continue;
        }
        project.write("lines", lines);
        let output = run(interpreter[0], &[&interpreter[1..], &["lines"]].concat());
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{lines}{complaints}");
        count += 1;
    }
    assert!(count > 2, "the page's form has changed");
}
