"""SciPy: a generation at once, and generations go on although sets fail."""

import numpy as np

from creek import Creek, agrees, report

RECIPE = "calibrate_scipy.py"
# Keeps what came of all sets.
KEEP = [("bounds = {", "everything = []\nbounds = {"), ("    return np.where(", "    everything.extend(nse)\n    return np.where(")]
creek = Creek()
before = creek.before()


def check(*replaced):
    creek.write(RECIPE, *replaced, *KEEP)
    variables, command = creek.python(RECIPE)
    best, everything = variables["best"], variables["everything"]
    after = creek.efficiency_by(command)
    agrees("the NSE at the minimum", 1 - best.fun, after)
    failed = np.isnan(everything).sum()
    report("SciPy", before, after, len(everything), failed)
    return failed, after


failed, after = check()
assert failed == 0 and after > before
# Raven refuses the longer ones of these.
failed, _ = check(('"GR4J_X4": (0.5, 5)', '"GR4J_X4": (0.5, 100)'))
assert failed > 0
