//! The support files that are the same for all catchments, and the programs that the project names: where each comes from.

use std::path::Path;

use anyhow::Result;

use super::Recipe;
use crate::language::template::Template;
use crate::plan::environment;
use crate::plan::key::KeyPart;
use crate::plan::support::{self, SupportFile};
use crate::project::plain_name;

/// Files with their parts in the key.
type NamedFiles = Vec<(KeyPart, SupportFile)>;

impl Recipe<'_> {
    /// The support files, and the programs unless they are among them or in the deck; and those that only a catchment's own files can
    /// bring along.
    pub(super) fn support_and_programs(&self) -> Result<(NamedFiles, Vec<String>)> {
        let simulator = &self.project.simulator;
        let mut files: NamedFiles = support::files(simulator)?
            .into_iter()
            .map(|file| (file.part(), file))
            .collect();
        let mut own = Vec::new();
        let linked = simulator.support.iter().map(|item| item.name.as_str());
        if let Some(name) = self.deck.clash(linked) {
            let message = format!(
                "{name} is in the deck as well; take it out of one of them (`deck_exclude = [{name:?}]` leaves it out of the deck)"
            );
            return Err(self.project.error("simulator.support", message).into());
        }
        for (at, (field, program)) in simulator.programs().enumerate() {
            let part = match at {
                0 => KeyPart::Program,
                _ => KeyPart::AfterProgram(program.source().to_owned()),
            };
            let is_known = files.iter().any(|(known, _)| *known == part);
            match self.program(field, program, &files)? {
                Program::Outside(file) if !is_known => files.push((part, file)),
                Program::Outside(_) | Program::Brought => {}
                Program::Own => own.push(program.source().to_owned()),
            }
        }
        Ok((files, own))
    }

    /// The program that a field names.
    fn program(
        &self,
        field: &str,
        program: &Template,
        files: &[(KeyPart, SupportFile)],
    ) -> Result<Program> {
        let name = program.source();
        let fault = |message: String| self.project.error(field, message);
        if program.placeholders().next().is_some() {
            return Err(fault("the program itself can't be a placeholder".to_owned()).into());
        }
        if !name.contains('/') || name.starts_with('/') {
            let path = environment::find_program(self.project, field, name)?;
            return Ok(Program::Outside(support::program(name, path)?));
        }
        let inner = plain_name(Path::new(name));
        let linked = files.iter().map(|(_, file)| file);
        let copied = self.deck.files.iter().map(|copied| &copied.file);
        let Some(file) = linked.chain(copied).find(|file| file.name == inner) else {
            if self.has_own_files() {
                return Ok(Program::Own);
            }
            let remedy = "add it to simulator.support, which links files and folders into the work directory, or put it into the folder of simulator.deck";
            return Err(fault(format!(
                "no support file brings {name} into the work directory; {remedy}"
            ))
            .into());
        };
        if !file.executable {
            let path = file.path.display();
            return Err(fault(format!("{path} is not executable; `chmod +x` makes it so")).into());
        }
        Ok(Program::Brought)
    }
}

/// Where a program comes from.
enum Program {
    /// From outside of the work directory.
    Outside(SupportFile),
    /// It is a support file or in the deck.
    Brought,
    /// Only a catchment's own files can have it.
    Own,
}
