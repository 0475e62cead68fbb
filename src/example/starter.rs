//! The starter project behind `rerunoff init`: a project file with everything explained, and two templates.
//!
//! It names a simulator and an input that the user has to supply, so it is a text to be edited, not to be run.

use std::path::Path;

use super::files;

const FILES: [(&str, &str); 3] = [
    ("rerunoff.toml", include_str!("starter/rerunoff.toml")),
    ("templates/model.xml", include_str!("starter/model.xml")),
    (
        "templates/parameters.txt",
        include_str!("starter/parameters.txt"),
    ),
];

/// Writes `rerunoff.toml` and `templates/` into `directory`, which is made if it is not there.
///
/// An error that names the file, and nothing written, if one of them exists.
pub fn starter(directory: &Path) -> anyhow::Result<()> {
    files::refuse_existing(directory, FILES.map(|(name, _)| name))?;
    for (name, content) in FILES {
        files::write_new(&directory.join(name), content.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_overwrites_nothing() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let project = folder.path().join("new/project");
        starter(&project)?;
        let text = std::fs::read_to_string(project.join("rerunoff.toml"))?;
        assert!(toml::from_str::<toml::Table>(&text)?.contains_key("product"));
        std::fs::remove_file(project.join("templates/model.xml"))?;
        let error = starter(&project)
            .expect_err("the project file exists")
            .to_string();
        assert!(error.contains("rerunoff.toml exists"), "{error}");
        assert!(!project.join("templates/model.xml").exists());
        Ok(())
    }
}
