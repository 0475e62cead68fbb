//! dBASE tables (`.dbf`), the attribute tables of shapefiles.
//!
//! A header, fixed-width records, nearly everything as text: read here by hand, because a number in a field of type `F` has
//! more digits than the `f32` that libraries make of it. Source: the dBASE III+ and Visual FoxPro file formats. Memo fields
//! are passed over. Text is UTF-8 if it is valid UTF-8; else the code page that the header states, Latin-1 if it states
//! none.

use anyhow::{bail, ensure};

use super::{Meaning, RawTable};
use crate::value::Value;

/// The upper half of code page 437 (DOS, United States).
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of code page 850 (DOS, Western Europe).
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
     └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Bytes 0x80 to 0x9f of code page 1252 (Windows, Western Europe); above it equals Latin-1.
const CP1252: &str = "€�‚ƒ„…†‡ˆ‰Š‹Œ�Ž��‘’“”•–—˜™š›œ�žŸ";

struct Field {
    name: String,
    kind: u8,
    begin: usize,
    end: usize,
    decimals: u8,
}

/// Reads all records but the deleted ones.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<RawTable> {
    let Some(header) = bytes.first_chunk::<32>() else {
        bail!("the file is too short for a dBASE table");
    };
    let count = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let header_length = usize::from(u16::from_le_bytes([header[8], header[9]]));
    let record_length = usize::from(u16::from_le_bytes([header[10], header[11]]));
    ensure!(
        record_length > 1 && header_length > 32 && header_length <= bytes.len(),
        "the file is no dBASE table"
    );
    let code_page = header[29];
    // Visual FoxPro stores doubles in fields of type B, where dBASE has references to memos.
    let foxpro = matches!(header[0], 0x30..=0x32);
    let fields = read_fields(&bytes[32..header_length], code_page, record_length)?;
    let kept: Vec<(&Field, Meaning)> = (fields.iter())
        .filter_map(|field| Some((field, meaning(field, foxpro)?)))
        .collect();
    let records = &bytes[header_length..];
    ensure!(
        records.len() / record_length >= count,
        "the file ends after {} of {count} records",
        records.len() / record_length
    );
    let mut rows = Vec::with_capacity(count);
    for (at, record) in records.chunks_exact(record_length).take(count).enumerate() {
        if record[0] == b'*' {
            continue;
        }
        let cells = kept
            .iter()
            .map(|(field, _)| cell(field, &record[field.begin..field.end], code_page));
        rows.push((at as u64 + 1, cells.collect::<anyhow::Result<_>>()?));
    }
    Ok(RawTable {
        columns: kept
            .iter()
            .map(|(field, meaning)| (field.name.clone(), *meaning))
            .collect(),
        row_word: "record",
        rows,
    })
}

fn read_fields(bytes: &[u8], code_page: u8, record_length: usize) -> anyhow::Result<Vec<Field>> {
    let mut fields = Vec::new();
    let mut begin = 1;
    for descriptor in bytes
        .chunks_exact(32)
        .take_while(|descriptor| descriptor[0] != b'\r')
    {
        let name = &descriptor[..11];
        let name = &name[..memchr::memchr(0, name).unwrap_or(name.len())];
        let kind = descriptor[11].to_ascii_uppercase();
        // Long text keeps the high byte of its length where numbers have their decimals.
        let high = if kind == b'C' {
            usize::from(descriptor[17]) << 8
        } else {
            0
        };
        let end = begin + usize::from(descriptor[16]) + high;
        ensure!(
            end <= record_length,
            "its fields are longer than its records"
        );
        fields.push(Field {
            name: decode(name.trim_ascii(), code_page)?,
            kind,
            begin,
            end,
            decimals: descriptor[17],
        });
        begin = end;
    }
    Ok(fields)
}

/// How to take a field's cells; `None` for a kind that is passed over.
fn meaning(field: &Field, foxpro: bool) -> Option<Meaning> {
    match (field.kind, field.end - field.begin) {
        (b'C' | b'D', _) => Some(Meaning::Text),
        (b'N', _) if field.decimals == 0 => Some(Meaning::Whole),
        (b'N' | b'F', _) => Some(Meaning::Number),
        (b'L', _) => Some(Meaning::Logical),
        (b'I' | b'+', 4) => Some(Meaning::Whole),
        (b'O', 8) => Some(Meaning::Number),
        (b'B', 8) if foxpro => Some(Meaning::Number),
        _ => None,
    }
}

fn cell(field: &Field, bytes: &[u8], code_page: u8) -> anyhow::Result<String> {
    Ok(match (field.kind, bytes) {
        (b'I', &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]).to_string(),
        // dBASE 7 stores these so that they sort as bytes: big-endian, sign inverted.
        (b'+', &[a, b, c, d]) => i32::from_be_bytes([a ^ 0x80, b, c, d]).to_string(),
        (b'O', &[a, b, c, d, e, f, g, h]) => {
            let bits = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            let bits = if bits >> 63 == 1 {
                bits ^ (1 << 63)
            } else {
                !bits
            };
            Value::Number(f64::from_bits(bits)).to_string()
        }
        (b'B', &[a, b, c, d, e, f, g, h]) => {
            Value::Number(f64::from_le_bytes([a, b, c, d, e, f, g, h])).to_string()
        }
        // A date that was never entered.
        (b'D', b"00000000") => String::new(),
        _ => {
            let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
            decode(bytes[..end].trim_ascii(), code_page)?
        }
    })
}

