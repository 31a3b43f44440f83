"""The lines that hold a tree of runs together, for terminals and the dashboard alike."""

from __future__ import annotations

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
