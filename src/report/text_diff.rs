//! The lines that differ between two texts, with their numbers.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

/// So long is looked for the fewest lines that differ; of texts that have little in common, more are shown then.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lines of `then` that are gone (`-`) and those of `now` that are new (`+`), each with its number in its text.
pub(crate) fn changed_lines(then: &str, now: &str) -> Vec<String> {
    let (then, now): (Vec<&str>, Vec<&str>) = (lines(then), lines(now));
    let deadline = Instant::now().checked_add(PATIENCE);
    let pieces = capture_diff_slices_deadline(Algorithm::Myers, &then, &now, deadline);
    let marked =
        |sign: char, at: usize, line: &str| format!("{:>4} {sign} {}", at + 1, visible(line));
    let differ = pieces.iter().filter(|piece| piece.tag() != DiffTag::Equal);
    let changed = differ.flat_map(|piece| {
        let gone = piece.old_range().map(|at| marked('-', at, then[at]));
        let new = piece.new_range().map(|at| marked('+', at, now[at]));
        gone.chain(new)
    });
    changed.collect()
}

/// Line ends count: a text whose last one is missing differs in its last line.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The line on one line of a terminal, with what can't be seen made visible.
fn visible(line: &str) -> String {
    let (line, ending) = match line.strip_suffix('\n') {
        Some(line) => match line.strip_suffix('\r') {
            Some(line) => (line, "\\r\\n"),
            None => (line, ""),
        },
        None => (line, " (no line end)"),
    };
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => shown.push_str("\\t"),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown + ending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let then = "a\nb\nc\nd\n";
        assert!(changed_lines(then, then).is_empty());
        assert_eq!(
            changed_lines(then, "a\nx\nc\nd\ne\n"),
            ["   2 - b", "   2 + x", "   5 + e"]
        );
        assert_eq!(changed_lines("", "a\n"), ["   1 + a"]);
        let (odd, even): (Vec<_>, Vec<_>) = (0..6000)
            .map(|it| format!("{it}\n"))
            .partition(|it| it.ends_with(['1', '3', '5', '7', '9']));
        assert_eq!(changed_lines(&odd.concat(), &even.concat()).len(), 6000);
    }

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        assert_eq!(
            changed_lines("a\tb\n", "a b\r\n"),
            ["   1 - a\\tb", "   1 + a b\\r\\n"]
        );
        assert_eq!(
            changed_lines("a\n", "a"),
            ["   1 - a", "   1 + a (no line end)"]
        );
    }
}
