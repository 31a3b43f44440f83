"""The morning after: what is said of the night is true, whoever was killed in it."""

from __future__ import annotations

import os
import signal
import time

import pytest
from project import alive
from waiting import until

from orp_tui.core.errors import UsageError
from orp_tui.core.states import RunState
from orp_tui.services import digest as services
from orp_tui.store import groups, runs
from orp_tui.store.runs import NewRun


def digest(project, since=None, *, remember=False):
    with project.context.store() as connection:
        found = services.digest(project.context, connection, since)
    if remember:
        services.remember(project.context, found)
    return found


def ends(found):
    return {item.run.id: item.state for item in found.ended}


def test_ends_come_with_reason_evidence_and_deliverables_the_worst_first(project):
    good = project.submit("echo x > out.txt", deliverables=[{"type": "report", "path": "out.txt"}])
    half = project.submit("true", deliverables=[{"type": "report", "path": "out.txt"}])
    bad = project.submit("echo 'RuntimeError: broken' >&2; exit 7")
    gone = project.submit("true")
    project.cancel(gone)
    project.settle()

    found = digest(project, "1h")

    assert [item.run.id for item in found.ended] == [bad, half, gone, good]
    assert found.ended[0].reason == "exit_code"
    assert "RuntimeError: broken" in found.ended[0].detail
    assert (found.ended[3].run.deliverables_valid, found.ended[3].run.deliverables_total) == (1, 1)
    assert found.now.unfinished == ()


def test_it_is_true_with_leader_and_supervisor_killed_and_nothing_written_since(project):
    dead, leader = project.running()
    leader.kill()
    leader.wait()
    project.kill_supervisor(dead)
    os.killpg(_training(project, dead), signal.SIGKILL)
    until(lambda: not alive(_training(project, dead)), what="the end of the training")
    done, waits = project.submit("true"), project.submit("true")

    found = digest(project, "1h")

    assert project.state(dead).is_active  # nobody has written otherwise
    assert ends(found) == {dead: RunState.LOST}
    assert [item.run.id for item in found.waiting] == [done, waits]
    assert found.now.leader is None


def _training(project, run_id):
    return project.training(run_id)


def test_last_is_since_the_last_time_this_user_asked(project):
    first = project.submit("true")
    project.settle()
    assert digest(project).whence == "first"
    assert ends(digest(project, remember=True)) == {first: RunState.SUCCEEDED}

    second = project.submit("exit 1")
    project.settle()

    again = digest(project)
    assert (again.whence, ends(again)) == ("last", {second: RunState.FAILED})
    assert set(ends(digest(project, "1h"))) == {first, second}


def test_a_run_that_ended_before_the_last_digest_and_was_still_packing_then_is_told_in_the_next(project):
    run_id = project.submit("true")
    digest(project, remember=True)
    project.settle()
    with project.context.store() as connection:
        runs.note(connection, project.row(run_id), ended_at=time.time() - 3600)

    assert run_id in ends(digest(project, remember=True))
    assert digest(project).ended == ()


def test_another_user_has_another_last(project, monkeypatch):
    run_id = project.submit("true")
    project.settle()
    digest(project, remember=True)

    monkeypatch.setattr(services, "actor", lambda: "maria@here")

    assert ends(digest(project)) == {run_id: RunState.SUCCEEDED}


def test_a_damaged_memory_of_the_last_digest_is_none(project):
    run_id = project.submit("true")
    project.settle()
    (project.paths.state / "digest.json").write_text("{half")

    assert run_id in ends(digest(project, remember=True))
    assert digest(project).ended == ()


def test_paused_groups_retries_and_the_queue_are_told(project):
    with project.context.store() as connection:
        groups.pause(connection, "sweep", "3 runs in a row failed: ImportError")
        first = "exp_20261124_093000_aaaa"
        for run_id, retry in ((first, 0), ("exp_20261124_093000_bbbb", 1)):
            new = NewRun(run_id, "a", time.time(), "me@here", retry=retry, retry_of=first if retry else None)
            runs.insert(connection, new)

    found = digest(project)

    assert [(item.name, item.paused) for item in found.paused] == [
        ("sweep", "3 runs in a row failed: ImportError")
    ]
    assert [(item.of, item.number) for item in found.retries] == [(first, 1)]


def test_the_queue_is_through_after_what_like_runs_took(project):
    waiting = [f"exp_20261124_09300{number}_aaaa" for number in range(4)]
    with project.context.store() as connection:
        runs.insert(connection, NewRun("exp_20261123_093000_aaaa", "train", 1.0, "me@here"))
        connection.execute("UPDATE run SET state = 'succeeded', started_at = 100, ended_at = 400")
        for run_id in waiting:
            runs.insert(connection, NewRun(run_id, "train", 2.0, "me@here"))
        runs.insert(connection, NewRun("exp_20261124_093009_bbbb", "new one", 3.0, "me@here"))
    for run_id in waiting:
        project.run(run_id).folder.mkdir(parents=True)
    project.run("exp_20261124_093009_bbbb").folder.mkdir()
    with project.context.store() as connection:
        assert services.digest(project.context, connection).eta is None  # nobody leads: never
        seen = services.snapshot(project.paths, connection, slots=2)
        led = services.dataclasses.replace(seen, leader=object(), slots=2)

        found = services._eta(connection, led, ())

    assert (found.seconds, found.unknown) == (600.0, 1)


@pytest.mark.parametrize(("text", "back"), [("12h", 43_200), ("30m", 1_800), ("90", 90)])
def test_a_window_can_be_a_duration(project, text, back):
    project.submit("true")

    assert digest(project, text).since == pytest.approx(time.time() - back, abs=5)


def test_a_time_of_day_is_the_last_such_and_a_date_is_itself(project):
    project.submit("true")
    now = time.time()

    assert now - 86_400 <= digest(project, "08:00").since <= now
    assert time.localtime(digest(project, "2020-01-02 03:04").since)[:5] == (2020, 1, 2, 3, 4)
    for nonsense in ("soon", "2999-01-01 00:00", "-3h"):
        with pytest.raises(UsageError):
            digest(project, nonsense)
