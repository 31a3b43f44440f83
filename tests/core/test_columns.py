"""The columns of lists of runs."""

from __future__ import annotations

import dataclasses

import pytest

from orp_tui.core.columns import (
    OF_METRICS,
    PLAIN,
    USUAL,
    Column,
    cell_text,
    metric_value,
    parse_column,
    scalar_text,
    value_of,
)
from orp_tui.core.past_run import MetricValues, PastRun, best_goal
from orp_tui.core.states import RunState

NOW = 1_800_000_000.0
RUN = PastRun(
    id="exp_20261124_120000_ab12",
    name="resnet50",
    state=RunState.SUCCEEDED,
    submitted_at=NOW - 7200,
    started_at=NOW - 7000,
    ended_at=NOW - 3400,
    seed=3,
    deliverables_valid=2,
    deliverables_total=3,
    bytes=5 << 20,
    config={"lr": 0.001, "optimizer.name": "adam", "amp": True, "note": None},
    metrics={
        "val_acc": MetricValues(0.1, 0.91, 0.1, 0.93),
        "val_loss": MetricValues(2.3, 0.4, 0.3, 2.3),
        "reward": MetricValues(1.0, 2.0, 0.5, 3.0, goal="minimize"),
    },
    primary="val_acc",
    primary_value=0.93,
    tags=("baseline", "paper"),
    is_starred=True,
)


@pytest.mark.parametrize(
    "name", [*PLAIN, "cfg.lr", "cfg.a.b", "metric.val/acc", "best.x", "first.x", "min.x", "max.x"]
)
def test_the_name_of_a_column_means_that_column(name: str) -> None:
    assert str(parse_column(name)) == name


def test_last_is_another_word_for_a_metric() -> None:
    assert parse_column("last.val_acc") == Column("metric", "val_acc")


@pytest.mark.parametrize("name", ["", "  ", "nme", "cfg", "cfg.", "foo.bar", "state.x", "."])
def test_what_is_no_column_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no column"):
        parse_column(name)


def test_a_misspelt_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean duration"):
        parse_column("duraton")


@pytest.mark.parametrize("kind", PLAIN)
def test_every_column_has_a_heading_a_value_and_a_cell(kind: str) -> None:
    column = Column(kind)
    assert column.heading
    value_of(column, RUN, NOW)
    assert "\n" not in cell_text(column, RUN, NOW)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("id", RUN.id),
        ("state", "succeeded"),
        ("reason", "-"),
        ("age", "2h00m"),
        ("duration", "1h00m"),
        ("seed", "3"),
        ("deliverables", "2/3"),
        ("size", "5.0 MiB"),
        ("tags", "baseline paper"),
        ("star", "*"),
        ("primary", "val_acc 0.93"),
        ("cfg.lr", "0.001"),
        ("cfg.optimizer.name", "adam"),
        ("cfg.amp", "true"),
        ("cfg.gone", "-"),
        ("metric.val_acc", "0.91"),
        ("first.val_acc", "0.1"),
        ("best.val_acc", "0.93"),
        ("best.val_loss", "0.3"),
        ("best.reward", "0.5"),
        ("min.val_acc", "0.1"),
        ("max.val_loss", "2.3"),
        ("metric.gone", "-"),
    ],
)
def test_a_cell_says_the_value_as_people_read_it(column: str, cell: str) -> None:
    assert cell_text(parse_column(column), RUN, NOW) == cell


def test_a_run_that_goes_on_lasts_until_now() -> None:
    running = dataclasses.replace(RUN, state=RunState.RUNNING, ended_at=None)
    assert cell_text(Column("duration"), running, NOW) == "1h56m"


def test_a_run_whose_end_nobody_saw_has_no_duration() -> None:
    lost = dataclasses.replace(RUN, state=RunState.LOST, ended_at=None)
    assert cell_text(Column("duration"), lost, NOW) == "-"


def test_names_from_outside_can_do_nothing_to_a_terminal() -> None:
    hostile = dataclasses.replace(RUN, name="a\x1b[2Jb\nc", config={"\x1b]0;x": "\x1b[31mred"})
    assert "\x1b" not in cell_text(Column("name"), hostile, NOW)
    assert "\x1b" not in cell_text(Column("cfg", "\x1b]0;x"), hostile, NOW)
    assert "\x1b" not in Column("cfg", "\x1b]0;x").heading


@pytest.mark.parametrize("kind", OF_METRICS)
def test_a_metric_that_a_run_lacks_has_no_value(kind: str) -> None:
    assert metric_value(Column(kind, "gone"), RUN) is None


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("loss", "minimize"),
        ("val_loss", "minimize"),
        ("val/loss", "minimize"),
        ("train-Loss", "minimize"),
        ("RMSE", "minimize"),
        ("eval.perplexity", "minimize"),
        ("valloss", "minimize"),
        ("accuracy", "maximize"),
        ("errand", "maximize"),
        ("glossary", "maximize"),
        ("f1", "maximize"),
    ],
)
def test_the_name_of_a_metric_tells_which_way_it_gets_better(name: str, goal: str) -> None:
    assert best_goal(name) == goal


def test_the_usual_columns_are_columns() -> None:
    assert all(parse_column(name) for name in USUAL)


def test_numbers_stand_at_the_right() -> None:
    assert parse_column("best.x").is_number
    assert not parse_column("cfg.x").is_number


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (False, "false"), (3, "3"), (0.30000000000000004, "0.3"), ("x", "x")]
)
def test_a_scalar_is_one_short_word(value: object, text: str) -> None:
    assert scalar_text(value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["age", "submitted", "duration", "size", "tags"])
def test_what_hardly_two_runs_share_makes_no_groups(name: str) -> None:
    assert not parse_column(name).is_groupable
    assert parse_column("cfg.lr").is_groupable
