"""A project, and what can be asked of it and done with it: a method a verb, a keyword argument an option.

Every call starts the program anew and sees the project as it is then; nothing is kept in between.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _call, _tables
from ._values import Id, Value, list_option, names_option, samples_options, set_options, stated
from .errors import FailedError
from .outcomes import Diff, Plan, Restored, Run, Status, Why, _products

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ._values import Samples

#: One name or several.
Names = str | Iterable[str]
#: One catchment or several.
Ids = Id | Iterable[Id]


def open(directory: str | os.PathLike[str] = ".") -> Project:
    """The project in this folder, with its rerunoff.toml.

    Raises ProjectFileError if there is none or it has a fault, and what else `errors` has.
    """
    project = Project(directory)
    # Of what reads the project file, this reads the least beside it.
    project.call("runs")
    return project


def init(
    directory: str | os.PathLike[str],
    *,
    example: bool = False,
    catchments: int | None = None,
    steps: int | None = None,
    seed: int | None = None,
) -> Project:
    """Writes a commented project into this folder, which is made if it is not there; `example` is a runnable one."""
    words = [*_flags(example=example), *_options(catchments=catchments, steps=steps, seed=seed)]
    _call.document(Path(directory).absolute(), "init", words)
    return Project(directory)


class Project:
    """A project by its folder.

    What several methods take:

    set: values of parameters in place of the project's, `{"k": 0.013}`; they give what the same values in the file give.
    samples: several such sets, each of which makes scenarios: a data frame with a column a parameter, a list of
        dictionaries, or a file; `scenario` may name them.
    scenario: only these scenarios; `*` stands for any text.
    only, at: only these catchments.
    quiet: else what the program says on the way goes to `sys.stderr`.
    wait: wait while others use the project, where one needs it alone.
    """

    def __init__(self, directory: str | os.PathLike[str] = ".") -> None:
        #: The project's folder, an absolute path.
        self.directory = Path(directory).absolute()

    def __repr__(self) -> str:
        return f"rerunoff.open({str(self.directory)!r})"

    def status(
        self,
        *,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        scenario: Names | None = None,
        rehash: bool = False,
    ) -> Status:
        """What is fresh, stale and why; nothing is run."""
        document = self._call("status", names_option("scenario", scenario), _flags(rehash=rehash), set=set, samples=samples)
        counts = {name: document[name] for name in ("catchments", "fresh", "stale", "failed", "bad")}
        return Status(document, **counts, seconds=_seconds(document))

    def why(
        self,
        *catchments: Id,
        set: Mapping[str, Value] | None = None,
        scenario: Names | None = None,
    ) -> Why:
        """Why these catchments are fresh or stale: every part of their keys, then and now."""
        return Why(self._call("why", names_option("scenario", scenario), ids=catchments, set=set))

    def plan(
        self,
        *,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        only: Ids | None = None,
        scenario: Names | None = None,
        force: bool = False,
        max_rerun: int | str | None = None,
    ) -> Plan:
        """What `run` would do with the same arguments."""
        words = [*names_option("scenario", scenario), *_flags(dry_run=True, force=force), *_options(max_rerun=max_rerun)]
        document = self._call("run", words, set=set, samples=samples, lists={"only": only}, refusable=True)
        return Plan(
            document,
            catchments=document["catchments"],
            would_run=document["would_run"],
            seconds=_seconds(document),
            refused=document["refused"],
        )

    def run(
        self,
        *,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        only: Ids | None = None,
        scenario: Names | None = None,
        tag: str | None = None,
        jobs: int | None = None,
        force: bool = False,
        max_rerun: int | str | None = None,
        max_failures: int | None = None,
        assemble: bool = True,
        rehash: bool = False,
        on: str | None = None,
        local: bool = False,
        detach: bool = False,
        wait: bool = False,
        check: bool = False,
        quiet: bool = False,
    ) -> Run:
        """Runs what is stale, then brings the product up to date.

        tag: leave the product and the project's own states alone, and keep the outcome as this tag.
        jobs: simulators at work at once.
        force: run them even if they are fresh.
        max_rerun: refuse to start if more catchments than this would be run, 100 or "5%".
        max_failures: stop after so many failures.
        assemble: whether the product is brought up to date.
        rehash: read every input again, whatever its time stamps say.
        on, local, detach: on this engine's cluster, here whatever the project says, or without waiting for the cluster.
        check: raise FailedError if a catchment failed or can't be run.
        """
        words = [
            *names_option("scenario", scenario),
            *_options(jobs=jobs, max_rerun=max_rerun, max_failures=max_failures, on=on, **{"as": tag}),
            *_flags(force=force, no_assemble=not assemble, rehash=rehash, local=local, detach=detach, wait=wait, quiet=quiet),
        ]
        document = self._call("run", words, set=set, samples=samples, lists={"only": only}, quiet=quiet)
        names = ("catchments", "fresh", "run", "failed", "under_way", "stale", "skipped", "seconds", "gave_up")
        run = Run(document, **{name: document[name] for name in names}, products=_products(document))
        if check and run.failed + run.skipped > 0:
            raise FailedError(run)
        return run

    def restore(self, tag: str, *, wait: bool = False) -> Restored:
        """Makes the product of a tag again; nothing is run."""
        document = self._call("run", [f"--at={tag}", *_flags(wait=wait)])
        counts = {name: document[name] for name in ("at", "results", "missing")}
        return Restored(document, **counts, products=_products(document))

    def evaluate(
        self,
        *,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        at: Ids | None = None,
        numbers: Names | None = None,
        scenario: Names | None = None,
        jobs: int | None = None,
        max_failures: int | None = None,
        wait: bool = False,
        quiet: bool = True,
    ) -> pd.DataFrame:
        """What the product's summaries and objectives come to with other values of parameters: a row a set.

        Only what these numbers need is run. `status` is `ok` or `failed`, then with a `reason` and without numbers. A column of
        numbers is called as by the program: `nse[6444]`, `c_p95[70007]`, `nse_over_gauges`; their units are in `attrs["units"]`.
        """
        words = [
            *names_option("scenario", scenario),
            *names_option("numbers", numbers),
            *_options(jobs=jobs, max_failures=max_failures),
            *_flags(wait=wait, quiet=quiet),
        ]
        document = self._call("evaluate", words, set=set, samples=samples, lists={"at": at}, quiet=quiet)
        return _tables.evaluation(document, stated(set, samples))

    def diff(self, then: str | None = None, now: str | None = None, *, scenario: Names | None = None) -> Diff:
        """What changed in the results between two tags or scenarios, or since one; without any, since the run before."""
        document = self._call("diff", names_option("scenario", scenario), ids=[name for name in (then, now) if name is not None])
        names = ("then", "now", "compared", "only_then", "only_now")
        return Diff(document, **{name: document[name] for name in names})

    def runs(self) -> pd.DataFrame:
        """What the last runs did and cost, the latest first."""
        return _tables.runs(self._call("runs")["runs"])

    def tags(self) -> pd.DataFrame:
        """The tags: when each was `created`, how many `catchments` there are and how many `results` it has, of which values (`set`)."""
        made = _tables.table(self._call("tags")["tags"], ["created", "catchments", "results", "set"], ["name"], named=False)
        return _tables.with_times(made, ["created"], utc=True)

    def tag(self, name: str, *, replace: bool = False, delete: bool = False, wait: bool = False) -> None:
        """Gives the present state of all catchments a name; takes it from what has it, or away."""
        self._call("tag", _flags(replace=replace, delete=delete, wait=wait), ids=[name])

    def summary(
        self,
        *catchments: Id,
        at: str | None = None,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        scenario: Names | None = None,
    ) -> pd.DataFrame:
        """A row a catchment: its status, every summary and objective, and the parameters that the product has.

        As the last run left them, as of the tag `at`, or with other values that were run before.
        """
        words = ["--summary", *names_option("scenario", scenario), *_options(at=at)]
        return _tables.summary(self._call("export", words, ids=catchments, set=set, samples=samples))

    def export(
        self,
        *catchments: Id,
        axis: str | None = None,
        at: str | None = None,
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        scenario: Names | None = None,
    ) -> pd.DataFrame:
        """These catchments' columns over their time steps, or another axis; where they are from, as of `summary`."""
        words = [*names_option("scenario", scenario), *_options(axis=axis, at=at)]
        return _tables.export(self._call("export", words, ids=catchments, set=set, samples=samples))

    def product_file(self, scenario: str | None = None) -> Path:
        """Where the product is, whether it has been written or not; that of a scenario, if each has its own.

        It costs a `status`. Raises ValueError if each has its own and none is named.
        """
        products = self._call("status", names_option("scenario", scenario))["products"]
        if len(products) != 1:
            names = ", ".join(product["scenario"] for product in products)
            raise ValueError(f"each scenario has a product of its own; name one of {names}")
        return Path(products[0]["path"])

    def product(self, scenario: str | None = None, **options: Any) -> xr.Dataset:
        """The product as it is, as a dataset; the options are those of `xarray.open_dataset`.

        A product that all scenarios share is opened as a whole. Raises FileNotFoundError if it has not been written yet.
        """
        _tables.need("xarray")
        import xarray as xr

        path = self.product_file(scenario)
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there yet; `run` makes it")
        return xr.open_dataset(path, **options)

    def report(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        since: str | None = None,
        only: Ids | None = None,
        scenario: Names | None = None,
        size: float | None = None,
    ) -> Path:
        """Writes the file to look at in a browser, and tells where it is: report.html in the project's folder, if no other is named."""
        path = self.directory / "report.html" if file is None else Path(file).absolute()
        with tempfile.TemporaryDirectory(prefix="rerunoff-") as folder:
            lists = list_option("only", only, Path(folder))
            words = [*names_option("scenario", scenario), *lists, *_options(since=since, size=size), "--", str(path)]
            _call.without_document(self.directory, "report", words)
        return path

    def call(self, verb: str, *words: str) -> dict[str, Any]:
        """What any verb that has `--json` prints as its document, by the words of the command line: `p.call("gc", "--dry-run")`.

        See docs/json.md. Raises what `errors` has.
        """
        return _call.document(self.directory, verb, words)

    def _call(
        self,
        verb: str,
        *words: Iterable[str],
        ids: Iterable[Id] = (),
        set: Mapping[str, Value] | None = None,
        samples: Samples | None = None,
        lists: Mapping[str, Ids | None] | None = None,
        quiet: bool = True,
        refusable: bool = False,
    ) -> _call.Document:
        """What a verb prints; what goes into files for it is in a folder that is there only meanwhile."""
        with tempfile.TemporaryDirectory(prefix="rerunoff-") as folder:
            command = [word for some in words for word in some]
            command += set_options(set) + samples_options(samples, Path(folder))
            for name, items in (lists or {}).items():
                command += list_option(name, items, Path(folder))
            named = [str(id) for id in ids]
            if named:
                # Whatever a catchment is called, it is no option.
                command += ["--", *named]
            return _call.document(self.directory, verb, command, quiet=quiet, refusable=refusable)


def _flags(**flags: bool) -> list[str]:
    """The options without a value that are wanted."""
    return [f"--{name.replace('_', '-')}" for name, wanted in flags.items() if wanted]


def _options(**options: str | float | None) -> list[str]:
    """The options with a value that have one."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]


def _seconds(document: _call.Document) -> float | None:
    prediction = document["prediction"]
    return None if prediction is None else prediction["seconds"]
