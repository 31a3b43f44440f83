"""Which lines a chart of several runs has."""

from __future__ import annotations

from shown import run

from orp_tui.charts.lines import MOST, Chart, plain_name
from orp_tui.core.series import Series


def names(chart: Chart) -> list[tuple[str, int]]:
    return [(line.name, len(line.members)) for line in chart.lines]


def test_runs_that_differ_by_their_seed_are_one_line_called_by_their_group():
    runs = [run(f"a seed={seed}", [1], seeds="a", group="a lr=0.1") for seed in range(3)]
    runs.insert(1, run("other", [1]))

    assert names(Chart.of_runs("loss", runs)) == [("a lr=0.1", 3), ("other", 1)]
    assert names(Chart.of_runs("loss", runs, apart=True)) == [
        ("a seed=0", 1), ("other", 1), ("a seed=1", 1), ("a seed=2", 1)
    ]  # fmt: skip


def test_a_seed_that_is_alone_keeps_its_own_name():
    runs = [run("a seed=0", [1], seeds="a", group="a"), run("b seed=0", [1], seeds="b", group="b")]

    assert names(Chart.of_runs("loss", runs)) == [("a seed=0", 1), ("b seed=0", 1)]


def test_a_run_without_the_metric_is_no_line():
    runs = [run("a", [1]), run("b", [1], metric="acc")]

    assert names(Chart.of_runs("acc", runs)) == [("b", 1)]
    assert names(Chart.of_runs("none", runs)) == []


def test_lines_for_which_no_colour_is_left_are_counted():
    chart = Chart.of_runs("loss", [run(f"r{place}", [1]) for place in range(9)])

    assert (len(chart.lines), chart.left_out) == (MOST, 3)


def test_a_member_knows_the_start_and_the_epochs_of_its_run():
    one = run("a", [1, 2], start=5, epochs=[0, 1])
    late = Series.of("val", [1], [1], [1.7e9 + 100])
    chart = Chart.of_runs("val", [type(one)("a", {**one.series, "val": late})])

    (member,) = chart.lines[0].members
    assert member.start == 1.7e9 + 5
    assert member.epochs is one.series["epoch"]


def test_metrics_of_one_run_are_lines_called_by_their_names():
    chart = Chart.of([Series.of("a", [1], [1]), Series.of("b", [1], [1])])

    assert names(chart) == [("a", 1), ("b", 1)]
    assert chart.name == ""
    assert Chart.of([Series.of("a", [1], [1])]).name == "a"


def test_a_metric_is_known_in_the_ways_in_which_files_write_it():
    assert plain_name("Eval.Accuracy") == plain_name("eval/accuracy")
    assert plain_name("val_loss") != plain_name("val/loss")
