//! The code pages of dBASE tables: what states them, and text out of them.
//!
//! A `.cpg` file beside the table counts before the number in its header, as in GDAL and ArcGIS: whoever writes one knows.
//! Many programs write UTF-8 whatever the number says, so text that is UTF-8 is read so where the number means a Western
//! code page, in which such text makes no sense, or where there is no number; where it does make sense, the error gives both
//! readings. Sources: the table of language drivers in the documentation of Visual FoxPro, and the one of ArcGIS.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use encoding_rs::Encoding;

use crate::system::regular;

/// The upper half of code page 437 (DOS, United States).
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of code page 850 (DOS, Western Europe).
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
     └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// The code page of a table.
#[derive(Debug)]
pub(super) enum CodePage {
    /// Nothing states it.
    Unstated,
    /// The header has a number for it.
    Driver(TableCharset),
    /// A `.cpg` file names it.
    Named(TableCharset),
    /// What states it, in a way that is not understood.
    Unknown(String),
}

/// How bytes become letters.
#[derive(Clone, Copy, Debug)]
pub(super) enum TableCharset {
    /// By the upper half of a code page of DOS.
    Dos(&'static str),
    /// Each byte is the letter of its number.
    Latin1,
    /// As `encoding_rs` knows it.
    Known(&'static Encoding),
}

impl CodePage {
    /// Of the number in a table's header, and of what the file beside it says, if there is one.
    pub(super) fn of(driver: u8, beside: Option<&str>) -> Self {
        if let Some(text) = beside.map(str::trim).filter(|text| !text.is_empty()) {
            return match named(text) {
                Some(charset) => Self::Named(charset),
                None => Self::Unknown(format!(
                    "the code page {:?} that its .cpg file names",
                    text.chars().take(40).collect::<String>()
                )),
            };
        }
        let page = match driver {
            0x00 => return Self::Unstated,
            0x01 | 0x09 | 0x0b | 0x0d | 0x0f | 0x11 | 0x15 | 0x18 | 0x19 | 0x1b => 437,
            0x02 | 0x0a | 0x0e | 0x10 | 0x12 | 0x14 | 0x16 | 0x1a | 0x1d | 0x25 | 0x37 => 850,
            0x03 | 0x57..=0x59 => 1252,
            0x04 => 10_000,
            0x13 | 0x7b => 932,
            0x26 | 0x65 => 866,
            0x4d | 0x7a => 936,
            0x4e | 0x79 => 949,
            0x4f | 0x78 => 950,
            0x50 | 0x7c => 874,
            0x7d => 1255,
            0x7e => 1256,
            0x96 => 10_007,
            0xc8 => 1250,
            0xc9 => 1251,
            0xca => 1254,
            0xcb => 1253,
            0xcc => 1257,
            _ => 0,
        };
        match numbered(page) {
            Some(charset) => Self::Driver(charset),
            None => Self::Unknown(format!("the code page of the dBASE number {driver:#04x}")),
        }
    }

    /// The text that bytes are.
    ///
    /// # Errors
    /// Why they can't be decoded.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<String, String> {
        let utf_8 = std::str::from_utf8(bytes).ok();
        if let Some(text) = utf_8
            && text.is_ascii()
        {
            return Ok(text.to_owned());
        }
        let shown = bytes.escape_ascii();
        let remedy = "a .cpg file beside the table states the code page, such as `UTF-8` or `1252`";
        match self {
            Self::Unknown(what) => Err(format!(
                "\"{shown}\" is in {what}, which is not supported; {remedy}"
            )),
            Self::Named(charset) => charset.decode(bytes).ok_or_else(|| {
                format!(
                    "\"{shown}\" is no text in {}, which its .cpg file names",
                    charset.name()
                )
            }),
            Self::Unstated => (utf_8
                .map(str::to_owned)
                .or_else(|| TableCharset::Latin1.decode(bytes)))
            .ok_or_else(|| format!("\"{shown}\" is text in neither UTF-8 nor Latin-1; {remedy}")),
            Self::Driver(charset) => match (utf_8, charset.decode(bytes)) {
                (Some(text), Some(other)) if !charset.is_western() => Err(format!(
                    "\"{shown}\" is {text:?} in UTF-8 and {other:?} in {}, which the table's header states; {remedy}",
                    charset.name()
                )),
                (Some(text), _) => Ok(text.to_owned()),
                (None, Some(text)) => Ok(text),
                (None, None) => Err(format!(
                    "\"{shown}\" is no text in {}, which the table's header states; {remedy}",
                    charset.name()
                )),
            },
        }
    }
}

impl TableCharset {
    /// The text, if all of it is there; control characters above ASCII are letters of another code page.
    fn decode(self, bytes: &[u8]) -> Option<String> {
        let upper = |half: &str, byte: u8| half.chars().nth(usize::from(byte - 0x80));
        let text = match self {
            Self::Dos(half) => (bytes.iter())
                .map(|&byte| {
                    if byte.is_ascii() {
                        Some(char::from(byte))
                    } else {
                        upper(half, byte)
                    }
                })
                .collect::<Option<String>>()?,
            Self::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Self::Known(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)?
                .into_owned(),
        };
        let is_control = |c| ('\u{80}'..='\u{9f}').contains(&c);
        (!text.contains(is_control)).then_some(text)
    }

