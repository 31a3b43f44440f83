"""What the readers of tracking databases share: rows that are new in, points of them out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.metrics.readers.database import Unreadable
from orp_tui.metrics.readers.new_rows import Layout, NewRows, Row


class TableReader:
    """What is new of one run in a table, at each read. One thread at a time."""

    layouts: ClassVar[tuple[Layout, ...]]
    """How the table may look; the first that fits holds."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        run: str,
        *,
        mark: dict[str, Any] | None = None,
        follow_links: bool = False,
    ) -> None:
        """`run` is its id in the database; a damaged mark means from the beginning."""
        self._rows = NewRows(path, run, self.layouts, mark=mark, follow_links=follow_links)

    @property
    def mark(self) -> dict[str, Any]:
        return self._rows.mark

    def changed(self) -> bool:
        return self._rows.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        try:
            found = self._rows.fetch(final=final)
        except Unreadable as error:
            return MetricBatch(trouble=str(error))
        points, bad, first_bad = self.points(found.rows)
        if found.too_long:
            first_bad = first_bad or f"row {found.seen.own}: too long"
        return MetricBatch(points, found.restarted, found.more, bad + found.too_long, first_bad)

    def points(self, rows: Sequence[Row]) -> tuple[dict[str, Points], int, str]:
        """The points in rows of the layout, how many rows hold none, and the first of those in words."""
        raise NotImplementedError
