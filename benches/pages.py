"""Measures what a page of a report takes: its size, the time and the memory to make it, at 200, 2,000 and 18,000 catchments.

    make bench-report                 up to 2,000 catchments of 8,760 hourly steps and 4 variables: some minutes
    make bench-report N=18000         the size it is made for: an hour, 15 GB of disk

The simulator is a copy of the input, so that results are made soon and no two are equal; pages are made of the store alone. Each page is
made of a state in which a hundredth of the catchments changed since a tag, without and with what changed. Projects stay in
target/bench/pages for the next time.
"""

import argparse
import datetime
import os
import sys

from iteration import JOBS, RERUNOFF, ROOT
from measure import Unusable, cost
from projects import Project
from report import mebibytes, seconds

SIZES = [200, 2_000, 18_000]
COLUMNS = {"temperature": ("T", "degC"), "precipitation": ("P", "mm/h"), "discharge": ("Q", "m3/s"), "local": ("Qloc", "m3/s")}


def copied(project):
    """Makes the project's simulator one that copies its input, of which four columns are taken."""
    if 'command = ["cp"' in project.config.read_text():
        return
    project.edit(r"^command = .*?$", 'command = ["cp", "input.txt", "out.txt"]')
    project.edit(r"^support = .*?$", "support = []")
    columns = "\n".join(f'{name} = "{column}"' for name, (column, _) in COLUMNS.items())
    project.edit(r"^concentration = \"Conc_.*?^local_discharge = \"Qloc\"$", columns)
    variables = "\n".join(f'{name} = {{ units = "{units}" }}' for name, (_, units) in COLUMNS.items())
    project.edit(r"^concentration = \{.*", variables + "\n")


def project_of(catchments, steps):
    """A project whose store has a tag and the state after a small change."""
    project = Project(RERUNOFF, ROOT / "target" / "bench" / "pages" / f"{catchments}-{steps}", catchments, steps)
    copied(project)
    if not (project.folder / "changed").exists():
        project.do("run", "--quiet", "--no-assemble")
        project.do("tag", "before")
        project.change(max(1, catchments // 100))
        project.do("run", "--quiet", "--no-assemble")
        (project.folder / "changed").touch()
    return project


def measured(project, *options):
    """A page, made twice: the second time everything is in the page cache of the system."""
    page = project.folder / "page.html"
    page.unlink(missing_ok=True)
    command = [RERUNOFF, "-C", project.folder, "report", page, "--quiet", *options]
    cost(command)
    page.unlink()
    return cost(command), page.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8760, help="time steps of a catchment [8760]")
    parser.add_argument("--most", type=int, default=2_000, help="the most catchments [2000]")
    arguments = parser.parse_args()
    load, rows = os.getloadavg()[0], []
    for size in [size for size in SIZES if size <= arguments.most]:
        try:
            project = project_of(size, arguments.steps)
            for what, options in [("the last run", []), ("and a tag", ["--since", "before"])]:
                took, length = measured(project, *options)
                rows.append((f"{size:,}", what, f"{length / 1e6:.2f} MB", seconds(took.wall), seconds(took.cpu), mebibytes(took.peak)))
        except Unusable as error:
            sys.exit(f"pages: {error}")
        print(f"{size} catchments are measured", file=sys.stderr, flush=True)
    lines = [
        f"{datetime.date.today()}, {JOBS} cores, Linux {os.uname().release}, load {load:.1f} before it began; "
        f"{arguments.steps:,} time steps, {len(COLUMNS)} variables.",
        "",
        "| catchments | page of | size | time | processor time | memory |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    text = "\n".join(lines) + "\n"
    (ROOT / "target" / "pages.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
