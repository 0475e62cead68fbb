//! Sums over all upstream: what they are, what they rest on, and what is said of links that make no sense.

use crate::common::{Project, STEPS, id, precipitation};

/// Summaries of own values, of sums everywhere and of sums at two outlets, one of them at the end of a river.
const SUMMARIES: &str = r#"
total_outlets = { formula = "discharge * 1.1", accumulate = "upstream", outlets = ["70003", "70005"] }
[product.summary]
c_p95 = { of = "concentration", statistic = "quantile", q = 0.95 }
flow_mean = { of = "flow", statistic = "mean" }
total_sum = { of = "discharge_total", statistic = "sum" }
outlets_max = { of = "total_outlets", statistic = "max" }
"#;

/// Catchments 0 and 1 drain into 2, this and 3 into 4; of 5 the table says nothing, so it is a basin of its own.
const LINKS: [(usize, &str); 5] = [
    (0, "70003"),
    (1, "70003"),
    (2, "70005"),
    (3, "70005"),
    (4, "0"),
];

fn write_links(project: &Project, links: &[(usize, &str)]) {
    let mut text = "catchment,NEXTDOWNID\n".to_owned();
    for catchment in 0..6 {
        let link = links.iter().find(|(of, _)| *of == catchment);
        let to = link.map_or("", |(_, to)| to);
        text.push_str(&format!("{},{to}\n", id(catchment)));
    }
    project.write("links.csv", &text);
}

fn project() -> Project {
    let project = Project::new(6);
    write_links(&project, &LINKS);
    project.edit(
        "[simulator]\n",
        "[[parameters.table]]\nfile = \"links.csv\"\nid = \"catchment\"\n\n[simulator]\n",
    );
    project.edit("[product]\n", "[product]\ndownstream = \"NEXTDOWNID\"\n");
    project.edit(
        "[product.variables]\n",
        "[product.parameters]\narea = { parameter = \"A_tot\" }\n[product.variables]\n\
         discharge_total = { column = \"discharge\", accumulate = \"upstream\" }\n",
    );
    // The column has another name now; under its own it is there by a formula.
    project.edit(
        "discharge = { units = \"m3 s-1\", min = 0 }",
        "flow = { formula = \"discharge\" }",
    );
    project
}

/// The sums must be those of these catchments, by catchment.
#[track_caller]
fn expect_sums(project: &Project, of: [&[usize]; 6]) {
    let (own, sums) = (project.product("flow"), project.product("discharge_total"));
    for step in 0..STEPS {
        for (at, of) in of.iter().enumerate() {
            let sum = of
                .iter()
                .map(|&catchment| own[step][catchment])
                .fold(0.0, |a, b| a + b);
            let found = sums[step][at];
            let same = (found - sum).abs() <= 1e-12 * sum.abs();
            let missing = of.is_empty() && found.is_nan();
            assert!(
                missing || same,
                "step {step}, {}: {found}, not {sum}",
                id(at)
            );
        }
    }
}

#[test]
fn sums_follow_the_links() {
    let project = project();
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    expect_sums(
        &project,
        [&[0], &[1], &[0, 1, 2], &[3], &[0, 1, 2, 3, 4], &[5]],
    );
    let area = hdf5::File::open(project.path("output.h5")).expect("the product");
    let area: Vec<f64> = area
        .dataset("area")
        .expect("area")
        .read_raw()
        .expect("area");
    assert!(area.iter().all(|area| area.is_finite()), "{area:?}");

    // Another link runs nothing and makes other sums.
    write_links(
        &project,
        &[
            (0, "70003"),
            (1, "70004"),
            (2, "70005"),
            (3, "70005"),
            (4, "-1"),
        ],
    );
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    expect_sums(
        &project,
        [&[0], &[1], &[0, 2], &[1, 3], &[0, 1, 2, 3, 4], &[5]],
    );
    let again = project.rerunoff(&["run"]).expect(0);
    assert!(
        again.stdout.trim_end().ends_with("unchanged"),
        "{}",
        again.stdout
    );
    // What is a catchment's own can be compared and printed.
    let export = project.rerunoff(&["export", "70005"]).expect(0).stdout;
    let header = export.lines().next().unwrap_or_default();
    assert!(
        header.contains("flow") && !header.contains("discharge_total"),
        "{header}"
    );
}

