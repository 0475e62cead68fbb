//! Digests that bind a record's content to its place, so that a flipped bit in either is noticed.

use crate::data::digest::Digest;

use super::ColumnSummary;

/// Half a digest is plenty against accidents, and explanations are small.
const SEAL: usize = 16;

/// `payload` with a seal over itself and its place in front.
pub(super) fn seal(place: &[&[u8]], payload: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(SEAL + payload.len());
    sealed.extend_from_slice(&mark(place, payload));
    sealed.extend_from_slice(payload);
    sealed
}

/// The payload, if it is what was sealed in this place.
pub(super) fn unseal<'a>(place: &[&[u8]], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (found, payload) = sealed.split_first_chunk::<SEAL>()?;
    (*found == mark(place, payload)).then_some(payload)
}

fn mark(place: &[&[u8]], payload: &[u8]) -> [u8; SEAL] {
    let mut hasher = blake3::Hasher::new();
    for part in place.iter().chain([&payload]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut mark = [0; SEAL];
    mark.copy_from_slice(&hasher.finalize().as_bytes()[..SEAL]);
    mark
}

/// The seal of a result: its key, its steps and everything said of its columns.
pub(super) fn of_result(key: &Digest, steps: i64, columns: &[ColumnSummary]) -> Digest {
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
