"""The rows of one run that are new in the table `metrics` of another program's database.

New is what has a higher rowid than the last one seen. Rows that were deleted, copied or numbered
anew (a migration, a VACUUM, a run that was renamed) are found out by two witnesses: the last row of
all and the last one of this run must still be what they were. If they are not, the table is read anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sqlite3
from collections.abc import Sequence
from typing import Any

from orp_tui.metrics.readers.database import DAMAGED, LiveDatabase, Unreadable, columns_of

SPAN = 20_000
"""Rowids that one read looks at, those of other runs included."""
MOST_BYTES = 4 << 20
"""Of cells that one read takes."""
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1

Row = tuple[Any, ...]  # Any: SQLite's columns hold what they like


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows of a run stand."""

    cells: tuple[str, ...]
    """The columns that are read."""
    belongs: str
    """SQL: whether a row is of the run `:run`."""
    witness: tuple[str, ...]
    """Columns by which a row is known again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """How far the table was read."""

    last: int = _LOWEST
    """Rowid of the last row looked at, whosever it is."""
    last_print: str = ""
    own: int = _LOWEST
    """Rowid of the last row of this run."""
    own_print: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Seen:
        """A damaged mark means from the beginning."""
        try:
            assert data is not None
            seen = cls(int(data["last"]), str(data["last_print"]), int(data["own"]), str(data["own_print"]))
        except (AssertionError, KeyError, TypeError, ValueError, OverflowError):
            return cls()
        return seen if _LOWEST <= seen.last <= _HIGHEST and _LOWEST <= seen.own <= _HIGHEST else cls()


@dataclasses.dataclass(frozen=True, slots=True)
class Fetched:
    """What one look found."""

    seen: Seen
    rows: tuple[Row, ...] = ()
    """Rowid first, then the cells of the layout."""
    restarted: str = ""
    more: bool = False
    too_long: int = 0
    """Rows passed over since a cell of them is longer than a metric can be; the last of them is `seen.own`."""


class NewRows:
    """New rows at each look; where it stands is `mark`.

    Of the layouts, which are ours, the first holds whose columns are all there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run: str,
        layouts: Sequence[Layout],
        *,
        mark: dict[str, Any] | None = None,
        follow_links: bool = False,
    ) -> None:
        self._database = LiveDatabase(path, follow_links=follow_links)
        self._run = run
        self._layouts = layouts
        self._layout = layouts[0]
        self._seen = Seen.from_json(mark)

    @property
    def mark(self) -> dict[str, Any]:
        return dataclasses.asdict(self._seen)

    def changed(self) -> bool:
        return self._database.changed()

    def fetch(self, *, final: bool = False) -> Fetched:
        """Raises Unreadable; what was not fetched then, the next look fetches."""
        found = self._database.ask(self._look, last=final)
        if found is None:
            return Fetched(self._seen)
        self._seen = found.seen
        if found.more:
            self._database.look_again()
        return found

    def _look(self, connection: sqlite3.Connection) -> Fetched:
        self._layout = self._found_layout(connection)
        (top,) = connection.execute("SELECT max(rowid) FROM metrics").fetchone()
        seen, restarted = self._seen, ""
        if seen.last > _LOWEST:
            restarted = self._restarted(connection, top)
            seen = Seen() if restarted else seen
        if top is None or top <= seen.last:
            return Fetched(seen, restarted=restarted)
        return dataclasses.replace(self._take(connection, seen, top), restarted=restarted)

    def _found_layout(self, connection: sqlite3.Connection) -> Layout:
        columns = columns_of(connection, "metrics")
        for layout in self._layouts:
            if columns.issuperset((*layout.cells, *layout.witness)):
                return layout
        raise Unreadable("holds no such table of metrics")

    def _restarted(self, connection: sqlite3.Connection, top: int | None) -> str:
        seen = self._seen
        if top is None or top < seen.last:
            return "truncated"
        same = self._print(connection, seen.last) == seen.last_print and (
            seen.own == _LOWEST or self._print(connection, seen.own) == seen.own_print
        )
        return "" if same else "rewritten"

    def _take(self, connection: sqlite3.Connection, seen: Seen, top: int) -> Fetched:
        # A table may begin high, or have gaps: a span begins at a row that is there.
        start = _rowid(connection, "SELECT min(rowid) FROM metrics WHERE rowid > ?", (seen.last,))
        end = min(start + SPAN - 1, top)
        rows, stopped, too_long = self._rows(connection, start, end)
        last = stopped
        if last is None:
            last = _rowid(connection, "SELECT max(rowid) FROM metrics WHERE rowid <= ?", (end,))
        if last <= seen.last:
            raise Unreadable(DAMAGED)
        own, own_print = seen.own, seen.own_print
        if rows or too_long:
            own = stopped if stopped is not None else rows[-1][0]
            own_print = self._print(connection, own)
        seen = Seen(last, self._print(connection, last), own, own_print)
        return Fetched(seen, tuple(rows), more=last < top, too_long=too_long)

    def _rows(
        self, connection: sqlite3.Connection, start: int, end: int
    ) -> tuple[list[Row], int | None, int]:
        """The run's rows; the rowid at which it stopped before `end`, or None; how many were too long."""
        layout = self._layout
        asked: dict[str, int | str] = {"start": start, "end": end, "run": self._run}
        where = f"FROM metrics WHERE rowid BETWEEN :start AND :end AND ({layout.belongs}) ORDER BY rowid"
        query = f"SELECT rowid, {', '.join(layout.cells)} {where}"
        rows: list[Row] = []
        size = 0
        try:
            for row in connection.execute(query, asked):
                rows.append(row)
                size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                if size > MOST_BYTES:
                    return rows, row[0], 0
        except sqlite3.DataError:  # a row is longer than the connection takes, one of the next
            while True:
                asked["start"] = rows[-1][0] + 1 if rows else start
                try:
                    rows += connection.execute(f"{query} LIMIT 1", asked).fetchall()
                except sqlite3.DataError:
                    return rows, _rowid(connection, f"SELECT rowid {where} LIMIT 1", asked), 1
        return rows, None, 0

    def _print(self, connection: sqlite3.Connection, rowid: int) -> str:
        """What a row is known by; empty if it is not there."""
        names = ", ".join(self._layout.witness)
        query = f"SELECT {names} FROM metrics WHERE rowid = ?"  # noqa: S608 - our own names
        row = connection.execute(query, (rowid,)).fetchone()
        return "" if row is None else hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest()


def _rowid(connection: sqlite3.Connection, query: str, values: tuple[int, ...] | dict[str, int | str]) -> int:
    """Of a row that must be there; raises Unreadable if it is not."""
    found = connection.execute(query, values).fetchone()
    if found is None or found[0] is None:
        raise Unreadable(DAMAGED)
    return int(found[0])
