"""The value that a run is judged by."""

from __future__ import annotations

import json
import math

import pytest

from orp_tui.core.series import BLOCK, Series
from orp_tui.metrics.outcome import outcome
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue, primary_value

NAN = math.nan


def rule(**values):
    """As the experiment file has it."""
    found = PrimaryRule.of({"metrics": {"primary": {"name": "acc", **values}}})
    assert found is not None
    return found


def made(**series):
    """Series of values at steps 0, 1, 2, …, or of (step, value)."""
    found = {}
    for name, points in series.items():
        pairs = [point if isinstance(point, tuple) else (step, point) for step, point in enumerate(points)]
        found[name] = Series.of(name, [step for step, _ in pairs], [value for _, value in pairs])
    return found


CASES = [
    # rule, series, value and step
    ({}, {"acc": [0.1, 0.9, 0.5]}, (0.5, 2)),
    ({}, {"acc": [0.1, NAN]}, (NAN, 1)),
    ({}, {"loss": [1.0]}, None),
    ({"at": {"best": "val"}}, {"acc": [0.1, 0.9, 0.5], "val": [3.0, 1.0, 2.0]}, (0.9, 1)),
    ({"at": {"best": "val", "goal": "maximize"}}, {"acc": [0.1, 0.9, 0.5], "val": [3.0, 1.0, 2.0]}, (0.1, 0)),
    ({"at": {"best": "val"}}, {"acc": [0.1, 0.9, 0.5], "val": [1.0, 1.0, 1.0]}, (0.1, 0)),
    ({"at": {"best": "val"}}, {"acc": [0.1, 0.9, 0.5], "val": [NAN, 2.0, -math.inf]}, (0.9, 1)),
    ({"at": {"best": "val"}}, {"acc": [0.1, 0.9], "val": [NAN, NAN]}, None),
    ({"at": {"best": "val"}}, {"acc": [0.1, 0.9]}, None),
    ({"at": {"best": "val"}}, {"acc": [(9, 0.1), (21, 0.2), (30, 0.3)], "val": [(10, 3.0), (20, 1.0), (30, 2.0)]}, (0.2, 21)),
    ({"at": {"best": "val"}}, {"acc": [(1, 0.1), (1, 0.4)], "val": [(1, 3.0)]}, (0.4, 1)),
    ({"at": {"best": "acc", "goal": "maximize"}}, {"acc": [0.1, 0.9, 0.5]}, (0.9, 1)),
    ({"at": {"step": 1}}, {"acc": [0.1, 0.9, 0.5]}, (0.9, 1)),
    ({"at": {"step": 12}}, {"acc": [(0, 0.1), (10, 0.2)], "loss": [(12, 1.0)]}, (0.2, 10)),
    ({"at": {"step": 12}}, {"acc": [(0, 0.1), (10, 0.2)], "loss": [(11, 1.0)]}, None),
    ({"at": {"step": 2}}, {"acc": [(0, 0.1), (2, 0.7), (1, 0.2), (2, 0.8), (3, 0.9)]}, (0.8, 2)),
]  # fmt: skip


def same(found, wanted):
    if found is None or wanted is None:
        return found is wanted
    return repr((found.value, found.step)) == repr((float(wanted[0]), float(wanted[1])))


@pytest.mark.parametrize(("values", "series", "wanted"), CASES)
def test_the_primary_is_read_where_its_experiment_says(values, series, wanted):
    assert same(primary_value(made(**series), rule(**values)), wanted)


@pytest.mark.parametrize(("values", "series", "wanted"), CASES)
def test_the_file_of_an_ended_run_tells_the_same(values, series, wanted, tmp_path):
    path = tmp_path / "metrics.jsonl"
    rows = [{"step": step, name: value} for name, one in made(**series).items() for step, value in one]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert same(outcome(path, rule(**values)).primary, wanted)


def test_a_best_step_far_back_in_a_long_series_is_found(tmp_path):
    count = 3 * BLOCK
    val = [abs(step - 100) + 1.0 for step in range(count)]
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f'{{"step": {n}, "val": {v}, "acc": {n}}}\n' for n, v in enumerate(val)))
    whole = {"val": Series.of("val", range(count), val), "acc": Series.of("acc", range(count), range(count))}
    best = rule(at={"best": "val"})

    assert primary_value(whole, best) == outcome(path, best).primary == PrimaryValue(100.0, 100.0)
    assert outcome(path, best).last == {"val": val[-1], "acc": count - 1}


def test_metrics_that_stand_elsewhere_are_judged_too(tmp_path):
    path, whole = tmp_path / "metrics.jsonl", made(acc=[0.15, 0.25], val=[1.0, 2.0])

    found = outcome(path, rule(at={"best": "val"}), lambda: whole)
    assert (found.primary, found.last) == (PrimaryValue(0.15, 0.0), {"acc": 0.25, "val": 2.0})
    assert outcome(path, rule(), lambda: whole).primary == PrimaryValue(0.25, 1.0)
    assert outcome(path, None, lambda: whole).last == {"acc": 0.25, "val": 2.0}
    assert outcome(path, rule()).last == {}


def test_a_step_is_chosen_by_a_metric_that_only_another_source_has(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 0, "acc": 0.15}\n{"step": 1, "acc": 0.25}\n')
    found = outcome(path, rule(at={"best": "val"}), lambda: made(acc=[0.15, 0.25], val=[1.0, 2.0]))
    assert (found.primary, found.last) == (PrimaryValue(0.15, 0.0), {"acc": 0.25})


def test_of_several_sources_that_have_it_the_first_counts():
    series = {
        "acc [runs/b]": Series.of("acc [runs/b]", [0], [0.5]),
        "acc [runs/c]": Series.of("x", [0], [0.7]),
    }
    assert primary_value(series, rule()) == PrimaryValue(0.5, 0.0)


def test_a_file_too_long_to_be_looked_through_gives_no_value_and_its_last_ones(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "acc": 0.5, "val": 1.0}\n' * 30_000)

    found = outcome(path, rule(at={"best": "val"}), limit_s=0.0)
    assert (found.primary, found.last) == (None, {"acc": 0.5, "val": 1.0})


def test_the_other_sources_are_not_asked_if_the_runs_own_file_says_it(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 7, "acc": 0.5}\n')

    assert outcome(path, rule(), pytest.fail).primary == PrimaryValue(0.5, 7.0)
    assert outcome(path, None, pytest.fail).last == {"acc": 0.5}


@pytest.mark.parametrize(
    ("name", "best", "is_flagged"),
    [
        ("test_acc", "test_acc", True),
        ("test/acc", "test/loss", True),
        ("acc", "TEST loss", True),
        ("val_acc", "val_acc", False),
        ("test_acc", "val_loss", False),
        ("acc", "latest_loss", False),
        ("test_acc", None, False),
    ],
)
def test_a_step_that_test_data_chose_is_flagged(name, best, is_flagged):
    found = PrimaryRule(name, best=best)
    assert bool(found.warning) is is_flagged
    if best == name and is_flagged:
        assert found.warning.startswith("chosen as the best on itself on test: too good")


@pytest.mark.parametrize(
    "experiment",
    [None, {}, {"metrics": None}, {"metrics": {"primary": "acc"}}, {"metrics": {"primary": {"name": 3}}}, []],
)
def test_an_experiment_without_one_has_no_rule(experiment):
    assert PrimaryRule.of(experiment) is None
