"""What the program is told and how it ends: values to the bit, errors as exceptions, interrupts, other versions."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import rerunoff
from rerunoff import _values

#: What a run of one catchment prints, without what nobody asks for here.
RAN = json.dumps(
    {"version": 1, "product": None, "catchments": 1, "run": 1, "seconds": 0.1, "gave_up": False}
    | dict.fromkeys(("fresh", "failed", "under_way", "stale", "skipped"), 0)
)

SAYS_VALUES = "echo flow > out.txt; echo {k} >> out.txt; echo 'soil {soil}'\n"


def test_values_arrive_to_the_bit(shell):
    project = shell(SAYS_VALUES)
    for k in (0.1 + 0.2, np.float64(1e-300), np.float32(0.1), 5, np.int64(-7), -0.0):
        project.run(set={"k": k}, quiet=True, check=True)
        assert set(project.runs().iloc[0]["set"].values()) == {float(k)}
        assert list(project.product()["flow"]) == [float(k), float(k)]


def test_texts_stay_texts(shell):
    project = shell(SAYS_VALUES)
    for soil in ("3", 'a "quoted" \\ one', "", "täglich", "a=b", " spaced ", "[1"):
        assert project.status(set={"soil": soil}).document["set"] == {"soil": soil}
        frame = pd.DataFrame({"soil": [soil], "k": [0.5]})
        assert project.status(samples=frame).document["scenarios"][0]["stale"] == 2


def test_lists_and_arrays(shell):
    project = shell(SAYS_VALUES)
    for depths in (np.array([0.1, 2.0]), [1, 2, "three"], ()):
        assert project.status(set={"depths": depths}).document["set"] == {"depths": list(depths)}


@pytest.mark.parametrize("value", [None, True, object(), {"a": 1}])
def test_what_is_no_value_is_refused_here(value):
    with pytest.raises(TypeError, match="a parameter can't be"):
        _values.literal(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_the_program(shell, value):
    project = shell(SAYS_VALUES)
    with pytest.raises(rerunoff.UsageError):
        project.status(set={"k": value})
    with pytest.raises(rerunoff.UsageError):
        project.status(samples=[{"k": value}])


def test_long_lists_of_catchments(example):
    ids = [str(70001 + at) for at in range(6)] * 60
    assert example.plan(only=ids).would_run == 6
    with pytest.raises(rerunoff.UsageError, match="7,1"):
        example.plan(only=["7,1"])


def test_errors_are_those_of_the_program(example, tmp_path):
    with pytest.raises(rerunoff.RerunoffError, match="rerunoff.toml"):
        rerunoff.open(tmp_path / "nowhere")
    with pytest.raises(rerunoff.UsageError, match="99999") as caught:
        example.why("99999")
    assert (caught.value.exit_code, caught.value.kind) == (2, "usage")
    with pytest.raises(rerunoff.RefusedError) as refused:
        example.run(max_rerun=3, quiet=True)
    assert refused.value.exit_code == 5 and refused.value.error["would_run"] == 6
    plan = example.plan(max_rerun=3)
    assert plan.would_run == 6 and plan.refused is not None
    file = example.directory / "rerunoff.toml"
    file.write_text(file.read_text().replace("timeout =", "tmeout ="))
    with pytest.raises(rerunoff.ProjectFileError, match="did you mean `timeout`") as fault:
        rerunoff.open(example.directory)
    assert fault.value.file == str(file) and fault.value.line is not None


def test_failures_are_told_or_raised(shell):
    project = shell("echo wrong; exit 3\n")
    run = project.run(quiet=True)
    assert run.failed == 2 and list(run.failures.index) == ["a", "b"]
    assert project.status().failed == 2
    with pytest.raises(rerunoff.FailedError, match="2 of 2 failed, 0 can't be run; the first, a: ") as caught:
        project.run(check=True, quiet=True)
    assert caught.value.run.failed == 2 and caught.value.exit_code == 1


def test_nothing_to_open_yet(example):
    with pytest.raises(FileNotFoundError, match="`run` makes it"):
        example.product()


def test_what_is_said_on_the_way_is_heard(example, capsys):
    example.run(quiet=True)
    assert capsys.readouterr().err == ""
    example.run(force=True)
    assert "ran 6 of 6" in capsys.readouterr().err


# A shell has what it starts in the background ignore interrupts, and these tests with it.
SLEEPER = """
import signal, sys, rerunoff
signal.signal(signal.SIGINT, signal.default_int_handler)
project = rerunoff.open(sys.argv[1])
print("ready", flush=True)
project.run()
"""


@pytest.mark.parametrize("whole_group", [True, False], ids=["as a terminal", "as a kernel"])
def test_an_interrupt_ends_the_program_too(shell, whole_group):
    project = shell("sleep 60\n")
    started = time.monotonic()
    command = [sys.executable, "-c", SLEEPER, str(project.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as python:
        assert python.stdout is not None and python.stderr is not None
        assert python.stdout.readline() == "ready\n"
        time.sleep(1.5)
        (os.killpg if whole_group else os.kill)(python.pid, signal.SIGINT)
        said = python.stderr.read()
        assert python.wait() != 0
    assert "KeyboardInterrupt" in said
    assert time.monotonic() - started < 30
    # Nobody is at work any more.
    project.tag("after")


def stand_in(tmp_path, monkeypatch, script: str) -> rerunoff.Project:
    program = tmp_path / "stand-in"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("RERUNOFF_BINARY", str(program))
    return rerunoff.Project(tmp_path)


def test_another_version_is_refused(tmp_path, monkeypatch):
    project = stand_in(tmp_path, monkeypatch, 'echo \'{"version": 2, "tags": []}\'')
    with pytest.raises(rerunoff.RerunoffError, match="version 2, and this package knows version 1"):
        project.tags()


def test_a_program_that_dies_is_told_of(tmp_path, monkeypatch):
    project = stand_in(tmp_path, monkeypatch, "echo 'error: no room' >&2; exit 4")
    with pytest.raises(rerunoff.UnreadableError, match="no room"):
        project.tags()
    project = stand_in(tmp_path, monkeypatch, "kill -9 $$")
    with pytest.raises(rerunoff.RerunoffError, match="said nothing") as caught:
        project.tags()
    assert caught.value.exit_code == -9


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stderr", [None, closed(), io.TextIOWrapper(io.BytesIO(), "ascii")], ids=["none", "closed", "ascii"])
def test_a_program_is_heard_to_its_end_where_nobody_listens(tmp_path, monkeypatch, stderr):
    says = "head -c 200000 /dev/zero | tr '\\0' e | sed s/e/é/ >&2"
    project = stand_in(tmp_path, monkeypatch, f"{says}; echo '{RAN}'")
    monkeypatch.setattr(sys, "stderr", stderr)
    assert project.run().run == 1


def test_letters_are_whole_however_they_come(tmp_path, monkeypatch, capsys):
    says = "printf 't\\303' >&2; sleep 0.2; printf '\\244glich \\303' >&2"
    stand_in(tmp_path, monkeypatch, f"{says}; echo '{RAN}'").run()
    assert capsys.readouterr().err == "täglich \ufffd"


def test_an_error_of_a_kind_that_is_not_known_is_one(tmp_path, monkeypatch):
    error = '{"version": 1, "error": {"kind": "new", "exit_code": 9, "message": "something"}}'
    project = stand_in(tmp_path, monkeypatch, f"echo '{error}'; exit 9")
    with pytest.raises(rerunoff.RerunoffError, match="something") as caught:
        project.tags()
    assert (caught.value.exit_code, caught.value.kind) == (9, "new")


def test_where_there_is_no_program(monkeypatch, tmp_path):
    monkeypatch.setenv("RERUNOFF_BINARY", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("rerunoff._binary._script_folders", lambda: [tmp_path])
    with pytest.raises(FileNotFoundError, match="RERUNOFF_BINARY"):
        rerunoff.binary()
    monkeypatch.setenv("RERUNOFF_BINARY", str(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="RERUNOFF_BINARY names .*elsewhere, where there is no program"):
        rerunoff.binary()


def test_the_module_is_the_program(ran):
    done = subprocess.run([sys.executable, "-m", "rerunoff", "-C", ran.directory, "run"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("6 fresh, 0 run, 0 failed")


def test_nothing_heavy_is_imported_at_first(ran):
    script = (
        "import sys, rerunoff; p = rerunoff.open(sys.argv[1]); p.status(); p.run(quiet=True); p.plan();"
        "sys.exit(', '.join({'pandas', 'xarray', 'numpy'} & sys.modules.keys()) or 0)"
    )
    subprocess.run([sys.executable, "-c", script, ran.directory], check=True)
