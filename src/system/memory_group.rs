//! The control group whose memory this process shares with all that it starts: how much may still be used, and whether the
//! kernel has ended a process of it for want of memory.
//!
//! Both versions of control groups tell the second, in different files. Whom the kernel ended, and for whose want, is not known
//! here.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Where control groups are.
const GROUPS: &str = "/sys/fs/cgroup";

/// The files that count the processes which were ended, in the versions 2 and 1.
const EVENTS: [&str; 2] = ["memory.events", "memory.oom_control"];

/// More bytes than such a file has.
const LONGEST: usize = 4096;

/// A group of processes with one account of their memory.
#[derive(Clone, Debug)]
pub(crate) struct MemoryGroup {
    /// The file that counts, kept open as it is looked at before every run; `None` where there is none.
    events: Option<Arc<File>>,
}

impl MemoryGroup {
    /// That of this process.
    pub(crate) fn own() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let folders = [
            named(&groups, "").map(|group| Path::new(GROUPS).join(group)),
            named(&groups, "memory").map(|group| Path::new(GROUPS).join("memory").join(group)),
        ];
        // A group without an account of its own shares that of its parent.
        let mut all = (folders.iter().flatten()).flat_map(|folder| folder.ancestors());
        Self {
            events: all.find_map(events),
        }
    }

    /// The one that this folder describes.
    #[cfg(test)]
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            events: events(folder),
        }
    }

    /// How many of its processes the kernel has ended for want of memory since the group was made; 0 where that is not counted.
    pub(crate) fn killed(&self) -> u64 {
        let read = |events: &Arc<File>| {
            let mut bytes = [0; LONGEST];
            let length = events.read_at(&mut bytes, 0).ok()?;
            field(std::str::from_utf8(&bytes[..length]).ok()?, "oom_kill")
        };
        self.events.as_ref().and_then(read).unwrap_or_default()
    }
}

/// Bytes of memory that are available without displacing other programs: the machine's, or fewer in a container.
pub(super) fn memory_left() -> Option<u64> {
    let machine = field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")? * 1024;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = Path::new(GROUPS).join(named(&groups, "").unwrap_or_default());
    let limits = own.ancestors().filter_map(|group| {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        let most: u64 = read("memory.max")?.trim().parse().ok()?;
        let used: u64 = read("memory.current")?.trim().parse().ok()?;
        // Pages of files are given back when memory is needed.
        let pages = read("memory.stat")?;
        let files = field(&pages, "active_file")? + field(&pages, "inactive_file")?;
        Some(most.saturating_sub(used.saturating_sub(files)))
    });
    limits.chain([machine]).min()
}

/// The group that `/proc/self/cgroup` names for this controller of version 1, or of version 2 for none; relative to where such
/// groups are.
fn named<'a>(groups: &'a str, controller: &str) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
        let is_it = controllers.split(',').any(|name| name == controller);
        is_it.then(|| group.trim_start_matches('/'))
    })
}

/// The file in a group's folder that counts.
fn events(folder: &Path) -> Option<Arc<File>> {
    let mut files = EVENTS.iter().map(|name| folder.join(name));
    files.find_map(|file| File::open(file).ok()).map(Arc::new)
}

/// The number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_ascii_whitespace);
    lines.find_map(|mut words| {
        let number = words.by_ref().next().filter(|word| *word == name);
        number.and_then(|_| words.next())?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_names() {
        let text = "inactive_file 7\nactive_file 5\nMemAvailable:   12 kB\n";
        assert_eq!(field(text, "active_file"), Some(5));
        assert_eq!(field(text, "MemAvailable:"), Some(12));
        assert_eq!(field(text, "file"), None);
        assert!(memory_left().is_some_and(|left| left > 0));
    }

    #[test]
    fn both_versions_count_the_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(MemoryGroup::at(folder.path()).killed(), 0, "nothing counts");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        write(
            "memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        )
        .expect("written");
        let group = MemoryGroup::at(folder.path());
        assert_eq!(group.killed(), 2);
        write(
            "memory.events",
            "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 0\n",
        )
        .expect("written");
        assert_eq!(MemoryGroup::at(folder.path()).killed(), 3);
        write("memory.oom_control", "oom_kill 4\n").expect("written");
        assert_eq!(group.killed(), 4, "looked at anew");
        write("memory.oom_control", "").expect("written");
        assert_eq!(group.killed(), 0, "says nothing");
        MemoryGroup::own().killed();
    }

    #[test]
    fn groups_are_found_by_their_controllers() {
        let mixed = "12:cpu,cpuacct:/a\n5:name=systemd:/b\n4:memory:/slurm/job_7\n0::/user.slice\n";
        assert_eq!(named(mixed, "memory"), Some("slurm/job_7"));
        assert_eq!(named(mixed, ""), Some("user.slice"));
        assert_eq!(named("0::/\n", ""), Some(""));
        assert_eq!(named("0::/\n", "memory"), None);
    }
}
