//! Access to HDF5 files: how they are opened, objects of any type, chunks as they are stored.
//!
//! What the values mean is not decided here, but where it is for every file format.

pub(super) mod chunks;
pub(super) mod types;

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdf5::File;
use hdf5::file::{FlashIncreaseMode, MetadataCacheConfig};

use crate::system::regular;

/// Chunks that HDF5 itself may keep, per open variable: readers here go by whole chunks and need none of them again.
const CHUNK_CACHE: usize = 1 << 20;

/// What HDF5 may keep of the objects it has seen, by its own count; in memory it is about eight times that.
///
/// Left to itself it takes 280 MB for 18,000 groups, each of which is looked at once.
const METADATA_CACHE: usize = 2 << 20;

/// How much of a file tells whether it is text.
const START: u64 = 512;

/// How the library says that somebody holds a lock on a file.
const LOCKED: &str = "unable to lock file";

/// How long a locked file is waited for: longer than a process needs to its `exec` that was started while the file was written and
/// closed, and so holds its lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a file begins as text does; what can't be read is none.
fn is_text(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = regular::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    let is_plain = |byte: &u8| *byte >= b' ' || byte.is_ascii_whitespace();
    read.is_ok() && !start.is_empty() && start.iter().all(is_plain)
}

/// Opens an HDF5 file to read it.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    // The library would wait for what is no file.
    regular::open(path).with_context(|| format!("{}: the file can't be read", path.display()))?;
    let metadata = MetadataCacheConfig {
        initial_size: METADATA_CACHE,
        min_size: METADATA_CACHE,
        max_size: METADATA_CACHE,
        flash_incr_mode: FlashIncreaseMode::Off,
        ..MetadataCacheConfig::default()
    };
    let open = || {
        (File::with_options())
            .with_fapl(|fapl| {
                // Locks only where the file system has them. A small sieve keeps narrow reads from reading wide.
                fapl.file_locking(true)
                    .sieve_buf_size(4096)
                    .chunk_cache(521, CHUNK_CACHE, 0.75)
                    .mdc_config(&metadata)
            })
            .open(path)
    };
    let began = Instant::now();
    let mut opened = open();
    while let Err(error) = &opened
        && error.to_string().contains(LOCKED)
        && began.elapsed() < PATIENCE
    {
        thread::sleep(Duration::from_millis(5));
        opened = open();
    }
    opened.with_context(|| {
        let remedy = match is_text(path) {
            true => "; it is text, and tables become an input by [import]: `rerunoff help readme`",
            false => "",
        };
        format!(
            "{}: the file can't be opened as HDF5 or netCDF-4{remedy}",
            path.display()
        )
    })
}
