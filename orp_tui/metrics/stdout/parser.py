"""A log, piece by piece → records: names, numbers, and the step at which they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orp_tui.metrics.name_filter import NameFilter
from orp_tui.metrics.stdout.bars import Bars, State
from orp_tui.metrics.stdout.boxes import Boxes
from orp_tui.metrics.stdout.line import Miss, Reading, of_phase, read_line
from orp_tui.metrics.stdout.marks import Marks
from orp_tui.metrics.stdout.patterns import Patterns
from orp_tui.metrics.stdout.pieces import Piece
from orp_tui.metrics.stdout.steps import Steps
from orp_tui.metrics.stdout.text import plain
from orp_tui.metrics.stdout.words import may_tell

_SUMMARY = re.compile(r"\s*\*\s")
"""` * Acc@1 45.3`, by which many scripts end an evaluation: of the part that the line before was of."""
_TRACEBACK = "Traceback (most recent call last)"
_CLOSERS = ("}", "]")
"""What an unfinished line may end in, as dicts and bars do: no number is cut off, and no step comes behind."""
Missed = Callable[[Piece, str], None]
"""Is told lines with numbers that are not taken, and why."""


class Record(NamedTuple):
    """What a line said."""

    values: Mapping[str, float]
    step: float
    time: float
    """Seconds since 1970; NaN where the line did not tell."""
    line: int
    """The line it stands in, counted from 1; of a table the last."""
    how: str
    """What the line was read as: pairs, mapping, table or pattern."""
    raw: bytes = b""
    """The line; empty if it was read by an earlier reader."""


class LogParser:
    """Carries what one line says of the next. One thread at a time."""

    def __init__(
        self, *, patterns: Sequence[str] = (), names: NameFilter | None = None, missed: Missed | None = None,
        saved: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """`saved` is what `to_json` gave. Raises KeyError, TypeError, ValueError or AttributeError if it is no such thing."""
        self._patterns = Patterns(patterns)
        self._names = names or NameFilter()
        self._missed = missed
        self.looked_into = 0
        """Lines that were no sooner told to be none."""
        self._is_curious = missed is not None or self._names.asks
        """Every line with a number is looked into."""
        self._told: set[str] = set()
        """Names of the unfinished line that were told already."""
        self._phase = ""
        """Of the line before."""
        self._is_traceback = False
        """The line before shows where an exception came from: lines of a program, which assign numbers too."""
        self._epoch: float | None = None
        """The last that was named, though what it was named for may still be held back."""
        self._steps, self._bars, self._boxes = Steps(), Bars(), Boxes()
        if saved is not None:
            self._steps, self._bars = Steps(saved["steps"]), Bars(saved["bars"])
            self._boxes, self._told = Boxes(saved["box"]), set(map(str, saved["told"]))
            self._phase = str(saved["phase"])
            self._is_traceback = bool(saved["traceback"])
            self._epoch = None if saved["epoch"] is None else float(saved["epoch"])

    def to_json(self) -> dict[str, Any]:
        """What is carried on."""
        return {
            "steps": self._steps.to_json(),
            "bars": self._bars.to_json(),
            "box": self._boxes.to_json(),
            "told": sorted(self._told),
            "phase": self._phase,
            "traceback": self._is_traceback,
            "epoch": self._epoch,
        }

    @property
    def trouble(self) -> str:
        """Which patterns can't be used, and why; empty if all can."""
        return self._patterns.trouble

    def feed(self, pieces: Iterable[Piece]) -> list[Record]:
        """The records that are known now."""
        texts = [(piece, plain(piece.raw)) for piece in pieces]
        own: Sequence[Reading | None] = [None] * len(texts)
        if texts and self._patterns:
            own = self._patterns.read([text for _, text in texts])
        states = [
            state
            for (piece, text), reading in zip(texts, own, strict=True)
            for state in self._states(piece, text, reading)
        ]
        return [record for record in states if record.values]

    def tail(self, raw: bytes, line: int, *, is_drawn: bool) -> list[Record] | None:
        """What an unfinished line says for certain; None if its last number may be cut off.

        It is to be fed again as a whole, and then says only the rest. `is_drawn`: it began behind a carriage return.
        """
        if self._boxes.is_open or not plain(raw).rstrip().endswith(_CLOSERS):
            return None
        told = set(self._told)
        records = self.feed([Piece(raw, line, is_drawn)])
        self._told = told.union(*(record.values for record in records if record.line == line))
        return records

    def drop_tail(self) -> None:
        """The unfinished line has become too long, and will not be fed as a whole."""
        self._told = set()

    def pause(self) -> list[Record]:
        """What was held back, and will probably not be drawn over."""
        return [record for state in self._bars.pause() if (record := self._record(state)).values]

    def _states(self, piece: Piece, text: str, own: Reading | None) -> Iterable[Record]:
        """The records that one piece makes known, in their order."""
        reading = own or self._read(piece, text)
        told, self._told = self._told, set()
        if reading is None:
            return
        if told:
            values = {name: value for name, value in reading.values.items() if name not in told}
            reading = reading._replace(values=values)
        marks = reading.marks
        if marks.epoch is not None:
            self._epoch = marks.epoch
        if not reading.values:
            for state in self._bars.heading(marks.epoch):
                yield self._record(state)
            self._steps.heading(marks)
            return
        state = State(reading, self._epoch_of(marks), piece.line, piece.raw)
        may_change = piece.is_drawn or marks.is_bar or state.is_of_pass
        for known in self._bars.take(state) if may_change else self._bars.end(state):
            yield self._record(known)

    def _epoch_of(self, marks: Marks) -> float | None:
        """The epoch that a state stands for; None for one that names a step, which stands for itself."""
        if marks.step is not None and not marks.is_counter:
            return None
        return self._epoch

    def _read(self, piece: Piece, text: str) -> Reading | None:
        if text.startswith(_TRACEBACK):
            self._is_traceback = True
        elif self._is_traceback and not text.startswith("  "):
            self._is_traceback = False
        if self._is_traceback:
            return None
        is_of_table, reading = self._boxes.take(text)
        if is_of_table:
            return reading
        if not self._is_curious and not may_tell(text):
            return None
        self.looked_into += 1
        found = read_line(text, self._names.asks_for)
        if isinstance(found, Reading):
            if self._phase and not found.phase and _SUMMARY.match(text):
                found = of_phase(found, self._phase)
            self._phase = found.phase
        if isinstance(found, Miss):
            if self._missed is not None:
                self._missed(piece, found.reason)
            return None
        return found

    def _record(self, state: State) -> Record:
        reading = state.reading
        step = self._steps.place(reading, state.epoch)
        values = dict(reading.values)
        marks = reading.marks
        if marks.epoch is not None and not reading.phase and (marks.epoch != step or not state.is_of_epoch):
            values.setdefault("epoch", marks.epoch)
        kept = {name: value for name, value in values.items() if self._names.keeps(name)}
        return Record(kept, step, reading.time, state.line, reading.how, state.raw)
