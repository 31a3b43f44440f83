"""`orp queue start|stop|status|submit`."""

from __future__ import annotations

from desk import Desk

from orp_tui.core.states import RunState


def test_a_second_start_exits_3_and_names_the_holder(desk: Desk) -> None:
    first = desk.call("queue", "start")
    second = desk.call("queue", "start")
    foreground = desk.call("queue", "start", "--foreground")

    holder = f"pid {desk.call('status', '--json').json['leader']['pid']} "
    assert first.code == 0
    assert second.code == foreground.code == 3
    assert holder in first.err
    assert holder in second.err
    assert holder in foreground.err


def test_stop_leaves_runs_running_and_names_them(desk: Desk) -> None:
    run_id = desk.begin()

    done = desk.call("queue", "stop")

    assert done.code == 0
    assert f"1 still running: {run_id}" in done.err
    assert desk.call("queue", "stop").err == "no queue processor leads this base directory\n"
    assert desk.view(run_id).state is RunState.RUNNING
    assert "no queue processor" in desk.call("queue", "status").err


def test_submit_queues_files_and_prints_an_id_a_line(desk: Desk) -> None:
    done = desk.call("queue", "submit", desk.write("a.yaml"), desk.write("b.yaml"))
    as_json = desk.call("queue", "submit", "--json", "a.yaml")

    ids = done.out.split()
    assert len(ids) == 2
    for run_id in ids + as_json.json:
        desk.await_state(run_id, RunState.SUCCEEDED)


def test_submitting_a_bad_file_beside_a_good_one_queues_neither(desk: Desk) -> None:
    (desk.folder / "bad.yaml").write_text("experiment: 3\n")

    done = desk.call("queue", "submit", desk.write("a.yaml"), "bad.yaml")

    assert done.code == 2
    assert done.out == ""
    assert not desk.paths.runs.exists()


def test_slots_given_at_the_start_are_kept(desk: Desk) -> None:
    desk.call("queue", "start", "--slots", "3")

    assert desk.call("queue", "status", "--json").json["slots"] == 3
    assert desk.call("queue", "start", "--slots", "0").code == 2
