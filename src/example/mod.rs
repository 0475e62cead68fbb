//! What `rerunoff init` writes: an example that runs, of any size, or a starter project to be filled in.
//!
//! The example is the herbicide model at the root of this repository: its project file and templates are the same
//! files, taken in when compiling. What differs is the input, made here from a seed, and where the simulator is: a
//! generated folder links to the `herbicide` beside the running `rerunoff` as `bin/herbicide`. A link rather than a
//! copy, since a rebuilt simulator should count as a changed one, and since copying an executable and starting it at
//! once now and then fails as "text file busy". It knows no project; only [`crate::cli`] uses it, for `init`.

mod files;
pub(crate) mod forcing;
mod input;
mod random;
mod starter;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

pub use self::files::InTheWay;
use self::forcing::{ExampleBasin, STEPS_PER_DAY};
pub use self::starter::starter;

const PROJECT: &str = include_str!("../../rerunoff.toml");
/// Where the repository's own project finds the simulator, and where a generated one does.
const SIMULATOR_HERE: &str = "\"target/release/herbicide\"";
const SIMULATOR_THERE: &str = "\"bin/herbicide\"";

const PROJECT_FILE: &str = "rerunoff.toml";
const INPUT_FILE: &str = "input.h5";
const PARAMETER_TABLE: &str = "catchments.csv";
const LINKS: [&str; 2] = ["bin/rerunoff", "bin/herbicide"];
const TEXTS: [(&str, &str); 4] = [
    (
        "templates/layout.xml",
        include_str!("../../templates/layout.xml"),
    ),
    (
        "templates/param.txt",
        include_str!("../../templates/param.txt"),
    ),
    ("Makefile", include_str!("Makefile.txt")),
    (".gitignore", "/bin/\n/cache/\n/input.h5\n/output.nc\n"),
];

/// A runnable example: the herbicide model on synthetic forcing.
///
/// The same three numbers give the same files, byte for byte; more catchments or steps leave the first ones as they
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// How many catchments, at least 1; their ids are 70001, 70002, …
    pub catchments: usize,
    /// How many hourly time steps, at least 1, from the first of January 2009 on.
    pub steps: usize,
    /// What the forcing is drawn from.
    pub seed: u64,
}

impl Default for Example {
    /// A hundred catchments for a year.
    fn default() -> Self {
        Self {
            catchments: 100,
            steps: 365 * STEPS_PER_DAY,
            seed: 2018,
        }
    }
}

impl Example {
    /// Writes a whole project into `directory`, which is made if it is not there.
    ///
    /// Errors: one of the files exists (nothing is written then); there is no `herbicide` beside this executable; what
    /// the file system says.
    pub fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let names = TEXTS.map(|(name, _)| name).into_iter().chain(LINKS);
        files::refuse_existing(
            directory,
            names.chain([PROJECT_FILE, PARAMETER_TABLE, INPUT_FILE]),
        )?;
        let ours = std::env::current_exe().context("cannot tell where this program is")?;
        let simulator = simulator_beside(&ours)?;
        files::write_new(&directory.join(PROJECT_FILE), project_text().as_bytes())?;
        for (name, text) in TEXTS {
            files::write_new(&directory.join(name), text.as_bytes())?;
        }
        for (name, target) in LINKS.into_iter().zip([ours, simulator]) {
            files::link_new(&directory.join(name), &target)?;
        }
        self.write_inputs(directory)
    }

    /// Writes only `catchments.csv` and `input.h5`, for a folder that has the rest.
    ///
    /// An error that names the file, and nothing written, if one of them exists.
    pub fn write_inputs(&self, directory: &Path) -> anyhow::Result<()> {
        ensure!(self.catchments > 0, "an example has at least one catchment");
        ensure!(self.steps > 0, "an example has at least one time step");
        files::refuse_existing(directory, [PARAMETER_TABLE, INPUT_FILE])?;
        let basin = ExampleBasin::new(self.seed, self.steps);
        files::write_new(
            &directory.join(PARAMETER_TABLE),
            self.parameter_table(&basin).as_bytes(),
        )?;
        input::write(&directory.join(INPUT_FILE), &basin, self.catchments)
    }

    /// The table of what each catchment grows and how much herbicide that takes.
    fn parameter_table(&self, basin: &ExampleBasin) -> String {
        let mut table = "WSO1_ID,crop,R_appl\n".to_owned();
        for site in (0..self.catchments).map(|catchment| basin.site(catchment)) {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{},{},{}", site.id, site.crop, site.application_rate);
        }
        table
    }
}

