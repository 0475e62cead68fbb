//! The series of one catchment with what is made of them: read once for all scenarios that want them, digested once, printed once.
//!
//! Scenarios mostly differ in parameters, and what a simulator gets of the weather is the same in all of them. The first job that
//! needs something makes it, the others find it. Nothing here is ever changed: every simulator gets a file of its own, so what one does
//! to its input no other sees, and what is written is what was digested. With the last job of a catchment all of it is gone.
//!
//! It knows neither keys nor files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::data::digest::Digest;
use crate::plan::problem::Problem;
use crate::plan::recipe::{Recipe, Rendered};
use crate::plan::series;
use crate::store::codec::{self, Encoded};

/// A text, or why it can't be printed.
type Text = Result<Arc<Vec<u8>>, Problem>;

/// A text that whoever comes first prints, with the digest of what it is made from.
type PrintedOnce = (Digest, Arc<OnceLock<Text>>);

/// The series columns that the simulator of one catchment gets.
#[derive(Debug, Default)]
pub(crate) struct Forcing {
    columns: Vec<Vec<f64>>,
    digests: OnceLock<Vec<Digest>>,
    encoded: Vec<OnceLock<Encoded>>,
    /// Whether several jobs have it.
    is_shared: bool,
    /// The text that was made last of each simulator input.
    texts: Mutex<BTreeMap<usize, PrintedOnce>>,
}

impl Forcing {
    /// For a single job.
    pub(crate) fn new(columns: Vec<Vec<f64>>) -> Self {
        Self {
            encoded: columns.iter().map(|_| OnceLock::new()).collect(),
            columns,
            ..Self::default()
        }
    }

    /// For several.
    pub(crate) fn shared(columns: Vec<Vec<f64>>) -> Self {
        Self {
            is_shared: true,
            ..Self::new(columns)
        }
    }

    /// The digest of each column.
    pub(crate) fn digests(&self) -> &[Digest] {
        self.digests.get_or_init(|| series::digests(&self.columns))
    }

    /// A column as it is stored, under this name.
    pub(crate) fn encoded(&self, column: usize, name: &str) -> Encoded {
        let encode = || codec::encode(name, &self.columns[column]);
        Encoded {
            name: name.to_owned(),
            ..self.encoded[column].get_or_init(encode).clone()
        }
    }

    /// An output column as it is stored. Simulators hand on what they were given: where that is encoded already, or will be wanted
    /// again, it is looked for.
    pub(crate) fn encode(&self, name: &str, values: &[f64]) -> Encoded {
        let mut columns = self.columns.iter().zip(&self.encoded);
        let place = columns.position(|(column, encoded)| {
            (self.is_shared || encoded.get().is_some()) && is_same(column, values)
        });
        match place {
            Some(column) => self.encoded(column, name),
            None => codec::encode(name, values),
        }
    }

    /// Prints a simulator input that has rows, where no other job will want it.
    pub(crate) fn print(
        &self,
        input: usize,
        recipe: &Recipe<'_>,
        rendered: &Rendered,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let columns: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        recipe.write_table(input, rendered, &columns, out)
    }

    /// The text of a simulator input that has rows, if other jobs may want the same.
    pub(crate) fn printed(
        &self,
        input: usize,
        recipe: &Recipe<'_>,
        rendered: &Rendered,
    ) -> Option<Text> {
        if !self.is_shared {
            return None;
        }
        let source = recipe.table_source(input, rendered);
        let text = {
            let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            let last = texts
                .entry(input)
                .or_insert_with(|| (source, Arc::default()));
            if last.0 != source {
                *last = (source, Arc::default());
            }
            last.1.clone()
        };
        // Not under the lock: scenarios whose tables differ are printed side by side.
        let print = || {
            let mut out = Vec::new();
            self.print(input, recipe, rendered, &mut out)
                .map(|()| Arc::new(out))
        };
        Some(text.get_or_init(print).clone())
    }
}

/// Whether two columns have the same bits; nearly always the first step tells.
fn is_same(one: &[f64], other: &[f64]) -> bool {
    let mut both = one.iter().zip(other);
    one.len() == other.len() && both.all(|(one, other)| one.to_bits() == other.to_bits())
}
