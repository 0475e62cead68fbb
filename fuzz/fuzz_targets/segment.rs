//! Any bytes as a segment, a journal and a batch, as they are and under right checksums: read whole, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerunoff::cluster::batch::Batch;
use rerunoff::cluster::frame::{AROUND, write_frame};
use rerunoff::cluster::journal::Journal;
use rerunoff::cluster::segment::reader;

fn read(bytes: &[u8]) {
    reader::parse(bytes).ok();
    Journal::parse(bytes);
    Batch::parse(bytes).ok();
}

/// The same contents in frames that are whole, so that the checksums don't hide what is behind them.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let opening = bytes.iter().position(|&byte| byte == b'\n');
    let (opening, mut rest) = bytes.split_at(opening.map_or(0, |end| end + 1));
    let mut mended = opening.to_vec();
    while let Some((length, _)) = rest.split_first_chunk() {
        let room = rest.len().saturating_sub(AROUND);
        let length = usize::try_from(u32::from_le_bytes(*length)).map_or(room, |length| length.min(room));
        let content = rest.get(8..8 + length).unwrap_or_default();
        write_frame(&mut mended, content).expect("written");
        rest = rest.get(length + AROUND..).unwrap_or_default();
    }
    mended
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&mended(bytes));
});
