"""The lines that hold a tree of runs together, for terminals and the dashboard alike."""

from __future__ import annotations

from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import number
from orp_tui.services.lineage import Kin

_GLYPHS = ("│  ", "   ", "├─ ", "└─ ")
_ASCII = ("|  ", "   ", "|- ", "`- ")


def branch(row: Kin, *, ascii_only: bool = False) -> str:
    """What stands before a run; empty at the top."""
    if not row.guides:
        return ""
    down, none, on, last = _ASCII if ascii_only else _GLYPHS
    *above, follows = row.guides
    return "".join(down if goes_on else none for goes_on in above) + (on if follows else last)


def stem(row: Kin, *, has_below: bool, ascii_only: bool = False) -> str:
    """What stands before further lines about a run; `has_below`: others hang below it."""
    down, none, *_ = _ASCII if ascii_only else _GLYPHS
    return "".join(down if goes_on else none for goes_on in row.guides) + (down if has_below else none)


def seed_words(row: Kin) -> str:
    """`seed 3`, or `5 seeds` (`4 of 5 seeds succeeded`) for several in one row; empty without a seed."""
    if row.seeds:
        good = sum(run.state is RunState.SUCCEEDED for run in row.seeds)
        return (
            f"{len(row.seeds)} seeds"
            if good == len(row.seeds)
            else f"{good} of {len(row.seeds)} seeds succeeded"
        )
    return f"seed {row.run.seed}" if row.run is not None and row.run.seed is not None else ""


def value_words(row: Kin) -> str:
    """`acc 0.91`, of several seeds the mean of those that have succeeded; empty if nothing judges them, or not yet."""
    run = row.run
    if run is None or run.primary is None:
        return ""
    values = [
        each.primary_value
        for each in row.seeds or (run,)
        if each.primary_value is not None and (not row.seeds or each.state is RunState.SUCCEEDED)
    ]
    return f"{one_line(run.primary, 40)} {number(sum(values) / len(values))}" if values else ""
