//! The programs that people use: each with a deck and a project file, and no script around it.
//!
//! The tests are Python scripts, since what reads the programs' own outputs is; `tests/models/README.md` says what they show.
//! They need the programs, which `make test-models` installs by name.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs `tests/models/check_<model>.py` on the built binary, with a folder to itself.
#[track_caller]
fn check(model: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join(".venv/models/bin/python");
    assert!(
        interpreter.exists(),
        "the programs are not installed; `make test-models` installs them"
    );
    let folder = TempDir::new().expect("a folder");
    let output = Command::new(interpreter)
        .arg("-B")
        .arg(root.join(format!("tests/models/check_{model}.py")))
        .arg(env!("CARGO_BIN_EXE_rerunoff"))
        .arg(folder.path())
        .output()
        .expect("Python");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    print!("{said}");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn swatplus_with_a_deck_that_it_overwrites_and_tables_of_channels() {
    check("swatplus");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn swmm_with_a_file_for_each_network_and_its_report() {
    check("swmm");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn epanet_with_series_in_the_midst_of_its_file_and_a_report_in_blocks() {
    check("epanet");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn raven_with_a_deck_for_each_catchment_and_netcdf() {
    check("raven");
}

#[test]
#[ignore = "installs programs: make test-models"]
fn mhm_with_a_domain_that_it_writes_into_and_netcdf() {
    check("mhm");
}
