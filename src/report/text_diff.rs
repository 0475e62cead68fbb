//! The lines that differ between two short texts, with their numbers. Pure.

/// Beyond this many pairs of differing lines, all lines between the first and the last difference are shown as replaced.
const LARGEST_TABLE: usize = 4_000_000;

/// The lines of `then` that are gone (`-`) and those of `now` that are new (`+`), each with its number in its text.
pub(crate) fn changed_lines(then: &str, now: &str) -> Vec<String> {
    let (then, now): (Vec<&str>, Vec<&str>) = (lines(then), lines(now));
    let start = then.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let (a, b) = (&then[start..], &now[start..]);
    let end = (a.iter().rev().zip(b.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let gone = |at: usize| format!("{:>4} - {}", start + at + 1, visible(a[at]));
    let new = |at: usize| format!("{:>4} + {}", start + at + 1, visible(b[at]));
    if a.len().saturating_mul(b.len()) > LARGEST_TABLE {
        return (0..a.len())
            .map(gone)
            .chain((0..b.len()).map(new))
            .collect();
    }
    // common[i][j]: the length of the longest common subsequence of a[i..] and b[j..].
    let mut common = vec![vec![0u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = match a[i] == b[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changed = Vec::new();
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            changed.push(gone(i));
            i += 1;
        } else {
            changed.push(new(j));
            j += 1;
        }
    }
    changed
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
