//! Memory does not grow with the number of catchments: planning, running and assembling 2,000 takes what 200 take.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use rerunoff::example::Example;
use rerunoff::process::{End, Guard, Interrupt, Invocation};

const MIB: u64 = 1 << 20;

/// The peak memory of one call of the binary.
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let printed = folder.join("printed");
    let invocation = Invocation {
        program: OsStr::new(env!("CARGO_BIN_EXE_rerunoff")),
        arguments: &arguments,
        directory: folder,
        environment: &[],
        stdout: &printed,
        stderr: &printed,
        timeout: None,
        grace: std::time::Duration::ZERO,
    };
    let mut guard = Guard::by(env!("CARGO_BIN_EXE_rerunoff").into());
    let interrupt = Interrupt::new().expect("an interrupt");
    let finished = guard.run(&invocation, &interrupt).expect("a run");
    let text = fs::read_to_string(&printed).expect("what it printed");
    assert_eq!(finished.end, End::Exited(0), "{text}");
    finished.cost.peak_bytes
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
