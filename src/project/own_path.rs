//! Paths with `{id}` or parameters in them: each catchment has a file or folder of its own.
//!
//! A value is one part of a path or several, and never a way out: not `..`, no root; an id is always a single name. What is there is
//! not looked at here.

use std::path::{Component, Path, PathBuf};

use super::Project;
use crate::language::template::{Scope, Template};

/// A path that the project file states with placeholders in it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPath {
    /// Where it stands in the project file: `simulator.support.1`.
    pub field: String,
    /// The path; a relative one starts at the project's folder.
    pub template: Template,
}

impl OwnPath {
    /// The path that one catchment has, as the project file means it: where it is by now, [`Project::own_place`] says.
    ///
    /// # Errors
    /// What is wrong with a value that is to be a part of it.
    pub(crate) fn of(&self, project: &Project, values: &dyn Scope) -> Result<PathBuf, String> {
        let text = rendered(&self.template, values)?;
        Ok(project.root.join(text))
    }
}

/// Whether a template is another text for each catchment.
pub(crate) fn has_placeholders(template: &Template) -> bool {
    template.placeholders().next().is_some()
}

/// The text of a path with values in it.
///
/// # Errors
/// What is wrong with a value.
pub(crate) fn rendered(path: &Template, values: &dyn Scope) -> Result<String, String> {
    for hole in path.placeholders() {
        let alone = format!("{{{}}}", hole.name);
        let part = Template::text(&alone).map_err(|error| error.to_string())?;
        let value = text(&part, values)?;
        let is_single = hole.name == "id";
        let mut parts = Path::new(&value).components();
        let leads_out = parts.any(|part| !matches!(part, Component::Normal(_)));
        let is_bad = |character| character == '\0' || is_single && character == '/';
        if leads_out || value.is_empty() || value.contains(is_bad) {
            let rule = match is_single {
                true => "can't be the name of a file",
                false => "can't be part of a path",
            };
            return Err(format!(
                "{alone} in {:?} is {value:?}, which {rule}",
                path.source()
            ));
        }
    }
    text(path, values)
}

fn text(template: &Template, values: &dyn Scope) -> Result<String, String> {
    let mut out = Vec::new();
    let done = template.render(values, &mut out);
    done.map_err(|error| format!("{:?}: {error}", template.source()))?;
    String::from_utf8(out).map_err(|_| format!("{:?} is no text", template.source()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::value::Value;

    #[test]
    fn values_are_parts_of_a_path_and_no_way_out() {
        let of = |path: &str, id: &str, soil: &str| {
            let template = Template::text(path).expect("a template");
            let texts = [("id", id), ("soil", soil)];
            let values: BTreeMap<String, Value> = texts
                .map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned())))
                .into();
            rendered(&template, &values)
        };
        assert_eq!(of("gms/{id}.gms", "7", "").as_deref(), Ok("gms/7.gms"));
        assert_eq!(of("{soil}/a", "7", "x/y").as_deref(), Ok("x/y/a"));
        assert_eq!(of("{id}", "Ä 1", "").as_deref(), Ok("Ä 1"));
        for (path, id, soil) in [
            ("gms/{id}.gms", "../7", ""),
            ("gms/{id}.gms", "a/b", ""),
            ("gms/{id}", "", ""),
            ("gms/{id}", "..", ""),
            ("{soil}", "7", "/etc"),
            ("a/{soil}", "7", "b/../../c"),
            ("a/{soil}", "7", "b\0"),
            ("a/{none}", "7", "b"),
        ] {
            of(path, id, soil).expect_err(path);
        }
    }
}
