"""`python -m rerunoff …` is `rerunoff …`."""

import os
import sys

from ._binary import binary

if __name__ == "__main__":
    program = str(binary())
    os.execv(program, [program, *sys.argv[1:]])
