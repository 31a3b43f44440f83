"""Reader of `metrics.jsonl` and its like: one JSON object a line, appended to.

A line counts when its end is written; what is torn waits for the rest. What is no JSON object is
counted, and the first of them is named; so is the first name that is too long for a metric. NaN and Infinity are read as Python's json writes them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.growing import GrowingFile, Grown, Place
from orp_tui.metrics.readers.shapes import Shape, shape_of
from orp_tui.metrics.rows import LONGEST_NAME, Row, points_of, points_of_columns

WINDOW = 512 << 10
"""Bytes that one read looks at: some 8,000 lines, five milliseconds."""
LONGEST_LINE = 1 << 20
"""A line that does not fit in is none."""


class JsonlReader:
    """What is new in a file of JSON lines, at each read. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False
    ) -> None:
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning."""
        place, self._rows, self._lines, self._skipping = _resumed(mark)
        self._told_long = isinstance(mark, dict) and mark.get("long") is True
        """A name that is too long was met, and counted as bad once."""
        self._shape: Shape | None = None
        self._file = GrowingFile(path, place=place, follow_links=follow_links)

    @property
    def mark(self) -> dict[str, Any]:
        return {
            **self._file.place.to_json(),
            "rows": self._rows,
            "lines": self._lines,
            "skipping": self._skipping,
            "long": self._told_long,
        }

    def changed(self) -> bool:
        return self._file.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        grown = self._look()
        if grown.trouble:
            return MetricBatch(trouble=grown.trouble)
        if grown.restarted:
            self._rows = self._lines = 0
            self._skipping = self._told_long = False
        data, more = grown.data, not grown.at_end
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) >= LONGEST_LINE:
            return self._skip(data, grown.restarted, more)
        if final and not more and not self._skipping and end < len(data) and _is_object(data[end:]):
            end = len(data)
        return dataclasses.replace(self._take(data[:end]), restarted=grown.restarted, more=more and end > 0)

    def _take(self, data: bytes) -> MetricBatch:
        """Whole lines."""
        if data and self._file.place.before[-1:] not in (b"", b"\n"):
            self._lines -= 1  # it goes on with a line that was counted already
        self._file.advance(data)
        if self._skipping and data:
            data = data[data.find(b"\n") + 1 :]
            self._skipping = False
            self._lines += 1
        if not data:
            return MetricBatch()
        return self._take_alike(data) or self._take_any(data)

    def _take_alike(self, data: bytes) -> MetricBatch | None:
        """Lines of the shape that those before them had; None if they are not."""
        lines = _lines_of_objects(data)
        if self._shape is None or not lines:
            return None
        columns = self._shape.columns(data, lines)
        points = None if columns is None else points_of_columns(columns, lines, self._rows)
        if points is None:
            return None
        self._rows += lines
        self._lines += lines
        return MetricBatch(points)

    def _take_any(self, data: bytes) -> MetricBatch:
        rows = _quick(data)
        bad, first_bad = 0, ""
        if rows is None:
            rows, bad, first_bad = self._line_by_line(data)
        else:
            self._lines += len(rows)
            self._shape = shape_of(rows)
        too_long: set[str] = set()
        points = points_of(rows, self._rows, too_long)
        self._rows += len(rows)
        if too_long and not self._told_long:
            self._told_long = True
            bad, first_bad = bad + 1, first_bad or _too_long(min(too_long))
        return MetricBatch(points, bad=bad, first_bad=first_bad)

    def _look(self) -> Grown:
        """Some lines, or a whole one where it is long."""
        grown = self._file.look(WINDOW)
        if b"\n" in grown.data or len(grown.data) < WINDOW:
            return grown
        wider = self._file.look(LONGEST_LINE)
        return dataclasses.replace(wider, restarted=grown.restarted or wider.restarted)

    def _skip(self, data: bytes, restarted: str, more: bool) -> MetricBatch:
        """A line too long to be one: it is passed over up to its end."""
        first = not self._skipping
        self._skipping = True
        self._lines += first
        self._file.advance(data)
        named = f"line {self._lines}: longer than {LONGEST_LINE >> 20} MiB" if first else ""
        return MetricBatch({}, restarted, more, int(first), named)

    def _line_by_line(self, data: bytes) -> tuple[list[Row], int, str]:
        rows, bad, first_bad = [], 0, ""
        for line in _lines(data):
            self._lines += 1
            row = _row(line)
            if row is not None:
                rows.append(row)
            elif line:
                bad += 1
                first_bad = first_bad or f"line {self._lines}: {_shown(line)}"
        return rows, bad, first_bad


def rows_in(data: bytes) -> list[Row]:
    """The rows of whole lines; what is none is left out."""
    rows = _quick(data)
    if rows is not None:
        return rows
    return [row for line in _lines(data) if (row := _row(line)) is not None]


def _lines(data: bytes) -> list[bytes]:
    """Without what is around them: white space, a byte order mark."""
    return [line.strip().removeprefix(b"\xef\xbb\xbf") for line in data.removesuffix(b"\n").split(b"\n")]


def _lines_of_objects(data: bytes) -> int:
    """How many lines there are; 0 if one of them does not begin and end with a brace.

    Two such lines can't share a value, so as many values as lines means one in each.
    """
    lines = data.count(b"\n")
    if data.startswith(b"{") and data.endswith(b"}\n") and data.count(b"}\n{") == lines - 1:
        return lines
    return 0


def _quick(data: bytes) -> list[Row] | None:
    """The rows of whole lines that are all good; None where one is not, or may not be."""
    import msgspec

    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    lines = _lines_of_objects(data)
    if not lines:
        return None
    try:
        rows: list[Row] = _decoder().decode_lines(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _scanned(data, lines) if b"NaN" in data or b"Infinity" in data else None
    return rows if len(rows) == lines else None


def _scanned(data: bytes, lines: int) -> list[Row] | None:
    """As `_quick`, for the NaN and infinities that are no JSON to msgspec; half as fast."""
    scan = json.JSONDecoder().raw_decode
    rows: list[Row] = []
    place = 0
    try:
        text = data.decode("utf-8")
        for _ in range(lines):
            row, end = scan(text, place)
            if text[end] != "\n" or not isinstance(row, dict):
                return None
            rows.append(row)
            place = end + 1
    except (IndexError, ValueError, RecursionError):
        return None
    return rows if place == len(text) else None


@functools.cache
def _decoder() -> Any:  # Any: msgspec is imported late
    import msgspec

    return msgspec.json.Decoder(dict[str, Any])


def _row(line: bytes) -> Row | None:
    """The object in a line; None if it is none."""
    if not line.startswith(b"{"):
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _is_object(tail: bytes) -> bool:
    return _row(tail.strip()) is not None


def _shown(line: bytes) -> str:
    from orp_tui.core.sanitise import one_line

    return f"no JSON object: {one_line(line[:200].decode('utf-8', 'replace'), 40)}"


def _too_long(name: str) -> str:
    from orp_tui.core.sanitise import one_line

    shown = one_line(name[:200], 40)
    return f"a name of {len(name):,} characters is left out, more than {LONGEST_NAME}: {shown}"


def _resumed(mark: dict[str, Any] | None) -> tuple[Place, int, int, bool]:
    try:
        if mark is not None:
            return Place.from_json(mark), int(mark["rows"]), int(mark["lines"]), bool(mark["skipping"])
    except (KeyError, TypeError, ValueError):
        pass
    return Place(), 0, 0, False
