"""Interleaved timing, medians, and the table: the small core that every benchmark is made of.

Two things that are compared are measured in turn (A B A B …), so that a machine that is busy
for a while is busy for both. Where a budget is a ratio, absolute times decide nothing.
"""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal


@dataclasses.dataclass(frozen=True)
class Samples:
    """What was measured, in one unit."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The nearest rank: a value that occurred; with few samples it is the largest."""
        return self._quantile(95)

    @property
    def p99(self) -> float:
        """As `p95`."""
        return self._quantile(99)

    def _quantile(self, percent: int) -> float:
        ordered = sorted(self.values)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{number(self.median)} {self.unit} (n={len(self.values)}, {number(low)}–{number(high)})"

    def to_json(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "n": len(self.values),
            "median": self.median,
            "p95": self.p95,
            "p99": self.p99,
            "min": min(self.values),
            "max": max(self.values),
        }


@dataclasses.dataclass(frozen=True)
class Budget:
    """A bound from DESIGN section 21."""

    limit: float
    of: Literal["ratio", "median", "p95", "p99"]
    """Which number is bounded: measured / anchor, or a value in its own unit."""
    at_least: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: Samples | None
    """None: skipped; `note` says why."""
    anchor: str = ""
    """What it is compared with."""
    beside: Samples | None = None
    """The anchor, measured in the same run."""
    budget: Budget | None = None
    """None: for information."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured / anchor, by medians; None if the two have no common unit, or nothing was beside."""
        if self.measured is None or self.beside is None or self.measured.unit != self.beside.unit:
            return None
        return self.measured.median / self.beside.median if self.beside.median else None

    @property
    def verdict(self) -> str:
        """ok, over, info or skipped."""
        if self.measured is None:
            return "skipped"
        if self.budget is None:
            return "info"
        value = self.ratio if self.budget.of == "ratio" else getattr(self.measured, self.budget.of)
        assert value is not None
        good = value >= self.budget.limit if self.budget.at_least else value <= self.budget.limit
        return "ok" if good else "over"

    @property
    def budget_words(self) -> str:
        if self.budget is None or self.measured is None:
            return ""
        sign = "≥" if self.budget.at_least else "≤"
        if self.budget.of == "ratio":
            return f"{sign} {self.budget.limit:g}×"
        quantile = f" {self.budget.of}" if self.budget.of in ("p95", "p99") else ""
        return f"{sign} {self.budget.limit:g} {self.measured.unit}{quantile}"

    def cells(self) -> list[str]:
        measured = self.note if self.measured is None else str(self.measured)
        if self.measured is not None and self.budget is not None and self.budget.of in ("p95", "p99"):
            measured += f", {self.budget.of} {number(getattr(self.measured, self.budget.of))}"
        beside = f"{self.anchor}: {self.beside}" if self.beside else self.anchor
        ratio = f"{self.ratio:.2f}×" if self.ratio is not None else ""
        return [self.what, measured, beside, ratio, self.budget_words, self.verdict]

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "measured": self.measured.to_json() if self.measured else None,
            "anchor": {"what": self.anchor, **self.beside.to_json()} if self.beside else None,
            "ratio": self.ratio,
            "budget": self.budget_words,
            "verdict": self.verdict,
            "note": self.note,
        }


HEADINGS = ["what", "measured: median (n, min–max)", "anchor, same run", "ratio", "budget", ""]


def number(value: float) -> str:
    """Three significant digits, and no exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Iterable[Row]) -> str:
    """The rows as text, columns aligned."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def interleaved(rounds: int, *actions: Callable[[], float], warm_up: int = 1) -> list[tuple[float, ...]]:
    """What each action answered in each round, one tuple an action; warm-up rounds are thrown away."""
    answers = [tuple(action() for action in actions) for _ in range(warm_up + rounds)][warm_up:]
    return [tuple(column) for column in zip(*answers, strict=True)]


def milliseconds_of(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Callable[[], float]:
    """An action that runs a command, output thrown away, and answers how long it took.

    It raises CalledProcessError if the command does not succeed.
    """

    def action() -> float:
        begin = time.perf_counter()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=env,
        )
        took = time.perf_counter() - begin
        done.check_returncode()
        return took * 1000

    return action
