//! The machine: processes, files and their stamps, locks, threads, make's tokens, the terminal's progress bar.
//!
//! Only [`process`] starts processes, only [`regular`] opens a file that is somebody else's to read it. Nothing here knows what
//! rerunoff is for; all wings above use it.

pub(crate) mod allocator;
pub(crate) mod byte_locks;
pub(crate) mod claims;
pub(crate) mod file_copy;
pub(crate) mod file_limit;
pub(crate) mod filesystem;
pub(crate) mod folder;
pub(crate) mod jobserver;
pub(crate) mod lock;
pub(crate) mod machine;
pub mod memory_folder;
pub(crate) mod memory_group;
pub(crate) mod owned_folder;
pub(crate) mod parallel;
pub(crate) mod process;
pub(crate) mod progress;
pub mod regular;
pub(crate) mod stamp;
pub(crate) mod whole_file;
