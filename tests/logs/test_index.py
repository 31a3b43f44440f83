import os
import random

import pytest

from orp_tui.logs.index import BLOCK, LineIndex
from orp_tui.logs.reader import FileLog


@pytest.fixture
def log(tmp_path):
    """A log of some blocks with lines of all lengths, and its lines."""
    rng = random.Random(3)
    lines = [b"%d " % number + b"x" * rng.choice([0, 1, 50, 200]) for number in range(12_000)]
    lines[5_000] = b"y" * (BLOCK + 10)
    path = tmp_path / "log"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path, lines


def indexed(path, slice_bytes: int = 1 << 20) -> LineIndex:
    index = LineIndex(FileLog(path))
    while index.step(slice_bytes):
        pass
    return index


@pytest.mark.parametrize("slice_bytes", [100_000, BLOCK, 4 << 20])
def test_every_line_is_found_where_it_begins(log, slice_bytes):
    path, lines = log
    index = indexed(path, slice_bytes)
    assert index.lines == len(lines)
    offset = 0
    for number, line in enumerate(lines):
        if number % 97 == 0 or 4_990 < number < 5_010:
            assert index.offset_of(number) == offset
            assert index.line_at(offset) == number
            assert index.line_at(offset + len(line)) == number
        offset += len(line) + 1
    assert index.offset_of(len(lines)) is None
    assert index.offset_of(-1) is None


def test_rows_are_read_from_anywhere(log):
    path, lines = log
    index = indexed(path)
    assert index.rows(0, 3) == lines[:3]
    assert index.rows(7_000, 1_500) == lines[7_000:8_500]
    assert index.rows(len(lines) - 2, 10) == lines[-2:]
    assert index.rows(len(lines), 10) == []
    assert index.rows(5_000, 1)[0].endswith(b"bytes]")
    assert index.rows(5_000, 2)[1] == lines[5_001]


def test_a_growing_log_is_indexed_further(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    index = indexed(path)
    assert index.lines == 2
    assert index.rows(1, 1) == [b"tw"]
    with path.open("ab") as file:
        file.write(b"o\nthree\n" + b"z\n" * BLOCK)
    while index.step(50_000):
        pass
    assert index.lines == 3 + BLOCK
    assert index.rows(1, 2) == [b"two", b"three"]
    assert index.generation == 0
    assert index.offset_of(3 + BLOCK - 1) == path.stat().st_size - 2


def test_truncation_and_rewriting_begin_again(log):
    path, _ = log
    index = indexed(path)
    os.truncate(path, 0)
    assert index.step() is False
    assert (index.lines, index.generation) == (0, 1)
    path.write_bytes(b"a\nb\n")
    index.step()
    assert index.rows(0, 9) == [b"a", b"b"]
    path.write_bytes(b"something longer\nthan before\n")
    index.step()
    assert index.generation == 2
    assert index.rows(1, 1) == [b"than before"]


def test_an_empty_log_has_no_lines(tmp_path):
    (tmp_path / "log").write_bytes(b"")
    index = indexed(tmp_path / "log")
    assert index.lines == 0
    assert index.rows(0, 5) == []
    assert index.line_at(100) == 0
