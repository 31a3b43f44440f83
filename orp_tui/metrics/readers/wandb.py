"""Reader of a run that W&B keeps in a file (`run-ID.wandb`, mostly offline), without W&B.

W&B writes the file in steps of about 15 seconds; until the first of them it holds its header alone.
What is not all there waits for the rest.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.metrics.growing import GrowingFile, Grown, Place
from orp_tui.metrics.readers.tfevents_wire import Malformed
from orp_tui.metrics.readers.wandb_blocks import BLOCK, MAGIC, Cut, cut
from orp_tui.metrics.readers.wandb_records import RecordsToPoints

WINDOW = 8 * BLOCK
"""Bytes that one read looks at."""
LONGEST_RECORD = 4 << 20


class WandbReader:
    """What is new in a `.wandb` file, at each read. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False
    ) -> None:
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning."""
        place, self._skipping, samples = _resumed(mark)
        self._records = RecordsToPoints(samples)
        self._file = GrowingFile(path, place=place, follow_links=follow_links)

    @property
    def mark(self) -> dict[str, Any]:
        return {**self._file.place.to_json(), "skipping": self._skipping, "samples": self._records.samples}

    def changed(self) -> bool:
        return self._file.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        grown = self._file.look(WINDOW)
        if grown.trouble:
            return MetricBatch(trouble=grown.trouble)
        if grown.restarted:
            self._skipping = ""
            self._records.samples = 0
        if not self._file.place.offset and not grown.data.startswith(MAGIC[: len(grown.data)]):
            return MetricBatch(restarted=grown.restarted, trouble="is no file of W&B")
        found = self._cut(grown, final)
        if not found.taken and not grown.at_end:  # a record longer than the window
            grown = dataclasses.replace(self._file.look(LONGEST_RECORD + WINDOW), restarted=grown.restarted)
            found = self._cut(grown, final)
        self._file.advance(grown.data[: found.taken])
        self._skipping = found.skipping
        points = self._points(found)
        more = not grown.at_end and found.taken > 0
        return MetricBatch(points, grown.restarted, more, found.bad, found.first_bad)

    def _cut(self, grown: Grown, final: bool) -> Cut:
        return cut(
            grown.data,
            self._file.place.offset,
            self._skipping,
            longest=LONGEST_RECORD,
            final=final and grown.at_end,
        )

    def _points(self, found: Cut) -> dict[str, Points]:
        """Of the records; those that can't be read are counted with what is damaged."""
        by_name = self._records.start()
        for record in found.records:
            try:
                self._records.take(record)
            except Malformed as error:
                found.bad += 1
                found.first_bad = found.first_bad or f"a record: {error}"
        return by_name.points()


def _resumed(mark: dict[str, Any] | None) -> tuple[Place, str, int]:
    try:
        if mark is not None and mark["skipping"] in ("", "block", "record"):
            return Place.from_json(mark), mark["skipping"], int(mark["samples"])
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return Place(), "", 0
