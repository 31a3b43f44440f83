"""Of a line that is drawn over and over, as progress bars are, which of its states count.

- The last state of each epoch, where the line or a heading before it names one.
- Without an epoch: of a bar `10/196` the last state in each hundredth of it; of a line that names a
  step, one state each time that the step has grown by a hundredth; of any other, the last.
- A line without a bar that ends in a newline is the last state of what was drawn over before it.

The lines of an evaluation that counts, `Test: [10/40] …`, are states too: a pass over the data is one point.

A state that may be drawn over waits, so it comes late; a running mean within an epoch is no
value of that epoch. That of a full bar waits until another line tells something. A line with a bar in it
is a state too, though it ends in a newline: where bars stand below each other, each new state of the lower one
ends the upper one's line.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from orp_tui.metrics.stdout.line import Reading
from orp_tui.metrics.stdout.marks import Marks

_SHARE = 100
"""Points of one bar, at most, where there is no epoch."""


class State(NamedTuple):
    """A reading that may be drawn over."""

    reading: Reading
    epoch: float | None
    """Of the line, else of the heading before it."""
    line: int
    raw: bytes = b""
    """The piece of the log; not kept in a mark."""

    @property
    def is_of_epoch(self) -> bool:
        """It tells no step of its own."""
        marks = self.reading.marks
        return marks.step is None or (marks.is_counter and marks.is_bar)

    @property
    def is_of_pass(self) -> bool:
        """It is one of the lines of an evaluation."""
        return bool(self.reading.phase) and self.reading.marks.is_counter

    def without(self, names: Collection[str]) -> State:
        """Less what another state tells too."""
        values = {name: value for name, value in self.names.items() if name not in names}
        return self._replace(reading=self.reading._replace(values=values))

    @property
    def names(self) -> Mapping[str, float]:
        return self.reading.values


class Bars:
    """Holds back the states of a line until it is known whether they count."""

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        """`saved` is what `to_json` gave. Raises KeyError, TypeError or ValueError if it is no such thing."""
        self._waiting: State | None = None
        self._counted: State | None = None
        """The last one that counted."""
        if saved is not None:
            waiting, counted = saved["waiting"], saved["counted"]
            self._waiting = None if waiting is None else _from_json(waiting)
            self._counted = None if counted is None else _from_json(counted)

    def to_json(self) -> dict[str, Any]:
        states = {"waiting": self._waiting, "counted": self._counted}
        return {name: None if state is None else _to_json(state) for name, state in states.items()}

    def take(self, state: State) -> list[State]:
        """A state that may be drawn over; those that are known to count now."""
        before = self._waiting
        released = self._release() if before is not None and self._counts(before, state) else []
        self._waiting = state
        return released

    def end(self, state: State) -> list[State]:
        """A line that is not drawn over: where it tells what the one that waits tells, it is the last state of that."""
        before = self._waiting
        if before is None:
            return [state]
        is_same = before.epoch == state.epoch and before.names.keys() & state.names.keys()
        if not is_same and not before.is_of_pass:
            return [*self._release(), state] if before.reading.marks.is_full else [state]
        if not _is_behind(before, state):
            self._waiting = before.without(state.names)
        return [*self._release(), state]

    def heading(self, epoch: float | None) -> list[State]:
        """A line that names an epoch: what waits of another one counts."""
        before = self._waiting
        if before is None or epoch is None or (before.epoch == epoch and not before.is_of_pass):
            return []
        return self._release()

    def pause(self) -> list[State]:
        """Nothing was written for a while, perhaps for ever: what waits counts, unless its bar has not come to its end."""
        before = self._waiting
        if before is None or not (before.is_of_pass or self._is_over(before)):
            return []
        return self._release()

    def _release(self) -> list[State]:
        """What waits, less what was said of its epoch already: a bar may be drawn again, and more told beside it."""
        state, before = self._waiting, self._counted
        if state is None:
            return []
        self._waiting, self._counted = None, state
        if before is not None and state.epoch is not None and before.epoch == state.epoch:
            told = {name for name, value in before.names.items() if state.names.get(name) == value}
            state = state.without(told)
        return [state] if state.names else []

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

    def _is_over(self, state: State) -> bool:
        """Whether it is probably the last one; a mean within an epoch, and what has hardly moved, is not."""
        marks = state.reading.marks
        if marks.total is not None:
            return marks.at_end
        return state.epoch is not None or marks.step is None or self._has_grown(marks.step)

    def _has_grown(self, step: float) -> bool:
        counted = None if self._counted is None else self._counted.reading.marks.step
        return counted is None or step < counted or step >= counted + max(1.0, counted / _SHARE)


def _is_behind(before: State, after: State) -> bool:
    """Whether the second begins anew, as the bar of another pass does."""
    first, second = before.reading.marks, after.reading.marks
    if first.step is None or second.step is None:
        return False
    return second.step < first.step or first.total != second.total


def _hundredth(marks: Marks) -> int:
    assert marks.step is not None
    return math.floor(_SHARE * marks.step / marks.total) if marks.total else 0


def _to_json(state: State) -> dict[str, Any]:
    reading = state.reading
    time = None if math.isnan(reading.time) else reading.time
    return {
        "values": {name: repr(value) for name, value in reading.values.items()},
        "marks": reading.marks._asdict(),
        "phase": reading.phase,
        "time": time,
        "how": reading.how,
        "epoch": state.epoch,
        "line": state.line,
    }


def _from_json(saved: dict[str, Any]) -> State:
    marks = {name: _typed(saved["marks"][name]) for name in Marks._fields}
    values = {str(name): float(value) for name, value in saved["values"].items()}
    time = math.nan if saved["time"] is None else float(saved["time"])
    reading = Reading(values, Marks(**marks), str(saved["phase"]), time, str(saved["how"]))
    epoch = None if saved["epoch"] is None else float(saved["epoch"])
    return State(reading, epoch, int(saved["line"]))


def _typed(value: Any) -> Any:  # Any: as JSON gives it
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
