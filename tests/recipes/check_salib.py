"""SALib: the indices are those of the numbers, and groups in which a set failed are left out."""

import numpy as np
import pandas as pd
from SALib.analyze import sobol

from creek import Creek, agrees

RECIPE = "sensitivity_salib.py"
creek = Creek()


def check(*replaced):
    creek.write(RECIPE, *replaced)
    variables, _ = creek.python(RECIPE)
    numbers, sets = (pd.read_csv(name, float_precision="round_trip") for name in ("numbers.csv", "sets.csv"))
    assert len(numbers) == len(sets)
    # The numbers are in the order of the sets.
    for name in sets:
        assert np.array_equal(numbers[name], sets[name]), name
    failed = numbers["status"] == "failed"
    assert np.array_equal(numbers["nse"].isna(), failed)
    assert np.array_equal(numbers["nse[5591]"].isna(), failed)
    total = variables["indices"]["ST"]
    assert np.isfinite(total).all() and (total > 0).all(), total
    left = len(variables["whole"])
    print(f"SALib: {len(sets)} sets, {failed.sum()} failed; total effects {np.round(total, 2)} of {left} groups of 32")
    return sets, numbers, failed, left


sets, numbers, failed, left = check()
assert not failed.any() and left == 32
# One of them by another way, out of the product.
at = int(numbers["nse"].idxmax())
values = " ".join(f"--set {name}={sets[name][at]}" for name in sets)
agrees("the best set's NSE", numbers["nse"][at], creek.efficiency_by(f"rerunoff run {values}"))

# Raven refuses the longer ones of these.
sets, numbers, failed, left = check(("[0.5, 5]", "[0.5, 30]"))
assert failed.any() and 0 < left < 32
assert sets["GR4J_X4"][failed].min() > sets["GR4J_X4"][~failed].max()
