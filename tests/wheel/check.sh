#!/bin/sh
# check.sh PYTHON WHEEL: the wheel in an empty environment, as `pip install` leaves it: both commands run the example, and Python finds
# them; then, in the environment of PYTHON, which has pandas and xarray, the package's own tests on what the wheel installs.
set -eu
python=$1 wheel=$(realpath "$2")
root=$(realpath "$(dirname "$0")/../..")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
unset RERUNOFF_BINARY PYTHONPATH

"$python" -m venv "$home/empty"
"$home/empty/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
cd "$home"
PATH="$home/empty/bin:/usr/bin:/bin"
rerunoff init --example --catchments 20 rhine
rerunoff -C rhine run
[ "$(rerunoff -C rhine status --json | python -c 'import json, sys; print(json.load(sys.stdin)["fresh"])')" = 20 ]
python -c 'import rerunoff; assert rerunoff.open("rhine").run(quiet=True).fresh == 20'

"$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --target "$home/installed" "$wheel"
cd "$root"
PYTHONPATH="$home/installed" "$python" -B -m pytest -q -p no:cacheprovider tests/python
