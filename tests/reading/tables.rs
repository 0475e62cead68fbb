//! Parameter tables in text.

use super::parameter;
use crate::common::Project;

/// A project whose parameter A comes from this table.
fn project(table: impl AsRef<[u8]>) -> Project {
    parameter::project("t.csv", table)
}

/// What the simulator gets for A in the first catchment.
#[track_caller]
fn given(project: &Project) -> String {
    parameter::given(project, 0)
}

/// A text in UTF-16 with a byte order mark.
fn utf_16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_spreadsheets_write_is_read() {
    for (table, expected) in [
        (utf_16("ID\tA\r\n70001\t2.5\r\n70002\t3\r\n"), "2.5"),
        (utf_16("sep=;\r\nID;A\r\n70001;2,5\r\n70002;3\r\n"), "2.5"),
        (b"sep=;\nID;A\n70001;2,5\n70002;3\n".to_vec(), "2.5"),
        (
            b"# areas\n# in km2\nID,A\n70001,2.5\n70002,3\n".to_vec(),
            "2.5",
        ),
        (b"ID,A\n# checked\n70001,2.5\n70002,3\n".to_vec(), "2.5"),
        (b"ID,A\r70001,2.5\r70002,3\r".to_vec(), "2.5"),
        (b"ID;A;\n70001;\"2,5\";\n70002.0;3;\n".to_vec(), "2.5"),
        (
            b"ID,A\n70001,12345678901234567891\n70002,3\n".to_vec(),
            "12345678901234567891",
        ),
    ] {
        let project = project(&table);
        assert_eq!(
            given(&project),
            expected,
            "{}",
            String::from_utf8_lossy(&table)
        );
        project.rerunoff(&["run"]).expect(0);
    }
}

#[test]
fn a_cell_with_two_readings_is_an_error_where_it_is_used() {
    for (table, message) in [
        (
            "ID,A\n70001,\"12,5\"\n70002,3\n",
            "line 2, column A: \"12,5\" may be a number with a decimal comma",
        ),
        (
            "ID\tA\n70001\t12,5\n70002\t3\n",
            "line 2, column A: \"12,5\" may be a number with a decimal comma",
        ),
        (
            "ID;A\n70001;1.234,50\n70002;3\n",
            "line 2, column A: \"1.234,50\" may be a number with something between thousands",
        ),
        (
            "ID;A\n70001;1.234\n70002;0,5\n",
            "line 2, column A: \"1.234\" has two readings",
        ),
        (
            "ID,A\n70001,#N/A\n70002,3\n",
            "line 2, column A: \"#N/A\" seems to stand for no value",
        ),
    ] {
        let project = project(table);
        let run = project.rerunoff(&["run"]).expect(4);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(project.calls().is_empty());
        parameter::unask(&project);
        project.rerunoff(&["run"]).expect(0);
    }
}

#[test]
fn the_decimal_mark_is_stated_beside_the_id() {
    let project = project("ID,A\n70001,\"12,5\"\n70002,3\n");
    project.edit("id = \"ID\"", "id = \"ID\"\ndecimal = \",\"");
    assert_eq!(given(&project), "12.5");
    project.edit("decimal = \",\"", "decimal = \".\"");
    assert_eq!(given(&project), "12,5");
    project.edit("decimal = \".\"", "decimal = \"·\"");
    let run = project.rerunoff(&["check"]).expect(2);
    assert!(run.stderr.contains("expected `.` or `,`"), "{}", run.stderr);
}

#[test]
fn a_table_that_is_something_else_is_named() {
    for (table, message) in [
        (
            &b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml"[..],
            "it is an Excel workbook (.xlsx)",
        ),
        (b"PK\x03\x04\x14\0\0\0\x08\0t.csv", "it is a ZIP archive"),
        (b"BZh91AY&SY", "it is packed by bzip2"),
        (b"\xfd7zXZ\0\0\x04", "it is packed by xz"),
        (b"\x1f\x8b\x08\0", "it is packed by gzip"),
        (b"\x89HDF\r\n\x1a\n", "it is an HDF5 or NetCDF-4 file"),
        (b"<!DOCTYPE html><title>Login</title>", "it is a web page"),
        (b"I\0D\0,\0A\0\n\0", "UTF-16 without a byte order mark"),
        (
            b"ID,A\n70001,\"1\n70002,2\n",
            "line 2 opens a quote that is never closed",
        ),
        (
            b"ID,A\n70001,1\r70002,2\n",
            "line 2 has a carriage return in it",
        ),
        (
            b"ID,A\n70001,1,5\n70002,2\n",
            "line 2 has 3 cells, where the header has 2",
        ),
        (
            b"#ID,A\nx,y\n70001,1\n",
            "line 1 begins with `#` and has as many cells as the next one",
        ),
    ] {
        let run = project(table).rerunoff(&["run"]).expect(4);
        assert!(run.stderr.contains("t.csv"), "{}", run.stderr);
        assert!(run.stderr.contains(message), "{message}: {}", run.stderr);
    }
}

#[test]
fn an_import_reads_tables_alike() {
    let project = Project::new(2);
    project.write("t.csv", "ID,area\n70001,\"12,5\"\n70002,3\n");
    let import = "[import]\non_missing = \"drop\"\n[[import.table]]\nfile = \"t.csv\"\nid = \"ID\"\n\
                  [import.parameters]\narea = \"area\"\n";
    project.edit("file = \"input.h5\"", "file = \"areas.h5\"");
    project.edit("[series]\n", &format!("{import}\n[series]\n"));
    let run = project.rerunoff(&["import"]).expect(4);
    assert!(
        run.stderr.contains("line 2, column area: \"12,5\" may be"),
        "{}",
        run.stderr
    );
    project.edit(
        "id = \"ID\"\n[import.parameters]",
        "id = \"ID\"\ndecimal = \",\"\n[import.parameters]",
    );
    project.rerunoff(&["import"]).expect(0);
}
