"""What a command costs: wall time, processor time and memory of the whole process tree, by wait4(2).

Run as a program, it starts one command and prints its cost as JSON. Every command is measured through such a fresh and
small Python: Linux counts the moment between fork and exec in a child's peak memory, when it still is its parent.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass


class Unusable(Exception):
    """A command that should have succeeded did not."""


@dataclass
class Cost:
    """One command's cost: seconds, seconds of all processors, bytes; and what it printed."""

    wall: float
    cpu: float
    peak: int
    text: str = ""


def cost(command):
    """Runs a command to its end, which must be a good one; what it prints goes to memory, not to a pipe that needs a reader."""
    os.sync()  # Nobody pays for what the one before has written.
    words = [sys.executable, "-S", "-E", "-B", __file__, *map(str, command)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unusable(f"{' '.join(words)}: {done.stderr}")
    numbers = json.loads(done.stdout)
    if numbers["code"] != 0:
        raise Unusable(f"{' '.join(map(str, command))} ended with {numbers['code']}: {numbers['text'][-2000:]}")
    return Cost(numbers["wall"], numbers["cpu"], numbers["peak"], numbers["text"])


def main(command):
    output = os.memfd_create("printed")
    began = time.monotonic()
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - began
    os.lseek(output, 0, os.SEEK_SET)
    text = os.read(output, 1 << 20).decode(errors="replace")
    json.dump(
        {
            "code": os.waitstatus_to_exitcode(status),
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak": usage.ru_maxrss * 1024,
            "text": text,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
