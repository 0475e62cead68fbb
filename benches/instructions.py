"""Instructions that rerunoff itself executes, counted by callgrind: the same number on a machine that has other work to do.

What simulators and guards do is not counted, nor what the system does for anybody. Callgrind takes fifty times as long as the program
alone, so this is for few catchments.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from measure import Unusable

# Under valgrind `/proc/self/exe`, by which rerunoff starts its guards, is valgrind.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]) =
        dlsym(RTLD_NEXT, "posix_spawnp");
    return real(pid, strcmp(file, "/proc/self/exe") ? file : getenv("RERUNOFF_ITSELF"), actions, attributes, argv, envp);
}
"""


def instructions(scratch, rerunoff, *arguments):
    """How many instructions `rerunoff` takes for these arguments; `None` where callgrind or a C compiler is missing."""
    valgrind, compiler = shutil.which("valgrind"), shutil.which("cc")
    if not valgrind or not compiler:
        return None
    source, shim = (Path(scratch) / name for name in ("shim.c", "shim.so"))
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    words = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", rerunoff, *map(str, arguments)]
    environment = os.environ | {"LD_PRELOAD": str(shim.resolve()), "RERUNOFF_ITSELF": str(Path(rerunoff).resolve())}
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not counted:
        raise Unusable(f"{' '.join(map(str, words))}: {done.stderr[-2000:]}")
    return int(counted[1])


def of_a_cold_run(project):
    """The instructions of a first run of a project, product included."""
    project.forget()
    return instructions(project.folder.parent, project.rerunoff, "-C", project.folder, "run", "--quiet")
