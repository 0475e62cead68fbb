//! What two files and `--on` come to, and what is refused of them, with the line.

use std::fs;
use std::path::Path;

use super::merge::Stated;
use super::*;
use crate::project::raw;

/// `[cluster]` with these lines, in the third line and further down.
fn project(lines: &str) -> Result<ClusterTable, String> {
    let text = format!("title = \"x\"\n[cluster]\n{lines}");
    let raw: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    let raw: raw::cluster::Cluster = raw["cluster"]
        .clone()
        .try_into()
        .map_err(|error| error.to_string())?;
    let file = Path::new("rerunoff.toml");
    let table = ClusterTable::of_project(raw, file, &text).map_err(|error| error.to_string())?;
    let alone = Stated::of_project(file, Some(&table)).check();
    alone.map_err(|error| error.to_string())?;
    Ok(table)
}

fn user(lines: &str) -> Result<ClusterTable, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cluster.toml");
    fs::write(&file, lines).expect("written");
    let table = ClusterTable::of_user(&file).map_err(|error| {
        let place = error.to_string();
        place.replace(&folder.path().display().to_string(), "")
    })?;
    Ok(table.expect("there"))
}

fn merged(
    lines: Option<&str>,
    own: Option<&str>,
    on: Option<EngineKind>,
) -> Result<ClusterSpec, String> {
    let (project, user) = (lines.map(project).transpose()?, own.map(user).transpose()?);
    let stated = Stated {
        file: Path::new("rerunoff.toml"),
        project: project.as_ref(),
        user: user.as_ref(),
        on,
    };
    stated.spec().map_err(|error| error.to_string())
}

const PBS: &str = r#"engine = "command"
cores = 4
submit = "qsub -l ncpus={cores},walltime={hms} {options} {script}"
job = '^(\d+)'
alive = "qselect"
cancel = "qdel {jobs}"
"#;

#[test]
fn an_engine_alone_is_enough() {
    let spec = merged(Some("engine = \"slurm\""), None, None).expect("a whole");
    let expected = ClusterSpec {
        engine: EngineKind::Slurm,
        cores: None,
        task: Duration::from_secs(1800),
        max_time: Duration::from_secs(86400),
        max_queued: 500,
        options: Vec::new(),
        setup: Vec::new(),
        memory: MemoryRequest::Auto,
        scratch: None,
        on_interrupt: OnInterrupt::Leave,
        ask_every: Duration::from_secs(60),
        templates: None,
    };
    assert_eq!(spec, expected);
    assert_eq!(merged(None, None, Some(EngineKind::Slurm)), Ok(expected));
    // The usual length gives way to a shorter limit.
    let short = merged(Some("engine = \"slurm\"\nmax_time = \"10m\""), None, None);
    assert_eq!(short.map(|spec| spec.task), Ok(Duration::from_secs(600)));
}

#[test]
fn the_users_fields_win_and_lists_are_appended() {
    let project = "engine = \"slurm\"\ncores = 4\ntask = \"1h\"\noptions = [\"--constraint=icelake\"]\nsetup = [\"a\"]";
    let user = "cores = 16\noptions = [\"--account=hydro\"]\nsetup = [\"b\"]\nmemory = \"4 GB\"\non_interrupt = \"cancel\"\nscratch = \"$TMPDIR\"\nmax_queued = 20";
    let spec = merged(Some(project), Some(user), None).expect("a whole");
    assert_eq!(spec.cores, NonZeroUsize::new(16));
    assert_eq!(spec.task, Duration::from_secs(3600));
    assert_eq!(spec.options, ["--constraint=icelake", "--account=hydro"]);
    assert_eq!(spec.setup, ["a", "b"]);
    assert_eq!(spec.memory, MemoryRequest::Size(Size(4_000_000_000)));
    assert_eq!(spec.on_interrupt, OnInterrupt::Cancel);
    assert_eq!(spec.scratch.as_deref(), Some("$TMPDIR"));
    assert_eq!(spec.max_queued, 20);
}

