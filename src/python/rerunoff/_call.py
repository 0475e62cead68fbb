"""One call of the program: words in, one document out, or an exception.

This knows that with `--json` one document is printed on standard output and all else on standard error, and how a
program is ended. What verbs tell is known elsewhere.
"""

from __future__ import annotations

import codecs
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from . import errors
from ._binary import binary

#: The version of the documents that is understood. Within it nothing goes or changes its meaning.
VERSION = 1

Document = dict[str, Any]


def document(directory: Path, verb: str, words: Sequence[str], *, quiet: bool = True, refusable: bool = False) -> Document:
    """What `rerunoff VERB WORDS --json` prints in the project's folder.

    Without `quiet`, what it says on standard error goes to `sys.stderr` as it comes, which notebooks show. With
    `refusable`, an error beside what a document tells is left in it. Raises what `errors` has.
    """
    code, out, said = _finished(directory, [verb, "--json", *words], quiet=quiet)
    try:
        found: Document = json.loads(out)
        version = found["version"]
    except (ValueError, KeyError, TypeError):
        raise errors.of_text(said, code) from None
    if version != VERSION:
        raise errors.RerunoffError(
            f"{binary()} prints documents of version {version}, and this package knows version {VERSION}: have both of one release",
            code,
        )
    if "error" in found and not (refusable and len(found) > 2):
        raise errors.of_document(found["error"])
    return found


def without_document(directory: Path, verb: str, words: Sequence[str]) -> None:
    """Has a verb do what it does only without `--json`; what it prints is nobody's. Raises what `errors` has."""
    code, _, said = _finished(directory, [verb, *words], quiet=True)
    if code != 0:
        raise errors.of_text(said, code)


def _finished(directory: Path, words: Sequence[str], *, quiet: bool) -> tuple[int, str, str]:
    """Runs the program to its end: its exit code, and what it printed on standard output and standard error."""
    said: list[bytes] = []
    listener: threading.Thread | None = None
    process = subprocess.Popen(
        [str(binary()), f"--directory={directory}", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What Python opens is not inherited anyway; make's jobserver is, so that simulators count as make's jobs.
        close_fds=False,
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        listener = threading.Thread(target=_listen, args=(process.stderr, said, quiet), daemon=True)
        listener.start()
        with process.stdout:
            out = process.stdout.read()
        code = process.wait()
    except BaseException:
        # A terminal has interrupted the program, too; elsewhere it does not know yet. TERM is never taken for a second INT,
        # so that it ends its simulators and keeps what is finished either way.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        raise
    finally:
        # An interrupt may have come before it was started.
        if listener is not None and listener.is_alive():
            listener.join()
        if process.stderr is not None:
            process.stderr.close()
    return code, out.decode("utf-8", "replace"), b"".join(said).decode("utf-8", "replace")


def _listen(stream: IO[bytes], said: list[bytes], quiet: bool) -> None:
    """Keeps what is said, and hands it on at once unless it is to be quiet."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        chunk = os.read(stream.fileno(), 65536)
        said.append(chunk)
        if not quiet:
            try:
                sys.stderr.write(decoder.decode(chunk, final=not chunk))
                sys.stderr.flush()
            except (AttributeError, OSError, ValueError):
                # There is no such stream, it was closed, or it can't have these letters. The program waits for a reader even so.
                quiet = True
        if not chunk:
            return
