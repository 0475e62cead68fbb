//! Several scenarios in one project: what is run, what is shared, what comes out of it, and what messages say.

use std::fs;

use crate::common::{Project, STEPS, id, json, scenarios_of};

/// Three substances, of which one leaves the factor as it is, and a sweep that the simulator does not see.
const SUBSTANCES: &str = r#"
[scenario.atrazine]

[scenario.diuron.parameters]
k = 0.02

[scenario.glyphosate]
extends = "diuron"
catchments = "A_tot < 1000002"
[scenario.glyphosate.parameters]
k = 0.03
"#;

fn project(catchments: usize, more: &str) -> Project {
    let project = Project::new(catchments);
    project.write_toml(&format!("{}{more}", project.toml()));
    project
}

#[test]
fn scenarios_are_run_once_each_and_come_out_as_a_dimension() {
    let project = project(5, SUBSTANCES);
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout
            .starts_with("12 fresh, 12 run, 0 failed of 3 scenarios in "),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls().len(), 12);
    let (names, shape) = scenarios_of(&project.path("output.h5"));
    assert_eq!(names, ["atrazine", "diuron", "glyphosate"]);
    assert_eq!(shape, [STEPS, 3, 5]);
    // Of the catchments that a scenario leaves out it says so.
    let left_out = [[0; 12].as_slice(), &[3; 3]].concat();
    assert_eq!(project.flags(), left_out);

    let before = project.read("output.h5");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 0);

    // One scenario changed is run alone; put back, nothing is, and the product is what it was.
    project.edit("k = 0.03", "k = 0.04");
    let status = project.status(&[0]);
    assert_eq!(
        (status["fresh"].as_u64(), status["stale"].as_u64()),
        (Some(10), Some(2))
    );
    assert_eq!(status["scenarios"][2]["stale"], 2);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(0), id(1)]);
    project.edit("k = 0.04", "k = 0.03");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 0);
    assert!(project.read("output.h5") == before);
}

#[test]
fn what_scenarios_share_is_run_once() {
    // No template names the parameter, so all scenarios give each catchment the same key.
    let project = project(4, "\n[sweep.unused]\nvalues = [1, 2, 3]\n");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout
            .starts_with("12 fresh, 4 run, 0 failed of 3 scenarios"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls().len(), 4);
    project
        .rerunoff(&["run", "--force", "--scenario", "unused=1,unused=2"])
        .expect(0);
    assert_eq!(project.calls().len(), 4);

    // A failure is everybody's who waits for it, and is tried once.
    project.set(&[(2, "exit")]);
    let run = project.rerunoff(&["run"]).expect(1);
    assert_eq!(project.calls(), [id(2)]);
    assert!(
        run.stdout
            .starts_with("9 fresh, 1 run, 3 failed of 3 scenarios"),
        "{}",
        run.stdout
    );
    let status = project.status(&[1]);
    assert_eq!(
        (status["failed"].as_u64(), status["stale"].as_u64()),
        (Some(3), Some(3))
    );
    assert_eq!(status["failures"][2]["scenario"], "unused=3");
    let log = project
        .rerunoff(&["log", &id(2), "--scenario", "unused=3"])
        .expect(0);
    assert!(log.stdout.contains("of unused=3 failed"), "{}", log.stdout);
    project.set(&[]);
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("12 fresh, 0 run"), "{}", run.stdout);
}

#[test]
fn a_list_that_one_scenario_has_in_a_numbers_place_is_named_with_its_place() {
    let several =
        "\n[scenario.one.parameters]\ndepth = 1\n[scenario.many.parameters]\ndepth = [1, 2]\n";
    let project = project(1, several);
    let param = String::from_utf8(project.read("templates/param.txt")).expect("text");
    project.write("templates/param.txt", &format!("{param}depth={{depth}}\n"));
    let check = project.rerunoff(&["check"]).expect(2);
    check.says("param.txt:6:7: ");
    check.says("depth is a list");
}

