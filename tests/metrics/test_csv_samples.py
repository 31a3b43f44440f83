"""CSV files as Lightning, Stable-Baselines3, Keras and Ultralytics write them, against what these read back.

How the samples were made: `samples/csv/make_samples.py`.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from read_whole import drain, plain

from orp_tui.metrics.readers.csv_rows import CsvReader
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "csv"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
WRITTEN_AGAIN = ["lightning", "sb3_progress"]


def states(name):
    """What the file held at different moments; the last one is the whole."""
    if name in WRITTEN_AGAIN:
        folder = SAMPLES / name
        return [(folder / f"{number}.csv").read_bytes() for number in range(len(list(folder.iterdir())))]
    return [(SAMPLES / f"{name}.csv").read_bytes()]


def expected(name):
    return {
        metric: [tuple("nan" if number is None else number for number in point) for point in points]
        for metric, points in EXPECTED[name].items()
    }


def whole(path, data):
    path.write_bytes(data)
    table = MetricTable()
    drain(CsvReader(path), table)
    return table


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_as_its_library_reads_it(tmp_path, name):
    table = whole(tmp_path / "m.csv", states(name)[-1])

    assert plain(table) == expected(name)
    assert table.bad == 0


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_grown_byte_by_byte_is_read_as_at_once_also_by_readers_that_go_on_from_marks(tmp_path, name):
    data, path = states(name)[-1], tmp_path / "m.csv"
    reader, table, mark, resumed = CsvReader(path), MetricTable(), None, MetricTable()

    with open(path, "wb", buffering=0) as file:
        for place in range(len(data)):
            file.write(data[place : place + 1])
            drain(reader, table)
            later = CsvReader(path, mark=mark)
            drain(later, resumed)
            mark = json.loads(json.dumps(later.mark))

    assert plain(table) == plain(resumed) == expected(name)
    assert table.bad == resumed.bad == 0


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_cut_at_every_byte_gives_its_whole_rows(tmp_path, name):
    data, path = states(name)[-1], tmp_path / "m.csv"
    path.write_bytes(data)
    rows = {0: {}}
    for size in range(len(data), -1, -1):
        end = data.rfind(b"\n", 0, size) + 1
        if end not in rows:
            rows[end] = plain(whole(tmp_path / "rows.csv", data[:end]))
        os.truncate(path, size)
        table = MetricTable()
        drain(CsvReader(path), table)

        assert plain(table) == rows[end]
        assert table.bad == 0


@pytest.mark.parametrize("name", WRITTEN_AGAIN)
def test_a_file_that_is_written_again_is_read_without_loss_or_double(tmp_path, name):
    path = tmp_path / "m.csv"
    reader, table, restarts, mark = CsvReader(path), MetricTable(), 0, None
    later = MetricTable()
    for data in states(name):
        path.write_bytes(data)
        batch = reader.read()
        table.take(batch)
        restarts += bool(batch.restarted)
        # Another reader, which saw the file as it was being written, and was started anew each time.
        path.write_bytes(data[: len(data) // 2])
        half = CsvReader(path, mark=mark)
        drain(half, later)
        path.write_bytes(data)
        drain(half, later)
        mark = json.loads(json.dumps(half.mark))

        assert plain(table) == plain(later) == plain(whole(tmp_path / "once.csv", data))
    headers = [data.split(b"\n")[0] for data in states(name)]
    assert restarts == len(set(headers)) - 1 > 0
    assert plain(table) == expected(name)


def test_a_file_seen_while_it_is_written_over_in_its_place_is_right_in_the_end(tmp_path):
    path = tmp_path / "progress.csv"
    for old, new in pairwise(states("sb3_progress")):
        right = plain(whole(path, new))
        for size in range(1, len(new), 7):
            path.write_bytes(old)
            reader, table = CsvReader(path), MetricTable()
            drain(reader, table)
            for data in (new[:size] + old[size:], new):
                path.write_bytes(data)
                drain(reader, table)

            assert plain(table) == right
