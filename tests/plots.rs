//! `diff --plot` and `export --plot`: pictures on a terminal, and what is there without them in a pipe.

use std::fs;
use std::process::Stdio;

use crate::common::{Project, Run, undisturbed};

/// Where the catchments are, as product parameters, and a summary.
const PLACES: &str = r#"
[product.parameters]
lat = { parameter = "lat", units = "degrees_north" }
lon = { parameter = "lon", units = "degrees_east" }

[product.summary]
herbicide_load_mean = { of = "herbicide_load", statistic = "mean" }
"#;

/// A project whose catchments lie on a line from the south-west to the north-east, run.
fn placed(catchments: usize) -> Project {
    let project = Project::new(catchments);
    let toml = project.toml().replace(
        "[parameters]\n",
        "[parameters]\nlat = \"= 47 + (A_tot - 1000000) / 10\"\nlon = \"= 8 + (A_tot - 1000000) / 10\"\n",
    );
    project.write_toml(&format!("{toml}{PLACES}"));
    project.rerunoff(&["run"]).expect(0);
    project
}

/// The same command with a terminal of this kind as its standard output, 70 characters wide.
fn on_a_terminal(project: &Project, kind: &str, arguments: &str) -> Run {
    let program = env!("CARGO_BIN_EXE_rerunoff");
    let command = format!("stty cols 70; exec '{program}' {arguments} 2>notes");
    let done = undisturbed("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(project.root())
        .env("TERM", kind)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("script, of bsdutils");
    let mut run = Run::from(done).expect(0);
    run.stdout = run.stdout.replace('\r', "");
    run.stderr = String::from_utf8(project.read("notes")).expect("text");
    run
}

/// The width of the widest line of all pictures, which have an axis.
fn widest(drawn: &str) -> usize {
    let lines = drawn.lines().filter(|line| line.contains(['┤', '│', '└']));
    lines.map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn a_change_is_drawn_on_a_terminal_and_told_in_a_pipe() {
    let project = placed(6);
    project.rerunoff(&["tag", "before"]).expect(0);
    project.set_factors(&[], &[(1, 4.0), (4, 1.0)]);
    project.rerunoff(&["run"]).expect(0);

    let plain = project.rerunoff(&["diff", "before"]).expect(0).stdout;
    let piped = project.rerunoff(&["diff", "before", "--plot"]).expect(0);
    assert_eq!(piped.stdout, plain);
    assert_eq!(piped.stderr, "");

    let drawn = on_a_terminal(&project, "xterm", "diff before --plot").stdout;
    assert!(drawn.starts_with(&plain), "{drawn}");
    for text in [
        "change of the mean of concentration: number of catchments by it, %",
        "4 more have the mean that they had",
        "change of the mean of herbicide_load, by place",
        "▼ ▲ by ",
        "concentration of 70002, which changed most: later, ng L-1",
        "later less earlier, ng L-1",
        "2009-01-01",
    ] {
        assert!(drawn.contains(text), "{text}: {drawn}");
    }
    // What did not change is not drawn.
    assert!(!drawn.contains("mean of discharge"), "{drawn}");
    assert!(widest(&drawn) <= 70, "{drawn}");

    let plainer = on_a_terminal(&project, "linux", "diff before --plot");
    plainer.says("`--plot=always`");
    assert_eq!(plainer.stdout, plain);
    let anywhere = project
        .rerunoff(&["diff", "before", "--plot=always"])
        .expect(0);
    assert!(anywhere.stdout.contains("by place"), "{}", anywhere.stdout);
    project.rerunoff(&["diff", "--plot", "--csv"]).expect(2);
}

#[test]
fn curves_and_summaries_are_drawn() {
    let project = placed(4);
    let table = project.rerunoff(&["export", "70002"]).expect(0).stdout;
    let piped = project
        .rerunoff(&["export", "70002", "--plot"])
        .expect(0)
        .stdout;
    assert_eq!(piped, table);

    let drawn = on_a_terminal(&project, "xterm", "export 70002 70003 --plot").stdout;
    let titles: Vec<&str> = drawn
        .lines()
        .filter(|line| line.contains(" of 7000"))
        .collect();
    let expected: Vec<String> = ["70002", "70003"]
        .iter()
        .flat_map(|id| {
            let variables = [
                "concentration of {}, ng L-1",
                "discharge of {}, m3 s-1",
                "herbicide_load of {}, g h-1",
            ];
            variables.map(|title| title.replace("{}", id))
        })
        .collect();
    assert_eq!(titles, expected, "{drawn}");
    assert!(widest(&drawn) <= 70, "{drawn}");

    let drawn = project
        .rerunoff(&["export", "--summary", "--plot=always"])
        .expect(0)
        .stdout;
    for text in [
        "herbicide_load_mean: number of catchments by it, g h-1",
        "herbicide_load_mean, by place",
        "░ up to ",
        "47.0°N",
        "8.0°E",
    ] {
        assert!(drawn.contains(text), "{text}: {drawn}");
    }

    // Without positions there is no map, and without summaries nothing to draw.
    let toml = fs::read_to_string(project.path("rerunoff.toml")).expect("the project file");
    let without = toml.replace(
        "lat = { parameter = \"lat\", units = \"degrees_north\" }\n",
        "",
    );
    project.write_toml(&without);
    project.rerunoff(&["run"]).expect(0);
    let drawn = project
        .rerunoff(&["export", "--summary", "--plot=always"])
        .expect(0)
        .stdout;
    assert!(drawn.contains("no map: no `lat` and `lon`"), "{drawn}");
    project.write_toml(&project.toml());
    let refused = project
        .rerunoff(&["export", "--summary", "--plot=always"])
        .expect(2);
    refused.says("no summaries to draw");
    let table = project
        .rerunoff(&["export", "--summary", "--plot"])
        .expect(0);
    assert!(table.stdout.starts_with("#catchment"), "{}", table.stdout);
}
