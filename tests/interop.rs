//! What other programs write is read, and what rerunoff writes is read by other programs: the real ones, from the
//! virtual environment that `make test` sets up.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rerunoff::data::catchment::CatchmentId;
use rerunoff::data::digest::Digest;
use rerunoff::data::time_axis::TimeAxis;
use rerunoff::data::value::Value;
use rerunoff::netcdf::Precision;
use rerunoff::plan::snapshot::Status;
use rerunoff::product::file::{
    AxisValues, Network, NetworkLink, ParameterValues, ProductAxis, ProductContent, ProductRow,
    ResultColumn, ResultSource, ScenarioCoordinate, ScenarioDimension, assemble,
};
use rerunoff::project::product_spec::{
    Layout, Outlets, ParameterVariable, Per, ProductSpec, ProductVariable, Statistic, SummaryKind,
    SummaryVariable, VariableAxes, VariableSource,
};

use crate::common::{Project, STEPS, discharge, id, precipitation, python, unlock};

/// What the simulator printed, as the readers' script wants it.
fn write_expected(project: &Project, catchments: usize, failed: usize) {
    let mut text = "catchment,step,concentration,discharge,herbicide_load\n".to_owned();
    for catchment in 0..catchments {
        for step in 0..STEPS {
            let row = match (catchment == failed, discharge(catchment, step)) {
                (true, _) => ",,".to_owned(),
                (false, 0.0) => ",0,".to_owned(),
                (false, flow) => {
                    let concentration = precipitation(catchment, step) * 2.0;
                    format!(
                        "{concentration},{flow},{:?}",
                        concentration * flow * 3600.0 * 1e-6
                    )
                }
            };
            text.push_str(&format!("{},{step},{row}\n", id(catchment)));
        }
    }
    project.write("expected.csv", &text);
}

/// Writes a product whose results are known by their row.
fn make(product: &ProductContent, decode: &(dyn Fn(&usize) -> Result<Vec<Vec<f64>>> + Sync)) {
    make_with_columns(product, &|row, column| {
        decode(&row).expect("a result").swap_remove(column)
    });
}

/// The same with what is in each row's column.
pub(crate) fn make_with_columns(
    product: &ProductContent,
    values: &(dyn Fn(usize, usize) -> Vec<f64> + Sync),
) {
    let mut source = ResultSource {
        threads: 2,
        fetch: &mut |row, columns| Ok((row, columns.to_vec())),
        decode: &|(row, columns): &(usize, Vec<usize>)| {
            Ok(columns.iter().map(|&column| values(*row, column)).collect())
        },
        checksums: &|_| Vec::new(),
        known: &|_| None,
    };
    assemble(product, &mut source).expect("a product");
    unlock(&product.spec.path);
}

#[test]
fn a_product_opens_in_every_reader_with_every_value_to_the_bit() {
    let project = Project::new(7);
    project.edit(
        "[product.variables]",
        "[product.parameters]\narea = { parameter = \"A_tot\", units = \"m2\" }\n[product.variables]",
    );
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    write_expected(&project, 7, 4);
    python(
        "check_product.py",
        &[&project.path("output.h5"), &project.path("expected.csv")],
    );
}

#[test]
fn a_product_of_steps_opens_in_pytables_and_pandas() {
    let project = Project::new(7);
    project.edit("[product]\n", "[product]\nlayout = \"steps\"\n");
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    write_expected(&project, 7, 4);
    python(
        "check_product.py",
        &[&project.path("output.h5"), &project.path("expected.csv")],
    );
    let again = project.rerunoff(&["run"]).expect(1);
    assert!(
        again.stdout.trim_end().ends_with("unchanged"),
        "{}",
        again.stdout
    );
}

