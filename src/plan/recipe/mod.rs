//! Everything that is the same for every catchment, bound to the names of the basin; and the rendering of one catchment.
//!
//! A [`Recipe`] is made once per run: every placeholder is checked against the existing parameters and series, and the
//! support files are hashed. [`Recipe::render`] then makes what one catchment's simulator will see, and the walk for the key
//! goes over exactly that. It neither writes files nor starts anything.

mod extraction;
pub(crate) mod names;
mod own;
mod programs;
mod refills;
mod rendered;
mod tables;
mod walks;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};

pub(crate) use self::own::Own;
pub(crate) use self::refills::{Refillable, Texts};
pub(crate) use self::rendered::{Parts, Rendered, RowChoice};
pub(crate) use self::walks::Trail;
use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::language::series_table::{BoundTable, RowPart};
use crate::plan::basin::{Basin, OWN_NAMES};
use crate::plan::deck::{self, Deck, DeckFile};
use crate::plan::file_digests::FileDigests;
use crate::plan::key::{Explanation, Hasher, Key, KeyPart, LongTexts, RawHasher, RawKey};
use crate::plan::problem::Problem;
use crate::plan::reads::Reads;
use crate::plan::recipe::names::{KnownNames, Names, STATE_TIME};
use crate::plan::support::SupportFile;
use crate::plan::watch::Watch;
use crate::project::output_format::OutputTime;
use crate::project::{Content, Project, ProjectError};

/// Everything that is the same for every catchment.
pub struct Recipe<'p> {
    project: &'p Project,
    /// A bound table for every simulator input that is one or has rows in the middle.
    tables: Vec<Option<BoundTable>>,
    /// The series columns that the tables use, indices into [`Basin::columns`].
    columns: Vec<usize>,
    /// The names of these columns.
    column_names: Vec<String>,
    /// The names that templates use.
    names: BTreeSet<String>,
    /// Those that the command, the environment and the output use.
    names_of_frame: BTreeSet<String>,
    /// Those that each simulator input uses.
    names_of_inputs: Vec<BTreeSet<String>>,
    /// Those that the rows in the middle of each simulator input use.
    names_of_rows: Vec<BTreeSet<String>>,
    /// Of the time steps, where there are any.
    time: Option<Digest>,
    explanation: Explanation,
    digest: Digest,
    /// The same without what is taken from outputs.
    raw_digest: Digest,
    /// Those that the paths of catchments' own files use.
    names_of_own: BTreeSet<String>,
    files: Arc<FileDigests>,
    /// The names that exist, for templates of catchments' own.
    known: KnownNames,
    /// The programs that only catchments' own files can bring along.
    own_programs: Vec<String>,
    /// The support files, and the programs unless they are among them or in the deck.
    support: Vec<(KeyPart, SupportFile)>,
    watch: Watch,
    reads: Reads,
    deck: Deck,
}

impl<'p> Recipe<'p> {
    /// Binds the project to the basin; `files` gives the digests of support files and the deck.
    pub fn new(project: &'p Project, basin: &Basin<'_>, files: &Arc<FileDigests>) -> Result<Self> {
        let known = Names::of(basin);
        let (names, used) = known.collect(project)?;
        let columns: Vec<usize> = (0..basin.columns.len())
            .filter(|&at| used.contains(&basin.columns[at].name))
            .collect();
        let column_names: Vec<String> = columns
            .iter()
            .map(|&at| basin.columns[at].name.clone())
            .collect();
        if basin.time().is_none() {
            check_rows(project)?;
        }
        let rows = project
            .simulator
            .inputs
            .iter()
            .map(|input| match &input.content {
                Content::Template { template, .. } => &known.of_rows(template) & &names,
                Content::OwnTemplate(_) | Content::Series(_) => BTreeSet::new(),
            });
        let mut recipe = Self {
            project,
            tables: tables::bind(project, &column_names, basin.time())?,
            columns,
            column_names,
            names_of_frame: names::of_frame(&project.simulator),
            names_of_inputs: (project.simulator.inputs.iter())
                .map(|input| &known.of_input(input) & &names)
                .collect(),
            names_of_rows: rows.collect(),
            names,
            time: basin.time().map(|time| Digest::of(&time.to_bytes())),
            names_of_own: names::of_own(&project.simulator),
            files: files.clone(),
            known: known.known(),
            own_programs: Vec::new(),
            support: Vec::new(),
            watch: Watch::default(),
            reads: Reads::default(),
            deck: Deck::default(),
            explanation: Explanation::default(),
            digest: Digest::of(b""),
            raw_digest: Digest::of(b""),
        };
        if let Some(listing) = deck::listing(&project.simulator)? {
            recipe.deck = Deck::digested(listing, files)?;
        }
        (recipe.support, recipe.own_programs) = recipe.support_and_programs()?;
        let mut digests = Vec::new();
        for (part, file) in &recipe.support {
            let (content, stamp) = files
                .get(&file.path)
                .with_context(|| format!("can't read the support file {}", file.path.display()))?;
            let digest = file.digest(&content);
            recipe.watch.add(file, digest, stamp);
            digests.push((part.clone(), digest));
        }
        recipe.reads = Reads::take(&project.simulator.fence.reads, &mut |path| {
            Ok(files.get(path)?.0)
        })?;
        digests.extend(recipe.reads.parts());
        digests.extend(recipe.deck.parts());
        let mut hasher = Hasher::new(None);
        recipe.walk_common(&digests, &mut hasher);
        recipe.digest = hasher.finish();
        let mut raw = RawHasher(Hasher::new(None));
        recipe.walk_common(&digests, &mut raw);
        recipe.raw_digest = raw.0.finish();
        let mut explanation = Explanation::default();
        recipe.walk_common(&digests, &mut explanation);
        recipe.explanation = explanation;
        Ok(recipe)
    }

