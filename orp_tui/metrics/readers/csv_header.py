"""The names at the top of a CSV file: which column is the step, which the time, and which are metrics.

- The delimiter is the one of `,` `;` and tab that splits the names most.
- Lines before the names that begin with `#` are comments. Stable-Baselines3 keeps the moment of
  the start in one, and numpy the names themselves.
- The step and time columns are found as in `metrics.rows`, whatever the case, and by the names
  that other tools give them. They are called `step` and `time` here.
- A name that comes twice is `loss` and `loss.1`, as pandas has it. A column without a name is no metric.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import re
from collections import Counter
from collections.abc import Sequence

from orp_tui.core.sanitise import one_line
from orp_tui.metrics.rows import TIME_KEYS

LONGEST_HEADER = 64 << 10
"""Bytes, comments included: it is kept in the mark."""
MOST_NAMES = 10_000
STEP_NAMES = (
    "step", "global_step", "trainer/global_step", "_step", "iteration", "iter", "training_iteration",
    "time/total_timesteps", "total_timesteps", "timesteps_total", "num_timesteps", "timesteps", "epoch",
)  # fmt: skip
LONG_NAMES = ("metric", "tag", "variable", "key")
"""Beside a column `value`, one of these holds the metric's name in each row."""

_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')


class NoHeader(ValueError):
    """What the file begins with can't be names; the text says where and why, fit to be shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """What each column holds."""

    cells: tuple[str, ...]
    """As they stand in the file, without the spaces around them."""
    written: frozenset[str]
    """The same, and with the spaces."""
    names: tuple[str, ...]
    """Of the metrics; `step` and `time` where a column is that; empty where it is none of these."""
    delimiter: str
    started: float = 0.0
    """Seconds since 1970 from which the time column counts."""

    @property
    def long(self) -> tuple[int, int] | None:
        """The columns of the metric's name and of its value, in a file of one value a row."""
        folded = [_folded(name) for name in self.names]
        named = next((folded.index(name) for name in LONG_NAMES if name in folded), None)
        return (named, folded.index("value")) if named is not None and "value" in folded else None

    def again(self, row: Sequence[str]) -> Header | None:
        """The header that a later row is: the same, or that of a training that went on with others.

        None if it is an ordinary row: at least half of what a header holds stands in this one too.
        """
        cells = _stripped(row)
        known = sum(cell in self.written for cell in cells if cell)
        if 2 * known < sum(map(bool, cells)) or not _are_names(cells):
            return None
        return self if cells == self.cells else header_of(row, self.delimiter, self.started)


@dataclasses.dataclass(frozen=True, slots=True)
class Top:
    """The header as it was found at the beginning of a file."""

    header: Header
    size: int
    """Bytes up to where the rows begin."""
    lines: int
    """Lines up to there."""
    told_by: int
    """Bytes from which it can be told again."""


def top_of(data: bytes) -> Top | None:
    """The header in the first bytes of a file; None while its line is not yet there.

    Raises NoHeader if there is none and never will be.
    """
    size, started, comment = 0, 0.0, ""
    whole = data[:LONGEST_HEADER]
    for number, raw in enumerate(whole.split(b"\n")[:-1], 1):
        above, size = size, size + len(raw) + 1
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        text = line.decode("utf-8", "replace").strip(" \r")
        if text.startswith("#"):
            comment, started = text.lstrip("# "), _start_told(text) or started
        elif text.strip():
            found = _header_in(text, comment, started)
            if found is None:
                raise NoHeader(f"line {number}: no names of metrics: {one_line(text[:200], 40)}")
            header, in_comment = found
            return Top(header, above, number - 1, size) if in_comment else Top(header, size, number, size)
    if len(data) >= LONGEST_HEADER:
        raise NoHeader(f"line 1: no names of metrics in the first {LONGEST_HEADER >> 10} KiB")
    return None


def header_of(cells: Sequence[str], delimiter: str, started: float = 0.0) -> Header:
    """The header whose cells are these."""
    stripped = _stripped(cells)
    written = frozenset((*cells, *stripped)) - {""}
    names = list(stripped)
    step, time = _first(names, STEP_NAMES), _first(names, TIME_KEYS)
    if started and names[:3] == ["r", "l", "t"]:
        time = 2
    else:
        started = 0.0
    for place, role in ((step, "step"), (time, "time")):
        if place is not None:
            names[place] = role
    return Header(stripped, written, _distinct(names), delimiter, started)


def _header_in(line: str, comment: str, started: float) -> tuple[Header, bool] | None:
    """The header that a line is, or that the comment above it is; whether it is the comment."""
    for text, delimited in ((line, line), (comment, line)):
        delimiter = _delimiter(delimited)
        cells = _split(text, delimiter)
        if _are_names(_stripped(cells)) and (text is line or len(cells) == len(_split(line, delimiter))):
            return header_of(cells, delimiter, started), text is not line
    return None


def _delimiter(line: str) -> str:
    bare = _QUOTED.sub("", line)
    return max(_DELIMITERS, key=bare.count)


def _split(line: str, delimiter: str) -> list[str]:
    with contextlib.suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter), [])
    return []


def _stripped(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


def _are_names(cells: Sequence[str]) -> bool:
    """Whether these can be the names of columns: whole numbers among them can, others can't."""
    filled = [cell for cell in cells if cell]
    if not filled or len(cells) > MOST_NAMES or _is_number(filled[0]) or any("\0" in cell for cell in filled):
        return False
    return all(cell.isdigit() or not _is_number(cell) for cell in filled)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The column of the first of the wanted names that there is; an exact one before others."""
    folded = [_folded(name) for name in names]
    for name in wanted:
        for among in (names, folded):
            if name in among:
                return among.index(name)
    return None


def _folded(name: str) -> str:
    return name.casefold().replace(" ", "_")


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The same, with a number behind what stands there a second time."""
    taken, times, found = set(names), Counter[str](), []
    for name in names:
        own = name
        if name and times[name]:
            while own in taken:
                own = f"{name}.{times[name]}"
                times[name] += 1
            taken.add(own)
        else:
            times[name] += 1
        found.append(own)
    return tuple(found)


def _start_told(comment: str) -> float:
    """The moment in a comment like `#{"t_start": 1.7e9}`; 0 if there is none."""
    try:
        told = json.loads(comment[1:])
        return float(told["t_start"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return 0.0
