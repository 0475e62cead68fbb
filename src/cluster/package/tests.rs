//! Freezing: what is frozen means what it meant, whatever becomes of the project.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::Package;
use super::freeze::{discard, freeze};
use super::manifest::{Manifest, Occasion, Purpose};
use crate::cluster::shared_folder;
use crate::netcdf::{Attribute, Chunk, Chunking, Data, NetcdfFile, Precision, encode_chunk};
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::project::cluster::{ClusterSpec, EngineKind};
use crate::project::overrides::{Overrides, ParameterSet};
use crate::store::Store;
use crate::store::cache_folder::Cache;

/// Two inputs, one below another folder; scenarios, sweeps from a file and from a list; a dBASE table with its code page beside it; support
/// by absolute path, from above the project, and a folder in which something is excluded.
const PROJECT: &str = r#"
[input]
file = ["inputs/rain.nc", "../elsewhere/flow.nc"]

[parameters]
k = 0.012

[[parameters.table]]
file = "tables/soil.dbf"
id = "ID"

[[parameters.table]]
file = "tables/own.csv"
id = "id"

[sweep.n]
values = [1, 2]

[sweep.sample]
file = "tables/samples.csv"

[scenario.base]
sweep = ["sample"]

[scenario.other]
sweep = ["n"]
[scenario.other.parameters]
k = 0.013
[[scenario.other.simulator.input]]
file = "param.txt"
template = "templates/other.txt"

[simulator]
command = ["./model", "{k}", "{soil}", "{own}"]
support = ["../bin/model", "ABSOLUTE/data", "folder"]
support_exclude = ["*.log", "folder/cache"]
pass_env = ["RERUNOFF_TEST_NEVER_SET", "HOME"]
[[simulator.input]]
file = "param.txt"
template = "templates/param.txt"
[[simulator.input]]
file = "input.txt"
row = "{step} {rain} {flow}"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "out/{scenario}.nc"
"#;

/// A project whose input is made of a table.
const IMPORTED: &str = r#"
[import.series.q]
file = "q.csv"
[input]
file = "input.h5"
[simulator]
command = ["true"]
[[simulator.input]]
file = "q.txt"
row = "{q}"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
"#;

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, content).expect("written");
}

/// A file of one series of three catchments.
fn write_input(path: &Path, series: &str, factor: f64) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let mut file = NetcdfFile::create(path).expect("a file");
    let hours: Vec<f64> = (0..24).map(f64::from).collect();
    let units = "hours since 2009-01-01 00:00:00";
    let units = vec![("units".to_owned(), Attribute::from(units))];
    let time = file
        .coordinate("time", Data::F64(&hours), &units)
        .expect("time");
    let ids = Data::Texts(&["a", "b", "c"]);
    let catchment = file.coordinate("catchment", ids, &[]).expect("ids");
    let values: Vec<f64> = (0..72).map(|at| factor * f64::from(at)).collect();
    let chunking = Chunking {
        chunk: &[24, 3],
        precision: Precision::F64,
        level: 1,
    };
    let variable = file.chunked(series, &[time, catchment], &chunking, &[]);
    let chunk = Chunk::Made(encode_chunk(&values, Precision::F64, 1));
    file.write_chunk(variable.expect("made"), &[0, 0], chunk)
        .expect("written");
    file.finish().expect("complete");
}

/// A dBASE table of ids and the names of soils.
fn dbf(rows: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![3, 109, 1, 1];
    bytes.extend((rows.len() as u32).to_le_bytes());
    bytes.extend([97, 0, 12, 0]);
    bytes.extend([0; 20]);
    for (name, width) in [("ID", 3), ("soil", 8)] {
        let mut field = [0; 32];
        field[..name.len()].copy_from_slice(name.as_bytes());
        (field[11], field[16]) = (b'C', width);
        bytes.extend(field);
    }
    bytes.push(b'\r');
    for (id, soil) in rows {
        bytes.push(b' ');
        bytes.extend(format!("{id:<3}").bytes());
        bytes.extend(*soil);
        bytes.extend(vec![b' '; 8 - soil.len()]);
    }
    bytes.push(0x1a);
    bytes
}

