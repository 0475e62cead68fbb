//! From tables as people have them to a finished product, and how often the simulator is called on the way.

mod faults;
mod tables;

use std::fs;

use tables::{days, dbf_of_numbers, gzip, hour, hours, sources, temperature, write_bytes};

use crate::common::{Project, STEPS, discharge, id, precipitation};

const IMPORT: &str = r#"
[import]
filter = "STRAHLER <= 3"

[import.series.precipitation]
file = "P.csv"
units = "mm h-1"

[import.series.discharge]
file = "Q.csv.gz"
formula = "value / 1000"
units = "m3 s-1"

[import.series.temperature]
file = "T.csv"
time_format = "%d.%m.%Y"
decimal = ","
fill = "previous"
units = "degC"

[[import.table]]
file = "basin.dbf"
id = "WSO1_ID"

[[import.table]]
file = "land.dbf"
id = "WSO1_ID"

[import.parameters]
A_tot = { formula = "AREA * 1e6", units = "m2" }
A_appl = { formula = "(barl + swhe + dwhe) * 1e6", units = "m2" }
next_down = "NEXTDOWNID"
"#;

fn project(catchments: usize) -> Project {
    let project = Project::new(catchments);
    fs::remove_file(project.path("input.h5")).expect("removed");
    sources(&project, catchments);
    project.write_toml(&(project.toml() + IMPORT));
    project.edit("{discharge}\\tN/A", "{discharge}\\t{temperature}");
    let template = fs::read_to_string(project.path("templates/param.txt")).expect("the template");
    let more = "appl={A_appl}\ndown={next_down}\n";
    project.write("templates/param.txt", &(template + more));
    project
}

/// The catchments that pass the filter.
fn passing(catchments: usize) -> Vec<usize> {
    (0..catchments).filter(|c| c % 4 != 3).collect()
}

fn ids(catchments: &[usize]) -> Vec<String> {
    catchments.iter().map(|c| id(*c)).collect()
}

#[test]
fn from_tables_to_a_product_and_then_only_what_changed() {
    let project = project(8);
    let look = project.rerunoff(&["status"]).expect(4);
    assert!(
        look.stderr.contains("`rerunoff import` makes it"),
        "{}",
        look.stderr
    );

    let run = project.rerunoff(&["run"]).expect(0);
    let told = "imported 6 catchments, 24 time steps, 2 filtered out: nothing was imported yet";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(project.calls(), ids(&passing(8)));
    let (concentration, flow) = (
        project.product("concentration"),
        project.product("discharge"),
    );
    for step in 0..STEPS {
        for (column, &catchment) in passing(8).iter().enumerate() {
            assert_eq!(flow[step][column], discharge(catchment, step));
            if discharge(catchment, step) != 0.0 {
                assert_eq!(
                    concentration[step][column],
                    2.0 * precipitation(catchment, step)
                );
            }
        }
    }
    let first = project.read("input.h5");

    let run = project.rerunoff(&["run"]).expect(0);
    assert!(!run.stderr.contains("imported"), "{}", run.stderr);
    assert!(project.calls().is_empty());

    // Written again with the same content: looked at, not imported.
    project.write("P.csv", &hours("time", 8, &precipitation));
    let import = project.rerunoff(&["import"]).expect(0);
    assert!(import.stdout.contains("unchanged"), "{}", import.stdout);
    project.rerunoff(&["import", "--force"]).expect(0);
    assert_eq!(
        project.read("input.h5"),
        first,
        "the same sources give the same bytes"
    );

    // One column changed: one catchment is run.
    let changed = |c: usize, step| precipitation(c, step) + if c == 4 { 1.0 } else { 0.0 };
    project.write("P.csv", &hours("time", 8, &changed));
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status.stderr.contains("sources changed"),
        "{}",
        status.stderr
    );
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stderr.contains("imported 6 catchments"),
        "{}",
        run.stderr
    );
    assert_eq!(project.calls(), [id(4)]);
    let warmer = |c: usize, day| temperature(c, day) + if c == 5 { 1.0 } else { 0.0 };
    project.write("T.csv", &days(8, &warmer));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(5)]);
    // A column that the filter leaves out: imported again, nothing is run.
    let elsewhere = |c: usize, step| changed(c, step) + if c == 3 { 1.0 } else { 0.0 };
    project.write("P.csv", &hours("time", 8, &elsewhere));
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());

    // One column more.
    sources(&project, 8);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    sources(&project, 9);
    project.write(
        "catchments.csv",
        &(String::from_utf8(project.read("catchments.csv")).expect("text") + &id(8) + ",ok,2\n"),
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(8)]);
}

