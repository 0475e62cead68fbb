"""What methods return is what the program prints in its other forms: as CSV, read by pandas, and in the product itself."""

import io

import numpy as np
import pandas as pd
import pandas.testing as same
import pytest

import rerunoff
from conftest import CATCHMENTS, STEPS


def csv(text: str, index) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype={"catchment": str, "sample": str}).set_index(index)


def test_a_run_and_what_is_said_of_it(example):
    assert example.status().stale == CATCHMENTS
    plan = example.plan()
    assert (plan.would_run, plan.refused) == (CATCHMENTS, None)
    run = example.run(quiet=True)
    assert (run.fresh, run.run, run.failed) == (CATCHMENTS, CATCHMENTS, 0)
    assert [product.state for product in run.products] == ["written"]
    assert run.products[0].path == example.product_file()
    status = example.status()
    assert (status.fresh, status.stale, len(status.causes)) == (CATCHMENTS, 0, 0)
    changed = example.status(set={"k": 0.013})
    assert changed.causes.to_dict("records") == [{"cause": "k 0.012 → 0.013", "count": CATCHMENTS}]
    assert changed.seconds is not None


def test_runs_and_tags(ran):
    ran.run(set={"k": 0.013}, only=[70003, "70004"], quiet=True)
    ran.run(set={"k": 0.014}, tag="faster", quiet=True)
    runs = ran.runs()
    assert list(runs.index) == sorted(runs.index, reverse=True)
    last = runs.iloc[0]
    assert (last["ran"], last["causes"], last["set"]) == (2, "k 0.012 → 0.013 (2)", {"k": 0.013})
    assert runs.iloc[1]["set"] == {} and str(runs["ended"].dtype).endswith("UTC]")
    ran.tag("two")
    tags = ran.tags()
    assert list(tags.index) == ["faster", "two"]
    assert tags.loc["faster", "set"] == {"k": 0.014} and tags.loc["two", "results"] == CATCHMENTS
    ran.tag("two", delete=True)
    assert list(ran.tags().index) == ["faster"]


def test_the_product_is_what_is_there_now(ran):
    before = ran.product()
    first = before["concentration"].load()
    assert dict(first.sizes) == {"time": STEPS, "catchment": CATCHMENTS}
    ran.run(set={"C_back_cal": 25.0}, quiet=True)
    # The file that was opened before is not the one that is there now.
    after = ran.product()["concentration"].load()
    assert not np.array_equal(first, after, equal_nan=True)
    exported = ran.export("70002")["concentration"].to_numpy()
    assert np.array_equal(after.isel(catchment=1).to_numpy(), exported, equal_nan=True)
    before.close()


def test_diff_is_that_of_the_csv(ran, printed):
    ran.tag("before")
    ran.run(set={"beta": 7e-5}, quiet=True)
    diff = ran.diff("before")
    assert diff.then == 'tag "before"' and diff.compared == CATCHMENTS
    expected = csv(printed(ran, "diff", "before", "--csv"), ["catchment", "variable"])
    changes = diff.changes
    assert list(changes.index) == list(expected.index)
    names = ["steps_changed", "largest_absolute", "largest_relative"]
    same.assert_frame_equal(changes[names], expected[names], check_dtype=False, check_exact=True)
    times = pd.to_datetime(expected["largest_absolute_time"])
    assert changes["largest_absolute_time"].equals(times.astype(changes["largest_absolute_time"].dtype))


def test_exports_are_those_of_the_csv(ran, printed):
    frame = ran.export("70001", "70003")
    expected = csv(printed(ran, "export", "70001", "70003", "--csv"), ["catchment", "time"])
    assert list(frame.index.get_level_values("catchment")) == list(expected.index.get_level_values("catchment"))
    assert list(frame.index.get_level_values("time")) == list(pd.to_datetime(expected.index.get_level_values("time")))
    same.assert_frame_equal(frame.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True)
    assert frame.attrs["units"]["concentration"] == ran.product()["concentration"].attrs["units"]


def test_summaries_are_those_of_the_product(ran):
    frame, product = ran.summary(), ran.product()
    assert set(frame["status"]) == {"ok"} and len(frame) == CATCHMENTS
    for name in ("c_p95", "c_max"):
        assert np.array_equal(frame[name].to_numpy(dtype=float), product[name].to_numpy())


