//! Character encodings of the texts that simulators read: bytes to text, and back to the same bytes.
//!
//! The tables are those of the Encoding Standard (<https://encoding.spec.whatwg.org/>), from encoding_rs. That standard serves
//! browsers, which take ISO-8859-1 for windows-1252, and the like; a simulator's XML reader does not. So the names that the
//! standard mixes up mean here what they say: the bytes 0x80 to 0x9f are controls in ISO-8859-1, ISO-8859-9 and
//! ISO-8859-11, none in US-ASCII. Where a text comes from, and what names its encoding, is not known here.

use std::fmt;

use encoding_rs::{
    DecoderResult, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874, WINDOWS_1252,
    WINDOWS_1254,
};

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset {
    name: &'static str,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ascii,
    /// The upper half of a Windows code page, below it the controls.
    Iso(&'static Encoding),
    Table(&'static Encoding),
}

/// Bytes that are not text in an encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// The text before them.
    pub before: String,
    /// The first of them.
    pub byte: u8,
}

impl Charset {
    /// UTF-8.
    pub const UTF_8: Self = Self {
        name: "UTF-8",
        scheme: Scheme::Table(UTF_8),
    };
    /// UTF-16, the low byte first.
    pub const UTF_16LE: Self = Self {
        name: "UTF-16LE",
        scheme: Scheme::Table(UTF_16LE),
    };
    /// UTF-16, the high byte first.
    pub const UTF_16BE: Self = Self {
        name: "UTF-16BE",
        scheme: Scheme::Table(UTF_16BE),
    };

    /// The encoding of this name. `UTF-16` alone does not say in which order the bytes are, so it is none.
    ///
    /// Of the encodings with several bytes a character, only the names that the standard's own tables go by are known:
    /// it reads `gb2312` as GBK, for instance, and not all of GBK is GB 2312.
    pub fn named(label: &str) -> Option<Self> {
        let table = |encoding: &'static Encoding| {
            Some(Self {
                name: encoding.name(),
                scheme: Scheme::Table(encoding),
            })
        };
        let iso = |name, encoding| {
            Some(Self {
                name,
                scheme: Scheme::Iso(encoding),
            })
        };
        let label = label.trim().to_ascii_lowercase();
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        let is_windows =
            label.starts_with("windows-") || label.contains("cp125") || label.starts_with("dos-");
        match encoding {
            _ if label == "x-user-defined" => None,
            _ if label.contains("ascii") || label.starts_with("ansi") => Some(Self {
                name: "US-ASCII",
                scheme: Scheme::Ascii,
            }),
            found if found == WINDOWS_1252 && !is_windows => iso("ISO-8859-1", found),
            found if found == WINDOWS_1254 && !is_windows => iso("ISO-8859-9", found),
            found if found == WINDOWS_874 && !is_windows => iso("ISO-8859-11", found),
            found if found.name().eq_ignore_ascii_case(&label) => table(found),
            found if found == UTF_8 || found.is_single_byte() => table(found),
            _ => None,
        }
    }

    /// Whether it is UTF-8, rerunoff's own.
    pub fn is_utf_8(self) -> bool {
        self == Self::UTF_8
    }

    /// Whether its texts begin with the bytes of ASCII, if they begin with characters of ASCII.
    pub fn is_ascii_compatible(self) -> bool {
        ![Self::UTF_16LE, Self::UTF_16BE].contains(&self)
    }

    /// The text that these bytes are; a byte order mark is part of it.
    ///
    /// Bytes that would not come back from the text as they were are an error: some tables have a character twice.
    pub fn decode(self, bytes: &[u8]) -> Result<String, Undecodable> {
        let mut text = String::new();
        let end = match self.scheme {
            Scheme::Ascii => {
                let end = Encoding::ascii_valid_up_to(bytes);
                text.extend(bytes[..end].iter().map(|&byte| char::from(byte)));
                end
            }
            Scheme::Iso(encoding) => bytes
                .iter()
                .take_while(|&&byte| match is_control(byte) {
                    true => {
                        text.push(char::from(byte));
                        true
                    }
                    false => decode_to(&mut text, encoding, &[byte]) == 1,
                })
                .count(),
            Scheme::Table(encoding) => decode_to(&mut text, encoding, bytes),
        };
        if end == bytes.len() {
            let again = self.encode(&text);
            let same = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            if same == bytes.len() && same == again.len() {
                return Ok(text);
            }
            text.clear();
            decode_to(&mut text, UTF_8, bytes.get(..same).unwrap_or(bytes));
            let byte = bytes.get(same).copied().unwrap_or_default();
            return Err(Undecodable { before: text, byte });
        }
        Err(Undecodable {
            before: text,
            byte: bytes[end],
        })
    }

    /// The bytes of a text of which [`Self::holds`] every character.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self.scheme {
            Scheme::Table(encoding) if encoding == UTF_16LE => {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Scheme::Table(encoding) if encoding == UTF_16BE => {
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }
            Scheme::Table(encoding) => encoding.encode(text).0.into_owned(),
            Scheme::Ascii => text.as_bytes().to_vec(),
            Scheme::Iso(encoding) => {
                let mut bytes = Vec::with_capacity(text.len());
                for part in text.split_inclusive(is_upper_control) {
                    let control = part.chars().next_back().filter(|c| is_upper_control(*c));
                    let plain = &part[..part.len() - control.map_or(0, char::len_utf8)];
                    bytes.extend_from_slice(&encoding.encode(plain).0);
                    bytes.extend(control.and_then(|c| u8::try_from(c).ok()));
                }
                bytes
            }
        }
    }

    /// Whether a text in it can hold this character, and every program reads it back as the same one.
    pub fn holds(self, c: char) -> bool {
        let in_table = |encoding: &'static Encoding| {
            let mut buffer = [0; 4];
            let text: &str = c.encode_utf8(&mut buffer);
            let (bytes, _, unmappable) = encoding.encode(text);
            (!unmappable && encoding.decode_without_bom_handling(&bytes).0 == text)
                .then(|| bytes.into_owned())
        };
        match self.scheme {
            // The one encoding in which these two are `¥` and `‾` to half of the programs.
            Scheme::Table(encoding) if encoding == SHIFT_JIS && matches!(c, '\\' | '~') => false,
            _ if c.is_ascii() => true,
            Scheme::Ascii => false,
            Scheme::Iso(_) if is_upper_control(c) => true,
            Scheme::Iso(encoding) => in_table(encoding).is_some_and(|bytes| !is_control(bytes[0])),
            Scheme::Table(encoding) => {
                let everywhere = encoding.can_encode_everything();
                everywhere || is_agreed_on(encoding, c) && in_table(encoding).is_some()
            }
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Whether vendors' tables of an encoding have this character all in one place, if they have it. Those of several bytes a
/// character agree on scripts, but not on signs: what is `Ж` in Big5 to one is `⑻` to another.
fn is_agreed_on(encoding: &'static Encoding, c: char) -> bool {
    let one_byte = ["ISO-8859-", "windows-", "KOI8-R", "IBM866"];
    let is_known = || {
        one_byte
            .iter()
            .any(|name| encoding.name().starts_with(name))
    };
    match encoding.is_single_byte() {
        true => is_known() && !is_upper_control(c),
        false => {
            let kana = matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}');
            kana || matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
        }
    }
}

