"""EPANET: a network with the demand of three days; series in the midst of its file, and a report in blocks."""

import shutil
import struct

import numpy as np

from trial import PACKAGES, Trial, by_hand, same

EPYT = PACKAGES / "epyt"
HOURS = 25
DAYS = {
    "weekday": [0.6 + 0.5 * np.sin(hour / 4.0) ** 2 for hour in range(HOURS)],
    "saturday": [0.5 + 0.02 * hour for hour in range(HOURS)],
    "sunday": [1.1 - 0.015 * hour for hour in range(HOURS)],
}
PUMP = "9"
BLOCK = "{#each step wrap=6}{demand:.3f} {/each}"


def lay_project(trial):
    """The program with its library, the demand as a table, and the network's file as a template."""
    programs = EPYT / "libraries" / "glnx"
    for name in ("bin", "lib"):
        (trial.folder / name).mkdir()
    shutil.copy(programs / "libepanet2", trial.folder / "bin" / "epanet")
    (trial.folder / "bin" / "epanet").chmod(0o755)
    shutil.copy(programs / "libepanet2.so", trial.folder / "lib")
    rows = ["time," + ",".join(DAYS)]
    for hour in range(HOURS):
        stamp = f"2024-01-{1 + hour // 24:02} {hour % 24:02}:00"
        rows.append(",".join([stamp, *(repr(float(values[hour])) for values in DAYS.values())]))
    (trial.folder / "demand.csv").write_text("\n".join(rows) + "\n")
    (trial.folder / "network.inp").write_text(template())


def template():
    """Net1 with the demand of each hour for its pattern, and a report on all that it has."""
    lines = (EPYT / "networks" / "asce-tf-wdst" / "Net1.inp").read_text().splitlines()
    at = lines.index("[PATTERNS]")
    end = lines.index("[CURVES]")
    lines[at + 1 : end] = [f" 1 {BLOCK}", ""]
    at = lines.index("[REPORT]")
    lines[at + 1 : at + 1] = [" Nodes ALL", " Links ALL"]
    text = "\n".join(lines) + "\n"
    return text.replace("Pattern Timestep   \t2:00", "Pattern Timestep   \t1:00")


def run_by_hand(trial, day):
    """EPANET's report on a day and its binary output; its file is written by other code than rerunoff's."""
    folder = trial.folder / "by_hand" / day
    folder.mkdir(parents=True)
    values = [f"{value:.3f}" for value in DAYS[day]]
    lines = [" 1 " + " ".join(values[at : at + 6]) for at in range(0, HOURS, 6)]
    text = (trial.folder / "network.inp").read_text().replace(f" 1 {BLOCK}", "\n".join(lines))
    (folder / "network.inp").write_text(text)
    program = str(trial.folder / "bin" / "epanet")
    by_hand(folder, [program, "network.inp", "network.rpt", "network.out"], LD_LIBRARY_PATH=str(trial.folder / "lib"))
    return folder


def blocks(report, title):
    """The tables below this title, one for each hour: rows of cells by the name in front of them."""
    tables = []
    for part in report.split(title)[1:]:
        rows = {}
        for line in part.splitlines()[1:]:
            cells = line.split()
            if not cells and rows:
                break
            if cells and cells[0].isdigit():
                rows[cells[0]] = cells
        tables.append(rows)
    assert len(tables) == HOURS, len(tables)
    return tables


def binary_pressure(folder):
    """The pressures in EPANET's binary output, [hour, node], decoded by the description of its format."""
    data = (folder / "network.out").read_bytes()
    head = struct.unpack("<15i", data[:60])
    nodes, tanks, links, pumps = head[2], head[3], head[4], head[5]
    periods = struct.unpack("<3i", data[-12:])[0]
    energy = 884 + 36 * nodes + 52 * links + 8 * tanks
    results = energy + 28 * pumps + 4
    length = 16 * nodes + 32 * links
    rows = np.frombuffer(data, "<f4", count=periods * length // 4, offset=results)
    return rows.reshape(periods, -1)[:, 2 * nodes : 3 * nodes]


trial = Trial("epanet")
lay_project(trial)
before = trial.tried(runs=3, decks=["bin", "lib"])
with trial.product() as product:
    catchments = [str(name) for name in product["catchment"][:]]
    assert sorted(catchments) == sorted(DAYS), catchments
    for at, day in enumerate(catchments):
        folder = run_by_hand(trial, day)
        report = (folder / "network.rpt").read_text()
        nodes = blocks(report, "Node Results at")
        names = list(nodes[0])
        assert list(product["node"][:]) == [float(name) for name in names]
        for variable, cell in (("delivered", 1), ("pressure", 3), ("chlorine", 4)):
            expected = [[float(hour[name][cell]) for name in names] for hour in nodes]
            same(f"{variable} on {day}", product[variable][..., at], expected)
        links = blocks(report, "Link Results at")
        same(f"pumped on {day}", product["pumped"][:, at], [float(hour[PUMP][1]) for hour in links])
        # The report has the numbers of the binary output, with two places.
        difference = np.abs(binary_pressure(folder) - product["pressure"][..., at]).max()
        assert difference <= 0.00501, difference

# One hour of one day is another: that day alone is run.
trial.edit("demand.csv", "2024-01-01 05:00," + repr(float(DAYS["weekday"][5])), "2024-01-01 05:00,1.25")
trial.run(runs=1)
trial.untouched(before, ["bin", "lib"])