def test_evaluations_are_those_of_the_csv(ran, printed, tmp_path):
    samples = pd.DataFrame({"scenario": ["low", "high", "bad"], "k": [0.011, 0.1 + 0.2, -0.013], "beta": [5e-5, 7e-5, 5e-5]})
    frame = ran.evaluate(samples=samples, at=["70002", "70003"])
    file = tmp_path / "samples.csv"
    samples.to_csv(file, index=False)
    expected = csv(printed(ran, "evaluate", "--samples", str(file), "--at", "70002,70003", code=1), "sample")
    same.assert_frame_equal(frame[expected.columns], expected, check_dtype=False, check_exact=True)
    same.assert_frame_equal(
        frame[[*expected.columns, "reason"]],
        ran.evaluate(samples=file, at=["70002", "70003"])[[*expected.columns, "reason"]],
        check_exact=True,
    )
    assert list(frame.columns[:4]) == ["status", "reason", "k", "beta"]
    assert list(frame["status"]) == ["ok", "ok", "failed"]
    assert "70002" in frame.loc["bad", "reason"] and pd.isna(frame.loc["low", "reason"])
    assert frame.attrs["units"]["c_p95[70003]"] == ran.product()["c_p95"].attrs["units"]
    assert frame.loc["high", "k"] == 0.1 + 0.2


def test_why_has_each_part_then_and_now(ran):
    why = ran.why(70002, "70003", set={"k": 0.013})
    assert list(why.states["state"]) == ["stale", "stale"]
    [change] = why.changes.loc[["70002"]].to_dict("records")
    assert change == {"kind": "parameter", "name": "k", "then": "0.012", "now": "0.013", "text": "k: 0.012 → 0.013"}
    assert "  k: 0.012 → 0.013" in str(why).splitlines()
    parts = ran.why("70002").parts
    assert "k = 0.012" in list(parts["text"])


def test_scenarios_come_first(ran):
    file = ran.directory / "rerunoff.toml"
    file.write_text(file.read_text() + "\n[sweep.k]\nvalues = [0.012, 0.013]\n")
    ran.run(quiet=True)
    status = ran.status()
    assert list(status.scenarios.index) == ["k=0.012", "k=0.013"] and set(status.scenarios["fresh"]) == {CATCHMENTS}
    summary = ran.summary(scenario="*0.013")
    assert summary.index.names == ["scenario", "catchment"] and len(summary) == CATCHMENTS
    diff = ran.diff("k=0.012", "k=0.013").changes
    assert diff.index.names[-2:] == ["catchment", "variable"]
    assert ran.product().sizes["scenario"] == 2
    file.write_text(file.read_text().replace('file = "output.', 'file = "{scenario}.'))
    with pytest.raises(ValueError, match="k=0.012, k=0.013"):
        ran.product_file()
    assert ran.product_file("k=0.013").name.startswith("k=0.013.")
    ran.run(quiet=True)
    assert "scenario" not in ran.product("k=0.013").dims


def test_restoring_a_tag(ran):
    ran.tag("first")
    first = ran.product()["concentration"].load()
    ran.run(set={"k": 0.013}, quiet=True)
    restored = ran.restore("first")
    assert (restored.results, restored.missing) == (CATCHMENTS, 0)
    assert first.equals(ran.product()["concentration"].load())


def test_a_report_is_where_it_is_said_to_be(ran, tmp_path):
    ran.tag("first")
    assert ran.report() == ran.directory / "report.html"
    page = ran.report(tmp_path / "page.html", since="first", only=["70001", "70002"])
    assert page.read_bytes().startswith(b"<!")
    with pytest.raises(rerunoff.UsageError, match="there is no tag"):
        ran.report(since="second")


def test_objectives_over_gauges_have_no_catchment(ran):
    (ran.directory / "observed.csv").write_text("time,70002\n2009-01-01T00:00,1\n2009-01-02T00:00,2\n2009-01-03T00:00,2.5\n")
    file = ran.directory / "rerunoff.toml"
    more = '[observations]\nq = { file = "observed.csv", variable = "discharge", simulated = "mean" }\n[objective]\nnse = { of = "q", statistic = "nse" }\n'
    file.write_text(file.read_text() + more)
    run = ran.run(quiet=True)
    numbers = run.objectives
    assert numbers.equals(ran.status().objectives)
    assert list(numbers.index.get_level_values("objective")) == ["nse", "nse"]
    gauge, over = numbers["number"]
    assert gauge == over and list(numbers.index) == [("nse", "70002"), ("nse", "")]
    assert ran.evaluate(numbers="nse").loc["project", "nse[70002]"] == gauge
