"""What goes wrong, as exceptions: what the program says of it, with its exit code.

Catchments that fail are no error: a run tells of them, and only `check=True` makes an exception of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .outcomes import Run


class RerunoffError(Exception):
    """The program ended with an error.

    `str()` of it is the program's message. The rest is described in the chapter on errors of docs/json.md.
    """

    def __init__(self, message: str, exit_code: int, error: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        #: That of the program; negative, the number of the signal that ended it.
        self.exit_code = exit_code
        #: All that the program tells of it.
        self.error: Mapping[str, Any] = error or {}

    @property
    def kind(self) -> str | None:
        """What kind of error it is: `project file`, `locked` and so on; None if the program could not tell."""
        return self.error.get("kind")

    @property
    def file(self) -> str | None:
        """The file that it is about, where one is known."""
        return self.error.get("file")

    @property
    def line(self) -> int | None:
        """The line in it, counted from 1, where one is known."""
        return self.error.get("line")

    @property
    def column(self) -> int | None:
        """The column in the line, counted from 1, where one is known."""
        return self.error.get("column")


class UsageError(RerunoffError):
    """What was asked for can't be, or names what is not there: a catchment, a tag, a scenario, a parameter."""


class ProjectFileError(UsageError):
    """The project file, or a template that it names, has a fault: see `file`, `line` and `column`."""


class LockedError(RerunoffError):
    """Somebody is at work on the project, and one of the two needs it alone; `wait=True` waits, where there is such an argument."""


class UnreadableError(RerunoffError):
    """The input, the store or the product can't be read or written."""


class BadInputError(UnreadableError):
    """Catchments can't be run with the input there is; `error["cannot_run"]` lists them."""


class RefusedError(RerunoffError):
    """More would be run than `max_rerun` allows."""


class StoppedError(RerunoffError):
    """A signal ended the program. What was finished is kept, and the same call goes on from there."""


class FailedError(RerunoffError):
    """Catchments failed, or could not be run, in a run with `check=True`."""

    def __init__(self, run: Run) -> None:
        told = f"{run.failed} of {run.catchments} failed, {run.skipped} can't be run"
        for first in [*run.document["failures"], *run.document["cannot_run"]][:1]:
            told += f"; the first, {_label(first)}: {first['reason']}"
        super().__init__(told, exit_code=1)
        #: What the run left.
        self.run = run


def _label(one: Mapping[str, Any]) -> str:
    """What the program calls a catchment: `70007`, or `70007 of diuron`."""
    return " of ".join(one[name] for name in ("catchment", "scenario") if name in one)


_BY_KIND = {
    "usage": UsageError,
    "project file": ProjectFileError,
    "locked": LockedError,
    "unreadable": UnreadableError,
    "bad input": BadInputError,
    "refused": RefusedError,
    "interrupted": StoppedError,
}
_BY_EXIT_CODE = {2: UsageError, 3: LockedError, 4: UnreadableError, 5: RefusedError, 130: StoppedError}


def of_document(error: Mapping[str, Any]) -> RerunoffError:
    """The exception for the `error` of a document; one of a kind that is not known here is a RerunoffError."""
    message = error["message"]
    place = [str(error[name]) for name in ("file", "line", "column") if error.get(name) is not None]
    if error["kind"] == "project file" and place:
        message = f"{':'.join(place)}: {message}"
    return _BY_KIND.get(error["kind"], RerunoffError)(message, error["exit_code"], error)


def of_text(text: str, exit_code: int) -> RerunoffError:
    """The exception for a program that printed no document, but this on standard error."""
    message = text.strip()
    for line in message.splitlines():
        if line.startswith("error: "):
            message = line[len("error: ") :]
    if not message:
        message = f"rerunoff ended with the exit code {exit_code} and said nothing"
    return _BY_EXIT_CODE.get(exit_code, RerunoffError)(message, exit_code)
