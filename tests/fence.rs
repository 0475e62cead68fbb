//! The fence around simulators: nothing of the user's is touched, what was not stated is told, and each way to state it works.
//!
//! What each way out of a fence comes to is tested beside the fence itself; here is what a user sees.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use crate::common::{Project, Run, id};

/// A project whose simulator does this before it computes.
fn project(catchments: usize, first: &str) -> Project {
    let project = Project::new(catchments);
    have_it_do(&project, first);
    project
}

fn have_it_do(project: &Project, first: &str) {
    let script = include_str!("common/simulator.sh");
    let script = script.replace("case $mode in\n", &format!("{first}\ncase $mode in\n"));
    project.write("simulator.sh", &script);
}

/// Adds a line under [simulator].
fn state(project: &Project, line: &str) {
    project.edit("timeout = \"20s\"", &format!("timeout = \"20s\"\n{line}"));
}

/// Content, mode, and the times of the last changes of the content and of all else.
type Look = (Vec<u8>, u32, [(i64, i64); 2]);

/// Everything below a folder but these.
fn look(folder: &Path, but: &[&str]) -> BTreeMap<PathBuf, Look> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a list").flatten() {
        let path = entry.path();
        if but.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let found = fs::symlink_metadata(&path).expect("there");
        let content = match found.is_file() {
            true => fs::read(&path).expect("read"),
            false => Vec::new(),
        };
        if found.is_dir() {
            all.extend(look(&path, &[]));
        }
        let modified = (found.mtime(), found.mtime_nsec());
        let changed = (found.ctime(), found.ctime_nsec());
        all.insert(path, (content, found.mode(), [modified, changed]));
    }
    all
}

