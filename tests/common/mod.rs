//! A project in a temporary folder, with a simulator whose behaviour each test chooses, and calls of the built binary.

pub(crate) mod cluster;
pub(crate) mod dbase;
pub(crate) mod foreign;
pub(crate) mod grid_engine;
pub(crate) mod random;
pub(crate) mod schemas;
pub(crate) mod slurm;
pub(crate) mod waits;
pub(crate) mod walk;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hdf5::types::FixedAscii;
use rerunoff::netcdf::{Attribute, Chunk, Chunking, Data, NetcdfFile, Precision, encode_chunk};
use rerunoff::system::memory_folder;
use rusqlite::Connection;
use tempfile::TempDir;

/// The number of hourly time steps of the test project.
pub(crate) const STEPS: usize = 24;

/// A project file for imports alone; what to import follows.
pub(crate) const IMPORTING: &str = r#"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
[input]
file = "input.h5"
"#;

/// A project to try things on.
pub(crate) struct Project {
    folder: TempDir,
    catchments: usize,
}

/// How a call of the binary ended.
pub(crate) struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    /// The run, which must have ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    /// What it said as an error or a note must hold this text.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.stderr.contains(text), "{}", self.stderr);
    }
}

/// Runs one of the scripts in `tests/interop` in the virtual environment that `make test` sets up; it must succeed. What it
/// printed.
#[track_caller]
pub(crate) fn python(script: &str, arguments: &[&Path]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join(".venv/interop/bin/python");
    assert!(
        interpreter.exists(),
        "the readers are not installed; `make test` installs them"
    );
    let output = Command::new(interpreter)
        .arg("-B")
        .arg(root.join("tests/interop").join(script))
        .args(arguments)
        .output()
        .expect("Python");
    let said = [output.stdout.clone(), output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The id of a test catchment: 70001, 70002, …
pub(crate) fn id(catchment: usize) -> String {
    (70_001 + catchment).to_string()
}

/// The precipitation of a catchment at a step; what the simulator's concentration is made of.
pub(crate) fn precipitation(catchment: usize, step: usize) -> f64 {
    catchment as f64 + step as f64 / 8.0
}

/// The discharge of a catchment at a step; zero at the first, where the concentration is missing.
pub(crate) fn discharge(catchment: usize, step: usize) -> f64 {
    step as f64 * 0.25 + if step == 0 { 0.0 } else { catchment as f64 }
}

/// A new HDF5 file to write in this process, without a lock: a program that another test starts in the meantime inherits the
/// file, and would keep it locked until it ends.
pub(crate) fn unlocked(file: &Path) -> hdf5::File {
    let mut options = hdf5::File::with_options();
    let options = options.with_fapl(|fapl| fapl.file_locking(false));
    options.create(file).expect("a file")
}

/// Puts a copy in the place of a file that was written in this process with a lock; see [`unlocked`].
pub(crate) fn unlock(file: &Path) {
    let copy = file.with_extension("copy");
    fs::copy(file, &copy).expect("a copy");
    fs::rename(&copy, file).expect("in its place");
}

/// The scenarios of a product, and the shape of its concentration.
#[track_caller]
pub(crate) fn scenarios_of(file: &Path) -> (Vec<String>, Vec<usize>) {
    let file = hdf5::File::open(file).expect("the product");
    let names = characters(&file, "scenario");
    let shape = file.dataset("concentration").expect("it").shape();
    (names, shape)
}

/// The texts of a product's variable of characters.
#[track_caller]
pub(crate) fn characters(file: &hdf5::File, name: &str) -> Vec<String> {
    let dataset = file.dataset(name).expect(name);
    let size = *dataset.shape().last().expect("a dimension of characters");
    let characters = dataset.read_raw::<FixedAscii<1>>().expect("characters");
    let byte = |character: &FixedAscii<1>| character.as_bytes().first().copied().unwrap_or(0);
    let bytes: Vec<u8> = characters.iter().map(byte).collect();
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .trim_end_matches('\0')
            .to_owned()
    };
    bytes.chunks_exact(size).map(text).collect()
}

/// The one JSON document that a text is.
#[track_caller]
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A program to be started as a terminal starts it: with all signals at their defaults. Some are ignored where the tests
/// themselves run in the background or under nohup.
pub(crate) fn undisturbed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal").arg(program);
    command
}

