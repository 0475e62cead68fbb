"""PEST++: pyemu puts sets into the template and reads the numbers by the instructions; where `pestpp-ies` is installed it runs, too."""

import os
import shutil
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pyemu

from creek import Creek, agrees

PARAMETERS = {"x1": "GR4J_X1", "x2": "GR4J_X2", "x3": "GR4J_X3", "x4": "GR4J_X4"}
creek = Creek()


def make(*replaced):
    """The control file, from the page's files."""
    for name in ("pest/samples.csv.tpl", "pest/numbers.csv.ins", "run_pest.py"):
        creek.write(name)
    creek.write("make_pst.py", *replaced)
    here = os.getcwd()
    creek.python("make_pst.py")
    os.chdir(here)
    return pyemu.Pst("pest/french_creek.pst")


def evaluate(pst, values):
    """What an agent does for one set: its exit code, and the numbers by name or `None`."""
    pst.parameter_data.loc[values.index, "parval1"] = values
    pst.write_input_files("pest")
    Path("pest/numbers.csv").unlink(missing_ok=True)
    [command] = pst.model_command
    code = subprocess.run(command, shell=True, cwd="pest").returncode
    try:
        return code, pst.process_output_files("pest")["obsval"]
    except Exception:  # pyemu's own, of no particular kind: an instruction finds nothing
        return code, None


def of_product():
    """The numbers by the product that lies there."""
    with netCDF4.Dataset("output.nc") as product:
        gauge = list(product["catchment"][:]).index(5591)
        flow = product["flow"][:, gauge].astype("f8").filled(np.nan)
    tenth, ninetieth = np.quantile(flow, [0.1, 0.9])
    return {"flow_mean": flow.mean(), "flow_p10": tenth, "flow_p90": ninetieth, "nse": creek.efficiency()}


pst = make()
sets = pyemu.ParameterEnsemble.from_uniform_draw(pst, 4)
for _, values in sets.iterrows():
    code, numbers = evaluate(pst, values)
    assert code == 0
    # The values as the template has them.
    given = pd.read_csv("pest/samples.csv", skipinitialspace=True, float_precision="round_trip").iloc[0]
    assert np.allclose(given[list(PARAMETERS.values())], values[list(PARAMETERS)], rtol=1e-6)
    creek.efficiency_by("rerunoff run " + " ".join(f"--set {name}={float(given[name])!r}" for name in PARAMETERS.values()))
    for name, value in of_product().items():
        agrees(name, numbers[name], value)

# Raven refuses this one.
values["x4"] = 100
code, numbers = evaluate(pst, values)
assert code == 1 and numbers is None, f"exit code {code}, {numbers}"
print("pyemu: 5 sets, 1 failed; the numbers of the others are those of the product")

if shutil.which("pestpp-ies"):
    # Raven refuses the longer ones of these.
    make(("= 1.7, 0.5, 5\n", "= 20, 0.5, 40\n"))
    creek.python("run_pest.py")
    phi = pd.read_csv("pest_manager/french_creek.phi.actual.csv")["mean"]
    assert phi.iloc[-1] < phi.iloc[0] / 2, phi
    left = len(pd.read_csv(f"pest_manager/french_creek.{len(phi) - 1}.obs.csv"))
    assert 0 < left < 20, "none of the realizations failed, or all"
    print(f"pestpp-ies: {left} of 20 realizations left, phi {phi.iloc[0]:.1f} before, {phi.iloc[-1]:.1f} after")
else:
    print("pestpp-ies is not installed: only pyemu has run")