#[test]
fn a_thousand_runs_that_destroy_all_they_can_reach_touch_nothing_of_the_users() {
    let project = project(
        200,
        "files=\"$(readlink -f simulator.sh) $(echo $(readlink -f deck)/*) $(echo ROOT/*.* ROOT/templates/* ROOT/cache/*)\"
        {
            for file in $files; do true > $file; echo more >> $file; done
            chmod 777 $files; touch -d 2001-01-01 $files; mv -f $files .; ln -f $files .; rm -rf $files
            echo new > deck/new; echo new > ROOT/new; cp -a param.txt ROOT/output.h5; rm -rf ../../* deck/.
        } 2> /dev/null",
    );
    fs::create_dir(project.path("deck")).expect("made");
    for name in ["soil.txt", "own.txt"] {
        project.write(&format!("deck/{name}"), "theirs\n");
    }
    let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
    let root = project.root().display().to_string();
    project.write("simulator.sh", &text.replace("ROOT", &root));
    project.edit(
        "support = [\"simulator.sh\"]",
        "support = [\"simulator.sh\", \"deck\"]",
    );
    let own = ["cache", "output.h5", "log"];
    let before = look(project.root(), &own);
    for round in 0..5 {
        project.edit("k = 0.01", &format!("k = 0.01{round}"));
        let now = look(project.root(), &[&own[..], &["rerunoff.toml"]].concat());
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(
            run.stdout.starts_with("200 fresh, 200 run, 0 failed"),
            "{}",
            run.stdout
        );
        assert!(look(project.root(), &[&own[..], &["rerunoff.toml"]].concat()) == now);
        project.edit(&format!("k = 0.01{round}"), "k = 0.01");
    }
    let after = look(project.root(), &own);
    let changed = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let changed: Vec<&PathBuf> = before.keys().chain(after.keys()).filter(changed).collect();
    assert!(
        changed.iter().all(|path| path.ends_with("rerunoff.toml")),
        "{changed:?}"
    );
    assert_eq!(project.calls().len(), 1000);
}

#[test]
fn a_read_outside_fails_with_the_line_to_add_and_then_counts() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let soil = elsewhere
        .path()
        .canonicalize()
        .expect("there")
        .join("soil.db");
    fs::write(&soil, "2\n").expect("written");
    // It goes on without it.
    let project = project(
        6,
        &format!("cat {} > soil 2> /dev/null || :", soil.display()),
    );
    let run = project.rerunoff(&["run"]).expect(1);
    run.says(&format!(
        "it tried to read {0}, which the project does not state: add reads = [\"{0}\"] under [simulator], or support = ",
        soil.display()
    ));
    run.says(&format!(
        "or system = [\"{}\"]",
        soil.parent().expect("a folder").display()
    ));
    assert!(
        run.stdout.starts_with("0 fresh, 6 run, 6 failed"),
        "{}",
        run.stdout
    );
    project.calls();

    state(&project, &format!("reads = [\"{}\"]", soil.display()));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 0);
    fs::write(&soil, "3\n").expect("written");
    let status = project.rerunoff(&["status"]).expect(0);
    let cause = format!("what is read in {} changed", soil.display());
    assert!(status.stdout.contains(&cause), "{}", status.stdout);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6, "its content counts");
    let why = project.rerunoff(&["why", &id(0)]).expect(0);
    assert!(
        why.stdout
            .contains(&format!("what is read in {}", soil.display())),
        "{}",
        why.stdout
    );
    let deps = project.rerunoff(&["run", "--depfile", "deps"]).expect(0);
    assert!(
        String::from_utf8_lossy(&project.read("deps")).contains("soil.db"),
        "{}",
        deps.stderr
    );

    // As a part of the system it may be read, and does not count.
    project.edit("reads = ", "system = ");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    fs::write(&soil, "4\n").expect("written");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn a_run_that_fails_later_is_observed_once_to_tell_why() {
    let project = project(
        20,
        "if [ -e \"$(value log).later\" ] && [ $(value id) != 70001 ]; then cat ../../../own.txt ROOT/own.txt > own || exit 5; fi; touch \"$(value log).later\"",
    );
    project.write("own.txt", "1\n");
    let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
    let root = project.root().canonicalize().expect("there");
    project.write(
        "simulator.sh",
        &text.replace("ROOT", &root.display().to_string()),
    );
    let run = project.rerunoff(&["run", "-j1"]).expect(1);
    run.says("add reads = [\"own.txt\"] under [simulator]");
    assert!(
        run.stdout.starts_with("1 fresh, 20 run, 19 failed"),
        "{}",
        run.stdout
    );
    // One of them once more.
    assert_eq!(project.calls().len(), 21);
}

#[test]
fn a_write_outside_names_what_allows_it() {
    let project = project(2, "echo 1 > data/state || exit 4");
    fs::create_dir(project.path("data")).expect("made");
    project.write("data/state", "0\n");
    project.edit(
        "support = [\"simulator.sh\"]",
        "support = [\"simulator.sh\", \"data\"]",
    );
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("Permission denied; it tried to write ");
    run.says("data/state, a link to your own file: give it a copy with deck = \"data\" under [simulator], or let it with writes = [\"data/state\"]");
    assert_eq!(project.read("data/state"), b"0\n");
    have_it_do(&project, "chmod 600 data/state || exit 4");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("it tried to change the mode, the owner or the times of ");
    have_it_do(&project, "echo 1 > /var/tmp/of-rerunoffs-tests || exit 4");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("/var/tmp/of-rerunoffs-tests, outside of its work directory: writes = [\"/var/tmp\"] under [simulator] lets it");
    have_it_do(&project, "echo $(value id) > \"$(value log).written\"");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.path("calls.written").exists(), "`writes` lets it");
}

#[test]
fn sandbox_changes_no_key_and_off_is_no_fence() {
    let project = Project::ran(3);
    for sandbox in ["write", "off", "strict"] {
        state(&project, &format!("sandbox = \"{sandbox}\""));
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(run.stdout.starts_with("3 fresh, 0 run"), "{}", run.stdout);
        project.edit(&format!("\nsandbox = \"{sandbox}\""), "");
    }
    project.write("own.txt", "1\n");
    let own = project.path("own.txt").display().to_string();
    have_it_do(
        &project,
        &format!("cat {own} > own || exit 3; echo 2 > {own} || exit 4"),
    );
    for (sandbox, says) in [
        ("strict", "it tried to read"),
        ("write", "; it tried to write"),
    ] {
        state(&project, &format!("sandbox = \"{sandbox}\""));
        project.rerunoff(&["run"]).expect(1).says(says);
        project.edit(&format!("\nsandbox = \"{sandbox}\""), "");
    }
    assert_eq!(project.read("own.txt"), b"1\n");
    state(&project, "sandbox = \"off\"");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.read("own.txt"), b"2\n");
    let check = project.rerunoff(&["check"]).expect(0);
    assert!(
        check
            .stdout
            .contains("fence: none, as sandbox = \"off\" says"),
        "{}",
        check.stdout
    );
}

#[test]
fn the_network_is_off_unless_it_is_stated() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("known").port();
    let connect = format!(
        "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))' || exit 6"
    );
    let project = project(2, &connect);
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("; it tried to use the network: network = true under [simulator] lets it");
    state(&project, "network = true");
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn what_is_stated_has_to_be_there() {
    let project = Project::new(1);
    for field in ["reads", "writes", "system"] {
        project.write_toml(&project.toml());
        project.edit("writes = [\"log\"]\n", "");
        state(&project, &format!("{field} = [\"/no/such/file\"]"));
        let run = project.rerunoff(&["check"]).expect(2);
        run.says(&format!("simulator.{field}.0"));
        run.says("there is no file /no/such/file");
    }
}

/// Has the kernel know nothing of Landlock, for this process and all that it starts.
#[allow(unsafe_code)]
fn without_landlock() -> io::Result<()> {
    let statement = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            libc::SYS_landlock_create_ruleset as u32,
        ),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32,
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the instructions live until the call returns, which copies them; nothing is allocated.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) != 0
    };
    match refused {
        true => Err(io::Error::last_os_error()),
        false => Ok(()),
    }
}

/// Calls the binary where the kernel knows nothing of Landlock.
#[allow(unsafe_code)]
fn unfenceable(project: &Project, arguments: &[&str]) -> Run {
    let mut command = project.command(arguments);
    // SAFETY: two system calls and no more.
    unsafe { command.pre_exec(without_landlock) };
    command.output().expect("the binary").into()
}

#[test]
fn a_kernel_without_landlock_is_told_once() {
    let project = Project::new(8);
    let run = |arguments: &[&str]| unfenceable(&project, arguments);
    let told = "this machine's kernel has no Landlock";
    let first = run(&["run"]).expect(0);
    assert_eq!(first.stderr.matches(told).count(), 1, "{}", first.stderr);
    assert!(
        !run(&["run"]).expect(0).stderr.contains(told),
        "nothing is run"
    );
    assert!(
        !run(&["run", "--force", "-q"])
            .expect(0)
            .stderr
            .contains(told)
    );
    let check = run(&["check"]).expect(0).stdout;
    assert!(
        check.contains("fence: none, as this machine's kernel has no Landlock"),
        "{check}"
    );
    state(&project, "sandbox = \"off\"");
    assert!(!run(&["run", "--force"]).expect(0).stderr.contains(told));
    let check = project.rerunoff(&["check"]).expect(0).stdout;
    assert!(check.contains("fence: none, as sandbox"), "{check}");
}

#[test]
fn a_fence_holds_in_memory_and_on_a_disk_and_for_verify() {
    for work in ["ram", "disk"] {
        let project = project(
            3,
            "cat ROOT/own.txt > own 2> /dev/null; echo 1 > ROOT/own.txt",
        );
        project.write("own.txt", "1\n");
        let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
        let own = project.root().display().to_string();
        project.write("simulator.sh", &text.replace("ROOT", &own));
        project.write_toml(&format!("{}[cache]\nwork = \"{work}\"\n", project.toml()));
        project
            .rerunoff(&["run"])
            .expect(1)
            .says("add reads = [\"own.txt\"]");
        state(&project, "reads = [\"own.txt\"]");
        project.rerunoff(&["run"]).expect(0);
        project.rerunoff(&["verify"]).expect(0);
        let mode = fs::metadata(project.path("own.txt"))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(
            (project.read("own.txt"), mode & 0o777),
            (b"1\n".to_vec(), 0o644)
        );
    }
}

#[test]
fn an_output_that_is_a_link_to_what_is_not_stated_is_no_result() {
    let project = project(1, "");
    project.rerunoff(&["run"]).expect(0);
    project.write("results.txt", "what somebody left\n");
    let results = project.path("results.txt").display().to_string();
    project.write(
        "simulator.sh",
        &format!("#!/bin/sh\nln -s {results} out.txt\n"),
    );
    let refused = project.rerunoff(&["run"]).expect(1);
    refused.says("results.txt, which is outside of the work directory and not stated");
    // Then it is one, and wrong as such.
    state(&project, "reads = [\"results.txt\"]");
    project.rerunoff(&["run"]).expect(1).says("no column");
}

/// A script brings the interpreter that its first line names, wherever the project has the script from.
#[test]
fn an_interpreter_outside_of_the_system_comes_with_its_script() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let shell = elsewhere.path().join("shell");
    fs::copy("/bin/sh", &shell).expect("a copy");
    let script = include_str!("common/simulator.sh");
    let script = script.replace("#!/bin/sh", &format!("#!{}", shell.display()));
    for (of_all, of_each) in [
        ("deck = \"model\"", "deck = \"model/{id}\""),
        (
            "support = [\"model/simulator.sh\"]",
            "support = [{ file = \"model/{id}/simulator.sh\", as = \"simulator.sh\" }]",
        ),
    ] {
        for (stated, folders) in [(of_all, vec![String::new()]), (of_each, vec![id(0), id(1)])] {
            let project = Project::new(2);
            project.edit("support = [\"simulator.sh\"]", stated);
            for folder in folders {
                let place = project.path("model").join(folder);
                fs::create_dir_all(&place).expect("made");
                let file = place.join("simulator.sh");
                fs::write(&file, &script).expect("written");
                fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("set");
            }
            let run = project.rerunoff(&["run"]).expect(0);
            assert!(
                run.stdout.starts_with("2 fresh, 2 run"),
                "{stated}: {}{}",
                run.stdout,
                run.stderr
            );
        }
    }
}

#[test]
fn an_output_may_be_a_link_to_a_file_of_the_catchments_own() {
    let project = project(2, "");
    let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
    project.write(
        "simulator.sh",
        &format!("{text}\nrm out.txt; ln -s given.txt out.txt\n"),
    );
    let own = "{ file = \"given/{id}.txt\", as = \"given.txt\" }";
    project.edit(
        "support = [\"simulator.sh\"]",
        &format!("support = [\"simulator.sh\", {own}]"),
    );
    fs::create_dir(project.path("given")).expect("made");
    for catchment in 0..2 {
        project.write(&format!("given/{}.txt", id(catchment)), "no output\n");
    }
    // Stated, so it is looked at, and wrong as an output.
    project.rerunoff(&["run"]).expect(1).says("no column");
}
