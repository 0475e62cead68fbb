//! Long tables: one row for each value, catchments and times in any mixture.
//!
//! Rows of one catchment may lie anywhere in a file larger than memory, so it takes two passes: the first parses blocks in
//! threads and parks each with its rows sorted by catchment; the second gathers the catchments one group after the other
//! and checks that each has all time steps, in order. What is held is one group and, per block, where each catchment begins.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::data::catchment::CatchmentId;
use crate::import::layouts::reading::{Reading, scratch_file};
use crate::import::layouts::staged::StagedSeries;
use crate::import::stamps::{Steps, differ};
use crate::import::text::cells::name;
use crate::import::text::fault::RowFault;
use crate::import::text::rows::{ColumnNames, RowReader};
use crate::import::text::{Text, TextBlock};
use crate::project::import_spec::TextFormat;
use crate::system::parallel::ordered;

/// Bytes of a parked row: time, value, line.
const ROW: usize = 24;

/// How many bytes of rows are gathered at a time.
const GROUP: u64 = 64 << 20;

/// The rows of one catchment within one block.
struct Stretch {
    catchment: usize,
    offset: u64,
    rows: usize,
}

/// A long table after its first pass.
pub(crate) struct Long {
    path: PathBuf,
    file: File,
    length: u64,
    ids: Vec<CatchmentId>,
    positions: HashMap<CatchmentId, usize>,
    /// For each block, by catchment.
    blocks: Vec<Vec<Stretch>>,
    rows: Vec<usize>,
}

/// A block after parsing: for each catchment in it, its rows.
type Parsed = Vec<(CatchmentId, Vec<u8>)>;

impl Long {
    /// Reads the whole table.
    pub(crate) fn read(
        path: &Path,
        names: &ColumnNames<'_>,
        format: &TextFormat,
        reading: &mut Reading<'_>,
    ) -> Result<Self> {
        let mut text = Text::open(path)?;
        let reader = RowReader::new(path, &mut text, names, format)?;
        let mut long = Self {
            path: path.to_owned(),
            file: scratch_file(reading.folder)?,
            length: 0,
            ids: Vec::new(),
            positions: HashMap::new(),
            blocks: Vec::new(),
            rows: Vec::new(),
        };
        let blocks = text.blocks().inspect(|block| {
            (reading.tick)(block.as_ref().map_or(0, |block| block.bytes.len()));
        });
        ordered(
            reading.threads,
            blocks,
            &|block| parse(&reader, &block),
            &mut |parsed| long.park(parsed),
        )?;
        if long.ids.is_empty() {
            bail!("{}: the file has no rows", path.display());
        }
        Ok(long)
    }

    /// The catchments, in the order in which they first appear.
    pub(crate) fn ids(&self) -> &[CatchmentId] {
        &self.ids
    }

    fn park(&mut self, parsed: Parsed) -> Result<()> {
        let mut stretches = Vec::with_capacity(parsed.len());
        let mut bytes = Vec::new();
        for (id, rows) in parsed {
            let next = self.ids.len();
            let catchment = *self.positions.entry(id.clone()).or_insert(next);
            if catchment == next {
                self.ids.push(id);
                self.rows.push(0);
            }
            stretches.push(Stretch {
                catchment,
                offset: self.length + bytes.len() as u64,
                rows: rows.len() / ROW,
            });
            self.rows[catchment] += rows.len() / ROW;
            bytes.extend_from_slice(&rows);
        }
        stretches.sort_by_key(|stretch| stretch.catchment);
        self.blocks.push(stretches);
        self.length += bytes.len() as u64;
        (self.file.write_all(&bytes)).context("can't write the scratch file: is the disk full?")
    }

