//! Templates with rows in the middle, lists, cells of fixed width, and templates of PEST and Dakota, from the project file to the
//! product.

use std::fs;

use crate::common::cluster::LOCAL;
use crate::common::{Project, id};

/// The table of the test project.
const TABLE: &str = "[[simulator.input]]
file = \"input.txt\"
header = \"step\\tP\\tQ\\tEmptymeas\"
row = \"{step_days}\\t{precipitation_mm}\\t{discharge}\\tN/A\"
";

/// The same by a template.
const TEMPLATE: &str = "[[simulator.input]]
file = \"input.txt\"
template = \"templates/input.txt\"
";

const ROWS: &str = "step\tP\tQ\tEmptymeas
{#each step}
{step_days}\t{precipitation_mm}\t{discharge}\tN/A
{/each}
";

/// A project whose series are in the middle of a template.
fn project(catchments: usize, template: &str) -> Project {
    let project = Project::new(catchments);
    project.edit(TABLE, TEMPLATE);
    project.write("templates/input.txt", template);
    project
}

/// What is left to do, by the first line of `status`.
fn fresh(project: &Project) -> u64 {
    project.status(&[0, 1])["fresh"].as_u64().expect("a number")
}

/// A file of the first catchment as `check --render` writes it.
#[track_caller]
fn rendered(project: &Project, file: &str) -> String {
    project
        .rerunoff(&["check", "--render", "rendered"])
        .expect(0);
    fs::read_to_string(project.path("rendered").join(file)).expect(file)
}

#[test]
fn rows_in_the_middle_are_those_of_a_table() {
    let table = Project::ran(3);
    let project = project(3, ROWS);
    assert_eq!(
        rendered(&project, "input.txt"),
        rendered(&table, "input.txt")
    );
    project.rerunoff(&["run"]).expect(0);
    let products =
        [&project, &table].map(|project| format!("{:?}", project.product("herbicide_load")));
    assert_eq!(products[0], products[1]);

    project.rerunoff(&["repro", &id(1), "again"]).expect(0);
    table.rerunoff(&["repro", &id(1), "again"]).expect(0);
    assert_eq!(
        project.read("again/input.txt"),
        table.read("again/input.txt")
    );

    // On a cluster the same.
    let text = fs::read_to_string(project.path("rerunoff.toml")).expect("it");
    project.write_toml(&format!("{text}{LOCAL}"));
    let before = project.read("output.h5");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    fs::remove_dir_all(project.path("cache")).expect("the cache");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    assert!(project.read("output.h5") == before, "other bytes");
}

#[test]
fn a_catchment_is_run_again_when_its_rows_or_what_is_around_them_change() {
    let template = format!("{ROWS}# {{k:.3f}} and what is not read\n");
    let project = project(3, &template.replace("N/A", "{A_tot}"));
    // The simulator reads all rows; the last line is none.
    project.edit(
        "[simulator.output]",
        "[simulator.env]\nUNUSED = \"{factor}\"\n[simulator.output]",
    );
    let script = fs::read_to_string(project.path("simulator.sh")).expect("it");
    project.write(
        "simulator.sh",
        &script.replace("NR == 1", "/^#/ { next } NR == 1"),
    );
    project.rerunoff(&["run"]).expect(0);
    project.calls();

    // The same bytes by another template.
    let template = fs::read_to_string(project.path("templates/input.txt")).expect("it");
    project.write("templates/input.txt", &template.replace("{k:.3f}", "0.012"));
    assert_eq!(fresh(&project), 3);
    project.write(
        "templates/input.txt",
        &template.replace("and what", "and also what"),
    );
    assert_eq!(fresh(&project), 0);
    project.write("templates/input.txt", &template);
    assert_eq!(fresh(&project), 3);

    // A value of one catchment's series, and of no other.
    project.write_input(&|catchment, step| {
        let change = f64::from(catchment == 1 && step == 5);
        crate::common::precipitation(catchment, step) + change
    });
    let why = project.rerunoff(&["why", &id(1)]).expect(0);
    assert!(
        why.stdout
            .contains("series precipitation_mm: 1 of 24 time steps differ, the first at step 5"),
        "{}",
        why.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(1)]);

    // The rows themselves.
    project.write(
        "templates/input.txt",
        &template.replace("{discharge}", "{discharge:.6f}"),
    );
    let why = project.rerunoff(&["why", &id(0)]).expect(0);
    assert!(
        why.stdout.contains("the template of input.txt:"),
        "{}",
        why.stdout
    );
    assert!(
        !why.stdout.contains("the layout of input.txt:\n"),
        "{}",
        why.stdout
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);

    // A parameter in the rows alone.
    project.set_factors(&[], &[(2, 3.0)]);
    let again = project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(2)], "{}", again.stderr);
}

