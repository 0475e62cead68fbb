//! Dakota's parameters and results files: what its analysis drivers read and write.
//!
//! A parameters file has the values of variables, the responses that are wanted and an id, in Dakota's standard format or as definitions of
//! APREPRO (Dakota's manual, "Parameters file format"). The results file has a number and a response's descriptor a line. Dakota
//! always wants one: one that begins with `fail` says that the evaluation failed, and one that is not there ends Dakota's study.
//!
//! What is wanted of a response may be its value only: gradients come from differences between evaluations (`numerical_gradients`).

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

use super::samples::Evaluated;
use super::{Arguments, INTERRUPTED, evaluated, told};
use crate::cli::exit::{Exit, Usage};
use crate::cli::fault;
use crate::cli::open::ProjectPlace;
use crate::data::value::push_number;
use crate::inputs::tables::read_value;
use crate::product::numbers::NumberColumn;
use crate::project::overrides::{Overrides, ParameterSet};
use crate::system::{regular, whole_file};

/// One bit of what is wanted of a response.
const VALUE: u32 = 1;

/// What is in a parameters file.
#[derive(Debug, PartialEq)]
struct Request {
    set: ParameterSet,
    /// The descriptors of all responses, each with whether its value is wanted.
    responses: Vec<(String, bool)>,
}

/// Evaluates the set of a parameters file, and writes the results file, whatever happens.
pub(super) fn evaluate(
    place: &ProjectPlace,
    arguments: &Arguments,
    parameters: &Path,
    results: &Path,
) -> Result<Exit> {
    let outcome = answer(place, arguments, parameters);
    let text = match &outcome {
        Ok(Some((_, Ok(text)))) => text.clone(),
        Ok(Some((_, Err(why)))) => failed(why),
        Ok(None) => failed("interrupted"),
        Err(error) => failed(&format!("{error:#}")),
    };
    let written = whole_file::write(results, text.as_bytes());
    let written = written.with_context(|| format!("can't write {}", results.display()));
    let answered = outcome?;
    written?;
    match answered {
        Some((exit, _)) => Ok(exit),
        None => fault::print_interrupted(INTERRUPTED, false),
    }
}

/// The text of a results file of an evaluation that failed.
fn failed(why: &str) -> String {
    format!("fail\n{why}\n")
}

/// The exit code, and the text of the results file or why it failed; `None` after an interrupt.
fn answer(
    place: &ProjectPlace,
    arguments: &Arguments,
    parameters: &Path,
) -> Result<Option<(Exit, Result<String, String>)>> {
    let refused = |error: anyhow::Error| Usage(format!("{}: {error:#}", parameters.display()));
    let text = regular::read_to_string(parameters);
    let text = text.with_context(|| format!("can't read {}", parameters.display()))?;
    let request = Request::of(&text).map_err(refused)?;
    let overrides = match arguments.sets.overrides()? {
        Overrides::Set(set) => with(request.set.clone(), set),
        Overrides::None | Overrides::Samples(_) => request.set.clone(),
    };
    let Some(evaluated) = evaluated(place, &Overrides::Set(overrides), arguments)? else {
        return Ok(None);
    };
    let exit = told(&evaluated, arguments.quiet);
    let outcome = evaluated.samples.first().map(|sample| &sample.outcome);
    if let Some(Err(failure)) = outcome {
        return Ok(Some((exit, Err(failure.text()))));
    }
    Ok(Some(
        match request.results(&evaluated).map_err(refused)? {
            Ok(text) => (exit, Ok(text)),
            Err(missing) => (Exit::Failures, Err(missing)),
        },
    ))
}

/// A set of Dakota's with what the command line sets beside it.
fn with(mut set: ParameterSet, further: ParameterSet) -> ParameterSet {
    let values = further.values.into_iter();
    let own: Vec<_> = values
        .filter(|(name, _)| !set.values.iter().any(|(known, _)| known == name))
        .collect();
    set.values.extend(own);
    set
}

