"""`orp digest` as a person reads it."""

from __future__ import annotations

import pytest
from desk import Desk, Ended

from orp_tui.cli.commands.digest import lines
from orp_tui.core.sanitise import cell_width
from orp_tui.services.digest import digest
from orp_tui.store import groups, settings


def test_what_wants_attention_comes_first_with_its_evidence(ended: Ended) -> None:
    done = ended.desk.call("digest", "--since", "12h")

    rows = done.out.splitlines()
    assert done.code == 0
    assert rows[0].startswith("While you were away: since ")
    assert rows[1] == "1 succeeded · 1 INCOMPLETE · 1 FAILED"
    assert rows[3].split()[1:3] == ["FAILED", "bad"]
    assert "RuntimeError: broken" in rows[4]
    assert ended.failed in rows[5]
    places = [done.out.index(run_id) for run_id in (ended.failed, ended.incomplete, ended.good)]
    assert places == sorted(places)
    assert all(cell_width(row) <= 80 for row in rows)


def test_json_has_every_end_and_what_waits(ended: Ended) -> None:
    found = ended.desk.call("digest", "--since", "12h", "--json").json

    assert found["counts"] == {"lost": 0, "failed": 1, "incomplete": 1, "cancelled": 0, "succeeded": 1}
    assert {item["id"] for item in found["ended"]} == {ended.good, ended.incomplete, ended.failed}
    assert {item["id"]: item["deliverables"]["valid"] for item in found["ended"]}[ended.good] == 1
    assert found["running"] == found["waiting"] == []


def test_asking_twice_tells_nothing_twice(desk: Desk) -> None:
    desk.call("run", desk.write("good.yaml"))

    first, second = desk.call("digest"), desk.call("digest")

    assert "1 succeeded" in first.out
    assert "nothing ended" in second.out


def test_a_pause_and_a_missing_queue_processor_are_warned_of_before_all_else(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml"))
    with desk.context.store() as connection:
        settings.write(connection, "paused", "by maria")
        groups.pause(connection, "sweep", "3 runs in a row failed: ImportError: no module named torch")

    rows = desk.call("digest").out.splitlines()

    assert rows[2:6] == [
        "! the queue is paused: by maria; `orp queue resume`",
        "! group sweep is paused: 3 runs in a row failed: ImportError: no module named",
        "  torch",
        "  when that is mended: orp queue resume sweep",
    ]
    assert rows[6] == "! no queue processor: nothing starts until `orp queue start`"
    assert "waiting: 1" in rows


def test_nothing_was_run_yet(desk: Desk) -> None:
    done = desk.call("digest")

    assert (done.code, done.out) == (0, "")
    assert "nothing was run" in done.err
    assert desk.call("digest", "--json").json["ended"] == []


@pytest.mark.parametrize("width", [40, 80, 120])
def test_forty_failures_of_one_kind_are_one_entry_that_fits(desk: Desk, width: int) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    ids = [desk.call("run", "--detach", desk.write("e.yaml")).out.strip() for _ in range(6)]
    with desk.context.store() as connection:
        connection.execute(
            "UPDATE run SET state = 'failed', reason = 'exit_code', started_at = submitted_at,"
            " ended_at = submitted_at, detail = ?",
            ("exit code 1: \x1b[2J" + "long " * 60,),
        )
        found = list(lines(digest(desk.context, connection, "1h"), width))

    assert sum("×6" in line for line in found) == 1
    assert all(cell_width(line) <= max(width, 45) for line in found)
    assert not any("\x1b" in line for line in found)
    assert ids[-1] in "\n".join(found) or "…" in "\n".join(found)
