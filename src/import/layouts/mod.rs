//! The layouts of series that people have: wide tables, long tables, a file for each catchment.
//!
//! Each names the catchments that it has and then gives access to their [`values`].

pub(super) mod files;
pub(super) mod ids;
mod long;
pub(super) mod reading;
mod staged;
pub(super) mod values;
pub(super) mod wide;

use anyhow::Result;

use crate::data::catchment::CatchmentId;
use crate::import::text::rows::ColumnNames;
use crate::project::import_spec::{SeriesSpec, SourceLayout};
use files::{Files, Pattern};
use long::Long;
use reading::Reading;
use values::SeriesRead;
use wide::Wide;

/// The file or files of a series, for messages.
pub(super) fn place(series: &SeriesSpec) -> String {
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
pub(super) enum SeriesSource<'a> {
    /// A column for each catchment.
    Wide(Box<Wide>),
    /// A row for each value.
    Long(Box<Long>),
    /// A file for each catchment, and the names of its columns.
    Files(Files, ColumnNames<'a>),
}

impl<'a> SeriesSource<'a> {
    /// Opens the file or files of a series.
    pub(super) fn open(series: &'a SeriesSpec, reading: &mut Reading<'_>) -> Result<Self> {
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
                time,
                value,
            } => {
                let pattern = Pattern {
                    folder,
                    prefix,
                    suffix,
                };
                let names = ColumnNames {
                    id: None,
                    time: time.as_deref(),
                    value,
                };
                Self::Files(pattern.files()?, names)
            }
        })
    }

    /// The catchments that it has.
    pub(super) fn ids(&self) -> &[CatchmentId] {
        match self {
            Self::Wide(wide) => wide.ids(),
            Self::Long(long) => long.ids(),
            Self::Files(files, _) => files.ids(),
        }
    }

    /// Reads the series of these catchments, all of which it has. `digest` asks for the digest of the file, where there is one
    /// and it is read anyway.
    pub(super) fn read(
        self,
        series: &SeriesSpec,
        catchments: &[CatchmentId],
        digest: bool,
        reading: &mut Reading<'_>,
    ) -> Result<SeriesRead> {
        let (stamps, staged) = match self {
            Self::Wide(wide) => return wide.read(catchments, digest, reading),
            Self::Long(long) => long.stage(catchments, reading.folder)?,
            Self::Files(files, names) => files.read(&names, &series.format, catchments, reading)?,
        };
        Ok(SeriesRead {
            stamps,
            values: Box::new(staged),
            digest: None,
        })
    }
}
