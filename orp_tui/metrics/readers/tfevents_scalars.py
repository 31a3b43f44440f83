"""Payloads of events → points of each metric: many at once by numpy, few one by one."""

from __future__ import annotations

import dataclasses

from orp_tui.core.series import Points
from orp_tui.metrics.readers.points_by_name import PointsByName
from orp_tui.metrics.readers.tfevents_event import event_in
from orp_tui.metrics.readers.tfevents_known import AFTER_WALL, SHORTEST, STEP, WALL, Known
from orp_tui.metrics.readers.tfevents_records import HEADER
from orp_tui.metrics.readers.tfevents_spans import Spans
from orp_tui.metrics.readers.tfevents_tensor import F64
from orp_tui.metrics.readers.tfevents_wire import Malformed
from orp_tui.metrics.rows import LONGEST_NAME

MANY = 300
"""Payloads from which on numpy is worth its calls."""

Row = tuple[str, float, float, float]
"""Name, step, value and wall time."""


@dataclasses.dataclass(slots=True)
class Taken:
    """What came of some payloads."""

    points: dict[str, Points] = dataclasses.field(default_factory=dict)
    starts_at: int | None = None
    """The least step at which a training is said to start; None if none is."""
    bad: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    """Where records begin that are passed over, and what is wrong with them."""


class Scalars:
    """Takes payloads, and remembers what they look like."""

    def __init__(self) -> None:
        self.known = Known()

    def take(self, data: bytes, spans: Spans) -> Taken:
        """What is in the payloads."""
        taken = Taken()
        if len(spans) >= MANY:
            try:
                from orp_tui.metrics.readers import tfevents_numpy
            except ImportError:  # an installation without numpy is slow, not broken
                pass
            else:
                tfevents_numpy.take(self, data, spans, taken)
                return taken
        found = PointsByName()
        for begin, end in spans:
            for row in self.rows(data, begin, end, taken):
                found.add(*row)
        taken.points = found.points()
        return taken

    def rows(self, data: bytes, begin: int, end: int, taken: Taken) -> list[Row]:
        """The scalars of one payload; what else is to be said of it goes into `taken`."""
        row = self._known_row(data, begin, end)
        return [row] if row is not None else self.unknown_rows(data, begin, end, taken)

    def unknown_rows(self, data: bytes, begin: int, end: int, taken: Taken) -> list[Row]:
        """As `rows`, of one that is gone through; the next of its kind will be known."""
        try:
            event = event_in(data, begin, end)
        except Malformed as error:
            taken.bad.append((begin - HEADER, f"no event: {error}"))
            return []
        if event.starts:
            steps = (event.step,) if taken.starts_at is None else (event.step, taken.starts_at)
            taken.starts_at = min(steps)
        rows = [
            (scalar.tag.decode("utf-8", "replace"), event.step, scalar.value, event.wall)
            for scalar in event.scalars
        ]
        if rows:
            self.known.learn(data, begin, end, event, rows[0][0])
        return [row for row in rows if len(row[0]) <= LONGEST_NAME]

    def _known_row(self, data: bytes, begin: int, end: int) -> Row | None:
        """The scalar of an event whose like was seen before; None of any other."""
        if end - begin < SHORTEST or data[begin] != WALL:
            return None
        at, step = begin + AFTER_WALL, 0
        if data[at] == STEP:
            shift, byte = 0, 128
            while byte > 127:
                if shift == 63:
                    return None  # negative, or too long
                at += 1
                byte = data[at]
                step |= (byte & 127) << shift
                shift += 7
            at += 1
        found = self.known.find(data, at, end)
        if found is None:
            return None
        name, form = found
        value: float = form.value.unpack_from(data, end - form.back)[0]
        return name, step, value, F64.unpack_from(data, begin + 1)[0]
