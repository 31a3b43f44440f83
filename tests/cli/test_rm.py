"""`orp rm`: shows, asks, moves to the trash, and says the way back."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from desk import METRICS, Desk
from pseudo_terminal import terminal


@pytest.fixture
def ended(desk: Desk) -> tuple[Desk, list[str]]:
    """A project with three ended runs, oldest first."""
    path = desk.write("good.yaml", deliverables=[METRICS])
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 1s, slots: 3}\n")
    ids = desk.call("run", "--detach", path, path, path).out.split()
    for run_id in ids:
        desk.call("logs", "-f", run_id)
    for run_id in ids:
        desk.view(run_id)
    return desk, ids


def listed(desk: Desk) -> list[str]:
    return [item["id"] for item in desk.call("runs", "--json").json]


def test_runs_go_to_the_trash_with_yes_and_come_back_in_their_place(ended: tuple[Desk, list[str]]) -> None:
    desk, (first, second, third) = ended
    info = desk.call("info", "--json", second).json

    done = desk.call("rm", "--yes", second)

    assert (done.code, done.out) == (0, f"{second}: removed\n")
    assert "in the trash" in done.err
    assert f"orp clean --restore {second}" in done.err
    assert "orp clean --empty-trash" in done.err
    assert listed(desk) == [third, first]
    gone = desk.call("info", second)
    assert gone.code == 2
    assert gone.err == f"orp: {second}: it is in the trash; `orp clean --restore {second}` puts it back\n"
    assert second in desk.call("clean", "--list-trash").out

    assert desk.call("clean", "--restore", second).code == 0
    assert listed(desk) == [third, second, first]
    after = desk.call("info", "--json", second).json
    assert [event["kind"] for event in after.pop("history")][-2:] == ["remove", "restore"]
    del info["history"]
    assert after == info
    assert desk.call("artifacts", "verify", second).code == 0


def test_without_a_terminal_it_asks_for_yes(ended: tuple[Desk, list[str]]) -> None:
    desk, ids = ended

    done = desk.finish("rm", ids[0])

    assert (done.code, done.out) == (2, "")
    assert "--yes" in done.err
    assert re.search(rf"^{ids[0]}  good +.* [0-9.]+ [KM]iB", done.err, re.MULTILINE)
    assert len(listed(desk)) == 3


def test_in_a_terminal_it_asks_and_no_is_no(ended: tuple[Desk, list[str]]) -> None:
    desk, ids = ended

    for answer, code, left in ((b"n\r", 130, 3), (b"y\r", 0, 2)):
        with terminal(desk, "rm", ids[0]) as made:
            made.until(b"to the trash? [y/N]")
            made.type(answer)
            assert made.end() == code
        assert len(listed(desk)) == left


def test_of_more_than_five_runs_the_number_is_typed(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    path = desk.write("e.yaml")
    ids = desk.call("run", "--detach", *[path] * 6).out.split()
    desk.call("cancel", *ids)

    for typed, code, left in ((b"y\r", 130, 6), (b"6\r", 0, 0)):
        with terminal(desk, "rm", "--state", "cancelled") as made:
            made.until(b"type 6 to move 6 runs")
            made.type(typed)
            assert made.end() == code, made.seen
        assert len(listed(desk)) == left


def test_a_run_that_goes_on_stays_and_that_is_a_refusal(desk: Desk) -> None:
    run_id = desk.begin()

    done = desk.call("rm", "--yes", run_id)

    assert (done.code, done.out) == (2, "")
    assert done.err == f"orp: {run_id} stays: is running; `orp cancel {run_id}` ends it\n"
    data = desk.call("rm", "--yes", "--json", run_id)
    assert data.code == 2
    assert data.json["kept"][0]["id"] == run_id


def test_json_says_what_went_and_what_would_go(ended: tuple[Desk, list[str]]) -> None:
    desk, (first, second, _) = ended

    plan = desk.call("rm", "--dry-run", "--json", first).json
    done = desk.call("rm", "--yes", "--json", first, second).json

    assert [item["id"] for item in plan["going"]] == [first]
    assert plan["bytes"] > 0
    assert {item["id"] for item in done["removed"]} == {first, second}
    assert Path(done["trash"]).is_dir()


def test_emptying_the_trash_says_sizes_and_asks(ended: tuple[Desk, list[str]]) -> None:
    desk, ids = ended
    desk.call("rm", "--yes", ids[0])

    piped = desk.finish("clean", "--empty-trash")
    assert "would be gone for good; do it with --yes" in piped.err
    with terminal(desk, "clean", "--empty-trash") as made:
        made.until(b"for good? [y/N]")
        made.type(b"y\r")
        assert made.end() == 0
    assert b"1 whole run" in made.seen
    assert desk.call("clean", "--list-trash").err == "the trash is empty\n"
    assert "no such run" in desk.call("clean", "--restore", ids[0]).err
    assert "no such run" in desk.call("info", ids[0]).err


def test_on_a_full_output_nothing_is_removed(ended: tuple[Desk, list[str]]) -> None:
    desk, ids = ended
    with open("/dev/full", "wb") as full:
        done = desk.finish("rm", "--yes", ids[0], stderr=full, stdout=full)

    assert done.code == 3
    assert len(listed(desk)) == 3


@pytest.mark.parametrize("words", [["rm"], ["rm", "nothing"], ["rm", "last", "--failed"]])
def test_bad_input_is_told_in_a_line(ended: tuple[Desk, list[str]], words: list[str]) -> None:
    desk, _ = ended

    done = desk.call(*words)

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert len(listed(desk)) == 3


def test_removed_runs_do_not_come_back_with_a_rebuild(ended: tuple[Desk, list[str]]) -> None:
    desk, (first, second, third) = ended
    desk.call("rm", "--yes", second)
    desk.call("queue", "stop")
    os.unlink(desk.paths.database)

    assert sorted(listed(desk)) == sorted([first, third])
    assert desk.call("clean", "--restore", second).code == 0
    assert sorted(listed(desk)) == sorted([first, second, third])
    assert listed(desk)[0] == third
