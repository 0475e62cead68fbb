//! What a simulator may reach, by what its project states and what belongs to the system; and when its runs are observed.
//!
//! Observing costs microseconds for each file that a simulator opens, so it is done until a run is known to have kept inside, and once
//! more when a later run fails. How a fence is held is [`crate::system::process::fence`]'s business.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::execute::local::installation::{beside, of_program};
use crate::plan::environment;
use crate::plan::key::KeyPart;
use crate::plan::loaded::{LoadedScenario, by_recipe};
use crate::plan::recipe::{Own, Recipe};
use crate::project::{Project, Sandbox, plain_name};
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
    /// What they let be read, where that is not everything.
    readable: Option<Readable>,
    /// The programs that only catchments' own files can bring along, by name in the work directory.
    own_programs: Vec<String>,
    /// Whether a run that was observed went well and kept inside.
    is_known: AtomicBool,
    /// Whether a run was done again to be observed.
    was_repeated: AtomicBool,
}

impl Boundary {
    /// Those of all scenarios, by number. Scenarios that share a recipe share it.
    pub(crate) fn all(loaded_study: &[LoadedScenario<'_>]) -> Vec<Arc<Self>> {
        let mut all = Vec::with_capacity(loaded_study.len());
        for same in by_recipe(loaded_study) {
            let boundary = Self::of(same[0].project, &same[0].recipe);
            all.extend(repeat_n(Arc::new(boundary), same.len()));
        }
        all
    }

    fn of(project: &Project, recipe: &Recipe<'_>) -> Self {
        let stated = &project.simulator.fence;
        let readable = match stated.sandbox {
            Sandbox::Off | Sandbox::Write => None,
            Sandbox::Strict => Some(Readable::of(project, recipe)),
        };
        let fences = (stated.sandbox != Sandbox::Off).then(|| {
            let fence = Fence {
                readable: (readable.as_ref())
                    .map(|readable| readable.paths.0.iter().cloned().collect()),
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
        let own_programs = recipe.own_programs().iter();
        Self {
            fences,
            readable,
            own_programs: own_programs
                .map(|name| plain_name(Path::new(name)))
                .collect(),
            is_known: AtomicBool::new(false),
            was_repeated: AtomicBool::new(false),
        }
    }

    /// The fence of a run that is observed or not, of a catchment with these files of its own; `None` if there is to be none.
    pub(crate) fn fence(&self, observed: bool, own: &Own) -> Option<Cow<'_, Fence>> {
        let fence = &self.fences.as_ref()?[usize::from(observed)];
        let has_any = !own.links.is_empty() || !self.own_programs.is_empty();
        let Some(readable) = self.readable.as_ref().filter(|_| has_any) else {
            return Some(Cow::Borrowed(fence));
        };
        let mut fence = fence.clone();
        let all = fence.readable.get_or_insert_default();
        all.extend(readable.further(own, &self.own_programs).0);
        Some(Cow::Owned(fence))
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
        true => "may use the network",
        false => "may not use TCP",
    };
    let mut line =
        format!("fence: the simulator {reads}, {writes}, {network} (Landlock {version})");
    if !lacks.is_empty() {
        line.push_str(&format!("; this kernel does not hold {}", lacks.join(", ")));
    }
    line
}

/// What a simulator may read: what the project states, what its programs were installed with, and what belongs to the system.
struct Readable {
    paths: Paths,
    /// The project's folder.
    root: PathBuf,
}

impl Readable {
    fn of(project: &Project, recipe: &Recipe<'_>) -> Self {
        let simulator = &project.simulator;
        let mut all = Paths::default();
        all.add(SYSTEM.iter().map(PathBuf::from));
        all.add(simulator.fence.system.iter().cloned());
        for folder in environment::search_path(project) {
            all.add(beside(&folder, &project.root));
            all.add([folder]);
        }
        all.add(environment::libraries(project));
        let programs = simulator.programs().map(|(_, program)| program.source());
        let inner = programs.filter(|name| name.contains('/') && !name.starts_with('/'));
        let inner: Vec<String> = inner.map(|name| plain_name(Path::new(name))).collect();
        for (part, file) in recipe.files() {
            let is_outside = matches!(part, KeyPart::Program | KeyPart::AfterProgram(_));
            if is_outside || inner.contains(&file.name) {
                all.add(of_program(&file.path, &project.root));
            }
        }
        let mut real = RealPaths::default();
        let stated = simulator.fence.reads.iter().map(|read| &read.path);
        let linked = simulator.support.iter().map(|support| &support.path);
        all.add(stated.chain(linked).map(|path| real.of(path)));
        // Links in a folder lead anywhere. What they lead to counts with the folder.
        all.add((recipe.watch().files()).map(|file| real.of(&file.path)));
        all.add((recipe.reads().files()).map(|path| real.of(&path)));
        Self {
            paths: all,
            root: project.root.clone(),
        }
    }

    /// What comes to it with a catchment's own files, the programs of these names among them.
    fn further(&self, own: &Own, programs: &[String]) -> Paths {
        let mut further = Paths::default();
        let linked = own.links.iter().map(|link| &link.path);
        let files = own.watch.files().map(|file| &file.path);
        let linked = linked.chain(files).map(|path| real(path));
        further.add(linked.filter(|path| !self.paths.have(path)));
        for name in programs {
            let program = own.files().find(|file| file.name == *name);
            let paths = program.map(|file| of_program(&file.path, &self.root));
            let paths = paths.into_iter().flatten();
            further.add(paths.filter(|path| !self.paths.have(path)));
        }
        further
    }
}

/// Files, and folders with all that is in them.
#[derive(Default)]
struct Paths(BTreeSet<PathBuf>);

impl Paths {
    /// Adds what is not among them yet, nor in one of them.
    fn add(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            if !self.have(&path) {
                self.0.insert(path);
            }
        }
    }

    fn have(&self, path: &Path) -> bool {
        path.ancestors().any(|folder| self.0.contains(folder))
    }
}

/// Paths without links, where each folder is looked up once.
#[derive(Default)]
struct RealPaths(HashMap<PathBuf, PathBuf>);

impl RealPaths {
    fn of(&mut self, path: &Path) -> PathBuf {
        let (Some(folder), Some(name), false) =
            (path.parent(), path.file_name(), path.is_symlink())
        else {
            return real(path);
        };
        let known = self.0.entry(folder.to_owned());
        known.or_insert_with(|| real(folder)).join(name)
    }
}

/// A path without links, or as it is where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
