"""The runs of a chart, looked at again and again, and what their metrics are measured by."""

from __future__ import annotations

import json
import math

import pytest
from run_folders import run_id, submitted

from orp_tui.charts.lines import Guide
from orp_tui.core.checklist import Check, Deliverable
from orp_tui.services import chart_lines
from orp_tui.services.chart_guides import guides_of, together
from orp_tui.services.chart_lines import ChartReader


def log(paths, name, *rows):
    with open(paths.run(run_id(name)).metrics, "a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def paths(project):
    return project.paths


@pytest.fixture
def reader(project):
    return ChartReader(project.context)


def steady(reader, *names):
    """The newest look; the first may not have all yet."""
    newest = None
    for _ in range(20):
        look = reader.look([run_id(name) for name in names])
        newest = look or newest
        if newest is not None and look is None:
            return newest
    raise AssertionError("there was always something new")


def test_one_run_has_its_metrics_and_needs_no_name(paths, reader):
    submitted(paths, "aaaa", experiment={"metrics": {"primary": {"name": "acc"}}})
    log(paths, "aaaa", {"step": 1, "loss": 2.0, "acc": 0.5})

    look = steady(reader, "aaaa")

    assert look.run_ids == (run_id("aaaa"),)
    assert [(run.name, list(run.series)) for run in look.runs] == [("", ["acc", "loss"])]
    assert (look.primary, look.complete, look.trouble) == ("acc", True, "")


def test_news_of_any_run_are_news_and_otherwise_there_are_none(paths, reader):
    for name in ("aaaa", "bbbb"):
        submitted(paths, name)
        log(paths, name, {"step": 1, "loss": 2.0})
    before = steady(reader, "aaaa", "bbbb")

    assert reader.look([run_id("aaaa"), run_id("bbbb")]) is None
    log(paths, "bbbb", {"step": 2, "loss": 1.0})
    after = steady(reader, "aaaa", "bbbb")

    assert [len(run.series["loss"]) for run in after.runs] == [1, 2]
    assert after.runs[0].series["loss"] is before.runs[0].series["loss"]


def test_other_runs_are_news_even_if_they_log_nothing(paths, reader):
    for name in ("aaaa", "bbbb"):
        submitted(paths, name)
        log(paths, name, {"step": 1, "loss": 2.0})
    first = steady(reader, "aaaa")

    both = steady(reader, "bbbb", "aaaa")
    again = steady(reader, "aaaa")

    assert [run.name for run in both.runs] == ["bbbb", "aaaa"]
    assert both.runs[1].series["loss"] is first.runs[0].series["loss"]
    assert again.run_ids == (run_id("aaaa"),)


def test_seeds_of_a_batch_are_a_group(paths, reader):
    for seed, name in enumerate(("aaaa", "bbbb")):
        training = {"config": {"seed": seed}, "seed_key": "seed"}
        folder = submitted(
            paths, name, seed=seed, batch="x", config={"seed": seed}, experiment={"training": training}
        )
        folder.request.write_text(json.dumps(json.loads(folder.request.read_text()) | {"name": "s"}))

    runs = steady(reader, "aaaa", "bbbb").runs

    assert [run.name for run in runs] == ["s seed=0", "s seed=1"]
    assert runs[0].seeds is not None
    assert runs[0].seeds == runs[1].seeds
    assert [run.group_name for run in runs] == ["s", "s"]


def test_more_runs_than_a_chart_takes_are_counted(paths, reader, monkeypatch):
    monkeypatch.setattr(chart_lines, "MOST_RUNS", 2)
    for name in ("aaaa", "bbbb", "cccc"):
        submitted(paths, name)

    look = steady(reader, "aaaa", "bbbb", "cccc")

    assert len(look.runs) == 2
    assert look.trouble == "1 more run than a chart takes"
    assert len(look.run_ids) == 3


def test_a_run_whose_request_is_gone_or_broken_is_called_by_its_id(paths, reader):
    submitted(paths, "aaaa").request.write_text("{")
    submitted(paths, "bbbb")
    log(paths, "aaaa", {"step": 1, "loss": 2.0})

    look = steady(reader, "aaaa", "bbbb")

    assert look.runs[0].name == run_id("aaaa")
    assert "loss" in look.runs[0].series


def test_what_is_wrong_with_one_of_several_is_said_with_its_name(paths, reader):
    for name in ("aaaa", "bbbb"):
        submitted(paths, name)
        log(paths, name, {"step": 1, "loss": 2.0})
    with open(paths.run(run_id("bbbb")).metrics, "a") as file:
        file.write("nonsense\n")

    assert steady(reader, "aaaa", "bbbb").trouble.startswith("bbbb: metrics.jsonl")


# Guides


def threshold(metric, operator, value):
    return Deliverable(0, "e", "m.json", True, (Check("threshold", {"metric": metric, "operator": operator, "value": value}), Check("exists")))  # fmt: skip


def request_of(paths, name, **values):
    return json.loads(submitted(paths, name, **values).request.read_text())


def test_a_threshold_of_a_deliverable_is_a_goal_of_its_metric(project):
    request = request_of(project.paths, "aaaa", deliverables=(threshold("eval.acc", ">=", 0.9),))

    assert guides_of(project.context, request) == {"eval/acc": (Guide("goal", 0.9, "goal >= 0.9"),)}


@pytest.mark.parametrize("value", ["0.9", None, math.inf, True, [1]])
def test_a_threshold_that_is_no_number_is_none(project, value):
    request = {
        "deliverables": [{"checks": [{"check": "threshold", "metric": "a", "operator": ">", "value": value}]}]
    }

    assert guides_of(project.context, request) == (
        {"a": (Guide("goal", 1.0, "goal > 1"),)} if value is True else {}
    )


def test_the_newest_value_of_the_baseline_run_is_its_line(project):
    run = project.submit()
    (project.paths.run(run).metrics).write_text('{"step": 1, "acc": 0.5}\n{"step": 2, "acc": 0.7}\n')
    experiment = {"analysis": {"baseline": run}, "metrics": {"primary": {"name": "acc"}}}

    found = guides_of(project.context, {"experiment": experiment})

    assert found == {"acc": (Guide("baseline", 0.7, "baseline 0.7"),)}
    assert guides_of(project.context, {"id": run, "experiment": experiment}) == {}


def test_a_baseline_that_is_not_there_is_no_line(project):
    experiment = {"analysis": {"baseline": "last:nobody"}, "metrics": {"primary": {"name": "acc"}}}

    assert guides_of(project.context, {"experiment": experiment}) == {}
    assert guides_of(project.context, {"experiment": "x"}) == {}


def test_of_several_runs_the_same_goal_is_one():
    goal, other = Guide("goal", 1.0, "goal > 1"), Guide("goal", 2.0, "goal > 2")

    assert together([{"a": (goal,)}, {"a": (goal, other)}, {"b": (goal,)}]) == {
        "a": (goal, other),
        "b": (goal,),
    }
