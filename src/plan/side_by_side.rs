//! The keys of catchments in scenarios that lie side by side and have their recipe in common.
//!
//! From one scenario to the next only what differs is made anew: the files in which the parameters show that it defines otherwise, in
//! these the places where they show, and the hash from the first of these files on. In a sweep that is one short file of many a
//! scenario. What can't be made so is rendered as a whole, so that a problem is the one that anybody else would find.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::data::digest::Digest;
use crate::data::value::Value;
use crate::language::template::Filled;
use crate::plan::key::{Explanation, Key};
use crate::plan::loaded::LoadedScenario;
use crate::plan::problem::Problem;
use crate::plan::recipe::{Parts, Refillable, Rendered, Texts, Trail};

/// So many texts are kept of values that all catchments of a scenario have; one is no longer than a number as a rule.
const MOST_TEXTS: usize = 200_000;

/// Scenarios with the same recipe and the same catchments.
pub(super) struct SideBySide<'a> {
    scenarios: &'a [LoadedScenario<'a>],
    /// The parameters whose values may differ from one to the next.
    parameters: Vec<String>,
    /// The inputs of which only the places are made anew where these show.
    refillable: Vec<Refillable<'a>>,
    /// By how much each scenario differs from the one before it; the first from itself.
    differences: Vec<Difference>,
}

/// By how much a scenario differs from another.
struct Difference {
    /// The parameters whose values may be others.
    parameters: Vec<String>,
    /// Where they show.
    parts: Parts,
    /// Those of these parts that are rendered as a whole.
    whole: Parts,
    /// The others: the places among [`SideBySide::refillable`], with the texts that are known.
    refilled: Vec<(usize, Texts)>,
    /// Whether each catchment's own values are needed for all that.
    needs_values: bool,
}

/// A catchment's key, and what it is made of where that was asked for. There are many on their way from thread to thread, so what is
/// rare is elsewhere.
#[derive(Debug)]
pub struct Keyed {
    /// The key, or why there is none.
    pub key: Result<Key, Box<Problem>>,
    /// Its parts.
    pub explanation: Option<Box<Explanation>>,
}

/// What was made of a catchment in one scenario.
struct Made {
    /// Its values are those of `values_of`.
    rendered: Rendered,
    /// The scenario's number.
    values_of: usize,
    /// Each of [`SideBySide::refillable`].
    filled: Vec<Filled>,
    trail: Trail,
    key: Key,
}

impl<'a> SideBySide<'a> {
    /// Whether two scenarios may lie in one.
    pub(super) fn go_together(one: &LoadedScenario<'_>, other: &LoadedScenario<'_>) -> bool {
        Arc::ptr_eq(&one.recipe, &other.recipe) && one.basin.has_the_catchments_of(&other.basin)
    }

