//! Faults of sources and of the project file: where they are, what was found, and that nothing is written.

use std::fs;

use super::project;
use super::tables::{hours, write_bytes};
use crate::common::precipitation;

#[test]
fn faults_name_file_line_column_and_what_was_found() {
    let project = project(4);
    let good = hours("time", 4, &precipitation);
    let fault = |text: String| {
        project.write("P.csv", &text);
        let import = project.rerunoff(&["import"]).expect(4);
        assert!(!project.path("input.h5").exists(), "nothing was written");
        import.stderr
    };
    let told = fault(good.replacen(";1.125", ";one", 1));
    assert!(
        told.contains("P.csv: line 3, column 3 (70002): \"one\" is no number"),
        "{told}"
    );
    let told = fault(good.replacen(";1.125", ";1;125", 1));
    assert!(
        told.contains("P.csv: line 3: there are 6 cells, where 5 belong"),
        "{told}"
    );
    let told = fault(good.replacen(";1.125", "", 1));
    assert!(told.contains("P.csv: line 3: there are 4 cells"), "{told}");
    let told = fault(good.replacen(";1.125", ";1,125", 1));
    assert!(
        told.contains("\"1,125\" is no number; set `decimal = \",\"`"),
        "{told}"
    );
    let told = fault(good.replacen("2009-01-01 05:00", "2009-01-01 5 Uhr", 1));
    assert!(
        told.contains("P.csv: line 7, column 1 (time): \"2009-01-01 5 Uhr\" is no time"),
        "{told}"
    );
    let told = fault(good.replacen("2009-01-01 05:00", "2009-01-01 04:00", 1));
    assert!(
        told.contains("P.csv: line 7: the time 2009-01-01 04:00:00 is there twice"),
        "{told}"
    );
    let told = fault(
        good.lines()
            .enumerate()
            .filter(|(at, _)| *at != 6)
            .map(|(_, line)| format!("{line}\n"))
            .collect(),
    );
    assert!(
        told.contains("P.csv: line 7:") && told.contains("there is a gap"),
        "{told}"
    );
    let told = fault(good.replacen("\"70002\"", "\"70001\"", 1));
    assert!(
        told.contains(
            "P.csv: line 1, column 3 (70001): the header has this catchment in column 2 already"
        ),
        "{told}"
    );
    let utf16: Vec<u8> = "\u{feff}time;1"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    write_bytes(&project, "P.csv", &utf16);
    let told = project.rerunoff(&["import"]).expect(4).stderr;
    assert!(told.contains("UTF-16") && told.contains("iconv"), "{told}");
    project.write("P.csv", &good);
    project.edit("fill = \"previous\"\n", "");
    let told = project.rerunoff(&["import"]).expect(4).stderr;
    assert!(
        told.contains("series temperature has no value at 2009-01-01 01:00:00"),
        "{told}"
    );
}

#[test]
fn files_of_others_are_never_overwritten() {
    let project = project(4);
    project.write_input(&precipitation);
    let before = project.read("input.h5");
    let told = project.rerunoff(&["run"]).expect(4).stderr;
    assert!(
        told.contains("input.h5 is there and was not made by an import"),
        "{told}"
    );
    assert_eq!(project.read("input.h5"), before);
    fs::remove_file(project.path("input.h5")).expect("removed");
    project.rerunoff(&["import"]).expect(0);
    fs::remove_dir_all(project.path("cache")).expect("removed");
    project.rerunoff(&["import"]).expect(0);
    fs::copy(project.path("P.csv"), project.path("input.h5")).expect("copied");
    project.edit("file = \"P.csv\"", "file = \"input.h5\"");
    let told = project.rerunoff(&["import"]).expect(2).stderr;
    assert!(told.contains("would overwrite its source"), "{told}");
}

#[test]
fn the_project_file_is_checked() {
    let project = project(4);
    let toml = fs::read_to_string(project.path("rerunoff.toml")).expect("the project file");
    for (from, to, told) in [
        (
            "AREA * 1e6",
            "AREAA * 1e6",
            "no table has a column `AREAA`; did you mean `AREA`?",
        ),
        (
            "AREA * 1e6",
            "zz * 1e6",
            "no table has a column `zz`. There are ",
        ),
        ("STRAHLER <= 3", "STRAHLR <= 3", "did you mean `STRAHLER`?"),
        ("value / 1000", "values / 1000", "knows nothing but `value`"),
        (
            "decimal = \",\"",
            "decimal = \";\"",
            "must be \".\" or \",\"",
        ),
        ("file = \"T.csv\"", "file = \"TT.csv\"", "there is no file"),
        (
            "fill = \"previous\"",
            "fil = \"previous\"",
            "did you mean `fill`?",
        ),
        (
            "[import]\n",
            "[import]\ntime = \"discharg\"\n",
            "did you mean \"discharge\"?",
        ),
        (
            "[import]\n",
            "[import]\nfile = \"other.h5\"\n",
            "does not name it",
        ),
        (
            "file = \"P.csv\"",
            "file = \"P.csv\"\nvalue = \"x\"",
            "needs `id`, too",
        ),
    ] {
        assert!(toml.contains(from), "{from}");
        project.write_toml(&toml.replacen(from, to, 1));
        let import = project.rerunoff(&["import"]).expect(2);
        assert!(import.stderr.contains(told), "{to}: {}", import.stderr);
        let line = import.stderr.split("rerunoff.toml:").nth(1).unwrap_or("");
        assert!(
            line.starts_with(|c: char| c.is_ascii_digit()),
            "{to}: {}",
            import.stderr
        );
    }
}
