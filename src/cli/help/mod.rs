//! `rerunoff help`: what a verb does, or a page of the documentation; and the examples at the end of every verb's `--help`.
//!
//! The pages are those of the repository's `docs`, inside of the program: they are of its version and there without a network.

mod examples;
mod topics;

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::builder::styling::Styles;
use clap::{Args, Command, CommandFactory};

use super::Cli;
use super::exit::Exit;
use super::pager::PagerOption;
use super::terminal::printed;

/// How long a line is that no terminal breaks, in characters.
const LINE: usize = 80;

#[derive(Args)]
pub(super) struct Arguments {
    /// A verb, or a page of the documentation [default: what there is]
    #[arg(
        value_name = "VERB|TOPIC",
        value_parser = PossibleValuesParser::new(words()),
        hide_possible_values = true
    )]
    word: Option<String>,
    #[command(flatten)]
    pager: PagerOption,
}

/// The names of all verbs.
pub(super) fn verbs() -> impl Iterator<Item = &'static str> {
    examples::VERBS.iter().map(|verb| verb.name)
}

/// Whether a verb has an option of this name.
pub(super) fn takes(verb: &str, option: &str) -> bool {
    let command = Cli::command();
    let verb = command.find_subcommand(verb);
    verb.is_some_and(|verb| verb.get_arguments().any(|it| it.get_long() == Some(option)))
}

/// All that can be asked for.
fn words() -> Vec<&'static str> {
    let topics = topics::TOPICS.iter().map(|topic| topic.name);
    verbs().chain(topics).collect()
}

pub(super) fn help(arguments: &Arguments) -> Result<Exit> {
    let word = arguments.word.as_deref();
    let topic = topics::TOPICS.iter().find(|topic| Some(topic.name) == word);
    if let Some(topic) = topic {
        arguments.pager.print(&topic.text())?;
        return Ok(Exit::Fine);
    }
    let words = ["rerunoff"].into_iter().chain(word).chain(["--help"]);
    let asked = described().try_get_matches_from(words);
    let error = asked.err().context("there is no help")?;
    printed(error.print())?;
    Ok(Exit::Fine)
}

/// The description of the command line, with an end to the help of each verb: examples, and what to read.
pub(super) fn described() -> Command {
    let command = Cli::command().mut_subcommands(|verb| {
        let mut verbs = examples::VERBS.iter();
        match verbs.find(|it| it.name == verb.get_name()) {
            Some(it) => verb.after_help(end(it.examples, it.more)),
            None => verb,
        }
    });
    let topics = topics::TOPICS.iter();
    let width = topics.clone().map(|topic| topic.name.len()).max();
    let width = width.unwrap_or_default();
    let topics = topics.map(|topic| format!("  {:width$}  {}", topic.name, topic.about));
    let topics = topics.collect::<Vec<_>>().join("\n");
    let more = heading("More, by `rerunoff help TOPIC`:");
    let examples = end(examples::FIRST, &[]);
    command.after_help(format!("{examples}\n\n{more}\n{topics}"))
}

/// Examples with what each does, beside it or, where a line has no room for both, below; and the topics that tell more.
fn end(examples: &[(&str, &str)], more: &[&str]) -> String {
    let fits = |width: usize, does: &str| 2 + width + 2 + does.len() <= LINE;
    let beside = examples
        .iter()
        .filter(|(call, does)| fits(call.len(), does));
    let width = beside.map(|(call, _)| call.len()).max();
    let width = width.unwrap_or_default();
    let lines = examples
        .iter()
        .map(|(call, does)| match fits(width.max(call.len()), does) {
            true => format!("\n  {call:width$}  {does}"),
            false => format!("\n  {call}\n      {does}"),
        });
    let lines: String = lines.collect();
    let heading = heading("Examples:");
    let more = more.iter().map(|topic| format!("rerunoff help {topic}"));
    match more.collect::<Vec<_>>() {
        more if more.is_empty() => format!("{heading}{lines}"),
        more => format!("{heading}{lines}\n\nMore: {}", more.join(", ")),
    }
}

/// As the other headings of the help look.
fn heading(text: &str) -> String {
    let styles = Styles::default();
    let style = styles.get_header();
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_that_is_shown_has_examples_and_each_is_understood() {
        let command = described();
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let name = verb.get_name();
            let found = examples::VERBS.iter().find(|it| it.name == name);
            let found = found.unwrap_or_else(|| panic!("{name} has no examples"));
            for (call, _) in found.examples.iter().chain(examples::FIRST) {
                // What goes into a file is the shell's affair.
                let call = call.split(" > ").next().expect("a call");
                let words = shlex::split(call).expect("words");
                let understood = described().try_get_matches_from(&words);
                assert!(understood.is_ok(), "{call}: {:?}", understood.err());
            }
            for topic in found.more {
                assert!(topics::TOPICS.iter().any(|it| it.name == *topic), "{topic}");
            }
        }
    }

    #[test]
    fn no_line_of_an_end_is_broken_by_a_terminal() {
        let command = described();
        for verb in command.get_subcommands().chain([&command]) {
            let end = verb.get_after_help().map(ToString::to_string);
            for line in end.unwrap_or_default().lines() {
                assert!(line.chars().count() <= LINE, "{line}");
            }
        }
    }

    #[test]
    fn no_topic_has_the_name_of_a_verb() {
        let words = words();
        let mut unique = words.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), words.len());
    }
}
