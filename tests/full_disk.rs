//! A disk that is full or read-only: a clear message, the old product intact, and the next run continues once there is space.
//!
//! Each test mounts a small file system of its own, in a user namespace, which needs no rights on most machines. Where
//! that is not allowed the tests fail and say so; `RERUNOFF_NO_NAMESPACES=1` leaves them out.

use std::process::Command;

use crate::common::Project;

/// Runs a script as root of a namespace, where it may mount; `None` if the user has these tests left out.
fn as_root(project: &Project, script: &str) -> Option<String> {
    if std::env::var_os("RERUNOFF_NO_NAMESPACES").is_some() {
        eprintln!("left out, as RERUNOFF_NO_NAMESPACES asks for");
        return None;
    }
    let preamble = "set -eu
        run() { code=0; \"$RERUNOFF\" run -q > out 2> err || code=$?; echo \"$1: $code $(tail -n 1 err)\"; }
        same() { cmp -s \"$1\" \"$2\" && echo 'the same' || echo 'another'; }\n";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(format!("{preamble}{script}"))
        .env("RERUNOFF", env!("CARGO_BIN_EXE_rerunoff"))
        .current_dir(project.root())
        .output()
        .expect("unshare, of util-linux");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told}{errors}\nAre user namespaces forbidden here? RERUNOFF_NO_NAMESPACES=1 leaves this test out."
    );
    Some(told)
}

/// The line of one step.
#[track_caller]
fn line<'a>(told: &'a str, step: &str) -> &'a str {
    let line = told.lines().find(|line| line.starts_with(step));
    line.unwrap_or_else(|| panic!("no {step:?} in {told}"))
}

#[test]
fn a_full_disk_under_the_store_and_the_work_directories() {
    let project = Project::new(30);
    project.write_toml(&format!("{}\n[cache]\nwork = \"disk\"\n", project.toml()));
    project.rerunoff(&["run"]).expect(0);
    let script = "
        mkdir small; cp output.h5 old.h5; mv cache elsewhere; mkdir cache
        mount -t tmpfs -o size=400k none cache
        sed -i 's/^k = 0.012/k = 0.013/; s/^concentration = { /&precision = \"f32\", /' rerunoff.toml
        head -c 250000 /dev/zero > cache/ballast
        run full
        echo \"product: $(same output.h5 old.h5)\"
        mount -o remount,size=40m cache
        rm cache/ballast
        \"$RERUNOFF\" doctor > out; echo \"doctor: $(cat out)\"
        run freed
        cp output.h5 continued.h5
        umount cache
        run undisturbed
        echo \"in the end: $(same output.h5 continued.h5)\"";
    let Some(told) = as_root(&project, script) else {
        return;
    };
    let full = line(&told, "full: 4");
    assert!(
        full.contains("No space left") || full.contains("no space left"),
        "{told}"
    );
    assert!(full.contains("cache"), "{told}");
    assert_eq!(line(&told, "product"), "product: the same");
    assert!(line(&told, "doctor").contains("0 damaged"), "{told}");
    line(&told, "freed: 0");
    line(&told, "undisturbed: 0");
    assert_eq!(line(&told, "in the end"), "in the end: the same");
}

#[test]
fn a_simulator_that_finds_the_disk_full_has_not_failed() {
    let project = Project::new(1);
    project.write_toml(&format!("{}\n[cache]\nwork = \"disk\"\n", project.toml()));
    project.set(&[(0, "grown")]);
    let script = "
        mkdir cache; mount -t tmpfs -o size=8m none cache
        run grown
        \"$RERUNOFF\" status > out || true; echo \"status: $(cat out)\"
        sed -i 's/grown/ok/' catchments.csv
        run ok";
    let Some(told) = as_root(&project, script) else {
        return;
    };
    let grown = line(&told, "grown: 4");
    assert!(grown.contains("no space left on its disk"), "{told}");
    assert!(!line(&told, "status").contains("failed"), "{told}");
    line(&told, "ok: 0");
}

#[test]
fn no_room_in_memory_sends_a_run_to_the_disk() {
    let project = Project::new(3);
    project.set(&[(1, "big")]);
    let script = "
        mount -t tmpfs -o size=600m none /dev/shm
        run first
        echo \"called: $(cat log/calls | sort | tr '\\n' ' ')\"
        echo \"left: $(ls /dev/shm cache | tr '\\n' ' ')\"
        mount -o remount,size=100m /dev/shm
        sed -i 's/^k = 0.012/k = 0.013/' rerunoff.toml
        run cramped
        mount -o remount,size=600m,noexec /dev/shm
        sed -i 's/^k = 0.013/k = 0.014/' rerunoff.toml
        run noexec
        printf '[cache]\\nwork = \"ram\"\\n' >> rerunoff.toml
        sed -i 's/^k = 0.014/k = 0.015/' rerunoff.toml
        run insisting
        echo \"where: $(sed 's/.*rerunoff-.*/memory/; s/.*cache.*/disk/' log/calls.where | tr '\\n' ' ')\"";
    let Some(told) = as_root(&project, script) else {
        return;
    };
    line(&told, "first: 0");
    assert_eq!(line(&told, "called"), "called: 70001 70002 70002 70003 ");
    let left = line(&told, "left");
    assert!(
        !left.contains("rerunoff-") && !left.contains("work"),
        "{left}"
    );
    line(&told, "cramped: 0");
    line(&told, "noexec: 0");
    let insisting = line(&told, "insisting: 4");
    assert!(
        insisting.contains("noexec") && insisting.contains("[cache]"),
        "{insisting}"
    );
    assert_eq!(line(&told, "where"), "where: memory disk disk disk ");
}

#[test]
fn a_full_or_read_only_disk_under_the_product() {
    let project = Project::new(30);
    project.edit("file = \"output.h5\"", "file = \"small/output.h5\"");
    std::fs::create_dir(project.path("small")).expect("made");
    let script = "
        mount -t tmpfs -o size=2m none small
        run first
        cp small/output.h5 old.h5
        sed -i 's/^k = 0.012/k = 0.013/' rerunoff.toml
        head -c 3000000 /dev/zero > small/ballast || true
        run full
        echo \"product: $(same small/output.h5 old.h5)\"
        echo \"left: $(ls small)\"
        rm small/ballast
        mount -o remount,ro small
        run readonly
        echo \"product still: $(same small/output.h5 old.h5)\"
        mount -o remount,rw small
        run freed
        cat out";
    let Some(told) = as_root(&project, script) else {
        return;
    };
    line(&told, "first: 0");
    let full = line(&told, "full: 4");
    assert!(
        full.contains("small/output.h5") && full.contains("full?"),
        "{told}"
    );
    assert_eq!(line(&told, "product:"), "product: the same");
    let readonly = line(&told, "readonly: 4");
    assert!(readonly.contains("small/output.h5"), "{told}");
    assert_eq!(line(&told, "product still"), "product still: the same");
    line(&told, "freed: 0");
    assert!(
        told.contains("30 fresh, 0 run, 0 failed"),
        "the results were kept: {told}"
    );
    let left = told.contains("left: ballast\noutput.h5\nreadonly");
    assert!(left, "no part of a product: {told}");
}

#[test]
fn a_store_that_may_not_be_written() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    let script = "
        mount --bind cache cache
        mount -o remount,bind,ro cache
        run readonly
        \"$RERUNOFF\" status > out && echo \"status: $(cat out)\"";
    let Some(told) = as_root(&project, script) else {
        return;
    };
    assert!(line(&told, "readonly: 4").contains("cache"), "{told}");
    assert!(line(&told, "status").contains("3 fresh of 3"), "{told}");
}