#[test]
fn summaries_are_those_of_numpy() {
    let project = Project::new(7);
    project.edit(
        "[product.variables]",
        "[product.summary]\n\
         herbicide_load_mean = { of = \"herbicide_load\", statistic = \"mean\" }\n\
         herbicide_load_max = { of = \"herbicide_load\", statistic = \"max\" }\n\
         herbicide_load_min = { of = \"herbicide_load\", statistic = \"min\" }\n\
         herbicide_load_sum = { of = \"herbicide_load\", statistic = \"sum\" }\n\
         c_median = { of = \"concentration\", statistic = \"quantile\", q = 0.5 }\n\
         c_p95 = { of = \"concentration\", statistic = \"quantile\", q = 0.95 }\n\
         c_p01 = { of = \"concentration\", statistic = \"quantile\", q = 0.01 }\n\
         c_exceeded = { of = \"concentration\", statistic = \"exceedance\", threshold = 2.4, long_name = \"days too many\" }\n\
         [product.variables]",
    );
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    python("check_summary.py", &[&project.path("output.h5")]);
    // The failed one is mended: its block is made anew, and the summaries are right again.
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    python("check_summary.py", &[&project.path("output.h5")]);
}

#[test]
fn groups_and_arrays_with_the_same_data_give_the_same_keys() {
    let project = Project::new(6);
    let paths = ["input.h5", "groups.h5", "arrays.nc"].map(|name| project.path(name));
    python(
        "make_inputs.py",
        &paths.each_ref().map(|path| path.as_path()),
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6);
    let product = project.read("output.h5");
    for (from, to) in [("input.h5", "groups.h5"), ("groups.h5", "arrays.nc")] {
        project.edit(&format!("file = \"{from}\""), &format!("file = \"{to}\""));
        let run = project.rerunoff(&["run", "--rehash"]).expect(0);
        assert!(project.calls().is_empty(), "{to}: another key");
        assert!(
            run.stdout.trim_end().ends_with("unchanged"),
            "{to}: {}",
            run.stdout
        );
        assert!(project.read("output.h5") == product);
    }
}

/// Five catchments in three scenarios; what is in it is told in `check_scenarios.py`.
pub(crate) fn scenarios(path: &Path) -> ProductContent {
    let names = ["k=0.012", "k=0.013", "what if"];
    let parameter = |name: &str, units: &str| ParameterVariable {
        name: name.to_owned(),
        parameter: name.to_owned(),
        units: Some(units.to_owned()),
        long_name: Some(name.to_owned()),
        standard_name: None,
    };
    let row = |at: usize| ProductRow {
        id: CatchmentId::new(format!("{}", 70007 + at % 5)),
        status: if at == 7 { Status::Failed } else { Status::Ok },
        key: Some(Digest::of(&[at as u8])),
        content: Some(Digest::of(&[at as u8])),
        scalars: Vec::new(),
    };
    let k = ScenarioCoordinate {
        variable: parameter("k", "d-1"),
        values: ParameterValues::Numbers(vec![0.012, 0.013, 0.02]),
    };
    ProductContent {
        spec: ProductSpec {
            path: path.to_owned(),
            per: Per::Dimension,
            downstream: None,
            ids: None,
            positions: true,
            layout: Layout::Grid,
            compression: 1,
            attributes: Default::default(),
            axes: Vec::new(),
            variables: vec![variable("herbicide_load", None)],
            parameters: vec![parameter("area", "m2"), parameter("dose", "g")],
            summaries: Vec::new(),
            objectives: Vec::new(),
        },
        title: "Three scenarios".to_owned(),
        recipe: Digest::of(b"recipe"),
        axes: vec![time("time", 30, 1)],
        columns: vec![ResultColumn {
            name: "herbicide_load".to_owned(),
            header: "herbicide_load".to_owned(),
            axes: VariableAxes::steps(),
        }],
        scalars: Vec::new(),
        scenarios: Some(ScenarioDimension {
            names: names.map(str::to_owned).into(),
            coordinates: vec![k],
        }),
        catchments: (0..15).map(row).collect(),
        networks: Vec::new(),
        parameters: vec![
            ParameterValues::Numbers((0..15).map(|at| f64::from(at % 5)).collect()),
            ParameterValues::Numbers((0..15).map(f64::from).collect()),
        ],
        gauges: Vec::new(),
    }
}

