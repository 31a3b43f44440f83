"""Of a line that is drawn over and over, as progress bars are, which of its states count.

- The last state of each epoch, where the line or a heading before it names one.
- Without an epoch: of a bar `10/196` the last state in each hundredth of it; of a line that names a
  step, one state each time that the step has grown by a hundredth; of any other, the last.
- The state that ends in a newline is the last one, and so is a counter that has reached its end.

The lines of an evaluation that counts, `Test: [10/40] …`, are states too: a pass over the data is one point.

A state that may be drawn over waits, so it comes late; a running mean within an epoch is no
value of that epoch. A line with a bar in it that has not come to its end is such a state too, though it ends in a newline.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from typing import Any

from orp_tui.metrics.stdout.line import Reading
from orp_tui.metrics.stdout.marks import Marks

_SHARE = 100
"""Points of one bar, at most, where there is no epoch."""


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """A reading that may be drawn over."""

    reading: Reading
    epoch: float | None
    """Of the line, else of the heading before it."""
    line: int
    raw: bytes = b""
    """The piece of the log; not kept in a mark."""

    @property
    def is_of_pass(self) -> bool:
        """It is one of the lines of an evaluation."""
        return bool(self.reading.phase) and self.reading.marks.is_counter

    def without(self, names: Collection[str]) -> State:
        """Less what another state tells too."""
        values = {name: value for name, value in self.names.items() if name not in names}
        return dataclasses.replace(self, reading=dataclasses.replace(self.reading, values=values))

    @property
    def names(self) -> Mapping[str, float]:
        return self.reading.values


class Bars:
    """Holds back the states of a line until it is known whether they count."""

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        """`saved` is what `to_json` gave. Raises KeyError, TypeError or ValueError if it is no such thing."""
        self._waiting: State | None = None
        self._counted: float | None = None
        """The place of the last state that counted, for those without an epoch."""
        if saved is not None:
            waiting = saved["waiting"]
            self._waiting = None if waiting is None else _from_json(waiting)
            self._counted = None if saved["counted"] is None else float(saved["counted"])

    def to_json(self) -> dict[str, Any]:
        waiting = self._waiting
        return {"waiting": None if waiting is None else _to_json(waiting), "counted": self._counted}

    def take(self, state: State) -> list[State]:
        """A state that may be drawn over; those that are known to count now."""
        before, self._waiting = self._waiting, state
        if before is None or not self._counts(before, state):
            return []
        self._counted = None if before.epoch is not None else _place(before)
        return [before]

    def end(self, state: State) -> list[State]:
        """A line that is not drawn over: it is the last state of the one that waits, if they tell the same."""
        before = self._waiting
        if before is not None and before.is_of_pass:
            self._waiting = None
            rest = before.without(state.names)  # the line that ends a pass may sum it up
            return [rest, state] if rest.names else [state]
        if before is not None and before.epoch == state.epoch and before.names.keys() & state.names.keys():
            self._waiting = None
            if _is_behind(before, state):
                return [before, state]
        return [state]

    def heading(self, epoch: float | None) -> list[State]:
        """A line that names an epoch: what waits of another one counts."""
        before = self._waiting
        if before is None or epoch is None or (before.epoch == epoch and not before.is_of_pass):
            return []
        self._waiting = None
        return [before]

    def pause(self) -> list[State]:
        """Nothing was written for a while, perhaps for ever: what waits counts, unless its bar has not come to its end."""
        before = self._waiting
        if before is None:
            return []
        marks = before.reading.marks
        if marks.total is not None and not marks.at_end and not before.is_of_pass:
            return []
        if before.epoch is None and marks.step is not None and not self._has_grown(marks.step):
            return []
        self._waiting = None
        self._counted = None if before.epoch is not None else _place(before)
        return [before]

    def _counts(self, before: State, after: State) -> bool:
        if before.epoch != after.epoch or not before.names.keys() & after.names.keys():
            return True
        if before.is_of_pass:
            return _is_behind(before, after)
        if before.epoch is not None:
            return False
        marks = after.reading.marks
        if marks.step is None:
            return False
        if _is_behind(before, after):
            return True
        if marks.total:
            return _hundredth(before.reading.marks) != _hundredth(marks)
        return self._has_grown(marks.step)

    def _has_grown(self, step: float) -> bool:
        return self._counted is None or step >= self._counted + max(1.0, abs(self._counted) / _SHARE)


def _is_behind(before: State, after: State) -> bool:
    """Whether the second begins anew, as the bar of another pass does."""
    first, second = before.reading.marks, after.reading.marks
    if first.step is None or second.step is None:
        return False
    return second.step < first.step or first.total != second.total


def _place(state: State) -> float | None:
    return state.reading.marks.step


def _hundredth(marks: Marks) -> int:
    assert marks.step is not None
    return math.floor(_SHARE * marks.step / marks.total) if marks.total else 0


def _to_json(state: State) -> dict[str, Any]:
    reading = state.reading
    time = None if math.isnan(reading.time) else reading.time
    return {
        "values": {name: repr(value) for name, value in reading.values.items()},
        "marks": dataclasses.asdict(reading.marks),
        "phase": reading.phase,
        "time": time,
        "how": reading.how,
        "epoch": state.epoch,
        "line": state.line,
    }


def _from_json(saved: dict[str, Any]) -> State:
    marks = {field.name: _typed(saved["marks"][field.name]) for field in dataclasses.fields(Marks)}
    values = {str(name): float(value) for name, value in saved["values"].items()}
    time = math.nan if saved["time"] is None else float(saved["time"])
    reading = Reading(values, Marks(**marks), str(saved["phase"]), time, str(saved["how"]))
    epoch = None if saved["epoch"] is None else float(saved["epoch"])
    return State(reading, epoch, int(saved["line"]))


def _typed(value: Any) -> Any:  # Any: as JSON gives it
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
