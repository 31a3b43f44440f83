"""Which line of a log tells of a step of the training: logs have no clock that all of them share, but most count.

`step 1200`, `Step: 1,200`, `"step": 1200`, `iter [1200/5000]` and the like are steps; `epoch 3` is
an epoch; `1200/5000`, as progress bars write it, may be either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orp_tui.logs.pieces import pieces_after
from orp_tui.logs.reader import LogReader
from orp_tui.logs.seeking import Found

_COLOURS = rb"(?:\x1b\[[0-9;:]*m)*"
_NUMBER = _COLOURS + rb"(\d[\d,_]{0,19})"
_STEP = re.compile(
    rb"(?:global_step|global step|steps?|iterations?|iters?|it|batch|updates?)[\"']?\s?[:=#]?\s?[\[(]?"
    + _NUMBER,
    re.IGNORECASE,
)
_EPOCH = re.compile(rb"(?:epochs?|ep)[\"']?\s?[:=#]?\s?[\[(]?" + _NUMBER, re.IGNORECASE)
_SHARE = re.compile(rb"(?<![\d/.,])(\d[\d,_]{0,19})/\d")
_SLICE = 512 << 10
_COLOUR_END = re.compile(rb"\x1b\[[0-9;:]*m\Z")
_LETTER = re.compile(rb"[A-Za-z0-9]")


def step_words(step: float) -> str:
    """A step as people write it: `1,200`."""
    return f"{step:,.0f}" if step == round(step) and abs(step) < 1e15 else f"{step:g}"


def seek_step(log: LogReader, step: float, epoch: float | None = None) -> Iterator[Found | None]:
    """The line that tells of `step`, else of the one nearest to it, else of the epoch it is in.

    What was found is said: an exact line, the nearest one, or that there is none. Gives None after
    each slice that was looked through.
    """
    search = _Search(step, epoch)
    for piece in pieces_after(log, 0, log.size(), _SLICE):
        search.look(piece.begin, piece.data)
        yield None
    yield search.found()


class _Search:
    """The best line so far of each kind."""

    def __init__(self, step: float, epoch: float | None) -> None:
        self._step = step
        self._epoch = None if epoch is None else int(epoch)
        self._nearest: tuple[float, int, float] | None = None
        """Distance, offset and step of the nearest line that names a step; the first of equal ones."""
        self._share: int | None = None
        """Offset of the first `1200/…`."""
        self._epoch_line: int | None = None

    def look(self, begin: int, data: bytes) -> None:
        """Look through whole lines that begin at `begin`."""
        for place, value in _values(_STEP, data):
            distance = abs(value - self._step)
            if self._nearest is None or distance < self._nearest[0]:
                self._nearest = distance, begin + place, value
        if self._share is None:
            self._share = _first(_SHARE, data, self._step, begin)
        if self._epoch_line is None and self._epoch is not None:
            self._epoch_line = _first(_EPOCH, data, self._epoch, begin)

    def found(self) -> Found:
        """The line to go to, and what is to be said of it."""
        wanted = step_words(self._step)
        if self._nearest is not None and self._nearest[0] == 0:
            return Found(self._nearest[1], f"step {wanted}: the first line that names it")
        if self._share is not None:
            return Found(self._share, f"step {wanted}: the first line with {int(self._step)}/…")
        if self._nearest is not None:
            near = step_words(self._nearest[2])
            return Found(self._nearest[1], f"step {near} is the nearest to {wanted} that is named")
        if self._epoch_line is not None:
            return Found(self._epoch_line, f"no line names a step; epoch {self._epoch} begins here")
        return Found(None, f"no line names a step: nobody can say where {wanted} was")


def _values(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, float]]:
    """Where the line of each hit begins, and its number. Words that only end like one are passed over."""
    for match in pattern.finditer(data):
        start = match.start()
        if (
            start
            and _LETTER.match(data, start - 1)
            and not _COLOUR_END.search(data[max(0, start - 16) : start])
        ):
            continue
        try:
            value = float(match[1].replace(b",", b"").replace(b"_", b""))
        except ValueError:
            continue
        yield data.rfind(b"\n", 0, start) + 1, value


def _first(pattern: re.Pattern[bytes], data: bytes, wanted: float, begin: int) -> int | None:
    return next((begin + place for place, value in _values(pattern, data) if value == wanted), None)
