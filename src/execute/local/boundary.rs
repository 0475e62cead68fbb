//! What a simulator may reach, by what its project states and what belongs to the system; and when its runs are observed.
//!
//! Observing costs microseconds for each file that a simulator opens, so it is done until a run is known to have kept inside, and once
//! more when a later run fails. How a fence is held is [`crate::system::process::fence`]'s business.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::Result;

use crate::execute::local::installation::{beside, of_program};
use crate::plan::environment;
use crate::plan::loaded::LoadedScenario;
use crate::plan::reads;
use crate::plan::recipe::Own;
use crate::plan::support;
use crate::project::{Project, Sandbox};
use crate::system::process::fence::{Fence, Kernel};

/// The system's programs, libraries, settings and knowledge of itself.
const SYSTEM: [&str; 23] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/gnu",
    "/snap",
    "/cvmfs",
    "/proc",
    "/sys",
    "/run/current-system",
    "/run/opengl-driver",
    "/run/opengl-driver-32",
    "/run/systemd/resolve",
    "/run/udev",
    "/run/nscd",
    "/var/cache/fontconfig",
    "/var/lib/dbus",
];

/// How programs speak of a file or a connection that was refused to them, in lower case.
const REFUSALS: [&str; 5] = ["denied", "permi", "open", "access", "network"];

/// The fence of all runs of a recipe.
pub(crate) struct Boundary {
    /// Without an observer and with one; none where the project wants none.
    fences: Option<[Fence; 2]>,
    /// Whether a run that was observed went well and kept inside.
    is_known: AtomicBool,
    /// Whether a run was done again to be observed.
    was_repeated: AtomicBool,
}

impl Boundary {
    /// Those of all scenarios, by number. Scenarios that share a recipe share it.
    pub(crate) fn all(loaded_study: &[LoadedScenario<'_>]) -> Result<Vec<Arc<Self>>> {
        let mut all: Vec<Arc<Self>> = Vec::new();
        for (at, loaded) in loaded_study.iter().enumerate() {
            let same = loaded_study[..at]
                .iter()
                .position(|other| Arc::ptr_eq(&other.recipe, &loaded.recipe));
            all.push(match same {
                Some(same) => all[same].clone(),
                None => Arc::new(Self::of(loaded.project)?),
            });
        }
        Ok(all)
    }

    fn of(project: &Project) -> Result<Self> {
        let stated = &project.simulator.fence;
        let readable = match stated.sandbox {
            Sandbox::Off => None,
            Sandbox::Write => Some(None),
            Sandbox::Strict => Some(Some(readable(project)?)),
        };
        let fences = readable.map(|readable| {
            let fence = Fence {
                readable,
                writable: stated.writes.clone(),
                network: stated.network,
                observed: false,
            };
            let observed = Fence {
                observed: true,
                ..fence.clone()
            };
            [fence, observed]
        });
        Ok(Self {
            fences,
            is_known: AtomicBool::new(false),
            was_repeated: AtomicBool::new(false),
        })
    }

    /// The fence of a run that is observed or not, of a catchment with these files of its own; `None` if there is to be none.
    pub(crate) fn fence(&self, observed: bool, own: &Own) -> Option<Cow<'_, Fence>> {
        let fence = &self.fences.as_ref()?[usize::from(observed)];
        let Some(readable) = fence.readable.as_ref().filter(|_| !own.links.is_empty()) else {
            return Some(Cow::Borrowed(fence));
        };
        let mut readable = readable.clone();
        let linked = own.links.iter().map(|link| &link.path);
        for path in linked.chain(own.watch.files().map(|file| &file.path)) {
            add(&mut readable, real(path));
        }
        Some(Cow::Owned(Fence {
            readable: Some(readable),
            ..fence.clone()
        }))
    }

    /// Whether the next run is to be observed: none that was has gone well yet.
    pub(crate) fn is_to_be_observed(&self) -> bool {
        self.fences.is_some() && !self.is_known.load(Relaxed)
    }

    /// Tells that a run went well and kept inside, as far as can be seen here.
    pub(crate) fn is_kept(&self) {
        self.is_known.store(true, Relaxed);
    }