impl Request {
    /// What a parameters file says.
    fn of(text: &str) -> Result<Self> {
        let entries = entries(text)?;
        let mut entries = entries.into_iter();
        let mut set = ParameterSet {
            label: String::new(),
            values: Vec::new(),
        };
        let count = |entry: Option<(String, String)>, names: [&str; 2]| -> Result<usize> {
            let (name, count) = entry.with_context(|| format!("it has no {:?}", names[0]))?;
            if !names.contains(&name.as_str()) {
                bail!("{:?} is expected where {name:?} is", names[0]);
            }
            number(&name, &count)
        };
        for _ in 0..count(entries.next(), ["variables", "DAKOTA_VARS"])? {
            let (name, text) = entries.next().context("it ends among the variables")?;
            let value = read_value(&text).map_err(|fault| anyhow!("{name}: {fault}"))?;
            let value = value.with_context(|| format!("{name} has no value"))?;
            set.values.push((name, value));
        }
        let mut responses = Vec::new();
        for _ in 0..count(entries.next(), ["functions", "DAKOTA_FNS"])? {
            let (name, wanted) = entries.next().context("it ends among the functions")?;
            let (_, name) = name.split_once(':').with_context(|| {
                format!("`ASV_1:` and a response's descriptor are expected where {name:?} is")
            })?;
            let wanted: u32 = number(name, &wanted)?;
            if wanted & !VALUE != 0 {
                bail!(
                    "{name}: gradients or Hessians are wanted of it, and only its value can be had; state `numerical_gradients` and \
                     `no_hessians` under `responses`"
                );
            }
            responses.push((name.to_owned(), wanted == VALUE));
        }
        let id = entries.find(|(name, _)| name == "eval_id" || name == "DAKOTA_EVAL_ID");
        set.label = format!("eval={}", id.map_or_else(|| "1".to_owned(), |(_, id)| id));
        Ok(Self { set, responses })
    }

    /// The results file's text, or the number that is missing in it.
    fn results(&self, evaluated: &Evaluated) -> Result<Result<String, String>> {
        let columns = &evaluated.columns;
        let place = |name: &str| columns.iter().position(|column| is_called(column, name));
        let places: Vec<Option<usize>> =
            self.responses.iter().map(|(name, _)| place(name)).collect();
        let all = self.responses.len();
        let places: Vec<usize> = match places.iter().flatten().count() {
            found if found == all => places.into_iter().flatten().collect(),
            // Dakota's own names for them.
            0 if columns.len() == all => (0..all).collect(),
            _ => bail!(
                "{all} responses are wanted ({}), and the numbers are {}; call the responses (`descriptors`) as the numbers are called, with _ \
                 for brackets, or leave as many as there are responses (`--numbers`, `--at`)",
                listed(self.responses.iter().map(|(name, _)| name)),
                listed(columns)
            ),
        };
        let numbers = evaluated.samples.iter().flat_map(|sample| &sample.outcome);
        let values: Vec<f64> = numbers
            .flat_map(|numbers| numbers.values.iter().copied())
            .collect();
        let mut text = Vec::new();
        for ((name, is_wanted), place) in self.responses.iter().zip(places) {
            if !is_wanted {
                continue;
            }
            let number = values[place];
            if number.is_nan() {
                return Ok(Err(format!("{} is missing", columns[place])));
            }
            push_number(&mut text, number);
            text.extend_from_slice(format!(" {name}\n").as_bytes());
        }
        Ok(Ok(String::from_utf8_lossy(&text).into_owned()))
    }
}

fn number<T: FromStr>(name: &str, text: &str) -> Result<T> {
    let number = text.parse().ok();
    number.with_context(|| format!("{name}: {text:?} is no number"))
}

/// Whether a response's descriptor means this number: `nse[70007]`, or `nse_70007` as Dakota has no brackets in descriptors.
fn is_called(column: &NumberColumn, descriptor: &str) -> bool {
    let name = column.to_string();
    name == descriptor || name.trim_end_matches(']').replace(['[', ','], "_") == descriptor
}

fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}