    /// The values of these catchments, all of which the table has; all must have the same time steps.
    pub(crate) fn stage(
        self,
        catchments: &[CatchmentId],
        folder: &Path,
    ) -> Result<(Vec<i64>, StagedSeries)> {
        let mut staged = StagedSeries::new(folder)?;
        let mut common: Option<(&CatchmentId, Vec<i64>)> = None;
        let mut rest = catchments;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |id: &&CatchmentId| {
                let before = bytes;
                bytes += (self.rows[self.positions[*id]] * ROW) as u64;
                before == 0 || bytes <= GROUP
            };
            let (group, after) = rest.split_at(rest.iter().take_while(fits).count());
            rest = after;
            for (id, rows) in group.iter().zip(self.gather(group)?) {
                let values = self.series(id, &rows, &mut common)?;
                staged.push(&values)?;
            }
        }
        Ok((common.map(|(_, stamps)| stamps).unwrap_or_default(), staged))
    }

    /// The rows of some catchments, in the order of the file.
    fn gather(&self, group: &[CatchmentId]) -> Result<Vec<Vec<u8>>> {
        let wanted: Vec<usize> = group.iter().map(|id| self.positions[id]).collect();
        let mut gathered: Vec<Vec<u8>> = wanted
            .iter()
            .map(|&catchment| Vec::with_capacity(self.rows[catchment] * ROW))
            .collect();
        for block in &self.blocks {
            for (rows, catchment) in gathered.iter_mut().zip(&wanted) {
                let found = block.binary_search_by_key(catchment, |stretch| stretch.catchment);
                let Ok(at) = found else { continue };
                let from = rows.len();
                rows.resize(from + block[at].rows * ROW, 0);
                (self.file.read_exact_at(&mut rows[from..], block[at].offset))
                    .context("can't read the scratch file back")?;
            }
        }
        Ok(gathered)
    }

    /// The values of one catchment after a look at its times.
    fn series<'c>(
        &self,
        id: &'c CatchmentId,
        rows: &[u8],
        common: &mut Option<(&'c CatchmentId, Vec<i64>)>,
    ) -> Result<Vec<f64>> {
        let mut steps = Steps::default();
        let (mut values, mut lines) = (Vec::new(), Vec::new());
        let words: Vec<[u8; 8]> = rows.as_chunks::<8>().0.to_vec();
        for row in words.chunks_exact(3) {
            let line = u64::from_le_bytes(row[2]);
            steps.push(i64::from_le_bytes(row[0])).map_err(|message| {
                RowFault::new(&self.path, line, format!("catchment {id}: {message}"))
            })?;
            values.push(f64::from_le_bytes(row[1]));
            lines.push(line);
        }
        let stamps = steps.into_stamps();
        match common {
            None => *common = Some((id, stamps)),
            Some((first, others)) => {
                if let Some((at, message)) = differ(&stamps, others) {
                    let line = lines.get(at).or(lines.last()).copied().unwrap_or(1);
                    let message = format!("catchment {id}: {message} for catchment {first}");
                    return Err(RowFault::new(&self.path, line, message).into());
                }
            }
        }
        Ok(values)
    }
}

fn parse(reader: &RowReader, block: &TextBlock) -> Result<Parsed> {
    // By name, not by bytes: an id may be quoted in some rows only. Rows of one catchment often come together.
    let mut found: HashMap<CatchmentId, usize> = HashMap::new();
    let mut last: (&[u8], usize) = (b"", 0);
    let mut parsed: Parsed = Vec::new();
    for (number, line) in block.lines() {
        let row = reader.row(number, line)?;
        if row.id != last.0 {
            let id = CatchmentId::of_cell(&name(row.id));
            let at = *found.entry(id.clone()).or_insert_with(|| {
                parsed.push((id, Vec::new()));
                parsed.len() - 1
            });
            last = (row.id, at);
        }
        let at = last.1;
        let rows = &mut parsed[at].1;
        rows.extend_from_slice(&row.stamp.to_le_bytes());
        rows.extend_from_slice(&row.value.to_le_bytes());
        rows.extend_from_slice(&number.to_le_bytes());
    }
    Ok(parsed)
}