#[test]
fn verbs_that_look_at_the_input_tell_that_it_is_not_up_to_date() {
    let project = project(4);
    let looks: [&[&str]; 8] = [
        &["status"],
        &["check"],
        &["run", "--dry-run"],
        &["why", "70001"],
        &["repro", "70001", "by-hand"],
        &["assemble"],
        &["tag", "now"],
        &["verify", "--only", "70001"],
    ];
    for look in looks {
        let told = project.rerunoff(look).expect(4).stderr;
        let wanted = "input.h5 is not there yet; `rerunoff import` makes it";
        assert!(told.contains(wanted), "{look:?}: {told}");
    }
    assert!(!project.path("by-hand").exists());

    project.rerunoff(&["run"]).expect(0);
    for look in [["why", "70001"], ["log", "70001"]] {
        let told = project.rerunoff(&look).expect(0).stderr;
        assert_eq!(told, "", "{look:?}");
    }
    let changed = |c: usize, step| precipitation(c, step) + if c == 1 { 1.0 } else { 0.0 };
    project.write("P.csv", &hours("time", 4, &changed));
    for look in looks {
        let told = project.rerunoff(look).expect(0).stderr;
        let wanted = [
            "note: sources changed, so `rerunoff run` will import first; what follows is about ",
            "input.h5 as it is\n",
        ];
        for wanted in wanted {
            assert!(told.contains(wanted), "{look:?}: {told}");
        }
    }
    // What they say is about the file as it is.
    let why = project.rerunoff(&["why", "70001"]).expect(0).stdout;
    assert!(why.contains("fresh"), "{why}");
    assert!(project.path("by-hand").is_dir());
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(1)]);
}

#[test]
fn the_file_says_what_it_holds() {
    let project = project(4);
    let import = project.rerunoff(&["import"]).expect(0);
    assert!(
        import
            .stdout
            .starts_with("3 catchments, 24 time steps, 1 filtered out in "),
        "{}",
        import.stdout
    );
    let file = hdf5::File::open(project.path("input.h5")).expect("the file");
    let read = |name: &str| {
        file.dataset(name)
            .expect(name)
            .read_raw::<f64>()
            .expect(name)
    };
    assert_eq!(file.dataset("temperature").expect("it").shape(), [3, STEPS]);
    assert_eq!(
        read("temperature")[STEPS..2 * STEPS],
        [temperature(1, 0); STEPS]
    );
    assert_eq!(read("A_tot"), [1.5e6, 2.5e6, 3.5e6]);
    assert_eq!(read("A_appl"), [0.75e6, 1.75e6, 2.75e6]);
    assert_eq!(read("next_down"), [70_001.0; 3]);
    let check = project.rerunoff(&["check"]).expect(0);
    assert!(
        check.stdout.contains(
            "3 catchments, 24 time steps from 2009-01-01T00:00:00 to 2009-01-01T23:00:00"
        ),
        "{}",
        check.stdout
    );
}

#[test]
fn catchments_that_a_source_lacks_are_an_error_or_left_out() {
    let project = project(4);
    project.write("P.csv", &hours("time", 3, &precipitation));
    let text = hours("", 5, &|c, step| discharge(c, step) * 1000.0);
    write_bytes(&project, "Q.csv.gz", &gzip(&text));
    let import = project.rerunoff(&["import"]).expect(4);
    // 70004 does not pass the filter, so that nobody misses it.
    assert!(
        import
            .stderr
            .contains("1 catchments are not in every source")
            && import.stderr.contains("catchment 70005: not in ")
            && import.stderr.contains("on_missing = \"drop\""),
        "{}",
        import.stderr
    );
    assert!(!project.path("input.h5").exists(), "nothing was written");
    project.edit("[import]", "[import]\non_missing = \"drop\"");
    let import = project.rerunoff(&["import"]).expect(0);
    assert!(import.stdout.contains("3 catchments") && import.stdout.contains("1 left out"));
    let dropped = String::from_utf8(project.read("cache/import-dropped.txt")).expect("text");
    assert!(dropped.starts_with("70005: not in "), "{dropped}");
}

