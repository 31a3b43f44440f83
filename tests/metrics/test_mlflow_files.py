"""The reader of MLflow's file store: files that appear, grow and are other ones now."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from read_whole import drain, plain, told
from waiting import until

from orp_tui.metrics.readers import mlflow_files
from orp_tui.metrics.readers.mlflow_files import MlflowFilesReader
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "mlflow"


def run_of(tmp_path, **metrics):
    """A run folder with these files; `__` in a name stands for a sub-folder."""
    folder = tmp_path / "run"
    for name, text in metrics.items():
        append(folder, name, text)
    return folder


def append(folder, name, text):
    path = folder / "metrics" / name.replace("__", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def lines(first, after):
    return "".join(f"{1_700_000_000_000 + step * 1000} {step / 8} {step}\n" for step in range(first, after))


def rows(first, after):
    return [(float(step), step / 8, 1_700_000_000.0 + step) for step in range(first, after)]


def whole(folder):
    table = MetricTable()
    drain(MlflowFilesReader(folder), table)
    return table


def test_each_file_is_a_metric_named_by_its_path(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 3), val__acc=lines(0, 2))

    assert plain(whole(folder)) == {"loss": rows(0, 3), "val/acc": rows(0, 2)}


def test_a_file_grown_byte_by_byte_gives_what_it_gives_at_once(tmp_path):
    text = (
        lines(0, 3) + "1700000003000 nan 3\n\nrubbish\n1700000004000 -inf 4\n1700000005000 0.5 5 data 1a2b\n"
    )
    folder = run_of(tmp_path, loss="")
    reader, table = MlflowFilesReader(folder), MetricTable()
    for character in text:
        append(folder, "loss", character)
        drain(reader, table)

    at_once = whole(folder)
    assert plain(table) == plain(at_once)
    assert [step for step, _, _ in plain(table)["loss"]] == [0, 1, 2, 3, 4, 5]
    assert [value for _, value, _ in plain(table)["loss"]][3:] == ["nan", float("-inf"), 0.5]
    assert (table.bad, table.first_bad) == (at_once.bad, at_once.first_bad)
    assert table.bad == 2
    assert table.first_bad == "loss at byte 83: no time, value and step"


def test_a_file_cut_at_every_byte_gives_its_whole_lines_and_nothing_else(tmp_path):
    text = lines(0, 4)
    for size in range(len(text) + 1):
        folder = run_of(tmp_path / str(size), loss=text[:size])

        assert plain(whole(folder)).get("loss", []) == rows(0, text[:size].count("\n"))


def test_half_a_number_is_no_point_even_at_the_end(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 2) + "1700000003000 0.5 1")

    assert len(MlflowFilesReader(folder).read(final=True).points["loss"]) == 2


def test_metrics_that_are_logged_later_are_found(tmp_path):
    folder = tmp_path / "run"
    reader, table = MlflowFilesReader(folder), MetricTable()
    drain(reader, table)
    for name in ("loss", "val__acc", "val__deep__er", "aaa"):
        append(folder, name, lines(0, 2))
        assert reader.changed()
        drain(reader, table)

    assert plain(table) == {name: rows(0, 2) for name in ("loss", "val/acc", "val/deep/er", "aaa")}


def test_nothing_is_read_while_nothing_changes(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 2), val__acc=lines(0, 2))
    reader = MlflowFilesReader(folder)
    assert reader.changed()

    until(lambda: not (reader.read() and reader.changed()), what="quiet")

    append(folder, "val__acc", lines(2, 3))
    assert reader.changed()
    assert list(reader.read().points) == ["val/acc"]


def test_a_reader_made_with_any_mark_goes_on_where_the_other_stood(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 1))
    table, mark, dice = MetricTable(), None, random.Random(3)
    text = {"loss": lines(1, 30), "val__acc": lines(0, 30)}
    while any(text.values()):
        for name in text:
            size = dice.randrange(40)
            append(folder, name, text[name][:size])
            text[name] = text[name][size:]
        reader = MlflowFilesReader(folder, mark=mark)
        drain(reader, table)
        mark = json.loads(json.dumps(reader.mark))

    assert plain(table) == {"loss": rows(0, 30), "val/acc": rows(0, 30)}


@pytest.mark.parametrize(
    "mark", [{}, {"files": 3}, {"files": {"loss": {"offset": "x"}}}, {"files": {"loss": None}}]
)
def test_a_damaged_mark_means_from_the_beginning(tmp_path, mark):
    folder = run_of(tmp_path, loss=lines(0, 2))
    table = MetricTable()

    drain(MlflowFilesReader(folder, mark=mark), table)

    assert plain(table) == {"loss": rows(0, 2)}


@pytest.mark.parametrize(("new", "why"), [(lines(5, 6), "truncated"), (lines(5, 9), "rewritten")])
def test_one_file_that_is_another_one_now_means_the_whole_folder_anew(tmp_path, new, why):
    folder = run_of(tmp_path, acc=lines(0, 3), loss=lines(0, 3))
    reader, table = MlflowFilesReader(folder), MetricTable()
    drain(reader, table)

    (folder / "metrics" / "loss").write_text(new)
    append(folder, "acc", lines(3, 4))
    batch = reader.read()
    table.take(batch)
    assert (batch.restarted, batch.more) == (why, True)
    drain(reader, table)

    assert plain(table)["acc"] == rows(0, 4)
    assert plain(table)["loss"] == plain(whole(folder))["loss"]


def test_a_read_takes_so_much_and_says_that_there_is_more(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_files, "WINDOW", 200)
    monkeypatch.setattr(mlflow_files, "MOST_BYTES", 500)
    folder = run_of(tmp_path, **{f"m{number}": lines(0, 60) for number in range(6)})
    reader, table = MlflowFilesReader(folder), MetricTable()

    first = reader.read()
    table.take(first)
    assert first.more
    assert sum(map(len, first.points.values())) < 40
    drain(reader, table)

    assert plain(table) == {f"m{number}": rows(0, 60) for number in range(6)}


def test_a_line_too_long_to_be_one_is_passed_over_to_its_end_and_counted_once(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_files, "WINDOW", 3000)
    monkeypatch.setattr(mlflow_files, "_LONGEST_LINE", 1000)
    folder = run_of(tmp_path, loss=lines(0, 2) + "x" * 9000 + " 1 2 3\n" + lines(2, 4))

    table = whole(folder)

    assert plain(table) == {"loss": rows(0, 4)}
    assert table.bad == 1


def test_garbage_never_raises_and_makes_no_endless_reading(tmp_path):
    dice = random.Random(7)
    good = lines(0, 200).encode()
    for turn in range(60):
        data = bytearray(good if turn % 2 else dice.randbytes(5000))
        for _ in range(turn):
            data[dice.randrange(len(data))] = dice.randrange(256)
        folder = run_of(tmp_path / str(turn), loss=bytes(data))
        reader = MlflowFilesReader(folder)
        for _ in range(20):
            if not reader.read().more:
                break
        else:
            pytest.fail("still more to read")


def test_what_is_no_regular_file_is_passed_over(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 1))
    outside = run_of(tmp_path / "other", secret=lines(0, 1)) / "metrics"
    os.mkfifo(folder / "metrics" / "pipe")
    (folder / "metrics" / "link").symlink_to(outside / "secret")
    (folder / "metrics" / "linked").symlink_to(outside)
    (tmp_path / "alias").symlink_to(folder)
    (tmp_path / "file").write_text("")

    assert list(plain(whole(folder))) == ["loss"]
    assert MlflowFilesReader(tmp_path / "alias").read().trouble == "is a link, which is not followed"
    assert list(MlflowFilesReader(tmp_path / "alias", follow_links=True).read().points) == ["loss"]
    assert MlflowFilesReader(tmp_path / "file").read().trouble == "is no folder"
    assert MlflowFilesReader(tmp_path / "none").read() == mlflow_files.MetricBatch()


def test_a_folder_of_which_nothing_can_be_read_is_said(tmp_path, monkeypatch):
    folder = run_of(tmp_path, loss=lines(0, 1), acc=lines(0, 1))
    opened = os.open

    def refuse(path, *more):
        if str(path).endswith(refused):
            raise PermissionError(13, "Permission denied")
        return opened(path, *more)

    monkeypatch.setattr(os, "open", refuse)
    refused = ("loss", "acc")
    assert MlflowFilesReader(folder).read().trouble == "cannot be read: Permission denied"
    refused = ("loss",)
    assert list(MlflowFilesReader(folder).read().points) == ["acc"]


def test_names_that_are_no_text_are_made_text(tmp_path):
    folder = run_of(tmp_path, loss=lines(0, 1))
    path = os.fsencode(folder / "metrics") + b"/bad\xff"
    with open(path, "wb") as file:
        file.write(lines(0, 1).encode())

    reader, table = MlflowFilesReader(folder), MetricTable()
    drain(reader, table)

    assert set(plain(table)) == {"loss", "bad\ufffd"}
    assert json.dumps(reader.mark, ensure_ascii=False).encode("utf-8")


def test_files_beyond_the_most_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_files, "MOST_FILES", 3)
    folder = run_of(tmp_path, **{f"m{number}": lines(0, 1) for number in range(5)})

    assert len(plain(whole(folder))) == 3


def test_a_folder_of_mlflows_own_holds_what_mlflow_reads_in_it():
    expected = json.loads((SAMPLES / "expected.json").read_text())["files"]

    table = whole(SAMPLES / "run")

    assert plain(table) == {
        name: [(step, told(float(value)), at / 1000) for step, value, at in points]
        for name, points in expected.items()
    }
    assert set(expected) == {"loss", "val/acc", "val/deep/f1", "with space.dot-x"}
    assert table.bad == 0