fn decode(bytes: &[u8], code_page: u8) -> anyhow::Result<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let upper_half = match code_page {
        0x01 => CP437,
        0x02 => CP850,
        0x03 | 0x57 => CP1252,
        0x00 => "",
        _ => bail!(
            "its text is in the code page with the dBASE number {code_page:#04x}, which is not supported; \
             save it as UTF-8 or as CSV"
        ),
    };
    let upper = |byte: u8| upper_half.chars().nth(usize::from(byte - 0x80));
    Ok((bytes.iter())
        .map(|&byte| match byte {
            0x80.. => upper(byte).unwrap_or_else(|| char::from(byte)),
            _ => char::from(byte),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::by_catchment;
    use super::*;
    use crate::catchment::CatchmentId;

    /// A table with fields of the given name, type, width and decimals; records begin with their deletion flag.
    fn file(code_page: u8, fields: &[(&str, u8, u8, u8)], records: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0; 32];
        bytes[0] = 3;
        bytes[4] = records.len() as u8;
        bytes[8] = 32 * (fields.len() as u8 + 1) + 1;
        bytes[10] = 1 + fields.iter().map(|field| field.2).sum::<u8>();
        bytes[29] = code_page;
        for (name, kind, width, decimals) in fields {
            let mut field = [0; 32];
            field[..name.len()].copy_from_slice(name.as_bytes());
            (field[11], field[16], field[17]) = (*kind, *width, *decimals);
            bytes.extend(field);
        }
        bytes.push(b'\r');
        records.iter().for_each(|record| bytes.extend(*record));
        bytes.push(0x1a);
        bytes
    }

    #[test]
    fn fields_are_read_by_their_type() {
        let fields = [
            ("WSO1_ID", b'N', 8, 0),
            ("AREA", b'F', 19, 11),
            ("NAME", b'C', 6, 0),
            ("LAKE", b'L', 1, 0),
            ("BIG", b'N', 3, 0),
        ];
        let record = |flag: char, id: &str, area: &str, name: &str, lake: &str, big: &str| {
            let text = format!("{flag}{id:>8}{area:>19}{name:<6}{lake:1}{big:>3}");
            text.bytes()
                .map(|byte| if byte == b'#' { 0x81 } else { byte })
                .collect::<Vec<u8>>()
        };
        let records = [
            record(' ', "70007", "12345678.1234567895", "Z#rich", "T", "***"),
            record('*', "70008", "1.0000000000", "Gone", "F", "1"),
            record(' ', "70009", "", "", "?", "-4"),
        ];
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let table = read(&file(2, &fields, &records)).expect("a table");
        assert_eq!(table.rows.len(), 2);
        let table = by_catchment(table, "WSO1_ID").expect("ids");
        let value = |id, name| table.get(&CatchmentId::new(id), name).cloned();
        let area = Value::Number(12345678.12345679);
        assert_eq!(value("70007", "AREA"), Some(area));
        assert_eq!(value("70007", "NAME"), Some(Value::Text("Zürich".into())));
        assert_eq!(value("70007", "LAKE"), Some(Value::Integer(1)));
        assert_eq!(value("70007", "BIG"), None);
        let missing = ["AREA", "NAME", "LAKE"].map(|name| value("70009", name));
        assert_eq!(missing, [None, None, None]);
        assert_eq!(value("70009", "BIG"), Some(Value::Integer(-4)));
    }

    #[test]
    fn code_pages_are_respected() {
        let text =
            |code_page, bytes: &[u8]| decode(bytes, code_page).map_err(|error| error.to_string());
        assert_eq!(text(0, b"Z\xfcrich").as_deref(), Ok("Zürich"));
        assert_eq!(text(0x57, b"\x80").as_deref(), Ok("€"));
        assert_eq!(text(1, b"\x81").as_deref(), Ok("ü"));
        assert_eq!(text(0xc8, "Zürich".as_bytes()).as_deref(), Ok("Zürich"));
        assert!(text(0xc8, b"\xfc").is_err());
    }

    #[test]
    fn a_file_cut_short_is_an_error() {
        let whole = file(0, &[("ID", b'N', 4, 0)], &[b"    1", b"    2"]);
        assert!(read(&whole).is_ok());
        assert!(read(&whole[..whole.len() - 3]).is_err());
        assert!(read(b"not a table").is_err());
    }

    #[test]
    fn whole_numbers_in_fields_with_decimals_are_ids_without_a_point() {
        let table = read(&file(0, &[("ID", b'N', 8, 2)], &[b"    12.00"])).expect("a table");
        let table = by_catchment(table, "ID").expect("ids");
        assert!(table.has(&CatchmentId::new("12")));
    }
}
