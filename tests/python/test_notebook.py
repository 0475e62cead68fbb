"""docs/delaware.ipynb runs as it is written, over the real basin, and shows what it is kept with.

It works on a copy of tests/delaware, results included where `make demo-delaware` has left some. Pictures are compared by being there;
what depends on what was run before, or on the moment, is tagged `varies`. With RERUNOFF_NOTEBOOK=FILE it writes there what it
shows now and compares nothing: how the one in docs is made anew.
"""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "delaware.ipynb"
BASIN = ROOT / "tests" / "delaware"


def shown(cell) -> list[str]:
    """What a cell shows: its texts, and of a picture that there is one."""
    if "varies" in cell.metadata.get("tags", []):
        return []
    kinds = [output.get("data", {}) for output in cell.outputs]
    texts = [output["text"] for output in cell.outputs if output.output_type == "stream"]
    return texts + ["a picture" if "image/png" in data else data["text/plain"] for data in kinds if data]


@pytest.mark.skipif(not (BASIN / "data" / "raven").exists(), reason="`make demo-delaware` brings the data and the model")
def test_the_notebook_shows_what_it_is_kept_with(tmp_path, monkeypatch):
    shutil.copytree(BASIN, tmp_path / "tests" / "delaware", symlinks=True)
    (tmp_path / "docs").mkdir()
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    kept = nbformat.read(NOTEBOOK, as_version=4)
    notebook = nbformat.from_dict(kept)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    place = {"metadata": {"path": tmp_path / "docs"}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", record_timing=False, resources=place).execute()
    if "RERUNOFF_NOTEBOOK" in os.environ:
        notebook.metadata = kept.metadata
        nbformat.write(notebook, os.environ["RERUNOFF_NOTEBOOK"])
        return
    cells = [pair for pair in zip(kept.cells, notebook.cells, strict=True) if pair[0].cell_type == "code"]
    for before, now in cells:
        assert shown(now) == shown(before), before.source
