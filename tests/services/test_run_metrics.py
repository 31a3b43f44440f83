"""The metrics of a run, looked at while its training writes them."""

from __future__ import annotations

import itertools
import json
import math
import os
import zipfile
from pathlib import Path

import pytest

from orp_tui.core.layout import RunPaths
from orp_tui.services.last_metrics import LastMetrics, last_primary
from orp_tui.services.run_metrics import RunMetrics, primary_metric


@pytest.fixture
def folder(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path / "exp_1")
    paths.folder.mkdir()
    return paths


def judge_by(folder: RunPaths, name: object) -> None:
    folder.request.write_text(json.dumps({"experiment": {"metrics": {"primary": {"name": name}}}}))


def log(folder: RunPaths, *rows: dict[str, object], end: str = "\n") -> None:
    with open(folder.metrics, "a") as file:
        file.write("\n".join(map(json.dumps, rows)) + end)


def test_a_look_brings_what_is_new_and_none_if_nothing_is(folder):
    metrics = RunMetrics(folder)
    first = metrics.look()
    assert first is not None
    assert (dict(first.series), first.complete, first.trouble) == ({}, True, "")
    assert metrics.look() is None

    log(folder, {"step": 1, "loss": 0.5})
    second = metrics.look()
    assert second is not None
    assert second.last == {"loss": "0.5"}
    assert [metrics.look() for _ in range(3)] == [None, None, None]

    log(folder, {"step": 2, "loss": 0.25})
    third = metrics.look()
    assert third is not None
    assert list(third.series["loss"]) == [(1, 0.5), (2, 0.25)]
    assert list(second.series["loss"]) == [(1, 0.5)]


def test_the_primary_metric_stands_first_then_losses_and_scores(folder):
    judge_by(folder, "val/f1")
    log(folder, {"step": 1, "lr": 1, "odd": 1, "val/acc": 1, "val/loss": 1, "loss": 1, "val/f1": 1, "epoch": 1, "train_acc": 1})  # fmt: skip

    found = RunMetrics(folder).look()

    assert found is not None
    assert found.primary == "val/f1"
    assert list(found.series) == [
        "val/f1", "loss", "val/loss", "train_acc", "val/acc", "odd", "lr", "epoch",
    ]  # fmt: skip


def test_a_series_that_has_not_grown_stays_the_same_object(folder):
    log(folder, {"step": 1, "loss": 1, "acc": 1})
    metrics = RunMetrics(folder)
    before = metrics.look()
    log(folder, {"step": 2, "loss": 1})
    after = metrics.look()

    assert before is not None
    assert after is not None
    assert after.series["acc"] is before.series["acc"]
    assert after.series["loss"] is not before.series["loss"]


def test_a_last_line_that_stays_without_its_end_is_taken_at_the_next_look(folder):
    log(folder, {"step": 1, "loss": 1}, {"step": 2, "loss": 2}, end="")
    metrics = RunMetrics(folder)

    looks = [metrics.look() for _ in range(3)]

    assert [None if look is None else len(look.series["loss"]) for look in looks] == [1, 2, None]


def test_a_long_file_is_read_over_several_looks_and_each_shows_what_there_is(folder):
    log(folder, *({"step": step, "loss": step} for step in range(30_000)))
    moments = iter(range(1_000_000))
    metrics = RunMetrics(folder, clock=lambda: float(next(moments)))

    counts = []
    while (look := metrics.look()) is not None:
        counts.append(len(look.series["loss"]))
        if look.complete:
            break

    assert len(counts) > 1
    assert counts == sorted(counts)
    assert counts[-1] == 30_000


def test_the_first_look_at_a_long_file_is_short_so_that_some_curve_is_there_soon(folder):
    log(folder, *({"step": step, "loss": step} for step in range(150_000)))
    moments = itertools.count(0, 0.02)
    metrics = RunMetrics(folder, clock=lambda: next(moments))

    first, second = metrics.look(), metrics.look()

    assert not first.complete
    read = len(first.series["loss"])
    assert 0 < 4 * read < len(second.series["loss"]) - read


