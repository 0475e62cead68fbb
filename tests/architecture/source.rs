//! What a Rust source names: a lexer and the paths in its tokens, as much of the language as the rules need.

use std::collections::BTreeSet;

/// A file of the source, as a module with the paths in it; unit tests are left out.
pub(super) struct Source<'a> {
    pub file: &'a str,
    /// Its path from the crate's root.
    pub module: Vec<&'a str>,
    pub paths: Vec<Named<'a>>,
}

/// A word or a sign, with its line.
type Token<'a> = (usize, &'a str);

/// A path as it is written, with its line.
pub(super) type Named<'a> = (usize, Vec<&'a str>);

impl<'a> Source<'a> {
    /// The sources of these files, of the given names and texts.
    pub(super) fn all(files: &'a [(String, String)]) -> Vec<Self> {
        let mut tests = BTreeSet::new();
        let mut sources = Vec::new();
        for (file, text) in files {
            let path = file.trim_start_matches("src/").trim_end_matches(".rs");
            let module: Vec<&str> = path.trim_end_matches("/mod").split('/').collect();
            let (code, of_tests) = without_tests(&tokens(text));
            tests.extend(of_tests.iter().map(|name| [&module[..], &[*name]].concat()));
            let paths = paths(&code);
            sources.push(Self {
                file,
                module,
                paths,
            });
        }
        let is_test =
            |module: &[&str]| (1..=module.len()).any(|end| tests.contains(&module[..end]));
        sources.retain(|source| !is_test(&source.module));
        sources
    }

    /// A path in it as one from the crate's root; nothing if it leads to another crate or begins with a name in scope.
    pub(super) fn absolute(&self, path: &[&'a str]) -> Option<Vec<&'a str>> {
        let ups = path.iter().take_while(|part| **part == "super").count();
        let base = match path[0] {
            "super" => &self.module[..self.module.len().checked_sub(ups)?],
            "crate" => &[],
            _ => return None,
        };
        Some([base, &path[ups.max(1)..]].concat())
    }
}

/// The length of the comment or literal that a text begins with, if it does.
fn skipped(text: &str) -> usize {
    let until = |from: usize, end: &str| {
        let found = text[from..].find(end);
        found.map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        return until(2, "\n");
    }
    if text.starts_with('"') {
        let mut escaped = true;
        let end = text.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        return end.map_or(text.len(), |at| at + 1);
    }
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    let mut chars = text.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) => until(3, "'"),
        (Some('\''), Some(literal), Some('\'')) => 2 + literal.len_utf8(),
        _ => 0,
    }
}

/// The words and signs of a text; comments and literals are left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut rest, mut line) = (text, 1);
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let length = match (skipped(rest), word) {
            (0, None) => rest.len(),
            (0, Some(0)) if rest.starts_with("::") => 2,
            (0, Some(0)) => first.len_utf8(),
            (0, Some(word)) => word,
            (skipped, _) => skipped,
        };
        let (token, after) = rest.split_at(length);
        if skipped(rest) == 0 && !first.is_whitespace() {
            found.push((line, token));
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// The tokens without what is `#[cfg(test)]`, and the names of the modules that are.
fn without_tests<'a>(mut rest: &[Token<'a>]) -> (Vec<Token<'a>>, Vec<&'a str>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut code, mut tests) = (Vec::new(), Vec::new());
    while let Some((first, after)) = rest.split_first() {
        let marked = rest.iter().map(|token| token.1).take(MARK.len()).eq(MARK);
        if !marked {
            code.push(*first);
            rest = after;
            continue;
        }
        let item = &rest[MARK.len()..];
        if let [(_, "mod"), (_, name), ..] = item {
            tests.push(*name);
        }
        let mut depth = 0;
        let end = item.iter().position(|(_, token)| {
            depth += i32::from(["{", "(", "["].contains(token));
            depth -= i32::from(["}", ")", "]"].contains(token));
            depth == 0 && ["}", ";"].contains(token)
        });
        rest = &item[end.map_or(item.len(), |end| end + 1)..];
    }
    (code, tests)
}

/// The path that begins here, or as many as the tree that it ends in has leaves; and what comes after.
fn follow<'a, 'b>(
    mut rest: &'b [Token<'a>],
    mut path: Vec<&'a str>,
    found: &mut Vec<Named<'a>>,
) -> &'b [Token<'a>] {
    while let [(line, token), after @ ..] = rest {
        rest = after;
        if *token == "{" {
            while let Some((_, token)) = rest.first() {
                rest = match *token {
                    "}" => return &rest[1..],
                    "," => &rest[1..],
                    "as" => &rest[2..],
                    _ => follow(rest, path.clone(), found),
                };
            }
        }
        path.push(token);
        match rest {
            [(_, "::"), after @ ..] => rest = after,
            _ => {
                found.push((*line, path));
                break;
            }
        }
    }
    rest
}

/// All paths in a piece of code.
fn paths<'a>(mut code: &[Token<'a>]) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    while let Some((_, token)) = code.first() {
        code = match token.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            true => follow(code, Vec::new(), &mut found),
            false => &code[1..],
        };
    }
    found
}
