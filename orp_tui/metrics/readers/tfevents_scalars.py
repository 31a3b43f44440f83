"""Payloads of events → points of each metric.

A training logs the same few tags again and again, and two events of one tag differ in nothing but time,
step and value. So what is around the value is learned from the first, and known again in the next: one
look into a table takes the place of going through four messages. What is not known goes the long way.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from orp_tui.core.series import Points
from orp_tui.metrics.readers.tfevents_crc import Span
from orp_tui.metrics.readers.tfevents_event import Event, Scalar, event_in
from orp_tui.metrics.readers.tfevents_tensor import F64
from orp_tui.metrics.readers.tfevents_wire import BYTES, Malformed, fields, varint
from orp_tui.metrics.rows import LONGEST_NAME

MOST_METRICS = 10_000
"""New names in one read beyond these are passed over."""
_WALL, _STEP, _SUMMARY = 0x09, 0x10, 0x2A
"""First bytes of the three fields of an event."""
_SHORTEST = 20
"""Bytes of a payload that can't end within the longest step."""
_MOST_FORMS, _MOST_KNOWN = 4, 4096


@dataclasses.dataclass(slots=True)
class Taken:
    """What came of some payloads."""

    points: dict[str, Points] = dataclasses.field(default_factory=dict)
    starts_at: int | None = None
    """The least step at which a training is said to start; None if none is."""
    bad: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    """Where payloads begin that are passed over, and what is wrong with them."""


class _Form:
    """Values that are read the same way and stand equally far from the end of the payload."""

    def __init__(self, back: int, value: struct.Struct) -> None:
        self.back = back
        self.value = value
        self.names: dict[bytes, str] = {}
        """All that is around the value → the name of the metric."""


class Scalars:
    """Takes payloads, and remembers what they look like."""

    def __init__(self) -> None:
        self._forms: list[_Form] = []

    def take(self, data: bytes, spans: Sequence[Span]) -> Taken:
        """What is in the payloads."""
        taken = Taken()
        for begin, end in spans:
            if self._take_known(data, begin, end, taken.points):
                continue
            try:
                event = event_in(data, begin, end)
            except Malformed as error:
                taken.bad.append((begin, str(error)))
                continue
            self._add(event, taken, begin)
            self._learn(data, begin, end, event)
            if event.starts:
                steps = (event.step,) if taken.starts_at is None else (event.step, taken.starts_at)
                taken.starts_at = min(steps)
        return taken

    def _take_known(self, data: bytes, begin: int, end: int, found: dict[str, Points]) -> bool:
        """Add an event whose like was seen before; whether it is one."""
        if end - begin < _SHORTEST or data[begin] != _WALL:
            return False
        at, step = begin + 9, 0
        if data[at] == _STEP:
            step = data[at + 1]
            at += 2
            if step > 127:
                step &= 127
                shift = 7
                while shift < 63:
                    byte = data[at]
                    at += 1
                    step |= (byte & 127) << shift
                    if byte < 128:
                        break
                    shift += 7
                else:
                    return False  # negative, or too long
        for form in self._forms:
            place = end - form.back
            name = form.names.get(data[at:place] + data[place + form.value.size : end])
            if name is None:
                continue
            points = found.get(name)
            if points is None:
                points = _new(found, name)
                if points is None:
                    return False
            points.steps.append(step)
            points.values.append(form.value.unpack_from(data, place)[0])
            points.times.append(F64.unpack_from(data, begin + 1)[0])
            return True
        return False

    def _add(self, event: Event, taken: Taken, begin: int) -> None:
        for scalar in event.scalars:
            name = _name(scalar)
            if name is None:
                continue
            points = taken.points.get(name)
            if points is None:
                points = _new(taken.points, name)
            if points is None:
                taken.bad.append((begin, f"more than {MOST_METRICS:,} metrics"))
                return
            points.steps.append(event.step)
            points.values.append(scalar.value)
            points.times.append(event.wall)

    def _learn(self, data: bytes, begin: int, end: int, event: Event) -> None:
        """Remember what is around the value, if that is all there is to the event."""
        if len(event.scalars) != 1 or data[begin] != _WALL or end - begin < _SHORTEST:
            return
        (scalar,) = event.scalars
        at, name = begin + 9, _name(scalar)
        if data[at] == _STEP:
            _, at = varint(data, at + 1, end)
        if scalar.form is None or name is None or data[at : at + 1] != bytes([_SUMMARY]):
            return
        if [(kind, stop) for _, kind, _, stop in fields(data, at, end)] != [(BYTES, end)]:
            return
        form = self._form(end - scalar.at, scalar.form)
        if form is not None and len(form.names) < _MOST_KNOWN:
            form.names[data[at : scalar.at] + data[scalar.at + scalar.form.size : end]] = name

    def _form(self, back: int, value: struct.Struct) -> _Form | None:
        for form in self._forms:
            if form.back == back and form.value is value:
                return form
        if len(self._forms) == _MOST_FORMS:
            return None
        form = _Form(back, value)
        self._forms.append(form)
        return form


def _new(found: dict[str, Points], name: str) -> Points | None:
    """An empty column of that name; None if there are too many."""
    if len(found) >= MOST_METRICS:
        return None
    points = found[name] = Points.of((), ())
    return points


def _name(scalar: Scalar) -> str | None:
    """The tag as text; None if it is too long for a name."""
    name = scalar.tag.decode("utf-8", "replace")
    return name if len(name) <= LONGEST_NAME else None
