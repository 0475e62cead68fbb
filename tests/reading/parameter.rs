//! A project with a parameter A that comes from a table, and what the simulator gets for it.

use std::fs;

use crate::common::{Project, id};

/// What asks for A in a template.
const ASKING: &str = "A={A}\n";

/// A project of two catchments whose parameter A, 1 if nothing says otherwise, comes from a table in a file of this name.
pub(super) fn project(file: &str, table: impl AsRef<[u8]>) -> Project {
    let project = Project::new(2);
    fs::write(project.path(file), table).expect("written");
    project.edit(
        "[simulator]\n",
        &format!("[[parameters.table]]\nfile = \"{file}\"\nid = \"ID\"\n\n[simulator]\n"),
    );
    project.edit("[parameters]\n", "[parameters]\nA = 1\n");
    project.write("templates/param.txt", &(template(&project) + ASKING));
    project
}

/// Takes A out of the template, so that the simulator gets nothing of it.
pub(super) fn unask(project: &Project) {
    let without = template(project).replace(ASKING, "");
    project.write("templates/param.txt", &without);
}

/// What the simulator gets for A in a catchment.
#[track_caller]
pub(super) fn given(project: &Project, catchment: usize) -> String {
    let id = id(catchment);
    (project.rerunoff(&["check", &id, "--render", "rendered"])).expect(0);
    let text = fs::read_to_string(project.path("rendered/param.txt")).expect("rendered");
    text.lines()
        .find_map(|line| line.strip_prefix("A="))
        .expect("A")
        .to_owned()
}

fn template(project: &Project) -> String {
    fs::read_to_string(project.path("templates/param.txt")).expect("a template")
}
