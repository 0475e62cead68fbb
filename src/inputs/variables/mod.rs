//! The variables of a file, of HDF5 those at its root, with the dimensions that netCDF gives them.
//!
//! netCDF-4 keeps named dimensions as HDF5 dimension scales; plain HDF5 files have none, and then all that is known of an
//! axis is its length. Both are one type here, [`Dim`]. This module knows nothing of catchments and time.

pub(super) mod content;

use std::path::Path;

use anyhow::{Context, bail};
use hdf5::types::VarLenArray;
use hdf5::{Dataset, File, LocationToken, LocationType, ObjectReference1, ReferencedObject};

use crate::inputs::classic::{self, Classic, Type};
use crate::inputs::conventions::attributes::{self, TableAttributes, Usual};
use crate::inputs::conventions::decoding::DecodedValues;
use crate::inputs::hdf::types::{self, ElementKind};
use crate::inputs::number::Stored;
use crate::inputs::variables::content::VariableContent;

/// What netCDF-4 puts into the name of a dimension that has no variable.
const ONLY_A_DIMENSION: &str = "This is a netCDF dimension but not a netCDF variable";

/// What netCDF-4 puts before the name of a variable that is named like a dimension but is none.
const NO_COORDINATE: &str = "_nc4_non_coord_";

/// An axis of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dim {
    /// The dimension's name, if the file names it.
    pub name: Option<String>,
    /// How many elements there are along it.
    pub length: usize,
}

impl Dim {
    /// Whether both can be the same dimension: the same name, or where one has no name, the same length.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        match (&self.name, &other.name) {
            (Some(name), Some(other)) => name == other,
            _ => self.length == other.length,
        }
    }
}

/// A variable at the root of a file.
#[derive(Clone, Debug)]
pub(crate) struct FileVariable {
    /// The name, as netCDF shows it.
    pub name: String,
    /// What it holds.
    pub kind: ElementKind,
    /// Its axes.
    pub dims: Vec<Dim>,
    /// Whether it is the coordinate variable of its first dimension.
    pub coordinate: bool,
    /// Its attributes and values.
    pub content: VariableContent,
}

impl FileVariable {
    /// A text attribute, `None` if missing or empty.
    pub(super) fn text(&self, attribute: &str) -> Option<String> {
        self.content.text(attribute)
    }

    /// Whether it is a list of texts: one dimension of text, or the two of a netCDF character array.
    pub(super) fn is_text_list(&self) -> bool {
        match self.dims.len() {
            1 => self.kind.is_text(),
            2 => self.is_characters(),
            _ => false,
        }
    }

    /// Whether it is a netCDF character array, whose last dimension is the length of the texts.
    pub(super) fn is_characters(&self) -> bool {
        self.dims.len() == 2 && self.kind == ElementKind::FixedText(1)
    }

    /// The texts of a [text list](Self::is_text_list), `None` where one is missing.
    pub(super) fn read_texts(&self) -> anyhow::Result<Vec<Option<String>>> {
        let marks = self.content.text_marks()?;
        if !self.is_characters() {
            let texts = self.content.texts()?;
            return Ok(texts.into_iter().map(|text| marks.apply(text)).collect());
        }
        let width = self.dims[1].length;
        if width == 0 {
            return Ok(vec![None; self.dims[0].length]);
        }
        let characters = self.content.characters()?;
        let text = |characters: &[u8]| marks.apply(types::text(marks.trimmed(characters)));
        Ok(characters.chunks_exact(width).map(text).collect())
    }

    /// The type of its numbers; an error if it has none.
    pub(super) fn stored(&self) -> anyhow::Result<Stored> {
        match self.kind {
            ElementKind::Number(stored) => Ok(stored),
            _ => bail!("it does not hold numbers"),
        }
    }

    /// Its values, if they are numbers, and the relative precision that their type has.
    pub(super) fn read_numbers(&self) -> anyhow::Result<(DecodedValues, f64)> {
        let stored = self.stored()?;
        let decoding = self.content.decoding(stored)?;
        let values = if stored.is_whole() {
            decoding.values(self.content.whole()?)?
        } else {
            let mut numbers = self.content.numbers()?;
            decoding.apply_all(&mut numbers);
            DecodedValues::Real(numbers)
        };
        Ok((values, decoding.precision))
    }

