"""The table that Stable Baselines prints, and its like: rows `| name | number |` between two rules.

    -----------------------------------
    | rollout/             |          |
    |    ep_rew_mean       | 21.8     |
    | time/                |          |
    |    total_timesteps   | 2048     |
    -----------------------------------

A row whose name ends in a slash and whose number is missing begins a section; the rows that are
indented below it are of it. The whole table stands at one step.
"""

from __future__ import annotations

import re

from orp_tui.metrics.stdout.line import Reading
from orp_tui.metrics.stdout.marks import Marks
from orp_tui.metrics.stdout.numbers import is_step, number_in
from orp_tui.metrics.stdout.words import Kind, kind_of

_RULE = re.compile(r"\s*[-+=]{10,}\s*")
_ROW = re.compile(r"\s*\|(?P<space>\s{1,8})(?P<name>[^|\s][^|]{0,80}?)\s*\|\s?(?P<value>[^|]{0,40}?)\s*\|\s*")
_STEPS = ("total_timesteps", "total timesteps", "timesteps_total", "num_timesteps", "TotalEnvInteracts")
_PASSES = ("iterations", "nupdates", "n_updates", "Epoch", "epoch", "Itr", "itr")
MOST_ROWS = 200
_SECTIONED = 2
"""A table with so many sections, or with one and a count of steps, needs no name that is known."""


class Boxes:
    """The table that is under way, if one is."""

    def __init__(self, saved: object = None) -> None:
        """`saved` is what `to_json` gave. Raises TypeError or ValueError if it is no such thing."""
        self._rows: list[str] | None = None
        if saved is not None:
            if not isinstance(saved, list):
                raise TypeError("no rows of a table")
            self._rows = [str(row) for row in saved][:MOST_ROWS]

    def to_json(self) -> list[str] | None:
        return None if self._rows is None else list(self._rows)

    @property
    def is_open(self) -> bool:
        return self._rows is not None

    def take(self, text: str) -> tuple[bool, Reading | None]:
        """Whether the line is one of a table, and what the table says if it has ended with it."""
        if _RULE.fullmatch(text):
            rows, self._rows = self._rows, []
            return True, reading_of(rows) if rows else None
        if self._rows is None:
            return False, None
        if not _ROW.fullmatch(text) or len(self._rows) >= MOST_ROWS:
            self._rows = None
            return False, None
        self._rows.append(text)
        return True, None


def reading_of(rows: list[str]) -> Reading | None:
    """What a whole table says; None if it is none of metrics."""
    values: dict[str, float] = {}
    section, sections, margin = "", 0, 0
    for row in rows:
        found = _ROW.fullmatch(row)
        assert found is not None
        name, number = found["name"], number_in(found["value"])
        indent = len(found["space"])
        if name.endswith("/") and not found["value"]:
            section, sections, margin = name, sections + 1, indent
        elif number is not None:
            values.setdefault(section + name if indent > margin else name, number)
    step = _step(values)
    if not _is_of_metrics(values, sections, step):
        return None
    return Reading(values, Marks(step=step, unit="step", is_global=True), how="table")


def _is_of_metrics(values: dict[str, float], sections: int, step: float | None) -> bool:
    if any(kind_of(name) is Kind.RESULT for name in values):
        return True
    return sections >= _SECTIONED or (sections > 0 and step is not None)


def _step(values: dict[str, float]) -> float | None:
    """Taken out of the values."""
    for wanted in (_STEPS, _PASSES):
        for name in list(values):
            if name.rpartition("/")[2] in wanted and is_step(values[name]):
                return values.pop(name) if wanted is _STEPS else values[name]
    return None
