"""Which runs are the best of their experiment."""

from __future__ import annotations

import dataclasses
import math

import pytest
from made_runs import made_run

from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.files.atomic import write_json
from orp_tui.services import best
from orp_tui.services.best import best_first
from orp_tui.services.judged import ended_standing


class Ended:
    """Runs that have ended, with what their results say of the primary metric."""

    def __init__(self, folder):
        self.paths = BasePaths.under(folder)
        self.runs = []

    def add(self, value, *, name="digits", metric="acc", goal="maximize", at=None, **result):
        number = len(self.runs)
        run = made_run(f"exp_20261124_0930{number:02}_aaaa", state=RunState.SUCCEEDED)
        run = dataclasses.replace(run, seq=number, name=name)
        folder = self.paths.run(run.id)
        folder.folder.mkdir(parents=True)
        primary = {"name": metric, "goal": goal, "at": at, "value": value, "step": 1.0, "warning": None}
        write_json(folder.result, {"primary": primary, "metrics": {}, **result})
        self.runs.insert(0, run)  # newest first, as the store gives them
        return run.id

    def ranked(self, name="digits"):
        return [run.id for run, _ in best_first(self.paths, self.runs).get(name, [])]


@pytest.fixture
def ended(tmp_path):
    return Ended(tmp_path)


def test_the_best_comes_first_the_earlier_of_equals_and_nan_not_at_all(ended):
    low, high, same, _ = (ended.add(value) for value in (0.1, 0.9, 0.9, math.nan))
    assert ended.ranked() == [high, same, low]


def test_where_lower_is_better_the_lowest_comes_first(ended):
    first, second = (ended.add(value, metric="loss", goal="minimize") for value in (2.0, 1.0))
    assert ended.ranked() == [second, first]


def test_only_values_of_what_the_newest_run_is_judged_by_are_compared(ended):
    ended.add(5.0, metric="loss", goal="minimize")
    ended.add(0.99, at="at the best val_loss")
    other, mine = ended.add(0.5), ended.add(0.4)
    assert ended.ranked() == [other, mine]


def test_each_experiment_has_an_order_of_its_own(ended):
    one, two = ended.add(0.1, name="a"), ended.add(0.2, name="b")
    assert (ended.ranked("a"), ended.ranked("b"), ended.ranked("c")) == ([one], [two], [])


@pytest.mark.parametrize(
    "odd",
    [None, [], {}, "high", {"value": 1.0}, {"name": "a", "value": [1]}, {"name": "a", "value": 10**400}],
)
def test_a_result_that_says_nothing_sound_is_in_no_order(ended, odd):
    ended.add(0.5, primary=odd)
    assert ended.ranked() == []


def test_a_result_of_before_primaries_has_the_last_value_where_that_is_what_counts(ended):
    run_id = ended.add(0.5)
    folder = ended.paths.run(run_id)
    write_json(folder.result, {"metrics": {"acc": 0.7}})
    write_json(folder.request, {"experiment": {"metrics": {"primary": {"name": "acc", "goal": "maximize"}}}})
    assert ended_standing(folder).words == "acc 0.7"

    write_json(
        folder.request, {"experiment": {"metrics": {"primary": {"name": "acc", "at": {"best": "val"}}}}}
    )
    assert ended_standing(folder) is None


def test_a_chain_is_one_of_the_best_and_all_its_runs_stay(ended, monkeypatch):
    died, gone_on, lower, lowest = (ended.add(value) for value in (0.9, 0.9, 0.5, 0.4))
    write_json(ended.paths.run(gone_on).request, {"resume_of": died})
    monkeypatch.setattr(best.runs, "newest", lambda *_, **__: ended.runs)

    def kept(count, chosen=ended.runs):
        return [run.id for run, _ in best.best_among(ended.paths, None, chosen, count)]

    assert kept(1) == [died, gone_on]
    assert kept(2) == [died, gone_on, lower]
    assert kept(1, [run for run in ended.runs if run.id == gone_on]) == [gone_on]
    assert lowest not in kept(2)
