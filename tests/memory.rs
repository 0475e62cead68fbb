//! Memory does not grow with the number of catchments: planning, running and assembling 2,000 takes what 200 take, and
//! importing 16,000 what 4,000 take.
//!
//! These have a process of their own, because the peak that the system reports for a child includes what its parent had
//! before `exec`.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use rerunoff::example::Example;

const MIB: u64 = 1 << 20;

/// The peak memory of one call of the binary, in bytes.
// Waited for by wait4, which also tells what it took.
#[allow(unsafe_code, clippy::zombie_processes)]
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let printed = folder.join("printed");
    let child = Command::new(env!("CARGO_BIN_EXE_rerunoff"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(File::create(&printed).expect("a file"))
        .spawn()
        .expect("the binary");
    let mut status = 0;
    // SAFETY: `rusage` is a plain C struct of integers, for which all zeros is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers come from live locals of the types that wait4(2) writes. The child is reaped only here:
    // dropping a `Child` does not wait for it.
    let reaped = unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
    let text = fs::read_to_string(&printed).expect("what it printed");
    assert_eq!((reaped, status), (child.id() as i32, 0), "{text}");
    usage.ru_maxrss as u64 * 1024
}

fn peaks(catchments: usize) -> [u64; 3] {
    let folder = tempfile::tempdir().expect("a folder");
    Example {
        catchments,
        steps: 2_000,
        seed: 1,
    }
    .write(folder.path())
    .expect("an example");
    let quick = fs::read_to_string(folder.path().join("templates/param.txt"))
        .expect("the template")
        + "substeps\t1\n";
    fs::write(folder.path().join("templates/param.txt"), quick).expect("written");
    [
        peak(folder.path(), &["run", "--dry-run"]),
        peak(folder.path(), &["run", "--no-assemble"]),
        peak(folder.path(), &["assemble"]),
    ]
}

#[test]
fn memory_does_not_grow_with_the_number_of_catchments() {
    let (few, many) = (peaks(200), peaks(2_000));
    for (phase, (few, many)) in ["planning", "running", "assembling"]
        .iter()
        .zip(few.iter().zip(&many))
    {
        assert!(
            many.saturating_sub(*few) < 64 * MIB,
            "{phase}: {} MiB, {} MiB",
            few / MIB,
            many / MIB
        );
    }
}

const IMPORT: &str = r#"
[input]
file = "input.h5"
[import.series.q]
file = "q.csv"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
"#;

/// What an import of a wide table of 28 days of hours takes.
fn import(catchments: usize) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rerunoff.toml"), IMPORT).expect("written");
    let mut text = "time".to_owned();
    (0..catchments).for_each(|c| write!(text, ";{c}").expect("text"));
    for step in 0..672 {
        write!(text, "\n2009-01-{:02} {:02}:00", 1 + step / 24, step % 24).expect("text");
        (0..catchments).for_each(|c| write!(text, ";{}.{step}", c % 100).expect("text"));
    }
    fs::write(folder.path().join("q.csv"), text).expect("written");
    peak(folder.path(), &["import"])
}

#[test]
fn memory_to_import_does_not_grow_with_the_number_of_catchments() {
    let (few, many) = (import(4_000), import(16_000));
    assert!(
        many.saturating_sub(few) < 64 * MIB,
        "{} MiB, {} MiB",
        few / MIB,
        many / MIB
    );
}
