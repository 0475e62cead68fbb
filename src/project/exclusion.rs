//! Patterns for what lies in a support folder or a deck and is none of a simulator's inputs: logs, locks, caches.
//!
//! Like the plain ones of `.gitignore`. `*` stands for any text in a name and `?` for one character of it; a pattern without
//! a slash means files and folders of that name at any depth, one with a slash a whole path as the simulator sees it, where
//! `**` stands for any folders, or none. A folder that matches is left out with everything in it. No file is looked at here.

/// One pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    parts: Vec<String>,
}

impl Exclusion {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let parts = text.strip_suffix('/').unwrap_or(text).split('/');
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        let fault = if text.starts_with('/') {
            "starts with a slash; write the path as the simulator sees it in its work directory"
        } else if text.starts_with('!') {
            "starts with `!`; what is excluded can't be taken back"
        } else if (parts.iter()).any(|part| part.is_empty() || part == "." || part == "..") {
            "is no pattern; write a name such as \"*.log\", or a path such as \"models/cache\""
        } else {
            return Ok(Self { parts });
        };
        Err(format!("{text:?} {fault}"))
    }

    /// Whether it matches the file or folder at this path below the work directory. The content of a folder that matches is
    /// not asked about.
    pub fn covers(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        match self.parts.as_slice() {
            [name] => names.last().is_some_and(|last| is_like(last, name)),
            parts => is_below(&names, parts),
        }
    }
}

fn is_below(names: &[&str], parts: &[String]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            is_below(names, rest) || !names.is_empty() && is_below(&names[1..], parts)
        }
        (Some((part, rest)), Some((name, names))) => is_like(name, part) && is_below(names, rest),
        _ => false,
    }
}

/// Whether a name matches a pattern with `*` and `?`.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) =
        (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // The last star, and where what it stands for ends.
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == name[at] => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                Some((place, end)) => {
                    *end += 1;
                    (at, of) = (*end, *place + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|wanted| *wanted == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        let covers =
            |pattern: &str, path: &str| Exclusion::new(pattern).expect("a pattern").covers(path);
        for (pattern, path) in [
            ("__pycache__", "models/__pycache__"),
            ("__pycache__/", "models/a/__pycache__"),
            ("*.log", "models/a/run.1.log"),
            ("run.?", "models/run.7"),
            ("*a*b*", "models/xaxxbab"),
            ("models/*.log", "models/run.log"),
            ("models/**/*.log", "models/run.log"),
            ("models/**/*.log", "models/a/b/run.log"),
            ("**/cache", "models/cache"),
            ("models/**", "models/a/b"),
        ] {
            assert!(covers(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.log", "models/run.log.1"),
            ("run.?", "models/run."),
            ("models/*.log", "models/a/run.log"),
            ("cache/x", "models/cache/x"),
            ("Models", "models"),
            ("models/cache", "models"),
        ] {
            assert!(!covers(pattern, path), "{pattern} {path}");
        }
        for pattern in ["", "/models", "a//b", "../x", "./x", "!keep", "/"] {
            assert!(Exclusion::new(pattern).is_err(), "{pattern}");
        }
    }
}
