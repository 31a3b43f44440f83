"""How live runs stand by the metric that judges them, with and without an observer."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import pytest
from metric_desk import Desk

from orp_tui.cli.commands import status
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.last_metrics import LastMetrics
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


def gone_on(desk, *, observed=False):
    """A live run that goes on from one that ended, of which val was the least."""
    first = live(desk, AT_BEST, (3.0, 0.1), (0.5, 0.6), (2.0, 0.65))
    (desk.paths.run(first.run.id).workspace).mkdir()
    write_json(desk.paths.run(first.run.id).result, {"primary": None, "metrics": {}})
    if observed:
        desk.turn()
    desk.end(first.run)
    run = desk.run("b")
    folder = desk.paths.run(run.id)
    request = read_json(folder.request) | {
        "experiment": {"metrics": {"primary": AT_BEST}}, "resume_of": first.run.id,
    }  # fmt: skip
    write_json(folder.request, request)
    folder.metrics.write_text('{"step": 3, "val": 1.0, "acc": 0.7}\n')
    return first, dataclasses.replace(first, run=run)


@pytest.mark.parametrize("observed", [False, True])
def test_a_run_that_goes_on_stands_by_the_best_step_of_all_its_chain(desk, observed):
    first, item = gone_on(desk, observed=observed)
    for _ in range(3 if observed else 0):
        desk.turn(10)
    assert desk.is_complete(first.run) == observed

    standings = Standings(desk.paths)
    assert standings.of(item).words == "acc 0.6 @1"

    with open(desk.paths.run(item.run.id).metrics, "a") as file:
        file.write('{"step": 4, "val": 0.1, "acc": 0.75}\n')
    if observed:
        desk.turn(10)
    assert standings.of(item).words == "acc 0.75 @4"
    standings.keep_only(())


def test_what_the_later_run_undid_counts_no_more(desk):
    _, item = gone_on(desk)
    desk.paths.run(item.run.id).metrics.write_text('{"step": 1, "val": 1.0, "acc": 0.7}\n')
    assert Standings(desk.paths).of(item).words == "acc 0.7 @1"


def test_a_chain_whose_cache_was_made_anew_is_told_all_the_same(desk):
    _, item = gone_on(desk, observed=True)
    for _ in range(3):
        desk.turn(10)
    standings = Standings(desk.paths)
    assert standings.of(item).words == "acc 0.6 @1"
    desk.tail.close()
    for path in desk.paths.metric_cache.parent.glob(desk.paths.metric_cache.name + "*"):
        path.unlink()
    assert standings.of(item).words == "acc 0.6 @1"


def test_a_primary_beside_the_own_file_is_known_from_the_observer_at_once(desk):
    item = live(desk, {"name": "test"}, *ROWS)
    place = desk.paths.run(item.run.id).workspace
    place.mkdir()
    (place / "log.jsonl").write_text('{"step": 1, "test": 0.25}\n')
    desk.turn()
    desk.turn(10)
    assert Standings(desk.paths).of(item).words == "test 0.25"


def test_a_status_that_runs_out_of_time_forgets_nothing_that_it_knew(desk, monkeypatch):
    known = live(desk, {"name": "test"}, *ROWS)  # a file of its own, which has not what it is judged by
    other = dataclasses.replace(known, run=desk.run("b"))
    monkeypatch.setattr(status, "LOOK_S", -1.0)
    found = status.standing_of_all(SimpleNamespace(paths=desk.paths), [other, known])
    assert {run_id: standing.words for run_id, standing in found.items()} == {known.run.id: "acc 0.9"}


def test_the_time_to_read_is_shared_by_all_runs(desk):
    """Of four runs with long files each gets its share; the first does not take all of it."""
    items = []
    for name in "abcd":
        folder = desk.paths.run(desk.run(name).id)
        folder.workspace.mkdir()
        (folder.workspace / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n' * 300_000)
        items.append(folder)
    desk.clock.step = 0.01  # each look at the clock takes so long
    last = LastMetrics(desk.paths, clock=desk.clock)
    for folder in items:
        assert last.of(folder) is None
    assert last.advance(0.8)
    assert [last.of(folder) is not None for folder in items] == [True] * 4
