//! All tests of the command as a whole in one program, which is linked once: each file is a module of it, named for what it shows.
//!
//! They run side by side in threads. So a test works in a folder of its own, and leaves this process's environment, signals,
//! limits and current folder alone; what needs any of these is done to a child. What it writes with HDF5 in this process it
//! writes without a lock, or hands on through [`common::unlock`]. A test for which that is not enough has a target of its own in
//! `Cargo.toml`, and says why.

use std::fs;
use std::path::{Path, PathBuf};

mod callers;
mod common;

mod after;
mod agreement;
mod architecture;
mod axes;
mod blocks;
mod clock;
mod cluster_crash;
mod cluster_head;
mod cluster_lost;
mod cluster_settings;
mod cluster_shared;
mod cluster_work;
mod crash;
mod damage;
mod decks;
mod detached;
mod engines;
mod evaluate;
mod evidence;
mod export;
mod failures;
mod fast_path;
mod fence;
mod full_disk;
mod gc;
mod golden;
mod grid_engine;
mod help;
mod hostile;
mod import;
mod import_bits;
mod interop;
mod interop_axes;
mod interrupts;
mod json;
mod kept_outputs;
mod killed_callers;
mod main_job;
mod make;
mod messages;
mod models;
mod netcdf_outputs;
mod no_input;
mod objectives;
mod orphans;
mod outputs;
mod own_files;
mod plots;
mod processors;
mod product_form;
mod reading;
mod readme;
mod recipes;
mod report;
mod report_numbers;
mod report_shapes;
mod scenarios;
mod sets;
mod shared_cores;
mod slurm;
mod streams;
mod sums;
mod surroundings;
mod tools;
mod trying;
mod tweak;
mod unsteady;
mod why;
mod work_directories;

/// The modules in a folder and in those below it that their parent, of this text, does not name.
fn forgotten(folder: &Path, parent: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").display();
        // Whatever its visibility is.
        let named = parent.lines().any(|line| {
            let end = format!("mod {name};");
            line == end || line.starts_with("pub") && line.ends_with(&format!(" {end}"))
        });
        let named = named || parent.contains(&format!("\"tests/{name}.rs\""));
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let is_module = is_rust && !path.ends_with("mod.rs") || path.join("mod.rs").exists();
        if is_module && !named {
            found.push(path.clone());
        }
        if path.is_dir() {
            let files = [path.join("mod.rs"), path.with_extension("rs")];
            let texts = files.iter().flat_map(fs::read_to_string);
            found.extend(forgotten(&path, &texts.collect::<String>()));
        }
    }
    found
}

/// Cargo does not look for tests by itself (`autotests = false`): a file that nobody names would never be run.
#[test]
fn no_file_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parents = concat!(include_str!("main.rs"), include_str!("../Cargo.toml"));
    let forgotten = forgotten(&root.join("tests"), parents);
    assert!(forgotten.is_empty(), "no module names {forgotten:?}");
}