#[test]
fn each_scenario_has_a_file_of_its_own_where_the_name_has_a_place() {
    let project = project(
        3,
        "\n[sweep.k]\nvalues = [0.012, 0.013]\n[sweep.factor]\nvalues = [1, 2]\n",
    );
    let products = |arguments: &[&str]| {
        let status = project.rerunoff(&[&["status", "--json"], arguments].concat());
        let products = json(&status.expect(0).stdout)["products"].take();
        let products = products.as_array().expect("a list").clone();
        products.into_iter().map(|of| {
            let path = of["path"].as_str().expect("a path").to_owned();
            (of["scenario"].as_str().map(str::to_owned), path)
        })
    };
    let common = project.path("output.h5").display().to_string();
    assert!(products(&[]).eq([(None, common)]), "one of all scenarios");
    project.edit("file = \"output.h5\"", "file = \"output/{scenario}.h5\"");
    let run = project.rerunoff(&["run", "--json"]).expect(0);
    let summary = json(&run.stdout);
    assert_eq!(summary["scenarios"], 4);
    let written = summary["products"].as_array().expect("a list").iter();
    let written = written.map(|product| product["path"].as_str().expect("a path"));
    assert!(
        products(&[]).map(|(_, path)| path).eq(written),
        "where they were written"
    );
    let chosen = products(&["--scenario", "*k=0.013"]);
    let chosen: Vec<_> = chosen
        .map(|(scenario, _)| scenario.expect("its name"))
        .collect();
    assert_eq!(chosen, ["factor=1+k=0.013", "factor=2+k=0.013"]);
    assert_eq!(summary["products"].as_array().map(Vec::len), Some(4));
    assert_eq!(project.calls().len(), 12);
    let file = |name: &str| project.path(&format!("output/{name}.h5"));
    let stamp = |name: &str| {
        fs::metadata(file(name))
            .and_then(|m| m.modified())
            .expect("a file")
    };
    let names = [
        "factor=1+k=0.012",
        "factor=1+k=0.013",
        "factor=2+k=0.012",
        "factor=2+k=0.013",
    ];
    let before = names.map(stamp);
    // What a sweep states wins over the catchments' own value in the table.
    let value = |name: &str| {
        let file = hdf5::File::open(file(name)).expect("a product");
        let values = file
            .dataset("concentration")
            .expect("it")
            .read_2d::<f64>()
            .expect("values");
        values[[3, 2]]
    };
    assert_eq!(value("factor=2+k=0.012"), 2.0 * value("factor=1+k=0.012"));

    // Another value is another file; the others stay untouched.
    project.edit("values = [0.012, 0.013]", "values = [0.012, 0.014]");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout.contains("; 2 of 4 products written"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls().len(), 6);
    assert_eq!(names.map(stamp), before);
    project.rerunoff(&["run", "--depfile", "run.d"]).expect(0);
    let rule = String::from_utf8(project.read("run.d")).expect("text");
    assert!(
        rule.starts_with("output/factor$(or =)1+k$(or =)0.012.h5 output/"),
        "{rule}"
    );
}

#[test]
fn only_what_is_chosen_is_run() {
    let project = project(3, SUBSTANCES);
    let run = project
        .rerunoff(&["run", "--scenario", "d*", "--only", &id(1)])
        .expect(0);
    assert!(
        run.stdout
            .starts_with("1 fresh, 1 run, 0 failed, 2 stale of 1 scenario"),
        "{}",
        run.stdout
    );
    let dry = project
        .rerunoff(&["run", "-n", "--scenario", "atrazine,diuron"])
        .expect(0);
    assert!(
        dry.stdout.starts_with("would run 5 of 6\n"),
        "{}",
        dry.stdout
    );
    let run = project.rerunoff(&["run", "--scenario", "diurno"]).expect(2);
    assert!(
        run.stderr
            .contains("there is no scenario \"diurno\"; did you mean \"diuron\"?"),
        "{}",
        run.stderr
    );
    project.rerunoff(&["run"]).expect(0);

    let why = project
        .rerunoff(&["why", &id(0), "--scenario", "diuron"])
        .expect(0);
    assert!(
        why.stdout.starts_with("70001 of diuron is fresh"),
        "{}",
        why.stdout
    );
    let repro = project.rerunoff(&["repro", &id(0), "by-hand"]).expect(2);
    assert!(
        repro
            .stderr
            .contains("name it with --scenario: atrazine, diuron, glyphosate"),
        "{}",
        repro.stderr
    );
    let repro = project
        .rerunoff(&["repro", &id(0), "by-hand", "--scenario", "diuron"])
        .expect(0);
    assert!(
        repro
            .stdout
            .starts_with("# catchment 70001 of diuron: it went well"),
        "{}",
        repro.stdout
    );
    assert!(String::from_utf8_lossy(&project.read("by-hand/param.txt")).contains("k=0.02"));
    let verify = project
        .rerunoff(&["verify", "--sample", "100%", "--quiet"])
        .expect(0);
    assert!(
        verify
            .stdout
            .starts_with("8 run again: 8 gave the same result"),
        "{}",
        verify.stdout
    );
    let export = project.rerunoff(&["export", &id(0), "--csv"]).expect(0);
    assert_eq!(export.stdout.lines().count(), 1 + 3 * STEPS);
    assert!(
        export
            .stdout
            .starts_with("scenario,catchment,time,concentration")
    );
    let check = project
        .rerunoff(&["check", "--scenario", "glyphosate"])
        .expect(0);
    assert!(
        check
            .stdout
            .contains("3 scenarios; what follows is about glyphosate"),
        "{}",
        check.stdout
    );
}

