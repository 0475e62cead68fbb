//! Children inside of a fence that try each way out.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::system::process::tests::DAEMONISE;
use crate::system::process::{End, Finished, Guard, Interrupt, Invocation};

/// A working directory, a file beside it, and a guard.
struct Place {
    folder: TempDir,
    guard: Guard,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["work", "outside"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        fs::write(folder.path().join("outside/file"), "theirs\n").expect("written");
        Self {
            folder,
            guard: Guard::default(),
        }
    }

    /// A path without links.
    fn at(&self, name: &str) -> PathBuf {
        let root = self.folder.path().canonicalize().expect("there");
        root.join(name)
    }

    /// The fence of a project that states nothing.
    fn strict(&self) -> Fence {
        let system = ["/usr", "/bin", "/lib", "/lib64", "/etc", "/proc"];
        Fence {
            readable: Some(system.map(PathBuf::from).to_vec()),
            observed: true,
            ..Fence::default()
        }
    }

    fn run(&mut self, fence: &Fence, script: &str) -> Finished {
        let (work, printed) = (self.at("work"), self.at("work/printed"));
        let invocation = Invocation {
            program: "/bin/sh".as_ref(),
            arguments: &["-c".into(), script.into()],
            directory: &work,
            environment: &[("PATH".into(), "/usr/bin:/bin".into())],
            stdout: &printed,
            stderr: &printed,
            appends: false,
            timeout: Some(Duration::from_secs(60)),
            grace: Duration::ZERO,
            largest_file: 1 << 30,
            fence: Some(fence),
        };
        let interrupt = Interrupt::new().expect("an interrupt");
        self.guard.run(&invocation, &interrupt).expect("it runs")
    }

    fn printed(&self) -> String {
        fs::read_to_string(self.at("work/printed")).expect("printed")
    }

    #[track_caller]
    fn expect_fine(&mut self, fence: &Fence, script: &str) -> Vec<Trespass> {
        let finished = self.run(fence, script);
        assert_eq!(finished.end, End::Exited(0), "{script}: {}", self.printed());
        finished.trespasses
    }

    /// What is known of the file outside, to the time of its last change.
    fn look(&self) -> (Vec<u8>, u32, (i64, i64), (i64, i64)) {
        let file = self.at("outside/file");
        let found = fs::metadata(&file).expect("there");
        let (modified, changed) = (
            (found.mtime(), found.mtime_nsec()),
            (found.ctime(), found.ctime_nsec()),
        );
        (
            fs::read(file).expect("read"),
            found.mode(),
            modified,
            changed,
        )
    }
}

fn trespass(access: Access, path: &Path) -> Trespass {
    Trespass {
        access,
        path: path.to_owned(),
    }
}

#[test]
fn a_working_directory_is_as_without_a_fence() {
    let mut place = Place::new();
    let fence = place.strict();
    let script = "set -e; mkdir -p a/b c; echo 1 > a/b/x; mv a/b/x c/y; ln c/y c/z; ln -s y c/l; mkfifo pipe; chmod 600 c/y; \
                  touch -d 2001-01-01 c/y; cp -a c d; : > c/y; truncate -s 5 c/y; rm -r a; echo > /dev/null; head -c 3 /dev/urandom > r; \
                  cat /dev/stdin < c/y > /dev/stdout; printf 'x=1\\n' | awk '{print}'; python3 -c 'import os, json, ctypes'; \
                  printf '#!/bin/sh\\nexit 0\\n' > s; chmod +x s; ./s; test $(stat -c %a c/z) = 600; kill -0 $$";
    for observed in [true, false] {
        let fence = Fence {
            observed,
            ..fence.clone()
        };
        assert_eq!(place.expect_fine(&fence, script), [], "{}", place.printed());
        place.expect_fine(&fence, "rm -rf * ");
    }
}

#[test]
fn reading_outside_fails_and_is_told_with_the_file() {
    let mut place = Place::new();
    let (fence, file) = (place.strict(), place.at("outside/file"));
    let outside = file.display().to_string();
    let ways = [
        format!("cat {outside}"),
        "cat ../outside/file".to_owned(),
        "ln -s ../outside link; cat link/file".to_owned(),
        format!("cat /proc/self/root{outside}"),
        format!("cat /proc/$$/root{outside}"),
        format!("cd {}/outside; cat file", place.at("").display()),
        format!("exec 3< {outside}"),
        format!("dd if={outside} of=copy conv=notrunc"),
        format!("python3 -c 'open(\"{outside}\", \"r+\")'"),
        format!("ln {outside} hard && cat hard || cat {outside}"),
    ];
    for way in &ways {
        let finished = place.run(&fence, &format!("rm -f link; {way}"));
        assert_ne!(finished.end, End::Exited(0), "{way}");
        let told = finished.trespasses;
        let expected = trespass(Access::Read, &file);
        assert!(told.contains(&expected), "{way}: {told:?}");
    }
    for harmless in [
        "cat ../outside/none",
        "ls ../outside",
        "test -e ../outside/file",
        "cat ../outside",
    ] {
        let finished = place.run(&fence, harmless);
        assert_eq!(finished.trespasses, [], "{harmless}");
    }
    let mut stated = fence.clone();
    stated.readable.get_or_insert_default().push(file.clone());
    assert_eq!(place.expect_fine(&stated, "cat ../outside/file"), []);
    assert_eq!(place.printed(), "theirs\n");
    let anything = Fence {
        readable: None,
        ..fence
    };
    assert_eq!(place.expect_fine(&anything, "cat ../outside/file"), []);
}

