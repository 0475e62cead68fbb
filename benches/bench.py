"""Measures rerunoff beside other tools on this machine, prints one table and writes it to target/bench.md.

    make bench            1,000 catchments of 8,760 hourly steps, about a quarter of an hour on two cores
    make bench N=18000    the size it is made for: an hour, 40 GB of disk, 8 GB of memory

Everything is made from one seed. Each figure is the median of several runs, ours and theirs in turn, so that both see
the same machine; but of more than 5,000 catchments there is one cold run, which takes minutes and is thousands of runs in
itself. Nothing here is a test: a goal that is missed is shown as missed.
"""

import argparse
import datetime
import os
import re
import shutil
import statistics
import sys
import time
from pathlib import Path

import arrays
import import_bench
import instructions
import million
import peers
from iteration import CATCHMENTS, JOBS, MOST, NINJA, RERUNOFF, ROOT, Iterations, own
from measure import Cost, Unusable, cost
from projects import SIMULATOR, Project, render, trivial, unfenced
from report import Report, mebibytes, milliseconds, seconds

HERBICIDE = ROOT / "target" / "release" / "herbicide"
BESIDE = ROOT / ".venv" / "bench" / "bin" / "python"

# Rows about bookkeeping alone have this many catchments at every size; their series are a day long.
WIDE, WIDE_STEPS = 18_000, 24
# Independent commands for the peers that start them.
TASKS = 2_000
# Scenarios over one forcing, and how many catchments there are then.
SCENARIOS, FEW = 50, 8
# Time steps of a program that goes through time: three weeks of hours.
WALKED = 512
# Catchments, scenarios and steps of what is planned by the million, and the processor seconds that may take.
MILLION, MOST_OF_MILLION = (2_000, 500, 24), 2
# Beyond so many catchments a cold run is not repeated.
LARGE = 5_000


def interleaved(runs, *actions):
    """The median cost of each action, all of them done once in each round."""
    rounds = [[action() for action in actions] for _ in range(runs)]
    return [median(costs) for costs in zip(*rounds)]


def median(costs):
    """The run in the middle by wall time, whole, so that its figures belong together; of plain numbers their median."""
    if isinstance(costs[0], Cost):
        return sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2]
    return statistics.median(costs)


def simulator_seconds(run):
    """Processor seconds of the simulators, by `run --timings`."""
    return float(re.search(r"simulators ([\d.]+) s", run.text)[1])


def own_seconds(run):
    """Processor seconds of all but the simulators."""
    return run.cpu - simulator_seconds(run)


