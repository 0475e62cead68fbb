//! dBASE tables, written.

/// A table of dBASE III with fields of the given name, type, width and decimals, of which each record has the cells.
pub(crate) fn dbf<Cell: AsRef<[u8]>>(
    fields: &[(&str, char, usize, u8)],
    records: &[impl AsRef<[Cell]>],
) -> Vec<u8> {
    let length: usize = 1 + fields.iter().map(|field| field.2).sum::<usize>();
    let header = 33 + 32 * fields.len();
    let mut bytes = vec![3, 109, 1, 1];
    bytes.extend((records.len() as u32).to_le_bytes());
    bytes.extend((header as u16).to_le_bytes());
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend([0; 20]);
    for (name, kind, width, decimals) in fields {
        let mut field = [0; 32];
        field[..name.len()].copy_from_slice(name.as_bytes());
        (field[11], field[16], field[17]) = (*kind as u8, *width as u8, *decimals);
        bytes.extend(field);
    }
    bytes.push(b'\r');
    for record in records {
        bytes.push(b' ');
        for (cell, (_, kind, width, _)) in record.as_ref().iter().zip(fields) {
            let cell = cell.as_ref();
            let blanks = vec![b' '; width - cell.len()];
            match kind {
                'N' | 'F' => bytes.extend([blanks.as_slice(), cell].concat()),
                _ => bytes.extend([cell, blanks.as_slice()].concat()),
            }
        }
    }
    bytes.push(0x1a);
    bytes
}