/// So many time steps of so many hours, from 1970 on.
fn time(name: &str, steps: i64, hours: i64) -> ProductAxis {
    let stamps = (0..steps).map(|step| step * hours * 3_600_000_000_000);
    ProductAxis {
        name: name.to_owned(),
        values: AxisValues::Time(TimeAxis::new(stamps.collect()).expect("an axis")),
    }
}

/// The first column of all results, or its sums.
pub(crate) fn variable(name: &str, upstream: Option<Outlets>) -> ProductVariable {
    ProductVariable {
        name: name.to_owned(),
        source: VariableSource::Column(0),
        axes: VariableAxes::steps(),
        upstream,
        units: Some("g h-1".to_owned()),
        long_name: Some(name.to_owned()),
        standard_name: None,
        min: None,
        max: None,
        attributes: Vec::new(),
        precision: Precision::F64,
    }
}

#[test]
fn a_product_of_scenarios_opens_as_a_person_expects() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = scenarios(&folder.path().join("output.nc"));
    let decode = |row: &usize| {
        let value =
            |step| 1000.0 * (row / 5) as f64 + 10.0 * (row % 5) as f64 + f64::from(step) / 8.0;
        Ok(vec![(0..30).map(value).collect()])
    };
    make(&product, &decode);
    python("check_scenarios.py", &[&product.spec.path]);
}

#[test]
fn sums_over_all_upstream_are_those_of_numpy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut product = scenarios(&folder.path().join("output.nc"));
    let count = 1000;
    product.scenarios = None;
    product.catchments = (0..count)
        .map(|at| ProductRow {
            id: CatchmentId::new(format!("{}", 70000 + at)),
            status: if at == 77 { Status::Failed } else { Status::Ok },
            key: Some(Digest::of(&[at as u8])),
            content: Some(Digest::of(&[at as u8])),
            scalars: Vec::new(),
        })
        .collect();
    let ids: Vec<String> = product
        .catchments
        .iter()
        .map(|row| row.id.to_string())
        .collect();
    // Into one further up in the list, and now and then out of the basin.
    let link = |at: usize| match (at * 7919) % 60 {
        0 => String::new(),
        far => ids.get(at + 1 + far % 9).cloned().unwrap_or_default(),
    };
    let next: Vec<String> = (0..count).map(link).collect();
    let links: Vec<NetworkLink> = (next.iter())
        .map(|next| NetworkLink::from(Some(&Value::Text(next.clone()))))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    product.networks = vec![Network::new(&ids, &links).expect("a network")];
    product.spec.parameters.truncate(1);
    product.spec.parameters[0].name = "next".to_owned();
    product.spec.parameters[0].units = None;
    product.parameters = vec![ParameterValues::Texts(next)];
    product.spec.variables = vec![
        variable("local", None),
        variable("total", Some(Outlets::All)),
    ];
    product.spec.summaries = vec![SummaryVariable {
        name: "total_mean".to_owned(),
        of: 1,
        kind: SummaryKind::Statistic(Statistic::Mean),
        units: Some("g h-1".to_owned()),
        long_name: Some("mean".to_owned()),
        standard_name: None,
    }];
    let decode = |row: &usize| {
        let value = |step: usize| ((row * 31 + step * 17) % 1009) as f64 / 7.0;
        Ok(vec![(0..30).map(value).collect()])
    };
    make(&product, &decode);
    python("check_sums.py", &[&product.spec.path]);
}