#[test]
fn nothing_outside_is_written_moved_removed_or_changed() {
    let mut place = Place::new();
    let file = place.at("outside/file");
    let readable = Fence {
        readable: None,
        ..place.strict()
    };
    let before = place.look();
    for (way, access) in [
        ("echo mine > F", Access::Write),
        ("echo mine >> F", Access::Write),
        (
            "python3 -c 'import os; os.truncate(\"F\", 0)'",
            Access::Write,
        ),
        ("rm -f F", Access::Write),
        ("mv F mine", Access::Write),
        ("mv -f printed F", Access::Write),
        ("ln F hard", Access::Write),
        ("ln -s F link; echo mine > link", Access::Write),
        ("chmod 777 F", Access::Change),
        ("chown 12345 F", Access::Change),
        ("ln -sf F link; chmod 777 link", Access::Change),
        ("touch -d 2001-01-01 F", Access::Change),
        ("exec 3< F; chmod 777 /proc/self/fd/3", Access::Change),
        (
            "python3 -c 'import os; os.fchmod(os.open(\"F\", 0), 0o777)'",
            Access::Change,
        ),
        (
            "python3 -c 'import os; os.utime(os.open(\"F\", 0), (1, 1))'",
            Access::Change,
        ),
        (
            "python3 -c 'import os; os.setxattr(\"F\", \"user.a\", b\"b\")'",
            Access::Change,
        ),
    ] {
        let way = way.replace('F', &file.display().to_string());
        for observed in [true, false] {
            let fence = Fence {
                observed,
                ..readable.clone()
            };
            let finished = place.run(&fence, &format!("rm -f hard link; {way}"));
            assert_eq!(place.look(), before, "{way}");
            assert_ne!(finished.end, End::Exited(0), "{way}");
            if observed || access == Access::Change {
                let told = finished.trespasses;
                let at_file = |t: &Trespass| t.access == access && t.path == file;
                assert!(told.iter().any(at_file), "{way}: {told:?}");
            }
        }
    }
    // Fortran opens for reading and writing, and for reading if that is refused.
    let both = format!(
        "python3 -c 'import os\ntry: os.open(\"{0}\", os.O_RDWR)\nexcept PermissionError: os.open(\"{0}\", os.O_RDONLY)'",
        file.display()
    );
    assert_eq!(place.expect_fine(&readable, &both), []);
    let allowed = Fence {
        writable: vec![place.at("outside")],
        ..readable
    };
    let script =
        "echo mine > ../outside/file; chmod 600 ../outside/file; mv ../outside/file ../outside/f";
    assert_eq!(place.expect_fine(&allowed, script), []);
}

#[test]
fn a_daemon_is_inside_too_and_no_other_process_is_reached() {
    let mut place = Place::new();
    let fence = Fence {
        readable: None,
        ..place.strict()
    };
    let before = place.look();
    let daemon = "setsid sh -c 'echo mine > ../outside/file; touch done' & while [ ! -e done ]; do sleep 0.01; done";
    place.run(&fence, daemon);
    assert_eq!(place.look(), before);
    let finished = place.run(&fence, &format!("kill -0 {}", std::process::id()));
    assert_ne!(finished.end, End::Exited(0), "no signals");
    let network = Fence {
        network: true,
        ..fence
    };
    place.expect_fine(&network, &format!("kill -0 {}", std::process::id()));
}

#[test]
fn a_daemon_ends_with_what_started_it() {
    let mut place = Place::new();
    for observed in [true, false, false] {
        let fence = Fence {
            observed,
            ..place.strict()
        };
        place.expect_fine(&fence, &format!("rm -f daemon; {DAEMONISE}"));
        let daemon = fs::read_to_string(place.at("work/daemon")).expect("it was there");
        assert!(!Path::new("/proc").join(daemon.trim()).exists(), "{daemon}");
    }
}

#[test]
fn the_network_is_refused_and_told() {
    let mut place = Place::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("known").port();
    let connect =
        format!("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))'");
    let fence = place.strict();
    let finished = place.run(&fence, &connect);
    assert_ne!(finished.end, End::Exited(0));
    assert_eq!(
        finished.trespasses,
        [trespass(Access::Network, Path::new(""))]
    );
    let network = Fence {
        network: true,
        ..fence
    };
    assert_eq!(place.expect_fine(&network, &connect), []);
}

#[test]
fn a_fence_is_about_the_directory_that_is_there_now() {
    let mut place = Place::new();
    let fence = place.strict();
    place.expect_fine(&fence, "echo 1 > x");
    fs::rename(place.at("work"), place.at("kept")).expect("moved");
    fs::create_dir(place.at("work")).expect("made");
    place.expect_fine(&fence, "echo 2 > x");
    let kept = fs::read_to_string(place.at("kept/x")).expect("there");
    assert_eq!(kept, "1\n");
    // A script that nobody may read is still told as such.
    fs::set_permissions(place.at("work/x"), fs::Permissions::from_mode(0o600)).expect("set");
    assert_ne!(place.run(&fence, "./x").end, End::Exited(0));
}

#[test]
fn what_an_older_kernel_lacks_is_named() {
    assert_eq!(Kernel::Landlock(7).lacks(), [""; 0]);
    assert_eq!(
        Kernel::Landlock(5).lacks(),
        ["abstract sockets and signals"]
    );
    assert_eq!(Kernel::Nothing.lacks(), ["anything"]);
}
