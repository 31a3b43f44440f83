"""`orp cancel`: one verb for every state."""

from __future__ import annotations

import time

from desk import Desk

from orp_tui.core.states import RunState


def test_a_queued_run_is_cancelled_without_ever_starting(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    run_id = desk.call("run", "--detach", desk.write("e.yaml")).out.strip()

    done = desk.call("cancel", run_id)

    assert (done.code, done.out) == (0, f"{run_id}: cancelled\n")
    assert desk.state(run_id) is RunState.CANCELLED
    assert not desk.run(run_id).stdout.exists()


def test_running_and_ended_and_twice_named_runs_each_get_their_word(desk: Desk) -> None:
    good = desk.call("run", desk.write("good.yaml"), "--json").json["experiment_id"]
    run_id = desk.begin()

    done = desk.call("cancel", run_id, good, "long")

    assert done.code == 0
    assert done.out.splitlines() == [
        f"{run_id}: asked to stop",
        f"{good}: already succeeded",
    ]
    assert desk.await_state(run_id, RunState.CANCELLED).detail.startswith("cancelled by ")  # type: ignore[union-attr]


def test_waiting_gives_the_state_in_which_the_run_ended(desk: Desk) -> None:
    run_id = desk.begin()

    done = desk.call("cancel", "--wait", "--json", run_id)

    assert done.json == [{"id": run_id, "state": "cancelled", "word": "ended"}]
    assert "SIGTERM to " in desk.call("info", run_id).out


def test_the_grace_can_be_cut_short(desk: Desk) -> None:
    run_id = desk.begin(script="trap '' TERM; echo here; while :; do sleep 0.1; done")
    begin = time.monotonic()

    done = desk.call("cancel", "--wait", "--grace", "0.2", run_id)

    assert done.out == f"{run_id}: cancelled\n"
    assert time.monotonic() - begin < 10


def test_an_unknown_run_among_several_cancels_none(desk: Desk) -> None:
    run_id = desk.begin()

    done = desk.call("cancel", run_id, "nope")

    assert done.code == 2
    assert done.err == "orp: nope: no such run; `orp runs` lists them\n"
    assert desk.view(run_id).state is RunState.RUNNING
    assert not desk.run(run_id).cancel.exists()


def test_a_negative_grace_is_refused(desk: Desk) -> None:
    for grace in ("-1", "nan", "inf", "soon"):
        done = desk.call("cancel", f"--grace={grace}", "last")
        assert done.code == 2
        assert "--grace" in done.err
