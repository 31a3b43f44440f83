"""The primary metric of real runs, wherever it was logged."""

from __future__ import annotations

import sys

import pytest

from orp_tui.core.layout import RunPaths
from orp_tui.core.states import RunState
from orp_tui.engine.finaliser import measured
from orp_tui.engine.results import OF_PART, primary
from orp_tui.files.atomic import write_json
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue
from orp_tui.services import ended_metrics
from orp_tui.services.again import resume
from orp_tui.services.ended_metrics import ended_chain
from orp_tui.services.judged import ended_standing, shown_standing, standing_of
from orp_tui.services.metric_source import find_metrics, read_metrics

OWN = """
import json, os
with open(os.environ["ORP_METRICS_FILE"], "a") as out:
    for step, (val, acc) in enumerate([(3.0, 0.1), (1.0, 0.7), (2.0, 0.9)]):
        out.write(json.dumps({"step": step, "val_loss": val, "test_acc": acc}) + chr(10))
"""
CSV = """
with open("metrics.csv", "w") as out:
    out.write("step,val_loss,test_acc" + chr(10))
    for step, (val, acc) in enumerate([(3.0, 0.1), (1.0, 0.7), (2.0, 0.9)]):
        out.write(f"{step},{val},{acc}" + chr(10))
"""


def ended(project, script, primary):
    """The result of a run of that Python script."""
    (project.folder / "train.py").write_text(script)
    source = project.source([sys.executable, "train.py"])
    source.plan.experiment["metrics"] = {"primary": primary} if primary else {}
    run_id = project.submit_source(source)
    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED
    return project.result(run_id)


@pytest.mark.parametrize("script", [OWN, CSV], ids=["in its own file", "in a table"])
def test_the_result_has_the_primary_at_the_best_step_and_the_last_values_beside_it(project, script):
    primary = {"name": "test_acc", "goal": "maximize", "at": {"best": "val_loss", "goal": "minimize"}}
    result = ended(project, script, primary)

    assert result["primary"] == {
        "name": "test_acc", "goal": "maximize", "at": "at the best val_loss", "value": 0.7, "step": 1.0, "warning": None, "of": "run",
    }  # fmt: skip
    assert result["metrics"] == {"val_loss": 2.0, "test_acc": 0.9}


def test_a_primary_that_was_not_logged_and_none_are_told_apart(project):
    assert ended(project, OWN, {"name": "f1"})["primary"]["value"] is None
    assert ended(project, OWN, None)["primary"] is None


PARTS = """
import json, os, sys
PARTS = [[(50, 2.0, 0.5), (60, 1.0, 0.6), (70, 1.5, 0.65)], [(71, 1.6, 0.7), (75, 1.7, 0.72)], [(76, 1.2, 0.71)]]
part = int(sys.argv[2].partition("-")[2]) if sys.argv[1:] else 0
for step, val, acc in PARTS[part]:
    row = json.dumps({"step": step, "val_loss": val, **({} if LEFT_OUT else {"acc": acc})})
    print(row, file=open(os.environ["ORP_METRICS_FILE"] if OWN else "log.jsonl", "a"))
os.makedirs(f"ckpt-{part + 1}")
sys.exit(part < 2)
"""
RESUMABLE = {"checkpoints": {"path": "ckpt-*"}, "resume": ["--from", "{last_checkpoint}"]}
AT_BEST = {"name": "acc", "goal": "maximize", "at": {"best": "val_loss"}}


def chained(project, primary, *, own):
    """The results of a run that dies, goes on, dies and goes on to its end."""
    script = PARTS.replace("OWN", str(own)).replace(
        "LEFT_OUT", "part == 2" if primary != AT_BEST else "False"
    )
    (project.folder / "train.py").write_text(script)
    source = project.source([sys.executable, "train.py"], **RESUMABLE)
    source.plan.experiment["metrics"] = {"primary": primary}
    run_ids = [project.submit_source(source)]
    project.settle()
    for _ in range(2):
        with project.context.store() as connection:
            run_ids.append(resume(project.context, connection, project.row(run_ids[-1])))
        project.accepted.append(run_ids[-1])
        project.settle()
    return [project.result(run_id) for run_id in run_ids]


