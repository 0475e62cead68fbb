//! Nothing that comes from outside is markup on a page, whatever is in it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::{Run, rerunoff};

/// Texts from outside that would be markup.
const HOSTILE: &str = "</script></title><img src=x onerror=alert(1)><!--\"'&";

/// A project in which every text is hostile that can be, run once.
fn hostile() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = [
        HOSTILE,
        "b\u{1b}[31m",
        "#catchment=1&scenario=2",
        "../../etc",
    ];
    let ids: Vec<String> = ids
        .iter()
        .map(|id| format!("{id:?}").replace("\\u{1b}", "\\u001b"))
        .collect();
    let toml = format!(
        r#"title = {HOSTILE:?}
[input]
catchments = [{}]
time = {{ start = "1998-01-01", step = "1d", steps = 3 }}
[parameters]
k = 1
[simulator]
command = ["sh", "-c", "printf 'q\n1\n2\n3\n' > out.txt; cat id.txt k.txt; grep -q '[.]' id.txt || exit 3"]
[simulator.env]
[[simulator.input]]
file = "id.txt"
template = "id.txt"
[[simulator.input]]
file = "k.txt"
template = "k.txt"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
[product.variables]
q = {{ units = {HOSTILE:?}, long_name = {HOSTILE:?} }}
[product.summary]
q_mean = {{ of = "q", statistic = "mean", long_name = {HOSTILE:?} }}
"#,
        ids.join(", ")
    );
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect(name);
    write("rerunoff.toml", &toml);
    write("id.txt", "{id}");
    write("k.txt", HOSTILE);
    folder
}

#[track_caller]
fn call(folder: &Path, arguments: &[&str]) -> Run {
    let run = rerunoff(folder, arguments).output();
    run.expect("the binary").into()
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let folder = hostile();
    call(folder.path(), &["run", "--max-failures", "9"]).expect(1);
    call(folder.path(), &["tag", "<b>tag</b>"]).expect(0);
    call(folder.path(), &["report", "--since", "<b>tag</b>"]).expect(0);
    let page = fs::read_to_string(folder.path().join("report.html")).expect("text");
    let harmless = page.contains("&lt;/script&gt;&lt;/title&gt;&lt;img src=x onerror=alert(1)&gt;");
    assert!(harmless, "{page}");
    for markup in ["<img", "<!--", "<b>tag", "</script></title>", "\u{1b}"] {
        assert!(!page.contains(markup), "{markup:?} in {page}");
    }
    // As many ends as beginnings, however a browser counts them.
    let starts = page.matches("<script").count();
    assert_eq!(page.matches("</script").count(), starts, "{page}");
}
