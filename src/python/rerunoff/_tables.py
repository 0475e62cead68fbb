"""Parts of documents as data frames.

Catchments are texts in all of them, as ids are in documents. Where the project has scenarios, they come first in the
index; it is the rows that tell of them, so that a table without rows has none there. Times that say that they are UTC
have that as their time zone; those of time steps have none, as in the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


def need(name: str) -> None:
    """Imports a module that the package can do without, until something is asked for that is made of it."""
    try:
        import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is needed for this: pip install 'rerunoff[data]'") from error


def table(rows: Sequence[Row], columns: Sequence[str], index: Sequence[str] = (), *, named: bool | None = None) -> pd.DataFrame:
    """The rows with these columns, of which those of the index are it; what a row lacks is missing.

    With `named` there are scenarios; if that is not said, where a row has one.
    """
    need("pandas")
    import pandas as pd

    if named is None:
        named = any("scenario" in row for row in rows)
    index = ["scenario", *index] if named else list(index)
    cells = [[row.get(name) for name in (*index, *columns)] for row in rows]
    made = pd.DataFrame(cells, columns=[*index, *columns])
    return made.set_index(index) if index else made


def with_times(made: pd.DataFrame, names: Iterable[str], *, utc: bool) -> pd.DataFrame:
    """The table with these columns of texts as times."""
    need("pandas")
    import pandas as pd

    for name in names:
        made[name] = pd.to_datetime(made[name], utc=utc)
    return made


def objectives(rows: Sequence[Row]) -> pd.DataFrame:
    """What objectives come to, a row for each objective and gauge; the catchment of the number over all gauges is an empty text."""
    flat = []
    for row in rows:
        of = {name: row[name] for name in ("scenario", "objective") if name in row}
        flat += [{**of, "catchment": gauge["catchment"], "number": gauge["number"]} for gauge in row["gauges"]]
        flat.append({**of, "catchment": "", "number": row["over_gauges"]})
    return table(flat, ["number"], ["objective", "catchment"])


def export(document: Mapping[str, Any]) -> pd.DataFrame:
    """Columns of catchments over their axes."""
    need("pandas")
    import pandas as pd

    names = [variable["name"] for variable in document["variables"]]
    parts = []
    for one in document["catchments"]:
        part = pd.DataFrame({name: one["values"][name] for name in names}, columns=names, dtype=float)
        for axis in document["axes"]:
            places = one["places"][axis]
            part.insert(0, axis, pd.to_datetime(places) if axis == "time" else places)
        part.insert(0, "catchment", one["catchment"])
        if "scenario" in one:
            part.insert(0, "scenario", one["scenario"])
        parts.append(part)
    made = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["catchment", *document["axes"], *names])
    index = [name for name in ("scenario", "catchment", *document["axes"]) if name in made.columns and name not in names]
    made = made.set_index(index)
    made.attrs["of"] = document["of"]
    made.attrs["units"] = {variable["name"]: variable["units"] for variable in document["variables"]}
    return made


def summary(document: Mapping[str, Any]) -> pd.DataFrame:
    """A row a catchment: its status and numbers."""
    rows = document["catchments"]
    names = list(dict.fromkeys(name for row in rows for name in row["values"]))
    made = table([{**row["values"], **row} for row in rows], ["status", *names], ["catchment"])
    made.attrs["of"] = document["of"]
    return made


def evaluation(document: Mapping[str, Any], stated: Sequence[str]) -> pd.DataFrame:
    """A row a sample: its status, why it failed, its parameters, first those that were stated in this order, and its numbers."""
    need("pandas")
    import pandas as pd

    samples = document["samples"]
    known = dict.fromkeys(name for sample in samples for name in sample["parameters"])
    parameters = list(dict.fromkeys([*(name for name in stated if name in known), *known]))
    columns = [column["name"] for column in document["columns"]]
    cells = [
        [
            sample["status"],
            sample.get("reason"),
            *(sample["parameters"].get(name) for name in parameters),
            *(sample["numbers"].get(name) for name in columns),
        ]
        for sample in samples
    ]
    index = pd.Index([sample["sample"] for sample in samples], name="sample")
    made = pd.DataFrame(cells, index=index, columns=["status", "reason", *parameters, *columns])
    # A column without any number has numbers all the same.
    made = made.astype({name: float for name in columns})
    made.attrs["units"] = {column["name"]: column.get("units") for column in document["columns"]}
    return made


def runs(rows: Sequence[Row]) -> pd.DataFrame:
    """A row a run, the latest first."""
    # What is left out of documents because there is none.
    none: Row = {"set": {}, "samples": 0, "read_again": 0}
    told = [
        {**none, **row, "causes": "; ".join(f"{cause['cause']} ({cause['count']})" for cause in row["causes"])} for row in rows
    ]
    columns = ["ended", "catchments", "ran", "failed", "gave_up", "causes", "set", "samples", "read_again", "workers"]
    costs = ["running_seconds", "simulator_seconds", "cpu_seconds", "peak_bytes"]
    return with_times(table(told, columns + costs, ["run"], named=False), ["ended"], utc=True)
