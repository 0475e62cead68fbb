"""Where the program is that does the work.

A wheel puts it among the scripts of the environment that Python runs in; that one is taken, so that package and program
are of one release, unless RERUNOFF_BINARY names another. Only then is it looked for in PATH.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

VARIABLE = "RERUNOFF_BINARY"


def binary() -> Path:
    """The program.

    Raises FileNotFoundError if there is none, or none where the variable says.
    """
    stated = os.environ.get(VARIABLE)
    if stated:
        program = Path(stated).absolute()
        if not program.is_file():
            raise FileNotFoundError(f"the environment variable {VARIABLE} names {program}, where there is no program")
        return program
    for folder in _script_folders():
        program = folder / "rerunoff"
        if program.is_file():
            return program
    found = shutil.which("rerunoff")
    if found:
        return Path(found)
    raise FileNotFoundError(
        "there is no program `rerunoff` beside this Python or in PATH; install the package anew, or say where the program "
        f"is in the environment variable {VARIABLE}"
    )


def _script_folders() -> list[Path]:
    """Where the program is installed: for this environment, this user, or, by `pip install --target`, beside the package."""
    user = sysconfig.get_path("scripts", "posix_user")
    beside = Path(__file__).parent.parent / "bin"
    return [Path(sysconfig.get_path("scripts")), Path(sys.executable).parent, Path(user), beside]
