//! Decks: a folder's contents as copies in each work directory, mended after whatever a simulator does to them, and the user's own
//! files as they were.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::common::{Project, Run, id};

/// What the simulator makes of the deck: what it finds, then the output, then it lays hands on all that it can reach.
const MODEL: &str = r#"#!/usr/bin/perl
use strict;
my ($id) = @ARGV;
sub slurp { open(my $in, '<', $_[0]) or die "$_[0]: $!\n"; local $/; my $text = <$in>; close $in; $text }
sub spill { open(my $out, '>', $_[0]) or die "$_[0]: $!\n"; print $out $_[1]; close $out }
my $sum = slurp('a.dat') + slurp('sub/b.dat') + slurp('sub/deep/c.dat') + slurp('own.inp');
die "out.txt is there already\n" if -e 'out.txt' or -e "sub/out_$id.txt" or -e 'done.txt';
die "a stranger is there\n" if -e 'stranger' or -e 'sub/moved.dat';
die "no folder\n" unless -d 'results' and -w 'a.dat';
spill('out.txt', "q\n" . "$sum\n" x 24);
spill("sub/out_$id.txt", "p\n" . "1\n" x 24);
spill('done.txt', "success\n");
exit 0 if -e 'GENTLE';
# Of the same size, and as old as before.
my @as_it_was = stat 'a.dat';
spill('a.dat', "9" x $as_it_was[7]);
utime @as_it_was[8, 9], 'a.dat';
rename 'sub/b.dat', 'sub/moved.dat';
unlink 'd.dat';
chmod 0000, 'e.dat';
chmod 0777, 'model.pl';
mkdir 'stranger';
spill('stranger/x', 'x');
link 'f.dat', 'sub/deep/g.dat';
spill('sub/deep/g.dat', 'written through a link');
unlink 'h.dat';
symlink '/etc/hostname', 'h.dat';
unlink 'i.dat';
mkdir 'i.dat';
rename 'results', 'other';
chmod 0500, 'sub/deep';
chmod 0000, 'sub';
"#;

const TOML: &str = r#"
[input]
file = "input.h5"
[parameters]
k = 1
[simulator]
command = ["./model.pl", "{id}"]
deck = "deck"
deck_exclude = ["*.log"]
sandbox = "off"
timeout = "1m"
require = [{ file = "done.txt", contains = "success" }]
[[simulator.input]]
file = "own.inp"
template = "own.inp"
[[simulator.output]]
file = "out.txt"
columns = { q = "q" }
[[simulator.output]]
file = "sub/out_{id}.txt"
columns = { p = "p" }
[product]
file = "output.h5"
[cache]
work = "auto"
"#;

fn executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// A project whose simulator lies in its deck, beside what an earlier run by hand has left there.
fn project(catchments: usize) -> Project {
    let project = Project::new(catchments);
    fs::create_dir_all(project.path("deck/sub/deep")).expect("made");
    fs::create_dir_all(project.path("deck/results")).expect("made");
    fs::create_dir(project.path("shared")).expect("made");
    for (name, text) in [
        ("deck/a.dat", "1"),
        ("shared/b.dat", "20"),
        ("deck/sub/deep/c.dat", "300"),
        ("deck/d.dat", "d"),
        ("deck/e.dat", "e"),
        ("deck/f.dat", "f"),
        ("deck/h.dat", "h"),
        ("deck/i.dat", "i"),
        ("deck/run.log", "a log"),
        ("deck/own.inp", "of an earlier run"),
        ("deck/out.txt", "q\n7\n"),
        ("deck/done.txt", "success"),
        ("deck/model.pl", MODEL),
        ("own.inp", "{k}000"),
    ] {
        project.write(name, text);
    }
    project.write(
        &format!("deck/sub/out_{}.txt", id(0)),
        &format!("p\n{}", "7\n".repeat(24)),
    );
    symlink("../../shared/b.dat", project.path("deck/sub/b.dat")).expect("linked");
    executable(&project.path("deck/model.pl"));
    project.write_toml(TOML);
    project
}

