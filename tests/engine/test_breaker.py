"""The circuit breaker pauses a group whose runs fail alike, once, by what the store says."""

from __future__ import annotations

import itertools

import pytest
from rows import queued

from orp_tui.engine.breaker import Breaker, signature
from orp_tui.store import database, groups, runs
from orp_tui.store.history import End

WRONG = "exit code 1: ModuleNotFoundError: No module named 'torch'"
names = (f"{number:04d}" for number in itertools.count())


@pytest.fixture
def connection(tmp_path):
    with database.opened(tmp_path / "orp.db") as connection:
        yield connection


def end(connection, event="fail", detail=WRONG, *, lasted=2.0, **values):
    run = runs.claim(connection, queued(connection, next(names), **values), at=100.0)
    run = runs.move(connection, run, "start", at=100.0, started_at=100.0)
    return runs.move(
        connection, run, event, at=100.0, ended_at=100.0 + lasted, reason="exit_code", detail=detail
    )


def paused(connection, name="default"):
    found = groups.read(connection).get(name)
    return found.paused if found else None


def test_three_alike_pause_their_group_and_say_which(connection):
    ids = [end(connection).id for _ in range(3)]

    assert Breaker(connection, 3).look() == ["default"]

    why = paused(connection)
    assert WRONG in why
    assert all(run_id in why for run_id in ids)


@pytest.mark.parametrize(
    "between",
    [
        {"event": "succeed", "detail": "exit code 0"},
        {"detail": "exit code 2: something else"},
        {"lasted": 90.0},
        {"event": "lose", "detail": "the machine was restarted while it ran"},
    ],
)
def test_a_success_another_failure_or_a_long_run_between_them_resets(connection, between):
    end(connection)
    end(connection)
    end(connection, **between)
    end(connection)

    assert Breaker(connection, 3).look() == []
    assert paused(connection) is None


def test_a_cancelled_run_and_the_retries_of_one_run_count_neither_way(connection):
    end(connection)
    for _ in range(5):
        end(connection, retry=1)
    end(connection, "cancel")
    end(connection)
    assert Breaker(connection, 3).look() == []

    end(connection)
    assert Breaker(connection, 3).look() == ["default"]


def test_each_group_is_judged_alone(connection):
    end(connection, group="a")
    end(connection, group="b")
    end(connection, group="a")
    end(connection, group="b")
    end(connection, group="a")

    assert Breaker(connection, 3).look() == ["a"]
    assert paused(connection, "b") is None


def test_after_a_resume_the_old_failures_count_no_more_for_a_new_queue_processor_either(connection):
    breaker = Breaker(connection, 3)
    for _ in range(3):
        end(connection)
    breaker.look()
    end(connection)  # it was running when the group was paused
    groups.pause(connection, "default", None)

    assert breaker.look() == []
    assert Breaker(connection, 3).look() == []
    end(connection)
    end(connection)
    assert breaker.look() == []
    end(connection)
    assert breaker.look() == ["default"]


def test_what_happened_while_no_queue_processor_lived_is_seen_by_the_next(connection):
    for _ in range(3):
        end(connection)

    assert Breaker(connection, 4).look() == []
    assert Breaker(connection, 0).look() == []
    assert Breaker(connection, 3).look() == ["default"]
    assert Breaker(connection, 3).look() == []


def test_a_signature_forgets_paths_numbers_and_addresses():
    def made(detail):
        return signature(End("", "failed", "exit_code", detail, 1.0, 0))

    one = made("exit code 1: FileNotFoundError: '/data/run_17/x.csv' at 0x7f3a, line 12")
    two = made("exit code 1: FileNotFoundError: '/other/y.csv' at 0xdead, line 9")

    assert one == two
    assert made("exit code 1: a") != made("exit code 1: b")
