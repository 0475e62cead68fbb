//! What scenarios have in common is made once, and each simulator gets it as if it was made for it alone.

use std::collections::BTreeSet;

use super::*;
use crate::store::codec;

const SWEEPS: &str = r#"
[scenario.one.parameters]
gain = 1
[scenario.two.parameters]
gain = 2
[scenario.text.parameters]
gain = "2"
[sweep.k]
values = [0.5, 0.25]
"#;

#[test]
fn what_is_printed_once_is_what_is_printed_each_time() {
    let place = Place::new(&["eat", "ok", "eat"]);
    let project = PROJECT
        .replace("t\\tQ", "t\\tQ\\tgain\\tk")
        .replace("{discharge}", "{discharge}\\t{gain}\\tN/A")
        .replace("q = \"Q\"", "q = \"Q\"\nprinted = \"gain\"")
        .replace("[product.variables]", "[product.variables]\nprinted = {}");
    place.write(
        "rerunoff.toml",
        &format!("{project}[parameters]\ngain = 0\nk = 0\n{SWEEPS}"),
    );
    place.write("mode.txt", "{id} {mode}\n{k}\n");
    let study = Study::load(place.folder.path()).expect("a project");
    let loaded = LoadedStudy::open(&study, None, false, &mut |_, _| {}).expect("loaded");
    for jobs in [1, 3] {
        let keeps = |order: &mut Order| order.keeps_series = jobs == 1;
        let trials = place.run(jobs, &keeps, None);
        assert_eq!(trials.len(), 3 * 2 * 3);
        for trial in &trials {
            let scenario = (loaded.list.iter())
                .find(|loaded| loaded.project.scenario.name == trial.scenario)
                .expect("its scenario");
            let mut catchments = scenario.basin.catchments().iter();
            let at = catchments.position(|entry| entry.id == trial.catchment);
            let series = scenario.series(at.expect("a catchment")).expect("series");
            let gain = match trial.scenario.to_string().starts_with("one") {
                true => 1.0,
                false => 2.0,
            };
            let expected = [
                codec::encode("gain", &[gain; 24]),
                codec::encode("Q", &series[0]),
            ];
            match &trial.outcome {
                TrialOutcome::Good(columns) => assert_eq!(columns[..], expected),
                other => panic!("{other:?}"),
            }
        }
        let kept: BTreeSet<_> = (trials.iter().flat_map(|trial| &trial.series))
            .map(|(digest, encoded)| (*digest, encoded.checksum))
            .collect();
        assert_eq!(kept.len(), if jobs == 1 { 3 } else { 0 });
    }
}
