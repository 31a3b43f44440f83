"""Whoever leaves is told what goes on, in one or two lines."""

from __future__ import annotations

import dataclasses
import types

from orp_tui.core.states import Mark, RunState
from orp_tui.services.leaving import last_look, leaving_words
from orp_tui.services.watch import Snapshot

LEADER = object()


def run(state, *marks):
    return types.SimpleNamespace(state=state, marks=frozenset(marks))


def seen(*runs, leader=LEADER, paused=None):
    return Snapshot(0.0, leader, 2, paused, tuple(runs), {}, 0)


RUNNING, WAITING, HELD = run(RunState.RUNNING), run(RunState.QUEUED), run(RunState.QUEUED, Mark.HELD)


def test_an_empty_queue_is_said_to_be_one():
    assert leaving_words(None) == ["nothing runs and nothing waits"]
    assert leaving_words(seen()) == ["nothing runs and nothing waits"]


def test_what_runs_and_waits_is_counted():
    first, second = leaving_words(seen(RUNNING, RUNNING, run(RunState.FINISHING), WAITING, HELD))
    assert first == "3 runs go on; 2 wait (1 held); so does the queue processor"
    assert second == "`orp-tui` shows them again, `orp status` without a dashboard"


def test_one_of_each_is_spoken_of_as_one():
    assert leaving_words(seen(RUNNING, WAITING))[0].startswith("1 run goes on; 1 waits; ")
    assert leaving_words(seen(WAITING))[0].startswith("1 run waits; ")


def test_another_base_directory_is_named_in_the_commands():
    lines = leaving_words(seen(RUNNING), base_option=" --base-dir /data/exp")
    assert "`orp status --base-dir /data/exp`" in lines[1]


def test_that_nothing_will_start_is_said():
    assert "no queue processor" in leaving_words(seen(WAITING, leader=None))[2]
    assert "`orp queue resume`" in leaving_words(seen(WAITING, paused="paused by ada"))[2]
    assert len(leaving_words(seen(RUNNING, leader=None))) == 2


def test_a_last_look_sees_what_was_queued_a_moment_ago(make_project):
    project = make_project()
    assert last_look(project.context) == ["nothing runs and nothing waits"]
    project.submit("sleep 60")
    assert last_look(project.context, base_option=" --base-dir D")[0] == "1 run waits"


def test_what_can_not_be_looked_at_is_not_said_to_be_nothing(make_project):
    project = make_project()
    project.submit("true")
    project.paths.database.write_bytes(
        b"no database at all, and longer than a header of one hundred bytes" * 9
    )
    (words,) = last_look(project.context)
    assert words == "what runs goes on; `orp status` shows it"


def test_it_takes_what_a_look_gives():
    assert {field.name for field in dataclasses.fields(Snapshot)} >= {"leader", "paused", "unfinished"}
