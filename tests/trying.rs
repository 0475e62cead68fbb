//! `rerunoff try` and `check --run`: one run that is looked at and leaves no trace, and what is proposed of it.

use std::fs;

use crate::common::{Project, id};

/// The project without its outputs and with a product of nothing.
fn without_outputs(project: &Project) -> String {
    let text = project.toml();
    let (before, rest) = text.split_once("[simulator.output]").expect("outputs");
    let (_, product) = rest.split_once("[product]").expect("a product");
    let (product, _) = product
        .split_once("[product.variables]")
        .expect("variables");
    format!("{before}[product]{product}")
}

/// The part of what was printed from the first proposal on.
#[track_caller]
fn proposed(stdout: &str) -> &str {
    let at = stdout.find("\n[[simulator.output]]").expect(stdout);
    &stdout[at..]
}

#[test]
fn what_is_proposed_can_be_pasted_and_run() {
    let project = Project::new(3);
    project.write_toml(&without_outputs(&project));
    let refused = project.rerunoff(&["status"]).expect(2);
    refused.says("[simulator.output] is missing");
    refused.says("`rerunoff try` runs one catchment and proposes it");
    let tried = project.rerunoff(&["try"]).expect(0);
    assert!(!project.path("cache").exists(), "something was stored");
    assert_eq!(project.calls(), [id(0)]);
    for text in [
        "catchment 70001 ended well in ",
        "it printed nothing",
        "  out.txt\n",
        "the head of out.txt:\n  | t  Conc_70001  Q\n",
        "# Conc: missing, 0.25, 0.5, 0.75, …  (24 values)\n# Q: 0, 0.25, 0.5, 0.75, …  (24 values)\n# t: 0, ",
        "Conc = \"Conc_{id}\"\n",
        "missing = [\"NA\"]\n",
    ] {
        assert!(
            tried.stdout.contains(text),
            "no {text:?} in\n{}",
            tried.stdout
        );
    }
    project.write_toml(&format!(
        "{}{}",
        without_outputs(&project),
        proposed(&tried.stdout)
    ));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.product("Q")[4], [1.0, 2.0, 3.0]);
    let again = project.rerunoff(&["try", &id(2)]).expect(0);
    let read = "what is taken from it, as the project file says:\n  Conc: missing, 4.25, ";
    assert!(again.stdout.contains(read), "{}", again.stdout);
    assert!(
        !again.stdout.contains("[[simulator.output]]"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_run_that_fails_is_shown_with_what_it_left() {
    let project = Project::new(3);
    project.set(&[(1, "exit"), (2, "said")]);
    let keep = project.path("kept").display().to_string();
    let tried = project
        .rerunoff(&["try", &id(1), "--keep", &keep])
        .expect(1);
    let told = "catchment 70002 failed in ";
    assert!(tried.stdout.starts_with(told), "{}", tried.stdout);
    assert!(
        tried.stdout.contains(":\n  exit code 3\n"),
        "{}",
        tried.stdout
    );
    assert!(project.path("kept/out.txt").exists());
    assert!(project.path("kept/layout.xml").exists());
    project.rerunoff(&["try", "--keep", &keep]).expect(2);
    let tried = project.rerunoff(&["try", &id(2)]).expect(1);
    let printed = "the end of what it printed:\n  | [Error]: as told\n";
    assert!(tried.stdout.contains(printed), "{}", tried.stdout);
    let beside = fs::read_dir(project.root()).expect("a folder").flatten();
    let left: Vec<_> = beside.map(|entry| entry.file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with(".rerunoff")),
        "{left:?}"
    );
    project.rerunoff(&["try", "nobody"]).expect(2);
}

#[test]
fn wrong_outputs_do_not_keep_a_run_from_being_tried() {
    let project = Project::new(2);
    project.edit("discharge = \"Q\"", "discharge = \"Flow\"");
    let tried = project.rerunoff(&["try"]).expect(1);
    assert!(
        tried.stdout.contains("no column `Flow`"),
        "{}",
        tried.stdout
    );
    assert!(
        proposed(&tried.stdout).contains("Q = \"Q\""),
        "{}",
        tried.stdout
    );
    project.edit("missing = [\"NA\"]", "mising = [\"NA\"]");
    let tried = project.rerunoff(&["try"]).expect(0);
    tried.says("note: ");
    tried.says("unknown field `mising`");
    assert!(
        proposed(&tried.stdout).contains("Q = \"Q\""),
        "{}",
        tried.stdout
    );
    project.edit("timeout = \"20s\"", "tmeout = \"20s\"");
    project.rerunoff(&["try"]).expect(2);
}

#[test]
fn a_check_may_run_a_catchment() {
    let project = Project::new(2);
    project.set(&[(1, "short")]);
    let checked = project.rerunoff(&["check", "--run"]).expect(0);
    let told = "catchment 70001 was run and gave a good result in ";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    let values = "\n  concentration: missing, 0.25, 0.5, 0.75, …  (24 values)\n  discharge: 0, ";
    assert!(checked.stdout.contains(values), "{}", checked.stdout);
    let checked = project.rerunoff(&["check", "--run", &id(1)]).expect(1);
    let told = "catchment 70002 was run and gave no good result: its output: ";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    assert!(!project.path("cache").exists());
}

/// What a model of rivers, a report in blocks and a list of totals leave, each proposed as it is read.
#[test]
fn tables_of_many_shapes_are_proposed_as_they_are_read() {
    let project = Project::new(1);
    let simulator = r#"#!/bin/sh
{ echo "SWAT+ 2026 output"; echo " jday mon day yr gis_id name flo_out sed"; echo "                m^3/s tons"
  for day in 1 2 3; do for id in 1 2; do echo "  $day 1 $day 2007 $id cha0$id 0.$day$id 1.5D-0$day"; done; done; } > channel_day.txt
for hour in 0 1 2; do
    printf '  Node Results at %s:00:00 hrs:\n  ------\n  Node  Demand  Head\n  ------\n  n1  1.0  2.%s\n  n2  3.0  4.0\n\n' $hour $hour
done > report.rpt
printf 'melt;rain\n0,5;2\n' > balance.csv
printf '1.5 2.5\n3.5 4.5\n5.5 6.5\n' > bare.dat
"#;
    project.write("simulator.sh", simulator);
    project.write_toml(&format!("{}\n", without_outputs(&project)));
    let tried = project.rerunoff(&["try"]).expect(0);
    assert!(
        !tried.stdout.contains("# not read as it stands"),
        "{}",
        tried.stdout
    );
    for text in [
        "# melt: 0.5\n# rain: 2\n[[simulator.output]]\nfile = \"balance.csv\"\ndecimal = \",\"\ntime = \"none\"\n",
        "header = false\nseparator = \"whitespace\"\ntime = \"none\"\ndimension = { name = \"bare_row\", count = 3 }\n",
        "skip_lines = 1\nskip_rows = 1\ntime = { columns = [\"yr\", \"mon\", \"day\"], format = \"%Y %m %d\", name = \"day\" }\n\
         dimension = { name = \"gis_id\", column = \"gis_id\" }\n",
        "blocks = \"Node Results at\"\ntime = { start = ",
        "# the times of day: 2007-01-01T00:00:00, 2007-01-02T00:00:00, ",
        "dimension = { name = \"Node\", values = [\"n1\", \"n2\"] }\n",
        "# flo_out: 0.11, 0.12, 0.21, 0.22, …  (6 values)\n",
        "# Demand: 1, 3, 1, 3, …  (6 values)\n",
    ] {
        assert!(
            tried.stdout.contains(text),
            "no {text:?} in\n{}",
            tried.stdout
        );
    }
    let outputs = proposed(&tried.stdout);
    project.write_toml(&format!("{}{outputs}", without_outputs(&project)));
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn variables_of_netcdf_are_proposed_as_they_are_read() {
    let project = Project::new(2);
    project.rerunoff(&["run"]).expect(0);
    project.write("simulator.sh", "#!/bin/sh\ncp output.h5 made.nc\n");
    fs::copy(project.path("output.h5"), project.path("before.h5")).expect("copied");
    let support = "[\"simulator.sh\", { file = \"before.h5\", as = \"output.h5\" }]";
    let text = without_outputs(&project).replace("[\"simulator.sh\"]", support);
    project.write_toml(&text);
    let tried = project.rerunoff(&["try"]).expect(0).stdout;
    let proposal = tried.find("[[simulator.output]]").map(|at| &tried[at..]);
    let proposal = proposal.unwrap_or_else(|| panic!("nothing is proposed: {tried}"));
    let begin = "[[simulator.output]]\nfile = \"made.nc\"\ndimension = { name = \"catchment_out\", count = 2 }\n";
    assert!(proposal.starts_with(begin), "{tried}");
    assert!(
        proposal.contains("\ndischarge = \"discharge\"\n"),
        "{tried}"
    );
    assert!(!tried.contains("# not read as it stands"), "{tried}");
    let pasted: Vec<&str> = proposal
        .lines()
        .take_while(|line| !line.is_empty())
        .collect();
    project.write_toml(&format!("{text}\n{}\n", pasted.join("\n")));
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn a_product_of_columns_that_are_not_there_keeps_no_run_from_being_tried() {
    let project = Project::new(2);
    let text = without_outputs(&project);
    for product in [
        "[product.axes.layer]\nunits = \"m\"",
        "per = \"file\"",
        "[product.parameters]\nt = { parameter = \"k\" }",
        "comression = 3",
    ] {
        project.write_toml(&format!("{text}\n{product}\n"));
        let tried = project.rerunoff(&["try"]).expect(0).stdout;
        assert!(proposed(&tried).contains("file = \"out.txt\""), "{tried}");
        assert!(!tried.contains("# not read as it stands"), "{tried}");
    }
}
