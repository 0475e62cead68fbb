//! dBASE tables in all their dialects.

use std::fs;

use rerunoff::data::catchment::CatchmentId;
use rerunoff::data::value::Value;
use rerunoff::inputs::tables::{ParameterTable, TableSpec, read_parameter_table};

use super::parameter::{self, given, unask};
use crate::common::dbase::dbf;
use crate::common::{Project, id, random};

/// A project whose parameter A comes from this table.
fn project(table: &[u8]) -> Project {
    parameter::project("t.dbf", table)
}

/// A table with these cells of A.
fn cells(kind: char, decimals: u8, cells: [&str; 2]) -> Vec<u8> {
    let fields = [("ID", 'N', 8, 0), ("A", kind, 12, decimals)];
    let records = [
        [id(0).into_bytes(), cells[0].into()],
        [id(1).into_bytes(), cells[1].into()],
    ];
    dbf(&fields, &records)
}

#[test]
fn a_decimal_comma_is_read() {
    let project = project(&cells('N', 2, ["12,50", "3,00"]));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!([0, 1].map(|at| given(&project, at)), ["12.5", "3"]);
}

#[test]
fn a_default_never_steps_in_for_a_cell_that_is_no_number() {
    for [one, other] in [
        ["1.5D+03", "2.5D+03"],
        ["1,234.50", "2,000.00"],
        ["1.#INF", "nan(ind)"],
        ["1,234", "*12"],
        ["n/a", "-"],
    ] {
        let project = project(&cells('N', 2, [one, other]));
        for verb in [&["run"][..], &["status"], &["run", "--dry-run"]] {
            let run = project.rerunoff(verb);
            let said = run.stdout + &run.stderr;
            for (record, text) in [(1, one), (2, other)] {
                let place = format!("record {record}, field A: \"{text}\"");
                assert!(said.contains(&place), "{verb:?}: {said}");
            }
        }
        project.rerunoff(&["run"]).expect(4);
        project.rerunoff(&["check", &id(0)]).expect(4);
        assert!(project.calls().is_empty());
    }
}

#[test]
fn blank_cells_and_asterisks_leave_the_default() {
    let project = project(&cells('N', 2, ["", "************"]));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!([0, 1].map(|at| given(&project, at)), ["1", "1"]);
}

