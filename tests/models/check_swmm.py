"""EPA SWMM: three drainage networks, each with a file of its own; the report, and the binary output beside it."""

import shutil

import numpy as np
from swmm.toolkit import output, shared_enum

from trial import PACKAGES, Trial, by_hand, same

DECKS = PACKAGES / "pyswmm" / "tests" / "data"
# The networks, each with the node that is looked at.
NODES = {"weir_setting": "J2", "storage_pump": "J2", "full_features": "J3"}
SWMM = "import swmm.toolkit.solver as swmm; swmm.swmm_run('network.inp', 'network.rpt', '{}')"


def lay_networks(trial):
    """The networks under their names, and a table of their nodes that are looked at."""
    (trial.folder / "networks").mkdir()
    for name in NODES:
        shutil.copy(DECKS / f"model_{name}.inp", trial.folder / "networks" / f"{name}.inp")
    rows = [f"{name},{node}" for name, node in NODES.items()]
    (trial.folder / "networks.csv").write_text("\n".join(["id,node", *rows]) + "\n")


def run_by_hand(trial, name, binary):
    """SWMM's report on a network, and its binary output if there is to be one."""
    folder = trial.folder / "by_hand" / f"{name}{binary}"
    folder.mkdir(parents=True)
    shutil.copy(trial.folder / "networks" / f"{name}.inp", folder / "network.inp")
    by_hand(folder, ["python3", "-c", SWMM.format(binary)])
    return folder


def series(report, node):
    """The rows of the node's table in a report: numbers behind a date and a time of day."""
    lines = iter(report.splitlines())
    next(line for line in lines if f"<<< Node {node} >>>" in line)
    rows = []
    for line in lines:
        cells = line.split()
        if len(cells) >= 6 and "/" in cells[0]:
            rows.append([float(cell) for cell in (cells[2], cells[4], cells[5])])
        elif rows:
            break
    return np.array(rows).T


def single(report, text):
    """The number behind a text."""
    line = next(line for line in report.splitlines() if text in line)
    return [float(line.split(text)[1].split()[0])]


def binary_inflow(folder, node):
    """The node's inflow in SWMM's binary output, by SWMM's own reader."""
    handle = output.init()
    output.open(handle, str(folder / "network.out"))
    count = output.get_proj_size(handle)[shared_enum.ElementType.NODE.value]
    names = [output.get_elem_name(handle, shared_enum.ElementType.NODE, at) for at in range(count)]
    steps = output.get_times(handle, shared_enum.Time.NUM_PERIODS)
    wanted = shared_enum.NodeAttribute.TOTAL_INFLOW
    values = output.get_node_series(handle, names.index(node), wanted, 0, steps - 1)
    output.close(handle)
    return np.array(values)


trial = Trial("swmm")
lay_networks(trial)
before = trial.tried(runs=3, decks=["networks"])
with trial.product() as product:
    catchments = [str(name) for name in product["catchment"][:]]
    assert catchments == list(NODES), catchments
    for at, (name, node) in enumerate(NODES.items()):
        folder = run_by_hand(trial, name, "")
        report = (folder / "network.rpt").read_text()
        columns = series(report, node)
        for variable, expected in zip(["inflow", "depth", "head"], columns):
            same(f"{variable} of {name}", product[variable][:, at], expected)
        for variable, text in (
            ("rain", "Total Precipitation ......"),
            ("runoff", "Surface Runoff ..........."),
            ("outflow", "External Outflow ........."),
        ):
            same(f"{variable} of {name}", [product[variable][at]], single(report, text))
        # The report has the numbers of the binary output, with three places.
        folder = run_by_hand(trial, name, "network.out")
        difference = np.abs(binary_inflow(folder, node) - columns[0]).max()
        assert difference <= 0.0005001, difference

# One network is edited: it alone is run.
trial.edit("networks/storage_pump.inp", "REPORT_STEP          00:01:00", "REPORT_STEP          0:01:00")
trial.run(runs=1)
trial.edit("networks/storage_pump.inp", "REPORT_STEP          0:01:00", "REPORT_STEP          00:01:00")
trial.run(runs=0)
trial.untouched(before, ["networks"])
