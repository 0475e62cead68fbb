//! The order of the source. `src` is in wings, each of which may use those below it; nothing points up or in a circle.
//!
//! What is read are paths (`crate::…`, `super::…`, trees of `use`), not types: a name that a module hands on counts as that
//! module's. A module may always use its own parents. Unit tests are left out.

mod source;

use std::fs;
use std::path::Path;

use source::Source;

/// The wings from top to bottom.
const WINGS: [&str; 19] = [
    "cli", "page", "report", "history", "product", "cluster", "execute", "plan", "import",
    "project", "example", "shapes", "inputs", "language", "store", "netcdf", "system", "text",
    "data",
];

/// What only some modules may name: the database, the library in C, the start of a process.
const CONFINED: [(&str, &[&str]); 4] = [
    ("rusqlite", &["store"]),
    ("hdf5", &["inputs", "netcdf"]),
    ("hdf5_sys", &["inputs", "netcdf"]),
    ("process::Command", &["system::process"]),
];

fn wing(module: &[&str]) -> Option<usize> {
    WINGS.iter().position(|wing| module.first() == Some(wing))
}

/// What in a source is against the order of the wings, or names what it may not.
fn misplaced(source: &Source<'_>) -> Vec<String> {
    let Some(from) = wing(&source.module) else {
        return vec![format!("{} lies in no wing", source.file)];
    };
    let module = format!("{}::", source.module.join("::"));
    let mut found = Vec::new();
    for (line, path) in &source.paths {
        let place = format!("{}:{line}: {}", source.file, path.join("::"));
        let target = source.absolute(path).and_then(|target| wing(&target));
        if let Some(to) = target.filter(|to| *to < from) {
            found.push(format!(
                "{place}: {} points up to {}",
                WINGS[from], WINGS[to]
            ));
        }
        let path = format!("::{}::", path.join("::"));
        for (name, homes) in CONFINED {
            let at_home = homes
                .iter()
                .any(|home| module.starts_with(&format!("{home}::")));
            if path.contains(&format!("::{name}::")) && !at_home {
                found.push(format!(
                    "{place}: only {} may name {name}",
                    homes.join(" and ")
                ));
            }
        }
    }
    found
}

/// The paths that lead from one module of a folder to another of it, if these need each other, perhaps by way of more.
fn circles(sources: &[Source<'_>]) -> Vec<String> {
    let mut steps = Vec::new();
    for source in sources {
        for (line, path) in &source.paths {
            let target = source.absolute(path).unwrap_or_default();
            let pairs = source.module.iter().zip(&target);
            let shared = pairs.take_while(|(a, b)| a == b).count();
            if shared > 0 && shared < source.module.len().min(target.len()) {
                let [from, to] = [&source.module, &target].map(|path| path[..=shared].join("::"));
                steps.push((
                    from,
                    to,
                    format!("{}:{line}: {}", source.file, path.join("::")),
                ));
            }
        }
    }
    let leads_back = |from: &String, to: &String| {
        let mut reached = vec![to];
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            let targets = steps
                .iter()
                .filter(|step| step.0 == *at)
                .map(|step| &step.1);
            for target in targets {
                if !reached.contains(&target) {
                    reached.push(target);
                }
            }
            next += 1;
        }
        reached.contains(&from)
    };
    let on_a_circle = steps.iter().filter(|(from, to, _)| leads_back(from, to));
    on_a_circle
        .map(|(from, to, place)| format!("{place}: {from} and {to} need each other"))
        .collect()
}

/// Everything in these files, of the given names and texts, that is against the rules.
fn faults(files: &[(String, String)]) -> Vec<String> {
    let sources = Source::all(files);
    let mut found: Vec<String> = sources.iter().flat_map(misplaced).collect();
    found.extend(circles(&sources));
    found
}

/// The Rust files below a folder, by their path from the root, with their texts.
fn read(root: &Path, folder: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            read(root, &name, files);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("a text");
            files.push((name, text));
        }
    }
}