/// What a file or folder looks like, and what is in it.
type Look = (PathBuf, [i64; 8], Vec<u8>);

/// A folder and all below it, with all that would show a touch.
fn as_it_is(folder: &Path) -> Vec<Look> {
    let look = fs::symlink_metadata(folder).expect("there");
    let stamp = [
        i64::from(look.mode()),
        look.size() as i64,
        look.mtime(),
        look.mtime_nsec(),
        look.ctime(),
        look.ctime_nsec(),
        look.ino() as i64,
        look.nlink() as i64,
    ];
    let content = match look.is_file() {
        true => fs::read(folder).expect("read"),
        false => Vec::new(),
    };
    let mut found = vec![(folder.to_owned(), stamp, content)];
    if look.is_dir() {
        let entries = fs::read_dir(folder).expect("listed");
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        found.extend(paths.iter().flat_map(|path| as_it_is(path)));
    }
    found
}

#[track_caller]
fn expect_runs(run: &Run, runs: usize) {
    let text = format!("{runs} run, 0 failed");
    assert!(run.stdout.contains(&text), "{}{}", run.stdout, run.stderr);
}

#[test]
fn the_users_files_are_what_they_were_after_a_thousand_runs_that_spare_nothing() {
    let project = project(250);
    let before = [
        as_it_is(&project.path("deck")),
        as_it_is(&project.path("shared")),
    ];
    for place in ["auto", "disk"] {
        project.write_toml(&TOML.replace("auto", place));
        for _ in 0..2 {
            expect_runs(&project.rerunoff(&["run", "--force"]).expect(0), 250);
        }
        assert!(project.is_tidy());
    }
    assert_eq!(project.product("q"), vec![vec![1321.0; 250]; 24]);
    assert_eq!(project.product("p"), vec![vec![1.0; 250]; 24]);
    let after = [
        as_it_is(&project.path("deck")),
        as_it_is(&project.path("shared")),
    ];
    assert!(after == before, "something of the user's has changed");
}

#[test]
fn what_counts_of_a_deck_makes_all_stale_and_nothing_else_does() {
    let project = project(2);
    expect_runs(&project.rerunoff(&["run"]).expect(0), 2);
    let unchanged = |what: &str| {
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(
            run.stdout.contains("2 fresh, 0 run"),
            "{what}: {}",
            run.stdout
        );
    };
    unchanged("nothing");
    unchanged("nothing, at once");
    // What is written, left or excluded counts for nothing.
    for name in ["own.inp", "out.txt", "done.txt", "run.log", "new.log"] {
        project.write(&format!("deck/{name}"), "something else");
        unchanged(name);
    }
    let changed = |what: &str| {
        let status = project.rerunoff(&["status"]).expect(0);
        assert!(status.stdout.contains(what), "{what}: {}", status.stdout);
        expect_runs(&project.rerunoff(&["run"]).expect(0), 2);
        unchanged(what);
    };
    project.write("shared/b.dat", "21");
    changed("support file sub/b.dat changed");
    let why = project.rerunoff(&["why", &id(0)]).expect(0);
    assert!(why.stdout.contains("is fresh"), "{}", why.stdout);
    project.write("deck/new.dat", "new");
    changed("support file new.dat changed");
    fs::create_dir(project.path("deck/empty")).expect("made");
    changed("support file empty/ changed");
    project.write("deck/sub/c.sh", "x");
    changed("support file sub/c.sh changed");
    executable(&project.path("deck/sub/c.sh"));
    changed("support file sub/c.sh changed");
    fs::remove_file(project.path("deck/new.dat")).expect("removed");
    changed("support file new.dat changed");
    assert_eq!(project.product("q"), vec![vec![1322.0; 2]; 24]);
}

