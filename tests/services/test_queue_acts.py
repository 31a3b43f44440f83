"""Acts on waiting runs, many at once."""

from __future__ import annotations

import pytest

from orp_tui.core.errors import UsageError
from orp_tui.core.states import RunState
from orp_tui.services import queue_acts
from orp_tui.store import groups, runs

ME = "me@here"


@pytest.fixture
def store(project):
    with project.context.store() as connection:
        yield connection


@pytest.fixture
def five(store):
    """Ids of waiting runs, in order."""
    names = [f"exp_{letter}" for letter in "abcde"]
    for name in names:
        runs.insert(store, runs.NewRun(name, "e", 1.0, ME))
    return names


def chosen(store, *letters):
    return [runs.get(store, f"exp_{letter}") for letter in letters]


def order(store):
    return "".join(run.id[-1] for run in runs.unfinished(store))


@pytest.mark.parametrize(
    ("letters", "where", "expected"),
    [
        ("ce", "top", "ceabd"),
        ("ac", "bottom", "bdeac"),
        ("cd", "up", "acdbe"),
        ("bc", "down", "adbce"),
        ("ab", "up", "abcde"),
        ("de", "down", "abcde"),
        ("ac", "up", "acbde"),
        ("ec", "top", "ceabd"),
    ],
)
def test_runs_that_move_together_keep_their_own_order(store, five, letters, where, expected):
    queue_acts.move(store, chosen(store, *letters), where, by=ME)

    assert order(store) == expected


def test_a_run_at_the_end_already_is_not_said_to_have_moved(store, five):
    down = queue_acts.move(store, chosen(store, "d", "e"), "down", by=ME)
    up = queue_acts.move(store, chosen(store, "a"), "up", by=ME)
    between = queue_acts.move(store, chosen(store, "a"), "down", by=ME)

    assert {answer.word for answer in down} == {"is last of its priority already"}
    assert [answer.word for answer in up] == ["is first of its priority already"]
    assert [answer.word for answer in between] == ["moved down"]


def test_runs_move_before_another_and_get_its_priority(store, five):
    (d,) = chosen(store, "d")
    queue_acts.set_priority(store, [d], 7, by=ME)

    queue_acts.move(store, chosen(store, "a", "c"), "before", by=ME, before=runs.get(store, "exp_d"))

    assert order(store) == "acdbe"
    assert runs.get(store, "exp_a").priority == 7


def test_a_run_stands_neither_before_itself_nor_before_one_that_does_not_wait(store, five):
    a, b = chosen(store, "a", "b")
    with pytest.raises(UsageError, match="before itself"):
        queue_acts.move(store, [a], "before", by=ME, before=a)

    runs.move(store, b, "claim", at=2.0)
    with pytest.raises(UsageError, match="has no place"):
        queue_acts.move(store, [a], "before", by=ME, before=runs.get(store, "exp_b"))


def test_one_that_does_not_wait_is_told_and_stops_no_other(store, five):
    a, b = chosen(store, "a", "b")
    runs.move(store, a, "claim", at=2.0)

    answers = queue_acts.hold(store, [a, b], by=ME)

    assert [(item.done, item.word) for item in answers] == [
        (False, "is starting; only a run that waits takes this"),
        (True, "held"),
    ]
    assert runs.get(store, "exp_b").held
    assert queue_acts.release(store, [b], by=ME)[0].done
    assert not runs.get(store, "exp_b").held


def test_clearing_leaves_a_run_alone_that_has_started_since_it_was_chosen(project, store, five):
    both = chosen(store, "a", "b")
    runs.move(store, both[0], "claim", at=2.0)

    answers = queue_acts.clear(project.paths, store, both, by=ME)

    assert [item.done for item in answers] == [False, True]
    assert runs.get(store, "exp_a").cancel_requested_at is None
    assert runs.get(store, "exp_b").state is RunState.CANCELLED


def test_a_group_pauses_and_goes_on_without_the_others(store, five):
    queue_acts.pause(store, "g", "too hot")
    queue_acts.pause(store, None, "all of it")
    assert queue_acts.pauses(store) == ["the queue: all of it", "group g: too hot"]

    assert queue_acts.resume(store, None)
    assert queue_acts.pauses(store) == ["group g: too hot"]
    assert queue_acts.resume(store, "g")
    assert not queue_acts.resume(store, "g")
    assert queue_acts.known_groups(store) == {"default", "g"}


def test_the_code_of_a_waiting_run_is_said_where_its_folder_tells(project):
    first, second = project.submit(), project.submit()
    project.run(second).source.write_text("rubbish")

    with project.context.store() as connection:
        _, waiting = queue_acts.waiting(project.paths, connection, slots=2)

    assert [(item.place, item.view.run.id) for item in waiting] == [(1, first), (2, second)]
    assert waiting[0].code.startswith("no git, ")
    assert waiting[1].code is None


@pytest.mark.parametrize(("text", "value"), [("low", -10), ("high", 10), ("-3", -3), ("0", 0)])
def test_a_priority_is_a_word_or_a_number(text, value):
    assert queue_acts.read_priority(text) == value


@pytest.mark.parametrize("text", ["", "1.5", "urgent", "9999999999"])
def test_no_priority_is_told(text):
    with pytest.raises(UsageError, match="no priority"):
        queue_acts.read_priority(text)


def test_a_resume_without_a_group_goes_on_with_the_runs_that_were_given_to_none(project):
    project.submit("true")
    with project.context.store() as connection:
        groups.pause(connection, "default", "3 runs failed alike")
        groups.pause(connection, "big", "tests")

        assert queue_acts.resume(connection, None)

        paused = {name: group.paused for name, group in groups.read(connection).items()}
    assert paused == {"default": None, "big": "tests"}
