//! A folder on the file system that Linux keeps in memory, `/dev/shm`, and how much room there is.
//!
//! It is made only where there is plenty of room and programs can be started from it. Later it counts as short when room
//! runs out, or when the folder was removed: systemd empties `/dev/shm` of a user who logs out.
//!
//! Those of a project are named after the device and inode of the project's folder and a lane: who has the lane owns its folder, and
//! finds what a killed run has left behind there. Tasks know nothing of each other and have no lanes, so each has a
//! folder of its own. What is done in them is not known here.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use rustix::fs::{StatVfsMountFlags, statfs, statvfs};

use crate::system::claims::Lane;
use crate::system::filesystem::free;
use crate::system::folder::remove;
use crate::system::memory_group::memory_left;
use crate::system::owned_folder::OwnedFolder;

/// Where Linux keeps files in memory, for everybody.
pub const MEMORY: &str = "/dev/shm";

/// `TMPFS_MAGIC` of `linux/magic.h`. Unlike ramfs, a tmpfs ends before memory does.
const TMPFS: u64 = 0x0102_1994;

/// The free space required at the beginning, in bytes; of free memory, twice as much.
const ROOM: u64 = 512 << 20;

/// With less than this left, room is short.
const RESERVE: u64 = 64 << 20;

/// The same for the number of files that can still be created.
const RESERVE_FILES: u64 = 1000;

/// A folder on a file system in memory; its clones share the knowledge that room is short.
#[derive(Clone, Debug)]
pub struct Memory {
    folder: PathBuf,
    short: Arc<AtomicBool>,
    /// Whether there was room for what was first to be kept there.
    room: Arc<OnceLock<bool>>,
    /// What makes a task's folder its own.
    _owned: Option<Arc<OwnedFolder>>,
}

