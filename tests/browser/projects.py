"""Projects to look at: the example with all that a page can show, and one in which every text wants to be markup."""

import csv
import json
import subprocess

MARKUP = "</script></title><img src=x onerror=\"window.broken=1\"><!--\"'&"
FAILING = ["70004", "70009"]
ACROSS = 6  # catchments beside each other on the example's map
CATCHMENTS = 30


def call(rerunoff, folder, *arguments, fine=(0,)):
    done = subprocess.run([rerunoff, "-C", folder, *arguments], capture_output=True, text=True)
    if done.returncode not in fine:
        raise AssertionError(f"rerunoff {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def example(rerunoff, folder):
    """Three scenarios, two of 30 catchments failing, polygons, rivers, a gauge, a tag and a change since; returns the page."""
    subprocess.run([rerunoff, "init", "--example", "--catchments", str(CATCHMENTS), folder], check=True, capture_output=True)
    table = folder / "catchments.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    for at, row in enumerate(rows):
        # Down, and along the lowest row to the right.
        below = at + ACROSS if at + ACROSS < len(rows) else at + 1
        row["NEXTDOWNID"] = rows[below]["WSO1_ID"] if below < len(rows) else "0"
        if row["WSO1_ID"] in FAILING:
            row["R_appl"] = "-1"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    ids = [row["WSO1_ID"] for row in rows]
    (folder / "basins.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [hexagon(at, id) for at, id in enumerate(ids)]}))
    days = [f"2009-{month:02}-{day:02}" for month in range(3, 9) for day in range(1, 29)]
    observed = [[day, 0.4 + 0.3 * (at % 9)] for at, day in enumerate(days)]
    with (folder / "observed.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["time", ids[6]], *observed])
    settings = folder / "rerunoff.toml"
    text = settings.read_text().replace('file = "output.nc"', 'file = "output.nc"\ndownstream = "NEXTDOWNID"')
    settings.write_text('title = "The Wend above the mill"\n' + text + MORE)
    # What failed is told by the exit code 1.
    call(rerunoff, folder, "run", fine=(0, 1))
    call(rerunoff, folder, "tag", "calibrated")
    settings.write_text(settings.read_text().replace("beta = 6e-5", "beta = 7e-5"))
    call(rerunoff, folder, "run", fine=(0, 1))
    call(rerunoff, folder, "report", folder / "report.html", "--since", "calibrated")
    return folder / "report.html"


MORE = """
[product.summary]
discharge_mean = { of = "discharge", statistic = "mean" }
c_p95 = { of = "concentration", statistic = "quantile", q = 0.95 }
herbicide_load_mean = { of = "herbicide_load", statistic = "mean" }

[observations]
flow = { file = "observed.csv", variable = "discharge", units = "m3/s", simulated = "mean" }

[objective]
nse = { of = "flow", statistic = "nse" }

[sweep.k]
values = [0.006, 0.012, 0.024]

[report]
shapes = "basins.geojson"
id = "WSO1_ID"
"""


def hexagon(at, id):
    """Catchments as bees build them, at 50° north."""
    x, y = at % ACROSS, at // ACROSS
    x, y = 9 + (x + 0.5 * (y % 2)) * 0.1, 50 - y * 0.056
    corners = [(0, 0.0374), (0.05, 0.0187), (0.05, -0.0187), (0, -0.0374), (-0.05, -0.0187), (-0.05, 0.0187), (0, 0.0374)]
    ring = [[round(x + right, 6), round(y + up, 6)] for right, up in corners]
    return {"type": "Feature", "properties": {"WSO1_ID": id}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def hostile(rerunoff, folder):
    """Ids, units, names, what is printed, a scenario and the tag are all markup; returns the page."""
    folder.mkdir()
    ids = [MARKUP, "#catchment=1&scenario=2", "../../etc", "a\u202eb", "javascript:window.broken=1"]
    quoted = [json.dumps(id) for id in ids]
    (folder / "rerunoff.toml").write_text(
        f"""title = {json.dumps(MARKUP)}
[input]
catchments = [{", ".join(quoted)}]
time = {{ start = "1998-01-01", step = "1d", steps = 40 }}
[parameters]
k = 1
[simulator]
command = ["sh", "-c", "(echo q; seq 40) > out.txt; cat id.txt k.txt; grep -q '[.]' id.txt || exit 3"]
[simulator.env]
[[simulator.input]]
file = "id.txt"
template = "id.txt"
[[simulator.input]]
file = "k.txt"
template = "k.txt"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.nc"
[product.variables]
q = {{ units = {json.dumps(MARKUP)}, long_name = {json.dumps(MARKUP)} }}
[product.summary]
q_mean = {{ of = "q", statistic = "mean", long_name = {json.dumps(MARKUP)} }}
"""
    )
    (folder / "id.txt").write_text("{id}")
    (folder / "k.txt").write_text(MARKUP)
    call(rerunoff, folder, "run", "--max-failures", "9", fine=(0, 1))
    call(rerunoff, folder, "tag", "<b>tag</b>")
    call(rerunoff, folder, "report", folder / "report.html", "--since", "<b>tag</b>")
    return folder / "report.html"
