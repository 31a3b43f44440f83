"""How live runs stand by the metric that judges them, with and without an observer."""

from __future__ import annotations

import json

import pytest
from metric_desk import Desk

from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.standing import Standings
from orp_tui.services.watch import RunView

AT_BEST = {"name": "acc", "goal": "maximize", "at": {"best": "val"}}


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.tail.close()


def live(desk, primary, *rows, name="metrics.jsonl", where="folder"):
    """A running run that has logged these rows of step, val and acc."""
    run = desk.run("a")
    folder = desk.paths.run(run.id)
    request = read_json(folder.request) | {"experiment": {"metrics": {"primary": primary} if primary else {}}}
    write_json(folder.request, request)
    place = getattr(folder, where)
    place.mkdir(exist_ok=True)
    lines = [
        json.dumps({"step": step, "val": val, "acc": acc}) + "\n" for step, (val, acc) in enumerate(rows)
    ]
    (place / name).write_text("".join(lines))
    return RunView(run, RunState.RUNNING, None, None, frozenset(), 1.0, None, None, None, None)


ROWS = [(3.0, 0.1), (1.0, 0.7), (2.0, 0.9)]


@pytest.mark.parametrize("observed", [False, True])
def test_the_value_at_the_best_step_so_far_is_told_with_and_without_an_observer(desk, observed):
    item = live(desk, AT_BEST, *ROWS)
    if observed:
        desk.turn()

    found = Standings(desk.paths).of(item)

    assert (found.words, found.at, found.value) == ("acc 0.7 @1", "at the best val", 0.7)
    assert found.long_words == "acc 0.7, at the best val: step 1; higher is better"
    assert found.heights == (0, 5, 7)


def test_before_the_step_is_known_the_newest_value_is_told_as_such(desk):
    item = live(desk, AT_BEST | {"at": {"step": 100}}, *ROWS)
    assert Standings(desk.paths).of(item).words == "acc 0.9 (last)"


def test_without_a_primary_the_metric_that_is_shown_first_stands_for_the_run(desk):
    found = Standings(desk.paths).of(live(desk, None, *ROWS))
    assert (found.words, found.is_primary) == ("acc 0.9", False)


def test_a_run_that_logs_to_files_of_its_own_is_known_from_the_observer_at_once(desk):
    item = live(desk, {"name": "val"}, *ROWS, name="log.jsonl", where="workspace")
    assert Standings(desk.paths).of(item) is None
    desk.turn()
    desk.turn(10)

    found = Standings(desk.paths).of(item)
    assert (found.words, found.heights) == ("val 2", (7, 0, 4))


def test_a_run_that_waits_or_has_logged_nothing_does_not_stand(desk):
    item = live(desk, AT_BEST)
    assert Standings(desk.paths).of(item) is None
