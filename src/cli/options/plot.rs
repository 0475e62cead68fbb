//! `--plot`: whether pictures are drawn, and how wide they may be.
//!
//! A picture is for eyes: into a pipe or a file goes what the verb prints without the option, so that a script never meets one.

use std::env;
use std::io::{IsTerminal, stdout};

use clap::{Args, ValueEnum};
use rustix::termios::tcgetwinsize;

use crate::cli::terminal::say;

/// How wide pictures are where nothing says how much room there is, and how wide they are at least and at most.
const COLUMNS: (usize, usize, usize) = (80, 40, 120);

#[derive(Args)]
pub(in crate::cli) struct PlotOption {
    /// Draw it, if standard output is a terminal that shows such characters; with `=always` into a pipe too
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        conflicts_with_all = ["csv", "json"]
    )]
    plot: Option<When>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal
    Auto,
    /// Anywhere
    Always,
}

impl PlotOption {
    /// How wide pictures may be, in characters; none if there are to be none.
    pub(in crate::cli) fn columns(&self) -> Option<usize> {
        let when = self.plot?;
        let is_terminal = stdout().is_terminal();
        if when == When::Auto {
            if !is_terminal {
                return None;
            }
            if let Some(lack) = lack(&|name| env::var(name).ok()) {
                say(&format!(
                    "{lack}, so nothing is drawn; `--plot=always` does it all the same"
                ));
                return None;
            }
        }
        let (default, least, most) = COLUMNS;
        let size = tcgetwinsize(stdout()).ok().filter(|_| is_terminal);
        let columns = size.map(|size| usize::from(size.ws_col));
        let columns = columns.filter(|columns| *columns > 0).unwrap_or(default);
        Some(columns.clamp(least, most))
    }
}

/// What a terminal lacks to show such pictures, by the environment.
fn lack(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let kind = variable("TERM").unwrap_or_default();
    // The kernel's console has fonts of 512 characters, without dots.
    if ["", "dumb", "linux"].contains(&kind.as_str()) {
        return Some(format!("a terminal of the kind {kind:?} shows no dots"));
    }
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    let locale = set.into_iter().flatten().find(|locale| !locale.is_empty());
    let locale = locale.unwrap_or_default();
    let encoding = locale.to_ascii_lowercase();
    let is_unicode = ["utf-8", "utf8"].iter().any(|name| encoding.contains(name));
    (!is_unicode).then(|| format!("the locale {locale:?} is not one of UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_what_a_terminal_shows() {
        let lack_of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name);
            lack(&|name| value(name).map(|(_, value)| (*value).to_owned()))
        };
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(lack_of(&[xterm, ("LANG", "de_DE.UTF-8")]), None);
        assert_eq!(
            lack_of(&[xterm, ("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]),
            None
        );
        assert!(lack_of(&[xterm, ("LC_ALL", "C"), ("LANG", "C.UTF-8")]).is_some());
        assert!(lack_of(&[xterm]).is_some());
        assert!(lack_of(&[("TERM", "linux"), ("LANG", "C.UTF-8")]).is_some());
        assert!(lack_of(&[("LANG", "C.UTF-8")]).is_some());
    }
}