#[test]
fn options_and_commands_stay_with_their_engine() {
    let project = "engine = \"slurm\"\noptions = [\"--partition=short\"]\nsetup = [\"a\"]";
    let user = "engine = \"gridengine\"\noptions = [\"-q\", \"all.q\"]";
    let spec = merged(Some(project), Some(user), None).expect("a whole");
    assert_eq!(spec.engine, EngineKind::GridEngine);
    assert_eq!(spec.options, ["-q", "all.q"]);
    assert_eq!(spec.setup, ["a"]);
    let local = merged(Some(project), Some(user), Some(EngineKind::Local)).expect("a whole");
    assert_eq!(local.options, [""; 0]);
    let spec = merged(Some(project), Some(PBS), None).expect("a whole");
    assert_eq!(spec.options, [""; 0]);
    let slurm = merged(Some(PBS), None, Some(EngineKind::Slurm)).expect("a whole");
    assert_eq!(slurm.templates, None);
}

#[test]
fn an_engine_may_be_the_users_alone() {
    let spec = merged(Some("task = \"10m\""), Some("engine = \"local\""), None);
    assert_eq!(spec.map(|spec| spec.engine), Ok(EngineKind::Local));
    let fault = merged(Some("task = \"10m\""), None, None).expect_err("no engine");
    assert!(
        fault.starts_with("rerunoff.toml:2:2: cluster: names no engine; write engine = \"slurm\""),
        "{fault}"
    );
}

