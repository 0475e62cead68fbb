"""What a dry run of a million simulator runs costs, of which none has a result, and what a run costs when all have one.

    python3 benches/million.py target/release/rerunoff
    python3 benches/million.py target/release/rerunoff --beside OTHER/rerunoff     the two in turn
    python3 benches/million.py target/release/rerunoff --settled                   with all results there: it takes minutes to make them

The project is the example with few time steps, in as many scenarios as are asked for: a grid of `k` and `beta`. Where all results
are to be there, the scenarios differ in a parameter that nothing uses. Then they have their keys in common, and each catchment is
run once: the plan, the states, the snapshot and the products are those of a million, the store has the results of one scenario.
The projects stay in target/million for whoever wants to run them.
"""

import argparse
import math
import statistics
import time
from pathlib import Path

from measure import cost
from projects import Project, trivial
from report import mebibytes, milliseconds

ROOT = Path(__file__).resolve().parent.parent


def million(rerunoff, folder, catchments, scenarios, steps):
    """The project, made anew if it is not there."""
    project = Project(rerunoff, folder / f"{catchments}x{scenarios}x{steps}", catchments, steps)
    # The most even grid; a prime number of scenarios is a line.
    rows = next(n for n in range(math.isqrt(scenarios), 0, -1) if scenarios % n == 0)
    text = project.config.read_text()
    if "[sweep." not in text:
        text += sweep("k", 0.006, 0.024, rows) + sweep("beta", 1e-5, 9e-5, scenarios // rows)
        project.config.write_text(text)
    return project


def settled(rerunoff, folder, catchments, scenarios, steps):
    """A project of so many scenarios with all results and products there, and nothing left to do."""
    project = Project(rerunoff, folder / f"settled-{catchments}x{scenarios}x{steps}", catchments, steps)
    trivial(project)
    if "[sweep." not in project.config.read_text():
        project.edit(r"^\[parameters\]$", "[parameters]\nunused = 0")
        project.config.write_text(project.config.read_text() + sweep("unused", 1, scenarios, scenarios))
    project.do("run", "--quiet")
    time.sleep(3)  # Files that have just been written are not trusted: their time stamps could stay while they change.
    project.do("run", "--quiet")
    return project


def sweep(parameter, first, last, steps):
    values = [first + (last - first) * i / max(1, steps - 1) for i in range(steps)]
    return f"\n[sweep.{parameter}]\nvalues = [{', '.join(f'{value:.6g}' for value in values)}]\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--beside", help="another binary, measured in turn")
    parser.add_argument("--settled", action="store_true", help="also with all results there")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--scenarios", type=int, default=500)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "million")
    options = parser.parse_args()

    shape = (options.catchments, options.scenarios, options.steps)
    binaries = [options.binary] + ([options.beside] if options.beside else [])
    measured = in_turn(binaries, million(options.binary, options.folder, *shape), options.rounds, "--dry-run")
    for binary, costs in measured.items():
        peak = max(each.peak for each in costs)
        print(f"{processor(costs):8.2f} s of processor  {mebibytes(peak):>9} at most  {costs[0].text.splitlines()[0]}  {binary}")
    if options.settled:
        # What one build has settled, another has not.
        costs = in_turn([options.binary], settled(options.binary, options.folder, *shape), 5 * options.rounds)[options.binary]
        wall = statistics.median(each.wall for each in costs)
        print(f"nothing to do: {milliseconds(wall)}, {milliseconds(processor(costs))} of processor")


def in_turn(binaries, project, rounds, *arguments):
    """What runs of these cost, one after the other in each round."""
    costs = {binary: [] for binary in binaries}
    for _ in range(rounds):
        for binary in binaries:
            costs[binary].append(cost([binary, "-C", project.folder, "run", "--quiet", *arguments]))
    return costs


def processor(costs):
    """Processor seconds, the median."""
    return statistics.median(each.cpu for each in costs)


if __name__ == "__main__":
    main()