#[test]
fn what_fails_leaves_no_sum_downstream_too_small() {
    let project = project();
    project.set(&[(1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    expect_sums(&project, [&[0], &[], &[], &[3], &[], &[5]]);
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    expect_sums(
        &project,
        [&[0], &[1], &[0, 1, 2], &[3], &[0, 1, 2, 3, 4], &[5]],
    );

    // One that is passed over drains where it drained before.
    project.edit("[input]\n", "[input]\non_bad_input = \"skip\"\n");
    project.write_input(&|catchment, step| match catchment {
        3 => f64::NAN,
        _ => precipitation(catchment, step),
    });
    project.rerunoff(&["run"]).expect(0);
    expect_sums(&project, [&[0], &[1], &[0, 1, 2], &[], &[], &[5]]);
    // Where it drains to must be known.
    write_links(
        &project,
        &[(0, "70003"), (1, "70003"), (2, "70005"), (4, "0")],
    );
    let run = project.rerunoff(&["run"]).expect(2);
    assert!(
        run.stderr
            .contains("catchment 70004 can't be run and has no value"),
        "{}",
        run.stderr
    );
}

#[test]
fn only_outlets_that_are_asked_for_have_sums() {
    let project = project();
    project.edit(
        "accumulate = \"upstream\"",
        "accumulate = \"upstream\", outlets = [\"70005\"]",
    );
    project.rerunoff(&["run"]).expect(0);
    expect_sums(&project, [&[], &[], &[], &[], &[0, 1, 2, 3, 4], &[]]);
}

#[test]
fn links_that_make_no_sense_are_named() {
    let complaint = |links: &[(usize, &str)], edit: [&str; 2], wanted: &[&str]| {
        let project = project();
        write_links(&project, links);
        if edit[0] != edit[1] {
            project.edit(edit[0], edit[1]);
        }
        for command in ["check", "run"] {
            let run = project.rerunoff(&[command]).expect(2);
            for text in wanted {
                assert!(run.stderr.contains(text), "no {text:?} in {}", run.stderr);
            }
        }
        assert!(project.calls().is_empty(), "nothing is run");
    };
    let none = ["", ""];
    complaint(
        &[(0, "70003"), (2, "70005"), (4, "70001")],
        none,
        &[
            "rerunoff.toml:",
            "product.downstream",
            "circle of 3: 70001 → 70003 → 70005 → 70001",
        ],
    );
    complaint(
        &[(0, "7003")],
        none,
        &[
            "catchment 70001 drains into \"7003\"",
            "neither a catchment nor",
            "did you mean \"70003\"?",
        ],
    );
    complaint(
        &LINKS,
        ["downstream = \"NEXTDOWNID\"", "downstream = \"NEXTDOWN\""],
        &[
            "product.downstream",
            "no parameter \"NEXTDOWN\"",
            "did you mean \"NEXTDOWNID\"?",
        ],
    );
    complaint(
        &LINKS,
        ["downstream = \"NEXTDOWNID\"\n", ""],
        &[
            "product.variables.discharge_total.accumulate",
            "`downstream` under [product]",
        ],
    );
    complaint(
        &LINKS,
        ["\"upstream\" }", "\"upstream\", outlets = [\"7005\"] }"],
        &[
            "discharge_total.outlets",
            "no catchment \"7005\"",
            "did you mean \"70005\"?",
        ],
    );
    complaint(
        &LINKS,
        ["accumulate = \"upstream\"", "outlets = [\"70005\"]"],
        &["discharge_total.outlets", "only a variable with accumulate"],
    );
    complaint(
        &LINKS,
        ["\"upstream\" }", "\"upstrem\" }"],
        &["rerunoff.toml:", "upstrem", "upstream"],
    );
}

#[test]
fn a_table_of_summaries_has_the_product_s_numbers_to_the_bit() {
    let project = project();
    let toml = project.read("rerunoff.toml");
    project.write(
        "rerunoff.toml",
        &(String::from_utf8_lossy(&toml) + SUMMARIES),
    );
    project.set(&[(3, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let product = hdf5::File::open(project.path("output.h5")).expect("the product");
    let numbers = |name: &str| -> Vec<f64> {
        product
            .dataset(name)
            .and_then(|it| it.read_raw())
            .expect(name)
    };
    let export = project.rerunoff(&["export", "--summary", "--csv"]);
    let export = export.expect(0).stdout;
    let mut lines = export.lines();
    let names = ["c_p95", "flow_mean", "outlets_max", "total_sum", "area"];
    let header = format!("catchment,status,{}", names.join(","));
    assert_eq!(lines.next(), Some(header.as_str()));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    for (at, row) in rows.iter().enumerate() {
        let status = if at == 3 { "failed" } else { "ok" };
        assert_eq!(row[..2], [id(at).as_str(), status]);
        for (name, cell) in names.iter().zip(&row[2..]) {
            let number = numbers(name)[at];
            let found = if cell.is_empty() {
                f64::NAN
            } else {
                cell.parse().expect(cell)
            };
            let same = found.to_bits() == number.to_bits() || found.is_nan() && number.is_nan();
            assert!(same, "{name} of {}: {found}, not {number}", id(at));
        }
    }
    assert_eq!(rows.len(), 6);
    // 70004 has failed, and 70005 is downstream of it; 70001 is no outlet.
    let empty = |at: usize| rows[at].iter().filter(|cell| cell.is_empty()).count();
    assert_eq!([0, 2, 3, 4, 5].map(empty), [1, 0, 4, 2, 1]);

    project.rerunoff(&["tag", "then"]).expect(0);
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    let arguments = [
        "export",
        "--summary",
        "70004",
        "70001",
        "--csv",
        "--at",
        "then",
    ];
    let then = project.rerunoff(&arguments).expect(0).stdout;
    let lines: Vec<&str> = export.lines().collect();
    assert_eq!(then, format!("{}\n{}\n{}\n", lines[0], lines[1], lines[4]));
    let plain = project
        .rerunoff(&["export", "--summary", "70001"])
        .expect(0)
        .stdout;
    assert!(
        plain.starts_with("#catchment\tstatus\tc_p95\t") && plain.contains("\tNaN\t"),
        "{plain}"
    );
    let unknown = project.rerunoff(&["export", "--summary", "7"]).expect(2);
    unknown.says("there is no catchment \"7\"");
}
