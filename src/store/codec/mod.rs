//! One column of one result as bytes, and back, lossless to the last bit.
//!
//! Pure: it knows nothing of the store that keeps the bytes or of what the numbers mean. NaN payloads, signed zeros,
//! infinities and denormals survive. What [`encode`] returns has been decoded once and compared bit by bit, because
//! these numbers end up in papers and the simulator's own copy is gone by then; that costs a quarter of the speed.
//!
//! The first byte says how the rest is to be read: 1 = raw little-endian `f64`; 2 = the number of steps as a
//! little-endian `u64`, then a pco stream of `f64`; 4 = the number of steps likewise, a byte with the number of digits after
//! the point, one with the order of the differences, then the planes (`planes.rs`) of the column's whole numbers as a zstd frame.
//! 3 was used before the first release. Other values are left for encodings to come. Decimals are tried first (see
//! [`crate::text::decimal`]), and raw is used where pco makes nothing smaller. The step count is inside the bytes so that the
//! checksum covers it: [`decode`] never reserves memory on the strength of an unchecked number.
//!
//! The reason, measured on the hourly series of the example, 8,760 steps of decimals with up to six significant digits; one
//! core's MB/s, counted in bytes of `f64`:
//!
//! | | bytes per value, input | output | encoding | decoding |
//! |---|---|---|---|---|
//! | pco of `f64`, level 4 | 0.9 | 1.1 | 105 to 168 | 840 |
//! | pco of the whole numbers, level 4 | 0.74 | 0.78 | 230 to 400 | 1,150 |
//! | planes of the whole numbers, zstd at level 1 | 0.67 | 0.61 | 780 | 3,000 |
//! | the same at level 3 | 0.66 | 0.60 | 600 | 3,000 |
//! | the same with libdeflate at level 1 | 0.68 | 0.62 | 460 | |
//!
//! Differences make the numbers small, so that of four planes the highest are nothing but zeros, and repeat what the
//! weather repeats. As `f64` the same columns take zstd 3.6 bytes per value: decimals are not repetitive as bytes.

mod planes;

use pco::ChunkConfig;
use pco::standalone::{simple_compress_into, simple_decompress_into};
use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;
use crate::text::decimal::{self, Decimals};

const RAW: u8 = 1;
const PCO: u8 = 2;
const DECIMAL: u8 = 4;
/// The encoding's byte and the step count; a column of decimals has two bytes more.
const HEADER: usize = 9;
const LEVEL: usize = 4;

/// Why stored bytes are not the expected column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damaged {
    /// The bytes are not those that were stored.
    #[error("its checksum does not match")]
    Checksum,
    /// The bytes are as they were stored, but by a version that knows more encodings than this one.
    #[error("its encoding {0} is not known to this version of rerunoff")]
    Encoding(u8),
    /// The column has more values than the longest of its result.
    #[error("it holds {found} values where there are at most {most}")]
    Length {
        /// Values the bytes hold.
        found: u64,
        /// The most that the caller expects.
        most: usize,
    },
    /// The bytes cannot be decoded though their checksum matches.
    #[error("it cannot be decoded: {0}")]
    Content(String),
}

/// One encoded column with what is worth knowing without decoding it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoded {
    /// The column's name in the result.
    pub name: String,
    /// Number of values: of time steps, unless the column has axes of its own.
    pub steps: usize,
    /// Least finite value; `None` if there is none.
    pub minimum: Option<f64>,
    /// Greatest finite value; `None` if there is none.
    pub maximum: Option<f64>,
    /// Number of NaNs.
    pub missing: usize,
    /// The encoded values.
    pub bytes: Vec<u8>,
    /// The digest of `bytes`.
    pub checksum: Digest,
}

/// Encodes one column of any length.
pub(crate) fn encode(name: &str, values: &[f64]) -> Encoded {
    let mut bytes = decimal(values)
        .or_else(|| compressed(values))
        .unwrap_or_else(|| raw(values));
    // A hundred results wait to be stored together.
    bytes.shrink_to_fit();
    let Range {
        minimum,
        maximum,
        missing,
    } = Range::of(values);
    Encoded {
        name: name.to_owned(),
        steps: values.len(),
        minimum,
        maximum,
        missing,
        checksum: Digest::of(&bytes),
        bytes,
    }
}

/// What is worth knowing of a column's values.
struct Range {
    minimum: Option<f64>,
    maximum: Option<f64>,
    missing: usize,
}