/// The names and values of a parameters file, line by line; counts come under the name of what they count.
fn entries(text: &str) -> Result<Vec<(String, String)>> {
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let of_aprepro = line
            .strip_prefix('{')
            .and_then(|line| line.strip_suffix('}'));
        let entry = match of_aprepro {
            Some(definition) => definition.split_once('=').map(|(name, value)| {
                let value = value.trim();
                let text = value
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                (name.trim(), text.unwrap_or(value))
            }),
            // A text may have blanks, a descriptor has none.
            None => line
                .rsplit_once(char::is_whitespace)
                .map(|(value, name)| (name, value.trim())),
        };
        let (name, value) = entry
            .with_context(|| format!("line {}: {line:?} is no value with its name", at + 1))?;
        entries.push((name.to_owned(), value.to_owned()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::value::Value;

    const STANDARD: &str = "                     3 variables
 1.300000000000000e-02 k
                     4 layers
 clay loam soil
                     2 functions
                     1 ASV_1:nse
                     0 ASV_2:c_p95_70007
                     2 derivative_variables
                     1 DVV_1:k
                     2 DVV_2:layers
                     0 analysis_components
                     17 eval_id
";

    const APREPRO: &str = r#"                    { DAKOTA_VARS = 3 }
                    { k = 1.300000000000000e-02 }
                    { layers = 4 }
                    { soil = "clay loam" }
                    { DAKOTA_FNS = 2 }
                    { ASV_1:nse = 1 }
                    { ASV_2:c_p95_70007 = 0 }
                    { DAKOTA_DER_VARS = 2 }
                    { DVV_1:k = 1 }
                    { DVV_2:layers = 2 }
                    { DAKOTA_AN_COMPS = 0 }
                    { DAKOTA_EVAL_ID = 17 }
"#;

    #[test]
    fn both_formats_say_the_same() {
        let standard = Request::of(STANDARD).expect("a request");
        assert_eq!(Request::of(APREPRO).expect("a request"), standard);
        assert_eq!(standard.set.label, "eval=17");
        let values = [
            ("k", Value::Number(0.013)),
            ("layers", Value::Integer(4)),
            ("soil", Value::Text("clay loam".to_owned())),
        ];
        assert_eq!(
            standard.set.values,
            values.map(|(name, value)| (name.to_owned(), value))
        );
        let responses = [("nse", true), ("c_p95_70007", false)];
        assert_eq!(
            standard.responses,
            responses.map(|(name, it)| (name.to_owned(), it))
        );
    }

    #[test]
    fn what_can_not_be_answered_is_refused() {
        for (from, to, fault) in [
            (
                "1 ASV_1:nse",
                "3 ASV_1:nse",
                "gradients or Hessians are wanted",
            ),
            (
                "2 functions",
                "20 functions",
                "are expected where \"derivative_variables\"",
            ),
            ("3 variables", "4 variables", "it ends among"),
            ("3 variables", "k variables", "is no number"),
            ("3 variables", "3 things", "\"variables\" is expected"),
            ("1.300000000000000e-02 k", "nan k", "k"),
            ("1.300000000000000e-02 k", "k", "line 2: \"k\" is no value"),
        ] {
            let text = STANDARD.replace(from, to);
            let text = match fault {
                "it ends among" => "1 variables\n",
                _ => &text,
            };
            let told = Request::of(text).expect_err(fault);
            assert!(told.to_string().contains(fault), "{told}");
        }
    }

    #[test]
    fn brackets_may_be_underscores() {
        let column = NumberColumn {
            of: "nse".to_owned(),
            catchment: Some(crate::data::catchment::CatchmentId::new("70007")),
            place: None,
            units: None,
        };
        assert!(is_called(&column, "nse[70007]") && is_called(&column, "nse_70007"));
        assert!(!is_called(&column, "nse"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n]*") {
            Request::of(&text).ok();
        }

        #[test]
        fn values_are_read_to_the_bit(number in any::<f64>().prop_filter("finite", |it| it.is_finite())) {
            let text = STANDARD.replace("1.300000000000000e-02", &format!("{number:.16e}"));
            let request = Request::of(&text).expect("a request");
            let value = request.set.values[0].1.number();
            prop_assert_eq!(value.map(f64::to_bits), Some(number.to_bits()));
        }
    }
}
