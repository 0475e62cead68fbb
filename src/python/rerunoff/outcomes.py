"""What verbs tell that is more than one table: counts and texts as attributes, tables as properties.

Each has `document`, all that the program printed; docs/json.md says what its fields mean. The tables are made of it
when they are asked for, which is when pandas is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _tables
from .errors import _label

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class _Told:
    """All that the program printed."""

    document: Mapping[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        """Counts and texts as the constructor has them; seconds and the like are rounded, and what did not happen is left out."""
        shown = [(it.name, getattr(self, it.name)) for it in fields(self) if it.repr]
        told = [(name, value) for name, value in shown if value is not None and value is not False]
        texts = [f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in told]
        return f"{type(self).__name__}({', '.join(texts)})"

    def _causes(self) -> pd.DataFrame:
        return _tables.table(self.document["causes"], ["cause", "count"])


@dataclass(frozen=True, repr=False)
class _Judged(_Told):
    """What tells of catchments without a result, and of how good the results are."""

    @property
    def failures(self) -> pd.DataFrame:
        """Those that failed, with the `reason` of each."""
        return self._without_result("failures")

    @property
    def cannot_run(self) -> pd.DataFrame:
        """Those that can't be run, with the `reason` of each."""
        return self._without_result("cannot_run")

    @property
    def objectives(self) -> pd.DataFrame:
        """The `number` of each objective at each gauge, of the products as they were last written; without a catchment: over all gauges."""
        return _tables.objectives(self.document.get("objectives", []))

    def _without_result(self, name: str) -> pd.DataFrame:
        return _tables.table(self.document[name], ["reason"], ["catchment"])


@dataclass(frozen=True)
class Product:
    """A product that a verb has brought up to date."""

    path: Path
    #: `written`; or `unchanged` or `left to a later run`: then the file was not touched.
    state: str


def _products(document: Mapping[str, Any]) -> tuple[Product, ...]:
    only = [document["product"]] if document["product"] else []
    return tuple(Product(Path(product["path"]), product["state"]) for product in document.get("products", only))


@dataclass(frozen=True, repr=False)
class Status(_Judged):
    """What is fresh, stale and why. Catchments are counted in each scenario."""

    catchments: int
    #: With a valid result.
    fresh: int
    #: To be run, including those that failed.
    stale: int
    #: Of the stale ones, those that failed when they were last run.
    failed: int
    #: Those that can't be run.
    bad: int
    #: How long running the stale ones takes; None where nothing is to be run or nothing is known.
    seconds: float | None

    @property
    def causes(self) -> pd.DataFrame:
        """Why the stale ones are stale: each `cause` and the `count` of catchments, the most frequent first."""
        return self._causes()

    @property
    def scenarios(self) -> pd.DataFrame:
        """The share of each scenario; empty where the project has none."""
        counts = ["catchments", "fresh", "stale", "failed", "bad"]
        rows = [{**row, "scenario": row["name"]} for row in self.document.get("scenarios", [])]
        return _tables.table(rows, counts, named=True)


@dataclass(frozen=True, repr=False)
class Plan(_Told):
    """What a run would do."""

    catchments: int
    #: How many simulators would be run; what scenarios have in common once.
    would_run: int
    #: How long it takes; None where nothing is to be run or nothing is known.
    seconds: float | None
    #: Why a run would not start; None if it would.
    refused: str | None

    @property
    def causes(self) -> pd.DataFrame:
        """What they would be run for: each `cause` and the `count` of catchments."""
        return self._causes()


@dataclass(frozen=True, repr=False)
class Run(_Judged):
    """What a run did. The counts from `fresh` to `skipped`, `run` aside, add up to `catchments`."""

    catchments: int
    #: With a valid result.
    fresh: int
    #: How many times a simulator was run; what scenarios have in common is run once.
    run: int
    #: In this run.
    failed: int
    #: On other machines.
    under_way: int
    #: Not run, or failed in an earlier run and not tried in this one.
    stale: int
    #: Those that can't be run.
    skipped: int
    #: The whole time.
    seconds: float
    #: Whether it ended early because too many failed.
    gave_up: bool
    products: tuple[Product, ...] = field(repr=False)


@dataclass(frozen=True, repr=False)
class Restored(_Told):
    """The product of a tag, made again."""

    at: str
    #: How many catchments have a result in it, counted in each scenario, and how many have none.
    results: int
    missing: int
    products: tuple[Product, ...] = field(repr=False)


@dataclass(frozen=True, repr=False)
class Diff(_Told):
    """What changed in the results between two states."""

    #: The earlier state and the later one, in words.
    then: str
    now: str
    #: Catchments with results in both, and in one alone, counted in each scenario.
    compared: int
    only_then: int
    only_now: int

    @property
    def changes(self) -> pd.DataFrame:
        """A row for every variable of every catchment with results in both, whether it changed or not."""
        rows = self.document["changes"]
        largest = ["largest_absolute", "largest_relative"]
        times = [f"{name}_time" for name in largest]
        places = [f"{name}_place" for name in largest if any(f"{name}_place" in row for row in rows)]
        columns = ["steps_changed", "became_or_ceased_missing", *largest, *times, *places]
        made = _tables.table(rows, columns, ["catchment", "variable"])
        made = made.astype({name: float for name in largest})
        return _tables.with_times(made, times, utc=False)

    @property
    def objectives(self) -> pd.DataFrame:
        """What each objective came to `then` and `now`; without a catchment: over all gauges."""
        rows = [{**row, "catchment": row["catchment"] or ""} for row in self.document.get("objectives", [])]
        return _tables.table(rows, ["then", "now"], ["objective", "catchment"])


@dataclass(frozen=True, repr=False)
class Why(_Told):
    """Why catchments are fresh or stale, in each scenario that was asked for."""

    @property
    def states(self) -> pd.DataFrame:
        """The `state` of each, `fresh`, `stale` or `bad`, and the `reason` in words."""
        return _tables.table(self.document["catchments"], ["state", "reason"], ["catchment"])

    @property
    def changes(self) -> pd.DataFrame:
        """The parts of their keys that are others than in their last runs: what each was `then` and is `now`, and the `text` for people."""
        return self._parts("changes", ["then", "now", "text"])

    @property
    def parts(self) -> pd.DataFrame:
        """All parts of their keys as they are now, of those whose changes are not known or not asked for."""
        return self._parts("parts", ["text"])

    def _parts(self, which: str, columns: list[str]) -> pd.DataFrame:
        rows = []
        for one in self.document["catchments"]:
            of = {name: one[name] for name in ("scenario", "catchment") if name in one}
            rows += [{**of, **part} for part in one[which]]
        return _tables.table(rows, ["kind", "name", *columns], ["catchment"])

    def __str__(self) -> str:
        lines = []
        for one in self.document["catchments"]:
            state = "can't be run" if one["state"] == "bad" else f"is {one['state']}"
            lines.append(f"{_label(one)} {state}: {one['reason']}")
            lines += [f"  {line}" for part in one["changes"] for line in part["text"].splitlines()]
            lines += [f"  {note}" for note in one["notes"]]
        return "\n".join(lines)
