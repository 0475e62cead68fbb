//! What a program was installed with: the folders that it reads beside itself, as a Python does of a virtual environment or of Conda.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::process::interpreter;

/// How many links and first lines of scripts are followed from one program to the next.
const MOST_STEPS: usize = 8;

/// The folders beside one with programs that belong to them.
const BESIDE: [&str; 7] = ["bin", "lib", "lib64", "libexec", "share", "etc", "include"];

/// The program, what it leads to, the one that a script's first line names, and what was installed with each. Nothing in the folder
/// `project` belongs to a program just because it lies beside it.
pub(crate) fn of_program(program: &Path, project: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut next = Some(program.to_owned());
    for _ in 0..MOST_STEPS {
        let Some(path) = next else { break };
        if let Some(folder) = path.parent() {
            paths.extend(beside(folder, project));
        }
        paths.push(path.clone());
        next = match fs::read_link(&path) {
            Ok(target) => path.parent().map(|folder| folder.join(target)),
            Err(_) => interpreter(&path),
        };
    }
    paths
}

/// What belongs to a folder with programs: the whole of a virtual environment with its own Python's, the whole of a Conda environment,
/// and of another `PREFIX/bin` the folders beside it.
pub(crate) fn beside(folder: &Path, project: &Path) -> Vec<PathBuf> {
    let is_bin = folder.file_name().is_some_and(|name| name == "bin");
    let Some(prefix) = folder.parent().filter(|_| is_bin) else {
        return Vec::new();
    };
    if let Ok(settings) = fs::read_to_string(prefix.join("pyvenv.cfg")) {
        let mut paths = vec![prefix.to_owned()];
        if let Some(home) = home(&settings).filter(|home| *home != folder) {
            paths.extend(beside(home, project));
            paths.push(home.to_owned());
        }
        return paths;
    }
    if prefix.join("conda-meta").is_dir() {
        return vec![prefix.to_owned()];
    }
    if prefix.starts_with(project) {
        return Vec::new();
    }
    let folders = BESIDE.iter().map(|name| prefix.join(name));
    folders.filter(|folder| folder.is_dir()).collect()
}

/// The folder of the Python that a virtual environment was made of.
fn home(settings: &str) -> Option<&Path> {
    let mut pairs = settings.lines().filter_map(|line| line.split_once('='));
    let (_, home) = pairs.find(|(name, _)| name.trim() == "home")?;
    Some(Path::new(home.trim())).filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_virtual_environment_brings_its_python() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in [
            "venv/bin",
            "python/bin",
            "python/lib",
            "project/bin",
            "project/lib",
        ] {
            fs::create_dir_all(at(name)).expect("made");
        }
        let settings = format!("version = 3.11\nhome = {}\n", at("python/bin").display());
        fs::write(at("venv/pyvenv.cfg"), settings).expect("written");
        fs::write(at("python/bin/python3"), "\x7fELF").expect("written");
        symlink(at("python/bin/python3"), at("venv/bin/python")).expect("linked");
        let script = format!("#!{} -I\nprint()\n", at("venv/bin/python").display());
        fs::write(at("project/bin/model"), script).expect("written");
        let found = of_program(&at("project/bin/model"), &at("project"));
        for name in ["project/bin/model", "venv", "python/bin", "python/lib"] {
            assert!(found.contains(&at(name)), "{name}: {found:?}");
        }
        assert!(!found.contains(&at("project/lib")), "{found:?}");
        assert!(!found.contains(&at("python")), "{found:?}");
    }

    #[test]
    fn a_program_that_is_a_pipe_is_not_waited_for() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("model");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        assert_eq!(of_program(&pipe, folder.path()), [pipe]);
    }

    #[test]
    fn a_circle_of_links_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        symlink(folder.path().join("b"), folder.path().join("a")).expect("linked");
        symlink(folder.path().join("a"), folder.path().join("b")).expect("linked");
        assert!(of_program(&folder.path().join("a"), Path::new("/none")).len() <= 8);
    }
}