impl Range {
    /// Several values are handled side by side and nothing branches, so that the compiler can vectorise the loop.
    fn of(values: &[f64]) -> Self {
        const SIDE_BY_SIDE: usize = 8;
        let mut least = [f64::INFINITY; SIDE_BY_SIDE];
        let mut greatest = [f64::NEG_INFINITY; SIDE_BY_SIDE];
        let mut missing = [0_u64; SIDE_BY_SIDE];
        let (eights, rest) = values.as_chunks::<SIDE_BY_SIDE>();
        // An infinity is no value.
        let mut last = [f64::INFINITY; SIDE_BY_SIDE];
        last[..rest.len()].copy_from_slice(rest);
        for eight in eights.iter().chain([&last]) {
            for (lane, &value) in eight.iter().enumerate() {
                let is_finite = value.abs() < f64::INFINITY;
                let [low, high] = match is_finite {
                    true => [value; 2],
                    false => [f64::INFINITY, f64::NEG_INFINITY],
                };
                least[lane] = if low < least[lane] { low } else { least[lane] };
                let most = greatest[lane];
                greatest[lane] = if high > most { high } else { most };
                missing[lane] = missing[lane].wrapping_add(u64::from(value.is_nan()));
            }
        }
        let minimum = least.into_iter().fold(f64::INFINITY, f64::min);
        let maximum = greatest.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Self {
            minimum: Some(minimum).filter(|value| value.is_finite()),
            maximum: Some(maximum).filter(|value| value.is_finite()),
            missing: missing.iter().sum::<u64>() as usize,
        }
    }
}

/// Decodes a column of at most so many values after checking that `bytes` are those that were stored.
///
/// Never holds more of them, whatever the bytes say.
pub(crate) fn decode(bytes: &[u8], checksum: &Digest, most: usize) -> Result<Vec<f64>, Damaged> {
    if Digest::of(bytes) != *checksum {
        return Err(Damaged::Checksum);
    }
    match bytes.split_first() {
        Some((&RAW, values)) => decode_raw(values, most),
        Some((&PCO, rest)) => counted(rest, most).and_then(|(steps, rest)| decode_pco(rest, steps)),
        Some((&DECIMAL, rest)) => {
            counted(rest, most).and_then(|(steps, rest)| decode_decimal(rest, steps))
        }
        Some((&other, _)) => Err(Damaged::Encoding(other)),
        None => Err(Damaged::Content("there is nothing".to_owned())),
    }
}

fn raw(values: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 8 * values.len());
    bytes.push(RAW);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The beginning of a column that is not raw.
fn header(encoding: u8, steps: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + 2 * steps);
    bytes.push(encoding);
    bytes.extend((steps as u64).to_le_bytes());
    bytes
}

/// The column as pco, if that is smaller than raw and reads back to the same bits.
fn compressed(values: &[f64]) -> Option<Vec<u8>> {
    let config = ChunkConfig::default().with_compression_level(LEVEL);
    let bytes = simple_compress_into(values, &config, header(PCO, values.len())).ok()?;
    if bytes.len() > 8 * values.len() {
        return None;
    }
    let back = decode_pco(&bytes[HEADER..], values.len()).ok()?;
    let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
    values.iter().zip(&back).all(same).then_some(bytes)
}

/// The column as whole numbers, if it is one of decimals and the numbers read back as they are.
fn decimal(values: &[f64]) -> Option<Vec<u8>> {
    // The split has checked that these numbers give back the values to the last bit.
    let Decimals { digits, whole } = decimal::split(values)?;
    let order = planes::order(&whole);
    let mut bytes = header(DECIMAL, values.len());
    bytes.extend([digits, order]);
    planes::compress(&whole, order, &mut bytes).ok()?;
    let back = planes::decompress(&bytes[HEADER + 2..], order, whole.len()).ok()?;
    (back == whole).then_some(bytes)
}

fn decode_raw(bytes: &[u8], most: usize) -> Result<Vec<f64>, Damaged> {
    let (values, rest) = bytes.as_chunks::<8>();
    if values.len() > most {
        let found = values.len() as u64;
        return Err(Damaged::Length { found, most });
    }
    if !rest.is_empty() {
        return Err(Damaged::Content("there are bytes left over".to_owned()));
    }
    Ok(values
        .iter()
        .map(|value| f64::from_le_bytes(*value))
        .collect())
}

