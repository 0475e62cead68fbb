//! Tests that are Python scripts, in an environment with programs of other people that `make` installs.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs `tests/<of>/check_<name>.py` on the built binary, with a folder to itself, in the environment that `make test-<of>` makes.
#[track_caller]
pub(crate) fn check(of: &str, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join(format!(".venv/{of}/bin/python"));
    assert!(
        interpreter.exists(),
        "what they need is not installed; `make test-{of}` installs it"
    );
    let folder = TempDir::new().expect("a folder");
    let output = Command::new(interpreter)
        .arg("-B")
        .arg(root.join(format!("tests/{of}/check_{name}.py")))
        .arg(env!("CARGO_BIN_EXE_rerunoff"))
        .arg(folder.path())
        .output()
        .expect("Python");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    print!("{said}");
}