#[test]
fn an_imported_file_opens_in_xarray_with_every_value() {
    let project = Project::new(4);
    std::fs::remove_file(project.path("input.h5")).expect("removed");
    let mut table = "time".to_owned();
    (0..4).for_each(|c| table.push_str(&format!(";{}", id(c))));
    for step in 0..STEPS {
        table.push_str(&format!("\n2009-01-01 {step:02}:00"));
        (0..4).for_each(|c| table.push_str(&format!(";{}", discharge(c, step) * 1000.0)));
    }
    project.write("Q.csv", &table);
    let days: String = (0..4)
        .map(|c| format!("2009-01-01,{},{c}.5\n", id(c)))
        .collect();
    project.write("T.csv", &format!("day,id,T\n{days}"));
    let rows: String = (0..4)
        .map(|c| format!("{},{c},{}\n", id(c), 1.5 + c as f64))
        .collect();
    project.write("basin.csv", &format!("id,order,area\n{rows}"));
    let import = r#"
[import]
filter = "order < 3"
[import.series.discharge]
file = "Q.csv"
formula = "value / 1000"
units = "m3 s-1"
[import.series.temperature]
file = "T.csv"
id = "id"
value = "T"
fill = "previous"
units = "degC"
[[import.table]]
file = "basin.csv"
id = "id"
[import.parameters]
A_tot = { formula = "area * 1e6", units = "m2" }
"#;
    project.write_toml(&(project.toml() + import));
    project.rerunoff(&["import"]).expect(0);
    let paths = ["input.h5", "Q.csv"].map(|name| project.path(name));
    python(
        "check_import.py",
        &paths.each_ref().map(|path| path.as_path()),
    );
}

#[test]
fn objectives_are_those_of_other_packages() {
    let project = Project::new(4);
    let measured = |catchment: usize, step: usize| {
        discharge(catchment, step) * 0.8 + ((step * 13 + catchment * 5) % 11) as f64 * 0.2 + 0.1
    };
    let mut text = format!("time,{},{}\n", id(1), id(3));
    for step in 0..STEPS {
        text.push_str(&format!("2009-01-01 {step:02}:00"));
        for catchment in [1, 3] {
            match (step + catchment) % 7 {
                0 => text.push(','),
                _ => text.push_str(&format!(",{}", measured(catchment, step))),
            }
        }
        text.push('\n');
    }
    project.write("observed.csv", &text);
    let mut objectives = "[observations]\nflow = { file = \"observed.csv\", variable = \"discharge\" }\n[objective]\n".to_owned();
    let plain = [
        "nse", "kge", "kge_2012", "rmse", "mae", "r2", "log_rmse", "log_mae", "log_r2",
    ];
    let mut add = |name: &str, statistic: &str| {
        objectives.push_str(&format!(
            "{name} = {{ of = \"flow\", warm_up = \"3h\", statistic = {statistic} }}\n"
        ));
    };
    plain
        .iter()
        .for_each(|name| add(name, &format!("\"{name}\"")));
    add("log_nse", "\"log_nse\", epsilon = \"mean/100\"");
    add("log_kge", "\"log_kge\", epsilon = \"mean/100\"");
    add("log_kge_2012", "\"log_kge_2012\", epsilon = 0.5");
    add("pbias_over", "\"pbias\", positive = \"over\"");
    add("pbias_under", "\"pbias\", positive = \"under\"");
    project.write_toml(&(project.toml() + &objectives));
    project.rerunoff(&["run"]).expect(0);
    let paths = ["output.h5", "observed.csv", "observed.nc"].map(|name| project.path(name));
    let [product, csv, netcdf] = paths.each_ref().map(PathBuf::as_path);
    python("check_objectives.py", &[Path::new("compare"), product, csv]);
    // The same in NetCDF.
    python("check_objectives.py", &[Path::new("write"), csv, netcdf]);
    let before = project.read("output.h5");
    project.edit("file = \"observed.csv\"", "file = \"observed.nc\"");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.contains("unchanged"), "{}", run.stdout);
    assert!(project.read("output.h5") == before);
}