#[test]
fn a_memo_in_place_of_a_parameter_is_no_reason_for_the_default() {
    let project = project(&cells('M', 0, ["          12", ""]));
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(
        run.stderr.contains("record 1, field A: it is a memo field"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("record 2"), "{}", run.stderr);
}

#[test]
fn a_cell_that_nothing_needs_may_be_what_it_likes() {
    let fields = [("ID", 'N', 8, 0), ("A", 'N', 12, 2), ("B", 'N', 12, 2)];
    let records: [&[&[u8]]; 3] = [
        &[b"70001", b"1.50", b"a word"],
        &[b"70002", b"2.50", b""],
        &[b"90009", b"nobody's", b""],
    ];
    let project = project(&dbf(&fields, &records));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!([0, 1].map(|at| given(&project, at)), ["1.5", "2.5"]);
}

#[test]
fn an_id_that_is_no_number_is_an_error_with_its_place() {
    let fields = [("ID", 'N', 8, 0), ("A", 'N', 12, 2)];
    let records: [&[&[u8]]; 2] = [&[b"70001", b"1"], &[b"7O002", b"2"]];
    let project = project(&dbf(&fields, &records));
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(run.stderr.contains("t.dbf"), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("record 2, field ID: \"7O002\" is no number"),
        "{}",
        run.stderr
    );
}

#[test]
fn ids_of_any_type_are_whole_numbers_without_decimals() {
    for (kind, decimals, ids) in [
        ('N', 2, ["70001.00", "70002,00"]),
        ('F', 0, ["7.0001e+004", "7.0002e4"]),
        ('C', 0, ["70001", "70002.0"]),
    ] {
        let fields = [("ID", kind, 12, decimals), ("A", 'N', 4, 0)];
        let records: [&[&[u8]]; 2] = [&[ids[0].as_bytes(), b"5"], &[ids[1].as_bytes(), b"6"]];
        let project = project(&dbf(&fields, &records));
        assert_eq!([0, 1].map(|at| given(&project, at)), ["5", "6"], "{kind}");
    }
}

#[test]
fn a_link_downstream_that_is_no_number_makes_no_outlet() {
    let project = project(&cells('N', 0, ["7OO02", "0"]));
    project.edit("[product]\n", "[product]\ndownstream = \"A\"\n");
    project.edit(
        "[product.variables]\n",
        "[product.variables]\ntotal = { column = \"discharge\", accumulate = \"upstream\" }\n",
    );
    project.edit(
        "discharge = { units = \"m3 s-1\", min = 0 }",
        "flow = { formula = \"discharge\" }",
    );
    unask(&project);
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(
        run.stderr.contains("record 1, field A: \"7OO02\""),
        "{}",
        run.stderr
    );
    assert!(project.calls().is_empty());
}

#[test]
fn a_parameter_of_the_product_alone_is_no_gap_in_it() {
    let project = project(&cells('N', 0, ["12O", "7"]));
    project.edit(
        "[product.variables]\n",
        "[product.parameters]\narea = { parameter = \"A\" }\n[product.variables]\n",
    );
    unask(&project);
    for verb in [&["run"][..], &["check"]] {
        let run = project.rerunoff(verb).expect(4);
        assert!(
            run.stderr.contains("record 1, field A: \"12O\""),
            "{}",
            run.stderr
        );
    }
    assert!(project.calls().is_empty());
}

#[test]
fn samples_of_a_sweep_are_read_alike() {
    let project = Project::new(1);
    let fields = [("k", 'N', 8, 2)];
    project.edit(
        "[simulator]\n",
        "[sweep.k]\nfile = \"samples.dbf\"\n\n[simulator]\n",
    );
    project.edit(
        "file = \"output.h5\"",
        "file = \"output.h5\"\nper = \"dimension\"",
    );
    let records: [&[&[u8]]; 2] = [&[b"0,50"], &[b"x"]];
    fs::write(project.path("samples.dbf"), dbf(&fields, &records)).expect("written");
    let run = project.rerunoff(&["run"]).expect(2);
    assert!(
        run.stderr.contains("record 2, field k: \"x\" is no number"),
        "{}",
        run.stderr
    );
    fs::write(project.path("samples.dbf"), dbf(&fields, &records[..1])).expect("written");
    (project.rerunoff(&["check", &id(0), "--render", "rendered"])).expect(0);
    let text = fs::read_to_string(project.path("rendered/param.txt")).expect("rendered");
    assert!(text.contains("k=0.5\n"), "{text}");
}

#[test]
fn an_import_never_drops_a_catchment_for_a_cell_that_is_no_number() {
    let project = Project::new(2);
    project.write(
        "q.csv",
        "time,70001,70002\n2009-01-01T00:00,1,2\n2009-01-01T01:00,3,4\n",
    );
    let table = cells('N', 2, ["1.5D+03", "2,50"]);
    fs::write(project.path("t.dbf"), table).expect("written");
    let import = "[import]\non_missing = \"drop\"\n[import.series.discharge]\nfile = \"q.csv\"\n\
                  [[import.table]]\nfile = \"t.dbf\"\nid = \"ID\"\n[import.parameters]\nA_tot = \"A\"\n";
    project.edit("[series]\n", &format!("{import}\n[series]\n"));
    fs::remove_file(project.path("input.h5")).expect("removed");
    let run = project.rerunoff(&["import"]).expect(4);
    assert!(
        run.stderr
            .contains("record 1, field A: \"1.5D+03\" is no number"),
        "{}",
        run.stderr
    );
    project.edit("A_tot = \"A\"", "A_tot = \"1\"");
    project.edit("on_missing", "filter = \"A > 2\"\non_missing");
    let run = project.rerunoff(&["import"]).expect(4);
    assert!(
        run.stderr
            .contains("record 1, field A: \"1.5D+03\" is no number"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_table_of_dbase_7_is_named() {
    let mut bytes = vec![4, 109, 1, 1, 2, 0, 0, 0];
    bytes.extend([(69_u16 + 96).to_le_bytes(), 11_u16.to_le_bytes()].concat());
    bytes.extend([0; 56]);
    for (name, width, decimals) in [(&b"ID"[..], 4, 0), (b"A", 6, 2)] {
        let mut field = [0; 48];
        field[..name.len()].copy_from_slice(name);
        (field[32], field[33], field[34]) = (b'N', width, decimals);
        bytes.extend(field);
    }
    bytes.extend(b"\r    1  1.50    2  1.50\x1a");
    for language in [&b""[..], b"DBWINUS0", b"db863cf1"] {
        bytes[32..32 + language.len()].copy_from_slice(language);
        let run = project(&bytes).rerunoff(&["run"]).expect(4);
        let expected = "this is a dBASE 7 table, which is not supported";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

/// A table whose A is this text.
fn texts(language: u8, text: &[u8]) -> Vec<u8> {
    let fields = [("ID", 'N', 8, 0), ("A", 'C', 12, 0)];
    let records: [&[&[u8]]; 2] = [&[b"70001", text], &[b"70002", b"plain"]];
    let mut bytes = dbf(&fields, &records);
    bytes[29] = language;
    bytes
}

#[test]
fn a_code_page_matters_only_for_columns_in_use() {
    let don = b"\xc4\xee\xed";
    assert_eq!(given(&project(&texts(0xc9, don)), 0), "Дон");
    let unknown = project(&texts(0x64, don));
    let run = unknown.rerunoff(&["run"]).expect(4);
    assert!(
        run.stderr
            .contains("record 1, field A: \"\\xc4\\xee\\xed\" is in the code page"),
        "{}",
        run.stderr
    );
    unask(&unknown);
    unknown.rerunoff(&["run"]).expect(0);
}

#[test]
fn the_code_page_beside_a_table_is_honoured_and_watched() {
    let project = project(&texts(0, b"\xc4\xee\xed"));
    assert_eq!(given(&project, 0), "Äîí");
    let run = || {
        let depfile = ["run", "--depfile", "deps"];
        project.rerunoff(&depfile).expect(0);
        let deps = fs::read_to_string(project.path("deps")).expect("a depfile");
        (project.calls(), deps.contains("t.cpg"))
    };
    assert_eq!(run(), (vec![id(0), id(1)], false));
    // Long enough ago to be believed by its looks.
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(run(), (vec![], false));
    assert_eq!(run(), (vec![], false));
    project.write("t.cpg", "1251");
    assert_eq!(run(), (vec![id(0)], true));
    assert_eq!(given(&project, 0), "Дон");
    project.write("t.cpg", "UTF-8\n");
    let refused = project.rerunoff(&["run"]).expect(4);
    assert!(
        refused
            .stderr
            .contains("is no text in UTF-8, which its .cpg file names"),
        "{}",
        refused.stderr
    );
    fs::remove_file(project.path("t.cpg")).expect("removed");
    assert_eq!(run(), (vec![], false));
    project.write("t.CPG", "ANSI 1251");
    assert_eq!(run(), (vec![], false));
    assert_eq!(given(&project, 0), "Дон");
    project.write("t.cpg", "1252");
    let refused = project.rerunoff(&["run"]).expect(4);
    assert!(
        refused
            .stderr
            .contains("state different code pages; remove one"),
        "{}",
        refused.stderr
    );
}

#[test]
fn an_import_looks_at_the_code_page_beside_a_table() {
    let project = Project::new(2);
    fs::write(project.path("t.dbf"), texts(0, b"\xc4\xee\xed")).expect("written");
    let import = "[import]\n[[import.table]]\nfile = \"t.dbf\"\nid = \"ID\"\n[import.parameters]\nname = \"A\"\n";
    project.edit("file = \"input.h5\"", "file = \"names.h5\"");
    project.edit("[series]\n", &format!("{import}\n[series]\n"));
    let import = || project.rerunoff(&["import"]).expect(0).stdout;
    assert!(import().contains("written"));
    for change in ["1251", "1252", ""] {
        assert!(!import().contains("written"), "nothing changed");
        match change {
            "" => fs::remove_file(project.path("t.cpg")).expect("removed"),
            _ => project.write("t.cpg", change),
        }
        assert!(import().contains("written"), "{change}");
    }
}

/// What is in a cell, in the words of the script.
fn told(table: &ParameterTable, id: &str, field: &str) -> String {
    let id = CatchmentId::new(id);
    let value = match field {
        "ID" => Ok(table.has(&id).then(|| Value::Text(id.as_str().to_owned()))),
        _ => table.get(&id, field),
    };
    match value {
        Err(_) => "!".to_owned(),
        Ok(None) => "-".to_owned(),
        Ok(Some(Value::Text(text))) if field == "ID" => {
            told_number(text.parse().unwrap_or(f64::NAN))
        }
        Ok(Some(Value::Text(text))) => {
            let bytes = text.trim_matches(' ').bytes();
            "t".to_owned() + &bytes.map(|byte| format!("{byte:02x}")).collect::<String>()
        }
        Ok(Some(Value::Integer(whole))) if whole.unsigned_abs() >= 1 << 53 => format!("i{whole}"),
        Ok(Some(value)) => told_number(value.number().unwrap_or(f64::NAN)),
    }
}

fn told_number(number: f64) -> String {
    format!("n{:016x}", number.to_bits())
}

#[test]
fn random_tables_are_read_as_dbfread_and_pyshp_read_them() {
    let (folder, _) = random::written("make_dbase.py", 300);
    let expected = fs::read_to_string(folder.path().join("expected")).expect("what they read");
    let mut tables: Vec<Option<ParameterTable>> = Vec::new();
    let mut cells = 0;
    for line in expected.lines().filter(|line| !line.is_empty()) {
        let [table, id, field, readings] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let at: usize = table.parse().expect("a number");
        if tables.len() <= at {
            tables.resize_with(at + 1, || None);
        }
        let spec = TableSpec {
            path: folder.path().join(format!("{table}.dbf")),
            id: "ID".to_owned(),
            decimal: None,
        };
        let read = || read_parameter_table(&spec).unwrap_or_else(|e| panic!("{e:#}"));
        let found = told(tables[at].get_or_insert_with(read), id, field);
        let is_one = readings.split('|').any(|reading| reading == found);
        assert!(
            is_one,
            "table {table}, {id}, {field}: {found}, where they read {readings}"
        );
        cells += 1;
    }
    assert!(cells > 0);
}
