//! Files that are not the text they were taken for: named by their first bytes, with what to do about them.
//!
//! It knows the signatures of what people have beside text tables, and nothing of what is in such files.

/// Signatures, what has them, and the remedy.
const KNOWN: [(&[u8], &str, &str); 17] = [
    (
        b"PK\x03\x04",
        "a ZIP archive, as .xlsx and .ods workbooks are",
        "unpack it, or save the sheet as CSV",
    ),
    (b"BZh", "packed by bzip2", "unpack it with `bunzip2`"),
    (b"\xfd7zXZ\0", "packed by xz", "unpack it with `unxz`"),
    (
        b"\x28\xb5\x2f\xfd",
        "packed by Zstandard",
        "unpack it with `unzstd`",
    ),
    (
        b"\x1f\x9d",
        "packed by compress",
        "unpack it with `uncompress`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "packed by LZ4",
        "unpack it with `unlz4`",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel workbook (.xls)",
        "save the sheet as CSV",
    ),
    (b"PAR1", "a Parquet file", "write it as CSV or NetCDF"),
    (b"ARROW1", "an Arrow file", "write it as CSV or NetCDF"),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 or NetCDF-4 file",
        "it is no text: name it under [input]",
    ),
    (
        b"CDF\x01",
        "a classic NetCDF file",
        "it is no text: name it under [input]",
    ),
    (
        b"CDF\x02",
        "a classic NetCDF file",
        "it is no text: name it under [input]",
    ),
    (
        b"CDF\x05",
        "a classic NetCDF file",
        "it is no text: name it under [input]",
    ),
    (b"%PDF-", "a PDF document", "get the table as CSV"),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "write the table as CSV",
    ),
];

/// What a file is and what to do about it, if its first bytes are those of something else than a table in text.
pub fn named(first: &[u8]) -> Option<String> {
    let known = KNOWN
        .iter()
        .find(|(signature, ..)| first.starts_with(signature));
    if let Some((_, what, remedy)) = known {
        return Some(format!("the file is {what}; {remedy}"));
    }
    let start = first.trim_ascii_start();
    let is = |tag: &[u8]| start.len() >= tag.len() && start[..tag.len()].eq_ignore_ascii_case(tag);
    if is(b"<!doctype html") || is(b"<html") {
        return Some("the file is a web page, maybe what a server said in place of the table; fetch it again".to_owned());
    }
    is(b"<?xml").then(|| "the file is XML; write the table as CSV".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, what) in [
            (b"PK\x03\x04\x14\0".as_slice(), "ZIP"),
            (b"BZh91AY", "bunzip2"),
            (b"\x89HDF\r\n\x1a\n\0", "[input]"),
            (b"\n <!DOCTYPE HTML>", "web page"),
            (b"<?xml version", "XML"),
        ] {
            assert!(
                named(bytes).is_some_and(|message| message.contains(what)),
                "{what}"
            );
        }
        for text in ["", "time;1;2", "P", "<1;2", "BZ;1"] {
            assert_eq!(named(text.as_bytes()), None, "{text}");
        }
    }
}