    /// Of scenarios each of which goes together with the one before it.
    pub(super) fn new(scenarios: &'a [LoadedScenario<'a>]) -> Self {
        let recipe = &scenarios[0].recipe;
        let before = scenarios.iter().take(1).chain(scenarios);
        let different = before.zip(scenarios).map(|(before, loaded)| {
            let differs = |name: &&String| loaded.basin.may_differ(&before.basin, name);
            recipe.parameters().filter(differs).cloned().collect()
        });
        let different: Vec<Vec<String>> = different.collect();
        let parameters: BTreeSet<&String> = different.iter().flatten().collect();
        let parameters: Vec<String> = parameters.into_iter().cloned().collect();
        let refillable = recipe.refillable(&parameters);
        let pieces: usize = refillable.iter().map(Refillable::pieces).sum();
        let keeps_texts = pieces * scenarios.len() <= MOST_TEXTS;
        let differences = different.into_iter().zip(scenarios).map(|(names, loaded)| {
            let value = |name: &String| Some((name.clone(), loaded.basin.common_value(name)?));
            let common: BTreeMap<String, Value> = match keeps_texts {
                true => parameters.iter().filter_map(value).collect(),
                false => BTreeMap::new(),
            };
            Difference::of(loaded, names, &refillable, &common)
        });
        Self {
            scenarios,
            differences: differences.collect(),
            parameters,
            refillable,
        }
    }

    /// The key of a catchment in every scenario, explained where `is_to_be_explained` says so of the scenario's number and the key: all
    /// that takes is at hand then.
    pub(super) fn keys(
        &self,
        catchment: usize,
        is_to_be_explained: &dyn Fn(usize, &Key) -> bool,
    ) -> Vec<Keyed> {
        let mut made: Option<Made> = None;
        let keyed = self.scenarios.iter().enumerate().map(|(at, loaded)| {
            let series = loaded.series_digests(catchment);
            let key = match series {
                Ok(series) => self.key(at, catchment, series, &mut made),
                Err(fault) => Err(fault.clone().into()),
            };
            let is_explained = (key.as_ref()).is_ok_and(|key| is_to_be_explained(at, key));
            let explanation = made.as_mut().filter(|_| is_explained).and_then(|made| {
                self.bring_values(at, catchment, made).ok()?;
                Some(loaded.recipe.explain(&made.rendered, series.as_ref().ok()?))
            });
            Keyed {
                key: key.map_err(Box::new),
                explanation: explanation.map(Box::new),
            }
        });
        keyed.collect()
    }

    /// The key of a catchment in a scenario, from what was made of it in the scenario before, which is then what was made for this key.
    fn key(
        &self,
        at: usize,
        catchment: usize,
        series: &[Digest],
        made: &mut Option<Made>,
    ) -> Result<Key, Problem> {
        let LoadedScenario { basin, recipe, .. } = &self.scenarios[at];
        // A template of its own may use any parameter.
        if let Some(before) = made.as_mut().filter(|_| !recipe.has_own_templates())
            && self.adapt(at, catchment, series, before).is_ok()
        {
            return Ok(before.key);
        }
        *made = None;
        let rendered = recipe.render(basin, catchment)?;
        let filled = self.refillable.iter().map(|input| input.fill(&rendered));
        let filled: Option<Vec<Filled>> = filled.collect();
        let (trail, key) = recipe.trail(&rendered, series);
        *made = filled.map(|filled| Made {
            rendered,
            values_of: at,
            filled,
            trail,
            key,
        });
        Ok(key)
    }

    /// Makes what was made in an earlier scenario what it is in this one, the one after the last that it was adapted to; on an error it
    /// may be anything.
    fn adapt(
        &self,
        at: usize,
        catchment: usize,
        series: &[Digest],
        made: &mut Made,
    ) -> Result<(), Problem> {
        let (difference, recipe) = (&self.differences[at], &self.scenarios[at].recipe);
        if difference.parts.are_none() {
            return Ok(());
        }
        if difference.needs_values {
            self.bring_values(at, catchment, made)?;
        }
        if !difference.whole.are_none() {
            recipe.render_parts(&difference.whole, &mut made.rendered)?;
        }
        for (input, texts) in &difference.refilled {
            self.refillable[*input].refill(&made.filled[*input], texts, &mut made.rendered)?;
        }
        let Made {
            rendered, trail, ..
        } = made;
        made.key = recipe.key_along(trail, &difference.parts, rendered, series);
        Ok(())
    }

    /// Makes the values those of a scenario.
    fn bring_values(&self, at: usize, catchment: usize, made: &mut Made) -> Result<(), Problem> {
        let names = match at - made.values_of {
            0 => return Ok(()),
            1 => &self.differences[at].parameters,
            _ => &self.parameters,
        };
        let values = &mut made.rendered.values;
        values.replace(&self.scenarios[at].basin, catchment, names)?;
        made.values_of = at;
        Ok(())
    }
}

impl Difference {
    /// That of a scenario in these parameters. The texts of those that are common to all catchments are made now.
    fn of(
        loaded: &LoadedScenario<'_>,
        parameters: Vec<String>,
        refillable: &[Refillable<'_>],
        common: &BTreeMap<String, Value>,
    ) -> Self {
        let parts = loaded.recipe.parts_with(&parameters);
        let mut whole = parts.clone();
        let refilled = refillable.iter().enumerate();
        let refilled = refilled.filter(|(_, refillable)| whole.take_input(refillable.input));
        let refilled = refilled.map(|(at, refillable)| (at, refillable.texts(common)));
        let refilled: Vec<(usize, Texts)> = refilled.collect();
        let mut texts = refilled.iter().flat_map(|(_, texts)| texts);
        let needs_values = !whole.are_none()
            || texts.any(Option::is_none)
            || parameters.iter().any(|name| !common.contains_key(name));
        Self {
            parameters,
            parts,
            whole,
            refilled,
            needs_values,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

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

    /// How many keys, problems and stretches of scenarios the study in a folder has, all of them those of each scenario alone.
    fn compared(folder: &Path) -> (usize, usize, usize) {
        let study = Study::load(folder).expect("a study");
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
                    let alone = loaded.key(catchment, series).map_err(Box::new);
                    assert_eq!(key, alone, "{}", loaded.label(catchment));
                    let explained = (at % 2 == 0).then(|| loaded.explain(catchment, series).ok());
                    assert_eq!(
                        explanation.map(|explanation| *explanation),
                        explained.flatten(),
                        "{}",
                        loaded.label(catchment)
                    );
                    keys += usize::from(key.is_ok());
                    problems += usize::from(key.is_err());
                }
            }
        }
        (keys, problems, stretches)
    }

