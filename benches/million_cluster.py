"""What a run of a million simulator runs on a cluster costs the machine that it waits on, with tasks that invent their results.

    cargo build --release && cargo build --release --example invent
    python3 benches/million_cluster.py target/release/rerunoff target/release/examples/invent
    python3 benches/million_cluster.py … --beside OTHER/rerunoff                    that one's plain dry run in turn
    python3 benches/million_cluster.py … --steps 8760 --scenarios 50                100,000 results of a year of hours

The project is that of million.py with a `[cluster]` table. The batch system is `invent`, whose tasks publish what they have not
computed: as long a text, the numbers of a few real runs again and again, in as large files. It is started for real with one small task.
Each command is measured as a whole, with all that it waits for; the tasks run beside on the same machine.
"""

import argparse
import statistics
import threading
import time
from pathlib import Path

from measure import cost
from million import ROOT, million
from report import mebibytes


def on_cluster(project, invent):
    """The project with its batch system."""
    text = project.config.read_text()
    if "[cluster]" not in text:
        project.config.write_text(
            f"""{text}
[cluster]
engine = "command"
cores = 16
memory = "16 GB"
ask_every = "10s"
submit = "{invent} submit {{script}} {{tasks}}"
job = '(\\S+)'
index = "INDEX"
alive = "ps -eo args"
cancel = "true {{jobs}}"
"""
        )


class Watch(threading.Thread):
    """Looks at a project's packages until it is told to stop: files at most, bytes of journals, and when these grew."""

    def __init__(self, project):
        super().__init__(daemon=True)
        self.folder = project.folder / "cache" / "cluster"
        self.files, self.journal, self.first, self.last = 0, 0, None, None
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.2):
            journal = sum(size(path) for path in self.folder.glob("*/journal"))
            if journal > self.journal:
                self.first, self.last = self.first or time.monotonic(), time.monotonic()
                self.journal = journal
            self.files = max(self.files, sum(1 for path in self.folder.rglob("*") if not path.is_dir()))

    def stop(self):
        self.stopped.set()
        self.join()
        return self


def size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def wait_for(what):
    while not what():
        time.sleep(0.2)


def code(binary, project, *arguments):
    """A command's cost, whatever its exit code; 6 is that of a run of which something is under way."""
    shell = 'binary=$1; shift; "$binary" "$@"; test $? -eq 0 -o $? -eq 6'
    return cost(["sh", "-c", shell, "sh", binary, "-C", project.folder, *arguments])


def tell(what, measured, beside=""):
    print(f"{what:<42} {measured.wall:8.2f} s  {measured.cpu:8.2f} s of processor  {mebibytes(measured.peak):>9} at most  {beside}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("invent", type=Path)
    parser.add_argument("--beside", help="another binary, whose plain dry run is measured in turn")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--scenarios", type=int, default=500)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "million")
    options = parser.parse_args()

    binary = options.binary.resolve()
    shape = (options.catchments, options.scenarios, options.steps)
    plain = million(binary, options.folder, *shape)
    project = million(binary, options.folder / "cluster", *shape)
    on_cluster(project, options.invent.resolve())
    project.forget()
    for left in (project.folder / "invented").glob("*"):
        left.unlink()
    if (project.folder / "invented").exists():
        (project.folder / "invented").rmdir()

    dry = ["run", "--dry-run", "--quiet"]
    for name, of, command in [
        *([("plain dry run of the other", plain, options.beside)] if options.beside else []),
        ("plain dry run", plain, binary),
        ("dry run with the cluster", project, binary),
    ]:
        measured = [cost([command, "-C", of.folder, *dry]) for _ in range(options.rounds)]
        tell(name, min(measured, key=lambda each: each.cpu))

    tell("first run, detached: a few runs to learn", code(binary, project, "run", "--detach", "--quiet"))
    incoming = project.folder / "cache" / "cluster"
    wait_for(lambda: len(list(incoming.glob("*/in/[0-9]*"))) >= min(16, options.catchments * options.scenarios // 32))
    tell("second run, detached: planned and packed", code(binary, project, "run", "--detach", "--quiet"))
    tell("status", code(binary, project, "status"))

    runs = options.catchments * options.scenarios
    watch = Watch(project)
    watch.start()
    whole = cost([binary, "-C", project.folder, "run", "--quiet", "--no-assemble"])
    watch.stop()
    tell("third run: all of it taken in", whole, whole.text.strip())
    merged = watch.last - watch.first
    print(f"  {runs / merged:.0f} results a second while they came in, {runs / whole.wall:.0f} of the whole run")
    print(f"  {watch.files} files at most, {watch.journal / 1000:.0f} kB of journal")
    print(f"  store of {mebibytes(size(project.store))}")
    tell("products", project.do("run", "--quiet"))
    # Only files that have not changed for a moment are known by their stamps.
    tell("once more: planned with all results there", project.do("run", "--quiet"))
    nothing = [project.do("run", "--quiet") for _ in range(5)]
    wall = statistics.median(each.wall for each in nothing)
    print(f"nothing to do: {wall * 1000:.1f} ms")


if __name__ == "__main__":
    main()
