import pytest

from orp_tui.logs.lines import EARLIER, LineCutter, cut_mark, last_rows


def reader(data: bytes):
    def read(offset: int, most: int) -> bytes:
        reader.most = max(getattr(reader, "most", 0), most)
        return data[offset : offset + most]

    return read


def tail(data: bytes, count: int, window: int = 1 << 30) -> list[bytes]:
    return last_rows(reader(data), len(data), count, window)


def test_rows_come_whole_however_the_chunks_end():
    data = b"one\n\ntwo\r\nthree\nlast"
    for size in range(1, len(data) + 1):
        cutter = LineCutter()
        rows = [row for place in range(0, len(data), size) for row in cutter.feed(data[place : place + size])]
        assert rows == [b"one", b"", b"two\r", b"three"]
        assert cutter.partial == b"last"
        assert cutter.finish() == [b"last"]
        assert cutter.finish() == []


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_long_row_is_cut_with_a_mark_and_the_next_is_whole(size):
    data = b"x" * 500 + b"\nshort\n"
    cutter = LineCutter(limit=100)
    rows = [row for place in range(0, len(data), size) for row in cutter.feed(data[place : place + size])]
    assert rows == [b"x" * 100 + cut_mark(500), b"short"]


def test_a_gigabyte_without_newline_stays_in_the_limit():
    cutter = LineCutter()
    block = b"x" * (4 << 20)
    for _ in range(256):
        assert cutter.feed(block) == []
        assert len(cutter.partial) == 64 << 10
    assert cutter.feed(b"\n")[0].endswith(b"[cut: 1,073,741,824 bytes]")


@pytest.mark.parametrize("size", [9, 50, 5000])
def test_a_row_of_progress_bars_keeps_the_last_one(size):
    data = b"".join(b"\r%3d%% done" % percent for percent in range(101)) + b"\nnext\n"
    cutter = LineCutter(limit=60)
    rows = [row for place in range(0, len(data), size) for row in cutter.feed(data[place : place + size])]
    assert rows[0].endswith(b"100% done")
    assert rows[1] == b"next"


def test_the_last_rows_of_a_file():
    assert tail(b"", 5) == []
    assert tail(b"\n", 5) == [b""]
    assert tail(b"a", 5) == [b"a"]
    assert tail(b"a\nb\nc", 2) == [b"b", b"c"]
    assert tail(b"a\nb\nc\n", 2) == [b"b", b"c"]
    assert tail(b"a\nb\n\n", 2) == [b"b", b""]
    assert tail(b"a\nb\n", 0) == []
    assert tail(b"a\nb\n", 99) == [b"a", b"b"]


def test_the_last_rows_are_those_of_a_plain_split_for_any_count():
    lines = [b"%d" % number * (number % 50) for number in range(20_000)]
    data = b"\n".join(lines) + b"\n"
    for count in (1, 2, 777, 12_000, 20_000, 20_001):
        assert tail(data, count) == lines[-count:]


def test_only_the_window_is_read_and_the_first_row_says_so():
    data = b"a" * 1_000_000 + b"\nlast\n"
    rows = tail(data, 5, window=300_000)
    assert rows[0].startswith(EARLIER + b"aaa")
    assert rows[1] == b"last"
    assert tail(data, 1, window=300_000) == [b"last"]