/// A project in a folder of its own.
struct Place {
    folder: TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().canonicalize().expect("its path");
        let root = base.join("project");
        let at = |name: &str| root.join(name);
        let text = PROJECT.replace("ABSOLUTE", &base.join("abs").display().to_string());
        write(&at("rerunoff.toml"), text);
        write_input(&at("inputs/rain.nc"), "rain", 0.5);
        write_input(&base.join("elsewhere/flow.nc"), "flow", 2.0);
        let rows: [(&str, &[u8]); 3] = [("a", b"L\xf6ss"), ("b", b"clay"), ("c", b"sand")];
        write(&at("tables/soil.dbf"), dbf(&rows));
        write(&at("tables/soil.cpg"), "1252");
        write(&at("tables/own.csv"), "id,own\na,1\nb,2\nc,3\n");
        write(&at("tables/samples.csv"), "scenario,n\nx,1\ny,2.5\n");
        write(&at("templates/param.txt"), "k={k} n={n} {soil}\n");
        write(&at("templates/other.txt"), "other k={k} n={n}\n");
        write(&base.join("bin/model"), "#!/bin/sh\n");
        fs::set_permissions(base.join("bin/model"), Permissions::from_mode(0o755)).expect("set");
        write(&base.join("abs/data"), "data");
        write(&base.join("linked/deep/file"), "deep");
        write(&at("folder/core.py"), "import this");
        write(&at("folder/run.log"), "a log");
        write(&at("folder/cache/old.pyc"), "bytes");
        symlink(base.join("linked"), at("folder/link")).expect("a link");
        symlink("nowhere", at("folder/cache/broken")).expect("a link");
        symlink("..", at("folder/cache/round")).expect("a link");
        Self { folder, root }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn packages(&self) -> PathBuf {
        Cache::at(self.at("cache")).cluster()
    }

    fn store(&self) -> Store {
        let cache = Cache::prepare(self.at("cache")).expect("a cache");
        fs::create_dir_all(self.packages()).expect("made");
        cache.store().expect("a store")
    }

    /// Freezes the project as it is, and what its scenarios, recipes and keys are.
    fn freeze(&self) -> (Package, Manifest, Vec<Meaning>) {
        self.freeze_with(&Overrides::None)
    }

    /// The same with these values in place of its own.
    fn freeze_with(&self, overrides: &Overrides) -> (Package, Manifest, Vec<Meaning>) {
        let mut store = self.store();
        let study = Study::load_with(&self.root, overrides).expect("a project");
        let loaded = load(&study, Some(&store));
        loaded.remember(&mut store).expect("remembered");
        let (package, manifest) = freeze(
            &self.packages(),
            &study,
            &loaded,
            &mut store,
            occasion(&ClusterSpec::plain(EngineKind::Local)),
        )
        .expect("frozen");
        let meaning = meaning(&loaded);
        (package, manifest, meaning)
    }
}

fn occasion(spec: &ClusterSpec) -> Occasion<'_> {
    Occasion {
        spec,
        purpose: Purpose::Run,
        causes: &[],
    }
}

/// A scenario's name, its recipe, and the keys of its catchments.
type Meaning = (String, String, Vec<Option<Key>>);

fn load<'a>(study: &'a Study, store: Option<&Store>) -> LoadedStudy<'a> {
    LoadedStudy::open(study, store, false, &mut |_, _| {}).expect("loaded")
}

fn meaning(loaded: &LoadedStudy<'_>) -> Vec<Meaning> {
    let (plans, _) = loaded.plan(None).expect("planned");
    let scenarios = loaded.list.iter().zip(&plans);
    let meaning = scenarios.map(|(scenario, plan)| {
        let keys = plan.entries.iter().map(|entry| entry.key).collect();
        let name = scenario.project.scenario.name.to_string();
        (name, scenario.recipe.digest().to_string(), keys)
    });
    meaning.collect()
}

/// What a package means on a node.
fn frozen(package: &Package) -> Vec<Meaning> {
    let (package, manifest) = Package::open(package.folder()).expect("a package");
    let study = package.study(&manifest, &|_| true).expect("a study");
    meaning(&load(&study, None))
}

