"""What events of the metrics seen so far look like, to know the next ones by one look into a table.

Two events of one metric differ in nothing but time, step and value. What is around the value is learned
from the first of them, which was gone through field by field.
"""

from __future__ import annotations

import struct

from orp_tui.metrics.readers.tfevents_event import Event
from orp_tui.metrics.readers.tfevents_wire import BYTES, fields, varint

WALL, STEP, SUMMARY = 0x09, 0x10, 0x2A
"""First bytes of the three fields of an event, which come in this order."""
SHORTEST = 20
"""Bytes of a payload that can't end within its step, however long that is."""
AFTER_WALL = 9
"""Bytes up to the step."""
LONGEST = 1024
"""Bytes of a payload that is worth remembering."""
_MOST_FORMS, _MOST_NAMES = 4, 4096


class Form:
    """Values that are read the same way and stand equally far from the end of the payload."""

    def __init__(self, back: int, value: struct.Struct) -> None:
        self.back = back
        self.value = value
        self.names: dict[bytes, str] = {}
        """All that is around the value, from the summary on → the name of the metric."""


class Known:
    """The forms seen so far. What is not learned, as there are too many, is gone through each time."""

    def __init__(self) -> None:
        self.forms: list[Form] = []
        """At most 4."""

    def find(self, data: bytes, at: int, end: int) -> tuple[str, Form] | None:
        """The metric of an event whose summary begins at `at`, and how its value is read; None if it is not known."""
        for form in self.forms:
            place = end - form.back
            name = form.names.get(data[at:place] + data[place + form.value.size : end])
            if name is not None:
                return name, form
        return None

    def learn(self, data: bytes, begin: int, end: int, event: Event, name: str) -> None:
        """Remember what is around the value, if this one value is all there is to the event."""
        scalar = event.scalars[0]
        if len(event.scalars) > 1 or scalar.form is None or data[begin] != WALL:
            return
        if not SHORTEST <= end - begin <= LONGEST:
            return
        at = begin + AFTER_WALL
        if data[at] == STEP:
            _, at = varint(data, at + 1, end)
        if at >= end or data[at] != SUMMARY:
            return
        if [(kind, stop) for _, kind, _, stop in fields(data, at, end)] != [(BYTES, end)]:
            return
        form = self._form(end - scalar.at, scalar.form)
        if form is not None and len(form.names) < _MOST_NAMES:
            form.names[data[at : scalar.at] + data[scalar.at + scalar.form.size : end]] = name

    def _form(self, back: int, value: struct.Struct) -> Form | None:
        for form in self.forms:
            if form.back == back and form.value is value:
                return form
        if len(self.forms) == _MOST_FORMS:
            return None
        self.forms.append(Form(back, value))
        return self.forms[-1]