fn is_control(byte: u8) -> bool {
    matches!(byte, 0x80..=0x9f)
}

fn is_upper_control(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}')
}

/// Appends the text of these bytes up to the first that are not text, and returns where those are.
fn decode_to(text: &mut String, encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let longest = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    text.reserve(longest.unwrap_or(0));
    match decoder.decode_to_string_without_replacement(bytes, text, true) {
        (DecoderResult::Malformed(length, behind), read) => {
            read - usize::from(length) - usize::from(behind)
        }
        (_, read) => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_they_say() {
        for (label, name) in [
            ("utf-8", "UTF-8"),
            ("UTF8", "UTF-8"),
            ("ISO-8859-1", "ISO-8859-1"),
            ("latin1", "ISO-8859-1"),
            ("us-ascii", "US-ASCII"),
            ("windows-1252", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("ISO-8859-9", "ISO-8859-9"),
            ("iso-8859-15", "ISO-8859-15"),
            ("tis-620", "ISO-8859-11"),
            ("Shift_JIS", "Shift_JIS"),
            ("UTF-16LE", "UTF-16LE"),
            ("koi8-r", "KOI8-R"),
        ] {
            let charset = Charset::named(label).expect(label);
            assert_eq!(charset.to_string(), name, "{label}");
        }
        for label in [
            "",
            "UTF-16",
            "gb2312",
            "utf-7",
            "EBCDIC-CP-US",
            "x-user-defined",
            "iso-2022-kr",
        ] {
            assert_eq!(Charset::named(label), None, "{label}");
        }
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        let all: Vec<u8> = (0..=255).collect();
        for label in [
            "ISO-8859-1",
            "ISO-8859-2",
            "ISO-8859-9",
            "ISO-8859-15",
            "windows-1252",
            "windows-1251",
            "KOI8-R",
        ] {
            let charset = Charset::named(label).expect(label);
            let text = charset.decode(&all).expect(label);
            assert_eq!(charset.encode(&text), all, "{label}");
            let held = |c| charset.holds(c) || is_upper_control(c);
            assert!(text.chars().all(held), "{label}");
        }
        let latin = Charset::named("ISO-8859-1").expect("a name");
        assert_eq!(latin.decode(b"\x80\xe9"), Ok("\u{80}é".to_owned()));
        assert!(!latin.holds('€') && !latin.holds('Œ'));
        let windows = Charset::named("windows-1252").expect("a name");
        assert_eq!(windows.decode(b"\x80\xe9"), Ok("€é".to_owned()));
        for (charset, text) in [
            (Charset::UTF_16LE, "\u{feff}é€😀"),
            (Charset::UTF_16BE, "\u{feff}é€😀"),
        ] {
            assert_eq!(charset.decode(&charset.encode(text)), Ok(text.to_owned()));
        }
        let japanese = Charset::named("Shift_JIS").expect("a name");
        assert_eq!(japanese.encode("利根川"), b"\x97\x98\x8d\xaa\x90\xec");
        assert!(japanese.holds('川') && !japanese.holds('é') && !japanese.holds('〜'));
        assert!(japanese.holds('[') && !japanese.holds('\\'));
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let stops = |charset: Charset, bytes: &[u8]| {
            let fault = charset.decode(bytes).expect_err("no text");
            (fault.before, fault.byte)
        };
        assert_eq!(
            stops(Charset::UTF_8, b"a\xc3\xa9\xfc b"),
            ("aé".to_owned(), 0xfc)
        );
        assert_eq!(stops(Charset::UTF_8, b"a\xc3"), ("a".to_owned(), 0xc3));
        assert_eq!(stops(Charset::UTF_16LE, b"a\0b"), ("a".to_owned(), b'b'));
        assert_eq!(
            stops(Charset::UTF_16BE, b"\xd8\0\0a"),
            (String::new(), 0xd8)
        );
        let ascii = Charset::named("ASCII").expect("a name");
        assert_eq!(stops(ascii, b"a\xe9"), ("a".to_owned(), 0xe9));
        // NEC's row 13 and IBM's have this character both; it would be written back as NEC's.
        let japanese = Charset::named("Shift_JIS").expect("a name");
        assert_eq!(stops(japanese, b"a\xfa\x54").0, "a");
    }
}
