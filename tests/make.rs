//! rerunoff behind GNU make: the Makefiles of the README, the depfile, and the share in `make -j`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::common::{Project, Run, id};

/// The makes there are: the system's, and the one that `make test` installs, of the other kind of jobserver.
fn makes() -> Vec<PathBuf> {
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/interop/bin/make");
    let mut makes = vec![PathBuf::from("make")];
    makes.extend(other.exists().then_some(other));
    makes
}

fn make(program: &Path, folder: &Path, arguments: &[&str]) -> Run {
    let ours = Path::new(env!("CARGO_BIN_EXE_rerunoff")).parent();
    let path = std::env::var("PATH").expect("a PATH");
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env(
            "PATH",
            format!("{}:{path}", ours.expect("a folder").display()),
        )
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .expect("make")
        .into()
}

/// The Makefiles of the README, made to log what is rebuilt behind the product.
fn makefiles() -> [String; 2] {
    let readme = include_str!("../README.md");
    let blocks: Vec<String> = readme
        .split("```make\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("its end"))
        .map(|text| {
            assert!(text.contains("\tpython3 plot.py\n"));
            let rule = "\tmkdir -p figures && echo rebuilt >> rebuilt && touch $@\n";
            let text = text.replace("\tpython3 plot.py\n", rule);
            // What the tests' project calls its product.
            text.replace("output.nc", "output.h5")
        })
        .collect();
    blocks.try_into().expect("two Makefiles")
}

fn rebuilt(project: &Project) -> usize {
    let text = fs::read_to_string(project.path("rebuilt")).unwrap_or_default();
    fs::remove_file(project.path("rebuilt")).ok();
    text.lines().count()
}

/// Lets a file look as if it had been edited just now; make compares whole files' times.
fn touch(path: &Path) {
    let file = fs::File::options().append(true).open(path).expect("opens");
    file.set_modified(SystemTime::now() + Duration::from_secs(1))
        .expect("set");
}

#[test]
fn a_tweak_that_changes_nothing_rebuilds_nothing_behind_the_product() {
    for makefile in makefiles() {
        let project = Project::new(4);
        project.write("Makefile", &makefile);
        project.write("plot.py", "");
        let goal = || {
            let run = make(Path::new("make"), project.root(), &["figures/loads.pdf"]).expect(0);
            (project.calls().len(), rebuilt(&project), run.stdout)
        };
        let (calls, rebuilt, _) = goal();
        assert_eq!((calls, rebuilt), (4, 1));
        let (calls, rebuilt, said) = goal();
        assert_eq!((calls, rebuilt), (0, 0), "{said}");

        project.edit("[input]", "# a remark\n[input]");
        let (calls, rebuilt, said) = goal();
        assert_eq!((calls, rebuilt), (0, 0), "{said}");
        assert!(said.contains("output.h5 unchanged"), "{said}");

        project.edit("k = 0.012", "k = 0.013");
        touch(&project.path("rerunoff.toml"));
        let (calls, rebuilt, said) = goal();
        assert_eq!((calls, rebuilt), (4, 1), "{said}");
        std::thread::sleep(Duration::from_millis(1100));
        let (calls, rebuilt, said) = goal();
        assert_eq!((calls, rebuilt), (0, 0), "{said}");

        fs::remove_file(project.path("output.h5")).expect("removed");
        let (calls, rebuilt, said) = goal();
        assert_eq!((calls, rebuilt), (0, 1), "{said}");
    }
}

#[test]
fn make_knows_by_the_depfile_when_there_is_nothing_to_look_at() {
    let [_, makefile] = makefiles();
    let project = Project::new(2);
    fs::create_dir(project.path("ta bles")).expect("a folder");
    fs::rename(project.path("input.h5"), project.path("in put$1#.h5")).expect("renamed");
    fs::rename(
        project.path("catchments.csv"),
        project.path("ta bles/c=1.csv"),
    )
    .expect("renamed");
    project.edit("\"input.h5\"", "\"in put$1#.h5\"");
    project.edit("\"catchments.csv\"", "\"ta bles/c=1.csv\"");
    project.edit(
        "support = [\"simulator.sh\"]",
        "support = [\"simulator.sh\", \"data\"]",
    );
    fs::create_dir_all(project.path("data/in")).expect("a folder");
    project.write("data/in/plug", "1");
    project.write("Makefile", &makefile);
    for program in makes() {
        let goal = || {
            make(&program, project.root(), &["output.h5"])
                .expect(0)
                .stdout
        };
        goal();
        std::thread::sleep(Duration::from_millis(1100));
        goal();
        let quiet = goal();
        assert!(!quiet.contains("rerunoff"), "{quiet}");
        for name in [
            "rerunoff.toml",
            "in put$1#.h5",
            "ta bles/c=1.csv",
            "templates/param.txt",
            "templates/layout.xml",
            "simulator.sh",
            "data/in/plug",
        ] {
            touch(&project.path(name));
            let looked = goal();
            assert!(looked.contains("2 fresh, 0 run"), "{name}: {looked}");
            std::thread::sleep(Duration::from_millis(1100));
            goal();
        }
        let new = format!("new for {}", program.display());
        project.write("data/in/other", &new);
        assert!(goal().contains("2 fresh, 2 run"));
        fs::remove_file(project.path("data/in/other")).expect("removed");
        assert!(
            goal().contains("2 fresh, 0 run"),
            "a file that is gone stops nothing"
        );
    }
}

#[test]
fn a_depfile_names_its_target_and_the_list_of_catchments() {
    let project = Project::new(2);
    project.write("wanted.txt", "70001\n");
    let arguments = ["run", "--only", "@wanted.txt", "--depfile", "made/run.d"];
    let refused = project.rerunoff(&arguments).expect(4);
    assert!(refused.stderr.contains("made/run.d"), "{}", refused.stderr);
    fs::create_dir(project.path("made")).expect("a folder");
    project.rerunoff(&arguments).expect(0);
    let text = fs::read_to_string(project.path("made/run.d")).expect("the depfile");
    assert!(
        text.starts_with("output.h5: \\\n  rerunoff.toml \\\n"),
        "{text}"
    );
    assert!(text.contains("\nwanted.txt:\n"), "{text}");
    let left: Vec<_> = fs::read_dir(project.path("made"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "nothing but the depfile");
}

#[test]
fn dry_makes_run_nothing_and_tell() {
    for makefile in makefiles() {
        let project = Project::new(3);
        project.write("Makefile", &makefile);
        let dry = make(Path::new("make"), project.root(), &["-n", "output.h5"]).expect(0);
        assert!(dry.stdout.contains("would run 3 of 3"), "{}", dry.stdout);
        assert!(project.calls().is_empty());
        assert!(!project.path("cache").exists() && !project.path(".looked").exists());
    }
}

#[test]
fn a_make_that_keeps_going_makes_what_does_not_depend_on_failures() {
    for makefile in makefiles() {
        let project = Project::new(3);
        project.set(&[(1, "exit")]);
        project.write("plot.py", "");
        let all = "all: figures/loads.pdf other\nother:\n\ttouch other\n";
        project.write("Makefile", &format!("{all}{makefile}"));
        let run = make(Path::new("make"), project.root(), &["-k"]).expect(2);
        assert!(
            run.stderr.contains("catchment 70002 failed"),
            "{}",
            run.stderr
        );
        assert!(project.path("other").exists());
        assert_eq!(rebuilt(&project), 0);
        assert_eq!(project.calls(), (0..3).map(id).collect::<Vec<_>>());

        project.set(&[]);
        make(Path::new("make"), project.root(), &["-k"]).expect(0);
        assert_eq!((project.calls().len(), rebuilt(&project)), (1, 1));
    }
}

#[test]
fn make_looks_again_after_a_failure_that_it_has_not_seen() {
    for makefile in makefiles() {
        let project = Project::new(2);
        let script = fs::read_to_string(project.path("simulator.sh")).expect("the script");
        let denied = "[ -e \"$(value log).denied\" ] && exit 3\ncase $mode in\n";
        project.write("simulator.sh", &script.replace("case $mode in\n", denied));
        project.write("Makefile", &makefile);
        project.write("plot.py", "");
        let goal = || make(Path::new("make"), project.root(), &["figures/loads.pdf"]);
        for _ in 0..2 {
            goal().expect(0);
            std::thread::sleep(Duration::from_millis(100));
        }
        rebuilt(&project);
        project.write("calls.denied", "");
        project.rerunoff(&["run", "--force"]).expect(1);
        goal().expect(2);
        goal().expect(2);
        assert_eq!(
            rebuilt(&project),
            0,
            "nothing is made of a product with gaps"
        );
        fs::remove_file(project.path("calls.denied")).expect("removed");
        goal().expect(0);
        assert_eq!(project.flags(), [0; 2]);
    }
}

/// Two projects in one build, whose simulators log when they begin and end, and the most that were at work at once.
fn side_by_side(program: &Path, recipe: &str, arguments: &[&str]) -> (usize, Run) {
    let projects = [Project::new(6), Project::new(6)];
    let slow: Vec<(usize, &str)> = (0..6).map(|at| (at, "span")).collect();
    let log = projects[0].path("calls").display().to_string();
    for project in &projects {
        project.set(&slow);
        let text = fs::read_to_string(project.path("templates/param.txt")).expect("a template");
        let own = project.path("calls").display().to_string();
        project.write("templates/param.txt", &text.replace(&own, &log));
        let writes = format!("writes = [{:?}]", projects[0].path("log"));
        project.edit("writes = [\"log\"]", &writes);
    }
    let [a, b] = projects.each_ref().map(|project| project.root().display());
    projects[0].write(
        "Makefile",
        &format!("all: a b\na:\n\t{recipe} -C {a}\nb:\n\t{recipe} -C {b}\n"),
    );
    let run = make(program, projects[0].root(), arguments).expect(0);
    assert_eq!(projects[0].calls().len(), 12);
    let text = fs::read_to_string(projects[0].path("calls.span")).expect("the log");
    let (mut now, mut most) = (0, 0);
    for line in text.lines() {
        now = if line == "+" { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    assert_eq!(now, 0);
    (most, run)
}

#[test]
fn projects_side_by_side_share_the_jobs_of_make() {
    for program in makes() {
        let (most, run) = side_by_side(&program, "+rerunoff run --verbose", &["-j4"]);
        assert!((2..=4).contains(&most), "{most} with {program:?}");
        let shared = run
            .stderr
            .matches("as far as make has jobs to spare")
            .count();
        assert_eq!(shared, 2, "{}", run.stderr);
        // Make counts its tokens at the end.
        assert!(!run.stderr.contains("jobserver"), "{}", run.stderr);
    }
}

#[test]
fn a_number_of_ones_own_wins_and_an_unreachable_jobserver_is_told() {
    let (most, run) = side_by_side(Path::new("make"), "+rerunoff run --verbose -j1", &["-j4"]);
    assert!(most <= 2, "{most}");
    assert!(!run.stderr.contains("to spare"), "{}", run.stderr);
    let (_, run) = side_by_side(Path::new("make"), "rerunoff run", &["-j2"]);
    assert!(
        run.stderr.contains("begin the recipe line with a `+`"),
        "{}",
        run.stderr
    );
}