    fn is_western(self) -> bool {
        match self {
            Self::Dos(_) | Self::Latin1 => true,
            Self::Known(encoding) => encoding == encoding_rs::WINDOWS_1252,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dos(half) if half == CP437 => "code page 437",
            Self::Dos(_) => "code page 850",
            Self::Latin1 => "ISO-8859-1",
            Self::Known(encoding) => encoding.name(),
        }
    }
}

/// A code page by the number that Windows and DOS know it by.
fn numbered(page: u32) -> Option<TableCharset> {
    let label = match page {
        437 => return Some(TableCharset::Dos(CP437)),
        850 => return Some(TableCharset::Dos(CP850)),
        28_591 => return Some(TableCharset::Latin1),
        866 => "ibm866".to_owned(),
        874 | 1250..=1258 => format!("windows-{page}"),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 => "macintosh".to_owned(),
        10_007 => "x-mac-cyrillic".to_owned(),
        20_866 => "koi8-r".to_owned(),
        21_866 => "koi8-u".to_owned(),
        28_592..=28_606 => format!("iso-8859-{}", page - 28_590),
        54_936 => "gb18030".to_owned(),
        65_001 => "utf-8".to_owned(),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes()).map(TableCharset::Known)
}

/// A code page as `.cpg` files name it: `UTF-8`, `1251`, `CP1251`, `ANSI 1252`, `ISO-8859-1`, `88591`, `Big5`.
fn named(text: &str) -> Option<TableCharset> {
    let name: String = (text.chars())
        .filter(|c| !" -_\u{feff}".contains(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word = &name[..name.len() - digits.len()];
    let part = match word {
        "iso" => digits.strip_prefix("8859"),
        "" => digits.strip_prefix("8859").filter(|part| !part.is_empty()),
        _ => None,
    };
    match (word, part) {
        ("iso" | "", Some(part)) => numbered(28_590 + part.parse::<u32>().ok()?),
        ("" | "cp" | "ansi" | "oem" | "windows" | "win" | "ibm" | "dos" | "ms", _) => {
            numbered(digits.parse().ok()?)
        }
        ("latin", _) if digits == "1" => Some(TableCharset::Latin1),
        _ => {
            let label = if name == "utf8" { "utf-8" } else { text };
            let encoding = Encoding::for_label(label.as_bytes())?;
            // What is in UTF-16 can't be a dBASE table, and `ascii` means a Windows code page there.
            let is_byte_wise =
                encoding.is_ascii_compatible() && encoding != encoding_rs::WINDOWS_1252;
            is_byte_wise.then_some(TableCharset::Known(encoding))
        }
    }
}

/// The files that state the code page of a table if they are there: none for other tables than dBASE.
pub fn beside(table: &Path) -> Vec<PathBuf> {
    let is_dbase =
        (table.extension()).is_some_and(|extension| extension.eq_ignore_ascii_case("dbf"));
    let endings: &[&str] = if is_dbase {
        &["cpg", "CPG", "Cpg"]
    } else {
        &[]
    };
    (endings.iter())
        .map(|ending| table.with_extension(ending))
        .collect()
}

/// What the file beside a table says of its code page, if there is one.
pub(super) fn stated_beside(table: &Path) -> Result<Option<String>> {
    let mut stated: Option<(PathBuf, String)> = None;
    for path in beside(table).into_iter().filter(|path| path.exists()) {
        let about = || {
            format!(
                "{}, which states the table's code page, can't be read",
                path.display()
            )
        };
        let bytes = regular::read(&path).with_context(about)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((other, before)) = &stated {
            ensure!(
                *before == text,
                "{} and {} state different code pages; remove one",
                other.display(),
                path.display()
            );
        }
        stated = Some((path, text));
    }
    Ok(stated.map(|(_, text)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(driver: u8, beside: Option<&str>, bytes: &[u8]) -> Option<String> {
        CodePage::of(driver, beside).decode(bytes).ok()
    }

    #[test]
    fn the_number_in_the_header_counts() {
        for (driver, bytes, expected) in [
            (0x00, &b"Z\xfcrich"[..], "Zürich"),
            (0x57, b"\x80", "€"),
            (0x01, b"\x81", "ü"),
            (0x02, b"\x9b", "ø"),
            (0x57, "Zürich".as_bytes(), "Zürich"),
            (0xc9, b"\xc4\xee\xed", "Дон"),
            (0x26, b"\x84\xae\xad", "Дон"),
            (0x4d, b"\xba\xd3", "河"),
        ] {
            assert_eq!(
                text(driver, None, bytes).as_deref(),
                Some(expected),
                "{driver:#04x}"
            );
        }
        for (driver, bytes) in [
            (0x00, &b"\x80"[..]),
            (0x57, b"\x81"),
            (0x64, b"\xfc"),
            // `сад` in code page 866 is a letter in UTF-8.
            (0x26, b"\xe1\xa0\xa4"),
        ] {
            assert_eq!(text(driver, None, bytes), None, "{driver:#04x}");
        }
        assert_eq!(text(0x64, None, b"Rhine").as_deref(), Some("Rhine"));
    }

    #[test]
    fn the_file_beside_the_table_counts_first() {
        for name in [
            "1251",
            "CP1251",
            "cp-1251",
            "ANSI 1251",
            "windows-1251\r\n",
            "\u{feff}1251",
        ] {
            assert_eq!(
                text(0x57, Some(name), b"\xc4\xee\xed").as_deref(),
                Some("Дон"),
                "{name}"
            );
        }
        for name in ["UTF-8", "utf8", "65001", "CP65001"] {
            assert_eq!(
                text(0x01, Some(name), "ü".as_bytes()).as_deref(),
                Some("ü"),
                "{name}"
            );
            assert_eq!(text(0x01, Some(name), b"\xfc"), None, "{name}");
        }
        for name in [
            "ISO-8859-1",
            "88591",
            "ISO8859_1",
            "ISO 88591",
            "latin1",
            "28591",
        ] {
            assert_eq!(
                text(0, Some(name), "ü".as_bytes()).as_deref(),
                Some("Ã¼"),
                "{name}"
            );
        }
        assert_eq!(text(0, Some("885915"), b"\xa4").as_deref(), Some("€"));
        assert_eq!(
            text(0, Some("KOI8-R"), b"\xe4\xcf\xce").as_deref(),
            Some("Дон")
        );
        assert_eq!(text(0, Some("OEM 437"), b"\x81").as_deref(), Some("ü"));
        for name in ["System", "852", "UTF-16", "nonsense", "8859"] {
            assert_eq!(text(0, Some(name), b"\xfc"), None, "{name}");
            assert_eq!(text(0, Some(name), b"u").as_deref(), Some("u"), "{name}");
        }
        assert_eq!(
            text(0x57, Some(" \n"), b"\x80").as_deref(),
            Some("€"),
            "an empty file"
        );
    }
}
