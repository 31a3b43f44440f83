"""The observer looks at the GPUs, and writes what it saw for queue processor and front ends."""

from __future__ import annotations

import collections
import json
import os

from orp_tui.core.layout import BasePaths
from orp_tui.hardware.deadline import GpuWatch
from orp_tui.hardware.gpus import GpuReport

KEPT = 6
"""Looks that are kept: enough to judge a card by, at one every two seconds."""
PERIOD_S = 2.0


class GpuSamples:
    """Looks every two seconds while somebody wants to know; a driver that hangs holds up nothing."""

    def __init__(self, paths: BasePaths) -> None:
        self._path = paths.gpu_reports
        self._watch: GpuWatch | None = None
        self._reports: collections.deque[GpuReport] = collections.deque(maxlen=KEPT)
        self._next = 0.0

    @property
    def newest(self) -> GpuReport | None:
        """The last look; None before the first."""
        return self._reports[-1] if self._reports else None

    def turn(self, *, now: float) -> None:
        """Take what has been answered, and ask again if it is time; `now` is monotonic."""
        if self._watch is None:
            self._watch = GpuWatch()
        report = self._watch.answer()
        if report is not None:
            self._reports.append(report)
            self._write()
        if now >= self._next:
            self._next = now + PERIOD_S
            self._watch.ask()

    def close(self) -> None:
        """End the process that looks."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _write(self) -> None:
        """Renamed into place, but not flushed: it can be made again."""
        beside = self._path.with_suffix(".tmp")
        beside.write_text(json.dumps([report.to_json() for report in self._reports]), "utf-8")
        os.replace(beside, self._path)
