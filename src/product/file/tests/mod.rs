//! Products of made-up results, read back through the `hdf5` crate and compared byte for byte.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;

use super::*;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::formula::Expr;
use crate::netcdf::Precision;
use crate::project::product_spec::{
    DEFAULT_DEFLATE, Outlets, ParameterVariable, Per, ProductVariable, Statistic, SummaryKind,
    SummaryVariable, VariableSource,
};

mod axes;
mod patched;
mod scenarios;
mod summary;
mod upstream;

const HOUR: i64 = 3_600_000_000_000;

/// A column of a made-up result: depends on two bytes of the key alone.
fn column(key: &Digest, k: usize, rows: usize) -> Vec<f64> {
    let [whole, part] = [2 * k, 2 * k + 1].map(|at| f64::from(key.as_bytes()[at]));
    let seed = whole + part / 256.0;
    (0..rows)
        .map(|row| seed * (row + 1) as f64 + k as f64)
        .collect()
}

/// A made-up result of two columns.
fn result(key: &Digest, steps: usize) -> Vec<Vec<f64>> {
    vec![column(key, 0, steps), column(key, 1, steps)]
}

/// A made-up result with the columns of a product.
fn result_of(product: &ProductContent, key: &Digest) -> Vec<Vec<f64>> {
    let rows = |column: &ResultColumn| -> usize {
        let lengths = column.axes.names().filter_map(|name| product.axis(name));
        lengths.map(ProductAxis::len).product()
    };
    let columns = product.columns.iter().enumerate();
    columns.map(|(k, of)| column(key, k, rows(of))).collect()
}

/// What is known of a key's result, of the same content.
fn known(product: &ProductContent, key: &Digest) -> Option<KnownResult> {
    let columns = result_of(product, key);
    Some(KnownResult {
        content: *key,
        columns: (columns.iter())
            .map(|column| Digest::of_numbers(column))
            .collect(),
    })
}

