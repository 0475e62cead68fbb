//! The system calls that are looked at: what each does, and which of its arguments name files.

use libc::c_long;

/// What a call does to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Changes its mode, owner, times or attributes.
    Change,
    /// Opens it as this argument says.
    Open { flags: usize },
    /// Opens it as a struct says to which this argument points.
    OpenHow { how: usize },
    /// Opens it to write, and makes it where it is missing: a call of its own on old kinds of processor alone.
    #[cfg(target_arch = "x86_64")]
    Create,
    /// Executes it.
    Execute,
    /// Makes, moves, shortens or removes it.
    Modify,
    /// Reaches for the address to which this argument points.
    Connect { address: usize },
}

/// How a call names a file: by numbers of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A path; relative ones start in the working directory.
    Path(usize),
    /// A path whose last part is not followed if it is a link.
    Link(usize),
    /// A folder's descriptor and a path from there.
    At(usize, usize),
    /// The same, with flags that say whether a link is followed.
    AtWith(usize, usize, usize),
    /// The same, and it is not followed.
    LinkAt(usize, usize),
    /// A descriptor.
    Descriptor(usize),
}

/// A system call.
#[derive(Debug)]
pub(super) struct Call {
    pub number: c_long,
    pub deed: Deed,
    pub names: &'static [Name],
}

const fn call(number: c_long, deed: Deed, names: &'static [Name]) -> Call {
    Call {
        number,
        deed,
        names,
    }
}

// Younger than what the C library's headers name; the same on all architectures.
const SYS_FCHMODAT2: c_long = 452;
const SYS_SETXATTRAT: c_long = 463;
const SYS_REMOVEXATTRAT: c_long = 466;
const SYS_FILE_SETATTR: c_long = 469;

use Deed::{Change, Connect, Execute, Modify, Open, OpenHow};
use Name::{At, AtWith, Descriptor, Link, LinkAt, Path};

/// What Landlock lets everybody do.
pub(super) const CHANGES: &[Call] = &[
    call(libc::SYS_fchmod, Change, &[Descriptor(0)]),
    call(libc::SYS_fchmodat, Change, &[At(0, 1)]),
    call(SYS_FCHMODAT2, Change, &[AtWith(0, 1, 3)]),
    call(libc::SYS_fchown, Change, &[Descriptor(0)]),
    call(libc::SYS_fchownat, Change, &[AtWith(0, 1, 4)]),
    call(libc::SYS_utimensat, Change, &[AtWith(0, 1, 3)]),
    call(libc::SYS_setxattr, Change, &[Path(0)]),
    call(libc::SYS_lsetxattr, Change, &[Link(0)]),
    call(libc::SYS_fsetxattr, Change, &[Descriptor(0)]),
    call(libc::SYS_removexattr, Change, &[Path(0)]),
    call(libc::SYS_lremovexattr, Change, &[Link(0)]),
    call(libc::SYS_fremovexattr, Change, &[Descriptor(0)]),
    call(SYS_SETXATTRAT, Change, &[AtWith(0, 1, 2)]),
    call(SYS_REMOVEXATTRAT, Change, &[AtWith(0, 1, 2)]),
    call(SYS_FILE_SETATTR, Change, &[AtWith(0, 1, 4)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_chmod, Change, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_chown, Change, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_lchown, Change, &[Link(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_utime, Change, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_utimes, Change, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_futimesat, Change, &[At(0, 1)]),
];

/// What is looked at beside those where a run is observed. The kernel decides; this is to know what it was asked for.
pub(super) const REQUESTS: &[Call] = &[
    call(libc::SYS_openat, Open { flags: 2 }, &[At(0, 1)]),
    call(libc::SYS_openat2, OpenHow { how: 2 }, &[At(0, 1)]),
    call(libc::SYS_execve, Execute, &[Path(0)]),
    call(libc::SYS_execveat, Execute, &[AtWith(0, 1, 4)]),
    call(libc::SYS_truncate, Modify, &[Path(0)]),
    call(libc::SYS_unlinkat, Modify, &[LinkAt(0, 1)]),
    call(libc::SYS_mkdirat, Modify, &[LinkAt(0, 1)]),
    call(libc::SYS_mknodat, Modify, &[LinkAt(0, 1)]),
    call(libc::SYS_renameat2, Modify, &[LinkAt(0, 1), LinkAt(2, 3)]),
    call(libc::SYS_linkat, Modify, &[LinkAt(0, 1), LinkAt(2, 3)]),
    call(libc::SYS_symlinkat, Modify, &[LinkAt(1, 2)]),
    call(libc::SYS_connect, Connect { address: 1 }, &[]),
    call(libc::SYS_bind, Connect { address: 1 }, &[]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_open, Open { flags: 1 }, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_creat, Deed::Create, &[Path(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_unlink, Modify, &[Link(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_rmdir, Modify, &[Link(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_mkdir, Modify, &[Link(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_mknod, Modify, &[Link(0)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_rename, Modify, &[Link(0), Link(1)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_renameat, Modify, &[LinkAt(0, 1), LinkAt(2, 3)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_link, Modify, &[Link(0), Link(1)]),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_symlink, Modify, &[Link(1)]),
];

/// The call with this number.
pub(super) fn known(number: c_long) -> Option<&'static Call> {
    let mut all = CHANGES.iter().chain(REQUESTS);
    all.find(|call| call.number == number)
}
