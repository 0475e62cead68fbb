"""A shell: what the page shows of the project and the first command, then a row for each value of a loop, of which the best is told."""

import subprocess
from pathlib import Path

import pandas as pd

from creek import Creek, agrees, project_of_the_page, sessions_of_the_page

creek = Creek()
assert Path("rerunoff.toml").read_text().endswith(project_of_the_page())
for command, printed in sessions_of_the_page():
    assert creek.run(command) == printed, command

creek.write("scan.sh")
best = creek.run("./scan.sh").strip()
table = pd.read_csv("scan.csv")
assert list(table["GR4J_X1"]) == list(range(100, 1501, 100))
assert (table["status"] == "ok").all()
at = table["nse"].idxmax()
assert best == Path("scan.csv").read_text().splitlines()[1 + at], f"{best} is told as the best"
told = creek.efficiency_by(f"rerunoff run --set GR4J_X1={table['GR4J_X1'][at]}")
agrees("the best row's NSE", table["nse"][at], told)

# Raven refuses the last.
creek.write("scan.sh", ("seq 100 100 1500", "echo 300; echo 0"))
done = subprocess.run(["./scan.sh"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
table = pd.read_csv("scan.csv")
assert list(table["status"]) == ["ok", "failed"] and table["nse"].isna().tolist() == [False, True]
assert "is not finite" in done.stderr, done.stderr

# Nothing is told as the best where no set was asked for.
creek.write("scan.sh", ("echo GR4J_X1", "echo GR4J_X9"))
done = subprocess.run(["./scan.sh"], capture_output=True, text=True)
assert (done.returncode, done.stdout) == (2, ""), done
print("a shell: 15 and 2 sets, 1 failed")