#[test]
fn lists_come_from_parameters_and_scenarios() {
    let project = project(2, ROWS);
    project.edit(
        "k = 0.012\n",
        "k = 0.012\ndepths = [0.1, 0.3, 1]\nsoils = [\"loam\", \"sand\", \"clay\"]\n",
    );
    project.edit(
        "\"param.txt\", \"out.txt\"]",
        "\"param.txt\", \"out.txt\", \"{depths[1]}\"]",
    );
    let param = fs::read_to_string(project.path("templates/param.txt")).expect("it");
    let blocks = "{#each soils, depths}\n{number} {soils:<5}{depths:5.2f}\n{/each}\nd ={#each depths wrap=2} {depths}{/each}\n";
    project.write("templates/param.txt", &format!("{param}{blocks}"));
    let file = rendered(&project, "param.txt");
    let wanted = "1 loam  0.10\n2 sand  0.30\n3 clay  1.00\nd = 0.1 0.3\nd = 1\n";
    assert!(file.ends_with(wanted), "{file}");
    project.rerunoff(&["run"]).expect(0);
    project.calls();

    let text = fs::read_to_string(project.path("rerunoff.toml")).expect("it");
    let scenarios = "[scenario.as_it_is]\n[scenario.deep.parameters]\ndepths = [0.1, 0.3, 2.5]\n";
    project.write_toml(&format!("{text}{scenarios}"));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    project.write_toml(&text);
    project.edit("depths = [0.1, 0.3, 1]", "depths = [0.1, 0.4, 1]");
    let why = project.rerunoff(&["why", &id(0)]).expect(0);
    assert!(
        why.stdout.contains("depths: [0.1, 0.3, 1] → [0.1, 0.4, 1]"),
        "{}",
        why.stdout
    );
}

#[test]
fn a_list_has_no_place_elsewhere() {
    let base = Project::new(1);
    base.edit("k = 0.012\n", "k = 0.012\ndepths = [0.1, 0.3]\n");
    let text = fs::read_to_string(base.path("rerunoff.toml")).expect("it");
    let with = |from: &str, to: &str, says: &str| {
        base.write_toml(&text.replace(from, to));
        base.rerunoff(&["check"]).expect(2).says(says);
    };
    with("k * 2", "depths * 2", "the formula uses \"depths\", a list");
    with(
        "concentration * discharge",
        "depths * discharge",
        "the formula uses \"depths\", a list",
    );
    with(
        "[product.variables]",
        "[product.parameters]\ndepths = {}\n[product.variables]",
        "the parameter \"depths\" is a list",
    );
    with(
        "depths = [0.1, 0.3]",
        "depths = [0.1, true]",
        "parameters.depths.1: must be a finite number or text",
    );
    with(
        "depths = [0.1, 0.3]",
        "depths = [0.1, \"= k\"]",
        "parameters.depths.1: is a formula",
    );
    with(
        "\"out.txt\"]",
        "\"out.txt\", \"{depths}\"]",
        "depths is a list; write {#each depths}",
    );
    with(
        "\"out.txt\"]",
        "\"out.txt\", \"{#each step}{/each}\"]",
        "`{#each step}` has a place only in the file that `template` names",
    );
    with(
        "[product]",
        "[sweep.depths]\nvalues = [[1, 2]]\n[product]",
        "is a list, by which no scenario can be named",
    );
    base.write_toml(&text);
    base.write("templates/param.txt", "a\n {discharge}");
    let run = base.rerunoff(&["check"]).expect(2);
    run.says("templates/param.txt:2:2: {discharge} is a series, which has a place only in a `row` or in a block {#each step}");
    base.write("templates/param.txt", "a\n{#each discharge}{/each}");
    let run = base.rerunoff(&["check"]).expect(2);
    run.says(
        "templates/param.txt:2:1: discharge is no list but differs from time step to time step",
    );
}

