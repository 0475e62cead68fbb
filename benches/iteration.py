"""The own time of a small iteration, which whoever drives a model pays each time: one parameter changed, every catchment run once more
by a simulator that takes no time of its own, no product made.

    make bench-iteration              200 catchments of a day, fifteen iterations

Beside it, in turn with it, the same commands by tools that find all files there: `xargs -P`, which is the least that anyone has to
pay, make and, where it is installed, ninja. What rerunoff takes longer than `xargs` is its own time: the project read, every
catchment planned, its files written and looked at, its result stored. What counts is how many times that is what `xargs` takes, round by
round, so that both saw the same machine. It needs Python alone.
"""

import argparse
import os
import shutil
import statistics
from pathlib import Path

import peers
from measure import cost
from projects import Project, trivial

ROOT = Path(__file__).resolve().parent.parent
RERUNOFF = ROOT / "target" / "release" / "rerunoff"
NINJA = ROOT / ".venv" / "bench" / "bin" / "ninja"
JOBS = len(os.sched_getaffinity(0))

CATCHMENTS, STEPS = 200, 24
# What an iteration may take beyond `xargs`, in what that takes: 50 ms where it took 165.
MOST = 0.3


class Iterations:
    """The same iteration again and again, ours and theirs."""

    def __init__(self, folder, catchments=CATCHMENTS, steps=STEPS):
        self.catchments, self.number = catchments, 0
        self.project = Project(RERUNOFF, folder / f"iterated-{catchments}", catchments, steps)
        trivial(self.project)
        if "[product.summary]" not in (text := self.project.config.read_text()):
            self.project.config.write_text(text + '\n[product.summary]\nt_mean = { of = "temperature", statistic = "mean" }\n')
        # As if it was never run, whatever a sitting before has left: keys are hashes, and a full store takes longer.
        self.project.forget()
        self.project.edit(r"^k = [0-9.]+", "k = 0.012")
        self.project.do("run", "--quiet", "--no-assemble")
        self.tasks = peers.copies(folder / f"copies-{catchments}", catchments, steps)
        self.makefile, self.ninja_file = folder / "copies.mk", folder / "copies.ninja"
        peers.make_file(self.tasks, self.makefile)
        peers.ninja_file(self.tasks, self.ninja_file)

    def value(self):
        """A `k` that no run before had."""
        self.number += 1
        return f"0.02{self.number:05d}"

    def run(self):
        """With the value in the project file."""
        self.project.edit(r"^k = [0-9.]+", f"k = {self.value()}")
        return self.project.do("run", "--quiet", "--no-assemble")

    def evaluate(self):
        """The same as a calibrator asks for it: the value on the command line, a number of each catchment back."""
        return self.project.do("evaluate", "--quiet", "--set", f"k={self.value()}")

    def others(self):
        """What else there is, by name."""
        others = {f"xargs -P {JOBS}": lambda: peers.xargs_copies(self.tasks, JOBS)}
        others[f"make -j {JOBS}"] = lambda: cost(["make", "-rR", "-s", "-j", JOBS, "-f", self.makefile])
        if ninja := NINJA if NINJA.exists() else shutil.which("ninja"):
            others["ninja"] = lambda: cost([ninja, "--quiet", "-j", JOBS, "-f", self.ninja_file, "-C", self.ninja_file.parent])
        return others

    def measure(self, rounds):
        """The wall seconds of each, by name, a list of one a round."""
        actions = {"rerunoff run": self.run, "evaluate": self.evaluate, **self.others()}
        found = {name: [] for name in actions}
        for _ in range(rounds):
            for name, action in actions.items():
                peers.remove_outputs(self.tasks)
                found[name].append(action().wall)
        return found


def own(ours, theirs):
    """The median of what ours took longer, round by round, in seconds and in what theirs took."""
    rounds = list(zip(ours, theirs))
    beyond = statistics.median(one - other for one, other in rounds)
    return beyond, statistics.median((one - other) / other for one, other in rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catchments", type=int, default=CATCHMENTS)
    parser.add_argument("--rounds", type=int, default=15, help="iterations of each [15]")
    parser.add_argument("--steps", type=int, default=STEPS, help="time steps [24]")
    arguments = parser.parse_args()
    folder = ROOT / "target" / "bench" / "iteration"
    folder.mkdir(parents=True, exist_ok=True)
    iterations = Iterations(folder, arguments.catchments, arguments.steps)
    found = iterations.measure(arguments.rounds)
    ours, evaluated, xargs, *_ = found.values()
    print(f"one parameter changed, {arguments.catchments} catchments of {arguments.steps} steps, {JOBS} cores, load {os.getloadavg()[0]:.1f}")
    for name, walls in found.items():
        print(f"{name:>14}  {statistics.median(walls) * 1000:7.1f} ms, at best {min(walls) * 1000:.1f} ms")
    for name, walls in (("run", ours), ("evaluate", evaluated)):
        beyond, share = own(walls, xargs)
        print(f"own time of {name} beyond xargs: {beyond * 1000:.1f} ms, {share:.2f} x of what xargs takes; the goal is {MOST} x")


if __name__ == "__main__":
    main()
