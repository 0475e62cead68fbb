"""SWAT+: a basin of 647 channels in a folder of 160 files, which the program overwrites, at three values of a parameter."""

import re
import shutil
import warnings

import pandas as pd

from trial import INSTALLED, Trial, by_hand, same

INSTALLED_DECK = next((INSTALLED / "swatplus").glob("pyswatplus-*/tests/TxtInOut"))
FIRST_DAY, DAYS = 152, 30               # June of a year that is no leap year
PROGRAM = "swatplus-61.0.1-lin"
# The objects of print.prt for which something is printed: by day, month, year and the average year.
PRINTED = {"channel_sd": "y n n n", "basin_wb": "n y n y"}


def lay_deck(trial):
    """The basin as its user has it, for a month, with what an earlier run has left in it."""
    deck = trial.folder / "TxtInOut"
    shutil.copytree(INSTALLED_DECK, deck)
    (deck / PROGRAM).chmod(0o755)
    clock = (deck / "time.sim").read_text().splitlines()
    clock[2] = f"{FIRST_DAY} 2010 {FIRST_DAY + DAYS - 1} 2010 0"
    (deck / "time.sim").write_text("\n".join(clock) + "\n")
    printing = (deck / "print.prt").read_text().splitlines()
    printing[2] = "0 0 0 0 0 1"
    for at, line in enumerate(printing[10:], 10):
        name = line.split()[0]
        printing[at] = f"{name} {PRINTED.get(name, 'n n n n')}"
    (deck / "print.prt").write_text("\n".join(printing) + "\n")


def make_template(trial):
    """hydrology.hyd with a placeholder as wide as the cell in the column `esco`."""
    title, header, *rows = (trial.folder / "TxtInOut" / "hydrology.hyd").read_text().splitlines()
    at = header.split().index("esco")
    cell = re.compile(r"^((?:\s*\S+\s+){%d})(\S+)" % at)
    widths = {len(cell.match(row)[2]) for row in rows}
    assert widths == {7}, widths
    rows = [cell.sub(r"\1{esco:7.5f}", row) for row in rows]
    (trial.folder / "hydrology.hyd").write_text("\n".join([title, header, *rows]) + "\n")


def expected(trial, esco):
    """What SWAT+ writes for one value, as pandas reads it."""
    folder = trial.folder / "by_hand" / str(esco)
    shutil.copytree(trial.folder / "TxtInOut", folder)
    template = (trial.folder / "hydrology.hyd").read_text()
    (folder / "hydrology.hyd").write_text(template.replace("{esco:7.5f}", f"{esco:7.5f}"))
    by_hand(folder, [f"./{PROGRAM}"])
    channels = read(folder / "channel_sd_day.txt", rows=DAYS * 647)
    by_day = channels.pivot(index=["yr", "mon", "day"], columns="gis_id")
    month = read(folder / "basin_wb_mon.txt", rows=1)
    average = read(folder / "basin_wb_aa.txt", rows=1)
    return by_day, month, average


def read(path, rows):
    """A table of SWAT+, without its title and units."""
    # In basin_wb_aa.txt a name of two words stands behind the columns that are read here, so that its row is too long.
    with warnings.catch_warnings(action="ignore"):
        table = pd.read_csv(path, sep=r"\s+", skiprows=[0, 2], index_col=False, float_precision="round_trip")
    assert len(table) == rows, f"{path} has {len(table)} rows"
    return table


def check(trial, values):
    """All scenarios of the product, against the program."""
    evaporations = set()
    with trial.product() as product:
        for at, esco in enumerate(values):
            by_day, month, average = expected(trial, esco)
            assert list(product["channel"][:]) == list(by_day["flo_out"].columns)
            same(f"flow at {esco}", product["flow"][:, at, :, 0], by_day["flo_out"])
            same(f"sediment at {esco}", product["sediment"][:, at, :, 0], by_day["sed_out"])
            same(f"evaporation at {esco}", product["evaporation"][:, at, 0], month["et"])
            same(f"snow at {esco}", product["snow_melt"][:, at, 0], month["snomlt"])
            same(f"snow fall at {esco}", product["snow_fall"][at], average["snofall"])
            evaporations.add(month["et"].iloc[0])
    assert len(evaporations) == len(values), f"the values make no difference: {evaporations}"


trial = Trial("swatplus")
lay_deck(trial)
make_template(trial)
before = trial.tried(runs=3, decks=["TxtInOut"])
check(trial, [0.5, 0.8, 0.95])

trial.edit("rerunoff.toml", "0.95]", "0.9]")
trial.run(runs=1)
trial.edit("rerunoff.toml", "0.9]", "0.95]")
trial.run(runs=0)
trial.untouched(before, ["TxtInOut"])
