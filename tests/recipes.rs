//! Calibrators and samplers that people use, on the files that docs/calibration.md shows.
//!
//! The tests are Python scripts, since most of the tools are Python's; `tests/recipes/creek.py` says what they share. They need the
//! tools, which `make test-recipes` installs by name, and the data and the model of `tests/delaware`.

use crate::common::foreign::check;

#[test]
#[ignore = "installs programs: make test-recipes"]
fn a_shell_that_scans_one_parameter() {
    check("recipes", "shell");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn spotpy_with_processes_that_evaluate_at_once() {
    check("recipes", "spotpy");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn salib_with_all_sets_in_one_file() {
    check("recipes", "salib");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn optuna_by_ask_and_tell() {
    check("recipes", "optuna");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn scipy_with_a_generation_at_once() {
    check("recipes", "scipy");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn pest_by_templates_and_instructions() {
    check("recipes", "pest");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn ostrich_by_file_pairs() {
    check("recipes", "ostrich");
}

#[test]
#[ignore = "installs programs: make test-recipes"]
fn dakota_by_its_own_files() {
    check("recipes", "dakota");
}
