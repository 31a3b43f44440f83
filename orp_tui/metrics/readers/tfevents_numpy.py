"""Payloads of events → points of each metric, many at once; gives what one by one gives.

Events whose summaries are equally long are laid under each other as the rows of a matrix. Those that equal
one that is known, but for the value, are of one metric; time, step and value are columns of the matrix.
What is alone of its kind, or is no scalar, is taken one by one and put where it belongs.

Importing this imports numpy: only inside a function, and only for many.
"""

from __future__ import annotations

from array import array
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from orp_tui.core.series import Points
from orp_tui.metrics.readers.tfevents_known import AFTER_WALL, LONGEST, SHORTEST, STEP, SUMMARY, WALL, Form
from orp_tui.metrics.readers.tfevents_spans import Spans

if TYPE_CHECKING:
    from orp_tui.metrics.readers.tfevents_scalars import Row, Scalars, Taken

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Part = tuple[Ints, Floats, Floats, Floats]
"""Places of events, and their steps, values and times."""

_FEW = 16
"""Events that are sooner taken one by one."""
_WEIGHTS = np.array([pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(1, 129)], np.uint64)
"""For sums by which rows of up to 1,024 bytes are told apart."""
_LONGEST_STEP = 9
"""Bytes; longer ones are negative."""


class _Window:
    """The payloads of some bytes, and which of them are still to be taken."""

    def __init__(self, data: bytes, spans: Spans) -> None:
        self.data = data
        self.bytes: Bytes = np.frombuffer(data, np.uint8)
        self.begins: Ints = np.frombuffer(spans.begins, np.int64)
        self.ends: Ints = np.frombuffer(spans.ends, np.int64)
        self.steps: Ints = np.zeros(len(spans), np.int64)
        self.summaries: Ints = np.full(len(spans), -1, np.int64)
        """Where the summary of each begins; -1 where that is not seen at once."""
        self._find_steps()

    def _find_steps(self) -> None:
        long = np.flatnonzero(self.ends - self.begins >= SHORTEST)
        long = long[self.bytes[self.begins[long]] == WALL]
        kinds = self.bytes[self.begins[long] + AFTER_WALL]
        at_zero, stepped = long[kinds == SUMMARY], long[kinds == STEP]
        self.summaries[at_zero] = self.begins[at_zero] + AFTER_WALL
        rows = sliding_window_view(self.bytes, _LONGEST_STEP)[self.begins[stepped] + AFTER_WALL + 1]
        ends_here = rows < 128
        width = ends_here.argmax(axis=1) + 1
        told = ends_here.any(axis=1)
        columns = np.arange(_LONGEST_STEP)
        parts = (rows & 127).astype(np.int64) << (7 * columns)
        steps = np.where(columns < width[:, None], parts, 0).sum(axis=1)
        self.steps[stepped] = steps
        self.summaries[stepped[told]] = (self.begins[stepped] + AFTER_WALL + 1 + width)[told]

    def values(self, which: Ints, form: Form) -> Floats:
        rows = sliding_window_view(self.bytes, form.value.size)[self.ends[which] - form.back]
        with np.errstate(invalid="ignore"):  # of NaN there are several
            return rows.view(form.value.format)[:, 0].astype(np.float64)

    def times(self, which: Ints) -> Floats:
        times: Floats = sliding_window_view(self.bytes, 8)[self.begins[which] + 1].view("<f8")[:, 0]
        return times


