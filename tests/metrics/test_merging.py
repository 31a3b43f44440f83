"""One name for each metric of each source, and two sources never under one."""

from __future__ import annotations

import itertools

from orp_tui.core.series import Series
from orp_tui.metrics.merging import Merger, names_of, origin_of
from orp_tui.metrics.sources import SourceSpec, Trust

OWN = SourceSpec("jsonl", "/r/metrics.jsonl", "metrics.jsonl", trust=Trust.OWN)
CSV = SourceSpec("csv", "/w/log/metrics.csv", "log/metrics.csv")
A = SourceSpec("tfevents", "/w/runs/a", "runs/a")
B = SourceSpec("tfevents", "/w/runs/b", "runs/b")
STATE = SourceSpec("trainer_state", "/w/out", "out")
STDOUT = SourceSpec("stdout", "/r/training_stdout.txt", "training_stdout.txt", trust=Trust.LOG)
STDERR = SourceSpec("stdout", "/r/training_stderr.txt", "training_stderr.txt", trust=Trust.ASIDE)


def named(*tags: tuple[SourceSpec, str]) -> dict[str, str]:
    """Shown name → label of the source."""
    return {
        name: origin.source.label
        for name, origin in names_of([(source, [tag]) for source, tag in tags]).items()
    }


def test_a_metric_of_one_source_keeps_its_name():
    assert named((A, "loss"), (B, "acc")) == {"loss": "runs/a", "acc": "runs/b"}


def test_the_runs_own_file_keeps_the_name_and_others_are_told_with_their_source():
    assert named((A, "loss"), (OWN, "loss")) == {"loss": "metrics.jsonl", "loss [runs/a]": "runs/a"}


def test_of_two_formats_the_exacter_one_keeps_the_name():
    assert named((A, "loss"), (CSV, "loss")) == {"loss": "log/metrics.csv", "loss [runs/a]": "runs/a"}


def test_of_two_sources_of_one_kind_each_is_told_with_its_source():
    assert named((B, "loss"), (A, "loss")) == {"loss [runs/b]": "runs/b", "loss [runs/a]": "runs/a"}
    assert set(named((OWN, "loss"), (B, "loss"), (A, "loss"))) == {"loss", "loss [runs/a]", "loss [runs/b]"}


def test_names_do_not_depend_on_the_order_in_which_sources_were_found():
    tags = [
        (OWN, ["loss", "acc"]),
        (CSV, ["loss"]),
        (A, ["loss", "x"]),
        (B, ["x", "acc"]),
        (STDOUT, ["loss", "y"]),
    ]
    expected = names_of(tags)

    assert all(names_of(order) == expected for order in itertools.permutations(tags))


def test_two_formats_in_one_folder_are_told_apart():
    other = SourceSpec("trainer_state", "/w/runs/a", "runs/a")

    assert set(named((OWN, "loss"), (A, "loss"), (other, "loss"))) == {
        "loss", "loss [runs/a]", "loss [trainer_state runs/a]",
    }  # fmt: skip


def test_of_a_log_only_what_no_file_gives_is_shown_however_it_is_spelt():
    found = names_of([(A, ["train/loss", "lr"]), (STDOUT, ["Train loss", "lr", "acc"])])

    assert {name: origin.source.label for name, origin in found.items()} == {
        "train/loss": "runs/a", "lr": "runs/a", "acc": "training_stdout.txt",
    }  # fmt: skip


def test_stderr_gives_only_what_stdout_does_not():
    assert named((STDERR, "loss"), (STDOUT, "loss")) == {"loss": "training_stdout.txt"}
    assert named((STDERR, "loss"), (STDOUT, "acc")) == {
        "loss": "training_stderr.txt",
        "acc": "training_stdout.txt",
    }


def test_names_that_hold_what_a_source_would_be_told_by_collide_with_none():
    found = names_of([(OWN, ["loss [runs/a]", "loss"]), (A, ["loss"])])

    assert len(found) == 3
    assert len({(origin.source.key, origin.tag) for origin in found.values()}) == 3


def test_a_log_that_is_ahead_of_the_checkpoints_is_shown_beside_them_and_otherwise_not():
    saved, printed = Series.of("loss", [10, 20], [1, 2]), Series.of("loss", [10, 20, 30], [1, 2, 3])

    ahead, _ = Merger().merge([(STATE, {"loss": saved}), (STDOUT, {"loss": printed})])
    level, origins = Merger().merge([(STATE, {"loss": printed}), (STDOUT, {"loss": printed})])

    assert {name: len(series) for name, series in ahead.items()} == {
        "loss": 2,
        "loss [training_stdout.txt]": 3,
    }
    assert {name: origins[name].source.label for name in level} == {"loss": "out"}


def test_a_series_that_has_not_grown_stays_the_same_object_under_its_shown_name():
    merger, loss = Merger(), Series.of("loss", [1], [1])
    tables = [(A, {"loss": loss}), (B, {"loss": Series.of("loss", [1], [2])})]

    first, _ = merger.merge(tables)
    second, _ = merger.merge(tables)
    third, _ = merger.merge([(A, {"loss": Series.of("loss", [1, 2], [1, 2])}), tables[1]])

    assert {name: series.name for name, series in first.items()} == {name: name for name in first}
    assert all(first[name] is second[name] for name in first)
    assert third["loss [runs/a]"] is not first["loss [runs/a]"]
    assert third["loss [runs/b]"] is first["loss [runs/b]"]


def test_the_primary_metric_is_found_under_the_name_that_it_is_shown_by():
    shown = names_of([(A, ["loss", "acc"]), (B, ["loss"])])

    assert origin_of("acc", shown) == "acc"
    assert origin_of("loss", shown) == "loss [runs/a]"
    assert origin_of("loss [runs/b]", shown) == "loss [runs/b]"
    assert origin_of("f1", shown) is None
    assert origin_of(None, shown) is None