#[test]
fn scenarios_are_compared_tagged_and_forgotten() {
    let project = project(
        3,
        "\n[scenario.plain]\n[scenario.double.parameters]\nfactor = 4\n",
    );
    project.rerunoff(&["run"]).expect(0);
    let diff = project.rerunoff(&["diff", "plain", "double"]).expect(0);
    assert!(
        diff.stdout
            .starts_with("scenario \"plain\" → scenario \"double\"\n"),
        "{}",
        diff.stdout
    );
    assert!(diff.stdout.contains("most +100 %"), "{}", diff.stdout);
    project.rerunoff(&["tag", "first"]).expect(0);
    let before = project.read("output.h5");

    project.edit("factor = 4", "factor = 6");
    project.rerunoff(&["run"]).expect(0);
    let diff = project.rerunoff(&["diff", "first"]).expect(0);
    assert!(
        diff.stdout.contains("\ndouble\n3 catchments"),
        "{}",
        diff.stdout
    );
    assert!(
        diff.stdout.contains("nothing changed in plain"),
        "{}",
        diff.stdout
    );
    let csv = project
        .rerunoff(&["diff", "first", "--csv", "--scenario", "double"])
        .expect(0);
    assert!(
        csv.stdout.starts_with("scenario,catchment,"),
        "{}",
        csv.stdout
    );
    assert_eq!(csv.stdout.lines().count(), 1 + 3 * 3);
    project.rerunoff(&["run", "--at", "first"]).expect(0);
    assert!(project.read("output.h5") == before);

    // A scenario that is no more: its results go with the next collection, unless a tag has them.
    project.rerunoff(&["tag", "--delete", "first"]).expect(0);
    project.edit("[scenario.double.parameters]\nfactor = 6\n", "");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let gc = project.rerunoff(&["gc", "--keep-runs", "1"]).expect(0);
    assert!(
        gc.stdout.starts_with("removed 6 results") && gc.stdout.contains("3 stay"),
        "{}",
        gc.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn samples_come_out_of_a_table() {
    let project = project(2, "\n[sweep.lhs]\nfile = \"samples.csv\"\n");
    project.write("samples.csv", "k,factor\n0.01,1\n0.02,1.5\n0.03,2\n");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6);
    assert_eq!(
        scenarios_of(&project.path("output.h5")).0,
        ["lhs=1", "lhs=2", "lhs=3"]
    );
    project.rerunoff(&["run"]).expect(0);
    // A row more is a scenario more, and the file is looked at even if nothing else changed.
    project.write(
        "samples.csv",
        "k,factor\n0.01,1\n0.02,1.5\n0.03,2\n0.04,2.5\n",
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    project.write("samples.csv", "k,factor\n0.01,1\n0.02,\n");
    let run = project.rerunoff(&["run"]).expect(2);
    assert!(
        run.stderr.contains("rerunoff.toml:47:1: sweep.lhs.file")
            || run.stderr.contains("samples.csv: line 3 has no factor"),
        "{}",
        run.stderr
    );
}

#[test]
fn other_templates_tables_and_variables() {
    let more = r#"
[scenario.base]

[scenario.other]
title = "with other files"
[[scenario.other.parameters.table]]
file = "other.csv"
id = "catchment"
[[scenario.other.simulator.input]]
file = "layout.xml"
template = "templates/other.xml"
[scenario.other.product.variables]
herbicide_load = { formula = "concentration * 2", units = "g h-1" }
"#;
    let project = project(2, more);
    project.write(
        "other.csv",
        &format!("catchment,factor\n{},10\n{},20\n", id(0), id(1)),
    );
    project.write("templates/other.xml", "<layout id=\"{id}\"/>");
    // One file cannot hold two variables of one name.
    let run = project.rerunoff(&["run"]).expect(2);
    assert!(
        run.stderr
            .contains("scenario \"other\" has other product variables than \"base\""),
        "{}",
        run.stderr
    );
    project.edit("file = \"output.h5\"", "file = \"out-{scenario}.h5\"");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 4);
    let value = |name: &str, variable: &str| {
        let file = hdf5::File::open(project.path(name)).expect("a product");
        file.dataset(variable)
            .expect("it")
            .read_2d::<f64>()
            .expect("values")[[3, 1]]
    };
    assert_eq!(
        value("out-other.h5", "concentration"),
        10.0 * value("out-base.h5", "concentration")
    );
    assert_eq!(
        value("out-other.h5", "herbicide_load"),
        2.0 * value("out-other.h5", "concentration")
    );
    // A change in a template of one reruns that one.
    project.write("templates/other.xml", "<layout id=\"{id}\" a=\"b\"/>");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
}

#[test]
fn faults_are_told_where_they_stand() {
    let project = Project::new(2);
    let toml = project.toml();
    let line = |text: &str| {
        toml.lines().count()
            + 1
            + text
                .lines()
                .position(|line| line.contains("HERE"))
                .expect("a mark")
    };
    for (text, expected) in [
        (
            "[scenario.a]\nextends = \"b\" # HERE\n",
            "scenario.a.extends: there is no scenario \"b\"",
        ),
        (
            "[scenario.a]\nextends = \"b\"\n[scenario.b]\nextends = \"a\" # HERE\n",
            "leads back",
        ),
        (
            "[scenario.a.parameters]\nk = \"= 3 +\" # HERE\n",
            "scenario.a.parameters.k: in the formula",
        ),
        (
            "[scenario.a.parameters]\n[[scenario.a.parameters.table]]\nfile = \"no.csv\" # HERE\nid = \"x\"\n",
            "scenario.a.parameters.table.0.file: there is no file",
        ),
        (
            "[scenario.a]\ncatchments = \"A_tot < \" # HERE\n",
            "scenario.a.catchments: in the formula",
        ),
        (
            "[scenario.a]\ncatchments = [\"7\"] # HERE\n",
            "scenario.a.catchments: there is no catchment \"7\" in the input",
        ),
        (
            "[scenario.a]\ncatchments = \"A_tot < 0\" # HERE\n",
            "chooses no catchment",
        ),
        (
            "[scenario.a]\nsweep = [\"x\"] # HERE\n",
            "there is no sweep \"x\"",
        ),
        ("[scenario.\"a/b\"] # HERE\n", "may hold no comma, slash"),
        (
            "[scenario.a]\nparamters = 3 # HERE\n",
            "unknown field `paramters`; did you mean `parameters`?",
        ),
        (
            "[sweep.k] # HERE\nvalues = [1, 1]\n",
            "there are two scenarios named \"k=1\"",
        ),
        (
            "[sweep.herbicide_load]\nvalues = [1] # HERE\n",
            "sweep.herbicide_load.values.0: is a coordinate of the scenarios",
        ),
        ("[sweep.k] # HERE\n", "needs one of"),
    ] {
        project.write_toml(&format!("{toml}{text}"));
        let run = project.rerunoff(&["check"]).expect(2);
        assert!(run.stderr.contains(expected), "{text}: {}", run.stderr);
        let place = format!("rerunoff.toml:{}:", line(text));
        assert!(
            run.stderr.contains(&place),
            "{place} of {text}: {}",
            run.stderr
        );
    }
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn a_default_name_in_so_many_words_is_no_other_variable() {
    let more = r#"
[scenario.base]

[scenario.other.product.variables]
discharge = { units = "m3 s-1", min = 0, long_name = "discharge" }
"#;
    let project = project(2, more);
    project.rerunoff(&["run"]).expect(0);
    let (names, _) = scenarios_of(&project.path("output.h5"));
    assert_eq!(names, ["base", "other"]);
}
