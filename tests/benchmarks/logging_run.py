"""A real run whose log grows as the benchmark wants it, and what follows it: `orp-tui` and other programs."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from orp_tui.core.layout import STDOUT_NAME
from orp_tui.core.states import RunState
from orp_tui.services.context import Context
from orp_tui.services.submit import submit
from tests.benchmarks import log_writer
from tests.benchmarks.ground import Ground, await_state, until

STAMP = re.compile(r"\bt(\d{7}\.\d{6})")


class LoggingRun:
    """The run, running; it is told how to log."""

    def __init__(self, place: Ground, context: Context) -> None:
        self.place, self.context = place, context
        self._orders = place.folder / "orders"
        self._done = place.folder / "orders.done"
        self._number = 0
        _replace(self._orders, "rate 0 0\n")
        source = place.source(context, [sys.executable, log_writer.__file__, str(self._orders)])
        with context.store() as connection:
            self.run_id = submit(context, connection, source)
        await_state(context, self.run_id, RunState.RUNNING)
        self.log = context.paths.run(self.run_id).folder / STDOUT_NAME
        until(self._done.exists, "the training to take orders")

    def rate(self, bytes_per_s: float) -> None:
        """Log so much from now on."""
        self._order("rate", bytes_per_s)

    def fill(self, size: int) -> None:
        """Begin anew, and log about so many bytes, the needles and the last line with them."""
        self.empty()
        self._order("fill", size)

    def empty(self) -> None:
        """Log no more, and begin anew with a few lines."""
        self._order("empty", 0)

    def _order(self, word: str, number: float) -> None:
        """Give an order, and wait until it was done."""
        self._number += 1
        order = f"{word} {number:.0f} {self._number}\n"
        _replace(self._orders, order)
        until(lambda: self._done.read_text() == order, f"the training to {word}", seconds=300)


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)