#[test]
fn what_is_frozen_means_what_it_meant() {
    let place = Place::new();
    let (package, manifest, before) = place.freeze();
    let names: Vec<&str> = before.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["base+x", "base+y", "other+n=1", "other+n=2"]);
    assert!(
        before
            .iter()
            .all(|(.., keys)| keys.iter().all(Option::is_some))
    );
    assert_eq!(frozen(&package), before);
    // The two templates are two recipes, whatever the samples.
    assert_eq!((manifest.scenarios.len(), manifest.recipes.len()), (4, 2));

    // Everything changes, goes, or is replaced; the inputs by renaming.
    let base = place.folder.path();
    for file in ["templates/param.txt", "tables/own.csv", "tables/soil.cpg"] {
        write(&place.at(file), "something else");
    }
    write(&base.join("bin/model"), "#!/bin/false\n");
    fs::remove_file(place.at("tables/samples.csv")).expect("removed");
    fs::remove_dir_all(place.at("folder")).expect("removed");
    write_input(&place.at("inputs/new"), "rain", 7.0);
    fs::rename(place.at("inputs/new"), place.at("inputs/rain.nc")).expect("renamed");
    fs::remove_file(place.at("rerunoff.toml")).expect("removed");
    assert_eq!(frozen(&package), before);
}

#[test]
fn values_that_were_set_are_frozen_with_it() {
    let place = Place::new();
    let (_, _, own) = place.freeze();
    let set = ParameterSet::stated(&["n=7".to_owned()]).expect("a set");
    let (package, _, before) = place.freeze_with(&Overrides::Set(set.clone()));
    assert_ne!(before, own);
    assert_eq!(frozen(&package), before);
    let samples = Overrides::Samples(vec![set]);
    let (package, _, before) = place.freeze_with(&samples);
    assert!(before.iter().all(|(name, ..)| name.ends_with("+n=7")));
    assert_eq!(frozen(&package), before);
}

#[test]
fn some_scenarios_of_a_frozen_study_are_the_same_ones() {
    let place = Place::new();
    let (package, manifest, before) = place.freeze();
    let wanted = "other+n=2";
    let study = package.study(&manifest, &|name| name.as_str() == wanted);
    let found = meaning(&load(&study.expect("a study"), None));
    let expected = before.into_iter().filter(|(name, ..)| name == wanted);
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert!(package.study(&manifest, &|_| false).is_err());
}

#[test]
fn a_support_folder_is_whole_and_its_links_are_followed() {
    let place = Place::new();
    let (package, manifest, _) = place.freeze();
    let inside = |name: &str| {
        let original = place.at(name);
        let found = (manifest.files.iter()).find(|(path, _)| *path == original);
        package.folder().join(&found.expect("frozen").1)
    };
    let folder = inside("folder");
    for (name, content) in [
        ("core.py", "import this"),
        ("link/deep/file", "deep"),
        ("run.log", "a log"),
        ("cache/old.pyc", "bytes"),
    ] {
        assert_eq!(fs::read_to_string(folder.join(name)).expect(name), content);
        let kind = fs::symlink_metadata(folder.join(name)).expect(name);
        assert!(kind.is_file(), "{name}");
    }
    assert!(!fs::exists(folder.join("cache/broken")).expect("a look"));
    assert!(!fs::exists(folder.join("cache/round")).expect("a look"));
    // What a simulator may write to is nobody else's.
    let links = |name: &str| fs::metadata(folder.join(name)).expect(name).nlink();
    assert_eq!((links("core.py"), links("run.log")), (2, 1));
    assert_eq!(
        fs::metadata(package.folder()).expect("there").mode() & 0o777,
        0o700
    );
}