#[test]
fn a_deck_is_laid_out_for_repro_and_its_size_is_told() {
    let project = project(2);
    let check = project.rerunoff(&["check"]).expect(0);
    assert!(check.stdout.contains("deck: deck, "), "{}", check.stdout);
    project.rerunoff(&["repro", &id(1), "here"]).expect(0);
    let at = |name: &str| project.path("here").join(name);
    for name in ["a.dat", "sub/b.dat", "sub/deep/c.dat", "model.pl"] {
        let found = fs::symlink_metadata(at(name)).expect(name);
        assert!(found.is_file() && found.nlink() == 1, "{name}");
        assert_eq!(
            fs::read(at(name)).expect(name),
            fs::read(project.path("deck").join(name)).expect(name)
        );
    }
    assert!(at("results").is_dir());
    assert_eq!(fs::read(at("own.inp")).expect("made"), b"1000");
    for name in ["out.txt", "done.txt", "run.log"] {
        assert!(!at(name).exists(), "{name}");
    }
}

#[test]
fn a_deck_in_the_wrong_place_is_refused_with_the_remedy() {
    let project = project(1);
    let refused = |from: &str, to: &str, said: &[&str]| {
        project.write_toml(&TOML.replace(from, to));
        let check = project.rerunoff(&["check"]).expect(2);
        said.iter().for_each(|text| check.says(text));
    };
    let deck = "deck = \"deck\"";
    refused(
        deck,
        "deck = \"none\"",
        &["simulator.deck", "there is no file"],
    );
    refused(deck, "deck = \"own.inp\"", &["is no folder"]);
    refused(
        deck,
        "deck = \".\"",
        &["holds the project itself", "TxtInOut"],
    );
    refused(deck, "", &["deck_exclude", "goes with `deck`"]);
    refused(
        "file = \"output.h5\"",
        "file = \"deck/output.h5\"",
        &["in the deck"],
    );
    refused(
        "deck_exclude = [",
        "support = [\"deck/a.dat\"]\ndeck_exclude = [",
        &["a.dat is in the deck as well"],
    );
    refused("./model.pl", "./a.dat", &["is not executable"]);
    refused("./model.pl", "./none.pl", &["folder of simulator.deck"]);
    symlink("..", project.path("deck/sub/up")).expect("linked");
    project.write_toml(TOML);
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("back to a folder around it");
}

/// In memory, what is written through a mapping leaves no trace in a file's time stamps.
#[test]
fn a_copy_that_was_written_to_through_a_mapping_is_made_anew() {
    let project = project(12);
    let model = r#"#!/usr/bin/env python3
import mmap, sys
with open('a.dat', 'r+b') as file, mmap.mmap(file.fileno(), 0) as mapped:
    found = mapped[:].decode()
    mapped[0:1] = b'7'
open('out.txt', 'w').write('q\n' + f'{found}\n' * 24)
open(f'sub/out_{sys.argv[1]}.txt', 'w').write('p\n' + '1\n' * 24)
open('done.txt', 'w').write('success')
"#;
    project.write("deck/model.pl", model);
    for place in ["auto", "disk"] {
        project.write_toml(&TOML.replace("auto", place));
        expect_runs(
            &project.rerunoff(&["run", "--force", "-j", "1"]).expect(0),
            12,
        );
        assert_eq!(project.product("q"), vec![vec![1.0; 12]; 24]);
    }
}

/// A file that lies in the deck from an earlier run, and that the project names more than once: two outputs are taken from it, and a
/// good run leaves it.
#[test]
fn a_file_of_the_deck_that_several_outputs_are_taken_from_is_left_out_once() {
    let project = project(3);
    let twice = "[[simulator.output]]\nfile = \"./sub/out_{id}.txt\"\ncolumns = { again = \"p\" }\n[product]";
    let text = TOML.replace("[product]", twice).replace(
        "require = [",
        "require = [{ file = \"sub/out_{id}.txt\", contains = \"p\" }, ",
    );
    project.write_toml(&text);
    expect_runs(&project.rerunoff(&["run", "-j", "1"]).expect(0), 3);
    assert_eq!(project.product("again"), vec![vec![1.0; 3]; 24]);
}