/// The project file for a generated folder.
fn project_text() -> String {
    PROJECT.replace(SIMULATOR_HERE, SIMULATOR_THERE)
}

/// The simulator in the folder of `executable`; one folder up for an executable in cargo's `deps`.
fn simulator_beside(executable: &Path) -> anyhow::Result<PathBuf> {
    let folder = executable.parent().unwrap_or(Path::new("."));
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    let simulator = folder.join(format!("herbicide{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        simulator.is_file(),
        "the example's simulator is not there: {}; it is built and installed together with rerunoff \
         (cargo build --release, or cargo install --path .)",
        simulator.display()
    );
    fs::canonicalize(&simulator).with_context(|| simulator.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_file_is_the_repositorys_own() {
        let text = project_text();
        assert_eq!(PROJECT.matches(SIMULATOR_HERE).count(), 1);
        let project: toml::Table = toml::from_str(&text).expect("TOML");
        assert_eq!(
            project["simulator"]["support"][0].as_str(),
            Some("bin/herbicide")
        );
        assert_eq!(project["input"]["file"].as_str(), Some(INPUT_FILE));
        assert_eq!(
            project["parameters"]["table"][0]["file"].as_str(),
            Some(PARAMETER_TABLE)
        );
    }

    #[test]
    fn the_parameter_table_has_a_row_per_catchment() {
        let example = Example {
            catchments: 50,
            steps: 1,
            ..Example::default()
        };
        let table = example.parameter_table(&ExampleBasin::new(example.seed, 1));
        assert_eq!(table.lines().count(), 51);
        assert!(table.starts_with("WSO1_ID,crop,R_appl\n70001,"));
        assert!(
            table.contains(",none,0\n"),
            "some grow nothing that needs it"
        );
    }

    #[test]
    fn a_missing_simulator_is_an_error_with_a_remedy() {
        let error = simulator_beside(Path::new("/nowhere/target/release/deps/rerunoff-1"))
            .expect_err("nothing there");
        assert!(
            error
                .to_string()
                .contains("/nowhere/target/release/herbicide")
        );
        assert!(error.to_string().contains("cargo build --release"));
    }

    #[test]
    fn nothing_is_overwritten() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let example = Example {
            catchments: 2,
            steps: 3,
            seed: 1,
        };
        example.write_inputs(folder.path())?;
        let error = example
            .write_inputs(folder.path())
            .expect_err("it is there")
            .to_string();
        assert!(error.contains("catchments.csv exists"), "{error}");
        fs::remove_file(folder.path().join(PARAMETER_TABLE))?;
        let error = example
            .write(folder.path())
            .expect_err("it is there")
            .to_string();
        assert!(error.contains("input.h5 exists"), "{error}");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn every_placeholder_has_a_value() {
        let project: toml::Table = toml::from_str(PROJECT).expect("TOML");
        let elsewhere = ["id", "input_file_name", "A_tot", "A_appl", "R_appl"];
        for (name, text) in &TEXTS[..2] {
            for piece in text.split('{').skip(1) {
                let placeholder = piece.split('}').next().unwrap_or_default();
                let known = elsewhere.contains(&placeholder)
                    || project["parameters"].get(placeholder).is_some();
                assert!(known, "{{{placeholder}}} in {name}");
            }
        }
    }
}
