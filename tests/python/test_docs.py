"""docs/python.md is a recording: what it shows is what comes of it, numbers included."""

import doctest
from pathlib import Path

import pandas as pd

TOLD = Path(__file__).parents[2] / "docs" / "python.md"


def test_the_recording_is_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    with pd.option_context("display.width", 110, "display.max_columns", 20):
        failed, tried = doctest.testfile(str(TOLD), module_relative=False, optionflags=options, encoding="utf-8")
    assert tried > 15 and failed == 0
