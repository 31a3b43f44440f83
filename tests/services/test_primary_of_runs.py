"""The primary metric of real runs, wherever it was logged."""

from __future__ import annotations

import sys

import pytest

from orp_tui.core.states import RunState

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
        "name": "test_acc", "goal": "maximize", "at": "at the best val_loss", "value": 0.7, "step": 1.0, "warning": None,
    }  # fmt: skip
    assert result["metrics"] == {"val_loss": 2.0, "test_acc": 0.9}


def test_a_primary_that_was_not_logged_and_none_are_told_apart(project):
    assert ended(project, OWN, {"name": "f1"})["primary"]["value"] is None
    assert ended(project, OWN, None)["primary"] is None
