//! Products whose variables go over different axes, in the readers that people have.

use rerunoff::data::time_axis::TimeAxis;
use rerunoff::data::value::Value;
use rerunoff::product::file::{AxisValues, ProductAxis, ProductContent, ResultColumn};
use rerunoff::project::product_spec::{
    AxisWords, ProductVariable, Statistic, SummaryKind, SummaryVariable, VariableAxes,
    VariableSource,
};

use crate::common::python;
use crate::interop::{make_with_columns, scenarios, variable};

/// Days of the first of each month, from 1998 on.
fn months(count: usize) -> AxisValues {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    const DAY: i64 = 86_400_000_000_000;
    let first = 10_227 * DAY;
    let stamps = (0..count).scan(first, |next, month| {
        let stamp = *next;
        *next += LENGTHS[month % 12] * DAY;
        Some(stamp)
    });
    AxisValues::Time(TimeAxis::new(stamps.collect()).expect("an axis"))
}

fn along(time: Option<&str>, dimension: Option<&str>) -> VariableAxes {
    VariableAxes {
        time: time.map(str::to_owned),
        dimension: dimension.map(str::to_owned),
    }
}

/// A product with these variables of the columns of the same number; what is in it is told in `check_axes.py`.
fn write(mut product: ProductContent, variables: &[(usize, &str, VariableAxes)]) {
    let names = ["q", "melt", "wet", "depth", "soil", "total"];
    product.columns = (names.iter())
        .map(|name| ResultColumn {
            name: (*name).to_owned(),
            header: (*name).to_owned(),
            axes: VariableAxes::default(),
        })
        .collect();
    product.spec.variables = (variables.iter())
        .map(|(column, name, axes)| ProductVariable {
            source: VariableSource::Column(*column),
            axes: axes.clone(),
            ..variable(name, None)
        })
        .collect();
    let lengths = product.axes.iter();
    let lengths: Vec<(String, usize)> = lengths.map(|a| (a.name.clone(), a.len())).collect();
    let rows = |column: usize| -> usize {
        let axes = variables.iter().find(|(at, ..)| *at == column);
        let names = axes.into_iter().flat_map(|(_, _, axes)| axes.names());
        let of = |name: &str| lengths.iter().find(|(known, _)| known == name);
        names
            .map(|name| of(name).map_or(1, |(_, length)| *length))
            .product()
    };
    make_with_columns(&product, &|row, column| {
        let first = 10_000.0 * (row / 5) as f64 + 1_000.0 * column as f64 + 10.0 * (row % 5) as f64;
        (0..rows(column))
            .map(|at| first + at as f64 / 8.0)
            .collect()
    });
    python("check_axes.py", &[&product.spec.path]);
}

#[test]
fn variables_over_other_axes_open_as_a_person_expects() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut product = scenarios(&folder.path().join("output.nc"));
    let axis = |name: &str, values: AxisValues| ProductAxis {
        name: name.to_owned(),
        values,
    };
    product.axes.extend([
        axis("month", months(24)),
        axis("layer", AxisValues::Numbers(vec![0.1, 0.3, 1.0])),
        axis(
            "crop",
            AxisValues::Texts(["maize", "winter wheat"].map(str::to_owned).into()),
        ),
    ]);
    product.spec.axes = vec![AxisWords {
        name: "layer".to_owned(),
        units: Some("m".to_owned()),
        long_name: Some("depth".to_owned()),
        standard_name: Some("depth".to_owned()),
        attributes: vec![
            ("axis".to_owned(), Value::Text("Z".to_owned())),
            ("positive".to_owned(), Value::Text("down".to_owned())),
        ],
    }];
    product.spec.summaries = vec![SummaryVariable {
        name: "mean_wet".to_owned(),
        of: 2,
        kind: SummaryKind::Statistic(Statistic::Mean),
        units: Some("1".to_owned()),
        long_name: Some("mean".to_owned()),
        standard_name: None,
    }];
    write(
        product,
        &[
            (0, "q", along(Some("time"), None)),
            (1, "melt", along(Some("month"), None)),
            (2, "wet", along(Some("month"), Some("layer"))),
            (3, "depth", along(None, Some("layer"))),
            (4, "soil", along(Some("time"), Some("crop"))),
            (5, "total", along(None, None)),
        ],
    );
}

#[test]
fn other_time_steps_and_numbers_are_time_series_still() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut product = scenarios(&folder.path().join("output.nc"));
    product.scenarios = None;
    product.catchments.truncate(5);
    product.spec.parameters.clear();
    product.parameters.clear();
    product.axes.push(ProductAxis {
        name: "month".to_owned(),
        values: months(24),
    });
    write(
        product,
        &[
            (0, "q", along(Some("time"), None)),
            (1, "melt", along(Some("month"), None)),
            (5, "total", along(None, None)),
        ],
    );
}

#[test]
fn numbers_alone_are_a_product() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut product = scenarios(&folder.path().join("output.nc"));
    product.axes.clear();
    product.axes.push(ProductAxis {
        name: "layer".to_owned(),
        values: AxisValues::Numbers(vec![0.1, 0.3, 1.0]),
    });
    product.spec.summaries.clear();
    write(
        product,
        &[
            (3, "depth", along(None, Some("layer"))),
            (5, "total", along(None, None)),
        ],
    );
}
