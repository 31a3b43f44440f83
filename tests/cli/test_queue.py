"""`orp queue …`, and `orp status --watch`, which shows it."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest
from desk import Desk
from pseudo_terminal import terminal

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


@pytest.fixture
def still(desk: Desk) -> Desk:
    """A project in which nothing starts by itself."""
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    return desk


def waiting(desk: Desk, *names: str, words: tuple[str, ...] = ()) -> list[str]:
    """Ids of waiting runs of these names."""
    files = [desk.write(f"{name}.yaml") for name in names]
    return desk.call("run", "--detach", *files, *words).out.split()


def order(desk: Desk) -> str:
    return "".join(item["name"] for item in desk.call("queue", "list", "--json").json)


def test_the_list_says_place_priority_group_code_and_why(still: Desk) -> None:
    subprocess.run(["git", "init", "-q", still.folder], check=True)
    first, second = waiting(still, "a", "b")
    still.call("queue", "hold", second)

    found = still.call("queue", "list", "--json").json
    text = still.call("queue", "list").out.splitlines()

    assert [(item["place"], item["id"], item["priority"], item["group"]) for item in found] == [
        (1, first, 0, "default"),
        (2, second, 0, "default"),
    ]
    assert found[1]["why"] == "held"
    assert found[0]["code"].startswith("no commit yet, ")
    assert found[0]["code"] in text[1]
    assert text[0].split() == ["#", "RUN", "NAME", "PRIO", "GROUP", "CODE", "WHY"]


def test_an_empty_queue_is_said(desk: Desk) -> None:
    assert desk.call("queue", "list").err == "nothing waits\n"
    assert desk.call("queue", "list", "--json").json == []
    assert desk.call("queue", "clear").code == 0


def test_runs_are_ordered_by_hand(still: Desk) -> None:
    waiting(still, "a", "b", "c", "d")

    still.call("queue", "move", "c", "d", "top")
    assert order(still) == "cdab"
    still.call("queue", "move", "a", "before", "c")
    assert order(still) == "acdb"
    still.call("queue", "move", "a", "down")
    assert order(still) == "cadb"
    assert still.call("queue", "priority", "high", "b").code == 0
    assert order(still) == "bcad"
    assert still.call("queue", "priority", "-5", "b").code == 0
    assert order(still) == "cadb"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("move", "a", "left"), "where to?"),
        (("move", "a", "before", "a"), "before itself"),
        (("move", "a", "before", "nope"), "nope: no such run"),
        (("move", "top"), "which runs?"),
        (("priority", "urgent", "a"), "no priority"),
        (("hold", "nope"), "nope: no such run"),
        (("slots", "many"), "no number of slots"),
        (("slots", "0"), "no number of slots"),
        (("slots", "0", "--group", "g"), "no number of slots"),
        (("resume", "nope"), "nope: no such group"),
        (("clear", "--group", "nope"), "nope: no such group"),
        (("hold", "a", "--state", "queued"), "not both"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(still: Desk, words: tuple[str, ...], said: str) -> None:
    waiting(still, "a")

    done = still.call("queue", *words)

    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert order(still) == "a"


def test_many_are_held_and_released_at_once(still: Desk) -> None:
    ids = waiting(still, "a", "b")

    held = still.call("queue", "hold", "--all-queued", "--json").json

    assert [(item["id"], item["word"], item["done"]) for item in held] == [(i, "held", True) for i in ids]
    assert still.call("queue", "release", *ids).out.splitlines() == [f"{i}: released" for i in ids]


def test_one_that_has_ended_is_told_while_the_others_are_held(still: Desk) -> None:
    one, two = waiting(still, "a", "b")
    still.call("cancel", one)

    done = still.call("queue", "hold", one, two)

    assert done.code == 2
    assert done.out == f"{two}: held\n"
    assert done.err == f"orp: {one}: is cancelled; only a run that waits takes this\n"


def test_clearing_a_group_cancels_what_waits_in_it(still: Desk) -> None:
    (other,) = waiting(still, "a")
    (own,) = waiting(still, "b", words=("--group", "g"))

    assert still.call("queue", "clear", "--group", "g").out == f"{own}: cancelled\n"
    assert still.state(other) is RunState.QUEUED


def test_clearing_asks_in_a_terminal_and_a_no_cancels_nothing(still: Desk) -> None:
    ids = waiting(still, "a", "b")

    with terminal(still, "queue", "clear") as tty:
        tty.until(b"cancel 2 runs that wait? [y/N]")
        tty.type(b"n\n")
        assert tty.end() == 130
    assert {still.state(run_id) for run_id in ids} == {RunState.QUEUED}
    with terminal(still, "queue", "clear") as tty:
        tty.until(b"[y/N]")
        tty.type(b"y\n")
        assert tty.end() == 0
    assert {still.state(run_id) for run_id in ids} == {RunState.CANCELLED}


def test_a_group_pauses_by_name_and_a_word_that_names_none_is_a_reason(still: Desk) -> None:
    waiting(still, "a", words=("--group", "g"))

    assert still.call("queue", "pause", "g", "--reason", "too hot").code == 0
    assert "the group g is paused: too hot" in still.call("queue", "list").out
    assert "group g: paused: too hot" in still.call("status").err
    assert still.call("queue", "pause", "maintenance").err.startswith("the queue is paused")
    assert "still paused: group g: too hot" in still.call("queue", "resume").err
    assert "group g goes on" in still.call("queue", "resume", "g").err
    assert "group g was not paused" in still.call("queue", "resume", "g").err


def test_slots_of_the_queue_and_of_a_group_are_kept_and_taken_back(still: Desk) -> None:
    waiting(still, "a", words=("--group", "g"))

    assert (
        still.call("queue", "slots", "7").code == still.call("queue", "slots", "3", "--group", "g").code == 0
    )
    seen = still.call("status", "--json").json
    assert seen["slots"] == 7
    assert seen["groups"] == [{"name": "g", "slots": 3, "paused": None}]
    assert "group g: 3 slots" in still.call("queue", "list").err

    assert still.call("queue", "slots", "none", "--group", "g").code == 0
    assert still.call("status", "--json").json["groups"][0]["slots"] is None


def test_refreezing_all_that_waits_replaces_each_once(still: Desk) -> None:
    ids = waiting(still, "a", "b")
    same = still.call("queue", "refreeze", "--all-queued", "--json").json
    (still.folder / "fixed.py").write_text("x = 1\n")

    done = still.call("queue", "refreeze", "--all-queued")

    assert [item["replaced"] for item in same] == [False, False]
    assert [line.partition(":")[0] for line in done.out.splitlines()] == ids
    assert order(still) == "ab"
    now = [item["id"] for item in still.call("queue", "list", "--json").json]
    assert [line.rpartition(" ")[2] for line in done.out.splitlines()] == now
    assert all((still.run(run_id).workspace / "fixed.py").exists() for run_id in now)


def test_status_is_drawn_in_place_until_q(still: Desk) -> None:
    (run_id,) = waiting(still, "a")

    with terminal(still, "status", "--watch", columns=110, rows=12) as tty:
        before = tty.modes()
        tty.until(run_id.encode())
        tty.until(b"q: end")
        still.call("queue", "hold", run_id)
        tty.until(b"held")
        tty.type(b"q")
        assert tty.end() == 0
        assert tty.modes()[3] | before[3] == tty.modes()[3]
    assert tty.seen.endswith(b"\x1b[?25h")


def test_ctrl_c_ends_the_watch_as_well(still: Desk) -> None:
    waiting(still, "a")

    with terminal(still, "status", "--watch") as tty:
        tty.until(b"q: end")
        tty.type(b"\x03")
        assert tty.end() == 0


def test_a_piped_watch_repeats_text_and_ends_with_its_reader(still: Desk) -> None:
    (run_id,) = waiting(still, "a")
    child = still.spawn("status", "--watch")
    assert child.stdout is not None
    lines = [child.stdout.readline().decode() for _ in range(8)]
    child.stdout.close()

    assert child.wait(20) == 0
    assert sum(run_id in line for line in lines) == 2
    assert "\x1b" not in "".join(lines)


def test_a_watch_as_json_is_a_document_a_line(still: Desk) -> None:
    (run_id,) = waiting(still, "a")
    child = still.spawn("status", "--watch", "--json")
    assert child.stdout is not None
    begin = time.monotonic()
    found = [json.loads(child.stdout.readline()) for _ in range(2)]
    child.send_signal(signal.SIGINT)

    assert child.wait(20) == 0
    assert [item["runs"][0]["id"] for item in found] == [run_id] * 2
    assert time.monotonic() - begin < 15
