//! Any text as a project file: a project, or an error that names the file.
#![no_main]

use std::fs;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use rerunoff::project::Study;
use tempfile::TempDir;

static FOLDER: OnceLock<TempDir> = OnceLock::new();

fuzz_target!(|text: &str| {
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["t.xml", "t.txt", "t.csv", "t.h5"] {
            fs::write(folder.path().join(name), "<a b=\"{k}\"/>").expect("written");
        }
        folder
    });
    fs::write(folder.path().join("rerunoff.toml"), text).expect("written");
    if let Err(error) = Study::load(folder.path()) {
        assert!(error.to_string().contains("rerunoff.toml"));
    }
});