#[test]
fn long_tables_and_files_of_one_catchment_give_what_wide_ones_give() {
    let wide = project(4);
    wide.rerunoff(&["import"]).expect(0);
    let expected = wide.read("input.h5");

    // By time, catchments in another order in each step.
    let mut text = "when,who,note,much\n".to_owned();
    for step in 0..STEPS {
        for c in 0..4 {
            let c = (c + step) % 4;
            text.push_str(&format!(
                "{},{},\"x, y\",{}\n",
                hour(step),
                id(c),
                precipitation(c, step)
            ));
        }
    }
    wide.write("long.csv", &text);
    wide.edit(
        "file = \"P.csv\"",
        "file = \"long.csv\"\nid = \"who\"\ntime = \"when\"\nvalue = \"much\"",
    );
    wide.rerunoff(&["import"]).expect(0);
    assert_eq!(wide.read("input.h5"), expected);
    wide.write(
        "long.csv",
        &text.replacen("2009-01-01 07:00,70002", "2009-01-01 06:00,70002", 1),
    );
    let told = wide.rerunoff(&["import"]).expect(4).stderr;
    assert!(
        told.contains(
            "long.csv: line 32: catchment 70002: the time 2009-01-01 06:00:00 is there twice"
        ),
        "{told}"
    );

    fs::create_dir(wide.path("q")).expect("a folder");
    for c in 0..4 {
        let rows: String = (0..STEPS)
            .map(|step| format!("{}\t{}\n", hour(step), precipitation(c, step)))
            .collect();
        wide.write(
            &format!("q/gauge_{}.txt", id(c)),
            &format!("time\tP\n{rows}"),
        );
    }
    wide.edit(
        "file = \"long.csv\"\nid = \"who\"\ntime = \"when\"\nvalue = \"much\"",
        "file = \"q/gauge_{id}.txt\"\nvalue = \"P\"",
    );
    wide.rerunoff(&["import"]).expect(0);
    assert_eq!(wide.read("input.h5"), expected);
    wide.write(
        &format!("q/gauge_{}.txt", id(2)),
        "time\tP\n2009-01-01\t1\n",
    );
    let told = wide.rerunoff(&["import"]).expect(4).stderr;
    assert!(
        told.contains("gauge_70003.txt: line 2: it ends here"),
        "{told}"
    );
}

#[test]
fn columns_may_come_in_any_order() {
    let project = project(8);
    project.rerunoff(&["import"]).expect(0);
    let expected = project.read("input.h5");
    // P.csv names the catchments first, so that it is the order of the other tables that differs.
    let mut text = "time".to_owned();
    let order = || [5, 0, 7, 2, 1, 6, 3, 4].into_iter();
    order().for_each(|c| text.push_str(&format!(";{}", id(c))));
    for step in 0..STEPS {
        text.push_str(&format!("\n{}", hour(step)));
        order().for_each(|c| text.push_str(&format!(";{}", discharge(c, step) * 1000.0)));
    }
    project.write("Q.csv", &text);
    project.edit("Q.csv.gz", "Q.csv");
    project.edit("[import]", "[import]\ntime = \"precipitation\"");
    project.rerunoff(&["import"]).expect(0);
    assert_eq!(project.read("input.h5").len(), expected.len());
    let file = hdf5::File::open(project.path("input.h5")).expect("the file");
    let found: Vec<f64> = file
        .dataset("discharge")
        .expect("it")
        .read_raw()
        .expect("values");
    let ids: Vec<hdf5::types::VarLenUnicode> = file
        .dataset("catchment")
        .expect("ids")
        .read_raw()
        .expect("ids");
    let catchments = passing(8);
    assert_eq!(ids.len(), catchments.len());
    for (name, values) in ids.iter().zip(found.chunks(STEPS)) {
        let catchment = catchments.iter().copied().find(|c| id(*c) == name.as_str());
        let expected: Vec<f64> = (0..STEPS)
            .map(|step| discharge(catchment.expect("a catchment"), step) * 1000.0 / 1000.0)
            .collect();
        assert_eq!(values, expected, "{name}");
    }
}

#[test]
fn series_of_a_netcdf_file_go_with_attributes_of_a_dbase_table() {
    let project = Project::new(3);
    let attributes = |catchments: usize| -> Vec<_> {
        (0..catchments)
            .map(|c| (id(c), vec![c as f64 + 0.25]))
            .collect()
    };
    // More catchments than the input has: the input says which there are.
    write_bytes(
        &project,
        "basin.dbf",
        &dbf_of_numbers(&["barl"], &attributes(5)),
    );
    project.edit(
        "[simulator]\n",
        "[[parameters.table]]\nfile = \"basin.dbf\"\nid = \"WSO1_ID\"\n\n[simulator]\n",
    );
    let template = fs::read_to_string(project.path("templates/param.txt")).expect("the template");
    project.write("templates/param.txt", &(template + "appl={barl}\n"));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), ids(&[0, 1, 2]));
    let mut more = attributes(5);
    more[1].1[0] = 7.0;
    more[4].1[0] = 7.0;
    write_bytes(&project, "basin.dbf", &dbf_of_numbers(&["barl"], &more));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(1)]);
    // Fewer: nobody would know what the others have.
    write_bytes(
        &project,
        "basin.dbf",
        &dbf_of_numbers(&["barl"], &attributes(2)),
    );
    let told = project.rerunoff(&["run"]).expect(4).stderr;
    let lacks = format!(
        "basin.dbf: has no row for 1 of the input's catchments: {}",
        id(2)
    );
    assert!(told.contains(&lacks), "{told}");
    assert!(project.calls().is_empty());
}
