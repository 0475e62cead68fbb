//! Checksums that bind a record's content to its place, so that a flipped bit in either is noticed. The schema calls them seals.

use crate::data::digest::Digest;

use super::ColumnSummary;

/// Half a digest is plenty against accidents, and explanations are small.
const LENGTH: usize = 16;

/// The payload, preceded by a checksum of its place and itself.
pub(super) fn with_checksum(place: &[&[u8]], payload: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(LENGTH + payload.len());
    record.extend_from_slice(&checksum(place, payload));
    record.extend_from_slice(payload);
    record
}

/// The payload of a stored record; `None` if it is not what was stored in this place.
pub(super) fn verified<'a>(place: &[&[u8]], record: &'a [u8]) -> Option<&'a [u8]> {
    let (found, payload) = record.split_first_chunk::<LENGTH>()?;
    (*found == checksum(place, payload)).then_some(payload)
}

fn checksum(place: &[&[u8]], payload: &[u8]) -> [u8; LENGTH] {
    let mut hasher = blake3::Hasher::new();
    for part in place.iter().chain([&payload]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut checksum = [0; LENGTH];
    checksum.copy_from_slice(&hasher.finalize().as_bytes()[..LENGTH]);
    checksum
}

/// The checksum of a result: of its key, the length of its longest column and its columns' descriptions.
pub(super) fn result_checksum(key: &Digest, steps: i64, columns: &[ColumnSummary]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(&steps.to_le_bytes());
    for column in columns {
        hasher.update(&(column.name.len() as u64).to_le_bytes());
        hasher.update(column.name.as_bytes());
        for bound in [column.minimum, column.maximum] {
            // NaN is never a bound, so its bits can stand for "none".
            hasher.update(&bound.unwrap_or(f64::NAN).to_bits().to_le_bytes());
        }
        hasher.update(&(column.missing as u64).to_le_bytes());
        hasher.update(column.checksum.as_bytes());
    }
    hasher.finalize().into()
}
