"""Measures how costs grow with the number of catchments: a table and a plot, target/growth.md and target/growth.svg.

    make bench-growth               500 to 18,000 catchments, series of ten days: a few minutes
    make bench-growth STEPS=8760    series of a year: some hours, 40 GB of disk

Everything should grow with the number of catchments at most, and memory not at all. Tools beside it do what they can do at
these sizes: `xargs` runs the same bare commands, ninja and make look at as many targets that are up to date.
"""

import argparse
import datetime
import os
import shutil
import statistics
import sys

import peers
import plot
from bench import JOBS, NINJA, RERUNOFF, ROOT, own_seconds, render_small, versions
from measure import Unusable, cost
from projects import Project
from report import mebibytes, milliseconds, seconds

SIZES = [500, 2_000, 8_000, 18_000]
# What a machine may be busy with otherwise is no growth.
NOISE = 1.1


def measured(folder, catchments, steps):
    """Every cost at one size, by name: seconds, or bytes where the name says memory or store."""
    project = Project(RERUNOFF, folder / "project", catchments, steps)
    project.forget()
    folders = render_small(folder / "tasks", catchments)
    costs, few = {}, max(1, catchments // 100)

    cold = project.do("run", "--quiet", "--timings")
    costs["cold run"] = cold.wall
    costs["own processor time of it"] = own_seconds(cold)
    costs["nothing changed"] = median(5, lambda: project.do("run", "--quiet"))
    costs["nothing changed, --rehash"] = median(3, lambda: project.do("run", "--quiet", "--rehash"))

    def changed():
        project.change(few)
        return project.do("run", "--quiet")

    def assembled():
        project.product.unlink()
        return project.do("assemble", "--quiet")

    costs["1 % changed"] = median(3, changed)
    costs["product from the store"] = median(3, assembled)
    # A column more makes every result stale.
    project.edit(r"^discharge = \"Q\"$", 'discharge = "Q"\nanother = "Qloc"')
    plan = project.do("run", "--dry-run")
    project.edit(r"^another = \"Qloc\"\n", "")
    costs["plan, all stale"] = plan.wall
    costs["memory, the most of all phases"] = max(cold.peak, plan.peak, project.do("assemble", "--quiet").peak)
    costs["store"] = project.store.stat().st_size

    peers.remove_outputs(folders)
    costs["ninja, trivial tasks"] = with_ninja(folder, folders)
    costs["ninja, nothing changed"] = median(5, lambda: cost([NINJA, "--quiet", "-f", folder / "tasks.ninja", "-C", folder]))
    peers.make_file(folders, folder / "tasks.mk")
    costs["make, nothing changed"] = median(3, lambda: cost(["make", "-rR", "-s", "-f", folder / "tasks.mk"]))
    peers.remove_outputs(folders)
    costs["xargs, trivial tasks"] = peers.xargs(folders, JOBS, ["cp", "input.txt", "out.txt"]).wall
    return costs


def with_ninja(folder, folders):
    """The time of as many copies as there are catchments."""
    (folder / ".ninja_log").unlink(missing_ok=True)
    peers.ninja_file(folders, folder / "tasks.ninja")
    return cost([NINJA, "--quiet", "-j", JOBS, "-f", folder / "tasks.ninja", "-C", folder]).wall


def median(runs, action):
    return statistics.median(action().wall for _ in range(runs))


def shown(name, value):
    if name.startswith("memory"):
        return mebibytes(value)
    return f"{value / 1e6:.1f} MB" if name == "store" else milliseconds(value) if value < 1 else seconds(value)


def table(sizes, costs):
    """A row for each cost; ours are to grow no faster than the sizes, and memory stays within 64 MiB of what it was."""
    first, last = sizes[0], sizes[-1]
    heads = [f"{size:,}" for size in sizes]
    lines = [f"| catchments | {' | '.join(heads)} | growth | goal | met |", "|" + "---|" * (len(sizes) + 4)]
    for name in costs[first]:
        values = [costs[size][name] for size in sizes]
        growth, goal, met = values[-1] / values[0], "", ""
        if name.startswith("memory"):
            goal, met = "the same", values[-1] - values[0] <= 64 << 20
        elif not name.startswith(("ninja", "make", "xargs")):
            goal, met = f"≤ {last / first:g} ×", growth <= last / first * NOISE
        verdict = {True: "yes", False: "**no**"}.get(met, "")
        cells = [shown(name, value) for value in values]
        lines.append(f"| {name} | {' | '.join(cells)} | {growth:.3g} × | {goal} | {verdict} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=240, help="time steps of a catchment [240]")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of catchments")
    arguments = parser.parse_args()
    load, sizes, costs = os.getloadavg()[0], sorted(arguments.sizes), {}
    for size in sizes:
        folder = ROOT / "target" / "bench" / f"growth-{size}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            costs[size] = measured(folder, size, arguments.steps)
        except Unusable as error:
            sys.exit(f"growth: {error}")
        shutil.rmtree(folder)
        print(f"{size} catchments are measured", file=sys.stderr, flush=True)
    heading = (
        f"{datetime.date.today()}, {JOBS} cores, Linux {os.uname().release}, load {load:.1f} before it began; "
        f"{arguments.steps} time steps a catchment; growth from {sizes[0]:,} to {sizes[-1]:,} catchments.\n{versions()}."
    )
    text = f"{heading}\n\n{table(sizes, costs)}\n![growth](growth.svg)\n"
    timed = [name for name in costs[sizes[0]] if not name.startswith(("memory", "store", "own", "xargs", "ninja, trivial"))]
    series = [(name, [(size, costs[size][name]) for size in sizes]) for name in timed]
    (ROOT / "target" / "growth.svg").write_text(plot.lines("Time by the number of catchments", "catchments", "seconds", series))
    (ROOT / "target" / "growth.md").write_text(text)
    print(text)
    print(f"written to {ROOT / 'target' / 'growth.md'} and growth.svg")


if __name__ == "__main__":
    main()
