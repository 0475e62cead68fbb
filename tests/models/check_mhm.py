"""mHM: a domain that it writes into, with three sets of parameters; NetCDF and text for outputs."""

import shutil

import netCDF4

from mhm_domain import write_domain
from trial import Trial, by_hand, same

# Snow melt in mm a day and degree, and the shape of infiltration.
SETS = {"plain": (0.5, 1.75), "snowy": (1.5, 1.75), "leaky": (0.5, 3.1)}


def lay_deck(trial):
    """The namelists and the domain, a table of the sets, and the parameters as a template."""
    shutil.copytree(trial.model / "deck", trial.folder / "deck")
    write_domain(trial.folder / "deck" / "domain")
    shutil.copy(trial.model / "mhm_parameter.nml", trial.folder)
    rows = [f"{name},{melt},{infiltration}" for name, (melt, infiltration) in SETS.items()]
    (trial.folder / "sets.csv").write_text("\n".join(["id,melt,infiltration", *rows]) + "\n")


def run_by_hand(trial, name, melt, infiltration):
    """The folder in which mHM has been run with a set."""
    folder = trial.folder / "by_hand" / name
    shutil.copytree(trial.folder / "deck", folder)
    (folder / "output").mkdir()
    text = (trial.folder / "mhm_parameter.nml").read_text()
    text = text.replace("{melt}", str(melt)).replace("{infiltration}", str(infiltration))
    (folder / "mhm_parameter.nml").write_text(text)
    by_hand(folder, ["mhm", "-q"])
    return folder / "output"


def check(trial, sets):
    """The whole product, against the program."""
    shutil.rmtree(trial.folder / "by_hand", ignore_errors=True)
    with trial.product() as product:
        assert [str(name) for name in product["catchment"][:]] == list(sets)
        for at, (name, values) in enumerate(sets.items()):
            output = run_by_hand(trial, name, *values)
            with netCDF4.Dataset(output / "discharge.nc") as file:
                same(f"discharge of {name}", product["discharge"][:, at], file["Qsim_0000000001"][:])
            with netCDF4.Dataset(output / "mHM_Fluxes_States.nc") as file:
                same(f"evaporation of {name}", product["evaporation"][..., at], file["aET"][:, :, 1])
            printed = (output / "daily_discharge.out").read_text().splitlines()[1:]
            same(f"printed discharge of {name}", product["printed"][:, at], [float(row.split()[5]) for row in printed])


trial = Trial("mhm")
lay_deck(trial)
before = trial.tried(runs=3, decks=["deck"])
check(trial, SETS)

# One set is another: it alone is run.
trial.edit("sets.csv", "leaky,0.5,3.1", "leaky,0.5,3.6")
trial.run(runs=1)
check(trial, {**SETS, "leaky": (0.5, 3.6)})
trial.untouched(before, ["deck"])
