//! Whether a file that was written is on the disk, or may be lost with the machine's next sudden end.
//!
//! Waiting for the disk takes longer than an import, and is not necessary: what an import writes can be made again. So it is
//! enough to remember in which boot of the machine it was written. As long as that lasts, every reader gets what was
//! written; in another boot the file is only trusted if it is known to have been synced meanwhile. Nothing here knows what
//! is in the file.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::system::filesystem::network;
use crate::system::folder;

/// The kernel's id of the present boot; a new one after every start of the machine.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// The present boot, where waiting for the disk can be postponed: the kernel names it, and the file's folder is not on a
/// network file system, which other machines read and which reports a full disk late.
pub(super) fn boot(file: &Path) -> Option<String> {
    let local = matches!(network(folder::of(file)), Ok(None));
    let boot = std::fs::read_to_string(BOOT).ok()?.trim().to_owned();
    (local && !boot.is_empty()).then_some(boot)
}

/// Waits until a file and its name are on the disk.
pub(super) fn sync(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    folder::sync(folder::of(&file.canonicalize()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_has_one_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        assert_eq!(boot(&file), boot(&file));
        assert!(
            sync(&file).is_err(),
            "what is not there can't be on the disk"
        );
        std::fs::write(&file, "x").expect("written");
        sync(&file).expect("on the disk");
        assert_eq!(boot(Path::new("/nowhere/at/all")), None);
    }
}