@pytest.mark.parametrize("own", [True, False], ids=["in its own file", "in a file of the workspace"])
def test_a_resumed_run_is_judged_at_the_best_step_of_all_its_chain(project, own):
    results = chained(project, AT_BEST, own=own)

    found = [(each["primary"]["value"], each["primary"]["step"], each["primary"]["of"]) for each in results]
    assert found == [(0.6, 60, "run"), (0.6, 60, "chain"), (0.6, 60, "chain")]
    assert [each["metrics"]["acc"] for each in results] == [0.65, 0.72, 0.71]
    last = ended_standing(project.run(results[-1]["experiment_id"]))
    assert (last.words, last.warning) == ("acc 0.6 @60", "")
    curve = read_metrics(find_metrics(str(project.run(results[-1]["experiment_id"]).folder))).series
    assert curve["val_loss"].summary.lowest_step == last.step


def test_the_last_value_of_a_chain_whose_newest_run_logged_none_is_the_one_before(project):
    results = chained(project, {"name": "acc"}, own=True)
    found = [(each["primary"]["value"], each["primary"]["step"]) for each in results]
    assert found == [(0.65, 70), (0.72, 75), (0.72, 75)]


def test_a_chain_that_cannot_be_read_is_judged_by_its_newest_part_which_says_so(tmp_path):
    folder = RunPaths(tmp_path)
    folder.metrics.write_text('{"step": 71, "val": 1.0, "acc": 0.7}\n')
    rule = PrimaryRule.of({"metrics": {"primary": AT_BEST | {"at": {"best": "val"}}}})

    def fails():
        raise RuntimeError("a reader of somebody else's")

    for chain in (dict, fails):
        found = measured(folder, rule, None, chain)
        assert (found.primary, found.is_of_part) == (PrimaryValue(0.7, 71.0), True)
    told = primary(rule, found.primary, "own part")
    assert told["warning"] == OF_PART
    assert standing_of(told).warning == OF_PART


def test_a_chain_is_not_asked_where_the_last_value_counts_and_is_there(tmp_path):
    folder = RunPaths(tmp_path)
    folder.metrics.write_text('{"step": 71, "acc": 0.7}\n')
    rule = PrimaryRule.of({"metrics": {"primary": {"name": "acc"}}})
    assert measured(folder, rule, None, pytest.fail).primary == PrimaryValue(0.7, 71.0)
    assert measured(folder, None, None, pytest.fail).primary is None


def test_more_than_can_be_read_in_time_is_nothing(project, monkeypatch):
    run_id = chained(project, AT_BEST, own=True)[-1]["experiment_id"]
    assert ended_chain(project.paths, run_id)["acc"].summary.count == 6
    monkeypatch.setattr(ended_metrics, "LIMIT_S", -1.0)
    assert ended_chain(project.paths, run_id) == {}


def test_a_table_shows_the_first_metric_of_an_ended_run_without_a_primary(project):
    run_id = ended(project, OWN, None)["experiment_id"]
    folder = project.run(run_id)
    assert ended_standing(folder) is None
    found = shown_standing(folder)
    assert (found.words, found.is_primary) == ("val_loss 2", False)


@pytest.mark.parametrize("odd", [None, [], {}, {"loss": None}, {"loss": "1"}, [1], {"loss": 10**400}])
def test_a_table_shows_nothing_of_a_run_that_logged_nothing_sound(tmp_path, odd):
    folder = RunPaths(tmp_path)
    write_json(folder.result, {"primary": None, "metrics": odd})
    found = shown_standing(folder)
    assert found is None or found.words == "loss 1"
