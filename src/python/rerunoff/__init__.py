"""rerunoff from Python: a project's states, changes and runs as data frames, its product as a dataset of xarray.

    import rerunoff

    p = rerunoff.open("rhine")
    p.run(set={"k": 0.013}, tag="faster")
    p.diff("faster").changes
    p.product()["concentration"].sel(catchment=70007).plot()

Everything is asked of the program `rerunoff` by its `--json`; nothing is computed or decided here. pandas and xarray are
imported by what returns their objects, and by nothing else.
"""

from importlib.metadata import PackageNotFoundError, version

from ._binary import binary
from ._values import Value
from .errors import (
    BadInputError,
    FailedError,
    LockedError,
    ProjectFileError,
    RefusedError,
    RerunoffError,
    StoppedError,
    UnreadableError,
    UsageError,
)
from .outcomes import Diff, Plan, Product, Restored, Run, Status, Why
from .project import Project, init, open

try:
    __version__ = version("rerunoff")
except PackageNotFoundError:
    # Used from a folder with the source, by PYTHONPATH.
    __version__ = "0+unknown"

__all__ = [
    "BadInputError",
    "Diff",
    "FailedError",
    "LockedError",
    "Plan",
    "Product",
    "Project",
    "ProjectFileError",
    "RefusedError",
    "RerunoffError",
    "Restored",
    "Run",
    "Status",
    "StoppedError",
    "UnreadableError",
    "UsageError",
    "Value",
    "Why",
    "binary",
    "init",
    "open",
]
