"""Values of parameters and lists of catchments, written as the command line wants them.

A text stays a text here ("3" is none of the numbers), and a number keeps all its bits. Whether a project has such a
parameter, and may have such a value, is for the program to say.
"""

from __future__ import annotations

import json
import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    Samples = str | os.PathLike[str] | pd.DataFrame | Sequence[Mapping[str, "Value"]]

#: What a parameter can have: a number, a whole number, a text, or a list of these. NumPy's numbers and arrays will do.
Value = float | int | str | Sequence[float | int | str]

#: A catchment's id; one that is a number may be stated as one.
Id = str | int


def literal(value: Any) -> str:
    """A value as TOML has it.

    Raises TypeError if it is none that a parameter can have.
    """
    if isinstance(value, str):
        # A text of JSON is one of TOML, but for DEL, which TOML wants escaped.
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, bool) or value is None:
        raise TypeError(f"a parameter can't be {value}: it is a number, a text or a list of them")
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        # The shortest text that reads back to the same bits; TOML writes inf and nan alike, which the program refuses.
        return repr(float(value))
    if hasattr(value, "tolist"):
        # An array of NumPy, or a value of it that is none of the above.
        return literal(value.tolist())
    if isinstance(value, Sequence):
        return f"[{', '.join(literal(item) for item in value)}]"
    raise TypeError(f"a parameter can't be a {type(value).__name__}: it is a number, a text or a list of them")


def set_options(values: Mapping[str, Value] | None) -> list[str]:
    """The options that state these values."""
    return [f"--set={name}={literal(value)}" for name, value in (values or {}).items()]


def samples_options(samples: Samples | None, folder: Path) -> list[str]:
    """The option that states these samples; those that are in no file yet are written into one in the folder."""
    if samples is None:
        return []
    if isinstance(samples, (str, os.PathLike)):
        return [f"--samples={Path(samples).absolute()}"]
    # A data frame has columns as its items, so it is none of the sequences.
    rows: Any = samples if isinstance(samples, Sequence) else samples.to_dict("records")
    file = folder / "samples.toml"
    file.write_text("".join(_sample(row) for row in rows), encoding="utf-8")
    return [f"--samples={file}"]


def stated(values: Mapping[str, Value] | None, samples: Samples | None) -> list[str]:
    """The parameters that these values and samples state, in their order; those in a file are not looked at."""
    names = [*(values or {})]
    if samples is None or isinstance(samples, (str, os.PathLike)):
        return names
    rows: Any = samples
    if not isinstance(samples, Sequence):
        return names + [str(name) for name in rows.columns]
    return names + [name for row in rows for name in row]


def _sample(row: Mapping[Any, Any]) -> str:
    lines = [f"{json.dumps(str(name))} = {literal(value)}\n" for name, value in row.items()]
    return "".join(["[[sample]]\n", *lines])


def list_option(name: str, items: Id | Iterable[Id] | None, folder: Path) -> list[str]:
    """The option that names these catchments, one or several; a long list, or one with commas, by a file in the folder."""
    if items is None:
        return []
    texts = [str(items)] if isinstance(items, (str, int, numbers.Integral)) else [str(item) for item in items]
    joined = ",".join(texts)
    if len(joined) < 1000 and joined.count(",") == len(texts) - 1 and not joined.startswith("@"):
        return [f"--{name}={joined}"]
    file = folder / f"{name}.txt"
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return [f"--{name}=@{file}"]


def names_option(name: str, names: str | Iterable[str] | None) -> list[str]:
    """The option that names scenarios or numbers, one or several."""
    if names is None:
        return []
    return [f"--{name}={names if isinstance(names, str) else ','.join(names)}"]
