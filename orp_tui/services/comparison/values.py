"""What a comparison of runs is made of: plain values, for every front end and every file format alike."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from orp_tui.core.past_run import Scalar
from orp_tui.core.states import RunState

if TYPE_CHECKING:
    from orp_tui.analysis.intervals import Interval

FEWEST, MOST = 2, 50
"""Runs in one comparison."""

RUN = "run"
CONFIG = "config"
LAST, BEST, FIRST = "metrics, last", "metrics, best", "metrics, first"
MACHINE = "machine, peak"
DELIVERABLES = "deliverables"
PYTHON, PACKAGES, VARIABLES, HOST = "python", "packages", "variables", "host"

SECTIONS = (RUN, CONFIG, BEST, LAST, FIRST, DELIVERABLES, MACHINE, PYTHON, PACKAGES, VARIABLES, HOST)
"""In the order in which they are shown."""
OF_METRICS = (BEST, LAST, FIRST, MACHINE)
OF_ENVIRONMENT = (PYTHON, PACKAGES, VARIABLES, HOST)


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One value of one column."""

    value: Scalar = None
    """As a program wants it, unrounded; None: there is none. Of several runs with different texts, the text."""
    text: str = "-"
    """As people read it: one harmless line."""
    is_best: bool = False
    """Of all columns, by the metric's goal."""
    is_known: bool = True
    """False: the folder of the run can't be read, so nobody knows whether there is a value."""
    interval: Interval | None = None
    """Of several runs folded into one column; `value` is its mean."""

    @property
    def number(self) -> float | None:
        """The value if it is a number; NaN and infinities are."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return None
        return float(self.value)


NOTHING = Cell()
UNKNOWN = Cell(text="?", is_known=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """How much more the second of two columns has than the baseline."""

    delta: float
    percent: float | None
    """Of the baseline's size; None if that is 0."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One thing of which every column has a value, or none."""

    section: str
    """One of SECTIONS."""
    name: str
    """A config key, a metric, a package: text from outside."""
    cells: tuple[Cell, ...]
    """One for each column."""
    is_same: bool
    """All columns of which it is known have the same."""
    difference: Difference | None = None
    """Of exactly two columns with finite numbers."""
    goal: str = ""
    """`minimize` or `maximize` for a metric of which the best is marked."""
    place: float | None = None
    """Of a table step by step: the step, epoch or seconds that `name` tells; else None."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunColumn:
    """A run, or runs that differ by their seed alone. Name and problem are text from outside."""

    run_ids: tuple[str, ...]
    """Never empty; several if seeds are folded."""
    name: str
    state: RunState | None
    """None: its row is gone, or folded runs stand differently."""
    problem: str = ""
    """What is wrong with it, in words; empty: nothing."""
    samples: tuple[str, ...] = ()
    """Those of the runs that count in a mean."""

    @property
    def run_id(self) -> str:
        """The run, or the first of several."""
        return self.run_ids[0]

    @property
    def heading(self) -> str:
        """`k7f3`, or `k7f3 +2` for three runs in one."""
        more = len(self.run_ids) - 1
        return self.run_id.rpartition("_")[2] + (f" +{more}" if more else "")


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Runs as columns, what they have as rows."""

    columns: tuple[RunColumn, ...]
    rows: tuple[Row, ...]
    """In the order of SECTIONS."""
    baseline: int = 0
    """The column that others are compared with."""
    left_out: int = 0
    """Rows that are the same in all columns and not among `rows`."""

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs, those that are folded included."""
        return tuple(run_id for column in self.columns for run_id in column.run_ids)

    @property
    def is_live(self) -> bool:
        """Whether a run goes on, so that another look may show more."""
        return any(column.state is not None and not column.state.is_final for column in self.columns)

    def only_differing(self) -> Comparison:
        """Without the rows that are the same in all columns."""
        kept = tuple(row for row in self.rows if not row.is_same)
        left_out = self.left_out + len(self.rows) - len(kept)
        return dataclasses.replace(self, rows=kept, left_out=left_out)

    def of_sections(self, *sections: str) -> Comparison:
        """Only the rows of these sections."""
        return dataclasses.replace(self, rows=tuple(row for row in self.rows if row.section in sections))


def difference(before: float, after: float) -> Difference | None:
    """Of two numbers; None if that is none that is finite."""
    delta = after - before
    if not math.isfinite(delta):
        return None
    share = delta / abs(before) * 100 if before else math.nan
    return Difference(delta, share if math.isfinite(share) else None)
