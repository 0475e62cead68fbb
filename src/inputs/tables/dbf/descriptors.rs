//! The fields of a dBASE table, from the descriptors in its header.
//!
//! A descriptor states a name, a type and a width; where a field is in a record follows from the widths of those before it.
//! Whether all that fits the records is checked here, since otherwise every number would be read from the wrong bytes.

use anyhow::{Result, ensure};

use crate::inputs::tables::code_page::CodePage;
use crate::inputs::tables::dbf::field::{DbfField, FieldKind};

/// The length of a descriptor.
const LENGTH: usize = 32;

/// What a table's header says of all its records.
pub(super) struct RecordLayout<'a> {
    /// Their length, with the byte that says whether they are deleted.
    pub length: usize,
    /// Whether Visual FoxPro wrote it, which has null flags and further types.
    pub is_foxpro: bool,
    /// How its text is encoded.
    pub code_page: &'a CodePage,
}

/// The fields with their names, from what follows the first 32 bytes of the header.
pub(super) fn fields(header: &[u8], layout: &RecordLayout<'_>) -> Result<Vec<(String, DbfField)>> {
    let mut reader = DescriptorReader {
        layout,
        begin: 1,
        bits: 0,
    };
    let mut fields = Vec::new();
    let mut null_flags = None;
    let mut length = 0;
    let descriptors =
        (header.chunks_exact(LENGTH)).take_while(|descriptor| !matches!(descriptor[0], 0 | b'\r'));
    for descriptor in descriptors {
        length += LENGTH;
        let (name, field) = reader.read(descriptor)?;
        match descriptor[11] {
            b'0' if layout.is_foxpro => null_flags = Some(field),
            _ => fields.push((name, field)),
        }
    }
    match null_flags {
        Some(flags) => {
            ensure!(
                reader.bits <= (flags.end - flags.begin) * 8,
                "its null flags are too short for its fields"
            );
            fields
                .iter_mut()
                .for_each(|(_, field)| field.flags_begin = flags.begin);
        }
        None => fields
            .iter_mut()
            .for_each(|(_, field)| (field.null_bit, field.length_bit) = (None, None)),
    }
    let is_ended = header.get(length) == Some(&b'\r');
    let end = reader.begin;
    ensure!(
        end == layout.length || (is_ended && end < layout.length),
        "its fields have {} bytes, and its records {}",
        end - 1,
        layout.length - 1
    );
    // Were the records to begin earlier than it says, all would be read from the wrong bytes.
    let behind = header.get(length + 1..).unwrap_or_default();
    ensure!(
        layout.is_foxpro || !is_ended || behind.iter().all(|&byte| byte == 0),
        "the length of its header does not fit its fields"
    );
    Ok(fields)
}

/// Reads one descriptor after the other.
struct DescriptorReader<'a> {
    layout: &'a RecordLayout<'a>,
    /// Where in a record the next field begins.
    begin: usize,
    /// How many null flags the fields so far have.
    bits: usize,
}

impl DescriptorReader<'_> {
    /// The next field and its name.
    fn read(&mut self, descriptor: &[u8]) -> Result<(String, DbfField)> {
        let is_foxpro = self.layout.is_foxpro;
        let name = &descriptor[..11];
        let name = name[..memchr::memchr(0, name).unwrap_or(name.len())].trim_ascii();
        // One that can't be decoded can't be in a project file either.
        let name = (self.layout.code_page.decode(name))
            .unwrap_or_else(|_| name.escape_ascii().to_string());
        let kind = descriptor[11].to_ascii_uppercase();
        // Long text keeps the high byte of its length where numbers have their decimals.
        let high = match kind {
            b'C' => usize::from(descriptor[17]) << 8,
            _ => 0,
        };
        let (begin, end) = (self.begin, self.begin + usize::from(descriptor[16]) + high);
        ensure!(
            end <= self.layout.length,
            "its fields are longer than its records"
        );
        if is_foxpro {
            let place = [12, 13, 14, 15].map(|at| descriptor[at]);
            let place = u32::from_le_bytes(place) as usize;
            ensure!(
                place == 0 || place == begin,
                "field {name} is at byte {begin} of a record by the widths of the fields before it, and at {place} by its own \
                 description"
            );
        }
        let kind_of_values = FieldKind::of(kind, end - begin, descriptor[17], is_foxpro);
        let mut field = DbfField::new(kind_of_values, begin, end);
        // A bit tells of each field of varying length whether it has one, of each that may be null whether it is; in this order.
        if is_foxpro {
            field.length_bit = self.bit(matches!(kind, b'V' | b'Q'));
            field.null_bit = self.bit(descriptor[18] & 0x02 != 0);
        }
        self.begin = end;
        Ok((name, field))
    }

    /// The next null flag, if the field has one.
    fn bit(&mut self, is_there: bool) -> Option<usize> {
        is_there.then(|| {
            self.bits += 1;
            self.bits - 1
        })
    }
}