    /// The support files, the program included, as they were when their digests were taken.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// What is read where it is, as it was when the digests were taken.
    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The deck, empty where there is none.
    pub fn deck(&self) -> &Deck {
        &self.deck
    }

    /// The files behind the common parts of the key: the support files, the program, the deck.
    pub fn files(&self) -> impl Iterator<Item = (KeyPart, &SupportFile)> {
        let support = (self.support.iter()).map(|(part, file)| (part.clone(), file));
        support.chain((self.deck.files.iter()).map(|DeckFile { file, .. }| (file.part(), file)))
    }

    /// The programs that only catchments' own files can bring along, as the project names them.
    pub(crate) fn own_programs(&self) -> &[String] {
        &self.own_programs
    }

    /// The digest of everything that is the same for every catchment.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The parts behind [`Self::digest`].
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }

    /// The series columns that the tables use, indices into [`Basin::columns`].
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Appends a series table, or a template's text with its rows; `columns` are those of [`Self::columns`], in that order.
    pub fn write_table(
        &self,
        input: usize,
        rendered: &Rendered,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        match &self.tables[input] {
            Some(table) => table
                .write(&rendered.values, columns, out)
                .map_err(|(part, error)| {
                    let content = &self.project.simulator.inputs[input].content;
                    Problem::Rendering(match content {
                        Content::Template { path, .. } => format!("{}: {error}", path.display()),
                        Content::OwnTemplate(_) | Content::Series(_) => {
                            format!("{}, {error}", RowPart::at(part))
                        }
                    })
                }),
            None => Ok(()),
        }
    }

    /// The key of one catchment's run; `series` are the digests of [`Self::columns`], in that order.
    pub fn key(&self, rendered: &Rendered, series: &[Digest]) -> Key {
        let mut hasher = Hasher::new(Some(&self.digest));
        self.walk(rendered, series, &mut hasher);
        Key(hasher.finish())
    }

    /// What determines all that the simulator of one catchment leaves, whatever is taken of it.
    pub fn raw_key(&self, rendered: &Rendered, series: &[Digest]) -> RawKey {
        let mut raw = RawHasher(Hasher::new(Some(&self.raw_digest)));
        self.walk(rendered, series, &mut raw);
        RawKey(raw.0.finish())
    }

    /// The parts behind the key of one catchment, without the common ones.
    pub fn explain(&self, rendered: &Rendered, series: &[Digest]) -> Explanation {
        let mut explanation = Explanation::default();
        self.walk(rendered, series, &mut explanation);
        explanation
    }

    /// The texts that the explanation of a catchment's own parts knows by their digests only.
    pub fn long_texts(&self, rendered: &Rendered, series: &[Digest]) -> Vec<Vec<u8>> {
        let mut texts = LongTexts::default();
        self.walk(rendered, series, &mut texts);
        texts.0.extend(rendered.own.template_texts());
        texts.0
    }

    /// The texts that [`Self::explanation`] knows by their digests only: templates, the time steps, what is long.
    pub fn common_texts(&self, basin: &Basin<'_>) -> Vec<Vec<u8>> {
        let mut texts = LongTexts::default();
        self.walk_common(&[], &mut texts);
        let mut texts = texts.0;
        texts.extend(basin.time().map(TimeAxis::to_bytes));
        for input in &self.project.simulator.inputs {
            if let Content::Template { template, .. } = &input.content {
                texts.push(template.source().as_bytes().to_vec());
            }
        }
        texts
    }

    /// The names that templates use.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The same without those that every project has: the names of parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &String> {
        let names = self.names.iter();
        names.filter(|name| !OWN_NAMES.contains(&name.as_str()))
    }

    /// The names of [`Self::columns`], as [`KeyPart::Series`] has them.
    pub fn column_names(&self) -> &[String] {
        &self.column_names
    }
}

/// Without time steps no output has a row for each of them.
fn check_rows(project: &Project) -> Result<(), ProjectError> {
    let outputs = &project.simulator.outputs;
    let Some(output) = (outputs.iter()).find(|output| output.axes.time == OutputTime::Steps) else {
        return Ok(());
    };
    let rule = format!(
        "should have a row for each time step of the project, and that has none. Say what its rows are: `time = \"none\"` beside \
         `file` if each column is a single number, `time = {{ start = \"1998-01-01\", step = \"1d\", steps = 365, name = \"day\" }}` there \
         for steps of its own; or {STATE_TIME}"
    );
    Err(project.error(&output.field, rule))
}
