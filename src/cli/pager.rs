//! Long texts, screen by screen: on a terminal alone, and only what is longer than it.

use std::env;
use std::io::{IsTerminal, stdout};

use anyhow::Result;
use clap::Args;
use rustix::termios::tcgetwinsize;

use super::terminal::print;
use crate::system::process::pager;

/// What shows texts where `PAGER` says nothing.
const DEFAULT: &str = "less";

#[derive(Args)]
pub(super) struct PagerOption {
    /// Print it all at once, also on a terminal that is shorter; NO_PAGER=1 says so for always
    #[arg(long)]
    no_pager: bool,
}

impl PagerOption {
    /// Prints a text: by the user's pager if it is for a terminal that can't show it whole.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        let variable = |name: &str| env::var(name).ok();
        let pager = match self.no_pager || fits(text) {
            true => None,
            false => program(&variable),
        };
        match pager.is_some_and(|program| pager::show(&program, text)) {
            true => Ok(()),
            false => print(text.as_bytes()),
        }
    }
}

/// Whether nobody has to scroll: it goes into a file or a pipe, or the terminal has room.
fn fits(text: &str) -> bool {
    if !stdout().is_terminal() {
        return true;
    }
    tcgetwinsize(stdout()).is_ok_and(|size| {
        let (rows, columns) = (usize::from(size.ws_row), usize::from(size.ws_col));
        // The prompt has a line, too.
        rows == 0 || rows_of(text, columns) < rows
    })
}

/// How many rows of a terminal a text takes.
fn rows_of(text: &str, columns: usize) -> usize {
    let rows = |line: &str| line.chars().count().div_ceil(columns.max(1)).max(1);
    text.lines().map(rows).sum()
}

/// The command that shows texts, by the environment; none where texts are to be printed as they are.
fn program(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_plain = matches!(variable("TERM").as_deref(), None | Some("" | "dumb"));
    if is_set("NO_PAGER") || is_plain {
        return None;
    }
    let program = variable("PAGER").unwrap_or_else(|| DEFAULT.to_owned());
    Some(program).filter(|program| !["", "cat"].contains(&program.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_pager() {
        let of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name);
            program(&|name| value(name).map(|(_, value)| (*value).to_owned()))
        };
        let term = ("TERM", "xterm");
        assert_eq!(of(&[term]).as_deref(), Some("less"));
        assert_eq!(
            of(&[term, ("PAGER", "more -s")]).as_deref(),
            Some("more -s")
        );
        for off in [("PAGER", ""), ("PAGER", "cat"), ("NO_PAGER", "1")] {
            assert_eq!(of(&[term, off]), None, "{off:?}");
        }
        assert_eq!(of(&[term, ("NO_PAGER", "")]).as_deref(), Some("less"));
        assert_eq!(of(&[("TERM", "dumb")]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn long_lines_take_several_rows() {
        assert_eq!(rows_of("a\n\nabcdefg\n", 3), 5);
        assert_eq!(rows_of("a", 0), 1);
    }
}
