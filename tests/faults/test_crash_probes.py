"""The crash probes that were done with other experiment managers, done with ORP at its own prompt.

Each test says what the other one did there. Nothing is asked of ORP's insides but where its files lie.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from desk import METRICS, Desk, desks
from project import alive
from waiting import until

from orp_tui.services.control import is_led

TICKS = "n=0; while [ ! -e {go} ]; do n=$((n+1)); echo step $n; sleep 0.05; done; echo over"
"""A training that prints until it may end: one whose output goes nowhere would die of its next line."""
STEPS = 64


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A project whose queue runs one thing at a time."""
    with desks(tmp_path / "desk", settings="queue: {autostart: false, slots: 1}\n") as made:
        yield made


def listed(desk: Desk) -> dict[str, dict[str, object]]:
    """What `orp runs` says, by id."""
    return {item["id"]: item for item in desk.call("runs", "--json").json}


def await_listed(desk: Desk, run_id: str, **wanted: object) -> dict[str, object]:
    """The run as `orp runs` tells it, once it has these values."""

    def found() -> dict[str, object] | None:
        item = listed(desk)[run_id]
        return item if all(item[name] == value for name, value in wanted.items()) else None

    return until(found, 30, what=f"{run_id} with {wanted}")


def queued(desk: Desk, name: str, script: str, **more: object) -> str:
    return desk.call("queue", "submit", desk.write(name, script, **more)).out.strip()


def begun(desk: Desk, script: str) -> str:
    """A run that runs, its queue processor in the background."""
    assert desk.call("queue", "start").code == 0
    return desk.begin("a.yaml", script)


def leader_pid(desk: Desk) -> int:
    return until(
        lambda: (desk.call("status", "--json").json["leader"] or {}).get("pid"), what="a queue processor"
    )


def ticking(desk: Desk, then: str = "") -> str:
    return TICKS.replace("{go}", str(desk.root / "go")) + (f"; {then}" if then else "")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), what=f"the end of {pid}")


def supervisor_of(desk: Desk, run_id: str) -> int:
    claim = until(
        lambda: desk.run(run_id).attempt(1).exists() and desk.run(run_id).attempt(1), what="a claim"
    )
    return json.loads(claim.read_bytes())["pid"]


def test_dvc_two_queued_one_running_and_the_worker_is_killed(desk: Desk) -> None:
    """There the training ended unseen, `Running` for ever, its result not collected, and the next stayed queued."""
    write = 'mkdir -p out; echo "{\\"acc\\": 0.5}" > out/m.json'
    first = queued(desk, "a.yaml", ticking(desk, write), deliverables=[METRICS])
    others = [queued(desk, f"{name}.yaml", "true") for name in "bc"]
    assert desk.call("queue", "start").code == 0
    until(lambda: "step 3" in desk.stdout(first), what="a training that prints")

    kill(leader_pid(desk))

    assert listed(desk)[first]["state"] == "running"  # true, and nobody leads
    assert not is_led(desk.paths)
    desk.go()
    until(lambda: "over" in desk.stdout(first), what="its end")
    assert await_listed(desk, first, state="succeeded")["reason"] == "ok"  # still nobody leads
    assert [listed(desk)[run_id]["state"] for run_id in others] == ["queued"] * 2
    assert desk.call("queue", "start").code == 0
    for run_id in others:
        await_listed(desk, run_id, state="succeeded")
    assert listed(desk)[first]["state"] == "succeeded"
    assert desk.run(first).result.exists()
    assert desk.paths.artifact(first).exists()
    assert desk.call("queue", "stop").code == 0


def test_dvc_queue_start_without_a_path(desk: Desk) -> None:
    """There it printed that a worker had started, and none had."""
    run_id = queued(desk, "a.yaml", "echo ran")

    done = desk.finish("queue", "start", env=desk.variables() | {"PATH": "/nonexistent"})

    assert done.code == 0, done.err
    assert "queue processor started" in done.err
    await_listed(desk, run_id, state="succeeded")
    assert desk.call("queue", "stop").code == 0


def test_dvc_queue_start_that_can_start_nothing(desk: Desk) -> None:
    """The same where ORP really can't: it says so and does not claim to have started anything."""
    queued(desk, "a.yaml", "true")
    desk.paths.leader_log.mkdir()

    done = desk.finish("queue", "start")

    assert done.code == 3
    assert "started" not in done.out + done.err
    assert str(desk.paths.leader_log) in done.err
    assert not is_led(desk.paths)


def test_dvc_a_cancel_is_a_cancel(desk: Desk) -> None:
    """There `queue kill` turned a task into `Failed`."""
    run_id = begun(desk, "echo here; sleep 60")

    assert desk.call("cancel", run_id).code == 0

    ended = await_listed(desk, run_id, state="cancelled")
    assert ended["reason"] == "cancelled"
    assert str(ended["detail"]).startswith("cancelled by ")


