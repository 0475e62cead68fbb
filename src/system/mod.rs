//! The machine: processes, files and their stamps, locks, threads, make's tokens, the terminal's progress bar.
//!
//! Only [`process`] starts processes, only [`regular`] opens a file that is somebody else's to read it. Nothing here knows what
//! rerunoff is for; all wings above use it.

pub mod allocator;
pub mod file_limit;
pub mod filesystem;
pub mod folder;
pub mod jobserver;
pub mod lock;
pub mod memory_folder;
pub mod parallel;
pub mod process;
pub mod progress;
pub mod regular;
pub mod stamp;
