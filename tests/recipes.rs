//! Calibrators and samplers that people use, on the files that docs/calibration.md shows.
//!
//! The tests are Python scripts, since most of the tools are Python's; `tests/recipes/creek.py` says what they share. They need the
//! tools, which `make test-recipes` installs by name, and the data and the model of `tests/delaware`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs `tests/recipes/check_<tool>.py` on the built binary, with a folder to itself.
#[track_caller]
fn check(tool: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join(".venv/recipes/bin/python");
    assert!(
        interpreter.exists(),
        "the tools are not installed; `make test-recipes` installs them"
    );
    let folder = TempDir::new().expect("a folder");
    let output = Command::new(interpreter)
        .arg("-B")
        .arg(root.join(format!("tests/recipes/check_{tool}.py")))
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
#[ignore = "installs programs: make test-recipes"]
fn a_shell_that_scans_one_parameter() {
    check("shell");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn spotpy_with_processes_that_evaluate_at_once() {
    check("spotpy");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn salib_with_all_sets_in_one_file() {
    check("salib");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn optuna_by_ask_and_tell() {
    check("optuna");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn scipy_with_a_generation_at_once() {
    check("scipy");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn pest_by_templates_and_instructions() {
    check("pest");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn ostrich_by_file_pairs() {
    check("ostrich");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn dakota_by_its_own_files() {
    check("dakota");
}
