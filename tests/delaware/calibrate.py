"""Fits GR4J to the West Branch Delaware River at Walton, New York: python calibrate.py PATH/TO/rerunoff

Differential evolution over the Nash-Sutcliffe efficiency of 1980 at the gauge. A generation is one call of rerunoff, which runs the 23
sub-catchments above the gauge with each of its sets on all cores.
"""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import differential_evolution

HERE, GAUGE = Path(__file__).parent, "6444"
BOUNDS = {
    "GR4J_X1": (20, 800),  # production store, mm
    "GR4J_X2": (-3, 3),  # exchange, mm/d
    "GR4J_X3": (10, 200),  # routing store, mm
    "GR4J_X4": (0.5, 2.5),  # unit hydrograph, d
    "CEMANEIGE_X2": (0.01, 0.6),  # cold content of the snow
    "melt_factor": (2, 10),  # mm/d/°C
}


def evaluate(*options, sets=None):
    """What rerunoff says of these sets, as a row each."""
    command = [sys.argv[1], "-C", HERE, "evaluate", "--at", GAUGE, "--quiet", *options]
    done = subprocess.run(command, input=sets, stdout=subprocess.PIPE, text=True)
    if done.returncode > 1:
        sys.exit(done.returncode)
    return list(csv.DictReader(done.stdout.splitlines()))


def misfit(population):
    """1 - NSE of each column of `population`; infinite where Raven failed."""
    sets = "\n".join(",".join(map(str, row)) for row in [BOUNDS, *population.T])
    efficiencies = [float(row[f"nse[{GAUGE}]"] or "-inf") for row in evaluate("--samples", "-", sets=sets)]
    return 1 - np.array(efficiencies)


best = differential_evolution(misfit, list(BOUNDS.values()), popsize=5, maxiter=14, polish=False, seed=1, updating="deferred", vectorized=True)
fitted = [f"--set={name}={value}" for name, value in zip(BOUNDS, best.x)]
[before], [after] = evaluate(), evaluate(*fitted)
for year, nse in [("1980, fitted", "nse"), ("1979, not fitted", "nse_1979")]:
    told = [float(row[f"{nse}[{GAUGE}]"]) for row in (before, after)]
    print(f"NSE at Walton, {year}: {told[0]:.3f} before, {told[1]:.3f} after {best.nfev * len(best.population)} sets")
print("rerunoff run", *fitted)
