"""Runs judged by their primary metric, and their alerts, as commands show them."""

from __future__ import annotations

import dataclasses
import json
import sys
import time

import pytest
from desk import Desk
from waiting import until

from orp_tui.cli.following import Lines
from orp_tui.cli.summary import summary_lines
from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.engine.alert_log import AlertRecord, note_alert, read_alerts
from orp_tui.services.watch import view
from orp_tui.store import runs

PRIMARY = {"name": "test_acc", "goal": "maximize", "at": {"best": "val_loss"}}


def logging(*rows: tuple[float, float], then: str = "") -> str:
    """A shell script that logs val_loss and test_acc."""
    lines = [
        json.dumps({"step": step, "val_loss": val, "test_acc": acc}) for step, (val, acc) in enumerate(rows)
    ]
    return "".join(f"echo '{line}' >> $ORP_METRICS_FILE; " for line in lines) + (then or "true")


def run(desk: Desk, *rows: tuple[float, float], primary: dict[str, object] | None = None) -> str:
    """The id of a run that has logged these and succeeded."""
    name = desk.write("e.yaml", logging(*rows), experiment="digits", metrics={"primary": primary or PRIMARY})
    done = desk.finish("run", name, "--json")
    assert done.code == 0, done.err
    return done.json["experiment_id"] if isinstance(done.json, dict) else done.json[0]["experiment_id"]


@pytest.fixture
def three(desk: Desk) -> tuple[Desk, str, str, str]:
    """Three runs whose test_acc at the best val_loss is 0.7, 0.9 and 0.8."""
    runs = [run(desk, (2.0, 0.1), (1.0, acc), (3.0, 0.99)) for acc in (0.7, 0.9, 0.8)]
    return desk, *runs


def test_the_value_at_the_best_step_stands_in_lists_info_and_json(three: tuple[Desk, str, str, str]) -> None:
    desk, _, best, _ = three

    rows = desk.call("runs").out.splitlines()
    assert "METRIC" in rows[0]
    assert [line.split("test_acc ")[1].split()[0] for line in rows[1:]] == ["0.8", "0.9", "0.7"]
    assert "test_acc 0.9 @1" in rows[2]
    info = desk.call("info", best).out
    assert "primary      test_acc 0.9, at the best val_loss: step 1; higher is better" in info
    assert desk.call("info", best, "--json").json["metric"] == {
        "name": "test_acc", "value": 0.9, "step": 1.0, "goal": "maximize", "at": "at the best val_loss", "warning": None,
    }  # fmt: skip
    assert [item["metric"]["value"] for item in desk.call("runs", "--json").json] == [0.8, 0.9, 0.7]


def test_a_run_that_names_no_primary_keeps_its_metric_in_the_list_when_it_ends(desk: Desk) -> None:
    name = desk.write(
        "e.yaml", 'echo \'{"step": 3, "loss": 1.0016}\' >> $ORP_METRICS_FILE', experiment="plain"
    )
    assert desk.finish("run", name).code == 0

    rows = desk.call("runs").out.splitlines()
    assert "METRIC" in rows[0]
    assert "loss 1.0016" in rows[1]
    assert desk.call("runs", "--json").json[0]["metric"]["goal"] is None
    assert desk.call("digest", "--json").json["bests"] == []


def test_a_digest_tells_the_new_best_and_the_one_before(three: tuple[Desk, str, str, str]) -> None:
    desk, _, best, _ = three
    told = desk.call("digest").out.splitlines()
    assert f"    digits test_acc 0.9 @1 {best}" in told
    assert any(best in line and line.endswith("test_acc 0.9 @1") for line in told)

    assert "new best:" not in desk.call("digest").out
    better = run(desk, (1.0, 0.95))
    found = desk.call("digest", "--json").json["bests"]
    assert [(item["id"], item["metric"]["value"], item["before"]["id"]) for item in found] == [
        (better, 0.95, best)
    ]
    run(desk, (1.0, 0.5))
    assert desk.call("digest", "--json").json["bests"] == []


def test_cleaning_leaves_the_best_and_says_so_first(three: tuple[Desk, str, str, str]) -> None:
    desk, first, best, last = three

    shown = desk.call("clean", "--keep-best", "2")
    assert first in shown.out
    assert best not in shown.out
    assert f"left as it is: {best}, of the best of digits: test_acc 0.9 @1" in shown.err
    assert [item["run"] for item in desk.call("clean", "--keep-best", "2", "--json").json["best"]] == [
        best,
        last,
    ]
    assert (desk.paths.run(first).workspace).is_dir()

    assert desk.call("clean", "--keep-best", "2", "--yes").code == 0
    there = [run_id for run_id in (first, best, last) if desk.paths.run(run_id).workspace.is_dir()]
    assert there == [best, last]


