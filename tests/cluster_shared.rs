//! A folder that head and nodes see through caches of their own, as of a network file system: `bindfs` mounted twice, on each side
//! once. A name that was looked up before it was there stays "not there" for the cache's time, a growing file is cut short, and a
//! lock of one side is not known to the other.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::common::{Project, id, rerunoff};

/// For so many seconds both sides believe what they saw.
const CACHES: &str = "attr_timeout=5,entry_timeout=5,negative_timeout=5";

/// A batch system with one node, which has a mount of its own in the place of the head's. `alive` lists what has not ended.
const BATCH: &str = r#"#!/bin/bash
here=$(dirname "$0")
case $1 in
submit)
    setsid unshare --mount --propagation private bash -c '
        cd / && umount -l "$4" && bindfs -o "$6" "$5" "$4" || exit
        for i in $(seq 0 $(($2 - 1))); do INDEX=$i bash "$3"; done
        touch "$1/ended.$$"' node "$here" "$2" "$3" VIEW BACK CACHES >"$here/node" 2>&1 </dev/null &
    touch "$here/job.$!"
    echo $! ;;
alive)
    for job in "$here"/job.*; do [ -e "$here/ended.${job##*.}" ] || echo "${job##*.}"; done ;;
esac
"#;

/// The head's mount.
struct View(PathBuf);

impl View {
    /// `None` where nothing can be mounted, which is told.
    fn of(folder: &Path, place: &Path) -> Option<Self> {
        let mut mount = Command::new("bindfs");
        mount.args(["-o", CACHES]).arg(folder).arg(place);
        match mount.status() {
            Ok(status) if status.success() => Some(Self(place.to_owned())),
            _ => {
                eprintln!("skipped: bindfs is not there or can't mount");
                None
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
#[ignore = "needs root and bindfs: make test-slurm"]
fn head_and_nodes_see_each_other_through_stale_caches() {
    let project = Project::new(40);
    let rooms = TempDir::new().expect("a folder");
    let (view, batch) = (rooms.path().join("view"), rooms.path().join("batch"));
    for folder in [&view, &batch] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let script = batch.join("batch.sh");
    let text = BATCH
        .replace("VIEW", &view.display().to_string())
        .replace("BACK", &project.path("").display().to_string())
        .replace("CACHES", CACHES);
    std::fs::write(&script, text).expect("written");
    let script = format!("bash {}", script.display());
    project.write_toml(&format!(
        r#"{}
[cluster]
engine = "command"
cores = 2
task = "10s"
ask_every = "6s"
submit = "{script} submit {{tasks}} {{script}}"
job = '^(\d+)'
index = "INDEX"
alive = "{script} alive"
cancel = "true {{jobs}}"
"#,
        // The log has one place, wherever the project is seen.
        project
            .toml()
            .replace("\"log\"", &format!("{:?}", project.path("log")))
    ));
    let Some(mounted) = View::of(&project.path(""), &view) else {
        return;
    };
    let output = rerunoff(&mounted.0, &["run"]).output().expect("the binary");
    let said = String::from_utf8_lossy(&output.stderr);
    let node = std::fs::read_to_string(batch.join("node")).expect("its words");
    assert!(output.status.success() && node.is_empty(), "{said}{node}");
    let mut each: Vec<String> = (0..40).map(id).collect();
    each.sort();
    assert_eq!(project.calls(), each);
    assert!(!said.contains("lost"), "{said}");
    let product = project.read("output.h5");
    drop(mounted);
    assert!(project.local_product() == product, "not the same bytes");
}
