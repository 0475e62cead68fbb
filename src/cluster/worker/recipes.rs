//! Whether a node has what the head had: a recipe that is another one here would give results under keys that mean something else.

use anyhow::Result;

use crate::cluster::package::manifest::{FrozenRecipe, Manifest};
use crate::data::machine::Machine;
use crate::plan::key::{Explanation, KeyPart};
use crate::plan::loaded::LoadedScenario;
use crate::text::wording::first_few;

/// What is different on this machine from what the head found, if anything is: for people, one sentence.
pub(super) fn difference(
    manifest: &Manifest,
    loaded: &[LoadedScenario<'_>],
    here: &Machine,
) -> Option<String> {
    loaded.iter().find_map(|scenario| {
        let name = &scenario.project.scenario.name;
        let Some(planned) = manifest.recipe(name) else {
            return Some(format!(
                "the package has no scenario named {:?}",
                name.as_str()
            ));
        };
        let found = &scenario.recipe;
        if *found.digest() == planned.digest {
            return None;
        }
        let program = scenario.project.simulator.command[0].source();
        let parts = different(planned, found.explanation()).unwrap_or_default();
        Some(sentence(&parts, program, here, &manifest.head))
    })
}

/// The parts of a recipe that are not what they were.
fn different(planned: &FrozenRecipe, found: &Explanation) -> Result<Vec<KeyPart>> {
    let planned: Explanation = postcard::from_bytes(&planned.parts)?;
    let changes = found.changes_since(&planned).into_iter();
    Ok(changes.map(|change| change.part).collect())
}

fn sentence(parts: &[KeyPart], program: &str, here: &Machine, head: &Machine) -> String {
    // Before all else: a simulator that is built on each machine differs with it.
    if parts.contains(&KeyPart::Processor) {
        return format!(
            "{here} is not of the class of {head}, as `same_processor` under [simulator] asks for"
        );
    }
    let (here, head) = (&here.host, &head.host);
    if parts == [KeyPart::Program] {
        return format!("{program} on {here} is not the one on {head}");
    }
    let parts: Vec<String> = (parts.iter())
        .map(|part| match part {
            KeyPart::Program => program.to_owned(),
            part => part.to_string(),
        })
        .collect();
    let what = match parts.is_empty() {
        true => "what determines results".to_owned(),
        false => first_few(&parts.iter().collect::<Vec<_>>()),
    };
    format!("{here} has not what {head} had: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_both_machines() {
        let machine = |host: &str, class: &str| Machine {
            host: host.to_owned(),
            class: class.to_owned(),
        };
        let (here, head) = (
            machine("node7", "x86_64-v4"),
            machine("login1", "x86_64-v3"),
        );
        let say = |parts: &[KeyPart]| sentence(parts, "python3", &here, &head);
        assert_eq!(
            say(&[KeyPart::Program]),
            "python3 on node7 is not the one on login1"
        );
        assert_eq!(
            say(&[KeyPart::Program, KeyPart::Processor]),
            "node7 (x86_64-v4) is not of the class of login1 (x86_64-v3), as `same_processor` under [simulator] asks for"
        );
        let support = KeyPart::Support("models/core.py".to_owned());
        assert_eq!(
            say(&[KeyPart::Program, support, KeyPart::Time]),
            "node7 has not what login1 had: python3, support file models/core.py, the time steps"
        );
    }
}
