//! `rerunoff evaluate`: sets of parameters in, numbers out, and nothing else left behind.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{Project, Run, id, json};

/// A project of catchments 70001 to 70004, of which the first two drain into the third; the fourth is a basin of its own. `rate` is a
/// factor, `mode` what the simulator does.
fn project(summaries: &str) -> Project {
    let project = Project::new(4);
    project.write(
        "links.csv",
        "catchment,NEXTDOWNID\n70001,70003\n70002,70003\n70003,0\n70004,0\n",
    );
    project.edit(
        "[simulator]\n",
        "[[parameters.table]]\nfile = \"links.csv\"\nid = \"catchment\"\n\n[simulator]\n",
    );
    project.edit("[product]\n", "[product]\ndownstream = \"NEXTDOWNID\"\n");
    project.edit(
        "[product.variables]\n",
        "[product.variables]\ntotal = { formula = \"concentration * discharge\", accumulate = \"upstream\" }\n",
    );
    let toml = String::from_utf8_lossy(&project.read("rerunoff.toml")).into_owned();
    project.write_toml(&format!("{toml}[product.summary]\n{summaries}\n"));
    project
}

const SUM: &str = "total_sum = { of = \"total\", statistic = \"sum\" }";
const BOTH: &str = "c_p95 = { of = \"concentration\", statistic = \"quantile\", q = 0.95 }\n\
                    total_sum = { of = \"total\", statistic = \"sum\" }";

/// `evaluate` with this on its standard input.
fn evaluate(project: &Project, arguments: &[&str], samples: &str) -> Run {
    let mut command = project.command(&["evaluate"]);
    fed(command.args(arguments), samples)
}

fn fed(command: &mut Command, samples: &str) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().expect("started");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(samples.as_bytes()).expect("written");
    drop(input);
    child.wait_with_output().expect("ended").into()
}

/// The rows of a table, cell by cell.
fn cells(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().map(|line| line.split(',').collect()).collect()
}

/// A product's summary, by catchment.
fn summary(project: &Project, name: &str) -> Vec<f64> {
    let file = hdf5::File::open(project.path("output.h5")).expect("the product");
    file.dataset(name).and_then(|it| it.read_raw()).expect(name)
}

