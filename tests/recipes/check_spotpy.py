"""SPOTPY: several processes evaluate at once on the one project, and none is refused."""

import numpy as np

from creek import Creek, agrees, report

RECIPE = "calibrate_spotpy.py"
creek = Creek()
before = creek.before()


def check(*replaced):
    creek.write(RECIPE, *replaced)
    variables, command = creek.python(RECIPE)
    search = variables["search"]
    after = creek.efficiency_by(command)
    agrees("the best set's NSE", 1 - search.status.objectivefunction_min, after)
    distances = search.getdata()["like1"]
    failed = int(np.isinf(distances).sum())
    report("SPOTPY", before, after, len(distances), failed)
    return failed, after


failed, after = check()
assert failed == 0 and after > before
# Raven refuses the longer ones of these.
failed, _ = check(("GR4J_X4 = Uniform(0.5, 5)", "GR4J_X4 = Uniform(0.5, 100)"))
assert failed > 0
