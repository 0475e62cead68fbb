"""What a task costs beyond its simulators: the example on a Slurm of this machine's cores, beside a run on it.

    python3 benches/cluster.py target/release/rerunoff          as root, with Slurm installed: see tests/cluster

Both begin with what is known of a run before, as tasks are packed by that. The time until the first simulator of the first task
is told by itself: a queue takes what it takes.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from projects import Project

ROOT = Path(__file__).resolve().parent.parent
RIG = ROOT / "tests" / "cluster" / "slurm.sh"


def first_claim(folder, began, found, over):
    """When the first task had taken its batch, in seconds."""
    while not found and not over.is_set():
        if any(folder.glob("cache/cluster/*/claims/*.0")):
            found.append(time.monotonic() - began)
        time.sleep(0.005)


def timed(project, variables, *arguments):
    """Seconds of a run in which everything is new, and seconds until its first task has begun."""
    os.sync()  # Nobody pays for what the one before has written.
    began, found, over = time.monotonic(), [], threading.Event()
    looking = threading.Thread(target=first_claim, args=(project.folder, began, found, over))
    looking.start()
    command = [project.rerunoff, "-C", project.folder, "run", "--quiet", *arguments]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    over.set()
    looking.join()
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return wall, found[0] if found else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=8760)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "bench-cluster")
    options = parser.parse_args()

    cores = len(os.sched_getaffinity(0))
    project = Project(options.binary.resolve(), options.folder / f"{options.catchments}x{options.steps}", options.catchments, options.steps)
    text = project.config.read_text().split("\n[cluster]")[0]
    table = f'engine = "slurm"\ncores = {cores}\nask_every = "5s"\n'
    with tempfile.TemporaryDirectory() as folder:
        # What a task keeps on its node goes with the node, however this ends.
        project.config.write_text(f'{text}\n[cluster]\n{table}scratch = "{folder}/scratch"\n')
        rig = {**os.environ, "CLUSTER_HOLDER": str(os.getpid()), "SLURM_TEST_DISK": "2g"}
        subprocess.run([RIG, "up", folder, "1", str(cores)], env=rig, stdout=subprocess.DEVNULL, check=True)
        variables = {"SLURM_CONF": f"{folder}/slurm.conf", "RERUNOFF_CLUSTER_FILE": ""}
        try:
            project.forget()
            timed(project, variables, "--local")
            ratios = []
            for _ in range(options.rounds):
                # Every key is new, what is known of each catchment's time is kept.
                here, elsewhere = [], []
                for times, arguments in ((here, ["--local"]), (elsewhere, [])):
                    project.tweaks += 1
                    project.edit(r"^k = [0-9.]+", f"k = {0.012 + (time.time() % 1e6) * 1e-9:.15f}")
                    times.extend(timed(project, variables, *arguments))
                ratio = (elsewhere[0] - elsewhere[1]) / here[0]
                ratios.append(ratio)
                print(
                    f"here {here[0]:6.1f} s   on Slurm {elsewhere[0]:6.1f} s, of which {elsewhere[1]:4.1f} s"
                    f" until the first task   ratio {ratio:.3f}",
                    flush=True,
                )
            print(f"median ratio {statistics.median(ratios):.3f}")
        finally:
            subprocess.run([RIG, "down", folder], check=True)


if __name__ == "__main__":
    main()
