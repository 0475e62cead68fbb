//! The file system that a path lies on: how much room it has, and whether it is a network's, where other machines write too, and
//! clocks and locks are not this machine's.
//!
//! The store chooses its journal by it, and stamps their margin; neither is known here. The magic numbers are those of
//! `statfs(2)` and the kernel's `linux/magic.h`. FUSE counts as network: sshfs is FUSE, and mistaking a local FUSE mount for a
//! remote one only costs speed.

use std::io;
use std::path::Path;

const NETWORK: [(u32, &str); 17] = [
    (0x0000_6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0000_517b, "SMB"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x1983_0326, "BeeGFS"),
    (0x0102_1997, "9P"),
    (0xaad7_aaea, "PanFS"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0000_564c, "NCP"),
    (0x786f_4256, "VirtualBox shared folder"),
    (0xbacb_acbc, "VMware shared folder"),
];

/// The kind of network file system that `path` lies on, `None` on a local disk. `path` must exist.
pub(crate) fn network(path: &Path) -> io::Result<Option<&'static str>> {
    Ok(network_by_magic(rustix::fs::statfs(path)?.f_type as u32))
}

/// Whether `path` lies in memory, where a program that writes to a file through a mapping leaves its time stamps as they were.
pub(crate) fn is_in_memory(path: &Path) -> io::Result<bool> {
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    Ok([TMPFS, RAMFS].contains(&(rustix::fs::statfs(path)?.f_type as u32)))
}

/// Free bytes for this user on the file system of `path`; `None` if it doesn't say.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(path).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

/// The type's width and sign differ between platforms; its low 32 bits are what identifies it.
fn network_by_magic(magic: u32) -> Option<&'static str> {
    let known = NETWORK.iter().find(|(number, _)| *number == magic)?;
    Some(known.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(network_by_magic(0x6969), Some("NFS"));
        assert_eq!(network_by_magic(0xff53_4d42), Some("CIFS"));
        assert_eq!(network_by_magic(0xef53), None, "ext4");
        assert_eq!(network_by_magic(0x0102_1994), None, "tmpfs");
        assert!(network(Path::new("/proc")).expect("there").is_none());
        assert!(network(Path::new("/nowhere/at/all")).is_err());
        assert!(!is_in_memory(Path::new("/proc")).expect("there"));
    }
}
