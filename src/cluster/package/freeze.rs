//! Making a package: what a study reads is copied as it is now, and what the copy means is compared with what was planned.
//!
//! Base names stay, since a support file's name in the work directory comes from it and a template's tells whether it is XML; so recipes
//! and keys of the frozen study are those of the original, and whatever changed between plan and copy shows as a difference.
//!
//! An input is not copied but linked to, where it is on the same file system and needs no other file beside it: what is then put in its
//! place leaves the linked one as it was. Any other is read where it is, and so is one that is changed in place: keys tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;

use super::Package;
use super::copies::Copies;
use super::manifest::{FrozenRecipe, Manifest, Occasion};
use super::tree::{DeckContents, TreeCopier, make};
use crate::cluster::ids::PackageId;
use crate::cluster::shared_folder;
use crate::data::catchment::CatchmentId;
use crate::execute::origin::recipe_parts;
use crate::import;
use crate::inputs::{CatchmentSource, Linked, tables};
use crate::plan::environment;
use crate::plan::input_index;
use crate::plan::key::Explanation;
use crate::plan::loaded::LoadedStudy;
use crate::project::{Content, DeckPlace, Study};
use crate::store::Store;
use crate::system::folder::{self, remove};
use crate::system::machine;
use crate::system::stamp::Stamp;

/// The program that is running, whatever is in its place by now.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Makes a package of a loaded study in the folder of all packages: complete and on the disk, but for batches.
///
/// The caller holds the heads' lock. In the store, what is known of the inputs is told of the links to them.
///
/// # Errors
/// If something can't be copied, or is not what it was when the study was loaded. Nothing is left behind then.
pub(crate) fn freeze(
    packages: &Path,
    study: &Study,
    loaded: &LoadedStudy<'_>,
    store: &mut Store,
    occasion: Occasion<'_>,
) -> Result<(Package, Manifest)> {
    let id = PackageId::random();
    let package = Package::at(packages.join(id.as_str()));
    let made = fill(&package, packages, study, loaded).and_then(|files| {
        let mut manifest = describe(id, study, loaded, occasion, files)?;
        compare(&package, &manifest, study, loaded)?;
        loaded.expect_unchanged_input()?;
        if *loaded.linked() == Linked::default() {
            link_inputs(&package, &mut manifest, study, store)?;
        }
        shared_folder::sync(package.folder())?;
        manifest.write(&package.manifest())?;
        shared_folder::sync(packages)?;
        Ok(manifest)
    });
    match made {
        Ok(manifest) => Ok((package, manifest)),
        Err(error) => {
            remove(package.folder()).ok();
            Err(error)
        }
    }
}

