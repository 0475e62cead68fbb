//! What simulators left, packed to be kept, and unpacked to be read again.
//!
//! A run's files that something is taken of, or could be by what the project states now, are one zstd frame. It comes out of the
//! store in the thread that needs it, by a connection for reading; only the recorder puts any in.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::execute::local::readers::Readers;
use crate::execute::local::work_directory::{PRINTED_FILES, WorkDirectory};
use crate::plan::kept::KeptIndex;
use crate::plan::key::{Key, RawKey};
use crate::plan::recipe::Rendered;
use crate::store::KeptOutputs;
use crate::system::regular;

/// Files that are larger than this together, in bytes, are not kept.
const MOST: u64 = 64 << 20;

/// The level of zstd: text in a tenth to a quarter, at some hundred megabytes a second.
const LEVEL: i32 = 3;

/// Where outputs are kept, and what is to be read again.
pub(crate) struct Shelf {
    store: Readers,
    /// What is kept for these keys.
    kept: HashMap<Key, RawKey>,
}

impl Shelf {
    /// With what this store has for these keys.
    pub(crate) fn new(store: PathBuf, kept: HashMap<Key, RawKey>) -> Self {
        Self {
            store: Readers::of(store),
            kept,
        }
    }

    /// What is kept for this key, if it is still there and sound.
    pub(crate) fn take(&self, key: &Key) -> Option<Unpacked> {
        let raw = *self.kept.get(key)?;
        let found = self.store.read(|store| store.kept_files(&raw.0));
        let found = found.ok()???;
        let index = KeptIndex::from_bytes(&found.index)?;
        let files = unpack(&index, &found.bytes).ok()?;
        Some(Unpacked {
            raw,
            code: index.code,
            files,
        })
    }
}

/// What a simulator left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// What determines it.
    pub raw: RawKey,
    /// The simulator's exit code.
    pub code: i32,
    files: Vec<(String, Vec<u8>)>,
}

impl Unpacked {
    /// Writes the files to their places in a work directory that holds nothing else.
    pub(crate) fn write(&self, work: &WorkDirectory) -> Result<()> {
        let mut files = self.files.iter();
        files.try_for_each(|(name, content)| work.write(name, content))
    }
}

/// Packs what the outputs, the requirements and the printed files of a run are in, which ended with this exit code; `None` if it
/// is too large to be kept, or something else than files.
pub(crate) fn pack(
    work: &Path,
    raw: RawKey,
    code: i32,
    rendered: &Rendered,
) -> Option<KeptOutputs> {
    let required = rendered.require.iter().map(|(path, _)| path.as_path());
    let outputs = rendered.outputs.iter().map(PathBuf::as_path);
    let mut names: Vec<&Path> = PRINTED_FILES.map(Path::new).to_vec();
    for name in outputs.chain(required) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut all = Vec::new();
    let mut files = Vec::new();
    for name in names {
        let file = regular::open(&work.join(name)).ok()?;
        let before = all.len() as u64;
        // One byte more than there may be tells that there is too much.
        file.take(MOST + 1 - before).read_to_end(&mut all).ok()?;
        let length = all.len() as u64 - before;
        if all.len() as u64 > MOST {
            return None;
        }
        files.push((name.to_str()?.to_owned(), length));
    }
    Some(KeptOutputs {
        raw: raw.0,
        index: postcard::to_stdvec(&KeptIndex { code, files }).ok()?,
        bytes: zstd::bulk::compress(&all, LEVEL).ok()?,
    })
}

fn unpack(index: &KeptIndex, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let lengths = index.files.iter().map(|(_, length)| *length);
    let total = lengths.fold(0, u64::saturating_add);
    ensure!(total <= MOST, "more than is ever kept");
    let all = zstd::bulk::decompress(bytes, usize::try_from(total)?)?;
    ensure!(all.len() as u64 == total, "of another length");
    let mut rest = all.as_slice();
    let mut files = Vec::with_capacity(index.files.len());
    for (name, length) in &index.files {
        let (content, behind) = rest
            .split_at_checked(usize::try_from(*length)?)
            .context("of another length")?;
        files.push((name.clone(), content.to_vec()));
        rest = behind;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again_or_not_at_all() {
        let index = |lengths: [u64; 2]| KeptIndex {
            code: 0,
            files: ["a", "b/c"]
                .into_iter()
                .map(str::to_owned)
                .zip(lengths)
                .collect(),
        };
        let bytes = zstd::bulk::compress(b"firstsecond", LEVEL).expect("packed");
        let files = unpack(&index([5, 6]), &bytes).expect("unpacked");
        let expected = [("a", &b"first"[..]), ("b/c", b"second")];
        assert_eq!(
            files,
            expected.map(|(name, content)| (name.to_owned(), content.to_vec()))
        );
        for lengths in [[5, 5], [5, 7], [u64::MAX, 11], [MOST, MOST]] {
            assert!(unpack(&index(lengths), &bytes).is_err(), "{lengths:?}");
        }
        assert!(unpack(&index([5, 6]), b"damaged").is_err());
    }
}