def test_a_rewritten_file_shows_its_own_metrics_only(folder):
    log(folder, {"step": 1, "loss": 1}, {"step": 2, "loss": 2})
    metrics = RunMetrics(folder)
    metrics.look()

    folder.metrics.write_text('{"step": 1, "acc": 5}\n')
    found = metrics.look()

    assert found is not None
    assert {name: list(series) for name, series in found.series.items()} == {"acc": [(1, 5)]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\nno json\n{"a": 2}\n', "metrics.jsonl, line 2: no JSON object: no json"),
        ("x\ny\n", "metrics.jsonl, line 1: no JSON object: x; 1 more bad record"),
        ('{"a": 1}\n', ""),
    ],
)
def test_what_is_wrong_with_the_file_is_said_once_in_words(folder, text, said):
    folder.metrics.write_text(text)

    found = RunMetrics(folder).look()

    assert found is not None
    assert found.trouble == said


def test_a_pipe_in_the_place_of_the_file_is_said_and_holds_up_nothing(folder):
    os.mkfifo(folder.metrics)
    metrics = RunMetrics(folder)

    found = metrics.look()

    assert found is not None
    assert found.trouble == "metrics.jsonl is no regular file"
    assert metrics.look() is None
    assert LastMetrics().of(folder) is None


def test_metrics_of_which_only_the_zip_is_left_are_read_from_it(folder, tmp_path):
    archive = tmp_path / "exp_1_artifacts.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("metrics.jsonl", '{"step": 1, "loss": 1}\n{"step": 2, "loss": 2}')

    metrics = RunMetrics(folder, archive)

    found = metrics.look()
    assert found is not None
    assert list(found.series["loss"]) == [(1, 1), (2, 2)]
    assert metrics.look() is None


@pytest.mark.parametrize("content", [None, b"no zip", "empty"])
def test_a_zip_without_metrics_is_no_trouble(folder, tmp_path, content):
    archive = tmp_path / "a.zip"
    if content == "empty":
        zipfile.ZipFile(archive, "w").close()
    elif content is not None:
        archive.write_bytes(content)

    found = RunMetrics(folder, archive).look()

    assert found is not None
    assert not found.series


@pytest.mark.parametrize("text", [None, "{", "[]", '{"experiment": {"metrics": {"primary": {"name": 3}}}}'])
def test_without_a_readable_request_there_is_no_primary_metric(folder, text):
    if text is not None:
        folder.request.write_text(text)

    assert primary_metric(folder) is None


def test_the_last_metric_of_a_table_is_the_primary_one_wherever_it_stands(folder):
    judge_by(folder, "val/acc")
    log(folder, {"step": 5, "val/acc": 0.75}, *({"step": step, "loss": 1 / step} for step in range(6, 3000)))

    found = LastMetrics().of(folder)

    assert found is not None
    assert (found.name, found.value, found.step, found.words) == ("val/acc", 0.75, 5, "0.75")


def test_a_primary_metric_not_logged_for_a_mebibyte_gives_way_to_another(folder):
    judge_by(folder, "val/acc")
    log(folder, {"step": 0, "val/acc": 0.75}, *({"step": step, "loss": 0.5} for step in range(60_000)))

    found = LastMetrics().of(folder)

    assert found is not None
    assert found.name == "loss"


def test_only_the_tail_of_a_file_that_has_grown_is_read(folder, monkeypatch):
    log(folder, *({"step": step, "loss": step} for step in range(50_000)))
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or real(fd, size, at))
    last = LastMetrics()

    values = [last.of(folder) for _ in range(3)]
    log(folder, {"step": 50_000, "loss": math.nan})
    after = last.of(folder)

    assert {found.value for found in values if found is not None} == {49_999}
    assert after is not None
    assert math.isnan(after.value)
    assert after.words == "nan"
    assert len(read) == 2
    assert sum(read) < 100_000


def test_a_run_that_logged_nothing_has_no_last_metric(folder):
    last = LastMetrics()
    assert last.of(folder) is None

    folder.metrics.write_text("garbage\n")
    assert last.of(folder) is None
    last.keep_only(set())
    log(folder, {"loss": 1})
    assert last.of(folder) is not None


def test_torn_ends_and_lines_cut_at_the_front_are_no_values(folder):
    folder.metrics.write_text("9" * 20_000 + '}\n{"step": 1, "loss": 1}\n{"step": 2, "lo')

    found = last_primary(folder, None)

    assert found is not None
    assert (found.step, found.value) == (1, 1)