def test_guild_a_run_in_the_background_whose_wrapper_is_killed(desk: Desk) -> None:
    """There the training died at its next print, which went to a pipe of the wrapper; an error without a reason."""
    run_id = begun(desk, f"echo here; {ticking(desk)}")
    supervisor = supervisor_of(desk, run_id)

    kill(supervisor)

    printed = desk.stdout(run_id).count("step")
    until(lambda: desk.stdout(run_id).count("step") > printed + 3, what="prints after the kill")
    assert listed(desk)[run_id]["state"] == "running"
    desk.go()
    until(lambda: listed(desk)[run_id]["ended_at"] and desk.run(run_id).result.exists(), what="its end")
    ended = until(lambda: (item := listed(desk)[run_id])["reason"] and item, what="a reason")
    assert "over" in desk.stdout(run_id)
    assert ended["reason"]
    assert ended["detail"]


def test_guild_four_staged_trials_keep_their_order_and_their_code(desk: Desk) -> None:
    """There too: order kept, a later edit of the script ignored. It took 3.6 s a run."""
    script = desk.folder / "train.sh"
    script.write_text(f'echo "first $1" | tee -a {desk.root}/order\n')
    ids = [
        queued(desk, f"{number}.yaml", f"sh train.sh {number}", experiment=f"trial {number}")
        for number in range(4)
    ]
    script.write_text('echo "edited"\n')

    assert desk.call("queue", "start").code == 0
    for run_id in ids:
        await_listed(desk, run_id, state="succeeded")
    assert desk.call("queue", "stop").code == 0

    assert (desk.root / "order").read_text().splitlines() == [f"first {number}" for number in range(4)]
    assert [desk.stdout(run_id) for run_id in ids] == [f"first {number}\n" for number in range(4)]


LOGGING = """
import sys, time
from orp_tui import log
for step in range(64):
    print("step", step, flush=True)
    log(step, loss=1 / (step + 1))
print("all said", flush=True)
time.sleep(60)
"""


@pytest.fixture
def killed(desk: Desk) -> tuple[Desk, str]:
    """A Python training that had logged 64 steps when it was killed."""
    (desk.folder / "train.py").write_text(LOGGING)
    run_id = queued(desk, "a.yaml", f"exec {sys.executable} train.py", experiment="killed")
    assert desk.call("queue", "start").code == 0
    until(lambda: "all said" in desk.stdout(run_id), 30, what="64 steps")
    started = json.loads(desk.run(run_id).started(1).read_bytes())
    until(lambda: desk.run(run_id).metrics.read_text().count("\n") >= STEPS, what="as many lines of metrics")
    kill(started["pid"])
    return desk, run_id


def test_wandb_offline_everything_logged_up_to_the_kill_is_readable(killed: tuple[Desk, str]) -> None:
    desk, run_id = killed
    await_listed(desk, run_id, state="failed")

    rows = [json.loads(line) for line in desk.run(run_id).metrics.read_text().splitlines()]

    assert [row["step"] for row in rows if "loss" in row] == list(range(STEPS))
    assert desk.call("queue", "stop").code == 0


def test_mlflow_file_store_a_killed_script_is_not_running_for_ever(killed: tuple[Desk, str]) -> None:
    """There its status was RUNNING, without an end time, permanently."""
    desk, run_id = killed

    ended = await_listed(desk, run_id, state="failed")

    assert (ended["reason"], ended["signal"]) == ("signal", 9)
    assert "SIGKILL" in str(ended["detail"])
    assert ended["ended_at"] is not None
    assert desk.call("queue", "stop").code == 0


def test_sacred_file_observer_nothing_that_was_printed_is_lost(killed: tuple[Desk, str]) -> None:
    """There `cout.txt` was empty, though 64 steps had printed: all since the last heartbeat was lost."""
    desk, run_id = killed
    await_listed(desk, run_id, state="failed")

    said = desk.call("logs", run_id).out

    assert said.splitlines() == [*(f"step {step}" for step in range(STEPS)), "all said"]
    assert desk.call("queue", "stop").code == 0


def test_terminalboard_a_fresh_install_gets_a_plotext_that_works() -> None:
    """There it crashed at its start: plotext 6 had dropped what it called. `.ci/run` installs and starts the wheel."""
    asked = [word for word in requires("open-research-pipeline") or [] if word.startswith("plotext")]
    assert len(asked) == 1
    assert "<6" in asked[0]

    import plotext

    plotext.clear_figure()
    plotext.plot([1, 2, 3])
    assert plotext.build()


def test_experimaestro_two_jobs_are_listed_and_their_files_tell_with_ls(desk: Desk) -> None:
    """There too: state and duration in a list, marker files for each job that anybody can read."""
    running = begun(desk, "echo careful >&2; echo here; sleep 60")
    waiting = queued(desk, "b.yaml", "true")

    lines = {line.split()[0]: line for line in desk.call("status").out.splitlines()[1:]}
    info = desk.call("info", running).out
    names = set(desk.shell(f"ls experiments/runs/{running}").out.split())
    said = desk.shell(f"cat experiments/runs/{running}/training_stderr.txt").out
    pid = desk.shell(f"grep -o '\"pid\": [0-9]*' experiments/runs/{running}/started-1.json").out.split()[1]

    assert "running" in lines[running]
    assert "queued" in lines[waiting]
    assert f"taken by {running}" in lines[waiting]
    assert f"pid {pid}" in info
    assert {"request.json", "experiment.yaml", "started-1.json", "training_stdout.txt", "workspace"} <= names
    assert said == "careful\n"
    assert alive(int(pid))
    assert {path.name for path in desk.run(waiting).folder.iterdir()} >= {"request.json", "experiment.yaml"}