/// Writes a product of which nothing is known before.
fn assemble<E: Send>(
    product: &ProductContent,
    threads: usize,
    fetch: &mut (dyn FnMut(usize) -> Result<E> + Send),
    decode: &(dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
) -> Result<Assembled> {
    let mut source = ResultSource {
        threads,
        fetch: &mut |row, _: &[usize]| fetch(row),
        decode,
        checksums: &|_| Vec::new(),
        known: &|_| None,
    };
    super::assemble(product, &mut source)
}

pub(super) fn variable(name: &str, source: VariableSource) -> ProductVariable {
    ProductVariable {
        name: name.to_owned(),
        source,
        axes: VariableAxes::steps(),
        min: None,
        max: None,
        upstream: None,
        units: Some("g/h".to_owned()),
        long_name: Some(format!("the {name}")),
        standard_name: None,
        attributes: vec![("note".to_owned(), Value::Integer(3))],
        precision: Precision::F64,
    }
}

/// These axes.
pub(super) fn along(time: Option<&str>, dimension: Option<&str>) -> VariableAxes {
    VariableAxes {
        time: time.map(str::to_owned),
        dimension: dimension.map(str::to_owned),
    }
}

pub(super) fn axis(name: &str, values: AxisValues) -> ProductAxis {
    ProductAxis {
        name: name.to_owned(),
        values,
    }
}

/// So many hours from 1970 on.
fn hours(count: i64) -> AxisValues {
    let stamps = (0..count).map(|hour| hour * HOUR).collect();
    AxisValues::Time(TimeAxis::new(stamps).expect("an axis"))
}

/// How many time steps a product has.
fn steps_of(product: &ProductContent) -> usize {
    product.time().map_or(0, TimeAxis::len)
}

fn row(id: &str) -> ProductRow {
    ProductRow {
        id: CatchmentId::new(id),
        status: Status::Ok,
        key: Some(Digest::of(id.as_bytes())),
        content: Some(Digest::of(id.as_bytes())),
        scalars: vec![2.0],
    }
}

fn formula(text: &str) -> VariableSource {
    VariableSource::Formula(Expr::parse(text).expect("a formula"))
}

fn parameter(name: &str, units: Option<&str>, standard_name: Option<&str>) -> ParameterVariable {
    ParameterVariable {
        name: name.to_owned(),
        parameter: name.to_owned(),
        units: units.map(str::to_owned),
        long_name: None,
        standard_name: standard_name.map(str::to_owned),
    }
}

fn summary(name: &str, of: usize, statistic: Statistic) -> SummaryVariable {
    SummaryVariable {
        name: name.to_owned(),
        of,
        kind: SummaryKind::Statistic(statistic),
        units: Some("g/h".to_owned()),
        long_name: None,
        standard_name: None,
    }
}

pub(super) fn product(path: &Path, catchments: usize, steps: i64) -> ProductContent {
    let mut rows: Vec<ProductRow> = (0..catchments).map(|i| row(&format!("7{i:04}"))).collect();
    if catchments > 2 {
        rows[2] = ProductRow {
            status: Status::Failed,
            key: None,
            ..row("failed")
        };
    }
    let load = ProductVariable {
        precision: Precision::F32,
        ..variable("load", formula("first * factor"))
    };
    let column = |name: &str| ResultColumn {
        name: name.to_owned(),
        header: name.to_owned(),
        axes: VariableAxes::steps(),
    };
    let latitudes = (0..catchments).map(|i| 45.0 + i as f64);
    ProductContent {
        spec: ProductSpec {
            path: path.to_owned(),
            per: Per::File,
            downstream: None,
            ids: None,
            positions: true,
            layout: Layout::Grid,
            compression: DEFAULT_DEFLATE,
            attributes: [("institution".to_owned(), "here".to_owned())].into(),
            axes: Vec::new(),
            variables: vec![variable("q", VariableSource::Column(1)), load],
            parameters: vec![parameter("lat", Some("degrees_north"), Some("latitude"))],
            summaries: Vec::new(),
            objectives: Vec::new(),
        },
        title: "A test".to_owned(),
        recipe: Digest::of(b"recipe"),
        axes: vec![axis("time", hours(steps))],
        columns: ["first", "second"].map(column).into(),
        scalars: vec!["factor".to_owned()],
        scenarios: None,
        catchments: rows,
        networks: Vec::new(),
        parameters: vec![ParameterValues::Numbers(latitudes.collect())],
        gauges: Vec::new(),
    }
}

/// The same in this layout.
fn laid_out(layout: Layout, mut product: ProductContent) -> ProductContent {
    product.spec.layout = layout;
    product
}

pub(super) fn make(product: &ProductContent, threads: usize) -> Assembled {
    let mut fetch = |i: usize, columns: &[usize]| {
        let key = product.catchments[i].content;
        let key = key.expect("only rows with a key are fetched");
        let mut all = result_of(product, &key);
        let wanted = columns
            .iter()
            .map(|&column| std::mem::take(&mut all[column]));
        Ok(wanted.collect::<Vec<Vec<f64>>>())
    };
    let mut source = ResultSource {
        threads,
        fetch: &mut fetch,
        decode: &|columns: &Vec<Vec<f64>>| Ok(columns.clone()),
        checksums: &|columns| {
            (columns.iter())
                .map(|column| Digest::of_numbers(column))
                .collect()
        },
        known: &|key| known(product, key),
    };
    super::assemble(product, &mut source).expect("a product")
}

fn expected(product: &ProductContent, catchment: usize, step: usize) -> [f64; 2] {
    let row = &product.catchments[catchment];
    match (row.status, row.content) {
        (Status::Ok, Some(key)) => {
            let columns = result(&key, steps_of(product));
            [columns[1][step], columns[0][step] * row.scalars[0]]
        }
        _ => [f64::NAN; 2],
    }
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[test]
fn the_grid_holds_every_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = product(&folder.path().join("p.nc"), 150, 600);
    let assembled = make(&product, 2);
    assert_eq!(
        (
            assembled.fetched,
            assembled.chunks_written,
            assembled.chunks_copied
        ),
        (149, 100, 0)
    );
    assert_eq!(
        digest_of(&product.spec.path),
        Some(digest(&product).to_string())
    );
    let file = hdf5::File::open(&product.spec.path).expect("a file");
    let q = file
        .dataset("q")
        .expect("q")
        .read_2d::<f64>()
        .expect("values");
    let load = file
        .dataset("load")
        .expect("load")
        .read_2d::<f32>()
        .expect("values");
    assert_eq!(q.dim(), (600, 150));
    for catchment in 0..150 {
        for step in 0..600 {
            let values = expected(&product, catchment, step);
            assert!(same(q[[step, catchment]], values[0]));
            assert!(same(
                load[[step, catchment]].into(),
                (values[1] as f32).into()
            ));
        }
    }
    let status = file
        .dataset("status")
        .expect("status")
        .read_1d::<i8>()
        .expect("values");
    assert_eq!(status.to_vec()[..4], [0, 0, 1, 0]);
}

#[test]
fn threads_do_not_matter() {
    let folder = tempfile::tempdir().expect("a folder");
    for layout in [Layout::Grid, Layout::Steps] {
        let mut files = Vec::new();
        for threads in [1, 2, 5] {
            let path = folder.path().join(format!("{threads}.h5"));
            let product = laid_out(layout, product(&path, 70, 40));
            make(&product, threads);
            files.push(fs::read(path).expect("a file"));
        }
        assert!(files[0] == files[1] && files[1] == files[2]);
    }
}

#[test]
fn steps_hold_every_value() {
    #[derive(hdf5::H5Type, Clone)]
    #[repr(C, packed)]
    struct ProductRow {
        catchment: hdf5::types::FixedAscii<10>,
        q: f64,
        load: f64,
    }
    let folder = tempfile::tempdir().expect("a folder");
    for deflate in [0, 1] {
        let path = folder.path().join("p.h5");
        let mut product = laid_out(Layout::Steps, product(&path, 150, 300));
        product.spec.compression = deflate;
        let assembled = make(&product, 2);
        assert_eq!((assembled.fetched, assembled.chunks_written), (149, 300));
        assert_eq!(
            digest_of(&product.spec.path),
            Some(digest(&product).to_string())
        );
        let file = hdf5::File::open(&product.spec.path).expect("a file");
        for step in [0, 1, 127, 128, 299] {
            let table = file
                .dataset(&format!("step_{step}/values"))
                .expect("a table");
            let rows = table.read_1d::<ProductRow>().expect("rows");
            assert_eq!(rows.len(), 150);
            for (i, row) in rows.iter().enumerate() {
                let values = expected(&product, i, step);
                assert_eq!(row.catchment.as_str(), product.catchments[i].id.as_str());
                assert!(same(row.q, values[0]) && same(row.load, values[1]));
            }
        }
    }
}

#[test]
fn any_id_is_harmless() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "ü".repeat(5_000);
    let ids = [
        "",
        "a\0b",
        "a\\0b",
        "\u{1}\n\t\u{7f}",
        "../../x",
        "Ж 水 🌊",
        &long,
        "\0",
    ];
    for layout in [Layout::Grid, Layout::Steps] {
        let mut product = laid_out(layout, product(&folder.path().join("p"), 1, 3));
        product.catchments = ids.iter().map(|id| row(id)).collect();
        product.parameters[0] =
            ParameterValues::Texts(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(make(&product, 2).fetched, ids.len());
        assert!(digest_of(&product.spec.path).is_some());
        let again = make(&product, 2);
        assert_eq!(
            again.fetched,
            if layout == Layout::Grid { 0 } else { ids.len() }
        );
    }
}

#[test]
fn problems_name_the_catchment_and_leave_the_old_product() {
    let folder = tempfile::tempdir().expect("a folder");
    for layout in [Layout::Grid, Layout::Steps] {
        let mut product = laid_out(layout, product(&folder.path().join("p"), 100, 30));
        make(&product, 2);
        let before = fs::read(&product.spec.path).expect("a file");
        product.catchments[80].content = Some(Digest::of(b"new"));
        let mut fetch = |i: usize| {
            if i == 80 {
                bail!("no such result")
            } else {
                Ok(i)
            }
        };
        let decode = |_: &usize| Ok(vec![vec![0.0; 30]; 2]);
        let error = assemble(&product, 2, &mut fetch, &decode).expect_err("an error");
        assert_eq!(
            format!("{error:#}"),
            "catchment 70080: cannot fetch its result: no such result"
        );
        let decode = |_: &usize| Ok(vec![vec![0.0; 29]; 2]);
        let error = assemble(&product, 2, &mut |i| Ok(i), &decode).expect_err("an error");
        assert!(
            format!("{error:#}").contains("`q` has 29 values for 30 time steps"),
            "{error:#}"
        );
        let decode = |_: &usize| Ok(vec![vec![0.0; 30]]);
        let error = assemble(&product, 2, &mut |i| Ok(i), &decode).expect_err("an error");
        assert!(
            format!("{error:#}").contains("has no column for `q`"),
            "{error:#}"
        );
        assert!(before == fs::read(&product.spec.path).expect("a file"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}

#[test]
#[should_panic(expected = "in the feeder")]
fn a_panic_of_the_feeder_is_passed_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = product(&folder.path().join("p"), 100, 30);
    let mut fetch = |i: usize| {
        if i == 50 {
            panic!("in the feeder")
        } else {
            Ok(i)
        }
    };
    drop(assemble(&product, 2, &mut fetch, &|_| {
        Ok(vec![vec![0.0; 30]; 2])
    }));
}

#[test]
fn results_are_fetched_once_and_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = product(&folder.path().join("p"), 300, 5);
    let last = AtomicUsize::new(0);
    let mut fetch = |i: usize| {
        assert!(last.swap(i + 1, Ordering::SeqCst) <= i);
        Ok(product.catchments[i].content.expect("a key"))
    };
    assemble(&product, 2, &mut fetch, &|key| Ok(result(key, 5))).expect("a product");
    assert_eq!(last.into_inner(), 300);
}