    #[test]
    fn keys_and_problems_are_those_of_each_scenario_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path());
        assert_eq!(compared(folder.path()), (116, 12, 5));
    }

    /// A file for each kind of input, or a table where there is none, and what its `[[simulator.input]]` states.
    const INPUTS: [(&str, &str); 7] = [
        ("k {k}\n{depth:.2f} {k:>9}|{ratio}\n", ""),
        ("<a b=\"{soil}\"><c>{beta}</c>{id}{k}</a>", ""),
        ("<a><![CDATA[]{soil}]]]>{k}</a>", ""),
        (
            "{soil}\n{#each step}\n{temperature} {depth}\n{/each}\n{k}\n",
            "",
        ),
        ("{id} {A_tot} {R_appl} {steps}\n", ""),
        ("{soil} ü {beta}\n", "encoding = \"windows-1252\"\n"),
        ("", "header = \"k {k} {soil}\"\nrow = \"{temperature}\"\n"),
    ];

    /// Names and values of parameters as a scenario states them. Some are no numbers, some can't be computed for a catchment.
    fn stated() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["k", "depth", "beta", "soil", "R_appl", "ratio"]);
        let value = prop::sample::select(vec![
            "0.0",
            "-0.0",
            "1",
            "0.1",
            "\"b & ]]\"",
            "\"= 1e308 * first\"",
            "\"= 1 / (A_tot - first)\"",
        ]);
        let stated = prop::collection::btree_map(name, value, 0..4);
        stated.prop_map(|stated| {
            let lines = stated
                .iter()
                .map(|(name, value)| format!("{name} = {value}\n"));
            lines.collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn keys_are_those_of_each_scenario_alone_whatever_differs(
            inputs in prop::sample::subsequence(INPUTS.to_vec(), 1..=INPUTS.len()),
            scenarios in prop::collection::vec(stated(), 1..9),
            argument in prop::sample::select(vec!["", "{depth}", "{k:.3f}"]),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let example = Example { catchments: 3, steps: 5, seed: 2 };
            example.write_inputs(folder.path()).expect("inputs");
            let mut project = format!(
                "[input]\nfile = \"input.h5\"\n[parameters]\nk = 0.5\nbeta = 1\ndepth = 2\nsoil = \"a\"\nratio = \"= twice * R_appl\"\n\
                 twice = \"= 2 * k\"\nfirst = 3\n[[parameters.table]]\nfile = \"catchments.csv\"\nid = \"WSO1_ID\"\n\
                 [simulator]\ncommand = [\"true\", {argument:?}]\n[simulator.output]\nfile = \"out.txt\"\n\
                 [simulator.output.columns]\nq = \"Q\"\n[product]\nfile = \"output.h5\"\n"
            );
            for (at, (template, stated)) in inputs.iter().enumerate() {
                let name = format!("{at}.{}", if template.starts_with('<') { "xml" } else { "txt" });
                project += &format!("[[simulator.input]]\nfile = {name:?}\n{stated}");
                if !template.is_empty() {
                    std::fs::write(folder.path().join(&name), template.replace('ü', "x")).expect("written");
                    project += &format!("template = {name:?}\n");
                }
            }
            for (at, stated) in scenarios.iter().enumerate() {
                project += &format!("[scenario.s{at}.parameters]\n{stated}");
            }
            std::fs::write(folder.path().join("rerunoff.toml"), project).expect("written");
            let (keys, problems, stretches) = compared(folder.path());
            prop_assert_eq!((keys + problems, stretches), (3 * scenarios.len(), 1));
        }
    }
}
