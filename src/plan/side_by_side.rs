//! The keys of catchments in scenarios that lie side by side and have their recipe in common.
//!
//! From one scenario to the next only what differs is made anew: the values of the parameters that it defines otherwise, the parts
//! in which they show, and the walk from the first of these on. In a sweep that is one short file of many a scenario. What
//! can't be rendered so is rendered as a whole, so that a problem is the one that anybody else would find.

use std::sync::Arc;

use crate::plan::key::{Explanation, Key};
use crate::plan::loaded::LoadedScenario;
use crate::plan::problem::Problem;
use crate::plan::recipe::{Parts, Rendered, Trail};

/// Scenarios with the same recipe and the same catchments.
pub(super) struct SideBySide<'a> {
    scenarios: &'a [LoadedScenario<'a>],
    /// By how much each differs from the one before it; the first from itself.
    differences: Vec<Difference>,
}

/// By how much a scenario differs from another.
struct Difference {
    /// The parameters whose values may be others.
    parameters: Vec<String>,
    /// Where they show.
    parts: Parts,
}

/// A catchment's key, and what it is made of where that was asked for.
#[derive(Debug)]
pub struct Keyed {
    /// The key, or why there is none.
    pub key: Result<Key, Problem>,
    /// Its parts.
    pub explanation: Option<Explanation>,
}

/// What was made of a catchment in one scenario.
struct Made {
    rendered: Rendered,
    trail: Trail,
}

impl<'a> SideBySide<'a> {
    /// Whether two scenarios may lie in one.
    pub(super) fn go_together(one: &LoadedScenario<'_>, other: &LoadedScenario<'_>) -> bool {
        Arc::ptr_eq(&one.recipe, &other.recipe) && one.basin.has_the_catchments_of(&other.basin)
    }

    /// Of scenarios each of which goes together with the one before it.
    pub(super) fn new(scenarios: &'a [LoadedScenario<'a>]) -> Self {
        let before = scenarios.iter().take(1).chain(scenarios);
        Self {
            scenarios,
            differences: (before.zip(scenarios))
                .map(|(before, loaded)| Difference::between(before, loaded))
                .collect(),
        }
    }

    /// The key of a catchment in every scenario, explained where `is_to_be_explained` says so of the scenario's number and the key: all
    /// that takes is at hand then.
    pub(super) fn keys(
        &self,
        catchment: usize,
        is_to_be_explained: &dyn Fn(usize, &Key) -> bool,
    ) -> Vec<Keyed> {
        let mut before: Option<Made> = None;
        let scenarios = self.scenarios.iter().zip(&self.differences).enumerate();
        let keyed = scenarios.map(|(at, (loaded, difference))| {
            let key = difference.key(loaded, catchment, &mut before);
            let made = before.as_ref().zip(key.as_ref().ok());
            let made = made.filter(|(_, key)| is_to_be_explained(at, key));
            let series = loaded.series_digests(catchment).as_ref().ok();
            let explanation = made
                .zip(series)
                .map(|((made, _), series)| loaded.recipe.explain(&made.rendered, series));
            Keyed { key, explanation }
        });
        keyed.collect()
    }
}

impl Difference {
    fn between(before: &LoadedScenario<'_>, loaded: &LoadedScenario<'_>) -> Self {
        let parameters = loaded.recipe.parameters();
        let parameters: Vec<String> = parameters
            .filter(|name| loaded.basin.may_differ(&before.basin, name))
            .cloned()
            .collect();
        Self {
            parts: loaded.recipe.parts_with(&parameters),
            parameters,
        }
    }