/// The number of steps, and the bytes after it.
fn counted(bytes: &[u8], most: usize) -> Result<(usize, &[u8]), Damaged> {
    let Some((count, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(Damaged::Content("it is too short".to_owned()));
    };
    let found = u64::from_le_bytes(*count);
    match usize::try_from(found) {
        Ok(steps) if steps <= most => Ok((steps, rest)),
        _ => Err(Damaged::Length { found, most }),
    }
}

fn decode_decimal(bytes: &[u8], steps: usize) -> Result<Vec<f64>, Damaged> {
    let Some((&[digits, order], stream)) = bytes.split_first_chunk() else {
        return Err(Damaged::Content("it is too short".to_owned()));
    };
    let whole = planes::decompress(stream, order, steps).map_err(Damaged::Content)?;
    let decimals = Decimals { digits, whole };
    decimals
        .join()
        .ok_or_else(|| Damaged::Content(format!("it has {digits} digits behind the point")))
}

fn decode_pco(stream: &[u8], steps: usize) -> Result<Vec<f64>, Damaged> {
    let mut values = vec![0.0; steps];
    let progress = simple_decompress_into(stream, &mut values)
        .map_err(|error| Damaged::Content(error.to_string()))?;
    if progress.n_processed != steps || !progress.finished {
        return Err(Damaged::Content(
            "its values are not as many as it says".to_owned(),
        ));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn round_trip(values: &[f64]) -> Encoded {
        let encoded = encode("q", values);
        let back = decode(&encoded.bytes, &encoded.checksum, values.len()).expect("decodes");
        assert_eq!(bits(&back), bits(values));
        encoded
    }

    /// Six significant digits, as a simulator prints them.
    fn printed(value: f64) -> f64 {
        format!("{value:.5e}").parse().expect("a number")
    }

    #[test]
    fn a_printed_series_shrinks() {
        let series: Vec<f64> = (0..8760)
            .map(|step| printed(3.0 + (f64::from(step) / 24.0).sin()))
            .collect();
        assert!(round_trip(&series).bytes.len() < 2 * series.len());
        assert!(round_trip(&[12.5; 8760]).bytes.len() < 100);
    }

    #[test]
    fn the_empty_and_the_odd_survive() {
        round_trip(&[]);
        round_trip(&[0.1]);
        let odd = round_trip(&[
            -0.0,
            0.0,
            f64::from_bits(0x7ff8_0000_dead_beef),
            f64::from_bits(0xfff0_0000_0000_0001),
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            2.5,
            f64::MAX,
        ]);
        assert_eq!(odd.missing, 2);
        assert_eq!(odd.minimum.map(f64::abs), Some(0.0));
        assert_eq!(odd.maximum, Some(f64::MAX));
        let none = round_trip(&[f64::NAN, f64::INFINITY]);
        assert_eq!((none.minimum, none.maximum), (None, None));
    }

    #[test]
    fn a_column_longer_than_any_block() {
        let long: Vec<f64> = (0..600_000)
            .map(|step| f64::from(step % 1009) * 0.25)
            .collect();
        assert!(round_trip(&long).bytes.len() < 4 * long.len());
    }

    #[test]
    fn damage_is_told_apart() {
        let encoded = encode("q", &[1.5; 100]);
        let mut flipped = encoded.bytes.clone();
        flipped[12] ^= 4;
        assert_eq!(
            decode(&flipped, &encoded.checksum, 100),
            Err(Damaged::Checksum)
        );
        assert_eq!(
            decode(&encoded.bytes, &encoded.checksum, 99),
            Err(Damaged::Length {
                found: 100,
                most: 99
            })
        );
        let longer = decode(&encoded.bytes, &encoded.checksum, 101);
        assert_eq!(longer.map(|values| values.len()), Ok(100));
        let future = [9, 1, 2, 3];
        assert_eq!(
            decode(&future, &Digest::of(&future), 1),
            Err(Damaged::Encoding(9))
        );
        assert!(matches!(
            decode(&[], &Digest::of(&[]), 0),
            Err(Damaged::Content(_))
        ));
    }

    proptest! {
        #[test]
        fn any_bits_survive(values in prop::collection::vec(any::<u64>(), 0..700)) {
            round_trip(&values.into_iter().map(f64::from_bits).collect::<Vec<_>>());
        }

        #[test]
        fn decimals_with_gaps_survive(
            values in prop::collection::vec(prop_oneof![
                8 => (-1_000_000i32..1_000_000).prop_map(|n| f64::from(n) / 1000.0),
                1 => Just(f64::NAN),
                1 => any::<u64>().prop_map(f64::from_bits),
                1 => Just(-0.0),
            ], 0..3000)
        ) {
            round_trip(&values);
        }

        #[test]
        fn no_bytes_panic_or_exceed_the_steps(bytes in prop::collection::vec(any::<u8>(), 0..200), version in 0u8..5) {
            let mut bytes = bytes;
            bytes.insert(0, version);
            let steps = bytes.get(1..9).map_or(3, |count| usize::from(count[0]));
            if let Ok(values) = decode(&bytes, &Digest::of(&bytes), steps) {
                prop_assert!(values.len() <= steps);
            }
        }

        #[test]
        fn damaged_streams_with_a_right_checksum_never_panic(at in 9usize..2000, mask in 1u8..) {
            let values: Vec<f64> = (0..2000).map(|n| f64::from(n * 7919 % 1000) / 8.0).collect();
            let mut bytes = encode("q", &values).bytes;
            let at = 9 + at % (bytes.len() - 9);
            bytes[at] ^= mask;
            if let Ok(back) = decode(&bytes, &Digest::of(&bytes), values.len()) {
                prop_assert_eq!(back.len(), values.len());
            }
        }
    }
}
