//! A file that tells `make` what a run depends on: one rule, to be included by a Makefile. Pure but for the writing.
//!
//! Every prerequisite also gets an empty rule of its own, as with a compiler's `-MP`: a file that was removed then makes the
//! target out of date, where make would otherwise stop for want of a rule.
//!
//! The escapes were tried out with GNU make 4.3 and 4.4; its manual lists only some. A character without an escape is written
//! as `?`, which matches it: at worst a prerequisite too many.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::system::whole_file;

/// Writes the rule `targets: prerequisites` to `path`, whole or not at all; paths below `here` are written as relative ones.
pub(crate) fn write(
    path: &Path,
    targets: &[&Path],
    prerequisites: &[PathBuf],
    here: &Path,
) -> Result<()> {
    let context = || format!("can't write the depfile {}", path.display());
    let text = rule(targets, prerequisites, here);
    whole_file::write(path, &text).with_context(context)
}

fn rule(targets: &[&Path], prerequisites: &[PathBuf], here: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    for target in targets {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend(escaped(target, here, true));
    }
    text.push(b':');
    for path in prerequisites {
        text.extend_from_slice(b" \\\n  ");
        text.extend(escaped(path, here, false));
    }
    text.push(b'\n');
    for path in prerequisites {
        text.push(b'\n');
        text.extend(escaped(path, here, true));
        text.extend_from_slice(b":\n");
    }
    text
}

/// A path as make reads it: as a target, or as a prerequisite, in which `%` means nothing.
fn escaped(path: &Path, here: &Path, as_target: bool) -> Vec<u8> {
    let path = path.strip_prefix(here).unwrap_or(path);
    let mut text = Vec::new();
    let mut backslashes = 0;
    for &byte in path.as_os_str().as_bytes() {
        let special = match byte {
            b' ' | b'\t' | b'#' | b':' | b'*' | b'?' | b'[' => true,
            b'%' => as_target,
            _ => false,
        };
        match byte {
            _ if special => {
                // Backslashes are themselves only where nothing is escaped by them.
                text.extend(std::iter::repeat_n(b'\\', backslashes + 1));
                text.push(byte);
            }
            b'$' => text.extend_from_slice(b"$$"),
            b'=' => text.extend_from_slice(b"$(or =)"),
            b'\n' | b';' | b'|' | b'(' | b')' => text.push(b'?'),
            _ => text.push(byte),
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_and_relative_where_they_can_be() {
        let prerequisites = ["/a b/c$d#.h5", "/work/r=1/x%y", "/q;r"].map(PathBuf::from);
        let text = rule(
            &[Path::new("/work/o%t")],
            &prerequisites,
            Path::new("/work"),
        );
        assert_eq!(
            String::from_utf8(text).expect("text"),
            "o\\%t: \\\n  /a\\ b/c$$d\\#.h5 \\\n  r$(or =)1/x%y \\\n  /q?r\n\n\
             /a\\ b/c$$d\\#.h5:\n\nr$(or =)1/x\\%y:\n\n/q?r:\n"
        );
    }
}
