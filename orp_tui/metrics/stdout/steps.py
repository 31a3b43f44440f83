"""At which step a value stands, by what its line says and by what was said before.

- A step that counts the whole training is the step. One that counts within an epoch goes on from
  the last of the epoch before: it is known by going back when the epoch rises.
- `Epoch: [3][10/196]` where nothing was seen before is 3 * 196 + 10, or one epoch less, as nobody can tell.
- The counter of an evaluation, `Test: [10/40]`, is none of the training.
- Without a step, the last step of the training; where none was ever told, the epoch, of the line
  or of a heading before it. A progress bar stands at its epoch too, and at its counter where there is none.
- A value with nothing of its own stands one behind the last of its name if it can't stand further on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from typing import Any

from orp_tui.metrics.stdout.line import Reading
from orp_tui.metrics.stdout.marks import Marks
from orp_tui.metrics.stdout.numbers import is_step

_MOST_NAMES = 500
"""Names whose last step is kept."""
_MOST_PHASES = 16


@dataclasses.dataclass(slots=True)
class Pass:
    """How a counter of one part of the training goes."""

    epoch: float | None
    step: float
    total: float | None
    before: float = 0.0
    """Steps of the epochs that are over."""


class Steps:
    """What is carried from line to line."""

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        """`saved` is what `to_json` gave. Raises KeyError, TypeError or ValueError if it is no such thing."""
        self.epoch: float | None = None
        self.step: float | None = None
        self._passes: dict[str, Pass] = {}
        self._last: dict[str, float] = {}
        if saved is not None:
            self.epoch, self.step = _optional(saved["epoch"]), _optional(saved["step"])
            self._passes = {
                str(phase): Pass(_optional(a), float(b), _optional(c), float(d))
                for phase, (a, b, c, d) in saved["passes"].items()
            }
            self._last = {str(name): float(step) for name, step in saved["last"].items()}

    def to_json(self) -> dict[str, Any]:
        passes = {
            phase: [each.epoch, each.step, each.total, each.before] for phase, each in self._passes.items()
        }
        return {"epoch": self.epoch, "step": self.step, "passes": passes, "last": dict(self._last)}

    def heading(self, marks: Marks) -> None:
        """A line that says nothing but where the next ones stand."""
        if marks.epoch is not None:
            self.epoch = marks.epoch
        if marks.step is not None and not marks.is_counter:
            self.step = self._counted("", marks)

    def place(self, reading: Reading, epoch: float | None = None) -> float:
        """The step at which its values stand; moves what is carried on.

        `epoch` is that of the heading above the line, if it names none.
        """
        marks = reading.marks
        if marks.epoch is None and epoch is not None:
            self.epoch = epoch
        step = self._own_step(reading)
        if not reading.phase or self.step is None:
            self.epoch = self.epoch if marks.epoch is None else marks.epoch
        if step is None:
            return self._next(reading.values, self.epoch if self.step is None else self.step)
        if not reading.phase and marks.step is not None and not self._counts_something_else(reading):
            self.step = step
        return step

    def _own_step(self, reading: Reading) -> float | None:
        """The step that the line itself tells."""
        marks = reading.marks
        epoch = marks.epoch if marks.epoch is not None else self.epoch
        if marks.step is not None and not self._counts_something_else(reading):
            return marks.step if marks.is_global else self._counted(reading.phase, marks)
        if marks.epoch is not None or marks.is_bar:
            return epoch if self.step is None else None
        return None

    def _counts_something_else(self, reading: Reading) -> bool:
        """Whether a counter is that of a look at what was learnt, or of the bar of an epoch."""
        marks = reading.marks
        epoch = marks.epoch if marks.epoch is not None else self.epoch
        return marks.is_counter and (bool(reading.phase) or (marks.is_bar and epoch is not None))

    def _counted(self, phase: str, marks: Marks) -> float:
        """A step within an epoch as one of the whole training."""
        assert marks.step is not None
        epoch = marks.epoch if marks.epoch is not None else self.epoch
        key = f"{phase}|{marks.unit}"
        known = self._passes.get(key)
        if known is None:
            if len(self._passes) >= _MOST_PHASES:
                return marks.step
            before = _epochs_before(epoch, marks)
        else:
            before = known.before + _ended(known, epoch, marks)
        if not is_step(before + marks.step):
            before = 0.0
        self._passes[key] = Pass(epoch, marks.step, marks.total, before)
        return before + marks.step

    def _next(self, names: Collection[str], carried: float | None) -> float:
        """What is carried, or one behind the last of its names where one of them stands there already."""
        last = max((self._last.get(name, -math.inf) for name in names), default=-math.inf)
        step = last + 1 if last > -math.inf else 0.0
        if carried is not None and carried > last:
            step = carried
        for name in names:
            if name in self._last or len(self._last) < _MOST_NAMES:
                self._last[name] = step
        return step


def _epochs_before(epoch: float | None, marks: Marks) -> float:
    """Steps before the first line that was seen; it may be in a later epoch, as of a resumed training."""
    if marks.is_counter and marks.total and epoch is not None and epoch >= 2 and epoch == math.floor(epoch):
        return (epoch - 1) * marks.total
    return 0.0


def _ended(known: Pass, epoch: float | None, marks: Marks) -> float:
    """Steps of the epochs that have ended since; 0 while the same goes on, or where all is counted through."""
    assert marks.step is not None
    if marks.step > known.step:
        return 0.0
    if epoch is None or known.epoch is None:
        goes_round = marks.is_counter and marks.step < known.step
        return (known.total or known.step) if goes_round else 0.0
    if epoch <= known.epoch:
        return 0.0
    return max(known.total or 0.0, known.step) * max(1.0, math.floor(epoch - known.epoch))


def _optional(value: Any) -> float | None:  # Any: as JSON gives it
    return None if value is None else float(value)
