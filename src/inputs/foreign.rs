//! What a file really is that should have been text or a dBASE table: its first bytes tell.
//!
//! A workbook that was only renamed to `.csv`, a file that is still packed, the page of a portal in place of the data: each
//! would else come out as a strange complaint about columns. It knows how files begin and nothing of what is in them.

/// How files of a kind begin, what they are, and what to do about it.
const KINDS: [(&[u8], &str); 22] = [
    (b"BZh", "it is packed by bzip2; unpack it: `bunzip2`"),
    (b"\xfd7zXZ\0", "it is packed by xz; unpack it: `unxz`"),
    (
        b"\x28\xb5\x2f\xfd",
        "it is packed by zstd; unpack it: `unzstd`",
    ),
    (b"\x1f\x8b", "it is packed by gzip; unpack it: `gunzip`"),
    (
        b"\x1f\x9d",
        "it is packed by compress; unpack it: `uncompress`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it is packed by lz4; unpack it: `unlz4`",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "it is a 7z archive; unpack it: `7z x`",
    ),
    (b"Rar!\x1a\x07", "it is a RAR archive; unpack it"),
    (b"PK\x03\x04", "it is a ZIP archive; unpack it: `unzip`"),
    (b"PK\x05\x06", "it is a ZIP archive with nothing in it"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "it is a workbook of old Excel (.xls); save the sheet as CSV",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        "it is an HDF5 or NetCDF-4 file, no table; such files are named under [input]",
    ),
    (
        b"CDF\x01",
        "it is a NetCDF file, no table; such files are named under [input]",
    ),
    (
        b"CDF\x02",
        "it is a NetCDF file, no table; such files are named under [input]",
    ),
    (
        b"CDF\x05",
        "it is a NetCDF file, no table; such files are named under [input]",
    ),
    (b"PAR1", "it is a Parquet file; write it as CSV"),
    (b"ARROW1", "it is an Arrow file; write it as CSV"),
    (
        b"SQLite format 3\0",
        "it is an SQLite database; write the table as CSV",
    ),
    (b"GRIB", "it is a GRIB file, no table"),
    (b"%PDF", "it is a PDF"),
    (
        b"{\\rtf",
        "it is a text document (RTF); save it as plain text",
    ),
    (b"!<arch>", "it is an archive of `ar`"),
];

/// What a file is by its first bytes, as a sentence with the remedy; `None` where it may well be a table. The more of its
/// beginning there is (a kilobyte will do), the better a workbook is told from other archives.
pub(crate) fn named(head: &[u8]) -> Option<&'static str> {
    let (_, sentence) = KINDS.iter().find(|(magic, _)| head.starts_with(magic))?;
    let holds = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    Some(match head {
        [b'P', b'K', ..] if holds(b"opendocument.spreadsheet") => {
            "it is an OpenDocument spreadsheet (.ods); save the sheet as CSV"
        }
        [b'P', b'K', ..] if holds(b"[Content_Types].xml") || holds(b"xl/") => {
            "it is an Excel workbook (.xlsx); save the sheet as CSV"
        }
        _ => sentence,
    })
}

/// The same for what should be text: a page of the web, too, where the data should be.
pub(crate) fn named_text(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    let begins = |word: &[u8]| {
        text.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some("it is a web page; was it downloaded without logging in?");
    }
    if begins(b"<?xml") {
        return Some("it is XML, no table");
    }
    named(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        for (head, word) in [
            (&b"BZh91AY&SY"[..], "bzip2"),
            (b"\xfd7zXZ\0\0\x04", "xz"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"PK\x03\x04\x14\0t.csv", "ZIP"),
            (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "Excel"),
            (
                b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "OpenDocument",
            ),
            (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
            (b"CDF\x01\0", "NetCDF"),
        ] {
            assert!(named(head).expect(word).contains(word), "{word}");
        }
        assert_eq!(named(b"id,A\n1,2\n"), None);
        assert_eq!(named(b"PK,A\n1,2\n"), None);
        assert_eq!(named_text(b"id,A\n1,2\n"), None);
        let page = named_text(b"\n<!DOCTYPE HTML><title>Login</title>");
        assert!(page.is_some_and(|it| it.contains("web page")));
    }
}