/// Makes the folder and copies into it what the study reads but for its inputs; where each is, by the path that the study has.
fn fill(
    package: &Package,
    packages: &Path,
    study: &Study,
    loaded: &LoadedStudy<'_>,
) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut copies = Copies::beside(packages)?;
    let files = package.files();
    for folder in [
        package.folder(),
        &files,
        &package.incoming(),
        &package.claims(),
        &package.batches(),
        &package.scripts(),
        &package.logs(),
        &package.evidence(),
    ] {
        make(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    copies.put(Path::new(OWN_PROGRAM), &package.binary())?;
    let mut frozen = Vec::new();
    let mut place = |path: &Path| -> Result<PathBuf> {
        let folder = files.join(frozen.len().to_string());
        make(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        let name = path.file_name();
        let name = name.with_context(|| format!("{} has no name of its own", path.display()))?;
        let place = folder.join(name);
        frozen.push((path.to_owned(), package.inner(&place)?));
        Ok(place)
    };
    for path in own_files(study, loaded) {
        let to = place(path)?;
        copies.put(path, &to)?;
        // A table's code page is stated by a file beside it.
        for beside in tables::beside(path) {
            if let (true, Some(name)) = (beside.exists(), beside.file_name()) {
                copies.put(&beside, &to.with_file_name(name))?;
            }
        }
        shared_folder::sync(folder::of(&to))?;
    }
    let project = study.common();
    // The folder may have others by the time that a task looks.
    if let CatchmentSource::Folder(folder) = &project.input.catchments
        && let Some(scenario) = loaded.list.first()
    {
        let all = scenario.basin.catalog().catchments.iter();
        let ids: Vec<&CatchmentId> = all.map(|entry| &entry.id).collect();
        let list = serde_json::to_vec(&ids).context("can't put down the catchments")?;
        let to = place(&folder.list_of_its_catchments(&project.root))?;
        shared_folder::write(&to, |file| file.write_all(&list))?;
    }
    let simulator = &project.simulator;
    for support in &simulator.support {
        let to = place(&support.path)?;
        let mut copier = TreeCopier {
            copies: &mut copies,
            exclude: &simulator.support_exclude,
            cache: project.cache(),
        };
        copier.copy(&support.path, &support.name, &to)?;
        shared_folder::sync(folder::of(&to))?;
    }
    if let Some(DeckPlace::Common(path)) = simulator.deck.as_ref().map(|deck| &deck.place) {
        // Scenarios may replace other files of it.
        let mut contents = DeckContents::default();
        for scenario in &loaded.list {
            contents.add(scenario.recipe.deck());
        }
        let to = place(path)?;
        contents.copy(&mut copies, &to)?;
        shared_folder::sync(folder::of(&to))?;
    }
    freeze_own_files(package, loaded, &mut copies, &mut frozen)?;
    shared_folder::sync(&files)?;
    Ok(frozen)
}

/// Copies what catchments have for themselves: all of them, as what is ordered later may come into the same package.
fn freeze_own_files(
    package: &Package,
    loaded: &LoadedStudy<'_>,
    copies: &mut Copies,
    frozen: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<()> {
    let mut with_own = (loaded.list.iter())
        .filter(|scenario| scenario.recipe.has_own_files())
        .peekable();
    if with_own.peek().is_none() {
        return Ok(());
    }
    let folder = package.files().join("own");
    make(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    for scenario in with_own {
        let simulator = &scenario.project.simulator;
        for catchment in 0..scenario.basin.catchments().len() {
            // One that can't be rendered can't be ordered either.
            let Ok(rendered) = scenario.recipe.render(&scenario.basin, catchment) else {
                continue;
            };
            let own = &rendered.own;
            for (named, source) in &own.named {
                let name = source.file_name();
                let name = name.with_context(|| format!("{} has no name", source.display()))?;
                if !known.insert(named.clone()) {
                    continue;
                }
                // The name at the end tells what kind of file it is.
                let name = format!("{}-{}", known.len(), name.to_string_lossy());
                let to = folder.join(name);
                match own.links.iter().find(|link| link.path == *source) {
                    Some(link) => {
                        let mut copier = TreeCopier {
                            copies: &mut *copies,
                            exclude: &simulator.support_exclude,
                            cache: scenario.project.cache(),
                        };
                        copier.copy(source, &link.name, &to)?;
                    }
                    // A template.
                    None if source.is_file() => copies.put(source, &to)?,
                    None => {
                        let deck = simulator.deck.as_ref();
                        let exclude = deck.map_or(&[][..], |deck| &deck.exclude);
                        DeckContents::of_folder(source, exclude)?.copy(copies, &to)?;
                    }
                }
                frozen.push((named.clone(), package.inner(&to)?));
            }
        }
    }
    shared_folder::sync(&folder)
}

/// The templates, tables and samples of the loaded scenarios, each once.
fn own_files<'a>(study: &'a Study, loaded: &'a LoadedStudy<'_>) -> BTreeSet<&'a Path> {
    let mut files: BTreeSet<&Path> = BTreeSet::new();
    for scenario in &loaded.list {
        let inputs = scenario.project.simulator.inputs.iter();
        files.extend(inputs.filter_map(|input| match &input.content {
            Content::Template { path, .. } => Some(path.as_path()),
            Content::OwnTemplate(_) | Content::Series(_) => None,
        }));
        let tables = scenario.project.tables.iter();
        files.extend(tables.map(|table| table.path.as_path()));
    }
    files.extend(study.samples.iter().map(|(path, _)| path.as_path()));
    files
}

/// The manifest of a study whose files are frozen.
fn describe(
    id: PackageId,
    study: &Study,
    loaded: &LoadedStudy<'_>,
    occasion: Occasion<'_>,
    files: Vec<(PathBuf, PathBuf)>,
) -> Result<Manifest> {
    let project = study.common();
    let mut recipes: Vec<FrozenRecipe> = Vec::new();
    let mut scenarios = BTreeMap::new();
    let mut known: BTreeMap<Arc<[u8]>, u32> = BTreeMap::new();
    for scenario in &loaded.list {
        let recipe = &scenario.recipe;
        let parts = recipe_parts(scenario)?;
        // The parts tell more than the digest: the texts of templates as well.
        let place = *known.entry(parts.clone()).or_insert_with(|| {
            recipes.push(FrozenRecipe {
                digest: *recipe.digest(),
                parts,
            });
            (recipes.len() - 1) as u32
        });
        scenarios.insert(scenario.project.scenario.name.clone(), place);
    }
    Ok(Manifest {
        id,
        created: Timestamp::now().as_second(),
        purpose: occasion.purpose,
        spec: occasion.spec.clone(),
        root: project.root.clone(),
        text: project.text().to_owned(),
        scenarios,
        recipes,
        files,
        passed: environment::passed(&project.simulator),
        head: machine::this().clone(),
        causes: occasion.causes.to_vec(),
        overrides: study.overrides.clone(),
    })
}

/// Makes sure that the frozen study means what was planned.
fn compare(
    package: &Package,
    manifest: &Manifest,
    study: &Study,
    loaded: &LoadedStudy<'_>,
) -> Result<()> {
    let changed = |what: &str| {
        format!("{what} changed since the run was planned, so nothing was submitted; run again")
    };
    let frozen = package.study(manifest, &|name| manifest.scenarios.contains_key(name))?;
    for ((path, then), (_, now)) in study.samples.iter().zip(&frozen.samples) {
        ensure!(then == now, changed(&path.display().to_string()));
    }
    let again = LoadedStudy::without_series(&frozen, None, false)?;
    let differs = |then: &Explanation, now: &Explanation| {
        let mut changes = now.changes_since(then).into_iter();
        changes
            .next()
            .map(|change| changed(&change.part.to_string()))
    };
    let by_name: BTreeMap<_, _> = (again.list.iter())
        .map(|scenario| (&scenario.project.scenario.name, scenario))
        .collect();
    for then in &loaded.list {
        let Some(now) = by_name.get(&then.project.scenario.name) else {
            bail!(changed("the project file"));
        };
        if let Some(fault) = differs(then.recipe.explanation(), now.recipe.explanation()) {
            bail!(fault);
        }
        let tables = then.basin.tables().iter().zip(now.basin.tables());
        for ((then, now), spec) in tables.zip(&then.project.tables) {
            ensure!(
                then.digest == now.digest,
                changed(&spec.path.display().to_string())
            );
        }
    }
    Ok(())
}

/// Links the inputs into the package where that can be done, and enters them into the manifest.
fn link_inputs(
    package: &Package,
    manifest: &mut Manifest,
    study: &Study,
    store: &mut Store,
) -> Result<()> {
    for (number, file) in study.common().input.files.iter().enumerate() {
        let context = || format!("can't link to {}", file.display());
        let name = file.file_name().with_context(context)?;
        let folder = package.input(number);
        let link = folder.join(name);
        let before = Stamp::of(file).with_context(context)?;
        make(&folder).with_context(context)?;
        // A link to the file itself, and not to the symbolic link that the project may name.
        let place = fs::canonicalize(file).with_context(context)?;
        if fs::hard_link(place, &link).is_err() {
            remove(&folder)?;
            continue;
        }
        shared_folder::sync(&folder)?;
        manifest.files.push((file.clone(), package.inner(&link)?));
        note_link(store, &before, file)?;
    }
    Ok(())
}

/// Removes a package, and the copies that no other needs. The caller holds the heads' lock.
pub(crate) fn discard(package: &Package, manifest: &Manifest, store: &mut Store) -> Result<()> {
    // First, so that a task that comes late finds no package rather than half of one.
    let file = package.manifest();
    fs::remove_file(&file).with_context(|| format!("can't remove {}", file.display()))?;
    for (original, frozen) in &manifest.files {
        let link = package.folder().join(frozen);
        // Removing a link shows in how the file looks that it led to.
        if let (Ok(before), Ok(linked)) = (Stamp::of(original), Stamp::of(&link))
            && before == linked
        {
            fs::remove_file(&link).with_context(|| format!("can't remove {}", link.display()))?;
            note_link(store, &before, original)?;
        }
    }
    discard_remains(package)
}

/// Removes what is left of a package that has no manifest, and the copies that no other needs.
pub(crate) fn discard_remains(package: &Package) -> Result<()> {
    match remove(package.folder()) {
        // A network file system keeps what a task has open, its program above all, under another name until that has ended. Without
        // a manifest it is no package any more, and a later run removes the rest.
        Err(error) if is_in_use(&error) => {}
        removed => removed?,
    }
    match package.folder().parent() {
        Some(packages) => Copies::beside(packages)?.prune(),
        None => Ok(()),
    }
}

/// Whether a folder could not be removed because something in it is in use.
fn is_in_use(error: &anyhow::Error) -> bool {
    let causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    let mut kinds = causes.map(io::Error::kind);
    kinds.any(|kind| matches!(kind, ErrorKind::DirectoryNotEmpty | ErrorKind::ResourceBusy))
}

/// Removes the copies in the folder of all packages that none of them needs, where there are any.
pub(crate) fn prune_copies(packages: &Path) -> Result<()> {
    match shared_folder::names(packages) {
        Ok(names) if !names.is_empty() => Copies::beside(packages)?.prune(),
        _ => Ok(()),
    }
}

/// Tells the store that an input looks otherwise by now because of a link.
fn note_link(store: &mut Store, before: &Stamp, file: &Path) -> Result<()> {
    let after = Stamp::of(file).with_context(|| format!("can't read {}", file.display()))?;
    import::note_link(store, before, &after)?;
    input_index::note_link(store, before, &after)
}
