//! Products of several scenarios.

use super::patched::{patched_over, with};
use super::*;

/// The made-up product once for each scenario; every scenario has other results and scalars.
pub(super) fn several(
    path: &Path,
    names: &[&str],
    catchments: usize,
    steps: i64,
) -> ProductContent {
    let mut all = product(path, catchments, steps);
    all.catchments.clear();
    let mut lat = Vec::new();
    for name in names {
        let one = product(path, catchments, steps);
        all.catchments
            .extend(one.catchments.into_iter().map(|row| ProductRow {
                content: row.content.map(|content| {
                    let both = [name.as_bytes(), content.as_bytes()].concat();
                    Digest::of(&both)
                }),
                ..row
            }));
        let [ParameterValues::Numbers(numbers)] = &one.parameters[..] else {
            panic!("one parameter, numbers");
        };
        lat.extend(numbers.clone());
    }
    all.parameters[0] = ParameterValues::Numbers(lat);
    let k: Vec<f64> = (0..names.len()).map(|i| 0.5 + i as f64).collect();
    all.scenarios = Some(ScenarioDimension {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        coordinates: vec![ScenarioCoordinate {
            variable: parameter("k", Some("d-1"), None),
            values: ParameterValues::Numbers(k),
        }],
    });
    all
}

#[test]
fn every_scenario_holds_its_own_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut product = several(&folder.path().join("p.nc"), &["a", "b", "c"], 70, 40);
    product.spec.parameters.push(parameter("dose", None, None));
    let doses = (0..210).map(|i| (i / 7).to_string());
    product
        .parameters
        .push(ParameterValues::Texts(doses.collect()));
    let assembled = make(&product, 2);
    assert_eq!((assembled.fetched, assembled.chunks_written), (207, 18));
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    let shape = |name: &str| file.dataset(name).expect(name).shape();
    assert_eq!(shape("q"), [40, 3, 70]);
    assert_eq!(shape("status"), [3, 70]);
    assert_eq!(shape("lat"), [70], "the same in all scenarios");
    assert_eq!(shape("dose"), [3, 70, 2], "characters");
    assert_eq!(shape("k"), [3]);
    let q = file.dataset("q").expect("q");
    assert_eq!(q.chunk(), Some(vec![40, 1, 32]));
    let q = q.read::<f64, ndarray::Ix3>().expect("values");
    for row in 0..210 {
        for step in 0..40 {
            let found = q[[step, row / 70, row % 70]];
            assert!(same(found, expected(&product, row, step)[0]));
        }
    }
}

#[test]
fn a_changed_scenario_rewrites_only_its_own_chunks() {
    let patched = |names: &[&str], change: &dyn Fn(&mut ProductContent)| {
        let assembled = patched_over(
            |path| several(path, &["a", "b", "c"], 200, 600),
            |path| with(several(path, names, 200, 600), change),
        );
        (assembled.fetched, assembled.chunks_copied)
    };
    // 13 blocks a scenario, two variables, five slabs: 130 chunks each.
    let all = ["a", "b", "c"];
    assert_eq!(patched(&all, &|_| ()), (0, 390));
    let tweak = |s: &mut ProductContent| s.catchments[270].content = Some(Digest::of(b"new"));
    assert_eq!(patched(&all, &tweak), (16, 380));
    assert_eq!(patched(&["a", "x", "c"], &|_| ()), (199, 260));
    // Where a scenario stands does not matter.
    assert_eq!(patched(&["new", "c", "a", "b"], &|_| ()), (199, 390));
    assert_eq!(patched(&["b"], &|_| ()), (0, 130));
    // Without scenarios it is another file.
    assert_eq!(patched(&["b"], &|s| s.scenarios = None), (199, 0));
}

/// The same with a column `q` that all scenarios have in common.
fn alike(path: &Path, names: &[&str], catchments: usize, steps: i64) -> ProductContent {
    let mut all = several(path, names, catchments, steps);
    for row in &mut all.catchments {
        let common = Digest::of(row.id.as_str().as_bytes());
        row.content = row.content.map(|content| {
            let mut bytes = *content.as_bytes();
            bytes[2..4].copy_from_slice(&common.as_bytes()[2..4]);
            Digest::from(bytes)
        });
    }
    all
}

