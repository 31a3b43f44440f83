"""Alerts on real runs: noted once, acted on, whoever is killed meanwhile."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alerts_at_work import __file__ as WATCHER  # noqa: N812 - the path of a program
from waiting import until

from orp_tui.cli import output
from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.core.states import RunState
from orp_tui.engine.alert_log import read_alerts
from orp_tui.engine.checkpoint_signal import handles
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.sources import SourceSpec, Trust
from orp_tui.services.alerting import Alerts
from orp_tui.store import database

GOES_WRONG = """
import json, os, time
out = open(os.environ["ORP_METRICS_FILE"], "a", buffering=1)
for step in range(100_000):
    out.write(json.dumps({"step": step, "loss": 1.0 if step < 5 else float("nan")}) + chr(10))
    time.sleep(0.02)
"""
TAKES_ITS_TIME = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + GOES_WRONG.replace(
    "time.sleep(0.02)", "time.sleep(0.02)\n    if os.path.exists('end'): break"
)
SAVES = """
import os, signal, time
def save(*_):
    os.makedirs("saved-1", exist_ok=True)
    open("saved-1/done", "w").close()
signal.signal(signal.SIGUSR1, save)
print("ready", flush=True)
while not os.path.exists("end"):
    time.sleep(0.02)
"""
QUIET = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)\n"
CHECKPOINTS = {"path": "saved-*", "complete": "done", "signal": "SIGUSR1"}


def submitted(project, script, alerts, *, command=None, **training):
    """A queued run of a Python script with these alerts, each a condition and what to do."""
    (project.folder / "train.py").write_text(script)
    source = project.source(
        command or [sys.executable, "train.py"], **training
    )  # the files of projects know nothing of metrics
    source.plan.experiment["metrics"] = {"alerts": [{"when": when, "do": list(do)} for when, *do in alerts]}
    return project.submit_source(source)


def started(project, run_id):
    project.leader()
    project.await_state(run_id, RunState.RUNNING)
    return project.row(run_id)


def is_ready(project, run_id):
    return b"ready" in project.run(run_id).stdout.read_bytes()


@pytest.fixture
def watching(project):
    """Watches a run's alerts as an observer does; a new call goes on as a new observer would."""
    connections = []

    def make(run_id):
        connections.append(database.connect(project.paths.database))
        alerts = Alerts(project.paths, connections[-1])
        reader = JsonlReader(project.run(run_id).metrics)
        return lambda points=None: alerts.look(
            project.row(run_id), reader.read().points if points is None else points
        )

    yield make
    for connection in connections:
        connection.close()


def test_a_training_that_logs_nan_is_stopped_and_its_record_says_why(project, watching):
    run_id = submitted(project, GOES_WRONG, [("nan(loss)", "notify", "stop")])
    started(project, run_id)
    look = watching(run_id)

    [record] = until(look, what="the alert")
    assert (record.rule, record.metric, record.step, record.do) == (
        "nan(loss)",
        "loss",
        5.0,
        ("notify", "stop"),
    )
    row = project.await_state(run_id, RunState.CANCELLED)

    assert row.detail.startswith("cancelled by alert nan(loss) (sent SIGTERM to ")
    assert row.cancel_by == "alert nan(loss)"
    [noted] = read_alerts(project.run(run_id))
    assert noted.line == "nan(loss): loss is NaN at step 5; asked to end"
    assert math.isnan(noted.value)
    for line in project.run(run_id).alerts.read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)  # JSON as every program reads it


@pytest.mark.parametrize("point", ["alert.fired", "alert.noted", "alert.stop", "alert.acted"])
def test_an_observer_killed_between_firing_and_writing_is_followed_by_one_that_does_the_rest_once(
    project, point
):
    run_id = submitted(project, TAKES_ITS_TIME, [("nan(loss)", "stop")], stop={"grace": 60})
    project.leader()
    command = [sys.executable, WATCHER, str(project.paths.base), run_id]
    project.await_state(run_id, RunState.RUNNING)

    first = project.start(command, failpoint=point)
    assert first.wait(30) == -signal.SIGKILL, project.words()
    after = project.start(command)
    until(lambda: any(record.done for record in read_alerts(project.run(run_id))), what="what was done")
    (project.run(run_id).workspace / "end").touch()

    row = project.await_state(run_id, RunState.CANCELLED)
    assert row.detail.startswith("cancelled by alert nan(loss) ")
    assert after.wait(30) == 0
    lines = [json.loads(line) for line in project.run(run_id).alerts.read_text().splitlines()]
    assert [(line.get("id"), line.get("did")) for line in lines] == [(1, None), (None, "stop")]
    assert (lines[0]["rule"], lines[0]["step"], lines[0]["value"]) == ("nan(loss)", 5.0, "nan")


def test_a_note_stops_nothing(project, watching):
    run_id = submitted(project, GOES_WRONG, [("nan(loss)", "notify"), ("loss > 1e9", "stop")])
    started(project, run_id)
    look = watching(run_id)

    until(look, what="the alert")
    assert look() == []
    assert project.row(run_id).cancel_requested_at is None
    assert [item.rule for item in read_alerts(project.run(run_id))] == ["nan(loss)"]