    /// The key of a catchment by this difference from what was made before, which is then what was made for this key.
    fn key(
        &self,
        loaded: &LoadedScenario<'_>,
        catchment: usize,
        before: &mut Option<Made>,
    ) -> Result<Key, Problem> {
        let (basin, recipe) = (&loaded.basin, &loaded.recipe);
        let series = loaded.series_digests(catchment);
        let series = series.as_ref().map_err(|fault| fault.clone())?;
        // A template of its own may use any parameter.
        let adapted = before.take().filter(|_| !recipe.has_own_templates());
        let adapted = adapted.and_then(
            |Made {
                 mut rendered,
                 trail,
             }| {
                let values = &mut rendered.values;
                values.replace(basin, catchment, &self.parameters).ok()?;
                recipe.render_parts(&self.parts, &mut rendered).ok()?;
                Some((self.parts.first_step(), Made { rendered, trail }))
            },
        );
        let (from, mut made) = match adapted {
            Some(adapted) => adapted,
            None => {
                let rendered = recipe.render(basin, catchment)?;
                let trail = recipe.trail();
                (0, Made { rendered, trail })
            }
        };
        let key = recipe.key_from(from, &mut made.trail, &made.rendered, series);
        *before = Some(made);
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::example::Example;
    use crate::plan::loaded::LoadedStudy;
    use crate::project::Study;

    /// Scenarios that differ in everything in which they can. In some, catchment 70001 has a `beta` that is infinite, 70002 a `depth`
    /// that is no number.
    const PROJECT: &str = r#"
[input]
file = "input.h5"
[parameters]
k = 0.0
beta = 6e-5
depth = 1
soil = "a"
ratio = "= twice * R_appl"
twice = "= 2 * k"
[[parameters.table]]
file = "catchments.csv"
id = "WSO1_ID"
[simulator]
command = ["sh", "-c", "cat own.txt > out_{id}.txt", "{depth}"]
support = ["soil/{soil}.dat"]
[simulator.env]
DEPTH = "{depth:.2f}"
[[simulator.input]]
file = "own.txt"
template = "own.txt"
[[simulator.input]]
file = "input.txt"
header = "k {k} T"
row = "{temperature}"
[[simulator.input]]
file = "common.txt"
template = "common.txt"
[[simulator.input]]
file = "scenario.txt"
template = "scenario.txt"
[simulator.output]
file = "out_{id}.txt"
[simulator.output.columns]
q = "Q_{id}"
[product]
file = "output.h5"
[sweep.k]
values = [0.0, -0.0, 1, 1.5]
[scenario.a]
[scenario.b.parameters]
depth = 2
[scenario.c.parameters]
beta = "= 1 / (R_appl - first)"
first = 0
[scenario.d]
extends = "c"
[[scenario.d.parameters.table]]
file = "own.csv"
id = "WSO1_ID"
[scenario.e]
catchments = ["70002", "70004"]
[scenario.f]
[[scenario.f.simulator.input]]
file = "common.txt"
template = "other.txt"
[scenario.g.parameters]
R_appl = 0.5
soil = "b"
"#;

    fn write(folder: &Path) {
        let example = Example {
            catchments: 5,
            steps: 24,
            seed: 1,
        };
        example.write_inputs(folder).expect("inputs");
        let table = std::fs::read_to_string(folder.join("catchments.csv")).expect("a table");
        let first = table.lines().nth(1).and_then(|row| row.split(',').nth(2));
        let first = first.expect("an application rate");
        let rows = |id: usize| format!("7000{id},{}\n", if id == 2 { "deep" } else { "1.5" });
        for (name, text) in [
            (
                "rerunoff.toml",
                PROJECT.replace("first = 0", &format!("first = {first}")),
            ),
            ("own.txt", "{id} {A_tot}".to_owned()),
            ("common.txt", "beta {beta}\n".to_owned()),
            ("other.txt", "other {beta} {k:.3}\n".to_owned()),
            ("scenario.txt", "{ratio} {k}\n".to_owned()),
            (
                "own.csv",
                format!("WSO1_ID,depth\n{}", (1..=5).map(rows).collect::<String>()),
            ),
        ] {
            std::fs::write(folder.join(name), text).expect("written");
        }
        std::fs::create_dir(folder.join("soil")).expect("made");
        for soil in ["a", "b"] {
            std::fs::write(folder.join(format!("soil/{soil}.dat")), soil).expect("written");
        }
    }

    #[test]
    fn keys_and_problems_are_those_of_each_scenario_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path());
        let study = Study::load(folder.path()).expect("a study");
        let loaded_study = LoadedStudy::open(&study, None, false, &mut |_, _| ()).expect("loaded");
        let (mut keys, mut problems, mut stretches) = (0, 0, 0);
        for alike in loaded_study.list.chunk_by(SideBySide::go_together) {
            stretches += 1;
            let side_by_side = SideBySide::new(alike);
            for catchment in 0..alike[0].basin.catchments().len() {
                let keyed = side_by_side.keys(catchment, &|at, _| at % 2 == 0);
                for (at, (loaded, Keyed { key, explanation })) in
                    alike.iter().zip(keyed).enumerate()
                {
                    let series = loaded.series_digests(catchment);
                    let alone = loaded.key(catchment, series);
                    assert_eq!(key, alone, "{}", loaded.label(catchment));
                    let explained = (at % 2 == 0).then(|| loaded.explain(catchment, series).ok());
                    assert_eq!(
                        explanation,
                        explained.flatten(),
                        "{}",
                        loaded.label(catchment)
                    );
                    keys += usize::from(key.is_ok());
                    problems += usize::from(key.is_err());
                }
            }
        }
        assert_eq!((keys, problems, stretches), (116, 12, 5));
    }
}
