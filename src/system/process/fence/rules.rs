//! The rules that Landlock holds: from lists of paths to a restricted thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::Fence;

/// The version that this was tried out with. Of an older kernel, what it has is used.
const TRIED: ABI = ABI::V7;

/// Devices that keep nothing and give nothing away.
const DEVICES: [&str; 9] = [
    "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "kfd",
];

/// Beginnings of the names of processors for graphics, which are found by looking.
const GRAPHICS: [&str; 2] = ["nvidia", "dri"];

/// The devices that every child may use.
pub(super) fn devices() -> Vec<PathBuf> {
    let dev = Path::new("/dev");
    let found = fs::read_dir(dev).into_iter().flatten().flatten();
    let graphics = found.filter(|entry| {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        GRAPHICS
            .iter()
            .any(|start| name.starts_with(start.as_bytes()))
    });
    let devices = DEVICES.iter().map(|name| dev.join(name));
    devices.chain(graphics.map(|entry| entry.path())).collect()
}

/// Restricts this thread, and all that it starts from now on; whether that came to anything.
///
/// # Errors
/// If the kernel has Landlock and refuses.
pub(super) fn restrict(fence: &Fence, directory: &Path) -> Result<bool, RulesetError> {
    let read = AccessFs::from_read(TRIED);
    // A device that is made in a folder is as good as that in /dev.
    let write = AccessFs::from_all(TRIED) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let device: BitFlags<AccessFs> =
        read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(TRIED))?;
    if !fence.network {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(TRIED))?
            .scope(Scope::from_all(TRIED))?;
    }
    let everything = [PathBuf::from("/")];
    let readable = fence.readable.as_deref().unwrap_or(&everything);
    let writable = fence.writable.iter().map(PathBuf::as_path);
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(devices(), device))?
        .add_rules(path_beneath_rules(writable.chain([directory]), write))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The version of Landlock that the kernel has.
pub(super) fn version() -> Option<u32> {
    // Only a restriction tells, so a thread is restricted that does nothing else.
    let tried = thread::spawn(|| {
        let ruleset = Ruleset::default().handle_access(AccessFs::Execute)?;
        let status = ruleset.create()?.restrict_self()?;
        Ok::<_, RulesetError>(status.landlock)
    });
    match tried.join() {
        Ok(Ok(LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        })) => {
            let version = kernel_abi.unwrap_or(effective_abi as i32);
            u32::try_from(version).ok()
        }
        _ => None,
    }
}