#[test]
fn what_changes_between_plan_and_copy_is_refused_by_name() {
    for (file, content, named) in [
        (
            "templates/param.txt",
            "k = {k}\n",
            "the template of param.txt",
        ),
        (
            "tables/own.csv",
            "id,own\na,1\nb,2\nc,4\n",
            "tables/own.csv",
        ),
        (
            "tables/samples.csv",
            "scenario,n\nx,1\ny,2.6\n",
            "tables/samples.csv",
        ),
        (
            "folder/core.py",
            "import that",
            "support file folder/core.py",
        ),
        ("inputs/rain.nc", "", "inputs/rain.nc"),
    ] {
        let place = Place::new();
        let mut store = place.store();
        let study = Study::load(&place.root).expect("a project");
        let loaded = load(&study, Some(&store));
        match file.starts_with("inputs") {
            true => write_input(&place.at(file), "rain", 0.75),
            false => write(&place.at(file), content),
        }
        let packages = place.packages();
        let refused = freeze(
            &packages,
            &study,
            &loaded,
            &mut store,
            occasion(&ClusterSpec::plain(EngineKind::Local)),
        );
        let said = format!("{:#}", refused.expect_err(file));
        assert!(said.contains(named) && said.contains("changed"), "{said}");
        let left = shared_folder::names(&packages).expect("listed");
        assert_eq!(left.into_iter().collect::<Vec<_>>(), ["files"]);
    }
}

#[test]
fn the_last_package_takes_its_copies_with_it() {
    let place = Place::new();
    let (first, manifest, _) = place.freeze();
    let (second, other, before) = place.freeze();
    let copies = || {
        fs::read_dir(place.packages().join("files"))
            .expect("listed")
            .count()
    };
    let all = Package::open_all(&place.packages()).expect("listed");
    assert!(
        all.len() == 2
            && all
                .values()
                .all(|(_, manifest)| matches!(manifest, Ok(Some(_))))
    );
    let kept = copies();
    discard(&first, &manifest, &mut place.store()).expect("removed");
    assert_eq!(copies(), kept, "the other needs them");
    assert_eq!(frozen(&second), before);
    discard(&second, &other, &mut place.store()).expect("removed");
    assert_eq!(copies(), 0);
    assert!(
        Package::open_all(&place.packages())
            .expect("listed")
            .is_empty()
    );
}

#[test]
fn what_is_known_of_an_input_holds_on_though_links_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().to_owned();
    let place = Place { folder, root };
    write(&place.at("rerunoff.toml"), IMPORTED);
    write(
        &place.at("q.csv"),
        "time;1\n2009-01-01;0.5\n2009-01-02;0.75\n",
    );
    let import = || {
        let study = Study::load(&place.root).expect("a project");
        let report =
            crate::import::bring_up_to_date(study.common(), &mut place.store(), false, false, true);
        report.expect("imported").is_some()
    };
    let reads = || {
        let study = Study::load(&place.root).expect("a project");
        let mut reads = 0;
        let loaded = LoadedStudy::open(&study, Some(&place.store()), false, &mut |_, _| reads += 1);
        loaded
            .expect("loaded")
            .remember(&mut place.store())
            .expect("remembered");
        reads
    };
    assert!(import());
    // What has just been written is not yet believed to be older than the clock.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!((reads(), reads()), (1, 0));
    let (package, manifest, before) = place.freeze();
    let input = place.at("input.h5");
    assert_eq!(
        File::open(&input)
            .expect("there")
            .metadata()
            .expect("a look")
            .nlink(),
        2
    );
    assert!(!import());
    assert_eq!(reads(), 0);
    assert_eq!(frozen(&package), before);
    discard(&package, &manifest, &mut place.store()).expect("removed");
    assert_eq!(fs::metadata(&input).expect("there").nlink(), 1);
    assert!(!import());
    assert_eq!(reads(), 0);
}

#[test]
fn a_manifest_that_is_not_whole_is_refused() {
    let place = Place::new();
    let set = ParameterSet::stated(&["n=7".to_owned()]).expect("a set");
    for overrides in [Overrides::None, Overrides::Set(set)] {
        let (package, manifest, _) = place.freeze_with(&overrides);
        let bytes = fs::read(package.manifest()).expect("there");
        assert_eq!(Manifest::parse(bytes.as_slice()).expect("whole"), manifest);
        for at in 0..bytes.len() {
            assert!(Manifest::parse(&bytes[..at]).is_err(), "cut at {at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(Manifest::parse(damaged.as_slice()).is_err(), "at {at}");
        }
    }
}