#[test]
fn commands_of_ones_own_are_all_needed_and_fit_together() {
    let spec = merged(Some(PBS), None, None).expect("a whole");
    let templates = spec.templates.expect("commands");
    assert_eq!((templates.index, templates.first), (None, 0));
    let array = PBS.replace("-l ", "-J 1-{last} -l ");
    let faults = [
        (
            array.clone(),
            "5:1: cluster.submit: submits an array, so `index`",
        ),
        (
            format!("{PBS}index = \"I\""),
            "9:1: cluster.index: has nothing to tell apart",
        ),
        (PBS.replace("alive", "#"), "2:2: cluster: has no `alive`"),
        (PBS.replace("cores = 4", ""), "2:2: cluster: has no `cores`"),
        (
            format!("{}options = [\"-q\"]", PBS.replace("{options} ", "")),
            "5:1: cluster.submit: has no {options}",
        ),
        (
            PBS.replace("{hms}", "{memory_mb}"),
            "5:1: cluster.submit: has {memory_mb} in it, so `memory`",
        ),
        (
            PBS.replace("{hms}", "{second}"),
            "{second} is not known; did you mean {seconds}?",
        ),
        (
            PBS.replace("{script}", "x"),
            "5:1: cluster.submit: must name {script}",
        ),
        (
            PBS.replace("qselect", "qstat {jobs}"),
            "7:1: cluster.alive: can't have {jobs} in it",
        ),
        (
            PBS.replace("{jobs}", "all"),
            "8:1: cluster.cancel: must name {jobs}",
        ),
        (
            PBS.replace("{jobs}", "{jobs} {name}"),
            "can't have {name} in it",
        ),
        (
            PBS.replace("(\\d+)", "\\d+"),
            "6:1: cluster.job: \"^\\\\d+\" has 0 groups",
        ),
        (PBS.replace("(\\d+)", "(\\d+"), "is no regular expression"),
        (format!("{array}index = \"$I\""), "is no name of a variable"),
    ];
    for (lines, expected) in faults {
        let fault = merged(Some(&lines), None, None).expect_err(&lines);
        assert!(fault.contains(expected), "{fault}\n  lacks {expected}");
    }
    let whole = merged(
        Some(&format!("{array}index = \"I\"\nfirst = 1")),
        None,
        None,
    );
    let templates = whole.expect("a whole").templates.expect("commands");
    assert_eq!(
        (templates.index.as_deref(), templates.first),
        (Some("I"), 1)
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (lines, expected) in [
        (
            "engine = \"slrum\"",
            "3:1: cluster.engine: there is no engine \"slrum\"; did you mean \"slurm\"?",
        ),
        ("engine = \"pbs\"", "and \"command\" serves any other"),
        ("cores = 0", "3:1: cluster.cores: must be at least 1"),
        ("max_queued = 0", "cluster.max_queued: must be at least 1"),
        (
            "task = \"soon\"",
            "cluster.task: \"soon\" is no duration; write \"90s\"",
        ),
        ("task = \"0s\"", "is no duration"),
        (
            "max_time = \"1h\"\ntask = \"2h\"",
            "4:1: cluster.task: is longer than `max_time`",
        ),
        ("task = \"2d\"", "is no duration"),
        ("task = \"48h\"", "is longer than `max_time`, which is 24h"),
        ("memory = \"lots\"", "write \"auto\", or \"4 GB\""),
        ("memory = \"4\"", "is less than any task needs"),
        ("on_interrupt = \"stop\"", "is neither \"leave\""),
        ("scratch = \"tmp\"", "must be a folder on the node"),
        ("scratch = \"$(mktemp -d)\"", "must be a folder on the node"),
        ("options = [\"-p short\"]", "write \"-p\", \"short\""),
        ("options = [\"a\", \"\"]", "is no argument"),
        ("setup = [\"a\\u0000\"]", "has a NUL"),
        (
            "engine = \"slurm\"\nsubmit = \"x {script}\"",
            "4:1: cluster.submit: goes with engine = \"command\"",
        ),
        (
            "engine = \"local\"\noptions = [\"x\"]",
            "engine = \"local\" starts processes here",
        ),
    ] {
        let fault = project(lines).expect_err(lines);
        assert!(fault.contains(expected), "{fault}\n  lacks {expected}");
    }
}

#[test]
fn what_rerunoff_states_itself_is_refused() {
    let refused = |engine: &str, options: &str| {
        project(&format!("engine = \"{engine}\"\noptions = [{options}]")).err()
    };
    for option in [
        "--array=1-4",
        "--arr=1",
        "-a1",
        "--job-name=x",
        "-Jx",
        "--time=10",
        "-t10",
        "-t",
        "--output=x",
        "-o",
        "-e",
        "--mem=1G",
        "--clusters=b",
        "-Mb",
        "--chdir=/tmp",
        "-D",
        "-c4",
        "--nodes=2",
        "-N2",
        "-n",
        "--export=ALL",
        "--wait",
        "-W",
        "--parsable",
        "--wrap=x",
    ] {
        let fault = refused("slurm", &format!("\"{option}\""));
        assert!(
            fault.is_some_and(|fault| fault.contains("can't be given: ")),
            "{option}"
        );
    }
    for option in [
        "--partition=short",
        "-p",
        "short",
        "--account=a",
        "-A",
        "--constraint=icelake",
        "-C",
        "--exclusive",
        "--exclude=n1",
        "--qos=x",
        "--time-min=5",
        "--mem-bind=local",
        "--mem-per-cpu=1G",
        "--mail-type=END",
        "--nodelist=n1",
        "-w",
        "--nice",
        "--reservation=x",
    ] {
        assert_eq!(refused("slurm", &format!("\"{option}\"")), None, "{option}");
    }
    for option in [
        "-t", "-N", "-o", "-e", "-j", "-V", "-v", "-cwd", "-r", "-terse", "-sync", "-S", "-b",
    ] {
        assert!(
            refused("gridengine", &format!("\"{option}\"")).is_some(),
            "{option}"
        );
    }
    let fault = refused("gridengine", "\"-l\", \"h_vmem=4G,h_rt=10\"").expect("a limit of time");
    assert!(
        fault.contains("4:18: cluster.options.1: \"h_vmem=4G,h_rt=10\" can't be given"),
        "{fault}"
    );
    assert_eq!(
        refused(
            "gridengine",
            "\"-l\", \"gpu=1\", \"-P\", \"hydro\", \"-tc\", \"9\", \"-pe\", \"smp\""
        ),
        None
    );
}

#[test]
fn a_users_file_is_told_by_its_own_lines() {
    let fault = user("cores = 2\nengin = \"slurm\"").expect_err("unknown");
    assert_eq!(
        fault,
        "/cluster.toml:2:1: unknown field `engin`; did you mean `engine`?"
    );
    let fault = user("[cluster]\nengine = \"slurm\"").expect_err("a table");
    assert!(
        fault.contains("1:2: in this file the fields stand at the top, without [cluster]"),
        "{fault}"
    );
    let fault = merged(
        Some("engine = \"slurm\"\ntask = \"1h\""),
        Some("\nmax_time = \"10m\""),
        None,
    );
    assert!(
        fault
            .expect_err("short")
            .contains("cluster.toml:2:1: max_time: is shorter than the project's `task`")
    );
    let fault = merged(Some("engine = \"slurm\""), Some("options = [\"-t\"]"), None);
    assert!(
        fault
            .expect_err("refused")
            .contains("cluster.toml:1:12: options.0: \"-t\" can't be given")
    );
    // Whether an option is refused depends on the engine.
    assert!(merged(None, Some("options = [\"-t\"]"), Some(EngineKind::Slurm)).is_err());
    assert!(user("options = [\"-t\"]").is_ok());
}

#[test]
fn the_users_file_is_where_configuration_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("config/rerunoff");
    fs::create_dir_all(&place).expect("made");
    fs::write(place.join("cluster.toml"), "cores = 3").expect("written");
    let home = folder.path().join("home");
    let read = |pairs: &[(&str, &str)]| {
        let find = |name: &str| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| value.into())
        };
        let table = user_file::read(&find).map_err(|error| error.message);
        table.map(|table| table.and_then(|table| table.cores).map(NonZeroUsize::get))
    };
    let config = folder.path().join("config");
    let (config, home) = (config.display().to_string(), home.display().to_string());
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("HOME", &home)]), Ok(None));
    assert_eq!(
        read(&[("XDG_CONFIG_HOME", &config), ("HOME", &home)]),
        Ok(Some(3))
    );
    // The specification of these folders says to ignore relative ones.
    assert_eq!(
        read(&[("XDG_CONFIG_HOME", "config"), ("HOME", &home)]),
        Ok(None)
    );
    fs::create_dir_all(&home).expect("made");
    std::os::unix::fs::symlink(&config, format!("{home}/.config")).expect("linked");
    assert_eq!(read(&[("HOME", &home)]), Ok(Some(3)));
    let named = format!("{config}/rerunoff/cluster.toml");
    assert_eq!(read(&[(user_file::VARIABLE, &named)]), Ok(Some(3)));
    assert_eq!(
        read(&[(user_file::VARIABLE, ""), ("XDG_CONFIG_HOME", &config)]),
        Ok(None)
    );
    let missing = read(&[(user_file::VARIABLE, "/nowhere/cluster.toml")]);
    assert_eq!(
        missing,
        Err("is not there, and RERUNOFF_CLUSTER_FILE names it".to_owned())
    );
}

/// The tables in `docs/cluster.md` are what a user would copy.
#[test]
fn the_tables_that_are_documented_are_good_ones() {
    let text = include_str!("../../../docs/cluster.md");
    let blocks = text.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let tables: Vec<&str> = blocks
        .filter_map(|block| block.strip_prefix("[cluster]\n"))
        .collect();
    assert_eq!(tables.len(), 6);
    for lines in tables {
        let spec = merged(Some(lines), None, None).expect(lines);
        let Some(templates) = spec.templates else {
            assert_eq!(spec.engine, EngineKind::GridEngine);
            continue;
        };
        let submit = templates
            .submit
            .fill(&|placeholder| vec![format!("<{placeholder}>")]);
        assert!(
            submit.iter().any(|word| word.ends_with("<{script}>")),
            "{submit:?}"
        );
    }
}