def test_silence_of_the_logs_is_seen_without_any_metric(project, watching):
    run_id = submitted(project, QUIET, [("no_log > 1s", "stop")])
    started(project, run_id)

    until(watching(run_id), what="the alert")
    row = project.await_state(run_id, RunState.CANCELLED)
    assert row.detail.startswith("cancelled by alert no_log > 1s ")


@pytest.mark.parametrize("wrapped", [False, True], ids=["root", "below a shell"])
def test_a_checkpoint_is_asked_of_whoever_handles_the_signal(project, watching, wrapped):
    command = ["bash", "-c", f"{sys.executable} train.py; true"] if wrapped else None
    run_id = submitted(project, SAVES, [("loss > 1", "checkpoint")], command=command, checkpoints=CHECKPOINTS)
    started(project, run_id)
    until(lambda: is_ready(project, run_id), what="the handler")

    watching(run_id)({"loss": Points.of([3], [2.0])})

    until((project.run(run_id).workspace / "saved-1" / "done").exists, what="the checkpoint")
    [record] = read_alerts(project.run(run_id))
    assert record.line.startswith("loss > 1: loss is 2 at step 3; SIGUSR1 sent to ")
    (project.run(run_id).workspace / "end").touch()
    assert project.await_state(run_id, RunState.SUCCEEDED)


def test_a_training_without_a_handler_lives_on(project, watching):
    run_id = submitted(project, QUIET, [("loss > 1", "checkpoint")], checkpoints=CHECKPOINTS)
    started(project, run_id)
    until(lambda: is_ready(project, run_id), what="its first line")

    watching(run_id)({"loss": Points.of([3], [2.0])})

    [record] = read_alerts(project.run(run_id))
    assert record.done == ("no checkpoint: the script does not handle SIGUSR1, which would have ended it",)
    assert project.view(run_id).state is RunState.RUNNING


def test_a_stop_waits_for_the_checkpoint_that_was_asked_for_with_it(project, watching):
    run_id = submitted(project, SAVES, [("loss > 1", "stop", "checkpoint")], checkpoints=CHECKPOINTS)
    started(project, run_id)
    until(lambda: is_ready(project, run_id), what="the handler")
    look = watching(run_id)

    look({"loss": Points.of([3], [2.0])})
    until((project.run(run_id).workspace / "saved-1" / "done").exists, what="the checkpoint")
    until(lambda: look({}) or project.row(run_id).cancel_requested_at, what="the stop")

    [record] = read_alerts(project.run(run_id))
    assert len(record.done) == 2
    assert record.done[1] == "asked to end"


def test_a_run_without_alerts_is_not_looked_at_and_one_that_has_ended_leaves_no_state(project, watching):
    run_id = submitted(project, QUIET, [])
    started(project, run_id)
    assert watching(run_id)() == []
    assert not project.paths.alert_state(run_id).exists()


def test_a_training_that_puts_something_else_in_place_of_the_file_spoils_nothing(project, watching, tmp_path):
    run_id = submitted(project, GOES_WRONG, [("nan(loss)", "stop")])
    started(project, run_id)
    project.run(run_id).alerts.symlink_to(tmp_path / "elsewhere")

    look = watching(run_id)
    until(look, what="the alert")

    assert project.await_state(run_id, RunState.CANCELLED)
    assert read_alerts(project.run(run_id)) == ()
    assert not (tmp_path / "elsewhere").exists()


def test_torn_and_foreign_lines_are_passed_over(project, tmp_path):
    folder = project.paths.run("exp_20261124_093000_aaaa")
    folder.folder.mkdir(parents=True)
    good = {
        "id": 1,
        "at": 1.0,
        "rule": "nan(loss)",
        "words": "loss is NaN",
        "metric": "loss",
        "step": 2,
        "value": "nan",
        "do": ["stop"],
    }
    lines = ["[]", "3", "{", '{"id": "x", "at": 1, "rule": "a", "words": "b"}', '{"of": 9, "did": "stop", "words": "x"}',
             json.dumps(good), '{"of": 1, "did": "stop", "words": "asked to end"}', "\x00\xff", '{"id": 2, "at": 1']  # fmt: skip
    folder.alerts.write_text("\n".join(lines), "utf-8")

    [record] = read_alerts(folder)
    assert (record.id, record.step, record.done) == (1, 2.0, ("asked to end",))


ODD = [
    None,
    True,
    -1,
    10**400,
    1e300,
    math.nan,
    math.inf,
    "",
    "x" * 5000,
    "\x1b[2J",
    [],
    {},
    [[[]]],
    {"a": 1},
]