class _Taking:
    """What was found of a window so far: of each metric, parts of its points with the places of their events."""

    def __init__(self, scalars: Scalars, window: _Window, spans: Spans, taken: Taken) -> None:
        self._scalars, self._window, self._spans, self._taken = scalars, window, spans, taken
        self._left = np.ones(len(spans), bool)
        self._parts: dict[str, list[_Part]] = {}
        self._alone: list[tuple[int, Row]] = []

    def take(self) -> dict[str, Points]:
        """Everything."""
        summaries, ends = self._window.summaries, self._window.ends
        lengths = np.where(summaries < 0, 0, ends - summaries)
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        starts = np.flatnonzero(np.diff(lengths[order], prepend=0)).tolist()
        for start, end in pairwise([*starts, len(order)]):
            if end - start >= _FEW:
                self._take_of_one_length(order[start:end], int(lengths[order[start]]))
        for place in np.flatnonzero(self._left).tolist():
            self._alone += [(place, row) for row in self._scalars.rows(*self._payload(place), self._taken)]
        return self._points()

    def _take_of_one_length(self, events: Ints, length: int) -> None:
        if length > LONGEST:
            return
        self._name(int(events[0]), None)  # so that there is a form
        for form in self._scalars.known.forms:
            if len(events) >= _FEW and form.back <= length:
                events = self._take_of_one_form(events, length, form)

    def _take_of_one_form(self, events: Ints, length: int, form: Form) -> Ints:
        """Take those whose values are of that form; the others."""
        rows = sliding_window_view(self._window.bytes, length)[self._window.summaries[events]]
        rows[:, length - form.back : length - form.back + form.value.size] = 0
        firsts, kinds = _kinds(rows)
        names = [self._name(int(events[first]), form) for first in firsts.tolist()]
        named = np.array([name is not None for name in names])[kinds]
        taken = named & self._left[events] & (rows == rows[firsts][kinds]).all(axis=1)
        order = np.flatnonzero(taken)[np.argsort(kinds[taken], kind="stable")]
        self._add(events[order], kinds[order], names, form)
        others: Ints = events[~taken]
        return others

    def _name(self, place: int, form: Form | None) -> str | None:
        """The metric of an event, if its value is of that form. What was not known is taken, and learned from."""
        data, begin, end = self._payload(place)
        at = int(self._window.summaries[place])
        found = self._scalars.known.find(data, at, end)
        if found is None and self._left[place]:
            self._left[place] = False
            rows = self._scalars.unknown_rows(data, begin, end, self._taken)
            self._alone += [(place, row) for row in rows]
            found = self._scalars.known.find(data, at, end)
        return found[0] if found is not None and found[1] is form else None

    def _add(self, events: Ints, kinds: Ints, names: list[str | None], form: Form) -> None:
        """Events of one form, those of a kind together."""
        if not len(events):
            return
        self._left[events] = False
        window = self._window
        steps = window.steps[events].astype(np.float64)
        values, times = window.values(events, form), window.times(events)
        starts = np.flatnonzero(np.diff(kinds, prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(events)]):
            name = names[int(kinds[start])]
            assert name is not None
            part = slice(start, end)
            self._parts.setdefault(name, []).append((events[part], steps[part], values[part], times[part]))

    def _payload(self, place: int) -> tuple[bytes, int, int]:
        return self._window.data, self._spans.begins[place], self._spans.ends[place]

    def _points(self) -> dict[str, Points]:
        """In the order in which the metrics appear."""
        first = {name: (min(int(part[0][0]) for part in parts), 0) for name, parts in self._parts.items()}
        alone: dict[str, list[tuple[int, float, float, float]]] = {}
        for number, (place, row) in enumerate(sorted(self._alone, key=itemgetter(0))):
            name, step, value, time = row
            alone.setdefault(name, []).append((place, step, value, time))
            first[name] = min(first.get(name, (place, number)), (place, number))
        found = {}
        for name in sorted(first, key=lambda name: first[name]):
            found[name] = _joined(self._parts.get(name, []), alone.get(name, []))
        return found


def _kinds(rows: Bytes) -> tuple[Ints, Ints]:
    """Which rows are the first of their kind, and of which kind each is; two kinds may be taken for one."""
    words = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), np.uint8)
    words[:, : rows.shape[1]] = rows
    sums = (words.view(np.uint64) * _WEIGHTS[: words.shape[1] // 8]).sum(axis=1, dtype=np.uint64)
    _, firsts, kinds = np.unique(sums, return_index=True, return_inverse=True)
    return firsts, kinds


def _joined(parts: list[_Part], rows: list[tuple[int, float, float, float]]) -> Points:
    """The points of one metric, in the order of their events; `rows` are of events that were taken alone."""
    if not parts:
        return Points(*(array("d", column) for column in list(zip(*rows, strict=True))[1:]))
    if rows:
        places, *numbers = zip(*rows, strict=True)
        steps, values, times = (np.array(column, np.float64) for column in numbers)
        parts = [*parts, (np.array(places, np.int64), steps, values, times)]
    where, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(parts) > 1:
        order = np.argsort(where, kind="stable")
        columns = [column[order] for column in columns]
    return Points(*(array("d", column.tobytes()) for column in columns))


def take(scalars: Scalars, data: bytes, spans: Spans, taken: Taken) -> None:
    """Put into `taken` what is in the payloads."""
    taken.points = _Taking(scalars, _Window(data, spans), spans, taken).take()
