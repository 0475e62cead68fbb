//! The bytes of one chunk, as HDF5's filters shuffle and deflate would make them, made without the library.
//!
//! HDF5 holds one lock around everything it does, filters included, so chunks that it filters itself keep only one core busy.
//! Here it is a pure function that any number of threads may run. Shuffle (all first bytes, then all second bytes, …)
//! then deflate in zlib's format, as in the HDF5 specification's filters 2 and 1. Where the lowest planes are noise,
//! they are stored uncompressed, as the format allows: no larger, and several times as fast to write and to read. Nothing here
//! knows files.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor, adler32};

use super::noise::noisy_prefix;

/// How a variable's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 64 bits, as computed.
    F64,
    /// 32 bits: half the size, about seven digits.
    F32,
}

impl Precision {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
        }
    }
}

/// Level 0 stores; HDF5 knows no level beyond 9.
pub const HIGHEST_LEVEL: u8 = 9;

/// The bytes of one full chunk, `values` in row-major order, edge chunks padded. Level 0 means no filters at all.
pub fn encode_chunk(values: &[f64], precision: Precision, level: u8) -> Vec<u8> {
    let mut bytes = vec![0; values.len() * precision.size()];
    if level == 0 {
        interleave(values, precision, &mut bytes);
        bytes
    } else {
        shuffle(values, precision, &mut bytes);
        deflate_after(noisy_prefix(&bytes, values.len()), &bytes, level)
    }
}

/// Undoes [`encode_chunk`] for `count` values of 64 bits.
pub fn decode_chunk(bytes: &[u8], count: usize, level: u8) -> Result<Vec<f64>, DecompressionError> {
    if level == 0 {
        let values = bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes));
        return Ok(values.collect());
    }
    let mut planes = vec![0; count * 8];
    let found = Decompressor::new().zlib_decompress(bytes, &mut planes)?;
    if found != planes.len() {
        return Err(DecompressionError::BadData);
    }
    let mut values = vec![0.0; count];
    crate::data::shuffle::join(&planes, count, 0, &mut values);
    Ok(values)
}

/// The values' bytes one after the other, little-endian.
fn interleave(values: &[f64], precision: Precision, out: &mut [u8]) {
    match precision {
        Precision::F64 => {
            for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
                *bytes = value.to_le_bytes();
            }
        }
        Precision::F32 => {
            for (bytes, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
                *bytes = (*value as f32).to_le_bytes();
            }
        }
    }
}

/// Writes the values' bytes as planes: all lowest bytes first. `out` has `precision.size()` bytes per value.
pub(crate) fn shuffle(values: &[f64], precision: Precision, out: &mut [u8]) {
    if values.is_empty() {
        return;
    }
    if precision == Precision::F64 {
        crate::data::shuffle::split(values, out);
        return;
    }
    // One pass per plane: the compiler vectorises each, and a chunk stays in the cache meanwhile.
    for (k, plane) in out.chunks_exact_mut(values.len()).enumerate() {
        for (byte, value) in plane.iter_mut().zip(values) {
            *byte = ((*value as f32).to_bits() >> (8 * k)) as u8;
        }
    }
}

/// Deflates in zlib's format; the same bytes and level always give the same result. Levels 1 to 9.
pub(crate) fn deflate(bytes: &[u8], level: u8) -> Vec<u8> {
    deflate_after(0, bytes, level)
}

/// Bytes that one uncompressed block can hold.
const STORED: usize = 65_535;

thread_local! {
    /// A level with its compressor, which is large and the same for every chunk.
    static COMPRESSOR: RefCell<Option<(u8, Compressor)>> = const { RefCell::new(None) };
}

/// The same with the first `stored` bytes uncompressed.
fn deflate_after(stored: usize, bytes: &[u8], level: u8) -> Vec<u8> {
    let (stored, rest) = bytes.split_at(stored);
    let level = level.clamp(1, HIGHEST_LEVEL);
    COMPRESSOR.with_borrow_mut(|kept| {
        let new = || {
            let valid = CompressionLvl::new(level.into()).expect("levels 1 to 9 are valid");
            (level, Compressor::new(valid))
        };
        if kept.as_ref().is_some_and(|(other, _)| *other != level) {
            *kept = None;
        }
        let (_, compressor) = kept.get_or_insert_with(new);
        let bound = compressor.deflate_compress_bound(rest.len());
        let blocks = stored.len().div_ceil(STORED);
        let mut out = Vec::with_capacity(2 + 5 * blocks + stored.len() + bound + 4);
        // Deflate with a window of 32 KiB, by the fastest algorithm; readers ignore the latter.
        out.extend([0x78, 0x01]);
        for block in stored.chunks(STORED) {
            let length = block.len() as u16;
            out.push(0);
            out.extend(length.to_le_bytes());
            out.extend((!length).to_le_bytes());
            out.extend(block);
        }
        let start = out.len();
        out.resize(start + bound, 0);
        let length = compressor
            .deflate_compress(rest, &mut out[start..])
            .expect("the buffer has the size that can't be exceeded");
        out.truncate(start + length);
        out.extend(adler32(bytes).to_be_bytes());
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shuffled_bytes_are_planes() {
        let mut planes = [0; 16];
        shuffle(&[1.0, -2.0], Precision::F64, &mut planes);
        assert_eq!(
            planes,
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0, 0x3f, 0xc0]
        );
        let mut planes = [0; 8];
        shuffle(&[1.0, -2.0], Precision::F32, &mut planes);
        assert_eq!(planes, [0, 0, 0, 0, 0x80, 0, 0x3f, 0xc0]);
    }

    proptest! {
        #[test]
        fn chunks_decode_to_the_same_bits(bits in proptest::collection::vec(any::<u64>(), 0..300), level in 0_u8..4) {
            let values: Vec<f64> = bits.iter().map(|b| f64::from_bits(*b)).collect();
            let chunk = encode_chunk(&values, Precision::F64, level);
            let back = decode_chunk(&chunk, values.len(), level).expect("a chunk");
            let back: Vec<u64> = back.iter().map(|v| v.to_bits()).collect();
            prop_assert_eq!(back, bits);
        }

        #[test]
        fn every_reader_takes_uncompressed_blocks(bytes in proptest::collection::vec(0_u8..4, 0..200_000), stored in 0_usize..200_000) {
            use std::io::Read;
            let chunk = deflate_after(stored.min(bytes.len()), &bytes, 1);
            let mut back = Vec::new();
            flate2::read::ZlibDecoder::new(&chunk[..]).read_to_end(&mut back).expect("a zlib stream");
            prop_assert!(back == bytes);
        }

        #[test]
        fn damage_is_no_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), count in 0_usize..20) {
            drop(decode_chunk(&bytes, count, 1));
            let values = vec![1.5; count];
            bytes.extend(encode_chunk(&values, Precision::F64, 1));
            drop(decode_chunk(&bytes, count, 1));
        }
    }
}
