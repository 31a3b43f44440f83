"""Facts of runs → rows: what differs, what is best, what of damaged runs is not known, what seeds come to."""

from __future__ import annotations

import math

import pytest
from compared import compared, facts, metrics, row, texts
from run_folders import run_id

from orp_tui.core.past_run import MetricValues
from orp_tui.core.states import RunState
from orp_tui.services.comparison.values import BEST, CONFIG, FIRST, LAST, MACHINE, PACKAGES, RUN, VARIABLES


def names(comparison, section: str) -> list[str]:
    return [each.name for each in comparison.rows if each.section == section]


def test_only_rows_that_differ_are_kept_and_the_others_are_counted():
    one = facts("aaaa", config={"lr": 0.1, "net.depth": 3})
    two = facts("bbbb", config={"lr": 0.2, "net.depth": 3})

    whole = compared(one, two)
    short = whole.only_differing()

    assert names(whole, CONFIG) == ["lr", "net.depth"]
    assert names(short, CONFIG) == ["lr"]
    assert short.left_out == len(whole.rows) - len(short.rows) > 0
    assert short.only_differing() == short


def test_two_runs_differ_by_delta_and_percent_of_the_baseline():
    one, two = facts("aaaa", config={"lr": 0.2}), facts("bbbb", config={"lr": 0.3})

    found = row(compared(one, two), CONFIG, "lr").difference
    turned = row(compared(one, two, baseline=run_id("bbbb")), CONFIG, "lr").difference

    assert found is not None
    assert turned is not None
    assert (found.delta, found.percent) == (pytest.approx(0.1), pytest.approx(50))
    assert (turned.delta, turned.percent) == (pytest.approx(-0.1), pytest.approx(-100 / 3))


@pytest.mark.parametrize(
    ("before", "after"), [(0.0, math.nan), (math.inf, 1.0), (True, 1.0), ("1", 2.0), (None, 2.0)]
)
def test_what_is_no_number_has_no_difference(before, after):
    comparison = compared(facts("aaaa", config={"x": before}), facts("bbbb", config={"x": after}))

    assert row(comparison, CONFIG, "x").difference is None


def test_of_a_baseline_of_nothing_there_is_a_difference_and_no_percentage():
    found = row(
        compared(facts("aaaa", config={"x": 0}), facts("bbbb", config={"x": 2})), CONFIG, "x"
    ).difference

    assert found is not None
    assert (found.delta, found.percent) == (2.0, None)


def test_three_runs_have_no_difference_columns():
    comparison = compared(
        *(facts(name, config={"x": float(place)}) for place, name in enumerate(("aa", "bb", "cc")))
    )

    assert row(comparison, CONFIG, "x").difference is None


def test_true_is_not_one_and_nan_is_itself():
    one, two = facts("aaaa", config={"a": True, "b": math.nan}), facts("bbbb", config={"a": 1, "b": math.nan})

    comparison = compared(one, two)

    assert not row(comparison, CONFIG, "a").is_same
    assert row(comparison, CONFIG, "b").is_same


def test_the_best_is_marked_by_the_goal_of_the_experiment_else_by_the_name():
    one = facts("aaaa", metrics=metrics(loss=0.3, acc=0.9) | {"cost": MetricValues(last=5.0, lowest=1.0, highest=9.0, goal="minimize")})  # fmt: skip
    two = facts("bbbb", metrics=metrics(loss=0.2, acc=0.8) | {"cost": MetricValues(last=4.0, lowest=2.0, highest=8.0, goal="minimize")})  # fmt: skip

    comparison = compared(one, two)

    def best(section, name):
        return [cell.is_best for cell in row(comparison, section, name).cells]

    assert best(LAST, "loss") == [False, True]
    assert best(LAST, "acc") == [True, False]
    assert best(LAST, "cost") == [False, True]
    assert best(BEST, "cost") == [True, False]
    assert row(comparison, BEST, "cost").cells[0].value == 1.0
    assert row(comparison, FIRST, "loss").cells[0].value == 1.3


def test_nothing_is_best_of_equal_values_of_nan_or_of_a_schedule():
    one = facts("aaaa", metrics=metrics(acc=0.9, lr=0.1) | {"f1": MetricValues(last=math.nan)})
    two = facts("bbbb", metrics=metrics(acc=0.9, lr=0.2) | {"f1": MetricValues(last=0.5)})

    comparison = compared(one, two)

    for name in ("acc", "lr", "f1"):
        assert not any(cell.is_best for cell in row(comparison, LAST, name).cells), name


def test_samples_of_the_machine_have_one_row_each_of_their_peak():
    found = {"sys/gpu0/memory": MetricValues(1e9, 2e9, 1e9, 3e9)}

    comparison = compared(facts("aaaa", metrics=found), facts("bbbb"))

    assert texts(row(comparison, MACHINE, "sys/gpu0/memory")) == ["3 GB", "-"]
    assert names(comparison, LAST) == []


def test_a_damaged_run_keeps_its_column_and_makes_no_row_differ():
    one, two = (
        facts(name, config={"lr": 0.1}, environment={"packages": {"numpy": "1"}}) for name in ("aaaa", "bbbb")
    )
    damaged = facts("cccc", problem="request.json is damaged", state=RunState.FAILED)

    comparison = compared(one, two, damaged)

    assert comparison.columns[2].problem == "request.json is damaged"
    assert texts(row(comparison, CONFIG, "lr")) == ["0.1", "0.1", "?"]
    assert row(comparison, CONFIG, "lr").is_same
    assert texts(row(comparison, PACKAGES, "numpy")) == ["1", "1", "?"]
    assert texts(row(comparison, RUN, "state")) == ["succeeded", "succeeded", "FAILED"]


