"""What a dry run of a million simulator runs costs, of which none has a result: processor seconds and memory.

    python3 benches/million.py target/release/rerunoff
    python3 benches/million.py target/release/rerunoff --beside OTHER/rerunoff     the two in turn

The project is the example with few time steps, in as many scenarios as are asked for: a grid of `k` and `beta`. It stays in
target/million for whoever wants to run it.
"""

import argparse
import math
import statistics
from pathlib import Path

from measure import cost
from projects import Project
from report import mebibytes

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


def sweep(parameter, first, last, steps):
    values = [first + (last - first) * i / max(1, steps - 1) for i in range(steps)]
    return f"\n[sweep.{parameter}]\nvalues = [{', '.join(f'{value:.6g}' for value in values)}]\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--beside", help="another binary, measured in turn")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--scenarios", type=int, default=500)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "million")
    options = parser.parse_args()

    project = million(options.binary, options.folder, options.catchments, options.scenarios, options.steps)
    binaries = [options.binary] + ([options.beside] if options.beside else [])
    costs = {binary: [] for binary in binaries}
    for _ in range(options.rounds):
        for binary in binaries:
            costs[binary].append(cost([binary, "-C", project.folder, "run", "--dry-run", "--quiet"]))
    for binary, measured in costs.items():
        cpu = statistics.median(each.cpu for each in measured)
        peak = max(each.peak for each in measured)
        print(f"{cpu:8.2f} s of processor  {mebibytes(peak):>9} at most  {measured[0].text.splitlines()[0]}  {binary}")


if __name__ == "__main__":
    main()