def test_a_step_that_test_data_chose_is_flagged_wherever_it_is_told(desk: Desk) -> None:
    itself = {"name": "test_acc", "goal": "maximize", "at": {"best": "test_acc", "goal": "maximize"}}
    run_id = run(desk, (1.0, 0.5), (2.0, 0.8), (3.0, 0.6), primary=itself)

    said = "chosen as the best on itself on test: too good"
    assert said in desk.call("info", run_id).out
    assert "test_acc 0.8, at the best test_acc: step 1; higher is better" in desk.call("info", run_id).out
    told = desk.call("digest").out
    assert f"test_acc 0.8 @1 (!) {run_id}" in told
    assert said in " ".join(told.split())


ALERTS = {"alerts": [{"when": "nan(loss)", "do": ["notify", "stop"]}]}
DIVERGES = """
import json, os, time
for step in range(100_000):
    value = 1.0 - step / 100 if step < 40 else float("nan")
    with open(os.environ["ORP_METRICS_FILE"], "a") as out:
        out.write(json.dumps({"step": step, "loss": value}) + chr(10))
    time.sleep(0.1)
"""


def test_a_training_that_logs_nan_is_stopped_by_the_observer_and_everything_says_why(desk: Desk) -> None:
    (desk.folder / "train.py").write_text(DIVERGES)
    name = desk.write("e.yaml", [sys.executable, "train.py"], experiment="digits", metrics=ALERTS)
    run_id = desk.call("run", name, "--detach").out.strip()
    paths = BasePaths.under(desk.paths.base)

    drawn = until(lambda: "▁" in (out := desk.call("status").out) and out, 30, what="the newest values")
    assert "METRIC" in drawn
    assert "TREND" in drawn
    until(lambda: read_alerts(paths.run(run_id)), 30, what="the alert")
    until(lambda: desk.call("runs", "--json").json[0]["state"] == "cancelled", 30, what="the end")

    info = desk.call("info", run_id).out
    assert "evidence     cancelled by alert nan(loss) (sent SIGTERM to " in info
    assert "nan(loss): loss is NaN at step 40; asked to end" in info
    [alert] = desk.call("info", run_id, "--json").json["alerts"]
    assert (alert["rule"], alert["step"], alert["value"]) == ("nan(loss)", 40.0, "nan")
    told = desk.call("digest").out
    assert "alerts: 1" in told
    assert "nan(loss): loss is NaN at step 40" in told


def test_a_live_run_shows_its_alert_and_goes_on(desk: Desk) -> None:
    (desk.folder / "train.py").write_text(DIVERGES)
    only_told = {"alerts": [{"when": "loss < 0.9", "do": "notify"}]}
    name = desk.write("e.yaml", [sys.executable, "train.py"], metrics=only_told)
    run_id = desk.call("run", name, "--detach").out.strip()

    item = until(
        lambda: next((item for item in desk.call("status", "--json").json["runs"] if item["alert"]), None), 40
    )
    assert item["alert"].startswith("loss < 0.9: loss is 0.")
    assert item["state"] == "running"
    assert "alert: loss < 0.9: loss is 0." in desk.call("status").out
    desk.call("cancel", run_id, "--grace", "0")


def test_an_alert_of_a_run_that_is_followed_is_a_line_once_and_the_summary_has_it_too(
    desk: Desk, capsys
) -> None:
    run_id = run(desk, (1.0, 0.5))
    with desk.context.store() as connection:
        found = runs.get(connection, run_id)
        assert found is not None
        ended = view(desk.paths, found)
        alert = "nan(loss): loss is NaN at step 7"
        alarmed = dataclasses.replace(ended, state=RunState.RUNNING, alert=alert)
        lines = Lines(desk.context, connection, quiet=False)
        for _ in range(3):
            lines.show([alarmed])
    said = capsys.readouterr().err
    assert said.count(f"{run_id} alert: {alert}") == 1

    record = AlertRecord(1, 1.0, "nan(loss)", "loss", 7.0, None, "loss is NaN at step 7", ("stop",))
    note_alert(desk.paths.run(run_id), record)
    told = list(summary_lines(desk.context, ended, None))
    assert f"  ! {alert}" in told
    assert "  test_acc 0.5, at the best val_loss: step 0; higher is better" in told


def test_a_digest_tells_a_condition_that_came_again_once_with_the_number(desk: Desk) -> None:
    run_id = run(desk, (1.0, 0.5))
    for number in range(1, 4):
        words = f"loss is {number} at step {number}"
        record = AlertRecord(number, time.time(), "loss > 0", "loss", float(number), 1.0, words, ("notify",))
        note_alert(desk.paths.run(run_id), record)

    told = desk.call("digest").out
    assert "alerts: 3" in told
    assert f"digits {run_id} ×3" in told
    assert told.count("loss > 0: loss is") == 1
    assert "loss is 3 at step 3" in told