#[test]
fn nothing_points_up_or_in_a_circle() {
    let mut files = Vec::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")), "src", &mut files);
    files.sort();
    for wing in WINGS {
        let opening = format!("src/{wing}/mod.rs");
        let opening = files.iter().find(|(file, _)| *file == opening);
        assert!(
            opening.is_some_and(|(_, text)| text.starts_with("//!")),
            "no src/{wing}/mod.rs that opens with what the wing is for"
        );
    }
    // The root names all wings, the programs are above them.
    let above = ["src/lib.rs", "src/main.rs", "src/bin/"];
    files.retain(|(file, _)| !above.iter().any(|name| file.starts_with(name)));
    let faults = faults(&files);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// What is said of some small files.
fn said(files: &[(&str, &str)]) -> Vec<String> {
    let files = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    faults(&files.collect::<Vec<_>>())
}

#[test]
fn a_path_that_points_up_is_found_wherever_it_is_written() {
    let text = "//! See [`crate::plan`].\nuse std::{fs, io};\nuse crate::{\n    data::digest, // crate::cli\n    \
        plan::{self as p, key::Key},\n};\nfn f() -> char {\n    let _ = (\"crate::cli::\\\"\", r#\"\"crate::cli\"#, '\"');\n    \
        super::super::cli::say('\\'')\n}\n";
    assert_eq!(
        said(&[("src/store/codec/mod.rs", text)]),
        [
            "src/store/codec/mod.rs:5: crate::plan::self: store points up to plan",
            "src/store/codec/mod.rs:5: crate::plan::key::Key: store points up to plan",
            "src/store/codec/mod.rs:9: super::super::cli::say: store points up to cli",
        ]
    );
}

#[test]
fn tests_may_point_anywhere() {
    let text = "#[cfg(test)]\nmod torture;\n#[cfg(test)]\nfn f(a: [u8; 2]) { crate::cli::say() }\nuse crate::data::value;\n\
        #[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n";
    let torture = ("src/store/torture.rs", "use crate::cli;");
    assert_eq!(said(&[("src/store/mod.rs", text), torture]), [""; 0]);
}

#[test]
fn siblings_that_need_each_other_are_found_by_way_of_others() {
    let a = (
        "src/import/a/mod.rs",
        "use super::Parent;\nuse crate::import::b::B;\nmod own;",
    );
    let own = (
        "src/import/a/own.rs",
        "use super::A;\nuse crate::import::Parent;",
    );
    let b = ("src/import/b.rs", "fn f<'a>() -> super::c::C<'a> { 'c' }");
    let c = ("src/import/c.rs", "use super::d;\nuse super::a::own;");
    let said = said(&[a, own, b, c, ("src/import/d.rs", "")]);
    assert_eq!(
        said,
        [
            "src/import/a/mod.rs:2: crate::import::b::B: import::a and import::b need each other",
            "src/import/b.rs:1: super::c::C: import::b and import::c need each other",
            "src/import/c.rs:2: super::a::own: import::c and import::a need each other",
        ]
    );
}

#[test]
fn what_is_confined_and_what_lies_in_no_wing_is_told() {
    let child = (
        "src/system/process/child.rs",
        "use std::process::{Command, Stdio};",
    );
    let plan = (
        "src/plan/key.rs",
        "use std::process::{Command, Stdio};\nfn f() { hdf5::File::open() }",
    );
    assert_eq!(
        said(&[child, plan, ("src/flat.rs", "")]),
        [
            "src/plan/key.rs:1: std::process::Command: only system::process may name process::Command",
            "src/plan/key.rs:2: hdf5::File::open: only inputs and netcdf may name hdf5",
            "src/flat.rs lies in no wing",
        ]
    );
}

#[test]
fn files_that_the_docs_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join("docs")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let named = text.split('`').skip(1).step_by(2);
        for name in named.filter(|name| name.starts_with("src/") || name.starts_with("tests/")) {
            assert!(root.join(name).exists(), "{}: {name}", path.display());
        }
    }
}