    /// Whether a run that failed without being observed is to be done again, by what it printed last; only the first that is gets told
    /// so. If it said nothing of a refusal, the next ones are observed.
    pub(crate) fn is_to_be_repeated(&self, printed: &str) -> bool {
        if self.fences.is_none() {
            return false;
        }
        self.is_known.store(false, Relaxed);
        let printed = printed.to_lowercase();
        let is_refused = REFUSALS.iter().any(|word| printed.contains(word));
        is_refused && !self.was_repeated.swap(true, Relaxed)
    }
}

/// What is to be told where the project wants a fence and this machine has none.
pub(crate) fn missing(project: &Project) -> Option<String> {
    let wanted = project.simulator.fence.sandbox != Sandbox::Off;
    (wanted && Kernel::here() == Kernel::Nothing).then(|| {
        "this machine's kernel has no Landlock (Linux 5.13 and later have), so the simulator can read and write what you can; \
         sandbox = \"off\" under [simulator] says that this is meant"
            .to_owned()
    })
}

/// What holds the simulator here, in a line.
pub(crate) fn described(project: &Project) -> String {
    let stated = &project.simulator.fence;
    let reads = match stated.sandbox {
        Sandbox::Off => return "fence: none, as sandbox = \"off\" says".to_owned(),
        Sandbox::Write => "reads anything",
        Sandbox::Strict => {
            "reads its work directory, what the project states and what belongs to the system"
        }
    };
    let kernel = Kernel::here();
    let (version, lacks) = match kernel {
        Kernel::Nothing => {
            return "fence: none, as this machine's kernel has no Landlock".to_owned();
        }
        Kernel::Landlock(version) => (version, kernel.lacks()),
    };
    let writes = match stated.writes.is_empty() {
        true => "writes its work directory",
        false => "writes its work directory and what `writes` names",
    };
    let network = match stated.network {
        true => "has the network",
        false => "has no network",
    };
    let mut line =
        format!("fence: the simulator {reads}, {writes}, {network} (Landlock {version})");
    if !lacks.is_empty() {
        line.push_str(&format!("; this kernel does not hold {}", lacks.join(", ")));
    }
    line
}

/// What the project states, what its programs were installed with, and what belongs to the system.
fn readable(project: &Project) -> Result<Vec<PathBuf>> {
    let simulator = &project.simulator;
    let mut paths: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    let mut add = |path: PathBuf| self::add(&mut paths, path);
    simulator.fence.system.iter().cloned().for_each(&mut add);
    for folder in environment::search_path(project) {
        beside(&folder, &project.root)
            .into_iter()
            .for_each(&mut add);
        add(folder);
    }
    environment::libraries(project)
        .into_iter()
        .for_each(&mut add);
    let files = support::files(simulator)?;
    for (field, program) in simulator.programs() {
        let name = program.source();
        let inner = name.strip_prefix("./").unwrap_or(name);
        let path = match files.iter().find(|file| file.name == inner) {
            Some(file) => file.path.clone(),
            None if name.starts_with('/') => PathBuf::from(name),
            None if !name.contains('/') => environment::find_program(project, field, name)?,
            // A file of the work directory.
            None => continue,
        };
        of_program(&path, &project.root)
            .into_iter()
            .for_each(&mut add);
    }
    let stated = simulator.fence.reads.iter().map(|read| &read.path);
    let linked = simulator.support.iter().map(|support| &support.path);
    for path in stated.chain(linked) {
        add(real(path));
    }
    // Links in a folder lead anywhere. What they lead to counts with the folder.
    for file in files {
        add(real(&file.path));
    }
    for file in reads::walked(&simulator.fence.reads)?.0 {
        add(real(&file.path));
    }
    Ok(paths)
}

/// Adds a path unless it is in one of the others.
fn add(paths: &mut Vec<PathBuf>, path: PathBuf) {
    if !paths.iter().any(|other| path.starts_with(other)) {
        paths.push(path);
    }
}

/// A path without links, or as it is where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