def test_a_run_that_nobody_knows_is_all_questions():
    unheard = facts("cccc", problem="it is not there any more", submitted_at=0.0, name="")

    comparison = compared(facts("aaaa"), unheard)

    assert comparison.columns[1].state is None
    assert texts(row(comparison, RUN, "state")) == ["succeeded", "?"]
    assert texts(row(comparison, RUN, "submitted"))[1] == "?"


def test_variables_that_orp_sets_for_each_run_are_no_difference():
    one = facts("aaaa", environment={"variables": {"ORP_RUN_ID": "a", "OMP_NUM_THREADS": "1"}})
    two = facts("bbbb", environment={"variables": {"ORP_RUN_ID": "b", "OMP_NUM_THREADS": "2"}})

    assert names(compared(one, two), VARIABLES) == ["OMP_NUM_THREADS"]


def seeds(variant: str, *values: float, first: int = 0, **more):
    return [
        facts(f"{variant}{seed}", seed=seed, variant=variant, config={"seed": seed, "lr": 0.1}, metrics=metrics(acc=value), name=variant, **more)
        for seed, value in enumerate(values, first)
    ]  # fmt: skip


def test_runs_that_differ_by_their_seed_are_one_column_with_mean_and_interval():
    comparison = compared(*seeds("aa", 0.9, 0.92, 0.94), *seeds("bb", 0.5, 0.6), fold_seeds=True)

    assert [column.heading for column in comparison.columns] == ["aa00 +2", "bb00 +1"]
    first, second = row(comparison, LAST, "acc").cells
    assert first.value == pytest.approx(0.92)
    assert first.is_best
    assert not second.is_best
    assert first.interval is not None
    assert first.interval.n == 3
    assert first.interval.low < 0.9
    assert first.interval.high > 0.94
    assert "±" in first.text
    assert "n=3" in first.text
    assert texts(row(comparison, CONFIG, "seed")) == ["0, 1, 2", "0, 1"]
    assert texts(row(comparison, CONFIG, "lr")) == ["0.1", "0.1"]
    assert texts(row(comparison, RUN, "state")) == ["succeeded ×3", "succeeded ×2"]


def test_folded_times_and_sizes_are_told_from_the_least_to_the_greatest():
    runs = [
        facts(f"s{seed}", seed=seed, variant="v", ended_at=170.0 + 60 * seed, bytes=2048 if seed else None)
        for seed in range(3)
    ]

    comparison = compared(*runs, facts("other"), fold_seeds=True)

    assert texts(row(comparison, RUN, "duration"))[0] == "1m00s–3m00s"
    assert texts(row(comparison, RUN, "size"))[0] == "2.0 KiB"


def test_a_failed_or_resumed_run_is_no_sample_of_its_seeds():
    runs = [*seeds("aa", 0.9, 0.7), *seeds("aa", 0.1, first=2, state=RunState.FAILED)]
    resumed = seeds("aa", 0.2, first=3, resumed_by="exp_x")

    found = row(compared(*runs, *resumed, facts("zzzz"), fold_seeds=True), LAST, "acc").cells[0]

    assert found.interval is not None
    assert found.interval.n == 2
    assert found.value == pytest.approx(0.8)


def test_the_same_seed_on_other_code_is_another_column():
    runs = [*seeds("aa", 0.9, 0.92, tree="one"), *seeds("aa", 0.1, 0.2, first=5, tree="two")]

    comparison = compared(*runs, fold_seeds=True)

    assert [column.heading for column in comparison.columns] == ["aa00 +1", "aa50 +1"]
    assert [cell.value for cell in row(comparison, LAST, "acc").cells] == pytest.approx([0.91, 0.15])


def test_the_same_seed_once_more_is_no_further_sample():
    again = facts("aa0x", seed=0, variant="aa", metrics=metrics(acc=0.9), submitted_at=150.0)

    comparison = compared(*seeds("aa", 0.8, 0.94), again, facts("zzzz"), fold_seeds=True)

    found = row(comparison, LAST, "acc").cells[0]
    assert found.interval is not None
    assert found.interval.n == 2
    assert found.value == pytest.approx(0.92)
    assert comparison.columns[0].samples == (run_id("aa1"), run_id("aa0x"))


def test_one_seed_alone_has_a_mean_and_no_interval():
    found = row(compared(*seeds("aa", 0.9), *seeds("bb", 0.5, 0.6), fold_seeds=True), LAST, "acc").cells[0]

    assert found.value == 0.9
    assert found.interval is None


def test_the_baseline_may_be_a_run_inside_a_folded_column():
    comparison = compared(
        *seeds("aa", 0.9, 0.8), *seeds("bb", 0.5, 0.6), fold_seeds=True, baseline=run_id("bb1")
    )

    assert comparison.baseline == 1


def test_a_live_run_makes_the_comparison_live():
    assert not compared(facts("aaaa"), facts("bbbb")).is_live
    assert compared(facts("aaaa"), facts("bbbb", state=RunState.RUNNING)).is_live
    folded = [*seeds("aa", 0.9), *seeds("aa", 0.1, first=2, state=RunState.RUNNING)]
    assert compared(*folded, facts("bbbb"), fold_seeds=True).is_live
