"""What is asked of the catalogue."""

from __future__ import annotations

import dataclasses

from orp_tui.core.columns import Column
from orp_tui.core.filters.build import mentions
from orp_tui.core.filters.expression import EVERYTHING, Expression


@dataclasses.dataclass(frozen=True)
class SortKey:
    """One column that is sorted by; runs without a value there come last, whichever way."""

    column: Column
    descending: bool = False


@dataclasses.dataclass(frozen=True)
class Query:
    """Which runs, in which order."""

    filter: Expression = EVERYTHING
    sort: tuple[SortKey, ...] = ()
    """The first key counts most; what is alike in all of them, and everything for (), stands newest first."""


def mentions_archived(expression: Expression) -> bool:
    """Whether a filter speaks of `is:archived`: only then are archived runs among what it finds."""
    return mentions(expression, "is", "archived")
