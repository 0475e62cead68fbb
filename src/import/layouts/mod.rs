//! The layouts of series that people have: wide tables, long tables, a file for each catchment.
//!
//! Each tells which catchments it has and then hands on [`values`](crate::import::layouts::values), to be fetched by catchment.

pub(super) mod files;
pub(super) mod ids;
mod long;
pub(super) mod reading;
mod staged;
pub(super) mod values;
mod wide;

use anyhow::Result;

use crate::data::catchment::CatchmentId;
use crate::import::memo::Memo;
use crate::import::text::rows::ColumnNames;
use crate::project::import_spec::{SeriesSpec, SourceLayout};
use files::{Files, Pattern};
use long::Long;
use reading::Reading;
use values::SeriesValues;
use wide::Wide;

/// The file or files of a series, for messages.
pub fn place(series: &SeriesSpec) -> String {
    match &series.layout {
        SourceLayout::Wide { path, .. } | SourceLayout::Long { path, .. } => {
            path.display().to_string()
        }
        SourceLayout::Files {
            folder,
            prefix,
            suffix,
            ..
        } => folder
            .join(format!("{prefix}{{id}}{suffix}"))
            .display()
            .to_string(),
    }
}

/// A series whose catchments are known, and whose values are not read or still unordered.
pub enum SeriesSource {
    Wide(Box<Wide>),
    Long(Box<Long>),
    Files(Files),
}

impl SeriesSource {
    /// Opens the file or files of a series.
    pub fn open(series: &SeriesSpec, reading: &mut Reading<'_>) -> Result<Self> {
        let format = &series.format;
        Ok(match &series.layout {
            SourceLayout::Wide {
                path,
                ids,
                time_columns,
            } => {
                let wide = Wide::open(path, ids.as_ref(), *time_columns, format)?;
                Self::Wide(Box::new(wide))
            }
            SourceLayout::Long {
                path,
                id,
                time,
                value,
            } => {
                let names = ColumnNames {
                    id: Some(id),
                    time: time.as_deref(),
                    value,
                };
                let long = Long::read(path, &names, format, reading)?;
                Self::Long(Box::new(long))
            }
            SourceLayout::Files {
                folder,
                prefix,
                suffix,
                ..
            } => Self::Files(
                Pattern {
                    folder,
                    prefix,
                    suffix,
                }
                .files()?,
            ),
        })
    }

    /// The catchments that it has.
    pub fn ids(&self) -> &[CatchmentId] {
        match self {
            Self::Wide(wide) => wide.ids(),
            Self::Long(long) => long.ids(),
            Self::Files(files) => files.ids(),
        }
    }

    /// The time steps, and the values of these catchments, all of which it has.
    pub fn read(
        self,
        series: &SeriesSpec,
        catchments: &[CatchmentId],
        memo: &mut Memo,
        reading: &mut Reading<'_>,
    ) -> Result<(Vec<i64>, Box<dyn SeriesValues>)> {
        let parked = match (self, &series.layout) {
            (Self::Wide(wide), SourceLayout::Wide { path, .. }) => {
                let read = wide.read(catchments, memo.lacks(path), reading)?;
                if let Some(digest) = read.digest {
                    memo.learn(path, digest);
                }
                return Ok((read.stamps, read.values));
            }
            (Self::Long(long), _) => long.stage(catchments, reading.folder)?,
            (Self::Files(files), SourceLayout::Files { time, value, .. }) => {
                let names = ColumnNames {
                    id: None,
                    time: time.as_deref(),
                    value,
                };
                files.read(&names, &series.format, catchments, reading)?
            }
            (Self::Wide(_) | Self::Files(_), _) => {
                unreachable!("a series is opened as its layout says")
            }
        };
        Ok((parked.0, Box::new(parked.1)))
    }
}