impl Memory {
    /// Makes the folder of this lane of the project in `root`, for this user alone, if there is room to work there; the error says
    /// why not.
    pub(crate) fn of_project(root: &Path, lane: &Lane) -> io::Result<Self> {
        expect_room()?;
        let folder = folder(root, lane)?;
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self {
            folder,
            short: Arc::default(),
            room: Arc::default(),
            _owned: None,
        })
    }

    /// The same for a task with this name, which no other on this machine may have. Those of tasks that have died are removed.
    pub fn of_task(name: &str) -> io::Result<Self> {
        expect_room()?;
        let user = rustix::process::geteuid().as_raw();
        let prefix = format!("rerunoff-{user}-task-");
        let owned = OwnedFolder::make(Path::new(MEMORY), &prefix, name)?;
        Ok(Self {
            folder: owned.path().to_owned(),
            short: Arc::default(),
            room: Arc::default(),
            _owned: Some(Arc::new(owned)),
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whether no more should be done there; what failed there may have failed for that reason.
    pub fn is_short(&self) -> bool {
        if !self.short.load(Relaxed) {
            let short = match statvfs(&self.folder) {
                Err(_) => true,
                Ok(space) => {
                    let used =
                        (space.f_blocks - space.f_bfree.min(space.f_blocks)) * space.f_frsize;
                    space.f_bavail.saturating_mul(space.f_frsize) < RESERVE
                        || space.f_favail < RESERVE_FILES && space.f_files > 0
                        // Asked only where it can matter, because the kernel answers slowly.
                        || used > ROOM && memory_left().is_none_or(|left| left < ROOM)
                }
            };
            if short {
                self.give_up();
            }
        }
        self.short.load(Relaxed)
    }

    /// Makes it short unless there is room for so many bytes that stay from run to run, beside what runs need themselves. Asked
    /// once, before anything is kept: what is there later has taken room already.
    pub fn expect_room_for(&self, bytes: u64) {
        let has_room = || {
            let most = bytes.saturating_add(ROOM);
            free(&self.folder).is_some_and(|free| free >= most)
                && memory_left().is_some_and(|left| left >= most.saturating_add(ROOM))
        };
        if bytes > 0 && !*self.room.get_or_init(has_room) {
            self.give_up();
        }
    }

    /// Makes [`Self::is_short`] true from now on.
    pub fn give_up(&self) {
        self.short.store(true, Relaxed);
    }
}

/// An error that says why no folder should be made there, if so.
fn expect_room() -> io::Result<()> {
    let unfit = |why: &str| Err(io::Error::other(why.to_owned()));
    if statfs(MEMORY)?.f_type as u64 != TMPFS {
        return unfit("it is no tmpfs");
    }
    let flags = statvfs(MEMORY)?.f_flag;
    if flags.intersects(StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY) {
        return unfit("it is mounted read-only or noexec");
    }
    if free(Path::new(MEMORY)).is_none_or(|free| free < ROOM) {
        return unfit("there is too little room");
    }
    if memory_left().is_none_or(|left| left < 2 * ROOM) {
        return unfit("there is too little free memory");
    }
    Ok(())
}

/// What the paths of the folders in memory of the project in `root` begin with. They are there only while runs are under way.
pub fn prefix(root: &Path) -> io::Result<String> {
    let place = fs::metadata(root)?;
    let user = rustix::process::geteuid().as_raw();
    let (device, inode) = (place.dev(), place.ino());
    Ok(format!("{MEMORY}/rerunoff-{user}-{device:x}-{inode:x}-"))
}

/// The lanes of the project in `root` of which there is a folder in memory.
pub fn lanes(root: &Path) -> Vec<u64> {
    let Ok(prefix) = prefix(root) else {
        return Vec::new();
    };
    let all = fs::read_dir(MEMORY).into_iter().flatten().flatten();
    let number = |path: PathBuf| path.to_str()?.strip_prefix(&prefix)?.parse().ok();
    all.filter_map(|entry| number(entry.path())).collect()
}

fn folder(root: &Path, lane: &Lane) -> io::Result<PathBuf> {
    Ok(PathBuf::from(format!("{}{}", prefix(root)?, lane.number())))
}

/// Removes what a killed run of the project in `root` has left behind in memory in this lane.
///
/// Anybody may write to `/dev/shm`, so what is not this user's own folder is left alone; then nothing is done there.
pub(crate) fn clear_leftovers(root: &Path, lane: &Lane) -> Result<()> {
    let Ok(folder) = folder(root, lane) else {
        return Ok(());
    };
    let user = rustix::process::geteuid().as_raw();
    match fs::symlink_metadata(&folder) {
        Ok(found) if found.is_dir() && found.uid() == user => remove(&folder),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_memory_is_ours_alone_and_goes() {
        let root = tempfile::tempdir().expect("a folder");
        let lane = Lane::take(&root.path().join("claims")).expect("taken");
        let Ok(memory) = Memory::of_project(root.path(), &lane) else {
            return; // A machine without room; then there is nothing to see.
        };
        assert_eq!(memory.folder, folder(root.path(), &lane).expect("a name"));
        assert_eq!(lanes(root.path()), [lane.number()]);
        let mode = fs::metadata(&memory.folder).expect("there").mode();
        assert_eq!(mode & 0o777, 0o700);
        let second = Memory::of_project(root.path(), &lane);
        assert!(second.is_err(), "what is there already is not trusted");
        memory.expect_room_for(1);
        assert!(!memory.is_short());
        memory.clone().expect_room_for(u64::MAX);
        assert!(!memory.is_short(), "asked once");
        clear_leftovers(root.path(), &lane).expect("removed");
        assert!(!memory.folder.exists());
        assert!(memory.is_short(), "it was taken away");
    }

    #[test]
    fn tasks_side_by_side_have_folders_of_their_own() {
        let name = |task: &str| format!("test-{}-{task}", std::process::id());
        let Ok(one) = Memory::of_task(&name("1")) else {
            return; // A machine without room; then there is nothing to see.
        };
        let other = Memory::of_task(&name("2")).expect("beside it");
        assert!(one.path().exists() && other.path().exists() && one.path() != other.path());
        let (path, clone) = (one.path().to_owned(), one.clone());
        drop(one);
        assert!(path.exists(), "its clone is in use");
        drop(clone);
        assert!(!path.exists());
        let full = Memory::of_task(&name("3")).expect("another");
        full.expect_room_for(u64::MAX);
        assert!(full.is_short());
    }
}