#[test]
fn what_scenarios_hold_alike_is_compressed_once() {
    let made = |change: &dyn Fn(&mut ProductContent)| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.nc");
        let mut product = with(alike(&path, &["a", "b", "c"], 70, 600), change);
        let assembled = make(&product, 2);
        let file = hdf5::File::open(&path).expect("a file");
        let q = file.dataset("q").expect("q");
        let q = q.read::<f64, ndarray::Ix3>().expect("values");
        for (row, step) in (0..210).flat_map(|row| [0, 1, 127, 128, 599].map(|step| (row, step))) {
            let found = q[[step, row / 70, row % 70]];
            assert!(same(found, expected(&product, row, step)[0]));
        }
        drop(file);
        let bytes = fs::read(&path).expect("a file");
        product.spec.path = folder.path().join("again.nc");
        let decode = |row: &usize| {
            let content = product.catchments[*row].content.expect("fetched");
            Ok(result_of(&product, &content))
        };
        let again = assemble(&product, 2, &mut |row| Ok(row), &decode).expect("a product");
        assert_eq!(again.chunks_repeated, 0, "nothing was known");
        assert!(fs::read(&product.spec.path).expect("a file") == bytes);
        (assembled.chunks_written, assembled.chunks_repeated)
    };
    // Five blocks a scenario, two variables, five slabs: 50 chunks each.
    assert_eq!(made(&|_| ()), (100, 50));
    let fails = |s: &mut ProductContent| s.catchments[75].status = Status::Failed;
    assert_eq!(made(&fails), (110, 40));
    let changes = |s: &mut ProductContent| s.catchments[150].content = Some(Digest::of(b"new"));
    assert_eq!(made(&changes), (105, 45));
    patched_over(
        |path| alike(path, &["a", "b", "c"], 200, 600),
        |path| alike(path, &["b", "x", "y", "a"], 200, 600),
    );
}

#[test]
fn tables_have_a_column_for_scenarios() {
    #[derive(hdf5::H5Type, Clone)]
    #[repr(C, packed)]
    struct Labelled {
        scenario: hdf5::types::FixedAscii<12>,
        catchment: hdf5::types::FixedAscii<10>,
        q: f64,
        load: f64,
    }
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["a", "k=0.013 twice", "c"].map(|name| &name[..name.len().min(12)]);
    let product = laid_out(
        Layout::Steps,
        several(&folder.path().join("p.h5"), &names, 150, 300),
    );
    assert_eq!(make(&product, 2).fetched, 447);
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    for step in [0, 255, 299] {
        let table = file
            .dataset(&format!("step_{step}/values"))
            .expect("a table");
        let rows = table.read_1d::<Labelled>().expect("rows");
        assert_eq!(rows.len(), 450);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(row.scenario.as_str(), names[i / 150]);
            assert_eq!(row.catchment.as_str(), product.catchments[i].id.as_str());
            let values = expected(&product, i, step);
            assert!(same(row.q, values[0]) && same(row.load, values[1]));
        }
    }
    assert_eq!(file.dataset("scenarios").expect("a table").shape(), [3]);
}

#[test]
fn scenarios_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |change: &dyn Fn(&mut ProductContent)| {
        let mut product = several(&folder.path().join("p.nc"), &["a", "b"], 4, 3);
        change(&mut product);
        let error = assemble(&product, 1, &mut |i| Ok(i), &|_| Ok(Vec::new()));
        assert!(!product.spec.path.exists());
        error.expect_err("an error").to_string()
    };
    fn scenarios(product: &mut ProductContent) -> &mut ScenarioDimension {
        product.scenarios.as_mut().expect("scenarios")
    }
    let found = refused(&|s| s.catchments.swap(4, 5));
    assert!(
        found.starts_with("scenario \"b\", catchment 70001: the first scenario has 70000"),
        "{found}"
    );
    let found = refused(&|s| drop(s.catchments.pop()));
    assert!(found.contains("7 rows can't be shared out"), "{found}");
    let found = refused(&|s| scenarios(s).names[1] = "a".to_owned());
    assert!(
        found.contains("two scenarios have the name \"a\""),
        "{found}"
    );
    let found = refused(&|s| scenarios(s).coordinates[0].variable.name = "load".to_owned());
    assert!(found.contains("something else in the product"), "{found}");
    let found = refused(&|s| scenarios(s).coordinates[0].variable.name = "k 1".to_owned());
    assert!(found.contains("letters, digits"), "{found}");
    let values = ParameterValues::Numbers(vec![1.0]);
    let shorten = move |s: &mut ProductContent| {
        let ParameterValues::Numbers(numbers) = &values else {
            return;
        };
        scenarios(s).coordinates[0].values = ParameterValues::Numbers(numbers.clone());
    };
    let found = refused(&shorten);
    assert!(found.contains("1 values for 2 scenarios"), "{found}");
}