def test_whatever_stands_in_the_file_is_an_alert_that_can_be_shown_or_none(project):
    folder = project.paths.run("exp_20261124_093000_aaaa")
    folder.folder.mkdir(parents=True)
    good = {
        "id": 1,
        "at": 1.0,
        "rule": "nan(loss)",
        "words": "w",
        "metric": "loss",
        "step": 2,
        "value": "nan",
        "do": ["stop"],
    }
    lines = [json.dumps({**good, "id": number, key: odd}) for key in good for number, odd in enumerate(ODD)]
    lines += [json.dumps({"of": 1, "did": odd, "words": odd}) for odd in ODD]
    folder.alerts.write_text("\n".join(lines))

    for record in read_alerts(folder):
        assert output.local_time(record.at) != "-"
        assert len(record.line) < 10_000
        json.dumps(record.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "state",
    ["", "[]", "{}", '{"pending": 3, "number": "x", "watch": []}', '{"pending": [{}], "number": 1e999}'],
)
def test_a_damaged_state_stops_no_watching(project, watching, state):
    run_id = submitted(project, QUIET, [("loss > 1", "notify")])
    started(project, run_id)
    path = project.paths.alert_state(run_id)
    path.parent.mkdir(parents=True)
    path.write_text(state)

    watching(run_id)({"loss": Points.of([3], [2.0])})

    assert [record.id for record in read_alerts(project.run(run_id))] == [1]


def test_the_kernel_tells_who_handles_a_signal():
    program = (
        "import signal, sys; signal.signal(signal.SIGUSR1, print); print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        assert handles(child.pid, signal.SIGUSR1)
        assert not handles(child.pid, signal.SIGUSR2)
        child.communicate()
    assert not handles(child.pid, signal.SIGUSR1)
    assert Path(WATCHER).exists()


def source(label, trust):
    return SourceSpec("csv", f"/w/{label}", label, trust=trust)


def test_of_several_sources_the_most_trusted_is_believed_and_two_alike_are_two(project):
    run_id = submitted(project, QUIET, [("nan(loss)", "notify")])
    started(project, run_id)
    connection = database.connect(project.paths.database)
    alerts, run = Alerts(project.paths, connection), project.row(run_id)
    nan, good = {"loss": Points.of([7], [math.nan])}, {"loss": Points.of([7], [1.0])}

    alerts.heard(run, source("runs/a", Trust.STRUCTURED), MetricBatch(good))
    alerts.heard(run, source("log", Trust.LOG), MetricBatch(nan))
    alerts.heard(run, source("runs/b", Trust.STRUCTURED), MetricBatch(nan))
    connection.close()

    assert [item.metric for item in read_alerts(project.run(run_id))] == ["loss [runs/b]"]


def test_values_of_a_log_alone_are_enough(project):
    run_id = submitted(project, QUIET, [("nan(loss)", "stop")])
    started(project, run_id)
    connection = database.connect(project.paths.database)
    Alerts(project.paths, connection).heard(
        project.row(run_id),
        source("training_stdout.txt", Trust.LOG),
        MetricBatch({"loss": Points.of([7], [math.nan])}),
    )
    connection.close()

    assert project.await_state(run_id, RunState.CANCELLED).cancel_by == "alert nan(loss)"


def test_the_last_values_of_a_run_that_has_ended_are_noted_and_end_nothing(project):
    run_id = submitted(project, "print('done')", [("nan(loss)", "stop")])
    project.settle()
    connection = database.connect(project.paths.database)
    alerts, run = Alerts(project.paths, connection), project.row(run_id)

    alerts.forget(run_id)
    alerts.heard(run, source("x.csv", Trust.STRUCTURED), MetricBatch({"loss": Points.of([7], [math.nan])}))
    connection.close()

    [record] = read_alerts(project.run(run_id))
    assert record.done == ("had ended already",)
    assert project.state(run_id) is RunState.SUCCEEDED


def test_a_run_whose_request_is_gone_is_told_of_once(project, capsys):
    run_id = submitted(project, QUIET, [("nan(loss)", "stop")])
    started(project, run_id)
    project.run(run_id).request.rename(project.run(run_id).folder / "elsewhere")
    connection = database.connect(project.paths.database)
    alerts, run = Alerts(project.paths, connection), project.row(run_id)

    for _ in range(3):
        alerts.heard(
            run, source("x.csv", Trust.STRUCTURED), MetricBatch({"loss": Points.of([7], [math.nan])})
        )
    connection.close()

    assert capsys.readouterr().err.count("alerts: FileNotFoundError") == 1


@pytest.mark.slow
def test_the_observer_of_a_real_queue_killed_before_the_stop_is_followed_by_one_that_stops(project, tmp_path):
    run_id = submitted(project, GOES_WRONG, [("nan(loss)", "stop")])
    passed = tmp_path / "passed"
    project.leader(failpoint="alert.noted", log=passed)

    row = project.await_state(run_id, RunState.CANCELLED, seconds=60)

    assert row.detail.startswith("cancelled by alert nan(loss) ")
    [record] = read_alerts(project.run(run_id))
    assert record.done == ("asked to end",)
    observers = {line.split()[0] for line in passed.read_text().splitlines() if " alert." in line}
    assert len(observers) == 2