/// The binary with these arguments, ready to be started in a folder.
pub(crate) fn rerunoff(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = undisturbed(env!("CARGO_BIN_EXE_rerunoff"));
    command
        .args(arguments)
        .current_dir(folder)
        // The tests may have been started by make.
        .env_remove("MAKEFLAGS")
        // Who runs the tests may have a file of their own about a cluster.
        .env("RERUNOFF_CLUSTER_FILE", "")
        // Times are told as the clock on the wall shows them.
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

impl Project {
    /// A project of so many catchments, all of which go well.
    pub(crate) fn new(catchments: usize) -> Self {
        let project = Self {
            folder: tempfile::tempdir().expect("a folder"),
            catchments,
        };
        for name in ["templates", "log"] {
            fs::create_dir(project.path(name)).expect("a folder");
        }
        project.write_input(&precipitation);
        project.write_toml(&project.toml());
        let log = project.path("calls");
        let param = format!(
            "id={{id}}\nmode={{mode}}\nfactor={{factor}}\nk={{k}}\nlog={}\n",
            log.display()
        );
        project.write("templates/param.txt", &param);
        let layout = "<?xml version=\"1.0\"?>\n<layout><!-- {not} -->\n<catchment id=\"{id}\" area=\"{A_tot}\"/></layout>\n";
        project.write("templates/layout.xml", layout);
        project.set(&[]);
        project.write("simulator.sh", include_str!("simulator.sh"));
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.path("simulator.sh"), executable).expect("permissions");
        project
    }

    /// The same, already run.
    #[track_caller]
    pub(crate) fn ran(catchments: usize) -> Self {
        let project = Self::new(catchments);
        project.rerunoff(&["run"]).expect(0);
        project.calls();
        project
    }

    /// The project file of the test project.
    pub(crate) fn toml(&self) -> String {
        include_str!("rerunoff.toml").to_owned()
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the project; the simulator's log and what belongs to it are in a folder that it may write to.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match name.starts_with("calls") {
            true => self.folder.path().join("log").join(name),
            false => self.folder.path().join(name),
        }
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect(name);
    }

    pub(crate) fn write_toml(&self, text: &str) {
        self.write("rerunoff.toml", text);
    }

    /// The project file with one text in it replaced.
    #[track_caller]
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("rerunoff.toml")).expect("the project file");
        assert!(text.contains(from), "no {from:?} in the project file");
        self.write_toml(&text.replace(from, to));
    }

    /// Writes the catchments' table; the catchments named get another mode than `ok`.
    pub(crate) fn set(&self, modes: &[(usize, &str)]) {
        self.set_factors(modes, &[]);
    }

    /// The same, with factors other than 2.
    pub(crate) fn set_factors(&self, modes: &[(usize, &str)], factors: &[(usize, f64)]) {
        let mut text = "catchment,mode,factor\n".to_owned();
        for catchment in 0..self.catchments {
            let mode = modes
                .iter()
                .find(|(at, _)| *at == catchment)
                .map_or("ok", |(_, mode)| mode);
            let factor = factors
                .iter()
                .find(|(at, _)| *at == catchment)
                .map_or(2.0, |(_, factor)| *factor);
            text.push_str(&format!("{},{mode},{factor}\n", id(catchment)));
        }
        self.write("catchments.csv", &text);
    }

    /// Writes the input with this precipitation.
    pub(crate) fn write_input(&self, precipitation: &dyn Fn(usize, usize) -> f64) {
        self.write_input_since("2009-01-01", precipitation);
    }

    /// The same, with hours since another day.
    pub(crate) fn write_input_since(&self, day: &str, precipitation: &dyn Fn(usize, usize) -> f64) {
        let n = self.catchments;
        let mut file = NetcdfFile::create(&self.path("input.h5")).expect("a file");
        let hours: Vec<f64> = (0..STEPS).map(|step| step as f64).collect();
        let units = vec![(
            "units".to_owned(),
            Attribute::from(format!("hours since {day} 00:00:00").as_str()),
        )];
        let time = file
            .coordinate("time", Data::F64(&hours), &units)
            .expect("time");
        let ids: Vec<String> = (0..n).map(id).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let catchment = file
            .coordinate("catchment", Data::Texts(&ids), &[])
            .expect("ids");
        let area: Vec<f64> = (0..n).map(|catchment| 1e6 + catchment as f64).collect();
        file.variable("A_tot", &[catchment], Data::F64(&area), &[])
            .expect("areas");
        for (name, value) in [
            ("precipitation", precipitation),
            ("discharge", &discharge as &dyn Fn(usize, usize) -> f64),
        ] {
            let values: Vec<f64> = (0..STEPS)
                .flat_map(|step| (0..n).map(move |c| value(c, step)))
                .collect();
            let chunking = Chunking {
                chunk: &[STEPS, n],
                precision: Precision::F64,
                level: 1,
            };
            let variable = file
                .chunked(name, &[time, catchment], &chunking, &[])
                .expect(name);
            let chunk = Chunk::Made(encode_chunk(&values, Precision::F64, 1));
            file.write_chunk(variable, &[0, 0], chunk).expect(name);
        }
        file.finish().expect("a complete file");
        unlock(&self.path("input.h5"));
    }

    /// The binary with these arguments, ready to be started in the project's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        rerunoff(self.root(), arguments)
    }

    /// Calls the binary in the project's folder.
    #[track_caller]
    pub(crate) fn rerunoff(&self, arguments: &[&str]) -> Run {
        let run = self.command(arguments).output().expect("the binary").into();
        schemas::hold(arguments, &run);
        run
    }

    /// `status --json`, whose exit code must be one of these.
    #[track_caller]
    pub(crate) fn status(&self, codes: &[i32]) -> serde_json::Value {
        let run = self.rerunoff(&["status", "--json"]);
        assert!(codes.contains(&run.code), "{}: {}", run.code, run.stderr);
        json(&run.stdout)
    }

    /// Its store, opened past the binary.
    #[track_caller]
    pub(crate) fn store(&self) -> Connection {
        Connection::open(self.path("cache/store.sqlite")).expect("the store")
    }

    /// The calls of the simulator since this was last asked, by catchment id, sorted.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = self.path("calls");
        let text = fs::read_to_string(&log).unwrap_or_default();
        fs::remove_file(&log).ok();
        let mut calls: Vec<String> = text.lines().map(str::to_owned).collect();
        calls.sort();
        calls
    }

    /// Whether no work directory is left, neither in memory nor on the disk.
    pub(crate) fn is_tidy(&self) -> bool {
        let cache = fs::read_dir(self.path("cache")).into_iter().flatten();
        let mut names = cache.flatten().map(|entry| entry.file_name());
        memory_folder::lanes(self.root()).is_empty()
            && names.all(|name| !name.to_string_lossy().starts_with("work-"))
    }

    /// The processes at work in the project's work directories, by number and name: guards, simulators and what they started.
    pub(crate) fn alive(&self) -> Vec<String> {
        let root = self.root().canonicalize().expect("the project's folder");
        let in_memory = memory_folder::prefix(self.root()).expect("the project's folder");
        let processes = fs::read_dir("/proc").expect("a list").flatten();
        let here = processes.filter(|process| {
            fs::read_link(process.path().join("cwd")).is_ok_and(|folder| {
                folder.starts_with(&root) || folder.to_string_lossy().starts_with(&in_memory)
            })
        });
        here.filter_map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            Some(format!("{} {}", process.file_name().display(), name.trim()))
        })
        .collect()
    }

    /// Waits for the last of [`Self::alive`] to be gone: what was killed with -9 cannot wait for it.
    #[track_caller]
    pub(crate) fn expect_all_gone(&self) {
        for _ in 0..500 {
            if self.alive().is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("still alive: {:?}", self.alive());
    }

    /// A variable of the product, `[time][catchment]`.
    pub(crate) fn product(&self, variable: &str) -> Vec<Vec<f64>> {
        let file = hdf5::File::open(self.path("output.h5")).expect("the product");
        let values = file
            .dataset(variable)
            .expect(variable)
            .read_2d::<f64>()
            .expect(variable);
        values.outer_iter().map(|row| row.to_vec()).collect()
    }

    /// The status flags of the product.
    pub(crate) fn flags(&self) -> Vec<i8> {
        let file = hdf5::File::open(self.path("output.h5")).expect("the product");
        file.dataset("status")
            .expect("status")
            .read_raw::<i8>()
            .expect("status")
    }
}