class Bench:
    """The measurements, in the order of the table."""

    def __init__(self, folder, catchments, runs):
        self.folder, self.catchments, self.runs, self.report = folder, catchments, runs, Report()
        self.full = None
        # The memory of each phase, all catchments.
        self.peaks = {}

    def measure(self):
        parts = (
            self.cold, self.counted, self.scenarios, self.changed, self.assembled, self.rehashed, self.sized, self.sliced, self.wide, self.millions,
            self.iterated, self.started, self.imported,
        )
        for part in parts:
            began = time.monotonic()
            part()
            print(f"{part.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    def cold(self):
        """Everything from nothing, beside the bare simulator on files that are there already."""
        self.project = Project(RERUNOFF, self.folder / "full", self.catchments)
        rendered = render(Project(RERUNOFF, self.folder / "rendered", self.catchments, like=self.project), self.folder / "files")
        self.project.forget()
        self.peaks["plan"] = self.project.do("run", "--dry-run").peak

        def ours():
            self.project.forget()
            return self.project.do("run", "--quiet", "--timings")

        def theirs():
            peers.remove_outputs(rendered)
            return peers.xargs(rendered, JOBS, [HERBICIDE, *SIMULATOR])

        runs = 1 if self.catchments > LARGE else self.runs
        bare, self.full = interleaved(runs, theirs, ours)
        shutil.rmtree(self.folder / "files")
        self.report.ratio(
            f"cold run, {self.catchments} catchments × 8,760 steps", f"`xargs -P {JOBS}`, files rendered, outputs left lying",
            seconds(self.full.wall), seconds(bare.wall), self.full.wall / bare.wall, most=1.03,
        )
        ours, theirs = own_seconds(self.full) / self.catchments, simulator_seconds(self.full) / self.catchments
        self.report.ratio(
            "own processor time per catchment, product included", "the simulator's", milliseconds(ours), milliseconds(theirs), ours / theirs, most=0.08,
        )
        self.report.timings = self.full.text
        self.peaks["run"] = self.full.peak
        self.stored()

    def counted(self):
        """What a catchment more takes in a cold run, in instructions: a figure to compare where times are noise."""
        few, more = (Project(RERUNOFF, self.folder / f"counted-{count}", count) for count in (FEW // 2, FEW))
        found = [instructions.of_a_cold_run(project) for project in (few, more)]
        if None in found:
            self.report.missing("callgrind", "apt-get install valgrind gcc")
            return
        each = (found[1] - found[0]) / (more.catchments - few.catchments)
        self.report.limit("own instructions per catchment, cold run", "", f"{each / 1e6:.1f} million", "", None, "")

    def scenarios(self):
        """Scenarios that differ in a parameter and have their forcing in common: what each run takes after the first scenario's."""
        one = Project(RERUNOFF, self.folder / "one-scenario", FEW)
        all_ = Project(RERUNOFF, self.folder / "scenarios", FEW, like=one)
        if "[sweep.beta]" not in (text := all_.config.read_text()):
            all_.config.write_text(f"{text}\n[sweep.beta]\nrange = {{ from = 5e-5, to = 7e-5, steps = {SCENARIOS} }}\n")

        def cold(project, *options):
            project.forget()
            return project.do("run", "--quiet", "--timings", *options)

        runs = (SCENARIOS - 1) * FEW
        for what, options, most in [("", ["--no-assemble"], 0.05), (", with its share of the product", [], None)]:
            rounds = [(cold(one, *options), cold(all_, *options)) for _ in range(self.runs)]
            ours = median([(own_seconds(all_run) - own_seconds(first)) / runs for first, all_run in rounds])
            theirs = median([(simulator_seconds(all_run) - simulator_seconds(first)) / runs for first, all_run in rounds])
            self.report.ratio(
                f"own processor time of a run over a forcing that was used before, {SCENARIOS} scenarios × {FEW} catchments{what}",
                "the simulator's", milliseconds(ours), milliseconds(theirs), ours / theirs, most=most,
            )

    def changed(self):
        """A hundredth of the catchments has new parameters, wherever in the basin."""
        few = max(1, self.catchments // 100)

        def ours():
            self.project.change(few)
            return self.project.do("run", "--quiet")

        [tweak] = interleaved(self.runs, ours)
        self.report.ratio(
            f"{few} of {self.catchments} changed, product included", "cold run", seconds(tweak.wall), seconds(self.full.wall),
            tweak.wall / self.full.wall, most=0.03,
        )

    def assembled(self):
        """The product from a full store, and after a hundredth has changed."""
        product, project = self.project.product, self.project

        size = product.stat().st_size

        def ours():
            product.unlink()
            ready_memory(self.folder, size)
            run = project.do("assemble", "--quiet")
            self.peaks["assemble"] = run.peak
            return run.wall

        def h5py():
            ready_memory(self.folder, size)
            return arrays.rewrite(product, self.folder / "h5py.h5")

        what, beside = f"product, {self.catchments} × 8,760 × 4, on the disk", "h5py writing the same array, chunks and filters"
        whole, writing, synced = self.beside_writing(ours, h5py)
        self.report.ratio(what, beside, seconds(whole), seconds(writing), writing / whole, least=4)
        self.report.ratio(what, "the same, then `sync`", seconds(whole), seconds(synced), synced / whole)

        def patched():
            project.change(max(1, self.catchments // 100))
            project.do("run", "--quiet", "--no-assemble")
            ready_memory(self.folder, size)
            return project.do("assemble", "--quiet").wall

        def copied():
            (self.folder / "copy.h5").unlink(missing_ok=True)
            ready_memory(self.folder, size)
            copying = cost(["cp", product, self.folder / "copy.h5"]).wall
            return copying, arrays.synced()

        what, beside = "product after 1 % changed, on the disk", "`cp` of the product"
        patch, copy, synced = self.beside_writing(patched, copied)
        (self.folder / "copy.h5").unlink()
        self.report.ratio(what, beside, seconds(patch), seconds(copy), patch / copy, most=2)
        self.report.ratio(what, f"{beside}, then `sync`", seconds(patch), seconds(synced), patch / synced)

    def beside_writing(self, ours, theirs):
        """Median seconds of ours, which waits for the disk, and of theirs without and with waiting for it."""
        rounds = [(ours(), *theirs()) for _ in range(self.runs)]
        own, writing, syncing = zip(*rounds)
        return median(own), median(writing), median([sum(both) for both in zip(writing, syncing)])

    def rehashed(self):
        """Nothing changed, but every byte is read again."""
        source = self.project.folder / "input.h5"
        digest = "import sys, blake3; h = blake3.blake3(); h.update_mmap(sys.argv[1]); print(h.hexdigest())"
        read = f"import sys; sys.path.insert(0, {str(ROOT / 'benches')!r}); import arrays; arrays.read_input(sys.argv[1])"

        def theirs():
            one, other = cost([BESIDE, "-c", digest, source]), cost([sys.executable, "-B", "-c", read, source])
            return one.wall + other.wall

        ours, theirs = interleaved(self.runs, lambda: self.project.do("run", "--quiet", "--rehash").wall, theirs)
        self.report.ratio(
            "nothing changed, `--rehash`", "BLAKE3 of the input, and h5py reading it", seconds(ours), seconds(theirs),
            ours / theirs, most=1.5,
        )

    def stored(self):
        """What a catchment-year takes on the disk, in a project that was run once."""
        ours = self.project.store.stat().st_size / self.catchments
        columns = ["concentration", "discharge", "local_discharge"]
        zlib = arrays.pytables_bytes(self.project.product, self.folder / "pytables.h5", columns)
        raw = len(columns) * 8 * self.project.steps
        self.report.ratio(
            "store, a catchment-year of 3 columns", f"PyTables with zlib-5 (raw: {raw / 1000:.0f} kB)", f"{ours / 1000:.1f} kB",
            f"{zlib / 1000:.1f} kB", ours / zlib, most=0.25,
        )

    def sized(self):
        """The memory of every phase at two sizes."""
        self.small = Project(RERUNOFF, self.folder / "small", max(1, self.catchments // 4))
        self.small.forget()
        few = {"plan": self.small.do("run", "--dry-run").peak, "run": self.small.do("run", "--quiet").peak}
        self.small.product.unlink()
        few["assemble"] = self.small.do("assemble", "--quiet").peak
        sizes = f"{self.small.catchments} and {self.catchments}"
        for phase, many in self.peaks.items():
            good = many <= 512 << 20 and many - few[phase] <= 64 << 20
            figures = f"{mebibytes(few[phase])}, {mebibytes(many)}"
            self.report.limit(f"memory to {phase}, {sizes} catchments", "", figures, "", good, "≤ 512 MiB, the same")

    def sliced(self):
        """Slices of the product, beside tables as they were used before."""
        project, step, catchment = self.small, 4321, self.small.ids()[-1]
        project.edit(r"^file = \"output.nc\"$", 'file = "steps.h5"\nlayout = "steps"')
        project.do("assemble", "--quiet")
        project.edit(r"^file = \"steps.h5\"\nlayout = \"steps\"$", 'file = "output.nc"')
        steps, long = project.folder / "steps.h5", project.folder / "long.h5"
        arrays.long_table(project.product, long)
        both = [arrays.sliced(project.product, step, catchment) for _ in range(self.runs + 1)][1:]
        tables = [arrays.sliced_steps(steps, step, catchment)]  # It takes too long to be done again.
        one = [arrays.sliced_long(long, step, catchment) for _ in range(self.runs)]
        for at, what in enumerate(["one step of all", "all steps of one"]):
            ours = statistics.median(times[at] for times in both)
            for name, times in [("a table for each step", tables), ("one long table", one)]:
                theirs = statistics.median(t[at] for t in times)
                self.report.ratio(
                    f"{what} of {project.catchments} catchments, xarray", f"PyTables, {name}", milliseconds(ours), milliseconds(theirs),
                    ours / theirs, most=1, strict=True,
                )
        ours, theirs = interleaved(self.runs, lambda: arrays.walked(project.product, WALKED), lambda: arrays.walked_steps(steps, WALKED))
        self.report.ratio(
            f"{WALKED} steps of all of {project.catchments} catchments, one after the other, xarray", "PyTables, a table for each step",
            seconds(ours), seconds(theirs), ours / theirs, most=1, strict=True,
        )
        steps.unlink()
        long.unlink()

    def wide(self):
        """Bookkeeping alone: many catchments, a simulator that copies a small file."""
        project = Project(RERUNOFF, self.folder / "wide", WIDE, WIDE_STEPS)
        trivial(project)
        folders = peers.copies(self.folder / "tasks", WIDE, WIDE_STEPS)
        time.sleep(3)  # Files that have just been written are not trusted: their time stamps could stay while they change.
        ninja, make = self.folder / "tasks.ninja", self.folder / "tasks.mk"
        few = folders[:TASKS]
        peers.ninja_file(few, ninja)

        def ours(project=project):
            project.forget()
            return project.do("run", "--quiet", "--no-assemble")

        fenced, free = interleaved(max(self.runs, 5), ours, lambda: ours(unfenced(project, self.folder / "wide-unfenced")))
        each = [1000 * run.wall / WIDE * JOBS for run in (fenced, free)]
        self.report.limit(
            f"what the fence adds to a trivial run, of {WIDE}", '`sandbox = "off"`', f"{each[0] - each[1]:.3f} ms of {each[0]:.3f} ms",
            f"{each[1]:.3f} ms", each[0] - each[1] <= 0.1, "≤ 0.1 ms",
        )

        def anew(action):
            def run():
                peers.remove_outputs(few)
                (self.folder / ".ninja_log").unlink(missing_ok=True)
                return action()

            return run

        rates = {"bare `xargs`": lambda: peers.xargs(few, JOBS, ["cp", "input.txt", "out.txt"])}
        rates["ninja"] = lambda: cost([NINJA, "--quiet", "-j", JOBS, "-f", ninja, "-C", self.folder])
        if tool := shutil.which("parallel"):
            rates["GNU parallel"] = lambda tool=tool: peers.parallel(tool, few, JOBS)
        else:
            self.report.missing("GNU parallel", "apt-get install parallel")
        if tool := shutil.which("snakemake"):
            # It is quadratic in the number of targets: a few hundred have to do.
            peers.snake_file(folders[:300], self.folder / "tasks.snake")
            rates["Snakemake (300)"] = lambda tool=tool: cost([tool, "--quiet", "-j", JOBS, "-s", self.folder / "tasks.snake", "-d", self.folder])
        else:
            self.report.missing("Snakemake", "pip install snakemake")
        tasks, *others = interleaved(self.runs, ours, *map(anew, rates.values()))
        for name, run in zip(rates, others):
            rate, theirs = WIDE / tasks.wall, (300 if "300" in name else TASKS) / run.wall
            least = None if "xargs" in name else 1
            self.report.ratio(
                f"trivial runs a second ({WIDE}, plan and store included)", f"{name}", f"{rate:.0f}", f"{theirs:.0f}", rate / theirs, least=least,
            )
        project.do("run", "--quiet")
        peers.ninja_file(folders, ninja)
        peers.make_file(folders, make)
        (self.folder / ".ninja_log").unlink(missing_ok=True)
        cost([NINJA, "--quiet", "-f", ninja, "-C", self.folder])
        null, of_ninja, of_make = interleaved(
            max(self.runs, 5), lambda: project.do("run", "--quiet"), lambda: cost([NINJA, "--quiet", "-f", ninja, "-C", self.folder]),
            lambda: cost(["make", "-rR", "-s", "-f", make]),
        )
        for name, theirs in [("ninja", of_ninja), ("make", of_make)]:
            self.report.ratio(
                f"nothing changed, {WIDE} catchments", f"{name}, {WIDE} targets up to date", milliseconds(null.wall),
                milliseconds(theirs.wall), null.wall / theirs.wall, most=1, strict=True,
            )
        project.edit(r"^temperature = \"T\"$", 'temperature = "T"\nprecipitation = "P"')
        plan = project.do("run", "--dry-run")
        project.edit(r"^precipitation = \"P\"\n", "")
        self.report.limit(f"plan after a change that makes all {WIDE} stale", "", seconds(plan.wall), "", None, "")
        self.report.limit(f"memory to plan, {WIDE} catchments of a day", "", mebibytes(plan.peak), "", plan.peak <= 512 << 20, "≤ 512 MiB")

    def millions(self):
        """A million simulator runs in scenarios of a day: planned where none has a result, and where nothing is left to do."""
        project, runs = million.million(RERUNOFF, self.folder, *MILLION), MILLION[0] * MILLION[1]
        plans = million.in_turn([RERUNOFF], project, self.runs, "--dry-run")[RERUNOFF]
        cpu, peak = million.processor(plans), max(plan.peak for plan in plans)
        what = f"plan of {runs} runs, none of which has a result"
        self.report.limit(f"{what}: processor time", "", seconds(cpu), "", cpu <= MOST_OF_MILLION, f"≤ {MOST_OF_MILLION} s")
        self.report.limit(f"{what}: memory", "", mebibytes(peak), "", peak <= 512 << 20, "≤ 512 MiB")
        project = million.settled(RERUNOFF, self.folder, *MILLION)
        # The targets that `wide` left up to date.
        ninja = [NINJA, "--quiet", "-f", self.folder / "tasks.ninja", "-C", self.folder]
        rounds = [(project.do("run", "--quiet"), cost(ninja)) for _ in range(max(self.runs, 5))]
        what = f"nothing changed, {runs} runs in {MILLION[1]} scenarios"
        for name, of in [("", "wall"), (": processor time", "cpu")]:
            ours, theirs = (statistics.median(getattr(each, of) for each in costs) for costs in zip(*rounds))
            self.report.ratio(f"{what}{name}", f"ninja, {WIDE} targets up to date", milliseconds(ours), milliseconds(theirs), ours / theirs, most=0.1)
        shutil.rmtree(project.folder)

    def iterated(self):
        """One parameter changed, few catchments, no product: what whoever drives a model pays each time."""
        found = Iterations(self.folder).measure(5 * self.runs)
        verbs = {verb: found.pop(verb) for verb in ("rerunoff run", "evaluate")}
        for verb, ours in verbs.items():
            took = statistics.median(ours)
            for name, theirs in found.items():
                (beyond, share), there = own(ours, theirs), statistics.median(theirs)
                # `xargs` is the least that anyone has to pay; the others are there to compare with.
                self.report.ratio(
                    f"one parameter changed, {CATCHMENTS} trivial runs by `{verb}`, no product: beyond `{name}`",
                    f"`{name}` on files that are there", f"{1000 * beyond:.0f} ms ({1000 * took:.0f} ms in all)", f"{1000 * there:.0f} ms",
                    share, most=MOST if "xargs" in name else None,
                )

    def started(self):
        """The start of a process alone."""
        ours, true = interleaved(25, lambda: cost([RERUNOFF, "--version"]), lambda: cost(["true"]))
        self.report.ratio("`--version`", "`true`", milliseconds(ours.wall), milliseconds(true.wall), ours.wall / true.wall, most=3)

    def imported(self):
        """A table of text made into the input file, beside reading the same table."""
        for name in import_bench.missing(BESIDE):
            self.report.missing(name, f"{BESIDE} -m pip install {name}")
        for catchments in [2_000, self.catchments][: 1 + (self.catchments > LARGE)]:
            found = import_bench.measure(RERUNOFF, catchments, 8_760, repeat=self.runs, folder=self.folder, python=BESIDE)
            ours = found["rerunoff"]
            there = {name: found[name] for name in import_bench.READERS if name in found}
            what = f"`import`, {found['megabytes']:.0f} MB of text, {catchments} catchments"
            for name, theirs in there.items():
                beside = f"`{name}.{import_bench.READERS[name][0]}`, which only reads it"
                rates = [f"{each['megabytes_per_second']:.0f} MB/s" for each in (ours, theirs)]
                least = {"polars": 3, "pandas": 10}.get(name)
                self.report.ratio(what, beside, *rates, theirs["times_as_long"], least=least)
                spent = [seconds(each["processor_seconds"]) for each in (ours, theirs)]
                self.report.ratio(f"processor time of it, {catchments} catchments", beside, *spent, theirs["times_the_processor_time"])
            if there:
                name, theirs = min(there.items(), key=lambda each: each[1]["peak_mebibytes"])
                peaks = [mebibytes(each["peak_mebibytes"] << 20) for each in (ours, theirs)]
                good = ours["peak_mebibytes"] <= min(theirs["peak_mebibytes"], 1024)
                beside = f"`{name}`, of the readers that which takes least"
                self.report.limit(f"memory to import {catchments} catchments", beside, *peaks, good, "≤ 1 GiB, ≤ any reader")


def ready_memory(folder, size):
    """Makes the system have memory at hand for a file of so many bytes.

    The host of a virtual machine takes back what lies idle for some seconds, and to get it again takes several times as long as
    to copy into it. Without this, who writes first pays for who writes next.
    """
    block = bytes(8 << 20)
    with open(folder / "ready", "wb", buffering=0) as file:
        os.unlink(file.name)  # Its room is given back when it is closed, whatever happens until then.
        while (left := size - file.tell()) > 0:
            file.write(block[:left])


def versions():
    """What took part, in one line."""
    import h5py
    import tables
    import xarray

    found = [f"rerunoff {peers.version([RERUNOFF, '--version'])}", f"ninja {peers.version([NINJA, '--version'])}"]
    found += [f"{tool} {peers.version([tool, '--version'])}" for tool in ("make", "xargs", "parallel", "snakemake") if shutil.which(tool)]
    found += [f"{module.__name__} {module.__version__}" for module in (h5py, tables, xarray)]
    return ", ".join(found) + f", Python {sys.version.split()[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catchments", type=int, default=1000, help="catchments of 8,760 steps [1000]")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts [3]")
    arguments = parser.parse_args()
    if arguments.catchments < 100:
        parser.error("fewer than 100 catchments have no hundredth")
    folder = ROOT / "target" / "bench" / str(arguments.catchments)
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    bench = Bench(folder, arguments.catchments, arguments.runs)
    failure = None
    try:
        bench.measure()
    except Unusable as error:
        # What was measured until then took long enough not to be thrown away.
        failure = f"bench: {error}"
    heading = (
        f"{datetime.date.today()}, {JOBS} cores, Linux {os.uname().release}, load {load:.1f} before it began; "
        f"medians of {arguments.runs} runs.\n{versions()}."
    )
    text = bench.report.text(heading)
    (ROOT / "target" / "bench.md").write_text(text)
    print(text)
    print(f"written to {ROOT / 'target' / 'bench.md'}")
    sys.exit(failure)


if __name__ == "__main__":
    main()
