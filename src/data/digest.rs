//! BLAKE3 digests of bytes, numbers and readers.
//!
//! Every digest that rerunoff stores or compares is of this type, so that "the same" means one thing everywhere.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// A BLAKE3 digest, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Hash for Digest {
    /// Any few of its bytes tell it from others: it is a hash already.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.few());
    }
}

impl Digest {
    /// A few of its bytes.
    pub(crate) fn few(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// The digest of the numbers' bits, little-endian: signed zeros and NaN payloads count.
    pub fn of_numbers(numbers: &[f64]) -> Self {
        // BLAKE3 works on all chunks of 1 KiB that it is given at once side by side.
        const BLOCK: usize = 4096;
        let mut hasher = blake3::Hasher::new();
        let mut block = [0; 8 * BLOCK];
        for chunk in numbers.chunks(BLOCK) {
            for (bytes, number) in block.as_chunks_mut().0.iter_mut().zip(chunk) {
                *bytes = number.to_le_bytes();
            }
            hasher.update(&block[..8 * chunk.len()]);
        }
        Self(hasher.finalize().into())
    }

    /// The digest of everything up to the end of `reader`, read in blocks.
    pub fn of_reader(reader: impl Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(reader)?;
        Ok(Self(hasher.finalize().into()))
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(Self::from)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Computes the digest of bytes that come piece by piece.
#[derive(Default)]
pub struct Digester(blake3::Hasher);

impl Digester {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> Digest {
        self.0.finalize().into()
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Self(hash.into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", &blake3::Hash::from_bytes(self.0).to_hex()[..12])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digested_bit_by_bit() {
        let numbers: Vec<f64> = (0..9300).map(f64::from).collect();
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(Digest::of_numbers(&numbers), Digest::of(&bytes));
        assert_ne!(Digest::of_numbers(&[0.0]), Digest::of_numbers(&[-0.0]));
    }
}
