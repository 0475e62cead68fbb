//! The machine: processes, files and what they looked like, locks, threads, make's tokens, the terminal's progress bar.
//!
//! Nothing here knows what rerunoff is for. Only [`process`] starts children, only [`regular`] opens a file to read it.

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