#[test]
fn cells_keep_their_width_or_the_catchment_is_refused() {
    let project = project(
        3,
        &ROWS
            .replace("{discharge}", "{discharge:5.2f}")
            .replace("{precipitation_mm}", "{precipitation_mm:6.3f}"),
    );
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.write_input(&|catchment, step| match (catchment, step) {
        (1, 7) => 123.0,
        _ => crate::common::precipitation(catchment, step),
    });
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(1)]);

    // What was stored without the rule does not stand for what it refuses.
    project.edit(
        "template = \"templates/input.txt\"",
        "template = \"templates/input.txt\"\nfixed_width = true",
    );
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("templates/input.txt: line 3, column 13: placeholder `precipitation_mm`: at time step 7, \"123.000\" has 7 characters, and its cell has 6");
    assert_eq!(project.calls(), [id(0), id(2)]);

    // A cell that is the same for all time steps is looked at before anything is run.
    project.write("templates/layout.xml", "<a><catchment id=\"{id:3}\"/></a>");
    project.edit(
        "template = \"templates/layout.xml\"",
        "template = \"templates/layout.xml\"\nfixed_width = true",
    );
    let run = project.rerunoff(&["run"]);
    run.says("templates/layout.xml: line 1, column 19: placeholder `id`: \"70001\" has 5 characters, and its cell has 3");
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn a_tables_rows_keep_their_width_too() {
    let project = Project::ran(2);
    project.edit("\\t{discharge}\\t", "\\t{discharge:4.2f}\\t");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.edit(
        "file = \"input.txt\"\n",
        "file = \"input.txt\"\nfixed_width = true\n",
    );
    assert_eq!(fresh(&project), 0);
    let why = project.rerunoff(&["why", &id(0)]).expect(0);
    assert!(why.stdout.contains("+ fixed_width"), "{}", why.stdout);
    project.rerunoff(&["run"]).expect(0);
    project.edit("{discharge:4.2f}", "{discharge:3.2f}");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("row, line 1, column 32: placeholder `discharge`: at time step 0, \"0.00\" has 4 characters");
}

#[test]
fn pests_and_dakotas_templates_are_read_as_they_are() {
    let project = Project::new(2);
    let log = project.path("calls").display().to_string();
    let param = |id: &str, factor: &str, k: &str| {
        format!("id={id}\nmode=ok\nfactor={factor}\nk={k}\nlog={log}\n")
    };
    // PEST's cells are numbers; the simulator reads the rest from the environment of the test project.
    let tpl = format!("ptf ~\n{}", param("70001", "~  FACTOR  ~", "~k~ ~ k    ~"));
    project.write("templates/param.txt", &tpl);
    let wanted = param("70001", "         2.0", "0.0  0.012");
    assert!(rendered(&project, "param.txt") != wanted, "k has no room");
    project.write("templates/param.txt", &tpl.replace("~k~ ", ""));
    assert_eq!(
        rendered(&project, "param.txt"),
        param("70001", "         2.0", "   0.012")
    );

    let dakota = param("{id}", "{2 * factor - 2}", "{'%8.3E' % (k / 3)} \\{k\\}");
    project.write("templates/param.txt", &dakota);
    let file = "file = \"param.txt\"\n";
    project.edit(file, &format!("{file}style = \"dakota\"\n"));
    assert_eq!(
        rendered(&project, "param.txt"),
        param("70001", "2", "4.000E-03 {k}")
    );
    project.rerunoff(&["run"]).expect(0);
    project.edit("k = 0.012", "k = 0.015");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 4);

    project.write("templates/param.txt", &dakota.replace("{id}", "{id = 7}"));
    let run = project.rerunoff(&["check"]).expect(2);
    run.says("templates/param.txt:1:4: `id = 7` sets a variable; state it under [parameters]");
    project.edit("style = \"dakota\"", "style = \"dakotas\"");
    let run = project.rerunoff(&["check"]).expect(2);
    run.says("\"dakotas\" is none of \"rerunoff\", \"pest\" and \"dakota\"");
    project.edit(
        "style = \"dakotas\"",
        "style = \"pest\"\nfixed_width = true",
    );
    let run = project.rerunoff(&["check"]).expect(2);
    run.says("fixed_width: goes with rerunoff's own templates");
}
