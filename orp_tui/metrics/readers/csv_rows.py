"""Reader of CSV files of metrics: one row a step or an epoch, names at the top, appended to.

Lightning's `metrics.csv`, Ultralytics' `results.csv`, the log of Keras' CSVLogger, the
`progress.csv` and `monitor.csv` of Stable-Baselines3, and what a script writes by itself. Some of
these write the file again when a new name comes: the header is wider then, which is told as
`rewritten`, and all of it is read again.

A row counts when its line end is written. Rows may have fewer cells than there are names; one that
has more is counted as bad, and so is what can't be read. A line of names further down, as a
training leaves that went on in the same file, holds for the rows after it. Texts are no metrics.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.growing import GrowingFile, Place
from orp_tui.metrics.readers.csv_header import Header, NoHeader, header_of, top_of
from orp_tui.metrics.readers.csv_records import Records, only_row, records_in
from orp_tui.metrics.readers.csv_table import table_of

WINDOW = 256 << 10
"""Bytes that one read looks at: some 30,000 cells."""
LONGEST_ROW = 1 << 20
"""Bytes; a row that does not fit in is none."""
_DISK_BLOCK = 4096


class CsvReader:
    """What is new in a CSV file, at each read. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False
    ) -> None:
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning."""
        self._forget()
        place = Place() if mark is None else self._resume(mark)
        self._file = GrowingFile(path, place=place, follow_links=follow_links)

    @property
    def mark(self) -> dict[str, Any]:
        return {
            **self._file.place.to_json(),
            "rows": self._rows,
            "lines": self._lines,
            "skipping": self._skipping,
            "headless": self._headless,
            "names": self._later_names,
        }

    def changed(self) -> bool:
        return self._file.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        restarted, batch = "", None
        for most in (WINDOW, LONGEST_ROW):
            grown = self._file.look(most)
            if grown.restarted:
                restarted = grown.restarted
                self._forget()
            if grown.trouble:
                return MetricBatch({}, restarted, trouble=grown.trouble)
            ending = final and grown.at_end
            batch = self._take(grown.data, ending, waits=not ending and len(grown.data) < LONGEST_ROW)
            if batch is not None or grown.at_end:
                break
        return dataclasses.replace(batch or MetricBatch(), restarted=restarted, more=not grown.at_end)

    def _forget(self) -> None:
        self._header: Header | None = None
        self._later_names: list[str] | None = None
        """Of a header further down the file, if one holds now."""
        self._headless = False
        """Its first line was no names: nothing in it can be told."""
        self._rows = self._lines = 0
        self._skipping = False
        """Up to the next line end: what is left of a row that was too long, or taken without its end."""

    def _take(self, data: bytes, ending: bool, *, waits: bool) -> MetricBatch | None:
        """What is whole in the data; None if nothing is. The place moves beyond it.

        `ending`: there will be no more. Without `waits` some of it is used up in any case.
        """
        if self._skipping:
            data = self._rest(data)
        if self._headless or not data:
            self._file.advance(data)
            return MetricBatch()
        if self._header is not None:
            return self._take_rows(data, ending, self._header, waits=waits)
        try:
            size = self._take_header(data)
        except NoHeader as error:
            self._headless = True
            self._file.advance(data)
            return MetricBatch(bad=1, first_bad=str(error))
        if self._header is None:
            return None
        rest = self._take_rows(data[size:], ending, self._header, waits=waits)
        return rest or MetricBatch()

    def _rest(self, data: bytes) -> bytes:
        """The data without the row that is passed over."""
        end = data.find(b"\n") + 1
        self._skipping = not end
        self._file.advance(data[:end] if end else data)
        return data[end:] if end else b""

    def _take_header(self, data: bytes) -> int:
        """Bytes of the header; 0 if it is not yet there. Raises NoHeader if it never will be."""
        top = top_of(data)
        if top is None:
            return 0
        self._file.advance(data[: top.size])
        # A wider header may begin as the narrow one does: all of it is compared at each look.
        place = self._file.place
        if top.told_by > len(place.head):
            self._file.place = dataclasses.replace(place, head=data[: top.told_by])
        self._header, self._lines = top.header, top.lines
        return top.size

    def _take_rows(self, data: bytes, ending: bool, header: Header, *, waits: bool) -> MetricBatch | None:
        end = data.rfind(b"\n") + 1
        if ending and self._is_whole(data[end:], len(data), header):
            end, self._skipping = len(data), True
        if not end:
            return None if waits or ending else self._skip(data)
        lines = _lines(data[:end])
        records = records_in(lines, header.delimiter, waits=waits)
        if records.lines < len(lines):
            end = sum(len(line) + 1 for line in data.split(b"\n")[: records.lines])
        if not end:
            return None
        self._file.advance(data[:end])
        return self._batch(records, header)

    def _batch(self, records: Records, header: Header) -> MetricBatch:
        table = table_of(records, header)
        points = table.points(self._rows)
        self._rows += table.rows
        if table.header is not header:
            self._header, self._later_names = table.header, list(table.header.cells)
        first = min(filter(None, (table.first_bad, records.first_bad)), default=0)
        words = table.first_words if first == table.first_bad else "can't be split into cells"
        named = f"line {self._lines + first}: {words}" if first else ""
        self._lines += records.lines
        return MetricBatch(points, bad=records.bad + table.bad, first_bad=named)

    def _skip(self, data: bytes) -> MetricBatch:
        """A row too long to be one: it is passed over up to its end."""
        self._skipping = True
        self._lines += 1
        self._file.advance(data)
        return MetricBatch(bad=1, first_bad=f"line {self._lines}: longer than {LONGEST_ROW >> 20} MiB")

    def _is_whole(self, tail: bytes, size: int, header: Header) -> bool:
        """Whether a last line without its end is a row all the same, and not torn.

        Python writes its buffer up to the end of a `write`, so no number is torn there; most others
        tear one where a block of the buffer ends.
        """
        row = only_row(tail.decode("utf-8", "replace"), header.delimiter)
        torn = (self._file.place.offset + size) % _DISK_BLOCK == 0
        return not torn and row is not None and len(row) == len(header.cells) and bool(row[-1])

    def _resume(self, mark: dict[str, Any]) -> Place:
        try:
            place, names = Place.from_json(mark), mark["names"]
            self._rows, self._lines = int(mark["rows"]), int(mark["lines"])
            self._skipping, self._headless = bool(mark["skipping"]), bool(mark["headless"])
            if place.offset < 0:
                raise ValueError("no place in a file")
            if place.offset and not self._headless:
                self._header = _header_again(place.head, names)
                self._later_names = names
        except (KeyError, TypeError, ValueError, OverflowError):
            self._forget()
            return Place()
        return place


def _header_again(head: bytes, names: Sequence[str] | None) -> Header:
    """The header that holds at a mark. Raises ValueError if there is none."""
    top = top_of(head)
    if top is None:
        raise ValueError("no header at a mark beyond it")
    if names is None:
        return top.header
    return header_of([str(name) for name in names], top.header.delimiter, top.header.started)


def _lines(data: bytes) -> list[str]:
    """Without their ends; the last one may have none."""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]