    /// The values of whole numbers, or of the only column of such in a table; `None` if it is neither.
    pub(super) fn read_whole_column(&self) -> anyhow::Result<Option<DecodedValues>> {
        if self.kind.is_whole() {
            return Ok(Some(self.read_numbers()?.0));
        }
        let VariableContent::Hdf5(table) = &self.content else {
            return Ok(None);
        };
        let fields = types::fields(table)?;
        let whole: Vec<_> = fields.iter().filter(|f| f.kind.is_whole()).collect();
        let [field] = whole.as_slice() else {
            return Ok(None);
        };
        let ElementKind::Number(stored) = field.kind else {
            return Ok(None);
        };
        let decoding = TableAttributes::of(table, Usual::default())?.decoding(stored)?;
        match types::columns(table, &[field])?.pop() {
            Some(types::FieldValues::Whole(stamps)) => Ok(Some(decoding.values(stamps)?)),
            _ => Ok(None),
        }
    }
}

/// Where a dataset really is: the number of an open file, as links may lead to several, and its place there.
type Place = (u64, LocationToken);

fn place(dataset: &Dataset) -> hdf5::Result<Place> {
    let info = dataset.loc_info()?;
    Ok((info.fileno, info.token))
}

/// The variables of a file in a format other than HDF5, none of which leads to further files; `None` if it is in none of them.
pub(super) fn of_plain_format(path: &Path) -> anyhow::Result<Option<Vec<FileVariable>>> {
    Ok(match classic::is_classic(path)? {
        true => Some(of_classic(path)?),
        false => None,
    })
}

fn of_classic(path: &Path) -> anyhow::Result<Vec<FileVariable>> {
    let variable = |(name, classic): (String, Classic)| {
        let dim = |(name, length): &(String, usize)| Dim {
            name: Some(name.clone()),
            length: *length,
        };
        let dims: Vec<Dim> = classic.dims.iter().map(dim).collect();
        FileVariable {
            kind: match classic.ty {
                Type::Char => ElementKind::FixedText(1),
                Type::Number(stored) => ElementKind::Number(stored),
            },
            coordinate: dims
                .first()
                .is_some_and(|dim| dim.name.as_ref() == Some(&name)),
            name,
            dims,
            content: VariableContent::Classic(classic),
        }
    };
    Ok(classic::variables(path)?
        .into_iter()
        .map(variable)
        .collect())
}

/// Opens the datasets at the root among these names.
pub(super) fn of_hdf5(
    file: &File,
    path: &Path,
    names: &[String],
) -> anyhow::Result<Vec<FileVariable>> {
    let mut found = Vec::new();
    let mut scales: Vec<(Place, String)> = Vec::new();
    for name in names {
        if !matches!(file.loc_type_by_name(name), Ok(LocationType::Dataset)) {
            continue;
        }
        let dataset = (file.dataset(name))
            .with_context(|| format!("{}: the dataset `{name}` can't be opened", path.display()))?;
        let name = name.strip_prefix(NO_COORDINATE).unwrap_or(name).to_owned();
        let scale = attributes::text(&dataset, "CLASS").is_some_and(|c| c == "DIMENSION_SCALE");
        if scale {
            scales.push((place(&dataset)?, name.clone()));
        }
        found.push((name, dataset, scale));
    }
    let mut variables = Vec::with_capacity(found.len());
    for (name, dataset, scale) in found {
        let title = attributes::text(&dataset, "NAME");
        if scale && title.is_some_and(|title| title.starts_with(ONLY_A_DIMENSION)) {
            continue;
        }
        let about = || format!("{}: the dataset `{name}` can't be read", path.display());
        let shape = dataset.space().with_context(about)?.shape();
        let mut dims: Vec<Dim> = (shape.into_iter())
            .map(|length| Dim { name: None, length })
            .collect();
        if scale && let Some(first) = dims.first_mut() {
            first.name = Some(name.clone());
        } else {
            name_dims(&dataset, &scales, &mut dims);
        }
        variables.push(FileVariable {
            kind: types::kind(&dataset).with_context(about)?,
            coordinate: scale,
            name,
            dims,
            content: VariableContent::Hdf5(dataset),
        });
    }
    Ok(variables)
}

/// Names the axes after the dimension scales that are attached to them, as far as there are any.
fn name_dims(dataset: &Dataset, scales: &[(Place, String)], dims: &mut [Dim]) {
    let Ok(list) = dataset.attr("DIMENSION_LIST") else {
        return;
    };
    let Ok(axes) = list.read_raw::<VarLenArray<ObjectReference1>>() else {
        return;
    };
    for (dim, references) in dims.iter_mut().zip(&axes) {
        let Some(first) = references.first() else {
            continue;
        };
        if let Ok(ReferencedObject::Dataset(scale)) = dataset.dereference(first)
            && let Ok(place) = place(&scale)
        {
            let named = scales.iter().find(|(known, _)| *known == place);
            dim.name = named.map(|(_, name)| name.clone());
        }
    }
}
