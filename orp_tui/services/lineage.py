"""Where a run comes from and what came of it: its ancestors, its descendants, and what each step gained.

A run comes of another as a resume, a retry or a child. A child's retry hangs below what it tries again, so
that no run stands twice. Missing, removed and circular relations are said, never an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from orp_tui.core.past_run import PastRun
from orp_tui.core.states import RunState
from orp_tui.services.catalog import Sample
from orp_tui.services.gains import Gain, GainReader

CHILD, RETRY, RESUME = "child", "retry", "resume"
MOST_ROWS = 1_000
"""Runs in one tree; how many more there are is said."""
_DEEPEST = 1_000


class Entries(Protocol):
    """What is asked of the catalogue."""

    def runs_of(self, run_ids: Sequence[str]) -> list[PastRun]: ...
    def children_of(self, run_ids: Sequence[str], most: int = ...) -> list[PastRun]: ...
    def samples_of(self, variants: Sequence[str]) -> list[Sample]: ...


@dataclasses.dataclass(frozen=True)
class Kin:
    """One run of a tree. Rows stand in the order in which a tree is drawn."""

    run_id: str
    run: PastRun | None
    """None: it is not here any more, or never was."""
    link: str = ""
    """CHILD, RETRY or RESUME of the one above; empty at the top."""
    above: str | None = None
    """The row that it hangs below."""
    depth: int = 0
    """0 at the top."""
    guides: tuple[bool, ...] = ()
    """For each level from the second to its own: whether another row hangs there further down."""
    more: int = 0
    """Runs made from it that are not shown."""
    gain: Gain | None = None
    """Against the run above; None for a retry or resume of the same, and where nothing can be compared."""
    note: str = ""
    """What is wrong here, in words; empty if nothing."""
    seeds: tuple[PastRun, ...] = ()
    """All runs of the row where several that differ by their seed alone stand as one; else empty."""


@dataclasses.dataclass(frozen=True)
class Lineage:
    """A run among its kin."""

    run_id: str
    rows: tuple[Kin, ...]
    notes: tuple[str, ...] = ()
    """What is missing of it, one line each."""

    def row_of(self, run_id: str) -> Kin | None:
        """The row of a run; None if it is not in the tree."""
        return next((row for row in self.rows if row.run_id == run_id), None)

    def below(self, run_id: str) -> tuple[Kin, ...]:
        """The rows that hang directly below a run."""
        return tuple(row for row in self.rows if row.above == run_id)


def origins(run: PastRun) -> tuple[tuple[str, str], ...]:
    """The runs that it was made from, by kind, the nearest first."""
    known = ((RESUME, run.resume_of), (RETRY, run.retry_of), (CHILD, run.parent))
    return tuple((kind, run_id) for kind, run_id in known if run_id is not None)


def lineage(
    entries: Entries,
    run_id: str,
    *,
    up: bool = True,
    down: bool = True,
    depth: int | None = None,
    fold: bool = False,
) -> Lineage:
    """The tree around a run: the line of its ancestors, and below it all that was made from it.

    `depth` limits the steps in either direction, None: none. Of ancestors' other descendants only the number is told.
    With `fold` children that differ by their seed alone, and of which nothing was made, are one row.
    """
    steps = _DEEPEST if depth is None else depth
    tree = _Tree(entries)
    line = tree.line_of(run_id, steps if up else 0)
    if down:
        tree.grow(run_id, steps)
    tree.count_more()
    if fold:
        tree.fold(run_id)
    return Lineage(run_id, tuple(tree.drawn(line[0])), tuple(dict.fromkeys(tree.notes)))


class _Tree:
    """Runs by id with what hangs below each, as they are found."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._kin: dict[str, Kin] = {}
        self._below: dict[str, list[str]] = {}
        self.notes: list[str] = []

    def line_of(self, run_id: str, steps: int) -> list[str]:
        """The run's ancestors, the oldest first, and itself."""
        found = self._entries.runs_of([run_id])
        run = found[0] if found else None
        self._kin[run_id] = Kin(run_id, run, note="" if run is not None else "it is not here any more")
        line = [run_id]
        while run is not None and (come_of := origins(run)):
            if steps <= 0:
                break
            steps -= 1
            link, above = come_of[0]
            if above in line:
                self.notes.append(f"the ancestors of {run.id} go in a circle: {above} comes of itself")
                break
            found = self._entries.runs_of([above])
            before, run = run, found[0] if found else None
            note = "" if run is not None else "removed, or of another base directory"
            self._kin[above] = Kin(above, run, note=note)
            self._hang(before.id, link, above)
            line.insert(0, above)
        return line

    def grow(self, run_id: str, steps: int) -> None:
        """Hang all that was made from a run below it."""
        level = [run_id]
        for _ in range(steps):
            if not level or len(self._kin) >= MOST_ROWS:
                break
            found = self._entries.children_of(level, MOST_ROWS)
            fresh = [run for run in found if self._is_fresh(run)][: MOST_ROWS - len(self._kin)]
            self._kin |= {run.id: Kin(run.id, run) for run in fresh}
            for run in fresh:
                link, above = next(each for each in origins(run) if each[1] in self._kin)
                self._hang(run.id, link, above)
            level = [run.id for run in fresh]
        if len(self._kin) >= MOST_ROWS:
            self.notes.append(f"only the first {MOST_ROWS:,} runs are shown")

    def _is_fresh(self, run: PastRun) -> bool:
        known = self._kin.get(run.id)
        if known is not None and known.above is None and origins(run):
            self.notes.append(f"{run.id} comes of a run that was made from it: that is a circle")
        return known is None

    def _hang(self, run_id: str, link: str, above: str) -> None:
        self._kin[run_id] = dataclasses.replace(self._kin[run_id], link=link, above=above)
        self._below.setdefault(above, []).append(run_id)

    def count_more(self) -> None:
        """Find how many runs hang below those that are shown, and are not."""
        missing: dict[str, int] = {}
        for run in self._entries.children_of(list(self._kin)):
            if run.id not in self._kin:
                above = next((each for _, each in origins(run) if each in self._kin), None)
                if above is not None:
                    missing[above] = missing.get(above, 0) + 1
        for run_id, more in missing.items():
            self._kin[run_id] = dataclasses.replace(self._kin[run_id], more=more)

    def fold(self, asked: str) -> None:
        """Let seeds that hang beside each other be one row: that of the first which has succeeded."""
        for above, below in self._below.items():
            groups: dict[tuple[str, str | None], list[PastRun]] = {}
            for run_id in below:
                kin = self._kin[run_id]
                is_leaf = run_id not in self._below and not kin.more and run_id != asked
                if kin.run is not None and kin.link == CHILD and is_leaf and kin.run.variant:
                    groups.setdefault((kin.run.variant, kin.run.tree), []).append(kin.run)
            for runs in groups.values():
                if len(runs) > 1:
                    first = next((run for run in runs if run.state is RunState.SUCCEEDED), runs[0])
                    self._kin[first.id] = dataclasses.replace(self._kin[first.id], seeds=tuple(runs))
                    gone = {run.id for run in runs} - {first.id}
                    self._below[above] = [run_id for run_id in self._below[above] if run_id not in gone]

    def drawn(self, top: str) -> list[Kin]:
        """The rows from the top down, with their gains."""
        gains = GainReader(self._entries, [kin.run for kin in self._kin.values() if kin.run is not None])
        rows: list[Kin] = []
        # A stack and no recursion: a line of descent may be longer than Python nests.
        waiting: list[tuple[str, int, tuple[bool, ...]]] = [(top, 0, ())]
        while waiting:
            run_id, depth, guides = waiting.pop()
            kin = self._kin[run_id]
            before = self._kin[kin.above].run if kin.above is not None else None
            gain = gains.of(before, kin.run) if kin.link == CHILD and before and kin.run else None
            rows.append(dataclasses.replace(kin, depth=depth, guides=guides, gain=gain))
            below = self._below.get(run_id, [])
            for place, child in reversed(list(enumerate(below))):
                waiting.append((child, depth + 1, (*guides, place < len(below) - 1)))
        return rows
