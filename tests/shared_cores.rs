//! Callers on one project have no more simulators at work together than there are cores.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::common::{Project, Run};

/// The number of a core that this process may use.
fn a_core() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel's word");
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .expect("a list");
    let is_digit = |character: &char| character.is_ascii_digit();
    list.trim().chars().take_while(is_digit).collect()
}

/// A call that may use this core alone.
fn bound(project: &Project, core: &str, arguments: &[&str]) -> Child {
    let call = project.command(arguments);
    let mut bound = Command::new("taskset");
    for (name, value) in call.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    bound
        .args(["-c", core])
        .arg(call.get_program())
        .args(call.get_args())
        .current_dir(project.root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    bound.spawn().expect("taskset of util-linux")
}

fn end(callers: [Child; 4]) {
    for caller in callers {
        let caller: Run = caller.wait_with_output().expect("its end").into();
        caller.expect(0);
    }
}

#[test]
fn four_callers_on_one_core_run_one_simulator_at_a_time() {
    let project = Project::new(1);
    project.set(&[(0, "span")]);
    let core = a_core();
    let call = |set: &str| {
        let arguments = ["run", "--no-assemble", "--set", set];
        bound(&project, &core, &arguments)
    };
    end(["k=0.02", "k=0.03", "k=0.04", "k=0.05"].map(call));
    // What simulators said when they began and ended.
    let spans = fs::read_to_string(project.path("calls.span")).expect("spans");
    assert_eq!(spans.replace('\n', ""), "+-+-+-+-");
    // Who says how many is asked no further: all four are begun before one ends.
    project.set(&[(0, "held")]);
    project.calls();
    let call = |set: &str| {
        let arguments = ["run", "--no-assemble", "-j", "1", "--set", set];
        bound(&project, &core, &arguments)
    };
    let callers = ["k=0.06", "k=0.07", "k=0.08", "k=0.09"].map(call);
    project.wait_for_calls(4);
    project.write("calls.go", "");
    end(callers);
}
