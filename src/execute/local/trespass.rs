//! What a simulator asked for outside of its fence, in words: what it was, and the line of the project file that allows it.

use std::path::{Path, PathBuf};

use crate::project::{Project, Sandbox, Support};
use crate::system::process::fence::{Access, Trespass};
use crate::text::wording::first_few;

/// How many files a line names.
const NAMED: usize = 3;

/// What is wrong with a run, whatever came of it: it asked for files that would have determined its result.
pub(crate) fn reading(project: &Project, trespasses: &[Trespass]) -> Option<String> {
    let files = paths(trespasses, Access::Read);
    let first = files.first()?;
    let strict = project.simulator.fence.sandbox == Sandbox::Strict;
    let stated: Vec<String> = files.iter().map(|path| as_stated(project, path)).collect();
    let folder = first.parent().unwrap_or(first);
    // What lies in the project does not.
    let of_machine = match first.starts_with(root(project)) {
        true => String::new(),
        false => format!(", or system = {:?} if it belongs to the machine", [folder]),
    };
    strict.then(|| {
        format!(
            "it tried to read {}, which the project does not state: add reads = {} under [simulator], or support = […] to have it \
             linked into the work directory{of_machine}",
            first_few(&files.iter().map(|path| path.display()).collect::<Vec<_>>()),
            list(&stated),
        )
    })
}

/// What a run that failed may have failed of; `own` is what its catchment has linked for itself.
pub(crate) fn other(project: &Project, own: &[Support], trespasses: &[Trespass]) -> Option<String> {
    for (access, deed) in [
        (Access::Write, "write"),
        (Access::Change, "change the mode, the owner or the times of"),
    ] {
        let files = paths(trespasses, access);
        if let Some(first) = files.first() {
            return Some(writing(project, own, first, deed));
        }
    }
    let networks = paths(trespasses, Access::Network);
    networks
        .first()
        .map(|_| "it tried to use the network: network = true under [simulator] lets it".to_owned())
}

fn writing(project: &Project, own: &[Support], path: &Path, deed: &str) -> String {
    let shown = path.display();
    // What is to be made needs its folder.
    let place = match path.exists() {
        true => path,
        false => path.parent().unwrap_or(path),
    };
    let writes = list(&[as_stated(project, place)]);
    let mut linked = project.simulator.support.iter().chain(own);
    let support = linked.find(|support| {
        support
            .path
            .canonicalize()
            .is_ok_and(|real| path.starts_with(real))
    });
    match support {
        Some(support) => {
            let folder = match support.path.is_dir() {
                true => support.path.as_path(),
                false => support.path.parent().unwrap_or(&support.path),
            };
            let copy = match folder
                .canonicalize()
                .is_ok_and(|folder| folder == root(project))
            {
                true => "have it write to another place in its work directory".to_owned(),
                false => {
                    let deck = as_stated(project, folder);
                    format!("give it a copy with deck = {deck:?} under [simulator]")
                }
            };
            format!(
                "it tried to {deed} {shown}, a link to your own file: {copy}, or let it with writes = {writes}"
            )
        }
        None => format!(
            "it tried to {deed} {shown}, outside of its work directory: writes = {writes} under [simulator] lets it"
        ),
    }
}

fn paths(trespasses: &[Trespass], access: Access) -> Vec<PathBuf> {
    let these = trespasses
        .iter()
        .filter(|trespass: &&Trespass| trespass.access == access);
    these.map(|trespass| trespass.path.clone()).collect()
}

/// The project's folder without links.
fn root(project: &Project) -> PathBuf {
    let root = project.root.canonicalize();
    root.unwrap_or_else(|_| project.root.clone())
}

/// A path as one writes it in the project file: from the project's folder where it is in there.
fn as_stated(project: &Project, path: &Path) -> String {
    match path.strip_prefix(root(project)) {
        Ok(inner) if !inner.as_os_str().is_empty() => inner.display().to_string(),
        _ => path.display().to_string(),
    }
}

/// A list as the project file has it.
fn list(texts: &[String]) -> String {
    let mut text = texts
        .iter()
        .take(NAMED)
        .map(|text| format!("{text:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    if texts.len() > NAMED {
        text.push_str(", …");
    }
    format!("[{text}]")
}