#[test]
fn numbers_are_the_product_s_to_the_bit_and_the_project_stays_as_it_was() {
    let project = project(BOTH);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let state = project.status(&[0]);
    let product = project.read("output.h5");

    let run = evaluate(
        &project,
        &["--samples", "-"],
        "factor,scenario\n3,low\n2,as it is\n3.5,high\n",
    );
    let run = run.expect(0);
    let rows = cells(&run.stdout);
    assert_eq!(
        run.stdout.lines().next(),
        Some("sample,status,factor,c_p95[70003],c_p95[70004],total_sum[70003],total_sum[70004]")
    );
    let names: Vec<&[&str]> = rows[1..].iter().map(|row| &row[..3]).collect();
    assert_eq!(
        names,
        [
            ["low", "ok", "3"],
            ["as it is", "ok", "2"],
            ["high", "ok", "3.5"]
        ]
    );
    run.says("3 samples, 0 failed; 8 run in ");
    // What the project says already was there.
    let mut twice: Vec<String> = (0..4).flat_map(|at| [id(at), id(at)]).collect();
    twice.sort();
    assert_eq!(project.calls(), twice);
    assert_eq!(project.read("output.h5"), product);
    assert_eq!(project.status(&[0]), state);
    assert_eq!(
        json(&project.rerunoff(&["runs", "--json"]).stdout)["runs"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert!(project.is_tidy());

    // The same values in the project give the same numbers, and run nothing.
    for row in &rows[1..] {
        let set = format!("factor={}", row[2]);
        project.rerunoff(&["run", "--set", &set]).expect(0);
        for (name, cells) in [("c_p95", &row[3..5]), ("total_sum", &row[5..7])] {
            for (cell, at) in cells.iter().zip([2, 3]) {
                let number: f64 = cell.parse().expect("a number");
                assert_eq!(
                    number.to_bits(),
                    summary(&project, name)[at].to_bits(),
                    "{name}"
                );
            }
        }
    }
    assert!(project.calls().is_empty());
    // A hit looks the same.
    let again = evaluate(&project, &["--set", "factor=3.5", "-q"], "").expect(0);
    assert_eq!(again.stderr, "");
    let again = cells(&again.stdout);
    assert_eq!(again[1][..2], ["factor=3.5", "ok"]);
    assert_eq!(again[1][2..], rows[3][2..]);
    assert!(project.calls().is_empty());
}

#[test]
fn only_what_the_numbers_need_is_run() {
    let project = project(BOTH);
    // The sum at 70003 is made of three.
    let arguments = [
        "--set",
        "factor=3",
        "--numbers",
        "total_sum",
        "--at",
        "70003",
    ];
    let run = evaluate(&project, &arguments, "").expect(0);
    assert_eq!(
        run.stdout.lines().next(),
        Some("sample,status,factor,total_sum[70003]")
    );
    assert_eq!(project.calls(), ["70001", "70002", "70003"]);
    let arguments = [
        "--set",
        "factor=4",
        "--numbers",
        "c_p95",
        "--at",
        "70002,70004",
    ];
    let run = evaluate(&project, &arguments, "").expect(0);
    assert_eq!(
        run.stdout.lines().next(),
        Some("sample,status,factor,c_p95[70002],c_p95[70004]")
    );
    assert_eq!(project.calls(), ["70002", "70004"]);
    // Without a set it is the project itself.
    let run = evaluate(&project, &["--numbers", "c_p95"], "").expect(0);
    assert!(run.stdout.contains("\nproject,ok,"), "{}", run.stdout);
    assert_eq!(project.calls(), ["70003", "70004"]);
    assert!(!project.path("output.h5").exists());

    for (arguments, told) in [
        (
            ["--at", "7"],
            "--at: there is no catchment \"7\" in the input",
        ),
        (
            ["--numbers", "total"],
            "there is no summary or objective \"total\"; did you mean \"total_sum\"?",
        ),
        (["--set", "facto=3"], "did you mean \"factor\"?"),
        (["--samples", "none.csv"], "none.csv"),
    ] {
        evaluate(&project, &arguments, "").expect(2).says(told);
    }
    evaluate(&project, &["--samples", "-"], "factor\n")
        .expect(2)
        .says("no samples");
    project.edit(BOTH, "");
    let none = evaluate(&project, &["--set", "factor=3"], "").expect(2);
    none.says("the product has no summaries and no objectives");
    assert!(project.calls().is_empty());
}

#[test]
fn samples_that_are_the_same_are_run_once() {
    let project = project(SUM);
    let samples = "factor\n3\n3.0\n4\n3\n";
    let run = evaluate(&project, &["--samples", "-"], samples).expect(0);
    // 3 and 3.0 print alike, so the simulator gets the same.
    assert_eq!(project.calls().len(), 8);
    let rows = cells(&run.stdout);
    let numbers: Vec<&[&str]> = rows[1..].iter().map(|row| &row[3..]).collect();
    assert!(numbers[0] == numbers[1] && numbers[0] == numbers[3] && numbers[0] != numbers[2]);
    let again = evaluate(&project, &["--samples", "-"], samples).expect(0);
    assert_eq!(again.stdout, run.stdout);
    assert!(project.calls().is_empty());
}

#[test]
fn two_evaluations_at_once_run_nothing_twice() {
    let project = project(SUM);
    project.write("samples.csv", "mode,factor\nslow,3\nslow,4\nslow,5\n");
    let start = |arguments: &[&str]| {
        let mut command = project.command(&["evaluate"]);
        let command = command.args(arguments).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().expect("started")
    };
    let all = ["--samples", "samples.csv"];
    let one = ["--set", "mode=slow", "--set", "factor=4"];
    let children = [start(&all), start(&all), start(&one)];
    let runs = children.map(|child| Run::from(child.wait_with_output().expect("ended")).expect(0));
    assert_eq!(project.calls().len(), 12);
    assert_eq!(runs[0].stdout, runs[1].stdout);
    let [all, one] = [0, 2].map(|at| cells(&runs[at].stdout));
    assert_eq!(one[1][4..], all[2][4..]);
    assert!(project.is_tidy());
}

#[test]
fn a_sample_that_fails_takes_none_with_it() {
    let project = project(SUM);
    let samples = "mode,factor\nok,3\nexit,3\nok,4\nno number,5\n";
    let run = evaluate(&project, &["--samples", "-"], samples).expect(1);
    let rows = cells(&run.stdout);
    let status: Vec<&str> = rows[1..].iter().map(|row| row[1]).collect();
    assert_eq!(status, ["ok", "failed", "ok", "failed"]);
    assert_eq!(rows[2][4..], ["", ""]);
    run.says("sample=2 failed: catchment 70001: exit code 3 (and 3 more)");
    run.says("4 samples, 2 failed; 16 run");
    // It is tried again next time, and what went well is not.
    project.calls();
    let document = evaluate(&project, &["--samples", "-", "--json"], samples).expect(1);
    assert_eq!(project.calls().len(), 8);
    let document = json(&document.stdout);
    assert_eq!(document["failed"], 2);
    assert_eq!(document["columns"][1]["name"], "total_sum[70004]");
    let failed = &document["samples"][1];
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["reason"],
        "catchment 70001: exit code 3 (and 3 more)"
    );
    assert_eq!(failed["numbers"], serde_json::json!({}));
    assert_eq!(
        failed["parameters"],
        serde_json::json!({ "mode": "exit", "factor": 3 })
    );
    assert!(document["samples"][0]["numbers"]["total_sum[70003]"].is_number());
    // The project has no failure of its own.
    assert_eq!(project.status(&[0, 1])["failures"], serde_json::json!([]));

    // Of a single set, the first failure is enough; with several, so many as are allowed.
    let one = evaluate(&project, &["--set", "mode=exit", "-j", "1"], "").expect(1);
    one.says("mode=exit failed: catchment 7000");
    // Others may have been begun before that was known.
    assert!(project.calls().len() < 4);
    assert_eq!(one.stdout.lines().count(), 2);
    assert!(
        one.stdout
            .starts_with("sample,status,mode,total_sum[70003],total_sum[70004]\n")
    );
    let arguments = ["--samples", "-", "--max-failures", "2", "-j", "1"];
    let few = evaluate(&project, &arguments, "mode,factor\nexit,7\nexit,8\n").expect(1);
    assert!(project.calls().len() < 8);
    few.says("failed: catchment");
    assert!(project.is_tidy());
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let project = project(SUM);
    let run = evaluate(&project, &["--set", "factor=3", "-o", "numbers.csv"], "").expect(0);
    assert_eq!(run.stdout, "");
    let numbers = project.read("numbers.csv");
    assert!(
        numbers
            .starts_with(b"sample,status,factor,total_sum[70003],total_sum[70004]\nfactor=3,ok,3,")
    );
    evaluate(&project, &["--set", "facto=3", "-o", "numbers.csv"], "").expect(2);
    assert_eq!(project.read("numbers.csv"), numbers);
    let nowhere = evaluate(&project, &["--set", "factor=3", "-o", "no/numbers.csv"], "");
    nowhere.expect(4).says("can't write no/numbers.csv");
}

#[test]
fn dakota_is_refused_several_scenarios_before_anything_is_run() {
    let project = project(SUM);
    let toml = String::from_utf8_lossy(&project.read("rerunoff.toml")).into_owned();
    project.write_toml(&format!(
        "{toml}[scenario.a]\n[scenario.b.parameters]\nk = 0.5\n"
    ));
    project.write("params.in", &dakota(&[("factor", "3")], &["x", "y"]));
    let call = ["evaluate", "--dakota", "params.in", "results.out"];
    project
        .rerunoff(&call)
        .expect(2)
        .says("Dakota wants the numbers of one scenario; name it with --scenario");
    assert!(project.calls().is_empty());
    assert!(
        project
            .read("results.out")
            .starts_with(b"fail\nDakota wants")
    );
    let one = [&call[..], &["--scenario", "b"]].concat();
    project.rerunoff(&one).expect(0);
}

#[test]
fn scenarios_are_samples_too() {
    let project = project(SUM);
    let toml = String::from_utf8_lossy(&project.read("rerunoff.toml")).into_owned();
    project.write_toml(&format!(
        "{toml}[scenario.a]\n[scenario.b.parameters]\nk = 0.5\n"
    ));
    let run = evaluate(&project, &["--samples", "-"], "factor,scenario\n3,x\n4,y\n").expect(0);
    let rows = cells(&run.stdout);
    let first: Vec<&[&str]> = rows.iter().map(|row| &row[..4]).collect();
    let expected = [
        ["sample", "status", "factor", "k"],
        ["a+x", "ok", "3", "0.012"],
        ["a+y", "ok", "4", "0.012"],
        ["b+x", "ok", "3", "0.5"],
        ["b+y", "ok", "4", "0.5"],
    ];
    assert_eq!(first, expected);
    let run = evaluate(&project, &["--set", "factor=3", "--scenario", "b"], "").expect(0);
    assert_eq!(cells(&run.stdout)[1][..3], ["b", "ok", "3"]);
}

/// Waits until so many results are stored.
#[track_caller]
fn wait_for_results(project: &Project, count: i64) {
    project.wait_for("cache/store.sqlite");
    for _ in 0..2000 {
        let query = "SELECT count(*) FROM result";
        let stored = project
            .store()
            .query_row(query, [], |row| row.get::<_, i64>(0));
        if stored.is_ok_and(|stored| stored == count) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{count} results do not come to be");
}

#[test]
fn interrupted_it_prints_nothing_and_goes_on_from_there() {
    let project = project(SUM);
    let mut command = project.command(&["evaluate", "--samples", "samples.csv", "-j", "8"]);
    project.write("samples.csv", "mode,factor\nok,3\nheld,3\n");
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().expect("started");
    // Four go well, and four wait.
    wait_for_results(&project, 4);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    let run = Run::from(child.wait_with_output().expect("ended")).expect(130);
    assert_eq!(run.stdout, "");
    run.says("interrupted: the results that there are by now are kept");
    project.expect_all_gone();
    project.calls();
    fs::write(project.path("calls.go"), "").expect("written");
    let run = project.rerunoff(&["evaluate", "--samples", "samples.csv"]);
    assert_eq!(run.expect(0).stdout.lines().count(), 3);
    assert_eq!(project.calls().len(), 4);
}

#[test]
fn after_a_kill_the_results_that_were_stored_are_there() {
    let project = project(SUM);
    project.write("samples.csv", "mode,factor\nok,3\nheld,3\n");
    let mut command = project.command(&["evaluate", "--samples", "samples.csv", "-j", "8"]);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("started");
    wait_for_results(&project, 4);
    child.kill().expect("killed");
    child.wait().expect("ended");
    project.expect_all_gone();
    project.calls();
    fs::write(project.path("calls.go"), "").expect("written");
    let run = project.rerunoff(&["evaluate", "--samples", "samples.csv"]);
    run.expect(0);
    assert_eq!(project.calls().len(), 4);
    project.rerunoff(&["doctor"]).expect(0);
    assert!(project.is_tidy());
}

#[test]
fn a_thousand_samples_are_a_thousand_rows() {
    let project = project(SUM);
    project.edit("[simulator]\n", "[simulator]\nsandbox = \"off\"\n");
    // Ten factors, each of them a hundred times: with other values of a parameter that no template uses.
    let rows = (0..1000).map(|at| format!("{},{at}\n", 2 + at % 10));
    let samples = format!("factor,C_back\n{}", rows.collect::<String>());
    let run = evaluate(&project, &["--samples", "-", "--at", "70003"], &samples).expect(0);
    assert_eq!(project.calls().len(), 30);
    let rows = cells(&run.stdout);
    assert_eq!(rows.len(), 1001);
    for (at, row) in rows[1..].iter().enumerate() {
        assert_eq!(
            row[..4],
            [
                format!("sample={}", at + 1).as_str(),
                "ok",
                &(2 + at % 10).to_string(),
                &at.to_string()
            ]
        );
        assert_eq!(row[4], rows[1 + at % 10][4]);
    }
}

/// Dakota's parameters file of a study with these variables and responses.
fn dakota(variables: &[(&str, &str)], responses: &[&str]) -> String {
    let mut text = format!("{} variables\n", variables.len());
    for (name, value) in variables {
        text.push_str(&format!("{value:>25} {name}\n"));
    }
    text.push_str(&format!("{} functions\n", responses.len()));
    for (at, response) in responses.iter().enumerate() {
        text.push_str(&format!("1 ASV_{}:{response}\n", at + 1));
    }
    text + "1 derivative_variables\n1 DVV_1:factor\n0 analysis_components\n3 eval_id\n"
}

#[test]
fn dakota_gets_its_results_file_whatever_happens() {
    let project = project(SUM);
    let set = evaluate(&project, &["--set", "factor=3"], "")
        .expect(0)
        .stdout;
    let numbers = cells(&set)[1][3..].to_vec();
    let call = ["evaluate", "--dakota", "params.in", "results.out"];
    let results = |project: &Project| {
        let text = String::from_utf8_lossy(&project.read("results.out")).into_owned();
        fs::remove_file(project.path("results.out")).expect("removed");
        text
    };
    let variables = [("factor", "3.000000000000000e+00")];
    for responses in [
        ["total_sum_70003", "total_sum_70004"],
        ["response_fn_1", "response_fn_2"],
    ] {
        project.write("params.in", &dakota(&variables, &responses));
        let run = project.rerunoff(&call).expect(0);
        assert_eq!(run.stdout, "");
        let expected = format!(
            "{} {}\n{} {}\n",
            numbers[0], responses[0], numbers[1], responses[1]
        );
        assert_eq!(results(&project), expected);
    }
    // By its name, whatever the order.
    project.write("params.in", &dakota(&variables, &["total_sum_70004"]));
    project.rerunoff(&call).expect(0);
    assert_eq!(
        results(&project),
        format!("{} total_sum_70004\n", numbers[1])
    );

    let failing = [("factor", "3"), ("mode", "exit")];
    project.write("params.in", &dakota(&failing, &["a", "b"]));
    project.rerunoff(&call).expect(1);
    assert!(results(&project).starts_with("fail\ncatchment 7000"));
    project.write("params.in", &dakota(&variables, &["a", "b", "c"]));
    project
        .rerunoff(&call)
        .expect(2)
        .says("3 responses are wanted (a, b, c)");
    assert!(results(&project).starts_with("fail\n"));
    project.write("params.in", &dakota(&[("facto", "3")], &["a", "b"]));
    project.rerunoff(&call).expect(2);
    assert!(results(&project).starts_with("fail\n"));
    fs::remove_file(project.path("params.in")).expect("removed");
    project.rerunoff(&call).expect(4);
    assert!(results(&project).contains("can't read params.in"));
}
